"""From pure noise: what a denoiser draws where there is no digit, once and in a walk of many steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st

from ae_core.figures import base as figures
from ae_core.figures.base import Row
from ae_core.living.packing import pack_digits
from ae_core.runs.run_folder import StoredRun
from ae_core.study import classifier, from_noise
from ae_core.study.from_noise import FIRST_LEVEL, NEAR, STARTS, STEPS, SURE, WALKER, Ends, NoiseOnce, Walk
from ae_core.words.sentences import say, say_count
from pages.shared import lab, question
from pages.shared.browser.living import draw_living
from pages.shared.display import DIGITS_SHOWN, noise_words, number_words
from pages.shared.parts.oddity_sentences import two_noises_words
from pages.shared.question import Answer

LONGEST = max(STEPS)
DIAL = "surprises_walk_step"
FIRST = "surprises_walk_first"
SEEN, DRAWN = say("step {step}: given, with noise of σ = {level}"), say("step {step}: drawn")
BLACK, MEAN, DIGIT, NOISE = (
    say("A black page."),
    say("The mean of all digits."),
    say("One certain digit."),
    say("The noise that went in."),
)
NEAREST = (BLACK, MEAN, DIGIT, NOISE)
# Of 100 starts, the most for each of HOW_MANY but the last.
BOUNDS = (10, 50, 90)
HOW_MANY = (say("10 or fewer."), say("11 to 50."), say("51 to 90."), say("More than 90."))


# Once


def ask_what_noise_becomes(runs: Mapping[str, StoredRun]) -> None:
    """Ask what a denoiser makes of noise alone, and show it afterwards. runs: the page's trio."""
    st.markdown(say("## From pure noise"))
    st.markdown(
        say(
            "A denoiser draws the digit that it sees behind the noise. So give it noise with "
            "**no digit** behind."
        )
    )
    run = lab.store().shipped_like(WALKER)

    def answer() -> Answer:
        found = _measure_once(run)
        return Answer(_nearest_to(found), once_words(found))

    question.ask_question(
        "surprises_noise_once",
        say(
            "The DAE of {number} that was trained with **{noise}** is given such noise "
            "alone. To what is its output nearest?",
            number=number_words(WALKER.model.latent_size),
            noise=noise_words(WALKER.corruption),
        ),
        NEAREST,
        answer,
        lambda: _show_once(run, runs),
        of={},
        networks=[run],
        reveals_page=True,
    )


def _nearest_to(found: NoiseOnce) -> str:
    """The one of NEAREST that the outputs are nearest to."""
    distances = _distances(found)
    return min(distances, key=distances.__getitem__)


def _distances(found: NoiseOnce) -> dict[str, float]:
    """Squared distances of the outputs from each of NEAREST."""
    return dict(zip(NEAREST, (found.to_black, found.to_mean, found.to_nearest, found.to_noise), strict=True))


def tell_once() -> str:
    """To what a denoiser's output for noise alone is nearest, how faint it is, and why: in a line."""
    found = _measure_once(lab.store().shipped_like(WALKER))
    return say(
        "**Noise alone, {noise} on black, given to the DAE that learnt with it. Nearest to its "
        "output: {nearest}** Its brightness is {brightness:.0%} of a digit's.{why}",
        noise=noise_words(WALKER.corruption),
        nearest=_nearest_to(found),
        brightness=found.brightness,
        why=_why_faint(found),
    )


def once_words(found: NoiseOnce) -> str:
    """How far the output is from what it is nearest to, with a digit's distance for scale."""
    return say(
        "In squared distance the output lies {nearest:.1f} from it. For scale: a real digit lies "
        "{digit_to_black:.1f} from a black page.",
        nearest=min(_distances(found).values()),
        digit_to_black=found.digit_to_black,
    )


def _why_faint(found: NoiseOnce) -> str:
    if _nearest_to(found) != BLACK:
        return ""
    return say(
        " *Our explanation:* nothing in the noise speaks clearly for one digit at one place. A bold stroke "
        "in the wrong place costs more than a faint one, so it draws a digit or a mixture, and dimly."
    )


