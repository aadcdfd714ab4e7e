"""What lies on a visitor's tray, and that as a text for the browser to keep, which a stranger may write."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ae_core.figures.png import grey_pixels
from ae_core.pictures.preparation import THRESHOLDS, Step, Wishes

# Top, left, bottom and right, as shares of a picture's height and width.
Share4 = tuple[float, float, float, float]
SIDE = 28
MOST_KEPT, MOST_NUMBER = 60, 1_000_000
# Words of the lab's own: no mark that Markdown heeds.
DOUBT = re.compile(r"[\w ,.;:’“”'%()–-]{0,300}")


AS_USUAL = Wishes()


@dataclass(frozen=True, eq=False)
class TrayDigit:
    """One digit of a tray.

    number: tells it from all others of the session. digit_hw: (28, 28) float32, each value a whole number of
    255ths. picture: number of the picture that it was cut out of; box_4: where on it. wishes: how it was
    prepared. doubt: empty, or why it may be no digit. is_moved: whether its box was put there by hand.
    is_drawn: whether it was drawn on the board. steps: the way to it, with small pictures; empty where nobody
    noted it.
    """

    number: int
    digit_hw: Tensor
    picture: int | None = None
    box_4: Share4 = (0.0, 0.0, 1.0, 1.0)
    wishes: Wishes = AS_USUAL
    doubt: str = ""
    is_moved: bool = False
    is_drawn: bool = False
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, eq=False)
class Tray:
    """A visitor's digits in their order.

    chosen: number of the one that is worked with. newest: the largest number given so far. board: number of
    the drawing board whose drawing has not been given a place of its own yet.
    """

    digits: tuple[TrayDigit, ...] = ()
    chosen: int | None = None
    newest: int = 0
    board: int = 0


def encode_tray(tray: Tray, *, is_shown: bool) -> str:
    """JSON of the tray, without the steps, and whether the lessons show it, for `decode_tray`."""
    told = {
        "digits": [_encode_digit(digit) for digit in tray.digits],
        "chosen": tray.chosen,
        "newest": tray.newest,
        "shown": is_shown,
    }
    return json.dumps(told, separators=(",", ":"))


def decode_tray(text: str) -> tuple[Tray, bool] | None:
    """The tray, of one digit at least, and whether it is shown; None from a text of no `encode_tray`."""
    try:
        found = json.loads(text)
        digits = tuple(_decode_digit(each) for each in found["digits"])
        chosen, newest, is_shown = found["chosen"], found["newest"], found["shown"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    numbers = [digit.number for digit in digits]
    if not 0 < len(set(numbers)) == len(numbers) <= MOST_KEPT or not isinstance(is_shown, bool):
        return None
    if not _is_number(newest) or chosen not in numbers or isinstance(chosen, bool) or max(numbers) > newest:
        return None
    return Tray(digits, chosen, newest), is_shown


def _encode_digit(digit: TrayDigit) -> dict[str, object]:
    wishes = digit.wishes
    return {
        "number": digit.number,
        "greys": base64.b64encode(grey_pixels(digit.digit_hw).tobytes()).decode(),
        "picture": digit.picture,
        "box": [round(share, 5) for share in digit.box_4],
        "wishes": [wishes.flip, wishes.threshold, wishes.quarter_turns, wishes.prepare],
        "doubt": digit.doubt,
        "how": [digit.is_moved, digit.is_drawn],
    }


def _decode_digit(found: Mapping[str, object]) -> TrayDigit:
    """The digit that `_encode_digit` has told; ValueError, TypeError or KeyError from whatever else."""
    number, picture, doubt, how = (found[name] for name in ("number", "picture", "doubt", "how"))
    if not _is_number(number) or not (picture is None or _is_number(picture)):
        raise ValueError
    if not isinstance(doubt, str) or not DOUBT.fullmatch(doubt):
        raise ValueError
    if not isinstance(how, list) or len(how) != 2 or not all(isinstance(each, bool) for each in how):
        raise ValueError
    box = _read_shares(found["box"])
    wishes = _read_wishes(found["wishes"])
    digit_hw = decode_greys(found["greys"])
    return TrayDigit(int(str(number)), digit_hw, _or_none(picture), box, wishes, doubt, *how)


def decode_greys(text: object) -> Tensor:
    """A digit (28, 28) in [0, 1] from its 784 greys in base64. ValueError from whatever else."""
    if not isinstance(text, str):
        raise ValueError
    greys = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    return torch.from_numpy(greys.reshape(SIDE, SIDE).astype(np.float32) / 255)


def read_box(found: object) -> Share4 | None:
    """A box as a browser tells it: four shares. None from whatever else it is."""
    try:
        return _read_shares(found)
    except ValueError:
        return None


def _read_shares(found: object) -> Share4:
    if not isinstance(found, list) or len(found) != 4:
        raise ValueError
    if not all(_is_between(share, 0, 1) for share in found) or found[0] >= found[2] or found[1] >= found[3]:
        raise ValueError
    top, left, bottom, right = map(float, found)
    return top, left, bottom, right


def _read_wishes(found: object) -> Wishes:
    if not isinstance(found, list) or len(found) != 4:
        raise ValueError
    flip, threshold, turns, prepare = found
    if not isinstance(flip, bool) or not isinstance(prepare, bool) or not _is_between(threshold, *THRESHOLDS):
        raise ValueError
    if not _is_number(turns) or turns > 3:
        raise ValueError
    return Wishes(flip, float(threshold), turns, prepare)


def _is_number(found: object) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= MOST_NUMBER


def _is_between(found: object, low: float, high: float) -> bool:
    if not isinstance(found, int | float) or isinstance(found, bool):
        return False
    return math.isfinite(found) and low <= found <= high


def _or_none(found: object) -> int | None:
    return found if isinstance(found, int) else None
