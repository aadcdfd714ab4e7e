"""A CAE and a DAE, a pair that differs in its input alone: the difference, and what each makes of digits."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from torch import Tensor

from ae_core import config
from ae_core.config import CorruptionConfig, RunConfig
from ae_core.figures import noise as noise_figures
from ae_core.figures.noise import Cell
from ae_core.runs.run_folder import StoredRun
from ae_core.study.robustness import noisy_digits, rebuild
from ae_core.training import start_equal
from pages.shared import display, lab, networks
from pages.shared.display import decibel_words, noise_words
from pages.shared.parts.noise_view import are_alike, count_measured, measure_spread
from pages.shared.question import Answer

PAIR_DIGITS = 4
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


def find_pair(cae: RunConfig, dae: RunConfig) -> dict[str, StoredRun]:
    """A CAE and a DAE that differ in their input alone, by their names; empty if there is no such pair.

    The visitor's newest, where the switch says so and they are a pair. Else the lab's: of this latent size,
    and with the noise in training that is nearest to that of `dae`.
    """
    if networks.works_with_own():
        for own in networks.find_own_runs("DAE"):
            for other in networks.find_own_runs("CAE"):
                if _is_pair({"CAE": other, "DAE": own}):
                    return {"CAE": other, "DAE": own}
        st.caption("You have no CAE and DAE that differ in their input alone: the lab's pair is shown.")
    dae = config.adjusted(cae, corruption={"kind": dae.corruption.kind, "level": dae.corruption.level})
    found = {"CAE": networks.find_lab_run(cae), "DAE": networks.find_lab_run(dae)}
    return {name: run for name, run in found.items() if run is not None} if _is_pair(found) else {}


def _is_pair(found: Mapping[str, StoredRun | None]) -> bool:
    cae, dae = found["CAE"], found["DAE"]
    return cae is not None and dae is not None and _differ_in_input_alone(cae.config, dae.config)


def _differ_in_input_alone(one: RunConfig, other: RunConfig) -> bool:
    return all(name.startswith("corruption.") for name in config.differences(one, other))


def show_pair_facts(runs: Mapping[str, StoredRun]) -> None:
    """Show in what the two differ and in what not, by settings, starting weights and counts."""
    st.markdown(f"**Compared, setting by setting.** {_pair_facts_words(runs)}")
    for column, (name, run) in zip(st.columns(len(runs)), runs.items(), strict=True):
        with column:
            st.markdown(f"**{name}**")
            display.show_provenance(run)


def _pair_facts_words(runs: Mapping[str, StoredRun]) -> str:
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
        f"The {changed} in training differ{'s' if len(names) == 1 else ''} "
        f"({noise_words(cae.config.corruption)} and {noise_words(dae.config.corruption)}), and nothing else "
        f"does. {count}; made again from the seed, their starting weights are {start}."
    )


def judge_difference(runs: Mapping[str, StoredRun]) -> Answer:
    """Answer: what tells the DAE from the CAE, by the settings of the two runs."""
    cae, dae = runs["CAE"].config, runs["DAE"].config
    parts = {name.split(".")[0] for name in config.differences(cae, dae)}
    if not start_equal(cae, dae):
        right = LAYERS if "model" in parts else WEIGHTS
    elif "data" in parts:
        right = DIGITS
    else:
        right = INPUT if "corruption" in parts else SAME
    return Answer(right, _pair_facts_words(runs))


def judge_clean(runs: Mapping[str, StoredRun]) -> Answer:
    """Answer: which of the pair rebuilds clean digits better, by PSNR."""
    return clean_answer(
        *(measure_spread(runs[name], NO_NOISE, 0).value for name in ("CAE", "DAE")), count_measured()
    )


def clean_answer(cae: float, dae: float, count: int) -> Answer:
    """Answer: which of two PSNRs on clean digits is higher, by the figures as they are shown."""
    right = CLEAN_ALIKE if are_alike(cae, dae) else CLEAN_CAE if cae > dae else CLEAN_DAE
    return Answer(
        right,
        f"PSNR over {count} held-back clean digits: the CAE {decibel_words(cae)}, the DAE "
        f"{decibel_words(dae)}.",
    )


def show_pair_grid(
    runs: Mapping[str, StoredRun],
    digits_nhw: Tensor,
    noise: CorruptionConfig,
    noise_seed: int,
    *,
    hidden: bool = False,
) -> None:
    """Show {clean, noisy} input × {CAE, DAE} of the same digits, with PSNR over held-back digits.

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
            (label, _grid_cells(runs, digits_nhw[:PAIR_DIGITS], now, noise_seed, found.get(label, {})))
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
        label: {name: measure_spread(run, now, noise_seed).value for name, run in runs.items()}
        for label, now in inputs.items()
    }
    place.html(draw(measured))
    st.caption(
        f"PSNR of the mean squared error over {count_measured()} held-back digits, of which {PAIR_DIGITS} "
        "are shown. Higher is better."
    )


def _grid_cells(
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
        cells.append(Cell(words, rebuild(lab.load_network(run), noisy_nhw), _is_better(name, found)))
    return cells


def _is_better(name: str, found: Mapping[str, float]) -> bool:
    """Whether the figure under this name is above the lowest, as they are shown."""
    return bool(found) and round(found[name], 1) > min(round(value, 1) for value in found.values())
