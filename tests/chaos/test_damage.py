"""Files that are cut short, and single bits that flip."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ae_core import config
from ae_core.data import Digits
from ae_core.errors import DamagedRunError
from ae_core.runs.run_folder import CHECKPOINT, CONFIG, EVENTS, MANIFEST, WEIGHTS
from ae_core.runs.store import Store
from ae_core.service.worker import record_training
from ae_core.training import Checkpoint
from tests.chaos.faults import SMALL, story, weights

RUN = config.adjusted(SMALL["DAE"], training={"epochs": 2})
NAME = config.run_id(RUN)


@pytest.fixture
def finished(tmp_path: Path, few_digits: Digits) -> Store:
    """A store with a run that learnt from 512 digits."""
    store = Store(tmp_path / "finished")
    for _ in record_training(RUN, store, few_digits):
        pass
    return store


@pytest.fixture
def unfinished(tmp_path: Path, few_digits: Digits) -> Store:
    """The same run, killed after its first epoch."""
    store = Store(tmp_path / "unfinished")
    for event in record_training(RUN, store, few_digits):
        if isinstance(event, Checkpoint):
            break
    return store


def damaged_copies(content: bytes, cuts: int, flips: int, rng: random.Random) -> Iterator[bytes]:
    """The content cut short at evenly spaced points, and with one bit flipped at random ones."""
    for i in range(cuts):
        yield content[: len(content) * i // cuts]
    for place in rng.sample(range(8 * len(content)), min(flips, 8 * len(content))):
        flipped = bytearray(content)
        flipped[place // 8] ^= 1 << place % 8
        yield bytes(flipped)


def is_shown(store: Store) -> bool:
    """Whether the lab would show a picture of the run."""
    try:
        run = store.find(NAME)
        if run is not None:
            store.load_model(run)
        return run is not None
    except DamagedRunError:
        return False


@pytest.mark.parametrize("file", [CONFIG, EVENTS, WEIGHTS, MANIFEST])
def test_damage_to_a_finished_run_is_found_and_the_run_never_shown(file, finished, tmp_path, times, measured):
    folder = finished.folder(NAME)
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    found = count = 0
    for content in damaged_copies(whole[file], times(10, 100), times(40, 1000), random.Random(file)):
        shutil.rmtree(finished.root / "damaged", ignore_errors=True)
        folder.mkdir(exist_ok=True)
        for name, good in whole.items():
            (folder / name).write_bytes(content if name == file else good)
        count += 1
        found += not is_shown(Store(finished.root))
    assert found == count
    measured(f"{count} damages, {found} found, {count - found} pictures shown")


@pytest.mark.parametrize("file", [CONFIG, EVENTS, CHECKPOINT])
def test_damage_to_an_unfinished_run_is_found_and_it_begins_anew(file, unfinished, times, measured):
    folder = unfinished.folder(NAME)
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    found = count = 0
    for content in damaged_copies(whole[file], times(10, 100), times(40, 1000), random.Random(file)):
        for name, good in whole.items():
            (folder / name).write_bytes(content if name == file else good)
        _, since, _ = unfinished.resume(RUN)
        count += 1
        found += since is None
    assert found == count
    measured(f"{count} damages, {found} found")


def test_a_damaged_checkpoint_does_not_change_where_a_run_ends(unfinished, finished, few_digits):
    checkpoint = unfinished.folder(NAME) / CHECKPOINT
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1])
    for _ in record_training(RUN, unfinished, few_digits):
        pass
    assert weights(unfinished, RUN) == weights(finished, RUN)
    assert story(unfinished, RUN) == story(finished, RUN)
