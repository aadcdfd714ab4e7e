"""Digits drawn stroke by stroke in a real browser, by mouse or by finger."""

from __future__ import annotations

import itertools
import math

from playwright.sync_api import CDPSession, Page, expect

Stroke = list[tuple[float, float]]  # points, as shares of the board's width and height


def arc(
    x: float, y: float, width: float, height: float, start: float, end: float, points: int = 14
) -> Stroke:
    """Part of an ellipse around (x, y), from one angle to another in degrees: 0 is right, 90 is down."""
    angles = [math.radians(start + (end - start) * i / (points - 1)) for i in range(points)]
    return [(x + width * math.cos(angle), y + height * math.sin(angle)) for angle in angles]


STROKES: dict[int, list[Stroke]] = {
    0: [arc(0.5, 0.5, 0.2, 0.32, -90, 270)],
    1: [[(0.4, 0.3), (0.53, 0.18), (0.5, 0.84)]],
    2: [[*arc(0.5, 0.34, 0.2, 0.16, 190, 390), (0.3, 0.8), (0.72, 0.8)]],
    3: [[*arc(0.47, 0.33, 0.17, 0.16, 200, 440), *arc(0.47, 0.65, 0.2, 0.17, -80, 160)]],
    4: [[(0.42, 0.18), (0.28, 0.55), (0.72, 0.55)], [(0.62, 0.25), (0.56, 0.86)]],
    5: [[(0.68, 0.2), (0.37, 0.2), (0.34, 0.46), *arc(0.47, 0.63, 0.2, 0.19, -110, 150)]],
    6: [[(0.6, 0.17), (0.38, 0.45), *arc(0.5, 0.66, 0.17, 0.17, 190, 560)]],
    7: [[(0.3, 0.22), (0.7, 0.22), (0.46, 0.84)]],
    8: [[*arc(0.5, 0.34, 0.14, 0.15, 90, -270), *arc(0.5, 0.66, 0.17, 0.17, -90, 270)]],
    9: [[*arc(0.48, 0.35, 0.16, 0.16, 0, -360), (0.62, 0.5), (0.55, 0.84)]],
}


def draw(page: Page, digit: int) -> None:
    """With the mouse."""
    for stroke in STROKES[digit]:
        points = _on_the_screen(page, stroke)
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=3)
        page.mouse.up()


def draw_with_a_finger(page: Page, touch: CDPSession, digit: int) -> None:
    """By touch events, as from a screen: no faster than one for each picture that the browser draws."""
    for stroke in STROKES[digit]:
        for i, (x, y) in enumerate(_on_the_screen(page, _dense(stroke))):
            touch.send(
                "Input.dispatchTouchEvent",
                {"type": "touchMove" if i else "touchStart", "touchPoints": [{"x": x, "y": y}]},
            )
            page.wait_for_timeout(8)
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def clear(page: Page) -> None:
    """An empty board, and nothing on the page of what was on it."""
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text("Draw a digit here")).to_be_visible()
    expect(page.get_by_text("Forget this digit")).to_have_count(0)


def prepared_picture(page: Page, instead_of: str = "") -> str:
    """Data address of the last step's picture, once the page rests on another than `instead_of`."""
    page.wait_for_function(
        "old => (document.querySelector('.lab-steps figure:last-child img')?.src ?? old) !== old",
        arg=instead_of,
    )
    last = page.locator(".lab-steps figure:last-child img")
    address = last.get_attribute("src")
    while True:  # a digit of several strokes is prepared again after each
        page.wait_for_timeout(1_000)
        before, address = address, last.get_attribute("src")
        if address == before:
            return str(address)


def _dense(stroke: Stroke) -> Stroke:
    """As many points as a moving finger gives."""
    points = stroke[:1]
    for (x, y), (to_x, to_y) in itertools.pairwise(stroke):
        count = math.ceil(math.hypot(to_x - x, to_y - y) / 0.05)
        points += [(x + (to_x - x) * i / count, y + (to_y - y) * i / count) for i in range(1, count + 1)]
    return points


def _on_the_screen(page: Page, stroke: Stroke) -> Stroke:
    board = page.get_by_label("Drawing board")
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    assert box is not None
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
