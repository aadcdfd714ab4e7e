"""What noise does to networks: a pair that differs in its input alone, curves over the noise level, and the noise itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import streamlit as st
from torch import Tensor

from ae_core import config
from ae_core.config import CorruptionConfig, RunConfig
from ae_core.figures import noise as noise_figures
from ae_core.figures.noise import Cell
from ae_core.metrics import psnr
from ae_core.runs.run_folder import StoredRun
from ae_core.study.robustness import (
    LEVELS,
    Curve,
    RemovedNoise,
    Spread,
    Stretch,
    answers,
    clipped_mean,
    crossings,
    noisy_digits,
    removed_noise,
    stretches,
)
from ae_core.study.robustness import extremes as extremes_of
from ae_core.study.robustness import spread as spread_of
from ae_core.study.robustness import sweep as sweep_of
from ae_core.training import start_equal
from pages.shared import display, lab
from pages.shared.display import NAMES, decibel_words, measured_digits, noise_words
from pages.shared.question import Answer

PAIR_DIGITS = 4
NOISE_DIGITS = 2
EXTREME_DIGITS = 4
MEASURE_WORDS = {"psnr": "PSNR", "ssim": "SSIM"}
OVER_MANY = {"psnr": "PSNR of the mean squared error over", "ssim": "Mean over"}
MEASURE_AXES = {"psnr": "PSNR, dB (higher is better)", "ssim": "SSIM (higher is better)"}
ALIKE_DB = 0.1
NO_NOISE = CorruptionConfig()

LAYERS, DIGITS, WEIGHTS, INPUT, SAME = (
    "It has other layers.",
    "It learns from other digits.",
    "It starts from other weights.",
    "Only what it is fed: noisy digits.",
    "Nothing.",
)
DIFFERENCES = (LAYERS, DIGITS, WEIGHTS, INPUT, SAME)
CLEAN_CAE, CLEAN_DAE, CLEAN_ALIKE = "The CAE.", "The DAE.", "Both alike, within 0.1 dB."
ON_CLEAN = (CLEAN_CAE, CLEAN_DAE, CLEAN_ALIKE)
NOBODY = "None: doing nothing is better."
TIED = "The best two are alike, within 0.1 dB."
GAINS = ("No.", "Yes, by less than 3 dB.", "Yes, by 3 to 6 dB.", "Yes, by more than 6 dB.")


# A pair


def pair(cae: RunConfig, dae: RunConfig) -> dict[str, StoredRun]:
    """The trained CAE and DAE of these settings, if they are a pair; else the shipped pair of this latent size and noise; else empty."""
    found = {"CAE": lab.trained(cae), "DAE": lab.trained(dae)}
    if not _is_pair(found):
        found = {"CAE": lab.store().shipped_like(cae), "DAE": lab.store().shipped_like(dae)}
    return {name: run for name, run in found.items() if run is not None} if _is_pair(found) else {}


def _is_pair(found: Mapping[str, StoredRun | None]) -> bool:
    cae, dae = found["CAE"], found["DAE"]
    return cae is not None and dae is not None and _only_the_input(cae.config, dae.config)


def _only_the_input(one: RunConfig, other: RunConfig) -> bool:
    return all(name.startswith("corruption.") for name in config.differences(one, other))


def pair_facts(runs: Mapping[str, StoredRun]) -> None:
    """In what the two differ and in what they do not, from their settings, their weights and their counts."""
    st.markdown(f"**Compared, setting by setting.** {_facts(runs)}")
    for column, (name, run) in zip(st.columns(len(runs)), runs.items(), strict=True):
        with column:
            st.markdown(f"**{name}**")
            display.provenance(run)


def _facts(runs: Mapping[str, StoredRun]) -> str:
    cae, dae = runs["CAE"], runs["DAE"]
    names = config.differences(cae.config, dae.config)
    if not names:
        return "Without noise in training the DAE is the CAE: no setting differs."
    changed = " and ".join(f"{name.split('.')[1]} of the noise" for name in names)
    start = "equal" if start_equal(cae.config, dae.config) else "not equal"
    counts = [run.result["parameters"] for run in (cae, dae)]
    count = (
        f"Each has {counts[0]:,} parameters"
        if counts[0] == counts[1]
        else f"They have {counts[0]:,} and {counts[1]:,} parameters"
    )
    return (
        f"The {changed} in training differ{'s' if len(names) == 1 else ''} ({noise_words(cae.config.corruption)} and "
        f"{noise_words(dae.config.corruption)}), and nothing else does. {count}; "
        f"made again from the seed, their starting weights are {start}."
    )


def what_differs(runs: Mapping[str, StoredRun]) -> Answer:
    """What tells the DAE from the CAE, from the settings of the two runs."""
    cae, dae = runs["CAE"].config, runs["DAE"].config
    parts = {name.split(".")[0] for name in config.differences(cae, dae)}
    if not start_equal(cae, dae):
        right = LAYERS if "model" in parts else WEIGHTS
    elif "data" in parts:
        right = DIGITS
    else:
        right = INPUT if "corruption" in parts else SAME
    return Answer(right, _facts(runs))


def better_on_clean(runs: Mapping[str, StoredRun]) -> Answer:
    """Which of the pair rebuilds clean digits better, by PSNR."""
    return clean_answer(*(spread(runs[name], NO_NOISE, 0).value for name in ("CAE", "DAE")), _count())


def clean_answer(cae: float, dae: float, count: int) -> Answer:
    """Which of two PSNRs on clean digits is the higher, judged by the figures as they are shown."""
    right = CLEAN_ALIKE if _alike(cae, dae) else CLEAN_CAE if cae > dae else CLEAN_DAE
    return Answer(
        right,
        f"PSNR over {count} held-back clean digits: the CAE {decibel_words(cae)}, the DAE {decibel_words(dae)}.",
    )


def _alike(one: float, other: float) -> bool:
    """Whether two PSNRs in dB differ by no more than 0.1 as they are shown, or not at all."""
    return one == other or round(abs(round(one, 1) - round(other, 1)), 1) <= ALIKE_DB


def pair_grid(
    runs: Mapping[str, StoredRun],
    digits_nhw: Tensor,
    noise: CorruptionConfig,
    noise_seed: int,
    *,
    hidden: bool = False,
) -> None:
    """{clean, noisy} input × {CAE, DAE}: the same digits, with each cell's PSNR over held-back digits.

    `hidden`: only what goes in, until the question is answered.
    """
    noisy = (
        f"noisy digits go in, {noise_words(noise)}"
        if noise.level
        else "the same once more: the noise is set to 0"
    )
    inputs = {"clean digits go in": NO_NOISE, noisy: noise}

    def draw(found: Mapping[str, Mapping[str, float]]) -> str:
        rows = [
            (label, _cells(runs, digits_nhw[:PAIR_DIGITS], now, noise_seed, found.get(label, {})))
            for label, now in inputs.items()
        ]
        shown = slice(1) if hidden else slice(None)
        titles = ["", *(f"{name} gives back" for name in runs)]
        return noise_figures.grid_html(titles[shown], [(label, cells[shown]) for label, cells in rows])

    if hidden:
        st.html(draw({}))
        st.caption("Answer the second question to see what each of them gives back.")
        return
    place = st.empty()
    place.html(draw({}))  # the pictures are there before the figures
    measured = {
        label: {name: spread(run, now, noise_seed).value for name, run in runs.items()}
        for label, now in inputs.items()
    }
    place.html(draw(measured))
    st.caption(
        f"PSNR of the mean squared error over {_count()} held-back digits, of which {PAIR_DIGITS} are shown. Higher is better."
    )


def _cells(
    runs: Mapping[str, StoredRun],
    clean_nhw: Tensor,
    noise: CorruptionConfig,
    noise_seed: int,
    found: Mapping[str, float],
) -> list[Cell]:
    noisy_nhw = noisy_digits(clean_nhw, noise, noise_seed)
    cells = [Cell("", noisy_nhw)]
    for name, run in runs.items():
        words = decibel_words(found[name]) if found else "measuring …"
        cells.append(Cell(words, answers(lab.network(run), noisy_nhw), _is_better(name, found)))
    return cells


def _is_better(name: str, found: Mapping[str, float]) -> bool:
    """Whether the figure under this name is above the lowest, as they are shown."""
    return bool(found) and round(found[name], 1) > min(round(value, 1) for value in found.values())


# Curves over the noise level


@st.fragment
def robustness(runs: Mapping[str, StoredRun], kind: str, noise_seed: int, key: str) -> None:
    """Quality against noise level, beside doing nothing, and in words where the lines cross."""
    with lab.plain_errors():
        measure = st.segmented_control(
            "Measured by", list(MEASURE_WORDS), default="psnr", required=True, format_func=MEASURE_WORDS.__getitem__,
            key=f"{key}_measure", bind="query-params",
        )  # fmt: skip
        with st.spinner(f"Measuring {_count()} digits at every noise level …"):
            curves = {name: curve(run, kind, noise_seed, measure) for name, run in runs.items()}
            nothing = curve(None, kind, noise_seed, measure)
        points = [
            (name, level)
            for name, line in curves.items()
            for level in crossings(line.levels, line.values, nothing.values)
        ]
        words = [against(name, line, "doing nothing", nothing, kind) for name, line in curves.items()]
        if {"CAE", "DAE"} <= runs.keys():
            words.append(against("DAE", curves["DAE"], "the CAE", curves["CAE"], kind))
        figure = noise_figures.robustness(
            curves, nothing, points, _trained_at(runs, kind), MEASURE_AXES[measure]
        )
        display.chart(figure, f"{key}_robustness", " ".join(words))
        st.markdown(" ".join(words))
        st.caption(
            f"{OVER_MANY[measure]} {_count()} held-back digits, measured at every {LEVELS[1]:g}; the bands hold 8 of 10 of them "
            "(10th to 90th percentile). A ring marks where the lines say that a network is as good as doing nothing, the input as it is."
            f"{f' SSIM: {display.SSIM_WORDS}' if measure == 'ssim' else ''}"
        )


SIGNS = {1: ("better", "than"), 0: ("as good", "as"), -1: ("worse", "than")}


def against(name: str, line: Curve, other: str, theirs: Curve, kind: str) -> str:
    """At which of the levels measured one curve is better than another, as good, or worse, in a sentence."""
    found = stretches(line.levels, line.values, theirs.values)
    adjective, than = SIGNS[found[0].sign]
    parts = [f"{adjective} {than} {other} {_where(found[0], line.levels, kind)}"]
    parts += [f"{SIGNS[one.sign][0]} {_where(one, line.levels, kind)}" for one in found[1:]]
    *before, last = parts
    return f"The **{name}** is {', '.join(before)} and {last}." if before else f"The **{name}** is {last}."


def _where(one: Stretch, levels: Sequence[float], kind: str) -> str:
    first, last = (
        f"**{'σ =' if kind == 'gaussian' else 'level'} {level:g}**" for level in (one.first, one.last)
    )
    if (one.first, one.last) == (levels[0], levels[-1]):
        return "at every level measured"
    if one.first == one.last:
        return f"at {first}"
    if one.first == levels[0]:
        return f"up to {last}"
    return f"from {first} on" if one.last == levels[-1] else f"from {first} to {last}"


def _trained_at(runs: Mapping[str, StoredRun], kind: str) -> float | None:
    """The noise level of the DAE's training, if it was this kind of noise."""
    run = runs.get("DAE")
    return (
        run.config.corruption.level
        if run and run.config.corruption.level and run.config.corruption.kind == kind
        else None
    )


