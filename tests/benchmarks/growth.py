"""How time and memory grow with what is asked for.

    python -m tests.benchmarks.growth [--rounds 3] [--output FILE.json]

Seconds of a CAE's training, by turns, against the number of digits, epochs, and the latent size; then of one
to four trainings at once in a training process with two workers, and the memory of a worker and of the app
before and after.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psutil
import torch
from playwright.sync_api import sync_playwright

from ae_core import config, data
from ae_core.config import DataConfig, RunConfig
from ae_core.data import Digits
from ae_core.runs import history
from ae_core.service import connection, jobs
from ae_core.training import BatchDone, train
from tests.support.browser import App, chromium
from tests.support.service import local_cluster, wait_for

CPU = torch.device("cpu")
FEW = replace(config.CAE, data=DataConfig(digits=4_000))
SHORT = config.adjusted(FEW, training={"epochs": 2})
MEGABYTE = 1e6
SLIDER_MOVES = 50


def seconds_of(run: RunConfig, digits: Digits, count: int) -> float:
    """To the last step, on the first `count` digits."""
    few = data.select_digits(digits, DataConfig(digits=count))
    started = ended = time.perf_counter()
    for event in train(run, few, CPU):
        if isinstance(event, BatchDone):
            ended = time.perf_counter()
    return ended - started


def alone(rounds: int) -> dict[str, dict[int, float]]:
    """Seconds against digits, epochs and latent size, each the median of `rounds`."""
    digits = data.load_digits()
    asked: dict[str, dict[int, tuple[RunConfig, int]]] = {
        "digits": {count: (SHORT, count) for count in (1000, 2000, 4000, 60_000)},
        "epochs": {
            epochs: (config.adjusted(SHORT, training={"epochs": epochs}), 4000) for epochs in (1, 2, 4, 8)
        },
        "latent size": {
            size: (config.adjusted(SHORT, model={"latent_size": size}), 4000) for size in (2, 8, 30, 64, 256)
        },
    }
    seconds_of(SHORT, digits, 1000)
    times: dict[str, dict[int, list[float]]] = {
        what: {value: [] for value in runs} for what, runs in asked.items()
    }
    for _ in range(rounds):
        for what, runs in asked.items():
            for value, (run, count) in runs.items():
                times[what][value].append(seconds_of(run, digits, count))
    return {
        what: {value: statistics.median(each) for value, each in values.items()}
        for what, values in times.items()
    }


def at_once(counts: Sequence[int]) -> tuple[dict[int, float], dict[str, float]]:
    """Seconds until as many trainings, asked for by as many visitors at once, are finished; memory in MB."""
    memory: dict[str, float] = {}
    times: dict[int, float] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        App(Path(folder)) as app,
        sync_playwright() as playwright,
        local_cluster(app.store, 2),
    ):
        memory["app, before a visitor"] = psutil.Process(app.process.pid).memory_info().rss / MEGABYTE
        page = chromium(playwright).new_page()
        page.goto(f"{app.url}/denoising")
        page.locator(".js-plotly-plot image").first.wait_for(state="attached")
        memory["app, a visitor on the denoising page"] = (
            psutil.Process(app.process.pid).memory_info().rss / MEGABYTE
        )
        memory["worker, at rest"] = largest_worker(app)
        for count in counts:
            runs = [
                config.adjusted(FEW, training={"epochs": 10, "seed": 10 * count + i}) for i in range(count)
            ]
            started = time.perf_counter()
            names = [jobs.submit_training(run, app.store, visitor=f"{i}") for i, run in enumerate(runs)]
            wait_for(
                lambda names=names: all(history.status_of(name, app.store) == "finished" for name in names)
            )
            times[count] = time.perf_counter() - started
        memory[f"worker, after {sum(counts)} trainings by two"] = largest_worker(app)
        thumb = page.locator(".st-key-dae_test_noise").get_by_role("slider")
        thumb.focus()
        for i in range(SLIDER_MOVES):
            page.keyboard.press(["ArrowRight", "ArrowLeft"][i % 2])
            page.wait_for_timeout(300)
        memory[f"app, after {SLIDER_MOVES} moves of its slider"] = (
            psutil.Process(app.process.pid).memory_info().rss / MEGABYTE
        )
    return times, memory


def largest_worker(app: App) -> float:
    return (
        max(psutil.Process(worker.pid).memory_info().rss for worker in connection.list_workers(app.store))
        / MEGABYTE
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    table: dict[str, object] = {}
    for what, seconds in alone(options.rounds).items():
        print(
            f"seconds against {what}: " + ", ".join(f"{value}: {one:.2f}" for value, one in seconds.items())
        )
        table[what] = seconds
    times, memory = at_once((1, 2, 4))
    print(
        "seconds for as many trainings at once, two workers: "
        + ", ".join(f"{count}: {one:.1f}" for count, one in times.items())
    )
    for what, megabytes in memory.items():
        print(f"{megabytes:6.0f} MB  {what}")
    table |= {"trainings at once": times, "memory, MB": memory}
    if options.output:
        options.output.write_text(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
