"""What is said of noise and networks: where curves cross, how they were measured, which noise was removed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ae_core.config import CorruptionConfig
from ae_core.metrics import shown_ratio
from ae_core.study.robustness import (
    LEVELS,
    Curve,
    RemovedNoise,
    Spread,
    Stretch,
    clipped_mean,
    find_stretches,
)
from ae_core.words.sentences import say, say_count
from pages.shared import display
from pages.shared.display import noise_words

# Measures of curves over the noise, of which this one is the share of digits that a classifier reads right.
SHARE = "share"
NOTHING = say("doing nothing")
NOBODY = say("None: doing nothing is better.")
TIED = say("The best two are alike, within 0.1 dB.")
GAINS = (
    say("No."),
    say("Yes, by less than 3 dB."),
    say("Yes, by 3 to 6 dB."),
    say("Yes, by more than 6 dB."),
)
MEASURE_WORDS = {"psnr": "PSNR", "ssim": "SSIM", SHARE: say("Share read right")}
MEASURE_AXES = {
    "psnr": say("PSNR, dB (higher is better)"),
    "ssim": say("SSIM (higher is better)"),
    SHARE: say("read right (higher is better)"),
}
PLACES = {"psnr": "{:.1f} dB", "ssim": "{:.2f}", SHARE: "{:.0%}"}
OVER_MANY = {
    "psnr": say("PSNR of the mean squared error over"),
    "ssim": say("Mean over"),
    SHARE: say("Share that a classifier reads right of"),
}
BAND = say("8 of 10 of them (10th to 90th percentile)")
BANDS = {
    SHARE: say("the share of all such digits, with a confidence of 95%, and where two overlap they are alike")
}
MORE_WORDS = {
    "ssim": f"SSIM: {display.SSIM_WORDS}",
    # Measured by tests.benchmarks.classifier_in_noise, on the 10,000 test digits.
    SHARE: say(
        "The classifier is a further network and can be wrong. It learnt from clean digits "
        "alone, so noise confuses it. One that learnt with noise at σ = 0.4 reads 98% of the "
        "digits right at that level with no network before it."
    ),
}
COMPARED = {
    1: say("better than {other} {levels}"),
    0: say("as good as {other} {levels}"),
    -1: say("worse than {other} {levels}"),
}
COMPARED_FURTHER = {1: say("better {levels}"), 0: say("as good {levels}"), -1: say("worse {levels}")}


def comparison_words(name: str, line: Curve, other: str, theirs: Curve, kind: str) -> str:
    """A sentence: at which levels one curve is better than another, as good, or worse."""
    found = find_stretches(line.levels, line.values, theirs.values)
    levels = [_levels_words(one, line.levels, kind) for one in found]
    last = COMPARED[found[0].sign].format(other=other, levels=levels[0])
    *before, last = [
        last,
        *(
            COMPARED_FURTHER[one.sign].format(levels=said)
            for one, said in zip(found[1:], levels[1:], strict=True)
        ),
    ]
    return (
        say("The **{name}** is {before} and {last}.", name=name, before=", ".join(before), last=last)
        if before
        else say("The **{name}** is {last}.", name=name, last=last)
    )


def _levels_words(one: Stretch, levels: Sequence[float], kind: str) -> str:
    first, last = (
        (
            say("**σ = {level:g}**", level=level)
            if kind == "gaussian"
            else say("**level {level:g}**", level=level)
        )
        for level in (one.first, one.last)
    )
    if (one.first, one.last) == (levels[0], levels[-1]):
        return say("at every level measured")
    if one.first == one.last:
        return say("at {first}", first=first)
    if one.first == levels[0]:
        return say("up to {last}", last=last)
    return (
        say("from {first} on", first=first)
        if one.last == levels[-1]
        else say("from {first} to {last}", first=first, last=last)
    )


def level_alike(line: Curve, other: Curve, measure: str) -> Curve:
    """`line` as it is compared with `other` in words: shares whose bands overlap count as equal."""
    if measure != SHARE:
        return line
    bands = zip(line.lows, line.highs, other.lows, other.highs, strict=True)
    alike = [low <= other_high and other_low <= high for low, high, other_low, other_high in bands]
    pairs = zip(alike, line.values, other.values, strict=True)
    return replace(line, values=tuple(theirs if same else ours for same, ours, theirs in pairs))


def describe_measure(measure: str, count: int) -> str:
    """How the curves over the noise were measured, on `count` digits, and what stands beside them."""
    return say(
        "{over_many} {count} held-back digits, measured at every {level:g}; the bands "
        "hold {bands}. A ring marks where the lines say that a network is as good as "
        "doing nothing, the input as it is. {more_words}",
        over_many=OVER_MANY[measure],
        count=count,
        level=LEVELS[1],
        bands=BANDS.get(measure, BAND),
        more_words=MORE_WORDS.get(measure, ""),
    )


def describe_removed_noise(found: RemovedNoise, noise: CorruptionConfig, count: int) -> str:
    """In words: by how much the error fell from input to output, and what clipping left of the noise."""
    if found.input_error == 0:
        return say(
            "None of the {count} held-back digits was changed by {noise}, so there is nothing to take away.",
            count=count,
            noise=noise_words(noise),
        )
    words = say(
        "Over {count} held-back digits at {noise}, the squared error per image is "
        "{input_error:.1f} in the noisy input and {output_error:.1f} in the output: "
        "**{change}**. The output's error is noise that is left and blur from the "
        "bottleneck together. ",
        count=count,
        noise=noise_words(noise),
        input_error=found.input_error,
        output_error=found.output_error,
        change=_change_words(shown_ratio(found.output_error, found.input_error)),
    )
    if noise.kind != "gaussian":
        return words + say("This kind of noise stays between black and white, so nothing is clipped.")
    return words + (
        say(
            "Clipping changed ε in **{share}** of the pixels: black cannot get darker. So "
            "the noise left on the black background is on average not 0 but "
            "**{background_mean:.2f}**: half of it is cut off, and the mean of what is left comes to "
            "{clipped_mean:.2f} by calculation.",
            share=display.share_words(found.clipped_share),
            background_mean=found.background_mean,
            clipped_mean=clipped_mean(noise.level),
        )
    )


def _change_words(ratio: float) -> str:
    """How an error compares with what it was, `ratio` times as much, in words."""
    percent = round(100 * (ratio - 1))
    if percent == 0:
        return say("about the same")
    if ratio >= 2:
        return say("{ratio:.1f} times as much", ratio=ratio)
    if percent > 0:
        return say("{percent}% more", percent=percent)
    return say("{share} less", share=display.share_words(1 - ratio))


def value_words(value: float, measure: str) -> str:
    """A value of one of MEASURE_WORDS in words, such as '21.3 dB'."""
    return PLACES[measure].format(value) if math.isfinite(value) else "perfect"


def readable_words(shares: Mapping[str, float], as_it_is: float, noise: CorruptionConfig, count: int) -> str:
    """Of how many digits a classifier reads right, after each network and as they are, and who does harm."""
    after = ", ".join(
        say("{share:.0%} after the {name}", share=share, name=name) for name, share in shares.items()
    )
    words = say(
        "**Can they still be read?** At {noise} the small classifier reads "
        "**{as_it_is:.0%}** of {count} digits right as they are, {after}.",
        noise=noise_words(noise),
        as_it_is=as_it_is,
        count=count,
        after=after,
    )
    harmful = [name for name, share in shares.items() if round(share, 2) < round(as_it_is, 2)]
    if not harmful or not noise.level:
        return words
    return say_count(
        "{words} The {harmful} makes them **harder to read**. {though}",
        "{words} The {harmful} make them **harder to read**. {though}",
        len(harmful),
        words=words,
        harmful=say(" and the ").join(harmful),
        though=say(
            "*Our explanation* where PSNR says the opposite: it counts how far every pixel is off, reading "
            "asks which digit it is, and a picture can lose its noise and its digit together."
        ),
    )


def range_words(found: Spread, places: int) -> str:
    """A figure and what 8 of 10 digits lie between: '20.7 (18.2–23.4)'; an infinite one is 'perfect'."""
    whole, low, high = (
        f"{value:.{places}f}" if math.isfinite(value) else "perfect"
        for value in (found.value, found.low, found.high)
    )
    return whole if whole == low == high else f"{whole} ({low}–{high})"
