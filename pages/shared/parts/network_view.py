"""A network opened up: its layers to scale, and what its filters make of a digit."""

from __future__ import annotations

import streamlit as st
import torch
from torch import Tensor

from ae_core import models
from ae_core.config import CorruptionConfig, ModelConfig, RunConfig
from ae_core.figures import networks as network_figures
from ae_core.runs.run_folder import StoredRun
from ae_core.training import seeded
from ae_core.words.sentences import say
from pages.shared import display, lab
from pages.shared.display import noisy_version
from pages.shared.own_digit import my_digits
from pages.shared.runs import share

CLASSES = range(10)
FIRST_DIGIT = 2
CLEAN = CorruptionConfig()


def show_network(run: RunConfig | StoredRun, page: str) -> None:
    """Draw the layers of a network, trained or not, to scale."""
    config = run.config if isinstance(run, StoredRun) else run
    picture, words = _draw_network(config.model)
    st.subheader(say("Encoder and decoder, drawn to scale"), anchor=f"{page}-network")
    st.html(picture)
    st.markdown(words)
    if not config.model.channels:
        st.caption(
            say(
                "Fully connected: every number has a weight of its own to every number of "
                "the next layer. One line stands for about {line_every} numbers on either "
                "side, in a small layer for fewer.",
                line_every=network_figures.LINE_EVERY,
            )
        )


@st.cache_data(show_spinner=False, max_entries=100)
def _draw_network(config: ModelConfig) -> tuple[str, str]:
    stages = models.stages(models.build_model(config))
    return network_figures.network_html(stages), network_figures.network_words(stages)


@st.fragment
def show_feature_maps(
    run: StoredRun, digit: Tensor | int, key: str, noise: CorruptionConfig = CLEAN, noise_seed: int = 0
) -> None:
    """Show what each convolutional layer of a finished run makes of a digit, clean or with noise on it.

    digit: a picture (28, 28), or a seed: then the visitor chooses among ten held-back digits drawn with it,
    one of each class.
    """
    with lab.plain_errors():
        digit_hw = _choose_digit(digit, key) if isinstance(digit, int) else digit
        seen_hw = noisy_version(digit_hw[None], noise, noise_seed)[0]
        st.html(_maps_html(*display.run_name(run), display.fingerprint(seen_hw), run, seen_hw))
        st.caption(
            say(
                "On the way to the code, each small picture is what one filter found in the digit. On "
                "the way back there is no digit to look at: each is what one filter makes of the "
                "numbers before it, and the next layer adds them up. The maps of one stage share one "
                "scale, which their line tells; it says nothing beside another stage's."
            )
        )


def _draw_maps(run_id: str, weights_sha256: str, digit: bytes, _run: StoredRun, _seen_hw: Tensor) -> str:
    return network_figures.feature_maps_html(_seen_hw, models.feature_maps(lab.load_network(_run), _seen_hw))


_maps_html = display.ResultCache(_draw_maps, 16)


def _choose_digit(seed: int, key: str) -> Tensor:
    """The visitor's own digit (28, 28), if the lessons show it; else a held-back one of a chosen class."""
    digits = lab.digits()
    name = f"{key}_maps_digit"
    if (own_hw := my_digits.shown_digit()) is not None:
        switch = my_digits.switch_words()
        st.caption(
            say(
                "In **{whose}** digit. Switch **{switch}** off, above, to choose among the held-back ones.",
                whose=my_digits.whose(),
                switch=switch,
            )
        )
        return own_hw
    chosen = st.radio(
        say("Digit"),
        CLASSES,
        FIRST_DIGIT,
        horizontal=True,
        key=name,
        bind="query-params",
        on_change=share.redraw_link,
        args=(key,),
    )
    order_n = torch.randperm(len(digits.test_nhw), generator=seeded(seed, "digits"))
    first = order_n[digits.test_labels_n[order_n] == chosen][0]
    return digits.test_nhw[first]
