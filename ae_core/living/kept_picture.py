"""The first picture that the lab shows, kept with it: a digit, and what a network that ships made of it.

It is on the screen before torch is there. `python -m tests.benchmarks.ship_first_picture` writes it anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ae_core.living.first_picture import Answer, FirstPicture, Shown
from ae_core.living.packing import pack_floats, read_floats

KEPT = Path(__file__).with_name("first_picture.json")


def write_picture(picture: FirstPicture, path: Path = KEPT) -> None:
    """Write a picture of one network and no noise as JSON. Raises OSError."""
    (answer,) = picture.answers
    told = {
        "digit": _pack(picture.digit),
        "network": answer.name,
        "code": pack_floats(answer.code_l),
        "rebuilt": _pack(answer.rebuilt),
        "accuracy": picture.accuracy,
    }
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def read_picture(path: Path = KEPT) -> FirstPicture:
    """What `write_picture` has written. Raises OSError without the file, ValueError where it is another."""
    text = path.read_text(encoding="utf-8")
    try:
        told = json.loads(text)
        digit = _unpack(told["digit"])
        answer = Answer(told["network"], read_floats(told["code"]), _unpack(told["rebuilt"]))
        return FirstPicture(digit, digit, [answer], False, told["accuracy"])
    except (ValueError, LookupError, TypeError) as problem:
        raise ValueError(f"{path} holds no picture. Install or copy the lab again.") from problem


def _pack(shown: Shown) -> dict[str, Any]:
    return {"pixels": pack_floats(shown.image_hw), "reads_as": shown.reads_as}


def _unpack(told: dict[str, Any]) -> Shown:
    reads_as = told["reads_as"]
    image_hw = read_floats(told["pixels"]).reshape(28, 28)
    return Shown(image_hw, None if reads_as is None else (reads_as[0], reads_as[1]))
