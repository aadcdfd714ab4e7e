"""What is written in a living picture, on a page and in a file that is taken along."""

from __future__ import annotations

from typing import Any

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
        "patch": "patch below the filter",
        "filter": "filter",
        "sum": "sum",
        "bias": "bias",
        "weights": "this number’s weights, one for each pixel",
        "kinds": {"linear": "fully connected", "convolution": "convolution"},
    },
}
