"""What noise does to networks: curves over the noise level, figures at one level, and the noise itself."""

from __future__ import annotations

import math
from collections.abc import Mapping

import streamlit as st
from torch import Tensor

from ae_core import config
from ae_core.config import CorruptionConfig
from ae_core.figures import noise as noise_figures
from ae_core.metrics import psnr
from ae_core.runs.run_folder import StoredRun
from ae_core.study.classifier import (
    GUESSING,
    find_classifier,
    measure_share,
    shipped_classifier,
    sweep_shares,
)
from ae_core.study.robustness import (
    LEVELS,
    Curve,
    Spread,
    find_crossings,
    noisy_digits,
    rebuild,
    removed_noise,
)
from ae_core.study.robustness import find_extremes as extremes_of
from ae_core.study.robustness import measure_spread as spread_of
from ae_core.study.robustness import sweep_levels as sweep_of
from ae_core.words.sentences import say, say_count
from pages.shared import charts, dials, display, lab
from pages.shared.browser.living import draw_living
from pages.shared.display import (
    NAMES,
    count_measured,
    decibel_words,
    measured_digits,
    measured_labels,
    noise_words,
)
from pages.shared.parts.noise_sentences import (
    GAINS,
    MEASURE_AXES,
    MEASURE_WORDS,
    NOBODY,
    NOTHING,
    SHARE,
    TIED,
    comparison_words,
    describe_measure,
    describe_removed_noise,
    level_alike,
    range_words,
    readable_words,
    value_words,
)
from pages.shared.question import Answer

NOISE_DIGITS = 2
EXTREME_DIGITS = 4
ALIKE_DB = 0.1


# Curves over the noise level


@st.fragment
def show_robustness(runs: Mapping[str, StoredRun], kind: str, noise_seed: int, key: str) -> None:
    """Show quality against noise level, beside doing nothing, and in words where the lines cross."""
    with lab.plain_errors():
        measure = st.segmented_control(
            say("Measured by"),
            list(MEASURE_WORDS),
            default="psnr",
            required=True,
            format_func=MEASURE_WORDS.__getitem__,
            key=f"{key}_measure",
            bind="query-params",
        )
        with st.spinner(
            say("Measuring {count_measured} digits at every noise level …", count_measured=count_measured())
        ):
            curves = {name: measure_curve(run, kind, noise_seed, measure) for name, run in runs.items()}
            nothing = measure_curve(None, kind, noise_seed, measure)
        beside_nothing = {name: level_alike(line, nothing, measure) for name, line in curves.items()}
        points = [
            (name, level)
            for name, line in beside_nothing.items()
            for level in find_crossings(line.levels, line.values, nothing.values)
        ]
        words = [
            comparison_words(name, line, NOTHING, nothing, kind) for name, line in beside_nothing.items()
        ]
        if {"CAE", "DAE"} <= runs.keys():
            plain = curves["CAE"]
            denoiser = level_alike(curves["DAE"], plain, measure)
            words.append(comparison_words("DAE", denoiser, say("the CAE"), plain, kind))
        figure = noise_figures.robustness(
            curves,
            nothing,
            points,
            _training_level(runs, kind),
            MEASURE_AXES[measure],
            {"guessing": GUESSING, say("clean digits"): nothing.values[0]} if measure == SHARE else None,
        )
        charts.draw_chart(figure, f"{key}_robustness", " ".join(words))
        _draw_cursor({**curves, NOTHING: nothing}, measure, key)
        st.markdown(" ".join(words))
        st.caption(describe_measure(measure, count_measured()))


def _draw_cursor(curves: Mapping[str, Curve], measure: str, key: str) -> None:
    """Have a line across the curves follow the page's noise slider and the pointer, with words for them."""
    told = {name: [value_words(value, measure) for value in curve.values] for name, curve in curves.items()}
    part = {"dial": dials.test_noise_key(key), "chart": f"{key}_robustness", "levels": LEVELS, "curves": told}
    draw_living(
        "parts", f"{key}_cursor", {"part": "cursor", "networks": [], "at": say("At noise {level}"), **part}
    )


def _training_level(runs: Mapping[str, StoredRun], kind: str) -> float | None:
    """The noise level of the DAE's training, if it was this kind of noise."""
    run = runs.get("DAE")
    return (
        run.config.corruption.level
        if run and run.config.corruption.level and run.config.corruption.kind == kind
        else None
    )


def measure_curve(run: StoredRun | None, kind: str, noise_seed: int, measure: str) -> Curve:
    """A run's curve over held-back digits, or without a run that of doing nothing; kept for all visitors."""
    found = _measure_curve(*_run_identity(run), kind, noise_seed, measure, lab.digits().name, run)
    lab.freeze_imports("metrics")
    return found


