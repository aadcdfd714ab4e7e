"""What is said of pictures that are no digits, and of one that goes through a network again and again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from ae_core.config import CorruptionConfig
from ae_core.metrics import shown_ratio
from ae_core.study import iteration
from ae_core.study.from_noise import WALKER
from ae_core.study.iteration import Course
from ae_core.study.oddities import (
    ASIDE_WORDS,
    GONE,
    LEVELS,
    LOST,
    MOST,
    NEITHER,
    PLACES,
    SHARES,
    VERDICTS,
    WORSE,
    Oddity,
    Outcome,
)
from ae_core.words.sentences import say
from pages.shared.display import noise_words

# An error so many times another is more than how it came out this time.
CLEARLY_LARGER = 1.25
WENT_IN, ONCE, MANY = say("what went in"), say("once"), say("{times} times")
UNCHANGED, CHANGED = say("as it went in"), say("last change of a pixel: {by}")
SETTLED_WORDS = say("at rest: last change below {settled:g}", settled=iteration.SETTLED)
COURSE_WORDS = {"collapses": say("collapses"), "converges": say("converges"), "drifts": say("drifts")}
ONCE_MORE = say("Once more")
WHY_IT_DRIFTS = say(
    " *Our explanation:* nothing in the training asks that a network's own output come "
    "back unchanged. What one pass gets a little wrong the next takes for its digit, so "
    "small errors add up."
)


def why_words(
    oddity: Oddity,
    outcomes: Mapping[str, Outcome],
    measured: str = "",
    changed: Mapping[str, float] | None = None,
) -> str:
    """Why an oddity comes out as it does, a sentence for each cause, with networks' names.

    First those that came out better only beside the network's own digits: for these that is the whole reason.
    measured: what stands first where it is neither itself nor a digit, as from `gone_words`. changed: of each
    network its error with one thing about the picture changed, which may refute the cause.
    """
    changed = changed or {}
    by_own = [name for name in outcomes if _is_better_by_own_digits(name, outcomes)]
    by_cause: dict[str, list[str]] = {}
    for verdict in VERDICTS:
        others = [name for name, one in outcomes.items() if one.verdict == verdict and name not in by_own]
        refuted = [name for name in others if is_refuted(oddity, outcomes[name], changed.get(name))]
        if refuted:
            by_cause.setdefault(refuted_words(oddity), []).append(_verdict_words(verdict, refuted))
        if others := [name for name in others if name not in refuted]:
            cause = f"{measured} {oddity.why[verdict]}".strip() if verdict in GONE else oddity.why[verdict]
            by_cause.setdefault(cause, []).append(_verdict_words(verdict, others))
    parts = [
        say("**Why {verdicts}?** {why}", verdicts=", ".join(verdicts), why=cause)
        for cause, verdicts in by_cause.items()
    ]
    why = say("{why} *Our explanation.*", why=" ".join(parts)) if parts else ""
    medians = ", ".join(f"{name} {found.median:.{PLACES}f}" for name, found in outcomes.items())
    own = say(
        "Each network is held against its own digits, so one error is judged more kindly where its digits "
        "have larger ones: the error of a median one is {medians}.",
        medians=medians,
    )
    if by_own:
        verdicts = ", ".join(
            _verdict_words(level, names)
            for level in LEVELS
            if (names := [name for name in by_own if outcomes[name].verdict == level])
        )
        return say("**Why {verdicts}?** {own} {why}", verdicts=verdicts, own=own, why=why).strip()
    if len({found.verdict for found in outcomes.values()} & {*LEVELS}) > 1:
        return f"{why} {own}"
    return why


def is_refuted(oddity: Oddity, found: Outcome, changed: float | None) -> bool:
    """Whether a picture comes back badly for another reason than what was done to it.

    changed: the error with that undone; a picture that is as hard then was hard by itself.
    """
    undone = changed is not None and oddity.change != ASIDE_WORDS
    return undone and found.verdict in (MOST, WORSE) and shown_ratio(found.error, changed) < CLEARLY_LARGER


def refuted_words(oddity: Oddity) -> str:
    """What is said in the place of a cause that the experiment refuted."""
    return say(
        "On the same picture, {change}, the error is hardly smaller, or larger: it is hard by itself, not "
        "for what was done to it.",
        change=oddity.change,
    )


def _verdict_words(verdict: str, names: Sequence[str]) -> str:
    return f"{verdict} ({say(' and ').join(names)})"


def _is_better_by_own_digits(name: str, outcomes: Mapping[str, Outcome]) -> bool:
    """Whether a network's error would be too large for its verdict beside the digits of one judged worse."""
    found = outcomes[name]
    return found.verdict in SHARES and any(
        other.verdict in LEVELS
        and LEVELS.index(other.verdict) > LEVELS.index(found.verdict)
        and found.error > other.bounds[found.verdict]
        for other in outcomes.values()
    )


