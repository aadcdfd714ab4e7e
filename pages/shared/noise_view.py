"""What noise does to networks: a pair that differs in its input alone, curves over the noise level, and the noise itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import streamlit as st
from torch import Tensor

from ae_core import config, noise_figures
from ae_core.config import CorruptionConfig, RunConfig
from ae_core.metrics import psnr
from ae_core.noise_figures import Cell
from ae_core.robustness import FEW_LEVELS, LEVELS, Crossing, Curve, Spread, answers, clipped_mean, crossings, noisy_digits, removed_noise
from ae_core.robustness import extremes as extremes_of
from ae_core.robustness import spread as spread_of
from ae_core.robustness import sweep as sweep_of
from ae_core.store import StoredRun
from ae_core.training import start_equal
from pages.shared import display, lab
from pages.shared.display import NAMES, measured_digits, noise_words
from pages.shared.question import Answer

PAIR_DIGITS = 4
NOISE_DIGITS = 2
EXTREME_DIGITS = 4
MEASURE_WORDS = {"psnr": "PSNR", "ssim": "SSIM"}
MEASURE_AXES = {"psnr": "PSNR, dB (higher is better)", "ssim": "SSIM (higher is better)"}
HIGHEST = {"psnr": 32.0, "ssim": 1.0}
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
CLEAN_CAE, CLEAN_DAE, CLEAN_ALIKE = "The CAE.", "The DAE.", "Both alike."
ON_CLEAN = (CLEAN_CAE, CLEAN_DAE, CLEAN_ALIKE)
NOBODY = "None: doing nothing is better."
GAINS = ("No, it is worse.", "Yes, by less than 3 dB.", "Yes, by 3 to 6 dB.", "Yes, by more than 6 dB.")


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
        return "At noise level 0 in training the DAE is the CAE: no setting differs."
    changed = " and ".join(f"{name.split('.')[1]} of the noise" for name in names)
    start = "equal" if start_equal(cae.config, dae.config) else "not equal"
    counts = [run.result["parameters"] for run in (cae, dae)]
    count = f"Each has {counts[0]:,} parameters" if counts[0] == counts[1] else f"They have {counts[0]:,} and {counts[1]:,} parameters"
    return (
        f"The {changed} in training differ{'s' if len(names) == 1 else ''} ({noise_words(cae.config.corruption)} and "
        f"{noise_words(dae.config.corruption)}), and nothing else does. {count}; made anew from the seed, their first weights are {start}."
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
    """Which of the pair rebuilds clean digits better, by mean PSNR."""
    found = {name: spread(run, NO_NOISE, 0).mean for name, run in runs.items()}
    gap = found["CAE"] - found["DAE"]
    right = CLEAN_ALIKE if abs(gap) < ALIKE_DB else CLEAN_CAE if gap > 0 else CLEAN_DAE
    return Answer(
        right,
        f"Over {_count()} held-back clean digits the CAE reaches {found['CAE']:.1f} dB and the DAE {found['DAE']:.1f} dB.",
    )


def pair_grid(runs: Mapping[str, StoredRun], digits_nhw: Tensor, noise: CorruptionConfig, noise_seed: int, *, hidden: bool = False) -> None:
    """{clean, noisy} input × {CAE, DAE}: the same digits, with each cell's mean PSNR over held-back digits.

    `hidden`: only what goes in, until the question is answered.
    """
    inputs = {"clean digits go in": NO_NOISE, f"noisy digits go in, {noise_words(noise)}": noise}

    def draw(found: Mapping[str, Mapping[str, float]]) -> str:
        rows = [(label, _cells(runs, digits_nhw[:PAIR_DIGITS], now, noise_seed, found.get(label, {}))) for label, now in inputs.items()]
        shown = slice(1) if hidden else slice(None)
        titles = ["goes in", *(f"{name} gives back" for name in runs)]
        return noise_figures.grid_html(titles[shown], [(label, cells[shown]) for label, cells in rows])

    if hidden:
        st.html(draw({}))
        st.caption("Answer the second question to see what each of them gives back.")
        return
    place = st.empty()
    place.html(draw({}))  # the pictures are there before the figures
    measured = {label: {name: spread(run, now, noise_seed).mean for name, run in runs.items()} for label, now in inputs.items()}
    place.html(draw(measured))
    st.caption(f"PSNR: mean over {_count()} held-back digits, of which {PAIR_DIGITS} are shown. Higher is better.")


def _cells(
    runs: Mapping[str, StoredRun], clean_nhw: Tensor, noise: CorruptionConfig, noise_seed: int, found: Mapping[str, float]
) -> list[Cell]:
    noisy_nhw = noisy_digits(clean_nhw, noise, noise_seed)
    cells = [Cell("", noisy_nhw)]
    for name, run in runs.items():
        words = f"{found[name]:.1f} dB" if found else "measuring …"
        cells.append(Cell(words, answers(lab.network(run), noisy_nhw), bool(found) and found[name] > min(found.values())))
    return cells


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
        found = {name: crossings(line.levels, line.means, nothing.means) for name, line in curves.items()}
        points = [(name, crossing.level) for name, those in found.items() for crossing in those]
        words = [_against_nothing(name, curves[name], nothing, found[name], kind) for name in runs]
        if {"CAE", "DAE"} <= runs.keys():
            words.append(overtaking(curves["CAE"], curves["DAE"], kind))
        figure = noise_figures.robustness(curves, nothing, points, _trained_at(runs, kind), MEASURE_AXES[measure], HIGHEST[measure])
        display.chart(figure, f"{key}_robustness", " ".join(words))
        st.markdown(" ".join(words))
        st.caption(
            f"Mean over {_count()} held-back digits; the bands hold 8 of 10 of them (10th to 90th percentile). "
            "A ring marks where a network is as good as doing nothing, the input as it is."
        )


def overtaking(cae: Curve, dae: Curve, kind: str) -> str:
    """From which noise level on the DAE is better than the CAE, in words."""
    found = crossings(cae.levels, dae.means, cae.means)
    if not found:
        word = "better" if dae.means[-1] > cae.means[-1] else "not better"
        return f"The **DAE** is {word} than the CAE at every level measured."
    turns = [f"{'overtakes' if turn.better else 'falls behind'} the CAE at **{_level(turn.level, kind)}**" for turn in found]
    return f"The **DAE** {', then '.join(turns)}."


def _against_nothing(name: str, line: Curve, nothing: Curve, found: Sequence[Crossing], kind: str) -> str:
    if not found:
        word = "better" if line.means[-1] > nothing.means[-1] else "worse"
        return f"The **{name}** is {word} than doing nothing at every level measured."
    if len(found) == 1:
        below, above = ("worse", "better") if found[0].better else ("better", "worse")
        return f"The **{name}** is {below} than doing nothing below **{_level(found[0].level, kind)}** and {above} above it."
    words = [f"{'worse' if found[0].better else 'better'} than doing nothing below {_level(found[0].level, kind)}"]
    words += [f"{'better' if turn.better else 'worse'} above {_level(turn.level, kind)}" for turn in found]
    return f"The **{name}** is {', '.join(words)}."


def _level(level: float, kind: str) -> str:
    return f"σ = {level:.2f}" if kind == "gaussian" else f"level {level:.2f}"


def _trained_at(runs: Mapping[str, StoredRun], kind: str) -> float | None:
    """The noise level of the DAE's training, if it was this kind of noise."""
    run = runs.get("DAE")
    return run.config.corruption.level if run and run.config.corruption.level and run.config.corruption.kind == kind else None


