"""A visitor's digit among held-back ones: how surprising it is, where its code lies, what is nearest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st
from torch import Tensor

from ae_core.config import CorruptionConfig
from ae_core.figures import base as figures
from ae_core.figures import latent as latent_figures
from ae_core.figures.base import Row
from ae_core.runs.run_folder import StoredRun
from ae_core.study import latent, likeness
from ae_core.study.likeness import Crowd, Likeness
from ae_core.study.robustness import noisy_digits
from pages.shared import charts, dials, lab, living_view
from pages.shared.own_digit import my_digit
from pages.shared.parts import latent_bench

FIRST = "CAE"
NOISE_SEED = 0


@st.fragment
def show_through_networks(runs: Mapping[str, StoredRun], digit_hw: Tensor) -> None:
    """Show what the networks make of a digit (28, 28), with noise if wanted, and how usual that is."""
    with lab.plain_errors():
        picture = st.container()
        noise = dials.choose_test_noise("your_digit", default=0.0)
        with picture:
            living_view.show_living_picture(runs, digit_hw, noise, NOISE_SEED, "your_digit")
        st.subheader("How surprising is it?")
        show_surprise(runs, digit_hw, noise)
        st.subheader("Among the held-back digits")
        show_neighbours(runs, digit_hw, noise)


def offer_digit(digit_hw: Tensor) -> None:
    """Show what can be done with a digit (28, 28): download it, show it in the lessons."""
    st.subheader("Take it along")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Download PNG",
            my_digit.encode_png(digit_hw),
            "my_digit.png",
            "image/png",
            key="own_download",
            icon=":material/download:",
            on_click="ignore",
        )
        my_digit.draw_digit_switch("your_digit", "Show it in the lessons")
    st.caption(
        "Every lesson has it now, as the first of its digits. It is kept for you alone, and gone when you "
        "close the lab's tab: the lab never writes it into a file."
    )


def show_surprise(runs: Mapping[str, StoredRun], digit_hw: Tensor, noise: CorruptionConfig) -> None:
    """Show each network's error on a digit (28, 28) and its rank among held-back digits, equally noisy."""
    found = {name: _measure_likeness(run, digit_hw, noise) for name, run in runs.items()}
    for column, (name, one) in zip(st.columns(len(found)), found.items(), strict=True):
        column.metric(
            f"{name}: digits it rebuilds better",
            f"{one.smaller:,} of {one.count:,}",
            f"error {one.error:.1f}, median {one.usual:.1f}",
            "off",
            delta_arrow="off",
            help="Squared error over the 784 pixels, of this digit and of the median held-back digit.",
        )
    st.caption(
        "So many held-back digits with this noise are rebuilt with a smaller error than yours. "
        "If it is about half of them, yours is an ordinary digit; if nearly all, the network finds it "
        "strange."
    )


def show_neighbours(runs: Mapping[str, StoredRun], digit_hw: Tensor, noise: CorruptionConfig) -> None:
    """Show where a digit's code lies among those of held-back digits, and the nearest of these."""
    names = list(runs)
    name = st.segmented_control(
        "Which network?",
        names,
        default=FIRST if FIRST in names else names[0],
        required=True,
        key="own_model",
        bind="query-params",
    )
    run = runs[str(name)]
    others, one = _load_crowd(run, noise), _measure_likeness(run, digit_hw, noise)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _show_map(others, one)
    with right:
        for words, nearest_k in (("by code", one.by_code_k), ("by pixels", one.by_pixels_k)):
            st.html(
                figures.rows_html([Row(f"nearest held-back digits, {words}", others.clean_nhw[nearest_k])])
            )
            st.caption(f"Among them are {_class_counts_words(others.labels_n[nearest_k])}.")


def _show_map(others: Crowd, one: Likeness) -> None:
    plane, size = latent.best_plane(others.codes_nl), others.codes_nl.shape[1]
    place_2 = plane.place(one.code_l[None])[0]
    figure = latent_figures.own_map(
        plane.place(others.codes_nl), others.labels_n, place_2, latent_bench.axis_titles(plane, size)
    )
    alt = (
        f"The codes of {len(others.labels_n):,} held-back digits on a plane, by class, and your digit's "
        "among them"
    )
    charts.draw_chart(figure, "own_map", alt)
    st.caption(
        f"{len(others.labels_n):,} held-back digits, each at its code; **you** are the white disc. "
        f"{latent_bench.shown_share_words(plane, size)}"
    )


def _class_counts_words(labels_k: Tensor) -> str:
    """How many of which class, the commonest first, as '3 of the digit **7**, 2 of the digit **9**'."""
    classes = labels_k.unique(return_counts=True)
    pairs = sorted(zip(*(part.tolist() for part in classes), strict=True), key=lambda pair: -pair[1])
    return ", ".join(f"{count} of the digit **{digit}**" for digit, count in pairs)


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
