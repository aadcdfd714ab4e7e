"""What is said of pictures that are no digits, and of one that goes through a network again and again."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ae_core.metrics import shown_ratio
from ae_core.study import iteration
from ae_core.study.oddities import AS_WELL, IN_SHORT, PLACES, VERDICTS, WORSE, Oddity, Outcome
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
    """Why an oddity comes out as it does, a sentence for each verdict on a network, by their names."""
    parts = []
    for verdict in VERDICTS:
        if names := [name for name, found in outcomes.items() if found.verdict == verdict]:
            parts.append(
                say(
                    "**Why {in_short} ({names})?** {why}",
                    in_short=IN_SHORT[verdict],
                    names=say(" and ").join(names),
                    why=oddity.why[verdict],
                )
            )
    why = say("{why} *Our explanation.*", why=" ".join(parts))
    if not {AS_WELL, WORSE} <= {found.verdict for found in outcomes.values()}:
        return why
    medians = ", ".join(f"{name} {found.median:.{PLACES}f}" for name, found in outcomes.items())
    return say(
        "{why} Each network is held against its own digits: the error of a median one is {medians}.",
        why=why,
        medians=medians,
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