def _show_once(run: StoredRun | None, runs: Mapping[str, StoredRun]) -> None:
    found = _measure_once(run)
    average_nhw = found.drawn_nhw.mean(0, keepdim=True)
    brightest = float(average_nhw.max()) or 1.0
    each, all_of_them = st.columns([3, 2], gap="medium")
    with each:
        rows = [(say("noise alone"), found.noise_nhw), (say("what the denoiser draws"), found.drawn_nhw)]
        st.html(figures.rows_html([Row(words, those_nhw[:DIGITS_SHOWN]) for words, those_nhw in rows]))
    with all_of_them:
        average = say(
            "average of {count}, × {brightest:.1f}", count=len(found.drawn_nhw), brightest=1 / brightest
        )
        st.html(
            figures.columns_html(
                [(average, average_nhw / brightest), (say("the mean digit"), found.mean_hw[None])]
            )
        )
    st.markdown(shape_words(found))
    if "DAE" in runs:
        st.markdown(two_noises_words(runs["DAE"].config.corruption))
    st.table(
        [
            {say("The output lies from"): words, say("in squared distance"): f"{distance:.1f}"}
            for words, distance in _distances(found).items()
        ]
    )


def shape_words(found: NoiseOnce) -> str:
    """How bright the output is, and how alike the average of all outputs and the mean digit are."""
    return say(
        "Its **brightness**, the squared distance from black, is **{brightness:.0%}** of a real digit's. "
        "How alike are the average of all {count} outputs and the mean digit, beside each other above? Their "
        "correlation over the pixels is **{average_like_mean:.2f}** (1: the same but for brightness).{why}",
        brightness=found.brightness,
        count=len(found.drawn_nhw),
        average_like_mean=found.average_like_mean,
        why=_why_faint(found),
    )


# Step by step


def ask_where_walk_ends() -> None:
    """Ask how many walks from noise end as a readable digit, and show them afterwards, step by step."""
    run = lab.store().shipped_like(WALKER)

    def answer() -> Answer:
        ends = _measure_walks(run).ends
        return Answer(
            HOW_MANY[sum(ends[-1].readable > bound for bound in BOUNDS)],
            say("Of {starts} starts end as a readable digit: ", starts=STARTS)
            + ", ".join(
                say(
                    "{readable} in {steps} ({faint} of them faint)",
                    readable=end.readable,
                    steps=steps_words(end.steps),
                    faint=end.faint,
                )
                for end in ends
            )
            + ".",
        )

    question.ask_question(
        "surprises_noise_walk",
        say(
            "Noise alone once more, for the same DAE. But now it gets its own drawing back, with fresh "
            "and weaker noise, from σ = {first_level:g} to σ = {last_level:g} in **{longest} steps**. Of "
            "{starts} starts, how many end as a digit that can be read?",
            first_level=FIRST_LEVEL,
            last_level=from_noise.walk_levels(LONGEST, FIRST_LEVEL)[-1],
            longest=LONGEST,
            starts=STARTS,
        ),
        HOW_MANY,
        answer,
        lambda: _show_walk(run),
        of={},
        networks=[run],
        reveals_page=True,
    )


def _show_walk(run: StoredRun | None) -> None:
    walks = _measure_walks(run)
    step = st.slider(say("Step of the walk"), 1, LONGEST, LONGEST, key=DIAL, bind="query-params")
    shown = walks.shown
    rows = (SEEN, shown.seen_tnhw), (DRAWN, shown.drawn_tnhw)
    with st.container(key=FIRST):
        level = f"{shown.levels[step - 1]:.2f}"
        st.html(
            figures.rows_html(
                [Row(words.format(step=step, level=level), each[step - 1]) for words, each in rows]
            )
        )
    part = {
        "part": "steps",
        "networks": [],
        "rows": [{"words": words, "pictures": pack_digits(each.flatten(0, 1))} for words, each in rows],
        "levels": shown.levels,
        "count": DIGITS_SHOWN,
        "dial": DIAL,
    }
    draw_living("parts", "surprises_walk_living", part, stands_for=FIRST)
    st.markdown(
        say(
            "**Sure**: a classifier gives one digit at least {sure:.0%}. **Near**: as near to a held-back "
            "digit as {near:.0%} of these are to each other. **Readable**: both. **Faint**: darker than "
            "{near:.0%} of the held-back digits.",
            sure=SURE,
            near=NEAR,
        )
    )
    levels = [WALKER.corruption.level, *[FIRST_LEVEL] * len(walks.ends)]
    rows_ended = zip(levels, (walks.once, *walks.ends), strict=True)
    st.table([_end_row(level, end) for level, end in rows_ended])
    st.markdown(walk_words(walks.ends))
    st.caption(
        say(
            "The first row is the single answer of “From pure noise”. The classifier is right on "
            "{reader_accuracy:.1%} of the test digits. Near is within {usual:.0f} in squared distance.",
            reader_accuracy=walks.reader_accuracy,
            usual=walks.usual,
        )
    )


