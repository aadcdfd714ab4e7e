"""What a lesson's training costs and gives, with the lab as its visitors have it, in Chromium.

    python -m tests.benchmarks.lesson [--output FILE.json]

For the three models at their defaults: seconds from Train to the first changed picture and to the finished
run. Then every model's squared error per image and PSNR at code sizes 2, 8 and 32, on test digits, from the
lab's own training process.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from ae_core import config
from ae_core.config import PIXELS
from ae_core.runs import history
from ae_core.service import jobs
from tests.benchmarks.first_experience import MODEL_PAGES, training_seconds
from tests.support.browser import App, chromium
from tests.support.service import wait_for

SIZES = (2, 8, 32)


def measured() -> dict[str, dict[str, float]]:
    rows: dict[str, dict[str, float]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        App(Path(folder)) as app,
        sync_playwright() as playwright,
    ):
        page = chromium(playwright).new_page(viewport={"width": 1280, "height": 800})
        for name, prefix in MODEL_PAGES.items():
            changed, finished = training_seconds(page, f"{app.url}/{name}", prefix)
            rows[prefix.upper()] = {
                "first changed picture, s": changed,
                "finished, s": finished,
            }
        page.close()
        for prefix in MODEL_PAGES.values():
            for size in SIZES:
                run = config.adjusted(config.find_preset(prefix), model={"latent_size": size})
                name = jobs.submit_training(run, app.store)
                wait_for(lambda name=name: history.status_of(name, app.store) == "finished")
                result = app.store.get(name).result
                error, psnr = result["test"]["mse"] * PIXELS, result["test"]["psnr"]
                figures = {"squared error": error, "PSNR, dB": psnr, "training, s": result["train_seconds"]}
                rows[f"{prefix.upper()} {size}"] = figures
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    table = measured()
    for what, figures in table.items():
        print(f"{what}: " + ", ".join(f"{name} {figure:.2f}" for name, figure in figures.items()))
    if options.output:
        options.output.write_text(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
