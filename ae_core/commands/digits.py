"""`reconstruct`, `evaluate` and `prepare`: digits through a trained network, and pictures to digits."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ae_core import config, data
from ae_core.baselines import do_nothing
from ae_core.commands.picture_files import prepare_picture, read_bytes, read_pictures, write_pictures
from ae_core.commands.telling import print_message
from ae_core.config import CorruptionConfig
from ae_core.corruption import corrupt
from ae_core.errors import ConfigError, ImageError, LabError
from ae_core.metrics import summary
from ae_core.models import as_picture, reconstruct
from ae_core.runs.store import Store
from ae_core.training import seeded

if TYPE_CHECKING:
    from ae_core.pictures.page import PreparedPage


def reconstruct_command(options: argparse.Namespace) -> dict[str, Any]:
    """Send pictures through a trained network."""
    store = Store(options.store)
    model = store.load_model(store.get(options.run))
    images_nhw = read_pictures(options.input)
    if options.noise_level is not None:
        corruption = CorruptionConfig(options.noise_kind or "gaussian", options.noise_level)
        images_nhw = corrupt(images_nhw, corruption, seeded(_seed(options.seed), "test noise"))
    write_pictures(options.output, as_picture(reconstruct(model, images_nhw)))
    return {"run_id": options.run, "images": len(images_nhw), "output": str(options.output)}


def _seed(seed: int | None) -> int:
    if seed is not None:
        config.check_range("seed", seed)
    return seed or 0


def evaluate_command(options: argparse.Namespace) -> dict[str, Any]:
    """Measure a run on test digits it never saw, at each noise level, beside doing nothing."""
    store = Store(options.store)
    run = store.get(options.run)
    model = store.load_model(run)
    digits = data.load_digits(cache_dir=store.root / "cache")
    rows = []
    for level in options.noise_level or [run.config.corruption.level]:
        corruption = CorruptionConfig(options.noise_kind or run.config.corruption.kind, level)
        noisy_nhw = corrupt(digits.test_nhw, corruption, seeded(run.config.training.seed, "test noise"))
        measured = summary(reconstruct(model, noisy_nhw), digits.test_nhw)
        nothing = do_nothing(noisy_nhw, digits.test_nhw)
        print_message(
            f"noise {level:g}: psnr {measured['psnr']:.2f} dB (doing nothing: {nothing['psnr']:.2f} dB)"
        )
        rows.append({"noise_kind": corruption.kind, "noise_level": level, **measured, "do_nothing": nothing})
    return {"run_id": options.run, "dataset": digits.counts(), "levels": rows}


def prepare_command(options: argparse.Namespace) -> dict[str, Any]:
    """Turn photographs into digits, those of a page in reading order.

    A refused file is reported and the rest go on. With --output-dir there is a file for each digit:
    `page.png` for the only one, else `page-01.png`, `page-02.png`, …; with --output one file, side by side.
    """
    if options.output_dir is None and (options.output is None or len(options.pictures) > 1):
        raise ConfigError(
            "Say where the digit goes: --output digit.png for one picture, --output-dir DIR for several."
        )
    rows: list[dict[str, Any]] = []
    written: set[Path] = set()
    for path in options.pictures:
        try:
            page = prepare_picture(read_bytes(path))
            outputs = _name_outputs(options, path, len(page.digits))
            clash = next((output for output in outputs if output in written), None)
            if clash is not None:
                raise ImageError(
                    f"Another picture was already written to {clash}. Rename this one and prepare it again."
                )
            written |= {*outputs}
            images_nhw = torch.stack([each.digit_hw for each in page.digits])
            for output, part_nhw in zip(outputs, images_nhw.tensor_split(len(outputs)), strict=True):
                write_pictures(output, part_nhw)
            if page.note:
                print_message(f"{path}: {page.note}")
            rows.append(_describe_page(path, page, outputs))
        except LabError as problem:
            print_message(f"{path}: {problem}")
            rows.append({"input": str(path), "error": str(problem)})
    return {"pictures": rows, "exit_code": 2 if any("error" in row for row in rows) else 0}


def _name_outputs(options: argparse.Namespace, path: Path, count: int) -> list[Path]:
    """Where a picture's digits go: one file, or with --output-dir one for each of several."""
    if options.output_dir is None:
        return [options.output]
    if count == 1:
        return [options.output_dir / f"{path.stem}.png"]
    return [options.output_dir / f"{path.stem}-{i:02}.png" for i in range(1, count + 1)]


def _describe_page(path: Path, page: PreparedPage, outputs: list[Path]) -> dict[str, Any]:
    height, width, _ = page.pixels_hwc.shape
    digits = [
        {"output": str(outputs[min(i, len(outputs) - 1)]), "box": asdict(each.box), "doubt": each.doubt}
        for i, each in enumerate(page.digits)
    ]
    row = {
        "input": str(path),
        "width": width,
        "height": height,
        "quarter_turns": page.quarter_turns,
        "note": page.note,
        "digits": digits,
    }
    if len(outputs) == 1:
        row["output"] = str(outputs[0])
    if len(digits) == 1:
        row["steps"] = [step.title for step in page.digits[0].steps]
    return row