def curve(run: StoredRun | None, kind: str, noise_seed: int, measure: str) -> Curve:
    """The run's curve over held-back digits, or that of doing nothing; kept for every visitor."""
    found = _curve(*_named(run), kind, noise_seed, measure, lab.digits().name, run)
    lab.settle("metrics")
    return found


@st.cache_data(show_spinner=False, max_entries=200)
def _curve(run_id: str, weights_sha256: str, kind: str, noise_seed: int, measure: str, digits: str, _run: StoredRun | None) -> Curve:
    levels = LEVELS if measure == "psnr" else FEW_LEVELS
    return sweep_of(_run and lab.network(_run), measured_digits(), kind, levels, noise_seed, measure)


# One noise level


def spread(run: StoredRun | None, noise: CorruptionConfig, noise_seed: int, measure: str = "psnr") -> Spread:
    """Mean and standard deviation of the run's figures at this noise, or of doing nothing; kept for every visitor."""
    found = _spread(*_named(run), noise, noise_seed, measure, lab.digits().name, run)
    lab.settle("metrics")
    return found


@st.cache_data(show_spinner=False, max_entries=1500)
def _spread(
    run_id: str, weights_sha256: str, noise: CorruptionConfig, noise_seed: int, measure: str, digits: str, _run: StoredRun | None
) -> Spread:
    return spread_of(_run and lab.network(_run), measured_digits(), noise, noise_seed, measure)


