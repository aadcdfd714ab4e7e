"""What is said of noise and networks: where curves cross, how they were measured, which noise was removed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ae_core.config import CorruptionConfig
from ae_core.study.robustness import LEVELS, Curve, RemovedNoise, Stretch, clipped_mean, find_stretches
from pages.shared import display
from pages.shared.display import noise_words

# Measures of curves over the noise, of which this one is the share of digits that a classifier reads right.
SHARE = "share"
MEASURE_WORDS = {"psnr": "PSNR", "ssim": "SSIM", SHARE: "Share read right"}
MEASURE_AXES = {
    "psnr": "PSNR, dB (higher is better)",
    "ssim": "SSIM (higher is better)",
    SHARE: "read right (higher is better)",
}
PLACES = {"psnr": "{:.1f} dB", "ssim": "{:.2f}", SHARE: "{:.0%}"}
OVER_MANY = {
    "psnr": "PSNR of the mean squared error over",
    "ssim": "Mean over",
    SHARE: "Share that a classifier reads right of",
}
BAND = "8 of 10 of them (10th to 90th percentile)"
BANDS = {
    SHARE: "the share of all such digits, with a confidence of 95%, and where two overlap they are alike"
}
MORE_WORDS = {
    "ssim": f"SSIM: {display.SSIM_WORDS}",
    # Measured by tests.benchmarks.classifier_in_noise, on the 10,000 test digits.
    SHARE: "The classifier is a further network and can be wrong. It learnt from clean digits alone, so "
    "noise confuses it. One that learnt with noise at σ = 0.4 reads 98% of the digits right at that level "
    "with no network before it.",
}
SIGNS = {1: ("better", "than"), 0: ("as good", "as"), -1: ("worse", "than")}


def comparison_words(name: str, line: Curve, other: str, theirs: Curve, kind: str) -> str:
    """A sentence: at which levels one curve is better than another, as good, or worse."""
    found = find_stretches(line.levels, line.values, theirs.values)
    adjective, than = SIGNS[found[0].sign]
    parts = [f"{adjective} {than} {other} {_levels_words(found[0], line.levels, kind)}"]
    parts += [f"{SIGNS[one.sign][0]} {_levels_words(one, line.levels, kind)}" for one in found[1:]]
    *before, last = parts
    return f"The **{name}** is {', '.join(before)} and {last}." if before else f"The **{name}** is {last}."


def _levels_words(one: Stretch, levels: Sequence[float], kind: str) -> str:
    first, last = (
        f"**{'σ =' if kind == 'gaussian' else 'level'} {level:g}**" for level in (one.first, one.last)
    )
    if (one.first, one.last) == (levels[0], levels[-1]):
        return "at every level measured"
    if one.first == one.last:
        return f"at {first}"
    if one.first == levels[0]:
        return f"up to {last}"
    return f"from {first} on" if one.last == levels[-1] else f"from {first} to {last}"


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
    return (
        f"{OVER_MANY[measure]} {count} held-back digits, measured at every {LEVELS[1]:g}; the bands hold "
        f"{BANDS.get(measure, BAND)}. A ring marks where the lines say that a network is as good as doing "
        f"nothing, the input as it is. {MORE_WORDS.get(measure, '')}"
    )


def describe_removed_noise(found: RemovedNoise, noise: CorruptionConfig, count: int) -> str:
    """In words: by how much the error fell from input to output, and what clipping left of the noise."""
    if found.input_error == 0:
        return (
            f"None of the {count} held-back digits was changed by {noise_words(noise)}, so there is nothing "
            "to take away."
        )
    words = (
        f"Over {count} held-back digits at {noise_words(noise)}, the squared error per image is "
        f"{found.input_error:.1f} in the noisy input and {found.output_error:.1f} in the output: "
        f"**{_change_words(found.output_error / found.input_error)}**. The output's error is noise that is "
        "left and blur from the bottleneck together. "
    )
    if noise.kind != "gaussian":
        return words + "This kind of noise stays between black and white, so nothing is clipped."
    return words + (
        f"Clipping changed ε in **{display.share_words(found.clipped_share)}** of the pixels: black cannot "
        "get darker. So the noise left on the black background is on average not 0 but "
        f"**{found.background_mean:.2f}**. Theory says {clipped_mean(noise.level):.2f}: the mean of "
        "min(1, max(0, σu)), u standard normal, is σ/√(2π) · (1 − exp(−1/(2σ²))) + P(σu > 1)."
    )


def _change_words(ratio: float) -> str:
    """How an error compares with what it was, `ratio` times as much, in words."""
    percent = round(100 * (ratio - 1))
    if percent == 0:
        return "about the same"
    if ratio >= 2:
        return f"{ratio:.1f} times as much"
    if percent > 0:
        return f"{percent}% more"
    return f"{display.share_words(1 - ratio)} less"


def value_words(value: float, measure: str) -> str:
    """A value of one of MEASURE_WORDS in words, such as '21.3 dB'."""
    return PLACES[measure].format(value) if math.isfinite(value) else "perfect"


def readable_words(shares: Mapping[str, float], as_it_is: float, noise: CorruptionConfig, count: int) -> str:
    """Of how many digits a classifier reads right, after each network and as they are, and who does harm."""
    after = ", ".join(f"{share:.0%} after the {name}" for name, share in shares.items())
    words = (
        f"**Can they still be read?** At {noise_words(noise)} the small classifier reads "
        f"**{as_it_is:.0%}** of {count} digits right as they are, {after}."
    )
    harmful = [name for name, share in shares.items() if round(share, 2) < round(as_it_is, 2)]
    if not harmful or not noise.level:
        return words
    return f"{words} The {' and the '.join(harmful)} make{'s' * (len(harmful) == 1)} them **harder to read**."
