"""What is said of pictures that are no digits, and of one that goes through a network again and again."""

from __future__ import annotations

from torch import Tensor

from ae_core.study import iteration
from ae_core.study.oddities import Oddity
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


def why_words(oddity: Oddity, model: str, error: float, changed: float | None) -> str:
    """Why an oddity comes out as it does; with the experiment, where there is one, by squared errors.

    error: of `model` on the oddity. changed: on it with one thing changed; None where nothing was tried.
    """
    why = say("**Why?** {why} *Our explanation.*", why=oddity.why)
    if changed is None:
        return why
    times = say(", {error:.1f} times as much", error=error / changed) if 0 < changed < error else ""
    less = say(", {changed:.1f} times as much", changed=changed / error) if 0 < error < changed else ""
    return say(
        "{why} **What we tried:** the {model} has an error of {error:.1f} on it{times}; "
        "on the same picture, {change}, of **{changed:.1f}**{less}.",
        why=why,
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
