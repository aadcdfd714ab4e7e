"""What a lesson's training costs and gives, with the lab as its visitors have it, in Chromium.

    python -m tests.benchmarks.lesson [--data-dir DIR] [--output FILE.json]

For the three models at their defaults, on the digits that come with the lab and, with --data-dir, on full
MNIST: seconds from Train to the first changed picture and to the finished run. Then every model's squared
error per image and PSNR at code sizes 2, 8 and 32, on test digits, from the lab's own training process.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from ae_core import config, data
from ae_core.config import PIXELS
from ae_core.runs import history
from ae_core.service import jobs
from tests.benchmarks.first_experience import MODEL_PAGES, training_seconds
from tests.support.browser import App, chromium
from tests.support.service import wait_for

SIZES = (2, 8, 32)
# Not shipped, so that the page starts empty.
NEW_SIZE = 31


def measured(data_dir: Path | None) -> dict[str, dict[str, float]]:
    dataset = config.MNIST if data_dir else config.EMBEDDED
    surroundings = {"AE_LAB_DATA_DIR": str(data_dir)} if data_dir else {}
    rows: dict[str, dict[str, float]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        App(Path(folder), **surroundings) as app,
        sync_playwright() as playwright,
    ):
        page = chromium(playwright).new_page(viewport={"width": 1280, "height": 800})
        for name, prefix in MODEL_PAGES.items():
            changed, finished = training_seconds(page, f"{app.url}/{name}?latent_size={NEW_SIZE}", prefix)
            rows[f"{prefix.upper()}, {dataset}"] = {
                "first changed picture, s": changed,
                "finished, s": finished,
            }
        page.close()
        for prefix in MODEL_PAGES.values():
            for size in SIZES:
                run = config.adjusted(
                    config.with_data(config.find_preset(prefix), dataset), model={"latent_size": size}
                )
                name = jobs.submit_training(run, app.store, data_dir)
                wait_for(lambda name=name: history.status_of(name, app.store) == "finished")
                result = app.store.get(name).result
                error, psnr = result["test"]["mse"] * PIXELS, result["test"]["psnr"]
                figures = {"squared error": error, "PSNR, dB": psnr, "training, s": result["train_seconds"]}
                rows[f"{prefix.upper()} {size}, {dataset}"] = figures
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, default=data.data_directory())
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    table = measured(None)
    if options.data_dir and data.best_data_set(options.data_dir) == config.MNIST:
        table |= measured(options.data_dir)
    for what, figures in table.items():
        print(f"{what}: " + ", ".join(f"{name} {figure:.2f}" for name, figure in figures.items()))
    if options.output:
        options.output.write_text(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
