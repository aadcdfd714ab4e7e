"""The living picture as plain HTML: what a page shows before its script is there, and where none runs.

It asks no network: what networks made of the digit is given. So it is drawn without torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from ae_core.config import PIXELS
from ae_core.figures.png import grey_pixels, png_address
from ae_core.figures.styles import style_html
from ae_core.living.files import FOLDER
from ae_core.living.words import WORDS, classifier_words, reading_words

ABOVE, BELOW = (230, 159, 0), (0, 114, 178)
# A code of more numbers is no row of bars; half of the bars' range is one of these, times a power of ten.
MOST_BARS = 256
ROUND = (1, 2, 3, 5, 8, 10)


@dataclass(frozen=True)
class Shown:
    """A picture (28, 28), values in [0, 1].

    reads_as: a classifier's likeliest digit for it, and how likely, in [0, 1]; None without a classifier.
    """

    image_hw: np.ndarray
    reads_as: tuple[int, float] | None = None


@dataclass(frozen=True)
class Answer:
    """What a network of some name makes of a picture: its code (l,) and its reconstruction."""

    name: str
    code_l: np.ndarray
    rebuilt: Shown


@dataclass(frozen=True)
class FirstPicture:
    """A digit, what the networks see of it, and the answer of each, one or several.

    accuracy: the share of the clean test digits that the classifier reads right; None without one.
    """

    digit: Shown
    seen: Shown
    answers: Sequence[Answer]
    is_noisy: bool
    accuracy: float | None = None


def picture_html(picture: FirstPicture, *, hides_answers: bool = False) -> str:
    """The picture laid out as `picture.js` does it: of one network, or of several in rows.

    hides_answers: of several, show nothing of what comes out.
    """
    inputs = _figure("digit", WORDS["digit"], picture.digit) + _figure(
        "noisy", WORDS["noisy" if picture.is_noisy else "not_noisy"], picture.seen
    )
    if len(picture.answers) == 1:
        path, code, answer = _answer(picture.answers[0], picture.digit, WORDS, hides_answers)
        body = f'<div class="grid one">{inputs}{path}{code}{answer}</div>'
    else:
        rows = ""
        for each in picture.answers:
            path, code, answer = _answer(each, picture.digit, {**WORDS, **WORDS["several"]}, hides_answers)
            rows += (
                f'<section class="network"><h4>{escape(each.name)}</h4>{path}{code}'
                f'<div class="answer">{answer}</div></section>'
            )
        asks = " asks" if hides_answers else ""
        body = (
            f'<div class="grid several{asks}" style="--lab-networks:{len(picture.answers)}">'
            f'<div class="inputs">{inputs}</div>{rows}</div>'
        )
    note = (
        ""
        if picture.accuracy is None
        else f'<p class="reader">{escape(classifier_words(picture.accuracy), quote=False)}</p>'
    )
    return f'{style_html(FOLDER / "picture.css")}<div class="lab-living">{body}{note}</div>'


def _answer(
    answer: Answer, digit: Shown, words: Mapping[str, Any], hides_answers: bool
) -> tuple[str, str, str]:
    """The two paths, the code, and the pictures of what comes out."""
    rebuilt, difference_hw = answer.rebuilt, answer.rebuilt.image_hw - digit.image_hw
    error = float((difference_hw**2).mean()) * PIXELS
    paths = [
        f'<div class="path {name}"><div class="path-name">{escape(words[name])}</div></div>'
        for name in ("encoder", "decoder")
    ]
    strip = f'<div class="strip"><div class="path-name">{escape(words["strip"])}</div></div>'
    title = WORDS["rebuilt"] + ("" if hides_answers else f", {WORDS['error']} {error:.1f}")
    pictures = _figure("rebuilt", title, Shown(rebuilt.image_hw) if hides_answers else rebuilt) + _figure(
        "difference", WORDS["difference"], Shown(difference_hw), _two_colours
    )
    return (
        paths[0] + strip + paths[1],
        _code(answer.code_l, words["one_number" if len(answer.code_l) == 1 else "code"]),
        pictures,
    )


def _two_colours(values_hw: np.ndarray) -> np.ndarray:
    """Numbers from −1 (blue) over 0 (black) to 1 (orange) as colours (h, w, 3), as `canvas.js` has them."""
    shares = np.nan_to_num(values_hw).clip(-1, 1)[..., None]
    colours: np.ndarray = (np.abs(shares) * np.where(shares < 0, BELOW, ABOVE)).round().astype(np.uint8)
    return colours


def _figure(
    name: str, words: str, shown: Shown, colours: Callable[[np.ndarray], np.ndarray] = grey_pixels
) -> str:
    reading = reading_words(*shown.reads_as) if shown.reads_as else ""
    return (
        f'<figure class="{name}"><figcaption>{escape(words)}</figcaption>'
        f'<img src="{png_address(colours(shown.image_hw))}" alt="{escape(words)}">'
        f'<div class="reading">{escape(reading)}</div></figure>'
    )


def _code(code_l: np.ndarray, words: str) -> str:
    title = f'<div class="code-line"><span>{escape(words.format(n=len(code_l)))}</span></div>'
    if len(code_l) > MOST_BARS:
        return f'<div class="code">{title}</div>'
    limit = _bars_limit(float(np.abs(code_l).max()))
    bars = "".join(_bar(value, value / limit) for value in code_l.tolist())
    return f'<div class="code">{title}<div class="bars" style="--lab-count:{len(code_l)}">{bars}</div></div>'


def _bars_limit(most: float) -> float:
    """Half of the bars' range where the farthest number is so far from 0, as `code_bars.js` has it."""
    if 1 / 6 <= most <= 1 or not math.isfinite(most):
        return 1.0
    power = 10.0 ** math.floor(math.log10(max(1.2 * most, 1e-3)))
    return next((limit * power for limit in ROUND if limit * power >= 1.2 * most), ROUND[-1] * power)


def _bar(value: float, share: float) -> str:
    side = "below" if share < 0 else "above"
    size = 0.0 if math.isnan(share) else 100 * min(abs(share), 1)
    return (
        f'<div class="bar"><div class="well"><i class="{side}" style="background-size:100% {size:.1f}%"></i>'
        f"</div><span>{_short_number(value)}</span></div>"
    )


def _short_number(value: float) -> str:
    """Short enough to stand below a bar."""
    if 999.5 <= abs(value) < math.inf:
        mantissa, power = f"{value:.0e}".replace("-", "−").split("e")
        return f"{mantissa}e{power.lstrip('+0')}"
    text = f"{value:.{1 if abs(value) < 9.95 else 0}f}".replace("-", "−")
    return text.removeprefix("−") if text in ("−0", "−0.0") else text