def _end_row(level: float, end: Ends) -> dict[str, str]:
    return {
        say("Noise, steps"): f"σ = {level:g}, {steps_words(end.steps)}",
        say("Brightness"): say("{brightness:.0%} of a digit's", brightness=end.brightness),
        say("Sure"): str(end.sure),
        say("Near"): str(end.near),
        say("Readable"): say(
            "{readable} of {starts}, {faint} of them faint",
            readable=end.readable,
            starts=end.starts,
            faint=end.faint,
        ),
        say("Which digits"): ", ".join(
            f"{label}: {count}" for label, count in enumerate(end.classes) if count
        ),
    }


def tell_walks() -> str:
    """How many walks from noise end as a readable digit, and why: in a line."""
    first, last = (_measure_walks(lab.store().shipped_like(WALKER)).ends[i] for i in (0, -1))
    why = (
        say(" *Our explanation:* in small steps it decides for one of the digits that could stand there.")
        if last.readable > first.readable
        else ""
    )
    return say(
        "**From noise alone the DAE comes to a readable digit in {readable} of {starts} walks of {steps}.** "
        "In {fewest} it is {at_first}, of which {faint} are faint.{why}",
        readable=last.readable,
        starts=last.starts,
        steps=steps_words(last.steps),
        at_first=first.readable,
        fewest=steps_words(first.steps),
        faint=first.faint,
        why=why,
    )


def steps_words(steps: int) -> str:
    """'1 step', '20 steps'."""
    return say_count("{count} step", "{count} steps", steps)


def walk_words(ends: Sequence[Ends]) -> str:
    """What the walks have to do with diffusion models."""
    first, last = ends[0], ends[-1]
    return say(
        "*Our explanation:* behind noise this strong any digit could stand, so at once the "
        "denoiser draws a mixture; in small steps it decides for one. **{readable} of {starts}** "
        "are readable after {steps}, {readable_at_first} after {fewest_steps}, {faint} of these "
        "faint. That is the idea behind **diffusion models** ([Ho, Jain and Abbeel "
        "2020](https://arxiv.org/abs/2006.11239)): a denoiser for each level of noise, one after the "
        "other; here one does for all. Why a denoiser points towards likelier pictures: "
        "[Vincent 2011](https://doi.org/10.1162/NECO_a_00142).",
        readable=last.readable,
        starts=last.starts,
        steps=steps_words(last.steps),
        readable_at_first=first.readable,
        fewest_steps=steps_words(first.steps),
        faint=first.faint,
    )


# Measured


@dataclass(frozen=True)
class Walks:
    """What is shown of walks of each of STEPS.

    shown: every step of the longest, for DIGITS_SHOWN starts. ends: of each. once: of the single answer to
    the noise that the denoiser was trained with. usual: what counts as near.
    reader_accuracy: the share of test digits that the classifier reads right.
    """

    shown: Walk
    ends: tuple[Ends, ...]
    once: Ends
    usual: float
    reader_accuracy: float


def _measure_once(run: StoredRun | None) -> NoiseOnce:
    assert run is not None  # the card is not answered without
    return _cached_once(lab.store().root, run.run_id, run.weights_sha256, lab.digits().name, run)


@st.cache_data(show_spinner=False, max_entries=4)
def _cached_once(
    _root: Path, run_id: str, weights_sha256: str, digits_name: str, _run: StoredRun
) -> NoiseOnce:
    return from_noise.measure_noise_once(lab.load_network(_run), WALKER.corruption.level, lab.digits())


def _measure_walks(run: StoredRun | None) -> Walks:
    assert run is not None
    return _cached_walks(lab.store().root, run.run_id, run.weights_sha256, lab.digits().name, run)


@st.cache_data(show_spinner=False, max_entries=4)
def _cached_walks(_root: Path, run_id: str, weights_sha256: str, digits_name: str, _run: StoredRun) -> Walks:
    reader = classifier.shipped_classifier()
    model, test_nhw = lab.load_network(_run), lab.digits().test_nhw
    usual = from_noise.usual_distance(test_nhw)
    read = partial(classifier.classify, reader.layers)
    at_once = from_noise.walk_from_noise(model, 1, WALKER.corruption.level)
    once = from_noise.judge_ends(at_once.drawn_tnhw[-1], 1, test_nhw, usual, read)
    ends, walk = [], None
    for steps in STEPS:
        walk = from_noise.walk_from_noise(model, steps, FIRST_LEVEL)
        ends.append(from_noise.judge_ends(walk.drawn_tnhw[-1], steps, test_nhw, usual, read))
    assert walk is not None
    few = slice(DIGITS_SHOWN)
    shown = Walk(walk.seen_tnhw[:, few].clone(), walk.drawn_tnhw[:, few].clone(), walk.levels)
    return Walks(shown, tuple(ends), once, usual, reader.accuracy)