def _named(run: StoredRun | None) -> tuple[str, str]:
    return (run.run_id, run.weights_sha256) if run else ("", "")


def _count() -> int:
    return len(measured_digits())


def table(runs: Mapping[str, StoredRun], digit_hw: Tensor, noise: CorruptionConfig, noise_seed: int) -> None:
    """Every network's figures at this noise with their spread, what it costs, and doing nothing."""
    noisy_nhw = noisy_digits(digit_hw[None], noise, noise_seed)
    rows = [{"": "doing nothing", "PSNR, this digit": _decibels(psnr(noisy_nhw, digit_hw[None])), **_figures(None, noise, noise_seed)}]
    for name, run in runs.items():
        rows.append(
            {
                "": NAMES[name],
                "PSNR, this digit": _decibels(psnr(answers(lab.network(run), noisy_nhw), digit_hw[None])),
                **_figures(run, noise, noise_seed),
                "Parameters": f"{run.result['parameters']:,}",
                "Training": f"{run.result['train_seconds']:.0f} s, {'shipped' if run.shipped else 'here'}",
            }
        )
    st.table(rows)
    st.caption(f"Mean ± standard deviation over {_count()} held-back digits at this noise. The squared error is per image of 784 pixels.")


def _figures(run: StoredRun | None, noise: CorruptionConfig, noise_seed: int) -> dict[str, str]:
    return {
        "PSNR, dB": _with_spread(spread(run, noise, noise_seed, "psnr"), 1),
        "SSIM": _with_spread(spread(run, noise, noise_seed, "ssim"), 2),
        "Squared error": _with_spread(spread(run, noise, noise_seed, "squared_error"), 1),
    }


def _with_spread(value: Spread, places: int) -> str:
    return f"{value.mean:.{places}f} ± {value.deviation:.{places}f}" if math.isfinite(value.mean) else "perfect for some"


def _decibels(value: Tensor) -> str:
    return f"{float(value):.1f} dB" if math.isfinite(float(value)) else "perfect"


def extremes(runs: Mapping[str, StoredRun], noise: CorruptionConfig, noise_seed: int) -> None:
    """The digits that each network rebuilds best and worst at this noise, with their squared errors."""
    for name, run in runs.items():
        found = extremes_of(lab.network(run), measured_digits(), noise, noise_seed, EXTREME_DIGITS)
        st.markdown(f"**{NAMES[name]}**")
        st.html(noise_figures.extremes_html(found))
    st.caption(f"Of {_count()} held-back digits at this noise: from above, the digit, noisy, and rebuilt; below, the squared error.")


def networks(runs: Mapping[str, StoredRun]) -> tuple[str, ...]:
    """What can be answered to the question which network is best."""
    return (*(f"The {name}." for name in runs), NOBODY)


