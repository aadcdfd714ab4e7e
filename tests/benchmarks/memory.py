"""How much memory the lab takes with one visitor on the denoising page and the training process at rest.

    python -m tests.benchmarks.memory [--page denoising] [--output FILE.json]

Proportional set sizes as Linux counts them (a page that processes share counts in parts), in megabytes of 10⁶
bytes, by process, after a visit in Chromium; Chromium itself is not counted.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import time
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright

from ae_core.service import cluster, connection
from tests.support.browser import LIVING, App, chromium
from tests.support.service import wait_for

# What is imported after the first picture is there, and the digits are read, within this time.
REST_SECONDS = 20.0


def proportional_megabytes(pid: int) -> float:
    """Proportional set size of a process. Linux only."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)[1]) * 1024 / 1e6


def measure_memory(page: str) -> dict[str, float]:
    """Megabytes by process, and all together, at rest after a visit to `page`."""
    with tempfile.TemporaryDirectory() as folder, App(Path(folder)) as app, sync_playwright() as playwright:
        tab = chromium(playwright).new_page()
        tab.goto(f"{app.url}/{page}")
        tab.locator(LIVING).first.wait_for(timeout=60_000)
        wait_for(lambda: "pid" in cluster.read_process(app.store), 60)
        wait_for(lambda: cluster.is_cluster_running(app.store), 60)
        wait_for(lambda: bool(connection.list_workers(app.store)), 60)
        time.sleep(REST_SECONDS)
        workers = {worker.pid for worker in connection.list_workers(app.store)}
        scheduler = psutil.Process(cluster.read_process(app.store)["pid"])
        server = psutil.Process(app.process.pid)
        names = {server.pid: "app", scheduler.pid: "scheduler"}
        for process in {*server.children(recursive=True), *scheduler.children(recursive=True)}:
            if process.pid in names:
                continue
            if process.pid in workers:
                names[process.pid] = f"worker {process.pid}"
            elif "forkserver" in " ".join(process.cmdline()):
                names[process.pid] = "fork server"
            else:
                names[process.pid] = f"beside it, {process.pid}"
        table = {name: proportional_megabytes(pid) for pid, name in names.items()}
    return {**table, "all": sum(table.values())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page", default="denoising")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    table = measure_memory(options.page)
    for name, megabytes in table.items():
        print(f"{megabytes:6.0f} MB  {name}")
    if options.output:
        options.output.write_text(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
