"""How the lab feels, beside the plain way to write such an app, in Chromium on this machine.

    python -m tests.benchmarks.interaction [--moves 50] [--starts 3] [--output FILE.json]

Prints, in milliseconds (median, and 95 of 100 are below): noise slider moved to new pictures painted, for
both apps by turns, and in the lab to the measures below them, which come from the server; a step of the mouse
to the picture painted while the slider is dragged, and what comes from the server meanwhile; a page changed
to the next one's first picture; `streamlit run` to the first picture, and to one that follows a hand; and the
bytes that come over the wire for each.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import PROJECT
from tests.support.browser import PROJECTOR, App, chromium, free_port, wait_until_up

PAGES = ["FAE", "CAE", "DAE", "Difference", "Surprises", "Comparison", "Latent space", "Home"]
# The picture that is seen: the one that the lab draws in the browser, or the last of the plain app's.
REBUILT = {"lab": ".st-key-dae_living .rebuilt canvas", "plain": "[data-testid=stImage] img"}
# A picture of a page, as it comes from the server.
PICTURE = "[data-testid=stMain] img"
# Runs in the page, on the last of some pictures: from the next key pressed until another has been painted.
PAINTED = """pictures => {
    const picture = pictures.at(-1), isDrawn = picture.matches("canvas");
    const shown = () => picture.pixels ?? (picture.complete && picture.naturalWidth ? picture.src : before);
    const before = picture.pixels ?? picture.src;
    // What is put in line, urgently, from a frame comes after that frame has been painted.
    const frame = () => new Promise((resolve) => requestAnimationFrame(
        () => scheduler.postTask(resolve, { priority: "user-blocking" })));
    window.labPainted = new Promise((resolve) => document.addEventListener("keydown", async () => {
        const started = performance.now();
        while (shown() === before) await frame();
        if (!isDrawn) await frame();
        resolve(performance.now() - started);
    }, { once: true, capture: true }));
}"""
# Runs in the page: until its words, the measures below the pictures, are others than before.
ANSWERED = """() => {
    const measures = () => document.querySelector("[data-testid=stMetricValue]").textContent;
    const before = measures();
    window.labAnswered = new Promise((resolve) => document.addEventListener("keydown", async () => {
        const started = performance.now();
        while (measures() === before) await new Promise(requestAnimationFrame);
        resolve(performance.now() - started);
    }, { once: true, capture: true }));
}"""
# Runs in a new page: when the first picture, and the first that a hand can change, have been painted.
ARRIVALS = """(() => {
    const roots = () => [document, ...[...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")]
        .map((host) => host.shadowRoot).filter(Boolean)];
    const isThere = (selector) => roots().some((root) => [...root.querySelectorAll(selector)]
        .some((each) => each.offsetParent && each.offsetWidth));
    const now = () => performance.timeOrigin + performance.now();
    const look = () => requestAnimationFrame(() => {
        const first = isThere(".lab-living :is(img, canvas)");
        const living = !document.getElementById("lab-first-sight") && isThere(".lab-living .digit > canvas");
        requestAnimationFrame(() => {
            if (first) window.labFirst ??= now();
            if (living) window.labLiving ??= now();
            else look();
        });
    });
    look();
})()"""
# Runs in the page: from the next step of the mouse until another picture has been painted.
FRAME = PAINTED.replace("keydown", "pointermove").replace("labPainted", "labFrame")


class Wire:
    """The bytes that a page gets from the server: files and messages."""

    def __init__(self, page: Page) -> None:
        self.bytes = 0
        page.on("websocket", lambda socket: socket.on("framereceived", self._add))
        page.on("response", lambda response: self._add_length(response.headers.get("content-length", "0")))

    def _add(self, frame: str | bytes) -> None:
        self.bytes += len(frame)

    def _add_length(self, length: str) -> None:
        self.bytes += int(length)


class PlainApp:
    """`streamlit run` of the plain app, in a folder without settings."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "streamlit", "run", str(PROJECT / "tests/benchmarks/plain_app.py")]
        command += [
            "--server.port",
            str(self.port),
            "--server.headless",
            "true",
            "--browser.gatherUsageStats",
            "false",
        ]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.url = f"http://127.0.0.1:{self.port}"
        wait_until_up(self.url)


def opened(browser: Browser, url: str, picture: str) -> tuple[Page, Wire]:
    page = browser.new_page(viewport=PROJECTOR)
    wire = Wire(page)
    page.goto(url)
    page.locator(picture).last.wait_for(state="attached", timeout=60_000)
    page.wait_for_timeout(5_000)
    return page, wire


def slider(pages: dict[str, tuple[Page, Wire]], moves: int) -> dict[str, list[float]]:
    """Both apps by turns; and how many bytes a move brings."""
    thumbs = {"lab": ".st-key-dae_test_noise", "plain": ".st-key-noise"}
    times: dict[str, list[float]] = {name: [] for name in (*pages, "the lab's measures")}
    before = {name: wire.bytes for name, (_, wire) in pages.items()}
    for i in range(moves):
        for name, (page, _) in pages.items():
            page.locator(thumbs[name]).get_by_role("slider").focus()
            page.locator(REBUILT[name]).evaluate_all(PAINTED)
            if name == "lab":
                page.evaluate(ANSWERED)
            page.keyboard.press(["ArrowRight", "ArrowLeft"][i % 2])
            times[name].append(page.evaluate("window.labPainted"))
            if name == "lab":
                times["the lab's measures"].append(page.evaluate("window.labAnswered"))
            page.wait_for_timeout(700)
    for name, (_, wire) in pages.items():
        print(f"a move of the slider, {name}: {(wire.bytes - before[name]) / moves / 1000:.1f} kB")
    return times


def frames(page: Page) -> list[float]:
    """From a step of the mouse that drags the noise slider to the picture painted, a step for each frame."""
    thumb = page.locator(".st-key-dae_test_noise [data-testid=stSliderThumbValue]").bounding_box()
    rail = page.locator(".st-key-dae_test_noise [role=group]").bounding_box()
    assert thumb is not None
    assert rail is not None
    middle = rail["y"] + rail["height"] / 2
    page.mouse.move(thumb["x"] + thumb["width"] / 2, middle)
    page.mouse.down()
    times: list[float] = []
    for i in range(60):
        place = rail["x"] + (0.3 + 0.1 * (i % 4)) * rail["width"]
        page.locator(REBUILT["lab"]).evaluate_all(FRAME)
        page.mouse.move(place, middle)
        times.append(page.evaluate("window.labFrame"))
    page.mouse.up()
    return times


def visits(browser: Browser, url: str, place: str) -> tuple[int, int]:
    """Bytes that come over the wire for a first visit to a page, and for a second by the same browser."""
    context = browser.new_context(viewport=PROJECTOR)
    found = []
    for _ in range(2):
        page = context.new_page()
        session = context.new_cdp_session(page)
        lengths: list[int] = []
        session.on("Network.loadingFinished", lambda e, to=lengths: to.append(int(e["encodedDataLength"])))
        page.on(
            "websocket",
            lambda socket, to=lengths: socket.on("framereceived", lambda frame: to.append(len(frame))),
        )
        session.send("Network.enable")
        page.goto(f"{url}/{place}")
        page.locator("[data-testid=stMain] :is(img, canvas):visible").first.wait_for(timeout=60_000)
        page.wait_for_timeout(8_000)
        found.append(sum(lengths))
        page.close()
    context.close()
    first, second = found
    return first, second


def page_changes(page: Page, wire: Wire, rounds: int) -> list[float]:
    """From a click on the next page's name to its first picture."""
    times, before = [], wire.bytes
    for _ in range(rounds):
        for name in PAGES:
            times.append(
                _clicked(
                    page,
                    lambda name=name: page.get_by_test_id("stTopNav").get_by_text(name, exact=True).click(),
                )
            )
            page.wait_for_timeout(1_500)
    print(f"a page: {(wire.bytes - before) / len(times) / 1000:.0f} kB")
    return times


def _clicked(page: Page, click: Callable[[], None]) -> float:
    page.evaluate(f"document.querySelectorAll('{PICTURE}').forEach(picture => picture.dataset.old = '1')")
    started = time.monotonic()
    click()
    page.wait_for_function(
        f"[...document.querySelectorAll('{PICTURE}')]"
        ".some(picture => !picture.dataset.old && picture.offsetParent)"
    )
    return 1000 * (time.monotonic() - started)


def cold_start(browser: Browser, folder: Path) -> tuple[float, float]:
    """From the command to pictures on the screen, in ms: the first, and the first that follows a hand.

    The browser is open already and asks until the server answers; the store is in `folder`.
    """
    page = browser.new_page(viewport=PROJECTOR)
    page.add_init_script(ARRIVALS)
    started = time.time()
    with App(folder) as app:
        page.goto(app.url)
        page.wait_for_function("window.labLiving", timeout=60_000)
        first, living = page.evaluate("[window.labFirst, window.labLiving]")
        page.close()
    return first - 1000 * started, living - 1000 * started


def cold_starts(browser: Browser, count: int) -> list[tuple[float, float]]:
    """Of a new process each time, on a disk that has been read before: the very first start is left out."""
    with tempfile.TemporaryDirectory() as name:
        return [cold_start(browser, Path(name)) for _ in range(count + 1)][1:]


def line(what: str, times: list[float]) -> dict[str, float]:
    """Median and 95th percentile, printed."""
    figures = {
        "median": statistics.median(times),
        "p95": sorted(times)[int(0.95 * (len(times) - 1))],
        "count": len(times),
    }
    print(f"{what}: median {figures['median']:.0f} ms, 95 % below {figures['p95']:.0f} ms, of {len(times)}")
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=50)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    table: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name, App(Path(name)) as app, sync_playwright() as playwright:
        plain = PlainApp(Path(name))
        browser = chromium(playwright)
        pages = {
            "lab": opened(browser, f"{app.url}/denoising", REBUILT["lab"]),
            "plain": opened(browser, plain.url, REBUILT["plain"]),
        }
        for app_name, times in slider(pages, options.moves).items():
            table[f"slider, {app_name}"] = line(f"noise slider released to painted, {app_name}", times)
        page, wire = pages["lab"]
        page.wait_for_timeout(1_000)
        before = wire.bytes
        table["frame"] = line("a frame while dragging", frames(page))
        print(f"asked of the server while dragging: {wire.bytes - before} bytes")
        table["page"] = line(
            "page changed to first picture", page_changes(page, wire, max(1, options.moves // len(PAGES) + 1))
        )
        for place in ("", "convolutional", "comparison"):
            first, second = visits(browser, app.url, place)
            print(f"a visit to /{place}: first {first / 1000:.0f} kB, second {second / 1000:.0f} kB")
        plain.process.terminate()
        plain.process.wait()
        page.close()
        first, living = zip(*cold_starts(browser, options.starts), strict=True)
        table["start"] = line("streamlit run to first picture", list(first))
        table["start, living"] = line("streamlit run to a picture that follows a hand", list(living))
        browser.close()
    if options.output:
        options.output.write_text(json.dumps(table, indent=2))


if __name__ == "__main__":
    main()
