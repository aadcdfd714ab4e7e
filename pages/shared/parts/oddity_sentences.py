"""What is said of pictures that are no digits, and of one that goes through a network again and again."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ae_core.metrics import shown_ratio
from ae_core.study import iteration
from ae_core.study.oddities import AS_WELL, AS_WELL_TIMES, IN_SHORT, PLACES, VERDICTS, WORSE, Oddity, Outcome
from ae_core.words.sentences import say

WENT_IN, ONCE, MANY = say("what went in"), say("once"), say("{times} times")
UNCHANGED, CHANGED = say("as it went in"), say("last change of a pixel: {by}")
SETTLED_WORDS = say("at rest: last change below {settled:g}", settled=iteration.SETTLED)
COURSE_WORDS = {"collapses": say("collapses"), "converges": say("converges"), "drifts": say("drifts")}
ONCE_MORE = say("Once more")
WHY_IT_DRIFTS = say(
    " *Our explanation:* nothing in the training asks that a network's own output come "
    "back unchanged. What one pass gets a little wrong the next takes for its digit, so "
    "small errors add up and lead on to where the decoder draws more easily."
)


def why_words(oddity: Oddity, outcomes: Mapping[str, Outcome]) -> str:
    """Why an oddity comes out as it does, a sentence for each verdict on a network, by their names.

    First those that are as good only beside the network's own digits: for these that is the whole reason.
    """
    measure = {name: words for name in outcomes if (words := _own_measure_words(name, outcomes))}
    parts = []
    for verdict in VERDICTS:
        names = [name for name, found in outcomes.items() if found.verdict == verdict and name not in measure]
        if names:
            parts.append(
                say(
                    "**Why {in_short} ({names})?** {why}",
                    in_short=IN_SHORT[verdict],
                    names=say(" and ").join(names),
                    why=oddity.why[verdict],
                )
            )
    why = say("{why} *Our explanation.*", why=" ".join(parts)) if parts else ""
    if measure:
        return " ".join([*measure.values(), why]).strip()
    if not {AS_WELL, WORSE} <= {found.verdict for found in outcomes.values()}:
        return why
    medians = ", ".join(f"{name} {found.median:.{PLACES}f}" for name, found in outcomes.items())
    return say(
        "{why} Each network is held against its own digits: the error of a median one is {medians}.",
        why=why,
        medians=medians,
    )


def _own_measure_words(name: str, outcomes: Mapping[str, Outcome]) -> str:
    """Why a network's error counts as usual, where the same one beside another's digits would be worse."""
    found = outcomes[name]
    stricter = {
        other: each.median
        for other, each in outcomes.items()
        if each.verdict == WORSE and found.error > AS_WELL_TIMES * each.median
    }
    if found.verdict != AS_WELL or not stricter:
        return ""
    return say(
        "**Why {in_short} ({name})?** Each network is held against its own digits, and those of the {name} "
        "come out worse: {median} in the median ({others}). Its {error:.1f} is within {times} times that.",
        in_short=IN_SHORT[AS_WELL],
        name=name,
        median=f"{found.median:.{PLACES}f}",
        others=", ".join(f"{other} {median:.{PLACES}f}" for other, median in stricter.items()),
        error=found.error,
        times=AS_WELL_TIMES,
    )


def tried_words(oddity: Oddity, model: str, error: float, changed: float) -> str:
    """What came of an experiment, by squared errors of `model` on the oddity and with one thing changed."""
    times, less = (
        say(", {error:.1f} times as much", error=shown_ratio(large, small))
        if 0 < round(small, 1) < round(large, 1)
        else ""
        for large, small in ((error, changed), (changed, error))
    )
    return say(
        "**What we tried:** the {model} has an error of {error:.1f} on it{times}; "
        "on the same picture, {change}, of **{changed:.1f}**{less}.",
        model=model,
        error=error,
        times=times,
        change=oddity.change,
        changed=changed,
        less=less,
    )


def times_words(times: int) -> str:
    """How many times a picture went through."""
    return ONCE if times == 1 else MANY.format(times=times)


def change_words(path_t1hw: Tensor) -> str:
    """How much the last step changed a picture, in words."""
    if len(path_t1hw) == 1:
        return UNCHANGED
    change = float(iteration.change_per_step(path_t1hw[-2:])[0, 0])
    return SETTLED_WORDS if change < iteration.SETTLED else CHANGED.format(by=f"{change:.3f}")


def spread_words(spread: float) -> str:
    """How a spread of pictures compares with the digits' own, such as 'about as much as'."""
    if 0.9 <= spread <= 1.1:
        return say("about as much ({spread:.0%}) as", spread=spread)
    return (
        say("less ({spread:.0%}) than", spread=spread)
        if spread < 1
        else say("more ({spread:.0%}) than", spread=spread)
    )
