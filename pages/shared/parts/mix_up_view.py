"""What a small code cannot keep apart: which digits are read as others after the lab's networks."""

from __future__ import annotations

import streamlit as st

from ae_core import config
from ae_core.config import RunConfig
from ae_core.runs.run_folder import StoredRun
from ae_core.study.classifier import find_classifier
from ae_core.study.mix_ups import MixUps, find_mix_ups
from ae_core.words.sentences import say
from pages.shared import display, lab, networks

SIZES = (1, 2, 4, 8, 30)
DIGITS = 2_000
LEAST = 0.02


def show_mix_ups(preset: RunConfig) -> None:
    """Show, by the size of the code, how many digits are read right after the lab's network, and mix-ups."""
    if find_classifier() is None:
        return
    st.markdown(say("**Which digits are mixed up first?**"))
    found = {}
    for size in SIZES:
        run = networks.find_lab_run(config.adjusted(preset, model={"latent_size": size}))
        if run is not None and run.config.model.latent_size == size:
            found[size] = _measure_mix_ups(*display.run_name(run), run)
    st.table(
        [
            {
                say("Numbers in the code"): str(size),
                say("Read right"): f"{each.read_right:.0%}",
                say("Mixed up most"): mix_up_words(each),
            }
            for size, each in found.items()
        ]
    )
    st.caption(
        say(
            "What the small classifier reads in the reconstructions of {digits:,} held-back "
            "digits, of those that it reads right before. Of each digit only the commonest "
            "mix-up is named.",
            digits=DIGITS,
        )
    )


def show_lost(run: StoredRun) -> None:
    """Say how many digits are still read right after a finished run, and which are taken for others."""
    if find_classifier() is None:
        return
    found = _measure_mix_ups(*display.run_name(run), run)
    st.markdown(
        say(
            "**What this {family} loses with {number}:** of the digits that the small classifier reads "
            "right before, among {digits:,}, it still reads **{read_right:.0%}** right in what comes out; "
            "mixed up most: {mix_ups}. Other sizes, for the FAE: its lesson's “How few numbers can "
            "hold a digit?”.",
            family=config.family(run.config),
            number=display.number_words(run.config.model.latent_size),
            digits=DIGITS,
            read_right=found.read_right,
            mix_ups=mix_up_words(found),
        )
    )


def mix_up_words(found: MixUps) -> str:
    """The commonest mix-ups in words, such as '4 read as 9 (38%)'; those of less than 2 % are none."""
    named = [each for each in found.most if each.share >= LEAST]
    return ", ".join(
        say(
            "{digit} read as {read_as} ({share:.0%})",
            digit=each.digit,
            read_as=each.read_as,
            share=each.share,
        )
        for each in named
    ) or say("none in more than {least:.0%}", least=LEAST)


@st.cache_data(show_spinner=say("Reading the reconstructions …"), max_entries=50)
def _measure_mix_ups(run_id: str, weights_sha256: str, _run: StoredRun) -> MixUps:
    classifier, digits = find_classifier(), lab.digits()
    assert classifier is not None
    return find_mix_ups(
        classifier.layers, lab.load_network(_run), digits.test_nhw[:DIGITS], digits.test_labels_n[:DIGITS]
    )
