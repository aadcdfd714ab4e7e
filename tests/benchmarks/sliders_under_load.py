"""How much longer a slider takes while trainings run, against the same app at rest, in Chromium.

    python -m tests.benchmarks.sliders_under_load [--rounds 4]

The two are measured in turn, so that what else the machine does falls on both alike. Two trainings run at
once, each in a worker of its own; an app by itself runs one for each core but one.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from ae_core import config
from ae_core.runs import history
from ae_core.service import jobs
from tests.benchmarks.first_experience import noise_release_seconds
from tests.conftest import PROJECT
from tests.support.browser import App, chromium
from tests.support.service import clear_line, wait_for

MOVES = 20
LONG = config.adjusted(config.CAE, training={"epochs": 200})


def begin(app: App, count: int, seed: int) -> None:
    """Have `count` trainings run, for as long as the measurement takes."""
    for i in range(count):
        name = jobs.submit_training(
            config.adjusted(LONG, training={"seed": seed + i}), app.store, visitor=f"{i}"
        )
        wait_for(lambda name=name: history.read_progress(name, app.store).step > 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    times: dict[int, list[float]] = {0: [], 1: [], 2: []}
    with tempfile.TemporaryDirectory() as folder, App(Path(folder)) as app, sync_playwright() as playwright:
        command = [
            sys.executable,
            "-m",
            "ae_core",
            "cluster",
            "start",
            "--store",
            str(app.store.root),
            "--workers",
            "2",
        ]
        subprocess.run(command, cwd=PROJECT, env={**os.environ}, check=True, capture_output=True)
        page = chromium(playwright).new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{app.url}/denoising")
        page.locator(".js-plotly-plot image").first.wait_for(state="attached")
        page.wait_for_timeout(3_000)
        for round_ in range(options.rounds):
            for trainings in times:
                begin(app, trainings, seed=10 * round_ + 3 * trainings)
                moves = ["ArrowRight", "ArrowLeft"] * (MOVES // 2)
                times[trainings] += [noise_release_seconds(page, "dae_test_noise", arrow) for arrow in moves]
                clear_line(app.store)
    medians = {trainings: statistics.median(measured) for trainings, measured in times.items()}
    for trainings, median in medians.items():
        count, factor = len(times[trainings]), median / medians[0]
        print(f"{trainings} trainings: median {median:.3f} s of {count}, {factor:.2f} times none")


if __name__ == "__main__":
    main()