def curve(run: StoredRun | None, kind: str, noise_seed: int, measure: str) -> Curve:
    """The run's curve over held-back digits, or that of doing nothing; kept for every visitor."""
    found = _curve(*_named(run), kind, noise_seed, measure, lab.digits().name, run)
    lab.settle("metrics")
    return found


@st.cache_data(show_spinner=False, max_entries=200)
def _curve(
    run_id: str,
    weights_sha256: str,
    kind: str,
    noise_seed: int,
    measure: str,
    digits: str,
    _run: StoredRun | None,
) -> Curve:
    return sweep_of(_run and lab.network(_run), measured_digits(), kind, LEVELS, noise_seed, measure)


# One noise level


def spread(run: StoredRun | None, noise: CorruptionConfig, noise_seed: int, measure: str = "psnr") -> Spread:
    """The run's figure at this noise and its spread over the digits, or those of doing nothing; kept for every visitor."""
    found = _spread(*_named(run), noise, noise_seed, measure, lab.digits().name, run)
    lab.settle("metrics")
    return found


@st.cache_data(show_spinner=False, max_entries=1500)
def _spread(
    run_id: str,
    weights_sha256: str,
    noise: CorruptionConfig,
    noise_seed: int,
    measure: str,
    digits: str,
    _run: StoredRun | None,
) -> Spread:
    return spread_of(_run and lab.network(_run), measured_digits(), noise, noise_seed, measure)


