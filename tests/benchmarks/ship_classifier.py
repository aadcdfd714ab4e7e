"""Trains the classifier that comes with the lab, and puts it in its folder with what was measured of it.

    python -m tests.benchmarks.ship_classifier [--into DIR]

Its accuracy is measured with the weights rounded to 16 bits, as they ship, on MNIST's 10,000 test digits. One
that reads fewer than 98.5 % of them right is refused.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from ae_core import data
from ae_core.runs.store import default_root
from ae_core.runs.versions import versions
from ae_core.study.classifier import (
    SHIPPED,
    WEIGHTS,
    ClassifierConfig,
    read_right,
    save_classifier,
    train_classifier,
)

LEAST = 0.985


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--into", type=Path, default=SHIPPED)
    into = parser.parse_args().into
    digits = data.load_digits(cache_dir=default_root() / "cache")
    settings = ClassifierConfig()
    started = time.process_time()
    layers = train_classifier(digits, settings)
    seconds = time.process_time() - started  # of a core, whatever else it has to do
    for parameter in layers.parameters():
        parameter.data = parameter.data.half().float()
    accuracy = float(read_right(layers, digits.test_nhw, digits.test_labels_n).float().mean())
    if accuracy < LEAST:
        raise SystemExit(f"It reads only {accuracy:.2%} of the test digits right.")
    result = {
        "test_accuracy": round(accuracy, 4),
        "train_seconds": round(seconds, 1),
        "dataset": digits.counts(),
        "command": "python -m tests.benchmarks.ship_classifier",
        "versions": versions(),
    }
    save_classifier(layers, settings, result, into)
    size = (into / WEIGHTS).stat().st_size
    print(f"{accuracy:.2%} of {len(digits.test_nhw):,} test digits, {seconds:.1f} s, {size / 1e3:.1f} kB")


if __name__ == "__main__":
    main()
