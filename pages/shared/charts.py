"""Plotly figures in a page's colour and size, without toolbar; kept where many visitors see the same one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import plotly.graph_objects as go
import streamlit as st

from ae_core.figures import base as figures
from pages.shared import lab
from pages.shared.browser import touch
from pages.shared.browser.styles import TEXT_COLOURS

# The largest, a replayed training, takes about 4 MB.
FIGURES_KEPT = 32

# How much larger a figure's type is while presenting: 24 pixels, as all other small type then is.
PRESENTED = 24 / figures.FONT

NO_TOOLBAR = {"displayModeBar": False, "scrollZoom": False}


class FinishedFigure(go.Figure):
    """A styled figure that nobody changes: its form for the browser is made once for all visitors."""

    _in_the_browsers_form: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        if self._in_the_browsers_form is None:
            self._in_the_browsers_form = super().to_dict()
        return self._in_the_browsers_form


def draw_chart(
    figure: go.Figure, key: str, alt: str, on_select: Callable[[], None] | Literal["ignore"] = "ignore"
) -> None:
    """Draw a figure in the page's text colour. on_select: called when one of its points is clicked."""
    _draw_figure(style_figure(figure, *_visitor_style()), key, alt, on_select)


def draw_shared_chart(draw: Callable[[], go.Figure], of: tuple[object, ...], key: str, alt: str) -> None:
    """Draw a figure that many visitors see, made by `draw` once for each `of`.

    of: tells all that the figure depends on.
    """
    _draw_figure(_finish_figure(of, *_visitor_style(), draw), key, alt)


def prepare_shared_chart(
    draw: Callable[[], go.Figure], of: tuple[object, ...], *, is_presenting: bool
) -> None:
    """Make and keep the figure of `draw_shared_chart`: for this visitor's room, or for all others."""
    own_colour, _ = _visitor_style()
    for colour in [own_colour] if is_presenting else TEXT_COLOURS.values():
        _finish_figure(of, colour, _font_size(is_presenting), draw)


@st.cache_resource(show_spinner=False, max_entries=FIGURES_KEPT)
def _finish_figure(
    of: tuple[object, ...], colour: str, size: float, _draw: Callable[[], go.Figure]
) -> FinishedFigure:
    figure = style_figure(_draw(), colour, size)
    figure.__class__ = FinishedFigure  # a new one made of it would check all that is in it once more
    return figure


def _draw_figure(
    figure: go.Figure, key: str, alt: str, on_select: Callable[[], None] | Literal["ignore"] = "ignore"
) -> None:
    st.plotly_chart(
        figure,
        key=key,
        height="stretch",
        config=NO_TOOLBAR,
        alt=alt,
        on_select=on_select,
        selection_mode="points",
    )
    if on_select != "ignore":
        touch.let_touches_through(key)


def _visitor_style() -> tuple[str, float]:
    """This visitor's text colour and font size for figures."""
    return TEXT_COLOURS[st.context.theme.type or "light"], _font_size(lab.is_presenting())


def _font_size(is_presenting: bool) -> float:
    return figures.FONT * (PRESENTED if is_presenting else 1)


def style_figure(figure: go.Figure, colour: str, size: float) -> go.Figure:
    """The figure itself, its words now in this colour and size (pixels).

    A drag does nothing to it, so that a finger's moves the page.
    """
    font = {"color": colour, "size": size}
    figure.update_layout(font=font, legend_font=font, dragmode=False)
    figure.update_annotations(font=font)
    figure.update_xaxes(tickfont=font, title_font=font)
    figure.update_yaxes(tickfont=font, title_font=font)
    steps = {**font, "size": size - 3 if size == figures.FONT else size}
    slider = {"font": steps, "currentvalue": {"font": font}}
    return figure.update_layout(sliders=[slider for _ in figure.layout.sliders])