def _named(run: StoredRun | None) -> tuple[str, str]:
    return (run.run_id, run.weights_sha256) if run else ("", "")


def _count() -> int:
    return len(measured_digits())


def table(runs: Mapping[str, StoredRun], digit_hw: Tensor, noise: CorruptionConfig, noise_seed: int) -> None:
    """Every network's figures at this noise with their spread, what it costs, and doing nothing; a network a column.

    On a phone five columns have room, one for each of the figures has not.
    """
    noisy_nhw = noisy_digits(digit_hw[None], noise, noise_seed)
    columns = {
        "doing nothing": _figures(None, digit_hw, noisy_nhw, noise, noise_seed)
        | {"Parameters": "–", "Training": "–"}
    }
    for name, run in runs.items():
        columns[name] = _figures(run, digit_hw, noisy_nhw, noise, noise_seed) | {
            "Parameters": f"{run.result['parameters']:,}",
            "Training": f"{run.result['train_seconds']:.0f} s, {'shipped' if run.shipped else 'here'}",
        }
    st.table(
        [
            {"": figure, **{name: told[figure] for name, told in columns.items()}}
            for figure in columns["doing nothing"]
        ]
    )
    st.caption(
        f"Means over {_count()} held-back digits at this noise; PSNR is that of the mean squared error. In brackets, between which values "
        "8 of 10 digits lie. The squared error is per image of 784 pixels."
    )