@st.cache_data(show_spinner=False, max_entries=200)
def _measure_curve(
    run_id: str,
    weights_sha256: str,
    kind: str,
    noise_seed: int,
    measure: str,
    digits: str,
    _run: StoredRun | None,
) -> Curve:
    model, clean_nhw = _run and lab.load_network(_run), measured_digits()
    if measure == SHARE:
        labels_n = measured_labels()
        layers = shipped_classifier().layers
        return sweep_shares(layers, model, clean_nhw, labels_n, kind, LEVELS, noise_seed)
    return sweep_of(model, clean_nhw, kind, LEVELS, noise_seed, measure)


# One noise level


def show_readable(runs: Mapping[str, StoredRun], noise: CorruptionConfig, noise_seed: int) -> None:
    """Say how many digits a classifier reads right at this noise, as they are and after each network."""
    if find_classifier() is None:
        return
    shares = {
        name: _measure_readable(*_run_identity(run), noise, noise_seed, lab.digits().name, run)
        for name, run in runs.items()
    }
    as_it_is = _measure_readable(*_run_identity(None), noise, noise_seed, lab.digits().name, None)
    st.markdown(readable_words(shares, as_it_is, noise, count_measured()))


@st.cache_data(show_spinner=False, max_entries=500)
def _measure_readable(
    run_id: str,
    weights_sha256: str,
    noise: CorruptionConfig,
    noise_seed: int,
    digits: str,
    _run: StoredRun | None,
) -> float:
    model, clean_nhw = _run and lab.load_network(_run), measured_digits()
    labels_n = measured_labels()
    return measure_share(shipped_classifier().layers, model, clean_nhw, labels_n, noise, noise_seed).value


def measure_spread(
    run: StoredRun | None, noise: CorruptionConfig, noise_seed: int, measure: str = "psnr"
) -> Spread:
    """A run's measure at this noise over held-back digits, with its spread; kept for all visitors.

    run: None for doing nothing.
    """
    found = _measure_spread(*_run_identity(run), noise, noise_seed, measure, lab.digits().name, run)
    lab.freeze_imports("metrics")
    return found


@st.cache_data(show_spinner=False, max_entries=1500)
def _measure_spread(
    run_id: str,
    weights_sha256: str,
    noise: CorruptionConfig,
    noise_seed: int,
    measure: str,
    digits: str,
    _run: StoredRun | None,
) -> Spread:
    return spread_of(_run and lab.load_network(_run), measured_digits(), noise, noise_seed, measure)


def _run_identity(run: StoredRun | None) -> tuple[str, str]:
    return (run.run_id, run.weights_sha256) if run else ("", "")


def show_table(
    runs: Mapping[str, StoredRun], digit_hw: Tensor, noise: CorruptionConfig, noise_seed: int
) -> None:
    """Show every network's figures at this noise with their spread, its costs, and doing nothing.

    A network a column: on a phone five columns have room, one for each of the figures has not.
    """
    noisy_nhw = noisy_digits(digit_hw[None], noise, noise_seed)
    columns = {
        NOTHING: _table_column(None, digit_hw, noisy_nhw, noise, noise_seed)
        | {say("Parameters"): "–", say("Training"): "–"}
    }
    for name, run in runs.items():
        columns[name] = _table_column(run, digit_hw, noisy_nhw, noise, noise_seed) | {
            say("Parameters"): f"{run.result['parameters']:,}",
            say("Training"): say_count(
                "{count} pass of {train:,} digits",
                "{count} passes of {train:,} digits",
                run.config.training.epochs,
                train=run.result["dataset"]["train"],
            ),
        }
    st.table(
        [
            {"": figure, **{name: told[figure] for name, told in columns.items()}}
            for figure in columns[NOTHING]
        ]
    )
    st.caption(
        say(
            "Means over {count_measured} held-back digits at this noise; PSNR is that of the "
            "mean squared error. In brackets, between which values 8 of 10 digits lie. The "
            "squared error is per image of 784 pixels.",
            count_measured=count_measured(),
        )
    )


def _table_column(
    run: StoredRun | None, digit_hw: Tensor, noisy_nhw: Tensor, noise: CorruptionConfig, noise_seed: int
) -> dict[str, str]:
    rebuilt_nhw = noisy_nhw if run is None else rebuild(lab.load_network(run), noisy_nhw)
    return {
        say("PSNR, this digit"): decibel_words(float(psnr(rebuilt_nhw, digit_hw[None]))),
        say("PSNR, dB"): range_words(measure_spread(run, noise, noise_seed, "psnr"), 1),
        "SSIM": range_words(measure_spread(run, noise, noise_seed, "ssim"), 2),
        say("Squared error"): range_words(measure_spread(run, noise, noise_seed, "squared_error"), 1),
    }


def show_extremes(runs: Mapping[str, StoredRun], noise: CorruptionConfig, noise_seed: int) -> None:
    """Show the digits that each network rebuilds best and worst at this noise, with squared errors."""
    for name, run in runs.items():
        found = extremes_of(lab.load_network(run), measured_digits(), noise, noise_seed, EXTREME_DIGITS)
        st.markdown(f"**{NAMES[name]}**")
        st.html(noise_figures.extremes_html(found))
    st.caption(
        say(
            "Of {count_measured} held-back digits at this noise: from above, the digit, "
            "noisy, and rebuilt; below, the squared error.",
            count_measured=count_measured(),
        )
    )


