"""The living picture as plain HTML: what a page shows before its script is there, and where none runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from torch import Tensor

from ae_core.config import PIXELS
from ae_core.figures.png import grey_pixels, png_address
from ae_core.figures.styles import style_html
from ae_core.living.files import FOLDER
from ae_core.living.words import WORDS, classifier_words, reading_words
from ae_core.metrics import mse
from ae_core.study.classifier import Classifier, classify

ABOVE, BELOW = (230, 159, 0), (0, 114, 178)
# A code of more numbers is no row of bars.
MOST_BARS = 256


@dataclass(frozen=True)
class Answer:
    """What a network of some name makes of a picture: its code (l,) and its reconstruction (28, 28)."""

    name: str
    code_l: Tensor
    rebuilt_hw: Tensor


def picture_html(
    digit_hw: Tensor,
    seen_hw: Tensor,
    answers: Sequence[Answer],
    *,
    is_noisy: bool,
    classifier: Classifier | None = None,
    hides_answers: bool = False,
) -> str:
    """The digit (28, 28), what the networks see of it, and their answers, laid out as `picture.js` does.

    answers: of one network, or of several in rows. classifier: says below each what it reads as, if there is
    one. hides_answers: of several, show
    nothing of what comes out.
    """
    read = _reader(classifier)
    inputs = [
        _figure("digit", WORDS["digit"], digit_hw, reading=read(digit_hw)),
        _figure("noisy", WORDS["noisy" if is_noisy else "not_noisy"], seen_hw, reading=read(seen_hw)),
    ]
    if len(answers) == 1:
        path, code, pictures = _answer(answers[0], digit_hw, WORDS, read, hides_answers)
        body = f'<div class="grid one">{"".join(inputs)}{path}{code}{pictures}</div>'
    else:
        rows = ""
        for answer in answers:
            path, code, pictures = _answer(
                answer, digit_hw, {**WORDS, **WORDS["several"]}, read, hides_answers
            )
            rows += (
                f'<section class="network"><h4>{escape(answer.name)}</h4>{path}{code}'
                f'<div class="answer">{pictures}</div></section>'
            )
        asks = " asks" if hides_answers else ""
        body = (
            f'<div class="grid several{asks}" style="--lab-networks:{len(answers)}"><div class="inputs">'
            f"{''.join(inputs)}</div>{rows}</div>"
        )
    note = (
        f'<p class="reader">{escape(classifier_words(classifier.accuracy), quote=False)}</p>'
        if classifier
        else ""
    )
    return f'{style_html(FOLDER / "picture.css")}<div class="lab-living">{body}{note}</div>'


def _reader(classifier: Classifier | None) -> Callable[[Tensor], str]:
    """A function from a picture (28, 28) to what it reads as, in words; to nothing without a classifier."""

    def read(image_hw: Tensor) -> str:
        return reading_words(classify(classifier.layers, image_hw[None])[0]) if classifier else ""

    return read


def _answer(
    answer: Answer,
    digit_hw: Tensor,
    words: Mapping[str, Any],
    read: Callable[[Tensor], str],
    hides_answers: bool,
) -> tuple[str, str, str]:
    """The two paths, the code, and the pictures of what comes out."""
    error = float(mse(answer.rebuilt_hw[None], digit_hw[None])[0]) * PIXELS
    paths = [
        f'<div class="path {name}"><div class="path-name">{escape(words[name])}</div></div>'
        for name in ("encoder", "decoder")
    ]
    title = WORDS["rebuilt"] + ("" if hides_answers else f", {WORDS['error']} {error:.1f}")
    reading = "" if hides_answers else read(answer.rebuilt_hw)
    rebuilt = _figure("rebuilt", title, answer.rebuilt_hw, reading=reading)
    off = _figure("difference", WORDS["difference"], answer.rebuilt_hw - digit_hw, _two_colours)
    strip = f'<div class="strip"><div class="path-name">{escape(words["strip"])}</div></div>'
    return (
        paths[0] + strip + paths[1],
        _code(answer.code_l, words["one_number" if len(answer.code_l) == 1 else "code"]),
        rebuilt + off,
    )


def _two_colours(values_hw: Tensor) -> np.ndarray:
    """Numbers from −1 (blue) over 0 (black) to 1 (orange) as colours (h, w, 3), as `canvas.js` has them."""
    shares = values_hw.clamp(-1, 1).numpy()[..., None]
    colours: np.ndarray = (np.abs(shares) * np.where(shares < 0, BELOW, ABOVE)).round().astype(np.uint8)
    return colours


def _figure(
    name: str,
    words: str,
    image_hw: Tensor,
    colours: Callable[[Tensor], np.ndarray] = grey_pixels,
    reading: str = "",
) -> str:
    return (
        f'<figure class="{name}"><figcaption>{escape(words)}</figcaption>'
        f'<img src="{png_address(colours(image_hw))}" alt="{escape(words)}">'
        f'<div class="reading">{escape(reading)}</div></figure>'
    )


def _code(code_l: Tensor, words: str) -> str:
    title = f'<div class="code-line"><span>{escape(words.format(n=len(code_l)))}</span></div>'
    if len(code_l) > MOST_BARS:
        return f'<div class="code">{title}</div>'
    limit = 1.2 * max(float(code_l.abs().max()), 1e-3)
    bars = "".join(_bar(value, value / limit) for value in code_l.tolist())
    return f'<div class="code">{title}<div class="bars" style="--lab-count:{len(code_l)}">{bars}</div></div>'


def _bar(value: float, share: float) -> str:
    top, side = (50 - 50 * share, "above") if share > 0 else (50, "below")
    digits = 1 if abs(value) < 9.95 else 0
    return (
        f'<div class="bar"><div class="well"><i class="{side}" style="top:{top:.0f}%;'
        f'height:{50 * abs(share):.0f}%"></i></div><span>{value:.{digits}f}</span></div>'
    )
