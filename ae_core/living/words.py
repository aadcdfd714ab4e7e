"""What is written in a living picture, on a page and in a file that is taken along."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

WORDS: dict[str, Any] = {
    "digit": "digit x: paint on it",
    "noisy": "noisy input x + ε",
    "not_noisy": "input x, no noise",
    "encoder": "encoder E",
    "decoder": "decoder D",
    "strip": "code z",
    "bottleneck": "the code, to the scale of the stages beside it",
    "rebuilt": "rebuilt x̃",
    "error": "error",
    "read_as": "read as {digit}, {share}",
    "difference": "difference x̃ − x",
    "derivative": "what number {i} changes",
    "code": "Code z, {n} numbers: pull them up or down",
    "one_number": "Code z, 1 number: pull it up or down",
    "pulled": "The decoder draws from the code alone.",
    "put_back": "Back to the digit’s own code",
    "rub": "Rub out",
    "restore": "Restore",
    "largest": "Farthest from 0 in the code:",
    "number_is": "number {i} is {v}",
    "bars": {
        "number": "Number {i} of {n}",
        "numbers": "The code, {n} numbers. Arrows up and down change one, left and right go to another.",
    },
    "several": {"code": "Code z, {n} numbers", "one_number": "Code z, 1 number", "put_back": "Back"},
    "lens": {
        "map": "map {i} of {n}",
        "all_numbers": "all of its numbers",
        "patch": "the patch at the mark",
        "filter": "filter",
        "sum": "products, added up",
        "bias": "with the bias",
        "activated": "after the activation",
        "weights": "this number’s weights, one for each pixel",
        "kinds": {"linear": "fully connected", "convolution": "convolution"},
    },
}


def reading_words(probabilities_k: Tensor) -> str:
    """What a picture reads as, such as 'read as 7, 98%', from a classifier's ten probabilities (10,).

    In the words of `reader.js`.
    """
    share, digit = (float(value) for value in probabilities_k.max(0))
    words: str = WORDS["read_as"]
    return words.format(digit=int(digit), share=_share_words(share))


def _share_words(share: float) -> str:
    return ">99%" if share >= 0.995 else f"{math.floor(100 * share + 0.5)}%"


def classifier_words(accuracy: float) -> str:
    """Who reads, and how often rightly; accuracy: its share of the clean test digits, in [0, 1]."""
    return (
        "“Read as” is what a classifier says: a further small network, which learnt from clean digits. It "
        f"reads {100 * accuracy:.1f}% of the clean test digits right, and can be wrong, most of all in noise."
    )
