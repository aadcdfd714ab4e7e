"""Puts the finished runs of a store among those that ship, with their weights rounded to 16 bits.

    python -m tests.benchmarks.ship_runs STORE [--into DIR]

What is shown of a run is measured anew with the rounded weights. A run of which a figure changes in its first
three digits is refused. The hash of the weights as training left them stays in the manifest, so that whoever
trains the run again can tell that it is the same.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

from safetensors.torch import load_file, save_file

from ae_core import data
from ae_core.config import PIXELS
from ae_core.corruption import corrupt
from ae_core.metrics import squared_error, summary
from ae_core.models import reconstruct
from ae_core.runs.run_folder import MANIFEST, WEIGHTS, StoredRun, seal_manifest, sha256_of
from ae_core.runs.store import SHIPPED, Store, default_root
from ae_core.training import CURVE_DIGITS, seeded

DIGITS_KEPT = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--into", type=Path, default=SHIPPED)
    options = parser.parse_args()
    digits = data.load_digits(cache_dir=default_root() / "cache")
    store = Store(options.store, shipped_root=None)
    runs, _ = store.runs()
    for run in runs:
        ship(store, run, digits, options.into)
    size = sum(file.stat().st_size for file in options.into.rglob("*") if file.is_file())
    print(f"{len(runs)} runs in {options.into}, {size / 1e6:.1f} MB")


def ship(store: Store, run: StoredRun, digits: data.Digits, into: Path) -> None:
    """Copy the folder of `run` into `into`, rounded and measured anew. SystemExit where a figure changes."""
    folder = into / run.run_id
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(
        store.folder(run.run_id), folder, ignore=shutil.ignore_patterns(".*", "checkpoint", "used")
    )
    weights = {name: tensor.half() for name, tensor in load_file(folder / WEIGHTS).items()}
    save_file(weights, folder / WEIGHTS)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest.pop("seal")
    result = manifest["result"]
    model = store.load_model(run)
    model.load_state_dict(weights)
    seed, noise = run.config.training.seed, run.config.corruption
    test = summary(
        reconstruct(model, corrupt(digits.test_nhw, noise, seeded(seed, "test noise"))), digits.test_nhw
    )
    learnt_from = data.select_digits(digits, run.config.data)
    known_nhw = data.as_images(learnt_from.train_bytes_nhw[:CURVE_DIGITS])
    seen_nhw = corrupt(known_nhw, noise, seeded(seed, "train noise"))
    train_mse = float(squared_error(reconstruct(model, seen_nhw), known_nhw).mean()) / PIXELS
    for name, before in {**result["test"], "train_mse": result["train_mse"]}.items():
        after = {**test, "train_mse": train_mse}[name]
        if abs(after - before) > 0.5 * 10**-DIGITS_KEPT * abs(before):
            raise SystemExit(f"{run.run_id}: {name} changes from {before:.6g} to {after:.6g} in 16 bits.")
    result |= {"test": test, "train_mse": train_mse, "trained_sha256": run.weights_sha256}
    manifest["sha256"][WEIGHTS] = sha256_of(folder / WEIGHTS)
    (folder / MANIFEST).write_text(seal_manifest(manifest))


if __name__ == "__main__":
    main()