def best_network(runs: Mapping[str, StoredRun], noise: CorruptionConfig, noise_seed: int) -> Answer:
    """Which network has the highest mean PSNR at this noise, if it beats doing nothing."""
    found = {f"The {name}.": spread(run, noise, noise_seed).mean for name, run in runs.items()}
    found[NOBODY] = spread(None, noise, noise_seed).mean
    told = [f"{name} {found[f'The {name}.']:.1f} dB" for name in runs]
    told.append(f"doing nothing {found[NOBODY]:.1f} dB" if math.isfinite(found[NOBODY]) else "doing nothing is perfect for some")
    return Answer(
        max(found, key=found.__getitem__), f"Mean PSNR over {_count()} held-back digits at {noise_words(noise)}: {', '.join(told)}."
    )


# The noise itself


def removed(run: StoredRun, digits_nhw: Tensor, noise: CorruptionConfig, noise_seed: int) -> None:
    """The noise that was drawn beside what the network took away, in one scale of colour."""
    st.subheader("Which noise did it take away?")
    if noise.level == 0:
        st.info("There is no noise to take away. Move **Noise level σ in the test** above 0.", icon=":material/tune:")
        return
    first_nhw = digits_nhw[:NOISE_DIGITS]
    st.html(_noise_html(*display.run_name(run), display.fingerprint(first_nhw), noise, noise_seed, run, first_nhw))
    st.markdown(_noise_told(*display.run_name(run), noise, noise_seed, lab.digits().name, run))


def _noise_drawn(
    run_id: str, weights_sha256: str, digits: bytes, noise: CorruptionConfig, noise_seed: int, _run: StoredRun, _digits_nhw: Tensor
) -> str:
    shown = removed_noise(lab.network(_run), _digits_nhw, noise, noise_seed)
    columns = [
        ("noise ε as drawn; dots: clipped", shown.drawn_nhw, shown.clipped_nhw),
        ("what clipping left of it", shown.surviving_nhw, None),
        ("what the network took away", shown.removed_nhw, None),
    ]
    return noise_figures.noise_html(columns, shown.scale)


_noise_html = display.Kept(_noise_drawn, 16)


@st.cache_data(show_spinner=False, max_entries=500)
def _noise_told(run_id: str, weights_sha256: str, noise: CorruptionConfig, noise_seed: int, digits: str, _run: StoredRun) -> str:
    found = removed_noise(lab.network(_run), measured_digits(), noise, noise_seed)
    share = found.energy_removed
    told = (
        f"took away **{share:.0%}** of the noise's energy"
        if share >= 0
        else f"left **{1 - share:.1f} times** the energy of the noise as error"
    )
    words = f"Over {_count()} held-back digits at {noise_words(noise)} the network {told}. "
    if noise.kind != "gaussian":
        return words + "This kind of noise stays between black and white, so nothing is clipped."
    return words + (
        f"Clipping changed ε in **{found.clipped_share:.0%}** of the pixels: black cannot get darker. So the noise left on the black "
        f"background is on average not 0 but **{found.background_mean:.2f}**; "
        f"clipping at black alone makes it σ/√(2π) = {clipped_mean(noise.level):.2f}."
    )


def harder(trained: CorruptionConfig) -> CorruptionConfig:
    """Noise twice as strong as in training, as far as there is any; the preset's where there was none."""
    _, most = config.RANGES["noise_level"]
    return CorruptionConfig(trained.kind, min(2 * trained.level, most) or config.DAE.corruption.level)


def still_helps(run: StoredRun, noise: CorruptionConfig) -> Answer:
    """Whether the network beats doing nothing at this noise, and by how much."""
    ours, nothing = spread(run, noise, 0).mean, spread(None, noise, 0).mean
    gain = ours - nothing
    right = GAINS[(gain > 0) + (gain >= 3) + (gain > 6)]
    return Answer(
        right,
        f"Over {_count()} held-back digits it reaches {ours:.1f} dB and doing nothing {nothing:.1f} dB: {gain:+.1f} dB.",
    )
