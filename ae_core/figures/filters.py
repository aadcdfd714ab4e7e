"""One filter at one place: the digit with a frame, patch times weights, and the map with its number."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

from torch import Tensor
from torch.nn import functional as F

from ae_core.figures.base import BLUE, ORANGE
from ae_core.figures.png import grey_pixels, png_address
from ae_core.figures.styles import style_html
from ae_core.study.filters import Product
from ae_core.words.sentences import say

STYLE = Path(__file__).with_suffix(".css")
# The most opaque that a colour gets below a number that is to be read.
DENSE = 0.6
Look = Callable[[float], str]


def product_html(image_hw: Tensor, found: Product) -> str:
    """The picture (h, w) in its border of zeros and the map, each with a frame at the place; the product."""
    kernel, border = len(found.weights_kk), found.padding
    height, width = found.map_hw.shape
    low, high = float(found.map_hw.min()), float(found.map_hw.max())
    greys_hw = (found.map_hw - low) / ((high - low) or 1.0)
    most = float(found.weights_kk.abs().max()) or 1.0
    products = found.products_kk
    most_product = float(products.abs().max()) or 1.0
    framed = _framed_html(
        F.pad(image_hw, (border,) * 4),
        say("the digit, a border of {border} zeros around it", border=border),
        found.top + border,
        found.left + border,
        kernel,
        border,
    )
    made = _framed_html(
        greys_hw,
        say("the filter's map, {height} × {width}", height=height, width=width),
        found.y,
        found.x,
        1,
    )
    tables = "".join(
        [
            _numbers_html(found.patch_kk, say("pixels"), _grey),
            "<b>×</b>",
            _numbers_html(
                found.weights_kk,
                say("the filter's weights: orange above 0, blue below"),
                _two_colours(most),
            ),
            "<b>=</b>",
            _numbers_html(
                products,
                say("products, each rounded: {total} in all", total=number_words(float(products.sum()))),
                _two_colours(most_product),
            ),
        ]
    )
    pictures = f"<div>{framed}<b>→</b>{made}</div>"
    return f'{style_html(STYLE)}<div class="lab-product">{pictures}<div>{tables}</div></div>'


def number_words(value: float) -> str:
    """A number with two decimal places and a true minus sign."""
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")


def _framed_html(image_hw: Tensor, words: str, top: int, left: int, size: int, border: int = 0) -> str:
    """A picture with a frame of size × size at a place, and a line within its border where it has one."""
    height, width = image_hw.shape
    place = (
        f"top:{100 * top / height:.2f}%;left:{100 * left / width:.2f}%;"
        f"height:{100 * size / height:.2f}%;width:{100 * size / width:.2f}%"
    )
    edge = f'<u style="inset:{100 * border / height:.2f}% {100 * border / width:.2f}%"></u>' if border else ""
    picture = f'<img src="{png_address(grey_pixels(image_hw))}" alt="{escape(words)}">'
    return (
        f'<figure><span class="lab-framed">{picture}{edge}<i style="{place}"></i></span>'
        f"<figcaption>{escape(words)}</figcaption></figure>"
    )


def _numbers_html(numbers_kk: Tensor, words: str, look: Look) -> str:
    rows = "".join(
        "<tr>" + "".join(f'<td style="{look(one)}">{number_words(one)}</td>' for one in row) + "</tr>"
        for row in numbers_kk.tolist()
    )
    return f"<figure><table>{rows}</table><figcaption>{escape(words)}</figcaption></figure>"


def _grey(value: float) -> str:
    grey = round(255 * min(max(value, 0.0), 1.0))
    return f"background:rgb({grey},{grey},{grey});color:{'#000' if grey > 115 else '#fff'}"


def _two_colours(most: float) -> Look:
    def look(value: float) -> str:
        opacity = round(255 * DENSE * abs(value) / most)
        return f"background:{ORANGE if value > 0 else BLUE}{opacity:02x}"

    return look
