"""What is said of a network that learnt nothing, or of a code with dead numbers, and the button beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from ae_core.config import EARLIER_DATASETS, PIXELS, RunConfig
from ae_core.errors import LabError
from ae_core.runs.history import Progress
from ae_core.runs.run_folder import StoredRun
from ae_core.study.collapse import (
    DIGITS_JUDGED,
    Cause,
    Collapse,
    Verdict,
    count_steps,
    find_usual_cause,
    judge_run,
    offer_retraining,
    preset_like,
    seems_stuck,
)
from ae_core.words.sentences import say, say_count
from pages.shared import lab
from pages.shared.display import run_name
from pages.shared.runs.loss_floors import read_floors

JUDGED_KEPT = 1000
WHAT = {
    Verdict.MEAN_DIGIT: say("Whatever comes in, it paints the mean digit"),
    Verdict.BLACK: say("Whatever comes in, it paints black"),
    Verdict.ONE_PICTURE: say("Whatever comes in, it paints the same picture"),
    Verdict.NO_BETTER: say("Its pictures differ, but have little to do with the digits that come in"),
    Verdict.WORSE_THAN_BLACK: say("Its pictures are worse than plain black"),
}
ONE_WORSE_THAN_BLACK = say("Whatever comes in, it paints the same picture, one worse than plain black")


def collapse_words(found: Collapse, where: str = "") -> str:
    """What happened, in one sentence; empty for a network that learnt. where: on which digits it errs so."""
    if not found.learnt_nothing:
        return ""
    is_worse = found.verdict is Verdict.WORSE_THAN_BLACK and found.is_one_picture
    return say(
        "**This network learnt nothing.** {which}: its squared error per image{where} is "
        "{error:.1f}, that of the mean digit {always_mean:.1f}, that of black "
        "{always_black:.1f}.",
        where=f" {where}" if where else "",
        which=ONE_WORSE_THAN_BLACK if is_worse else WHAT[found.verdict],
        error=found.error,
        always_mean=found.always_mean,
        always_black=found.always_black,
    )


def cause_words(run: RunConfig, found: Collapse) -> str:
    """The usual cause for a network with these settings that learnt nothing, and what may help."""
    rate, preset_rate = run.training.learning_rate, preset_like(run).training.learning_rate
    steps = _steps_words(count_steps(run))
    match find_usual_cause(run, found.dead_units):
        case Cause.RATE_TOO_HIGH:
            return say(
                "The usual cause is a learning rate that is too high: it was {rate:g}, "
                "where {preset_rate:g} is usual. Its first steps throw the weights so "
                "far that no later step brings them back.",
                rate=rate,
                preset_rate=preset_rate,
            )
        case Cause.RATE_TOO_LOW:
            return say(
                "The usual cause is a learning rate that is too low: it was {rate:g}, "
                "where {preset_rate:g} is usual, so that the weights have hardly moved "
                "in {steps}.",
                rate=rate,
                preset_rate=preset_rate,
                steps=steps,
            )
        case Cause.FEW_STEPS:
            return say(
                "The usual cause is a training that was too short: at first every "
                "network paints about the mean digit, and this one had {steps}.",
                steps=steps,
            )
        case Cause.DEAD_UNITS:
            return say(
                "The usual cause is dead ReLUs: every unit of one layer gives 0 for "
                "every digit, so that nothing comes through. Another seed or a lower "
                "learning rate may do better."
            )
        case Cause.UNKNOWN:
            return say("The learning rate is usual and the training long enough: another seed may do better.")


def dead_words(found: Collapse) -> str:
    """How much of the code never changes, in one sentence; empty where all of it does."""
    dead, unit = len(found.dead), "map" if found.is_maps else "number"
    if not dead:
        return ""
    if found.code_size == 1:
        return say("The only {unit} of its code never changes.", unit=unit)
    if dead == found.code_size:
        return say("All {dead} {unit}s of its code never change.", dead=dead, unit=unit)
    return say_count(
        "{count} of {code_size} {unit}s of its code never changes.",
        "{count} of {code_size} {unit}s of its code never change.",
        dead,
        code_size=found.code_size,
        unit=unit,
    )


def retrain_words(run: RunConfig, offered: RunConfig) -> str:
    """What the button says that trains `offered` in place of `run`."""
    changed = []
    if offered.training.learning_rate != run.training.learning_rate:
        changed.append(say("learning rate {learning_rate:g}", learning_rate=offered.training.learning_rate))
    if offered.training.epochs != run.training.epochs:
        changed.append(say("{epochs} epochs", epochs=offered.training.epochs))
    return say("Train again with {changed}", changed=say(" and ").join(changed))


def collapse_notice(progress: Progress) -> str:
    """What to say of a training that seems to learn nothing so far; empty otherwise, and early on."""
    if progress.clean is None or not progress.snapshots:
        return ""
    step, _ = progress.snapshots[-1]
    mean = read_floors().mean_digit
    told = progress.snapshot(), progress.clean, progress.test_errors
    if not seems_stuck(*told, always_mean=mean, step=step, steps=progress.steps):
        return ""
    return say(
        "So far, after {step:,} of {steps:,} steps, this network paints nearly the same "
        "picture whatever comes in. If it stays so, train again with a lower learning rate.",
        step=step,
        steps=progress.steps,
    )


def judge_stored_run(run: StoredRun) -> Collapse:
    """What the network of a finished run learnt, measured once for all visitors. Raises LabError."""
    return _judge(*run_name(run), run)


def _on_all_digits(run: StoredRun, judged: Collapse) -> tuple[Collapse, str]:
    """What was judged with errors on all held-back digits, as other figures of the page have them; on which.

    On those that were judged, where the run learnt some classes only, where its own word is all there is, or
    where an earlier version tested it on other digits.
    """
    is_earlier = run.config.data.name in EARLIER_DATASETS
    if run.config.data.left_out and not is_earlier:
        return judged, say("on held-back digits of the classes that it learnt from")
    if run.uploaded_as or is_earlier:
        return judged, say("on {count:,} held-back digits", count=DIGITS_JUDGED)
    floors = read_floors()
    error = PIXELS * float(run.result["test"]["mse"])
    whole = replace(judged, error=error, always_black=floors.black, always_mean=floors.mean_digit)
    return whole, say("on all held-back digits")


@st.cache_data(show_spinner=False, max_entries=JUDGED_KEPT)
def _judge(run_id: str, weights_sha256: str, _run: StoredRun) -> Collapse:
    train_mse = _run.result.get("train_mse")
    train_error = None if train_mse is None else PIXELS * float(train_mse)
    return judge_run(_run.config, lab.load_network(_run), lab.digits(), train_error)


def has_learnt_nothing(run: StoredRun) -> bool:
    """Whether the network of a finished run learnt nothing, as far as that can be told."""
    try:
        return judge_stored_run(run).learnt_nothing
    except LabError:
        return False


def show_collapse(found: StoredRun, page: str, retrain: Callable[[RunConfig], None]) -> None:
    """Say of a finished run that its network learnt nothing, and why, with a button that trains it anew.

    Of a network that learnt, only the dead numbers of its code, in a line. retrain: called with the settings
    to train when the button is pressed.
    """
    try:
        judged = judge_stored_run(found)
    except LabError:
        return  # what shows the network says so
    if not judged.learnt_nothing:
        if judged.dead:
            st.caption(dead_words(judged))
        return
    words = [
        collapse_words(*_on_all_digits(found, judged)),
        cause_words(found.config, judged),
        dead_words(judged),
    ]
    st.warning(" ".join(filter(None, words)), icon=":material/warning:")
    offered = offer_retraining(found.config)
    if offered is not None:
        st.button(
            retrain_words(found.config, offered),
            key=f"{page}_retrain",
            icon=":material/replay:",
            on_click=retrain,
            args=(offered,),
        )


def _steps_words(steps: int) -> str:
    return say_count("{count:,} step", "{count:,} steps", steps)
