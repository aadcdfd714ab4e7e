"""What an uploaded run is worth, measured here: its own result is only what its file claims."""

from __future__ import annotations

import json
import math
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ae_core.corruption import corrupt
from ae_core.data import Digits
from ae_core.metrics import METRICS, summary
from ae_core.models import Autoencoder, reconstruct
from ae_core.runs.disk import replace_file
from ae_core.runs.run_folder import StoredRun
from ae_core.runs.store import Store
from ae_core.training import seeded

# What the lab itself found out about an uploaded run; it never comes with the file.
MEASURED = "measured.json"
# The same weights on another processor give nearly the same figures; a GPU rounds its convolutions most.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Measurement:
    """What an uploaded run's network does to test digits at hand, with the noise that it was trained with.

    digits: which data set, count: how many of its test digits; test: means over them, by name.
    is_on_its_own: whether that is the data set that the run says it was tested on.
    """

    digits: str
    count: int
    test: dict[str, float]
    is_on_its_own: bool


def measure_upload(store: Store, run: StoredRun, digits: Digits) -> Measurement:
    """What an uploaded run is worth on the test part of `digits`.

    Measured once, and kept with the run.

    Raises DamagedRunError if its weights are not those that came.
    """
    kept = read_measurement(store, run)
    if kept is not None and (kept.digits, kept.count) == (digits.name, len(digits.test_nhw)):
        return kept
    measured = measure_network(run, store.load_model(run), digits)
    with suppress(OSError):  # a store that cannot be written costs the time again
        write_measurement(store.folder_of(run), measured)
    return measured


def read_measurement(store: Store, run: StoredRun) -> Measurement | None:
    """What was measured of an uploaded run before, or None."""
    try:
        return Measurement(**json.loads((store.folder_of(run) / MEASURED).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def write_measurement(folder: Path, measured: Measurement) -> None:
    """Write `measured` into the run's folder, all at once. Raises OSError."""
    draft = folder / f".{MEASURED}.{os.getpid()}"
    draft.write_text(json.dumps(asdict(measured)))
    replace_file(draft, folder / MEASURED)


def measure_network(run: StoredRun, model: Autoencoder, digits: Digits) -> Measurement:
    """What `model` does to the test part of `digits`, with the run's own noise and seed."""
    noise = seeded(run.config.training.seed, "test noise")
    outputs_nhw = reconstruct(model, corrupt(digits.test_nhw, run.config.corruption, noise))
    own = run.config.data.name
    return Measurement(
        digits.name,
        len(digits.test_nhw),
        summary(outputs_nhw, digits.test_nhw),
        is_on_its_own=own == digits.name,
    )


def claims_hold(run: StoredRun, measured: Measurement) -> bool:
    """Whether the run's result states what was measured on its own test digits, and how many there are."""
    claimed = run.result["test"]
    alike = all(math.isclose(measured.test[metric], claimed[metric], rel_tol=TOLERANCE) for metric in METRICS)
    counts = {"name": measured.digits, "train": run.config.data.count, "test": measured.count}
    return alike and bool(run.result["dataset"] == counts)
