"""Networks as pictures: layers to scale, what filters make of a digit, errors against the code's size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

import numpy as np
import plotly.graph_objects as go
import torch
from torch import Tensor
from torch.nn import functional as F

from ae_core.config import PIXELS
from ae_core.figures.base import BLUE, FONT, GREEN, ORANGE, png
from ae_core.figures.png import grey_pixels, png_address
from ae_core.figures.styles import style_html
from ae_core.models import Stage
from ae_core.words.sentences import say, say_count

STYLE = Path(__file__).with_suffix(".css")
# CSS pixels.
PIXEL = 4
PLATE = 1.5
LONGEST_BAR = 196
MAPS_IN_A_ROW = 8
# Numbers of a flat layer for which one line stands.
LINE_EVERY = 40
SEEN = say("What the network sees")
MAP_GAP = 1
SIZES_HEIGHT = 340
SIZE_TICKS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
ERROR_TICKS = (1, 2, 3, 5, 10, 20, 30, 50)

PARTS = {
    "encoder": (say("Encoder E"), BLUE, "solid"),
    "code": (say("Code z"), GREEN, "dotted"),
    "decoder": (say("Decoder D"), ORANGE, "dashed"),
}


@dataclass(frozen=True)
class Measured:
    """A finished network as a point: code size, squared error per image, digits it learnt from.

    The error is that on held-back digits.
    """

    family: str
    latent_size: int
    error: float
    learnt_from: int
    words: str


def network_html(stages: Sequence[Stage]) -> str:
    """The layers to scale, as HTML: side by side, or one below the other on a phone.

    Pictures are squares of their height and width, with a plate for each channel. A flat layer between
    pictures has as many dots as numbers, each as large as a pixel; where all layers are flat, each is a bar
    as long as it has numbers, and lines between bars stand for what is connected: a line for LINE_EVERY
    numbers on either side.
    """
    flat = all(len(stage.shape) == 1 for stage in stages[1:-1])
    longest = max(_numbers(stage) for stage in stages)
    before = dict(zip(stages[1:], stages, strict=False))
    sections = []
    for part, group in groupby(stages, key=lambda stage: "encoder" if stage.part == "input" else stage.part):
        name, colour, line = PARTS[part]
        drawn = [
            _stage_html(
                stage,
                colour,
                LONGEST_BAR * _numbers(stage) / longest if flat else None,
                _links_html(before[stage], stage, longest) if flat and stage in before else "",
            )
            for stage in group
        ]
        header = f'<header style="border-top:4px {line} {colour}">{escape(name)}</header>'
        sections.append(f'<section style="flex:{len(drawn)}">{header}<div>{"".join(drawn)}</div></section>')
    room = LONGEST_BAR if flat else max(_height(stage) for stage in stages)
    return (
        f'{style_html(STYLE)}<div class="lab-net" style="--lab-tallest:{room:.0f}">{"".join(sections)}</div>'
    )


def network_words(stages: Sequence[Stage]) -> str:
    """The network's size in one line of Markdown; in another what its sub-pixel convolutions do, if any."""
    code = next(_numbers(stage) for stage in stages if stage.part == "code")
    total = sum(stage.parameters for stage in stages)
    size = say(
        "**{total:,} parameters** in total. Code / input: {code:,} / {pixels} = **{share:.1%}**",
        total=total,
        code=code,
        pixels=PIXELS,
        share=code / PIXELS,
    )
    larger = [stage for stage in stages if stage.factor > 1]
    if not larger:
        return size
    factor, heights = larger[0].factor, [stage.shape[1] for stage in larger]
    shuffled = say(
        "The decoder's **sub-pixel convolution** undoes the stride: it makes {count} numbers at each place, "
        "and each of them becomes one pixel of a {factor} × {factor} block: {path} pixels.",
        count=factor**2,
        factor=factor,
        path=" → ".join(f"{height}" for height in [heights[0] // factor, *heights]),
    )
    return f"{shuffled}\n\n{size}"


def _numbers(stage: Stage) -> int:
    return int(torch.Size(stage.shape).numel())


def _height(stage: Stage) -> float:
    """In CSS pixels, of a picture with its plates."""
    channels, height, _ = stage.shape if len(stage.shape) == 3 else (1, min(stage.shape[0], 28), 1)
    return PIXEL * height + PLATE * (channels - 1)


def _links_html(one: Stage, other: Stage, longest: int) -> str:
    """Lines from the bar of one flat layer to the next one's, over the room between their middles."""
    heights = [_line_ends(_numbers(stage), longest) for stage in (one, other)]
    path = " ".join(f"M0 {start:.1f}L100 {end:.1f}" for start in heights[0] for end in heights[1])
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 {LONGEST_BAR}" preserveAspectRatio="none">'
        f'<path d="{path}" stroke="#888" stroke-width="0.7" vector-effect="non-scaling-stroke"/></svg>'
    )
    return f'<img alt="" src="data:image/svg+xml,{quote(drawn)}">'


def _line_ends(numbers: int, longest: int) -> list[float]:
    """Heights, evenly over the bar of so many numbers, at which lines begin or end."""
    count, length = max(2, round(numbers / LINE_EVERY)), LONGEST_BAR * numbers / longest
    return [LONGEST_BAR / 2 + length * ((i + 0.5) / count - 0.5) for i in range(count)]


def _stage_html(stage: Stage, colour: str, bar: float | None, links: str) -> str:
    if bar is not None:
        drawing = links + f'<i class="lab-bar" style="--lab-length:{bar:.1f};background:{colour}"></i>'
    elif len(stage.shape) == 1:
        drawing = _dots_html(stage.shape[0], colour)
    else:
        drawing = _plates_html(stage.shape, colour)
    lines = [f"<b>{_shape_words(stage, flat=bar is not None)}</b>", escape(stage.layer)]
    if stage.filters:
        lines.append(escape(stage.filters))
    if stage.parameters:
        lines.append(say("{parameters:,} parameters", parameters=stage.parameters))
    caption = "<br>".join(lines)
    return f'<figure><span aria-hidden="true">{drawing}</span><figcaption>{caption}</figcaption></figure>'


def _shape_words(stage: Stage, *, flat: bool) -> str:
    if flat or len(stage.shape) == 1:
        return say_count("{count:,} number", "{count:,} numbers", _numbers(stage))
    channels, height, width = stage.shape
    return f"{height} × {width}" + (say(", {channels} channels", channels=channels) if channels > 1 else "")


def _dots_html(count: int, colour: str) -> str:
    rows = min(count, 28)
    columns = -(-count // rows)
    return f'<i style="width:{PIXEL * columns}px;height:{PIXEL * rows}px;background:{colour}"></i>'


def _plates_html(shape: tuple[int, ...], colour: str) -> str:
    """A plate for each channel, the first in front, each of the others a little further back."""
    channels, height, width = shape
    depth = PLATE * (channels - 1)
    shadows = []
    for i in range(1, channels):
        at = f"{PLATE * i}px {-PLATE * i}px 0"
        shadows += [f"{at} -0.5px {colour}", f"{at} 0 #fff"]
    return (
        f'<i style="width:{PIXEL * width}px;height:{PIXEL * height}px;background:{colour};'
        "border:1px solid #fff;"
        f'box-shadow:{",".join(shadows) or "none"};margin:{depth}px {depth}px 0 0"></i>'
    )


def feature_maps_html(image_hw: Tensor, maps: Sequence[tuple[Stage, Tensor]]) -> str:
    """The picture (28, 28), and beside it its maps at each stage, eight in a row.

    Encoder and decoder stand beside each other where there is room, stages of one size at one height: down on
    the left, up on the right (`.lab-maps` of the page's style). A line above each stage says what black and
    white mean there.
    """
    paths: dict[str, list[str]] = {"encoder": [], "decoder": []}
    for stage, maps_chw in maps:
        path = PARTS[stage.part][0]
        low, high = float(maps_chw.min()), float(maps_chw.max())
        channels, height, width = maps_chw.shape
        words = say(
            "{path}: {channels} maps of {height} × {width}, black {low:.2f} to white {high:.2f}",
            path=path,
            channels=channels,
            height=height,
            width=width,
            low=low,
            high=high,
        )
        paths[stage.part].append(
            f'<div><span style="font-size:{FONT / 17:.2f}rem;line-height:1.4">{escape(words)}</span>'
            f'<img src="{png_address(_grid(maps_chw))}" alt="{escape(words)}" '
            'style="width:100%;image-rendering:pixelated"></div>'
        )
    style = f"width:{PIXEL * 28}px;image-rendering:pixelated"
    seen = f'<img src="{png(image_hw[None])}" alt="{escape(SEEN)}" style="{style}">'
    stages = "".join(f'<div class="{part}">{"".join(drawn)}</div>' for part, drawn in paths.items() if drawn)
    return (
        f'<div class="lab-maps"><figure style="margin:0;max-width:{PIXEL * 28}px">{seen}'
        f'<figcaption style="font-size:{FONT / 17:.2f}rem">{escape(SEEN)}</figcaption></figure>'
        f"{stages}</div>"
    )


def _grid(maps_chw: Tensor) -> np.ndarray:
    """Maps in rows of eight as grey and opacity (height, width, 2), 0 to 255, with clear gaps.

    All maps are on one scale.
    """
    low, high = maps_chw.min(), maps_chw.max()
    greys_chw = (maps_chw - low) / (high - low).clamp(min=torch.finfo(torch.float32).tiny)
    tiles_chw2 = F.pad(
        torch.stack([greys_chw, torch.ones_like(greys_chw)], -1), (0, 0, 0, MAP_GAP, 0, MAP_GAP)
    )
    rows = [torch.cat(list(row_chw2), dim=1) for row_chw2 in tiles_chw2.split(MAPS_IN_A_ROW)]
    widest = max(row.shape[1] for row in rows)
    grid = torch.cat([F.pad(row, (0, 0, 0, widest - row.shape[1])) for row in rows])
    return grey_pixels(grid[:-MAP_GAP, :-MAP_GAP])


def error_against_size(
    pca_errors: Sequence[float], fitted_on: int, networks: Sequence[Measured]
) -> go.Figure:
    """Squared error per image against the code's size, both on log axes.

    PCA is a line from size 1, drawn where there is any; every network a point.

    Points of networks that learnt from more digits than the `fitted_on` of PCA are filled, the others open.
    """
    figure = go.Figure()
    if pca_errors:
        figure.add_scatter(
            x=list(range(1, len(pca_errors) + 1)),
            y=list(pca_errors),
            mode="lines",
            name=say("PCA of {fitted_on:,} digits", fitted_on=fitted_on),
            line={"color": GREEN, "width": 3, "dash": "dash"},
        )
    ordered = sorted(networks, key=lambda one: (one.family != "FAE", -one.learnt_from, one.latent_size))
    for (family, learnt_from), group in groupby(ordered, key=lambda one: (one.family, one.learnt_from)):
        points = list(group)
        colour, symbol = (BLUE, "circle") if family == "FAE" else (ORANGE, "diamond")
        figure.add_scatter(
            x=[point.latent_size for point in points],
            y=[point.error for point in points],
            mode="markers",
            name=say("{family}, learnt from {learnt_from:,}", family=family, learnt_from=learnt_from),
            text=[point.words for point in points],
            marker={
                "color": colour,
                "symbol": symbol if learnt_from > fitted_on else f"{symbol}-open",
                "size": 13,
                "line": {"width": 3},
            },
        )
    figure.update_layout(
        height=SIZES_HEIGHT,
        showlegend=True,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": FONT}},
        xaxis={"type": "log", "title": say("latent size"), "tickvals": SIZE_TICKS, "fixedrange": True},
        yaxis={"type": "log", "title": say("squared error"), "tickvals": ERROR_TICKS, "fixedrange": True},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return figure