def _figures(
    run: StoredRun | None, digit_hw: Tensor, noisy_nhw: Tensor, noise: CorruptionConfig, noise_seed: int
) -> dict[str, str]:
    rebuilt_nhw = noisy_nhw if run is None else answers(lab.network(run), noisy_nhw)
    return {
        "PSNR, this digit": decibel_words(float(psnr(rebuilt_nhw, digit_hw[None]))),
        "PSNR, dB": with_range(spread(run, noise, noise_seed, "psnr"), 1),
        "SSIM": with_range(spread(run, noise, noise_seed, "ssim"), 2),
        "Squared error": with_range(spread(run, noise, noise_seed, "squared_error"), 1),
    }


def with_range(found: Spread, places: int) -> str:
    """A figure with what 8 of 10 digits lie between, such as '20.7 (18.2–23.4)'; an infinite one is 'perfect'."""
    whole, low, high = (
        f"{value:.{places}f}" if math.isfinite(value) else "perfect"
        for value in (found.value, found.low, found.high)
    )
    return whole if whole == low == high else f"{whole} ({low}–{high})"


def extremes(runs: Mapping[str, StoredRun], noise: CorruptionConfig, noise_seed: int) -> None:
    """The digits that each network rebuilds best and worst at this noise, with their squared errors."""
    for name, run in runs.items():
        found = extremes_of(lab.network(run), measured_digits(), noise, noise_seed, EXTREME_DIGITS)
        st.markdown(f"**{NAMES[name]}**")
        st.html(noise_figures.extremes_html(found))
    st.caption(
        f"Of {_count()} held-back digits at this noise: from above, the digit, noisy, and rebuilt; below, the squared error."
    )


def networks(runs: Mapping[str, StoredRun]) -> tuple[str, ...]:
    """What can be answered to the question which network is best."""
    return (*(f"The {name}." for name in runs), *([TIED] if len(runs) > 1 else []), NOBODY)


def best_network(runs: Mapping[str, StoredRun], noise: CorruptionConfig, noise_seed: int) -> Answer:
    """Which network has the highest PSNR at this noise, if it beats doing nothing."""
    found = {name: spread(run, noise, noise_seed).value for name, run in runs.items()}
    return best_answer(found, spread(None, noise, noise_seed).value, noise, _count())


def best_answer(found: Mapping[str, float], nothing: float, noise: CorruptionConfig, count: int) -> Answer:
    """Which of the PSNRs is the highest, judged by the figures as they are shown."""
    ranked = sorted(found, key=found.__getitem__, reverse=True)
    if round(nothing, 1) >= round(found[ranked[0]], 1):
        right = NOBODY
    else:
        right = (
            TIED if len(ranked) > 1 and _alike(*(found[name] for name in ranked[:2])) else f"The {ranked[0]}."
        )
    told = ", ".join(
        f"{name} {decibel_words(value)}" for name, value in {**found, "doing nothing": nothing}.items()
    )
    return Answer(right, f"PSNR over {count} held-back digits at {noise_words(noise)}: {told}.")


# The noise itself


