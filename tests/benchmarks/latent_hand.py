"""How soon a picture follows the hand on the pages Latent space and Surprises, in Chromium on this machine.

    python -m tests.benchmarks.latent_hand [--moves 200] [--url http://127.0.0.1:8501]

Prints, in milliseconds, from a move of the pointer until the frame that shows its picture is done (median, 95
of 100 are below, worst): the pointer on the map of codes, the walk's slider, a direction's slider, the plane
of codes of two numbers, a press of "Once more". Then the same with the processor slowed four times; and how
many requests and messages went to the server meanwhile.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.support.browser import PROJECTOR, App, chromium

SLOWED = 4
# Runs in the page: from each of these events until the frame is done that has another picture on the canvas.
# A task that is put in line from a frame comes after that frame has been drawn.
WATCH = """([part, place, name]) => {
    const canvases = () => [...document.querySelectorAll("*")].flatMap((host) => host.shadowRoot
        ? [...host.shadowRoot.querySelectorAll(`.${part} canvas`)] : []);
    const canvas = canvases().at(place);
    window.labTimes = [];
    window.labWatch?.abort();
    window.labIsWatching = false;
    const { signal } = window.labWatch = new AbortController();
    let last = "";
    document.addEventListener(name, ({ clientX, clientY }) => {
        // Chromium tells of a mouse that rests when something moves under it.
        const isResting = name === "pointermove" && last === `${clientX} ${clientY}`;
        last = `${clientX} ${clientY}`;
        if (window.labIsWatching || isResting) return;
        window.labIsWatching = true;
        const started = performance.now();
        const before = canvas.pixels;
        const look = () => requestAnimationFrame(() => {
            const told = () => {
                if (signal.aborted) return;
                if (canvas.pixels === before && performance.now() - started < 5000) return look();
                window.labTimes.push(performance.now() - started);
                window.labIsWatching = false;
                window.labDone?.();
            };
            scheduler.postTask(told, { priority: "user-blocking" });
        });
        look();
    }, { capture: true, signal });
}"""

# Runs in the page: waits until more than so many moves have been answered.
DONE = "before => window.labTimes.length > before || new Promise((done) => { window.labDone = done; })"


@contextmanager
def counted_requests(page: Page) -> Iterator[list[str]]:
    """What goes to the server in this block: addresses, and messages over the page's open connection."""
    asked: list[str] = []
    hear = page.evaluate_handle("() => window.labSent ??= []")
    page.evaluate("() => { window.labSent.length = 0 }")

    def note(request) -> None:
        if not request.url.startswith(("data:", "blob:")):
            asked.append(request.url)

    page.on("request", note)
    yield asked
    page.remove_listener("request", note)
    asked += hear.json_value()


# Runs before the page: what it sends over its open connection, by how long it is.
HEAR = """const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
    (window.labSent ??= []).push("message");
    return send.call(this, data);
};
"""


def measure(
    page: Page, part: str, place: int, event: str, moves: int, move: Callable[[int], None]
) -> list[float]:
    """Milliseconds from each of `moves` to its picture on one of the part's canvases."""
    page.evaluate(WATCH, [part, place, event])
    for i in range(moves):
        before = page.evaluate("window.labTimes.length")
        move(i)
        page.evaluate(DONE, before)
    times: list[float] = page.evaluate("window.labTimes")
    return times


def over(page: Page, key: str) -> Callable[[int], None]:
    """Moves of the mouse in a circle over a figure."""
    figure = page.locator(f".st-key-{key} .nsewdrag")
    figure.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    box = figure.bounding_box()
    assert box is not None

    def move(i: int) -> None:
        x, y = 0.5 + 0.3 * math.cos(i / 9), 0.5 + 0.3 * math.sin(i / 9)
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])

    return move


def along(page: Page, key: str) -> Callable[[int], None]:
    """Moves of the mouse that drags a slider, to another value each time; the button stays down."""
    slider = page.locator(f".st-key-{key} [role=group]").first
    slider.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    rail, thumb = slider.bounding_box(), slider.locator("[data-testid=stSliderThumbValue]").bounding_box()
    assert rail is not None
    assert thumb is not None
    middle = rail["y"] + rail["height"] / 2
    page.mouse.move(thumb["x"] + thumb["width"] / 2, middle)
    page.mouse.down()
    return lambda i: page.mouse.move(rail["x"] + (0.25 + 0.07 * (i % 8)) * rail["width"], middle)


def tell(what: str, times: list[float], asked: list[str]) -> None:
    ordered = sorted(times)
    most = ordered[int(0.95 * (len(times) - 1))]
    print(
        f"{what}: median {statistics.median(times):.1f}, 95 % below {most:.1f}, worst {ordered[-1]:.1f} ms "
        f"of {len(times)}; to the server: {len(asked)}"
    )


def measure_page(page: Page, moves: int, how: str) -> None:
    for size, dials in ((30, ["latent_position", "latent_direction_1"]), (2, [])):
        page.goto(f"{page.url.split('/latent_space')[0].rstrip('/')}/latent_space?latent_size={size}")
        page.locator(".walk canvas").first.wait_for(timeout=60_000)
        page.locator(".st-key-latent_map .point").first.wait_for(timeout=60_000)
        page.wait_for_timeout(4_000)
        figure = "latent_map" if dials else "latent_manifold"
        move = over(page, figure)
        with counted_requests(page) as asked:
            part, place = ("walk", -1) if dials else ("manifold", 0)
            times = measure(page, part, place, "pointermove", moves, move)
        tell(f"{how}pointer on {figure}, {size} numbers", times, asked)
        for dial in dials:
            move = along(page, dial)
            part, place = ("walk", 4) if dial == "latent_position" else ("directions", 1)
            with counted_requests(page) as asked:
                times = measure(page, part, place, "pointermove", moves, move)
            page.mouse.up()
            page.wait_for_timeout(2_000)
            tell(f"{how}slider {dial}", times, asked)


def measure_presses(page: Page, url: str, how: str) -> None:
    page.goto(f"{url}/surprises")
    button = page.get_by_role("button", name="Once more")
    button.wait_for(timeout=60_000)
    page.wait_for_timeout(4_000)
    button.focus()
    with counted_requests(page) as asked:
        times = measure(page, "again", 3, "click", 40, lambda _: page.keyboard.press("Enter"))
    tell(f"{how}press of Once more", times, asked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=200)
    parser.add_argument("--url", help="of an app that runs; else one is started")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        app = None if options.url else App(Path(name)).__enter__()
        url = options.url or app.url
        page = chromium(playwright).new_page(viewport=PROJECTOR)
        page.add_init_script(HEAR)
        page.goto(f"{url}/latent_space")
        for rate in (1, SLOWED):
            page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": rate})
            how = "" if rate == 1 else f"slowed {rate} times, "
            measure_page(page, options.moves, how)
            measure_presses(page, url, how)
            page.goto(f"{url}/latent_space")
        if app:
            app.__exit__(None, None, None)


if __name__ == "__main__":
    main()
