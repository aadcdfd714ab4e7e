"""The verdict on the networks side by side: who is best at what, measured of those at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from statistics import median

import streamlit as st
import torch
from torch import Tensor

from ae_core import config
from ae_core.config import CorruptionConfig
from ae_core.figures.verdict import Line, verdict_html
from ae_core.models import parameter_count
from ae_core.runs.run_folder import StoredRun
from ae_core.study.robustness import noisy_digits, rebuild
from ae_core.study.speed import FACTOR, ROUNDS, ROUNDS_WON, find_fastest, time_by_turns
from ae_core.words.sentences import say
from pages.shared import display, lab, networks
from pages.shared.display import decibel_words, noise_words, number_words
from pages.shared.parts.noise_view import ALIKE_DB, are_alike, count_measured, measure_spread

TINY = 2
NOTHING = say("doing nothing")
ALT = say("Which network is best at what, with the figures of all and what the best one draws")
Draw = Callable[[StoredRun], Tensor]


def show_verdict(
    runs: Mapping[str, StoredRun], digit_hw: Tensor, noise: CorruptionConfig, noise_seed: int
) -> None:
    """Show who is best on clean digits, noisy ones, with a tiny code, in weights and in speed.

    runs: by name. The thumbnails are of `digit_hw` (28, 28), noisy in the line on noisy digits.
    """
    clean_nhw = digit_hw[None]
    noisy_nhw = noisy_digits(clean_nhw, noise, noise_seed)

    def draw(input_nhw: Tensor) -> Draw:
        return lambda run: rebuild(lab.load_network(run), input_nhw)

    tiny = _find_tiny(runs)
    no_noise = replace(noise, level=0.0)
    lines = [_judge_quality(say("Clean digits"), runs, no_noise, noise_seed, draw(clean_nhw))]
    if noise.level:
        question = say("Noisy digits, {noise}", noise=noise_words(noise))
        lines.append(_judge_quality(question, runs, noise, noise_seed, draw(noisy_nhw)))
    if tiny:
        question = say("A tiny code: {number}, clean digits", number=number_words(TINY))
        lines.append(_judge_quality(question, tiny, no_noise, noise_seed, draw(clean_nhw)))
    lines.append(_judge_weights(runs, draw(clean_nhw)))
    lines.append(_judge_speed(runs, draw(clean_nhw)))
    st.html(verdict_html(lines, ALT))
    st.markdown(sum_up(lines))
    st.caption(
        say(
            "PSNR of the mean squared error over {count_measured} held-back digits; alike: "
            "within {alike_db:g} dB. The tiny codes are the lab's own networks'. Speed: the "
            "forward pass of the same digits on this machine, one processor core, {rounds} "
            "rounds in which the networks take turns, those of one architecture as one; one "
            "is called faster where it was in {rounds_won} of them and by {share:.0%} or "
            "more. The pictures are of the digit above, noisy in the line on noisy digits alone.",
            count_measured=count_measured(),
            alike_db=ALIKE_DB,
            rounds=ROUNDS,
            rounds_won=ROUNDS_WON,
            share=FACTOR - 1,
        )
    )


def _find_tiny(runs: Mapping[str, StoredRun]) -> dict[str, StoredRun]:
    """The lab's network of TINY numbers of each family in `runs`, by its name there."""
    wanted = {name: config.adjusted(networks.TRIO[name], model={"latent_size": TINY}) for name in runs}
    found = {name: networks.find_lab_run(settings) for name, settings in wanted.items()}
    return {
        name: run for name, run in found.items() if run is not None and run.config.model.latent_size == TINY
    }


def _judge_quality(
    question: str, runs: Mapping[str, StoredRun], noise: CorruptionConfig, noise_seed: int, draw: Draw
) -> Line:
    """Who has the highest PSNR at this noise; figures as they are shown, beside doing nothing's."""
    found = {name: measure_spread(run, noise, noise_seed).value for name, run in runs.items()}
    ranked = sorted(found, key=found.__getitem__, reverse=True)
    winners = tuple(name for name in ranked if are_alike(found[ranked[0]], found[name]))
    figures = [f"{name} {decibel_words(found[name])}" for name in ranked]
    if noise.level:
        figures.append(f"{NOTHING} {decibel_words(measure_spread(None, noise, noise_seed).value)}")
    return _make_line(question, winners, figures, runs, draw)


def _judge_weights(runs: Mapping[str, StoredRun], draw: Draw) -> Line:
    counts = {name: parameter_count(lab.load_network(run)) for name, run in runs.items()}
    ranked = sorted(counts, key=counts.__getitem__)
    winners = tuple(name for name in ranked if counts[name] == counts[ranked[0]])
    return _make_line(
        say("Fewest weights"), winners, [f"{name} {counts[name]:,}" for name in ranked], runs, draw
    )


def _judge_speed(runs: Mapping[str, StoredRun], draw: Draw) -> Line:
    alike = _group_by_architecture(runs)
    timed = {names[0]: runs[names[0]] for names in alike}
    speeds = _time_networks(tuple((name, *display.run_name(run)) for name, run in timed.items()), timed)
    middle = {name: median(each) for name, each in speeds.items()}
    fastest = find_fastest(speeds)
    ranked = sorted(alike, key=lambda names: middle[names[0]], reverse=True)
    winners = tuple(name for names in ranked if names[0] in fastest for name in names)
    figures = [f"{say(' and ').join(names)} {_round_speed(middle[names[0]]):,}" for names in ranked]
    return _make_line(say("Fastest, pictures a second"), winners, figures, runs, draw)


def _group_by_architecture(runs: Mapping[str, StoredRun]) -> list[tuple[str, ...]]:
    """Names of the runs, those of one architecture together: they do the same work."""
    groups: dict[config.ModelConfig, tuple[str, ...]] = {}
    for name, run in runs.items():
        groups[run.config.model] = (*groups.get(run.config.model, ()), name)
    return [*groups.values()]


def _round_speed(speed: float) -> int:
    """To two digits: more of them change from one measurement to the next."""
    return int(float(f"{speed:.2g}"))


@st.cache_data(show_spinner=say("Timing the networks by turns …"), max_entries=50)
def _time_networks(
    names: tuple[tuple[str, str, str], ...], _runs: Mapping[str, StoredRun]
) -> dict[str, tuple[float, ...]]:
    """Measured once for all visitors: it changes with what else the machine does."""
    models = {name: lab.load_network(run) for name, run in _runs.items()}
    return time_by_turns(models, display.measured_digits())


def _make_line(
    question: str, winners: tuple[str, ...], figures: list[str], runs: Mapping[str, StoredRun], draw: Draw
) -> Line:
    drawn_nhw = torch.cat([draw(runs[name]) for name in winners])
    return Line(question, winners, tuple(figures), drawn_nhw)


def sum_up(lines: list[Line]) -> str:
    """Whether one network wins every line, alone or with others alike."""
    everywhere = set.intersection(*(set(line.winners) for line in lines))
    if everywhere:
        return say(
            "**Best or alike in every line: {names}.** With these dials, that is.",
            names=say(" and ").join(sorted(everywhere)),
        )
    return say("**No network wins every line.** Which is best depends on what is asked of it.")