def gone_words(found: Outcome, kept: Sequence[Outcome]) -> str:
    """In what a picture that came out as neither itself nor a digit surpasses all that came back, `kept`."""
    if found.verdict not in GONE or not kept:
        return ""
    farthest, most_ink = max(one.picture_distance for one in kept), max(one.ink for one in kept)
    here, there = [], []
    if found.picture_distance > farthest:
        here.append(say("{distance:.0f} from the nearest digit", distance=found.picture_distance))
        there.append(f"{farthest:.0f}")
    if found.ink > most_ink:
        here.append(say("with {ink:.0%} of the page inked", ink=found.ink))
        there.append(f"{most_ink:.0%}")
    if not here:
        return ""
    return say(
        "Measured: the picture is {here}; pictures that come back, at most {there}.",
        here=", ".join(here),
        there=say(" and ").join(there),
    )


def figure_words(found: Outcome) -> str:
    """The figure that decided a verdict."""
    if found.verdict == LOST:
        return say(
            "Its error, {error:.1f}, is above {lost:.1f}, half of what always drawing the mean digit has on "
            "digits.",
            error=found.error,
            lost=found.lost,
        )
    if found.verdict == NEITHER:
        return say(
            "It is {error:.1f} from what went in and {digit_distance:.1f} from the nearest digit, where near "
            "is {near:.0f}.",
            error=found.error,
            digit_distance=found.digit_distance,
            near=found.near,
        )
    return say("Its error is {times:.2f} times that of a median held-back digit.", times=found.times_shown)


def tried_words(oddity: Oddity, model: str, error: float, changed: float) -> str:
    """What came of an experiment, by squared errors of `model` on the oddity and with one thing changed."""
    times, less = (
        say(", {error:.1f} times as much", error=shown_ratio(large, small))
        if 0 < round(small, 1) < round(large, 1)
        else ""
        for large, small in ((error, changed), (changed, error))
    )
    words = say(
        "**What we tried:** the {model} has an error of {error:.1f} on it{times}; "
        "on the same picture, {change}, of **{changed:.1f}**{less}.",
        model=model,
        error=error,
        times=times,
        change=oddity.change,
        changed=changed,
        less=less,
    )
    if shown_ratio(error, changed) >= CLEARLY_LARGER:
        return say("{words} So what was changed is part of what makes it hard.", words=words)
    if oddity.change == ASIDE_WORDS and shown_ratio(changed, error) >= CLEARLY_LARGER:
        return say("{words} So it matters that it lies in the middle, as digits do.", words=words)
    return words


def read_words(course: Course) -> str:
    """How many digits still are what they were after all steps: to the classifier; else by their nearest."""
    if course.read is None:
        return say(
            "After {steps} passes the nearest digit is still of their class for {count} of {digits}.",
            steps=iteration.STEPS,
            count=course.same_class,
            digits=course.digits,
        )
    return say(
        "After {steps} passes the lab's classifier still reads {count} of {digits} as the digit they were.",
        steps=iteration.STEPS,
        count=course.read,
        digits=course.digits,
    )


def read_at_first_words(course: Course) -> str:
    """The same after one step."""
    count = course.same_class_at_first if course.read_at_first is None else course.read_at_first
    return say("After one pass it was {count}.", count=count)


def two_noises_words(learnt: CorruptionConfig) -> str:
    """What tells the two noises of the page apart, and the two DAEs. learnt: noise of the one in the trio."""
    return say(
        "**Two noises, two DAEs:** the picture “pure noise” has every grey equally likely, and its DAE "
        "learnt with {learnt}; “From pure noise” is {strength} on black, for a DAE that learnt with it.",
        learnt=noise_words(learnt),
        strength=noise_words(WALKER.corruption),
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