def removed(run: StoredRun, digits_nhw: Tensor, noise: CorruptionConfig, noise_seed: int) -> None:
    """The noise that was drawn beside what the network changed, in one scale of colour."""
    st.subheader("What did it take away?")
    if noise.level == 0:
        st.info(
            "There is no noise to take away. Move **Noise level in the test** above 0.",
            icon=":material/tune:",
        )
        return
    first_nhw = digits_nhw[:NOISE_DIGITS]
    st.html(
        _noise_html(*display.run_name(run), display.fingerprint(first_nhw), noise, noise_seed, run, first_nhw)
    )
    st.markdown(_noise_told(*display.run_name(run), noise, noise_seed, lab.digits().name, run))


def _noise_drawn(
    run_id: str,
    weights_sha256: str,
    digits: bytes,
    noise: CorruptionConfig,
    noise_seed: int,
    _run: StoredRun,
    _digits_nhw: Tensor,
) -> str:
    shown = removed_noise(lab.network(_run), _digits_nhw, noise, noise_seed)
    columns = [
        ("noise ε as drawn; dots: clipped", shown.drawn_nhw, shown.clipped_nhw),
        ("what clipping left of it", shown.surviving_nhw, None),
        ("what the network changed: noisy input − output", shown.removed_nhw, None),
    ]
    return noise_figures.noise_html(columns, shown.scale)


_noise_html = display.Kept(_noise_drawn, 16)


@st.cache_data(show_spinner=False, max_entries=500)
def _noise_told(
    run_id: str, weights_sha256: str, noise: CorruptionConfig, noise_seed: int, digits: str, _run: StoredRun
) -> str:
    return noise_told(removed_noise(lab.network(_run), measured_digits(), noise, noise_seed), noise, _count())


def noise_told(found: RemovedNoise, noise: CorruptionConfig, count: int) -> str:
    """By how much the error fell from input to output, and what clipping left of the noise, in words."""
    if found.input_error == 0:
        return f"None of the {count} held-back digits was changed by {noise_words(noise)}, so there is nothing to take away."
    words = (
        f"Over {count} held-back digits at {noise_words(noise)}, the squared error per image is {found.input_error:.1f} in the noisy input "
        f"and {found.output_error:.1f} in the output: **{_change_words(found.output_error / found.input_error)}**. "
        "The output's error is noise that is left and blur from the bottleneck together. "
    )
    if noise.kind != "gaussian":
        return words + "This kind of noise stays between black and white, so nothing is clipped."
    return words + (
        f"Clipping changed ε in **{display.share_words(found.clipped_share)}** of the pixels: black cannot get darker. So the noise left "
        f"on the black background is on average not 0 but **{found.background_mean:.2f}**; the mean of min(1, max(0, σε)) is "
        f"σ/√(2π) · (1 − exp(−1/(2σ²))) + P(σε > 1) = {clipped_mean(noise.level):.2f}."
    )


def _change_words(ratio: float) -> str:
    """How an error compares with what it was, `ratio` times as much, in words."""
    percent = round(100 * (ratio - 1))
    if percent == 0:
        return "about the same"
    if ratio >= 2:
        return f"{ratio:.1f} times as much"
    if percent > 0:
        return f"{percent}% more"
    return f"{display.share_words(1 - ratio)} less"


def harder(trained: CorruptionConfig) -> CorruptionConfig:
    """Noise twice as strong as in training, as far as there is any; the preset's where there was none."""
    _, most = config.RANGES["noise_level"]
    return CorruptionConfig(trained.kind, min(2 * trained.level, most) or config.DAE.corruption.level)


def still_helps(run: StoredRun, noise: CorruptionConfig) -> Answer:
    """Whether the network beats doing nothing at this noise, and by how much."""
    return gain_answer(spread(run, noise, 0).value, spread(None, noise, 0).value, _count())


def gain_answer(ours: float, nothing: float, count: int) -> Answer:
    """By how many dB a PSNR is above that of doing nothing, judged by the figures as they are shown."""
    told = f"PSNR over {count} held-back digits: the network {decibel_words(ours)}, doing nothing {decibel_words(nothing)}"
    if not math.isfinite(nothing):
        return Answer(GAINS[0], f"{told}.")
    gain = round(round(ours, 1) - round(nothing, 1), 1)
    return Answer(GAINS[(gain > 0) + (gain >= 3) + (gain > 6)], f"{told}: {gain:+.1f} dB.")
