"""What a small code cannot keep apart: which digits are read as others after the lab's networks."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from ae_core import config
from ae_core.config import RunConfig
from ae_core.metrics import shown_ratio
from ae_core.runs.run_folder import StoredRun
from ae_core.study.classifier import find_classifier
from ae_core.study.mix_ups import MixUps, find_mix_ups
from ae_core.words.sentences import say
from pages.shared import display, lab, networks
from pages.shared.parts import pca_view

SIZES = (1, 2, 4, 8, 30)
DIGITS = 2_000
LEAST = 0.02
# How many digits are still read right where most are, and how many times the least error is much more.
STILL_READ, MUCH_MORE = 0.9, 2.0


def show_mix_ups(preset: RunConfig) -> None:
    """Show, by the size of the code, what the lab's network keeps: error, digits read right, and mix-ups."""
    st.markdown(say("**Which digits are mixed up first?**"))
    _show_by_size(_find_sizes(preset))


def show_what_size_does(preset: RunConfig) -> None:
    """Say in a sentence what more numbers in the code change, and show it by size as `show_mix_ups` does."""
    found = _find_sizes(preset)
    if len(found) > 1:
        st.markdown(
            size_words(config.family(preset), {size: _measure_kept(run) for size, run in found.items()})
        )
    _show_by_size(found)


def prepare_mix_ups(preset: RunConfig) -> None:
    """Measure what both show of a preset's networks, ahead of whoever asks for it."""
    for run in _find_sizes(preset).values():
        _measure_kept(run)


def size_words(family: str, kept: Mapping[int, tuple[float, float | None]]) -> str:
    """What the smallest and the largest of some codes keep.

    kept: squared error per image and the share read right, by size; None where there is no classifier.
    """
    smallest, largest = min(kept), max(kept)
    (most, fewest_right), (least, most_right) = kept[smallest], kept[largest]
    words = say(
        "With {small} the {family}'s squared error is **{most:.1f}**, with {large} **{least:.1f}**.",
        small=display.number_words(smallest),
        large=display.number_words(largest),
        family=family,
        most=most,
        least=least,
    )
    if most > least:
        words = say("The more numbers in the code, the more of the digit comes back. {words}", words=words)
    told = [size for size, (_, right) in kept.items() if size < largest and (right or 0.0) >= STILL_READ]
    if not told or fewest_right is None or most_right is None or fewest_right >= most_right:
        return words
    error, right = kept[between := min(told)]
    if shown_ratio(error, least) < MUCH_MORE or between == smallest:
        return words
    return say(
        "{words} **What goes first is how a digit is drawn; which digit it is lasts longer**: with "
        "{between} the error is {ratio:.1f} times as large already, and {right:.0%} are still read right; "
        "with {small}, **{fewest_right:.0%}**.",
        words=words,
        between=display.number_words(between),
        ratio=shown_ratio(error, least),
        right=right,
        small=display.number_words(smallest),
        fewest_right=fewest_right,
    )


def _find_sizes(preset: RunConfig) -> dict[int, StoredRun]:
    found = {}
    for size in SIZES:
        run = networks.find_lab_run(config.adjusted(preset, model={"latent_size": size}))
        if run is not None and run.config.model.latent_size == size:
            found[size] = run
    return found


def _measure_kept(run: StoredRun) -> tuple[float, float | None]:
    mix_ups = None if find_classifier() is None else _measure_mix_ups(*display.run_name(run), run)
    return pca_view.measure_error(run), mix_ups.read_right if mix_ups else None


def _show_by_size(found: Mapping[int, StoredRun]) -> None:
    has_classifier = find_classifier() is not None
    rows = []
    for size, run in found.items():
        row = {
            say("Numbers in the code"): str(size),
            say("Squared error"): f"{pca_view.measure_error(run):.1f}",
        }
        if has_classifier:
            mix_ups = _measure_mix_ups(*display.run_name(run), run)
            row[say("Read right")] = f"{mix_ups.read_right:.0%}"
            row[say("Mixed up most")] = mix_up_words(mix_ups)
        rows.append(row)
    st.table(rows)
    if has_classifier:
        st.caption(
            say(
                "Read right, and mixed up: what the small classifier reads in the reconstructions of "
                "{digits:,} held-back digits, of those that it reads right before. Of each digit only the "
                "commonest mix-up is named. The error is the mean over {count:,} digits that stand for "
                "all that are held back.",
                digits=DIGITS,
                count=display.count_measured(),
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
            "mixed up most: {mix_ups}.",
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
