"""The lab's own style: what every page adds to Streamlit's for the back row, for those who want no motion, and for fingers."""

from __future__ import annotations

# Streamlit's captions and, on a dark ground, the words on its coloured buttons are hard to read from the third row.
# Its links to pages are cut off where they do not fit one line.
LEGIBLE = """
[data-testid=stCaptionContainer], [data-testid=stCaptionContainer] p { color: inherit !important; opacity: 0.9 }
[data-testid=stPageLink] * { white-space: normal !important; overflow: visible !important }
"""
# The answers to a question that is locked are still to be read, when its answer is discussed.
LOCKED = """
[data-testid=stRadio] label:has(input:disabled) p { color: %s !important; opacity: 0.8 }
[data-testid=stRadio] label:has(input:disabled:checked) p { opacity: 1; font-weight: 600 }
"""
TEXT_COLOURS = {"light": "#31333F", "dark": "#FAFAFA"}
# Five columns on a phone.
NARROW = """
@media (max-width: 640px) {
    [data-testid=stTable] :is(th, td) { padding: 0.25rem !important; overflow-wrap: anywhere }
    [data-testid=stTable] :is(th, td) * { font-size: 0.8rem !important }
    [data-testid=stTable] table { width: 100% !important; min-width: 0 !important }
}
"""
# What works in the browser without being seen takes no room.
UNSEEN = ".st-key-page_top, .st-key-connection { position: absolute }"
LEGIBLE_ON_DARK = "[data-testid=stBaseButton-primary]:not(:disabled) * { color: #0E1117 !important }"

# For those who have asked their system for less motion.
STILL = """
@media (prefers-reduced-motion: reduce) { *, *::before, *::after {
    animation-duration: 1ms !important; animation-iteration-count: 1 !important; transition-duration: 1ms !important
} }
"""

# For fingers. A slider is held by its thumb alone: a swipe over its rail would move it instead of the page. What is hit is
# larger than what is seen where room is scarce: the ::before and ::after.
FINGERS = """
@media (pointer: coarse) {
    [data-testid=stSlider] [role=group] > [data-rac] { pointer-events: none; touch-action: pan-y !important }
    [data-testid=stSlider] [role=group] > [data-rac] > [data-rac] {
        pointer-events: auto; touch-action: pan-y !important; width: 28px; height: 28px; z-index: 1
    }
    [data-testid=stSlider] [role=group] > [data-rac] > [data-rac]::before { content: ""; position: absolute; inset: -8px }
    /* Room for the value over the larger thumb. */
    [data-testid=stSlider] [role=group] { margin: 10px 0 -8px }
    .slider-rail-touch-rect { pointer-events: none !important }
    .slider-grip-rect {
        x: -4px; y: -4px; width: 28px; height: 28px; rx: 14px; ry: 14px; fill: #0072B2 !important;
        stroke: transparent !important; stroke-width: 16px !important; pointer-events: all
    }
    .js-plotly-plot .main-svg { overflow: visible !important }

    [data-testid=stTooltipHoverTarget] button { position: relative }
    [data-testid=stTooltipHoverTarget] button::after { content: ""; position: absolute; inset: -15px -12px -10px -14px }

    [data-testid=stRadio] label:has(input), [data-testid=stCheckbox] label {
        min-height: 44px; min-width: 44px; align-items: center
    }
    [data-testid=stPageLink] a { min-height: 44px }
    [data-testid=stButtonGroup] button { min-height: 44px; min-width: 44px }
    [data-testid=stExpandSidebarButton], [data-testid=stSidebarCollapseButton] button { min-height: 44px; min-width: 44px }
    [data-testid=stSelectbox] button, [data-testid=stMultiSelect] button { min-height: 44px; min-width: 44px }
    [data-testid=stNumberInput] button { min-width: 44px }
    [data-testid=stNumberInput] input, [data-testid=stMultiSelect] input { min-height: 44px }
    [data-testid=stElementToolbarButton] button { min-height: 44px; min-width: 44px }
    [data-testid=stElementToolbar] { top: -47px !important }
    [data-testid=stElementToolbar] > div { padding: 0 !important }
}
"""


def page_style(theme: str) -> str:
    """The style sheet of every page, as an HTML element; theme: "light" or "dark"."""
    on_dark = LEGIBLE_ON_DARK if theme == "dark" else ""
    return f"<style>{LEGIBLE} {on_dark} {LOCKED % TEXT_COLOURS[theme]} {STILL} {UNSEEN} {FINGERS} {NARROW}</style>"
