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
from ae_core.words.sentences import say, say_count
from pages.shared import dials, display, lab, networks, provenance
from pages.shared.display import decibel_words, noise_words
from pages.shared.own_digit import my_digits
from pages.shared.parts.noise_view import are_alike, count_measured, measure_spread
from pages.shared.question import Answer

PAIR_DIGITS = 4
NO_NOISE = CorruptionConfig()
LAYERS, DIGITS, WEIGHTS, INPUT, SAME = (
    say("It has other layers."),
    say("It learns from another set of digits."),
    say("It starts from other weights."),
    say("Only what it is fed: noisy digits."),
    say("Nothing."),
)
DIFFERENCES = (LAYERS, DIGITS, WEIGHTS, INPUT, SAME)
CLEAN_CAE, CLEAN_DAE, CLEAN_ALIKE = say("The CAE."), say("The DAE."), say("Both alike, within 0.1 dB.")
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
        st.caption(say("You have no CAE and DAE that differ in their input alone: the lab's pair is shown."))
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
    st.markdown(say("**Compared, setting by setting.** {pair_facts}", pair_facts=_pair_facts_words(runs)))
    for column, (name, run) in zip(st.columns(len(runs)), runs.items(), strict=True):
        with column:
            st.markdown(f"**{name}**")
            provenance.show_provenance(run)


def _pair_facts_words(runs: Mapping[str, StoredRun]) -> str:
    cae, dae = runs["CAE"], runs["DAE"]
    names = config.differences(cae.config, dae.config)
    if not names:
        return say("Without noise in training the DAE is the CAE: no setting differs.")
    changed = say(" and ").join(say("{split} of the noise", split=name.split(".")[1]) for name in names)
    start = say("equal") if start_equal(cae.config, dae.config) else say("not equal")
    counts = [run.result["parameters"] for run in (cae, dae)]
    count = (
        say("Each has {first:,} parameters", first=counts[0])
        if counts[0] == counts[1]
        else say("They have {first:,} and {count:,} parameters", first=counts[0], count=counts[1])
    )
    return say_count(
        "The {changed} in training differs ({noise} and {corruption}), and nothing else "
        "does. {count_2}; their starting weights, made again from their seeds and compared, are {start}.",
        "The {changed} in training differ ({noise} and {corruption}), and nothing else "
        "does. {count_2}; their starting weights, made again from their seeds and compared, are {start}.",
        len(names),
        changed=changed,
        noise=noise_words(cae.config.corruption),
        corruption=noise_words(dae.config.corruption),
        count_2=count,
        start=start,
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
        say(
            "PSNR over {count} held-back clean digits: the CAE {decibel}, the DAE {dae}.",
            count=count,
            decibel=decibel_words(cae),
            dae=decibel_words(dae),
        ),
    )


def show_pair_grid(runs: Mapping[str, StoredRun], *, hidden: bool = False) -> tuple[CorruptionConfig, int]:
    """Show {clean, noisy} input × {CAE, DAE} of the same digits, PSNR over held-back digits, and the dials.

    `hidden`: only what goes in, until the question is answered. Returns the noise and its seed.
    """
    grid = st.container()
    noise = dials.choose_test_noise("pair", default=runs["DAE"].config.corruption.level)
    digits_seed, noise_seed = dials.choose_seeds()
    with grid:
        _draw_grid(runs, _choose_digits(digits_seed), noise, noise_seed, hidden=hidden)
    return noise, noise_seed


def _choose_digits(seed: int) -> Tensor:
    """PAIR_DIGITS digits (n, 28, 28), or all of the visitor's own where there are more."""
    return display.chosen_digits(seed)[: max(PAIR_DIGITS, my_digits.count_shown())]


def _draw_grid(
    runs: Mapping[str, StoredRun],
    digits_nhw: Tensor,
    noise: CorruptionConfig,
    noise_seed: int,
    *,
    hidden: bool,
) -> None:
    noisy = (
        say("noisy digits go in, {noise}", noise=noise_words(noise))
        if noise.level
        else say("the same once more: the noise is set to 0")
    )
    inputs = {say("clean digits go in"): NO_NOISE, noisy: noise}

    def draw(found: Mapping[str, Mapping[str, float]]) -> str:
        rows = [
            (label, _grid_cells(runs, digits_nhw, now, noise_seed, found.get(label, {})))
            for label, now in inputs.items()
        ]
        shown = slice(1) if hidden else slice(None)
        titles = ["", *(say("{name} gives back", name=name) for name in runs)]
        return noise_figures.grid_html(titles[shown], [(label, cells[shown]) for label, cells in rows])

    if hidden:
        st.html(draw({}))
        st.caption(say("Answer the second question to see what each of them gives back."))
        return
    place = st.empty()
    place.html(draw({}))  # the pictures are there before the figures
    measured = {
        label: {name: measure_spread(run, now, noise_seed).value for name, run in runs.items()}
        for label, now in inputs.items()
    }
    place.html(draw(measured))
    st.caption(
        say(
            "PSNR of the mean squared error over {count_measured} held-back digits. Higher is better.",
            count_measured=count_measured(),
        )
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
