"""`report` and `notebook`: networks to take along, as files that work without a server."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ae_core import config, data
from ae_core.commands.telling import print_message
from ae_core.config import CorruptionConfig
from ae_core.errors import ConfigError, StoreError
from ae_core.runs import history, notebook, report
from ae_core.runs.run_folder import StoredRun
from ae_core.runs.store import Store

LESSON = {"FAE": config.FAE, "CAE": config.CAE, "DAE": config.DAE}
LESSON_SIZE = 30


def report_command(options: argparse.Namespace) -> dict[str, Any]:
    """Write a run's report, or the lesson's three networks at work on one digit, as one HTML file."""
    if options.run is not None and options.latent_size is not None:
        raise ConfigError("A run has its own latent size. Leave --latent-size out, or choose --lesson.")
    if options.seed is not None:
        config.check_range("seed", options.seed)
    store = Store(options.store)
    runs = _lesson_runs(store, options.latent_size) if options.lesson else {"": store.get(options.run)}
    *_, last = runs.values()  # of the lesson's networks the denoising one
    noise = _noise_of(options, last.config.corruption)
    models = {name: store.load_model(run) for name, run in runs.items()}
    digits = data.load_digits(cache_dir=store.root / "cache")
    if options.lesson:
        page = report.lesson_html(runs, models, digits, noise, options.seed or 0)
    else:
        progress = history.read_progress(last.run_id, store)
        page = report.report_html(last, progress, models[""], digits, noise, options.seed or 0)
    size = _write_file(options.output, page.encode())
    print_message(f"{options.output}: {size / 1e6:.2f} MB")
    return {"run_ids": [run.run_id for run in runs.values()], "output": str(options.output), "bytes": size}


def notebook_command(options: argparse.Namespace) -> dict[str, Any]:
    """Write a run as a Jupyter notebook with its weights and the test digits, in one ZIP file."""
    store = Store(options.store)
    run = store.get(options.run)
    digits = data.load_digits(cache_dir=store.root / "cache")
    size = _write_file(options.output, notebook.export_notebook(run, store.load_model(run), digits))
    print_message(f"{options.output}: {size / 1e6:.2f} MB")
    return {"run_id": run.run_id, "output": str(options.output), "bytes": size}


def _lesson_runs(store: Store, latent_size: int | None) -> dict[str, StoredRun]:
    """The lesson's three networks of one latent size. Raises ConfigError where the lab has none of it."""
    size = LESSON_SIZE if latent_size is None else latent_size
    config.check_range("latent_size", size)
    found = {
        name: store.shipped_like(config.adjusted(preset, model={"latent_size": size}))
        for name, preset in LESSON.items()
    }
    whole = {name: run for name, run in found.items() if run is not None}
    if len(whole) < len(found):
        sizes = ", ".join(map(str, config.SHIPPED_SIZES))
        raise ConfigError(f"The lesson has no networks of latent size {size}. Choose one of: {sizes}.")
    return whole


def _noise_of(options: argparse.Namespace, trained: CorruptionConfig) -> CorruptionConfig:
    """The noise asked for; what is not, is that of the training."""
    kind = trained.kind if options.noise_kind is None else options.noise_kind
    level = trained.level if options.noise_level is None else options.noise_level
    return CorruptionConfig(kind, level)


def _write_file(path: Path, content: bytes) -> int:
    """Write the file, and give its size in bytes. Raises StoreError where that is not possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as problem:
        raise StoreError(
            f"{path} cannot be written ({problem.strerror}). Choose another place for the output."
        ) from problem
    return len(content)