def are_alike(one: float, other: float) -> bool:
    """Whether two PSNRs in dB differ by no more than 0.1 as they are shown, or not at all."""
    return one == other or round(abs(round(one, 1) - round(other, 1)), 1) <= ALIKE_DB


def network_options(runs: Mapping[str, StoredRun]) -> tuple[str, ...]:
    """Options of the question which network is best."""
    return (*(say("The {name}.", name=name) for name in runs), *([TIED] if len(runs) > 1 else []), NOBODY)


def judge_best_network(runs: Mapping[str, StoredRun], noise: CorruptionConfig, noise_seed: int) -> Answer:
    """Answer: which network has the highest PSNR at this noise, if it beats doing nothing."""
    found = {name: measure_spread(run, noise, noise_seed).value for name, run in runs.items()}
    return best_answer(found, measure_spread(None, noise, noise_seed).value, noise, count_measured())


def best_answer(found: Mapping[str, float], nothing: float, noise: CorruptionConfig, count: int) -> Answer:
    """Answer: which of the PSNRs, by name, is the highest, judged by the figures as they are shown."""
    ranked = sorted(found, key=found.__getitem__, reverse=True)
    if round(nothing, 1) >= round(found[ranked[0]], 1):
        right = NOBODY
    else:
        right = (
            TIED
            if len(ranked) > 1 and are_alike(*(found[name] for name in ranked[:2]))
            else say("The {first}.", first=ranked[0])
        )
    told = ", ".join(f"{name} {decibel_words(value)}" for name, value in {**found, NOTHING: nothing}.items())
    return Answer(
        right,
        say(
            "PSNR over {count} held-back digits at {noise}: {told}.",
            count=count,
            noise=noise_words(noise),
            told=told,
        ),
    )


# The noise itself


def show_removed_noise(run: StoredRun, digits_nhw: Tensor, noise: CorruptionConfig, noise_seed: int) -> None:
    """Show the noise that was drawn beside what the network changed, in one scale of colour."""
    st.subheader(say("What did it take away?"))
    if noise.level == 0:
        st.info(
            say("There is no noise to take away. Move **Noise level in the test** above 0."),
            icon=":material/tune:",
        )
        return
    first_nhw = digits_nhw[:NOISE_DIGITS]
    st.html(
        _noise_html(*display.run_name(run), display.fingerprint(first_nhw), noise, noise_seed, run, first_nhw)
    )
    st.markdown(_describe_noise(*display.run_name(run), noise, noise_seed, lab.digits().name, run))


def _draw_noise(
    run_id: str,
    weights_sha256: str,
    digits: bytes,
    noise: CorruptionConfig,
    noise_seed: int,
    _run: StoredRun,
    _digits_nhw: Tensor,
) -> str:
    shown = removed_noise(lab.load_network(_run), _digits_nhw, noise, noise_seed)
    columns = [
        (say("noise ε as drawn; dots: clipped"), shown.drawn_nhw, shown.clipped_nhw),
        (say("what clipping left of it"), shown.surviving_nhw, None),
        (say("what the network changed: noisy input − output"), shown.removed_nhw, None),
    ]
    return noise_figures.noise_html(columns, shown.scale)


_noise_html = display.ResultCache(_draw_noise, 16)


@st.cache_data(show_spinner=False, max_entries=500)
def _describe_noise(
    run_id: str, weights_sha256: str, noise: CorruptionConfig, noise_seed: int, digits: str, _run: StoredRun
) -> str:
    return describe_removed_noise(
        removed_noise(lab.load_network(_run), measured_digits(), noise, noise_seed), noise, count_measured()
    )


def stronger_noise(trained: CorruptionConfig) -> CorruptionConfig:
    """Noise twice as strong as in training, as far as there is any; the preset's where there was none."""
    _, most = config.RANGES["noise_level"]
    return CorruptionConfig(trained.kind, min(2 * trained.level, most) or config.DAE.corruption.level)


def judge_gain(run: StoredRun, noise: CorruptionConfig) -> Answer:
    """Answer: whether the network beats doing nothing at this noise, and by how much."""
    return gain_answer(
        measure_spread(run, noise, 0).value, measure_spread(None, noise, 0).value, count_measured()
    )


def gain_answer(ours: float, nothing: float, count: int) -> Answer:
    """Answer: by how many dB a PSNR is above that of doing nothing, by the figures as they are shown."""
    told = say(
        "PSNR over {count} held-back digits: the network {decibel}, doing nothing {nothing}",
        count=count,
        decibel=decibel_words(ours),
        nothing=decibel_words(nothing),
    )
    if not math.isfinite(nothing):
        return Answer(GAINS[0], f"{told}.")
    gain = round(round(ours, 1) - round(nothing, 1), 1)
    return Answer(GAINS[(gain > 0) + (gain >= 3) + (gain > 6)], f"{told}: {gain:+.1f} dB.")
