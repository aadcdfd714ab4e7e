"""What is written in a living picture, on a page and in a file that is taken along."""

from __future__ import annotations

import math
from typing import Any

from ae_core.words.sentences import say

WORDS: dict[str, Any] = {
    "digit": say("digit x: paint on it"),
    "noisy": say("noisy input x + ε"),
    "not_noisy": say("input x, no noise"),
    "encoder": say("encoder E"),
    "decoder": say("decoder D"),
    "strip": say("code z"),
    "bottleneck": say("the code, to the scale of the stages beside it"),
    "rebuilt": say("rebuilt x̃"),
    "error": say("error"),
    "read_as": say("read as {digit}, {share}"),
    "difference": say("difference x̃ − x"),
    "derivative": say("number {i} changes"),
    "code": say("Code z, {n} numbers: pull them up or down"),
    "one_number": say("Code z, 1 number: pull it up or down"),
    "pulled": say("The decoder draws from the code alone."),
    "put_back": say("Back to the digit’s own code"),
    "cannot_draw": say("This browser cannot draw the picture anew: {problem}"),
    "rub": say("Rub out"),
    "restore": say("Restore"),
    "largest": say("Farthest from 0 in the code:"),
    "number_is": say("number {i} is {v}"),
    "bars": {
        "number": say("Number {i} of {n}"),
        "numbers": say("The code, {n} numbers. Arrows up and down change one, left and right go to another."),
    },
    "several": {
        "code": say("Code z, {n} numbers"),
        "one_number": say("Code z, 1 number"),
        "put_back": say("Back"),
    },
    "lens": {
        "map": say("map {i} of {n}"),
        "all_numbers": say("all of its numbers"),
        "patch": say("the patch at the mark"),
        "filter": say("filter"),
        "sum": say("products, added up"),
        "bias": say("with the bias"),
        "activated": say("after the activation"),
        "weights": say("this number’s weights, one for each pixel"),
        "kinds": {"linear": say("fully connected"), "convolution": say("convolution")},
    },
}


def reading_words(digit: int, probability: float) -> str:
    """What a picture reads as, such as 'read as 7, 98%': a classifier's likeliest digit, and how likely.

    In the words of `reader.js`.
    """
    words: str = WORDS["read_as"]
    return words.format(digit=digit, share=_share_words(probability))


def _share_words(share: float) -> str:
    return ">99%" if share >= 0.995 else f"{math.floor(100 * share + 0.5)}%"


def classifier_words(accuracy: float) -> str:
    """Who reads, and how often rightly; accuracy: its share of the clean test digits, in [0, 1]."""
    return say(
        "“Read as” is what a classifier says: a further small network, which learnt from "
        "clean digits. It reads {percent:.1f}% of the clean test digits right, and can "
        "be wrong, most of all in noise.",
        percent=100 * accuracy,
    )
