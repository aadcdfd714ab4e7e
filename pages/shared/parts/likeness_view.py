"""A visitor's digits among held-back ones: how surprising one is, where their codes lie, what is nearest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st
from torch import Tensor

from ae_core.config import CorruptionConfig
from ae_core.figures import base as figures
from ae_core.figures import latent as latent_figures
from ae_core.figures.base import Row
from ae_core.models import codes_of
from ae_core.runs.run_folder import StoredRun
from ae_core.study import latent, likeness
from ae_core.study.likeness import Crowd, Likeness
from ae_core.study.robustness import noisy_digits
from ae_core.words.sentences import say
from pages.shared import charts, dials, lab, living_view
from pages.shared.parts import all_digits_view, latent_bench, latent_sentences
from pages.shared.parts.all_digits_view import NOISE_SEED

FIRST = "CAE"


@st.fragment
def show_through_networks(runs: Mapping[str, StoredRun], digits_nhw: Tensor, chosen: int) -> None:
    """Show what networks make of a visitor's digits (n, 28, 28), with noise if wanted, and how usual it is.

    chosen: position of the one that is worked with.
    """
    digit_hw = digits_nhw[chosen]
    with lab.plain_errors():
        pictures = st.container()
        noise = dials.choose_test_noise("your_digit", default=0.0)
        if len(digits_nhw) > 1:
            with pictures:
                st.subheader(say("All {count} digits", count=len(digits_nhw)))
                all_digits_view.draw_cards(runs, digits_nhw, chosen, noise)
            all_digits_view.show_table(runs, digits_nhw, chosen, noise)
            st.subheader(say("The chosen one, stage by stage"))
            pictures = st.container()
        with pictures:
            living_view.show_living_picture(runs, digit_hw, noise, NOISE_SEED, "your_digit")
        st.subheader(say("How surprising is it?"))
        show_surprise(runs, digit_hw, noise)
        st.subheader(say("Among the held-back digits"))
        show_neighbours(runs, digits_nhw, chosen, noise)


def show_surprise(runs: Mapping[str, StoredRun], digit_hw: Tensor, noise: CorruptionConfig) -> None:
    """Show each network's error on a digit (28, 28) and its rank among held-back digits, equally noisy."""
    found = {name: _measure_likeness(run, digit_hw, noise) for name, run in runs.items()}
    for column, (name, one) in zip(st.columns(len(found)), found.items(), strict=True):
        column.metric(
            say("{name}: digits it rebuilds better", name=name),
            say("{smaller:,} of {count:,}", smaller=one.smaller, count=one.count),
            say("error {error:.1f}, median {usual:.1f}", error=one.error, usual=one.usual),
            say("off"),
            delta_arrow="off",
            help=say("Squared error over the 784 pixels, of this digit and of the median held-back digit."),
        )
    st.caption(
        say(
            "So many held-back digits with this noise are rebuilt with a smaller error than "
            "yours. If it is half of them or fewer, yours is an ordinary digit or an easy one; if "
            "nearly all, the network finds it strange."
        )
    )


def show_neighbours(
    runs: Mapping[str, StoredRun], digits_nhw: Tensor, chosen: int, noise: CorruptionConfig
) -> None:
    """Show where digits' codes lie among held-back digits' codes, and what is nearest to the chosen one."""
    names = list(runs)
    name = st.segmented_control(
        say("Which network?"),
        names,
        default=FIRST if FIRST in names else names[0],
        required=True,
        key="own_model",
        bind="query-params",
    )
    run = runs[str(name)]
    others, one = _load_crowd(run, noise), _measure_likeness(run, digits_nhw[chosen], noise)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        seen_nhw = all_digits_view.noisy_alike(digits_nhw, noise)
        _show_map(others, codes_of(lab.load_network(run), seen_nhw), chosen)
    with right:
        for words, nearest_k in ((say("by code"), one.by_code_k), (say("by pixels"), one.by_pixels_k)):
            st.html(
                figures.rows_html(
                    [Row(say("nearest held-back digits, {words}", words=words), others.clean_nhw[nearest_k])]
                )
            )
            st.caption(
                say(
                    "Among them are {class_counts}.",
                    class_counts=_class_counts_words(others.labels_n[nearest_k]),
                )
            )


def _show_map(others: Crowd, codes_kl: Tensor, chosen: int) -> None:
    plane, size = latent.best_plane(others.codes_nl), others.codes_nl.shape[1]
    figure = latent_figures.own_map(
        plane.place(others.codes_nl),
        others.labels_n,
        plane.place(codes_kl),
        chosen,
        latent_sentences.axis_titles(plane, size),
    )
    count = len(codes_kl)
    alt = say(
        "The codes of {count:,} held-back digits on a plane, by class, and those of your {which} among them",
        count=len(others.labels_n),
        which=count if count > 1 else say("one"),
    )
    charts.draw_chart(figure, "own_map", alt)
    yours = (
        say("**you** are the white disc")
        if count == 1
        else say(
            "the discs are **yours**, 1 to {count} in the tray's order, the orange one chosen", count=count
        )
    )
    st.caption(
        say(
            "{count:,} held-back digits, each at its code; {yours}. {shown_share}",
            count=len(others.labels_n),
            yours=yours,
            shown_share=latent_sentences.shown_share_words(plane, size),
        )
    )


def _class_counts_words(labels_k: Tensor) -> str:
    """How many of which class, the commonest first, as '3 of the digit **7**, 2 of the digit **9**'."""
    classes = labels_k.unique(return_counts=True)
    pairs = sorted(zip(*(part.tolist() for part in classes), strict=True), key=lambda pair: -pair[1])
    return ", ".join(
        say("{count} of the digit **{digit}**", count=count, digit=digit) for digit, count in pairs
    )


def _measure_likeness(run: StoredRun, digit_hw: Tensor, noise: CorruptionConfig) -> Likeness:
    seen_hw = noisy_digits(digit_hw[None], noise, NOISE_SEED)[0]
    return likeness.measure_likeness(lab.load_network(run), digit_hw, seen_hw, _load_crowd(run, noise))


def _load_crowd(run: StoredRun, noise: CorruptionConfig) -> Crowd:
    return _measure_crowd(lab.store().root, run.run_id, run.weights_sha256, noise, lab.digits().name, run)


@st.cache_resource(show_spinner=False, max_entries=24)
def _measure_crowd(
    _root: Path, run_id: str, weights_sha256: str, noise: CorruptionConfig, digits: str, _run: StoredRun
) -> Crowd:
    clean_nhw, labels_n = (
        lab.digits().test_nhw[: latent_bench.DIGITS],
        lab.digits().test_labels_n[: latent_bench.DIGITS],
    )
    return likeness.measure_crowd(
        lab.load_network(_run), clean_nhw, noisy_digits(clean_nhw, noise, NOISE_SEED), labels_n
    )
