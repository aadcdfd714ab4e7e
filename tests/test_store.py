"""Runs on disk: what was written comes back, or nothing does."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from ae_core import config
from ae_core.config import CorruptionConfig, RunConfig
from ae_core.errors import DamagedRunError, StoreError
from ae_core.models import build
from ae_core.store import CONFIG, EVENTS, MANIFEST, SHIPPED, WEIGHTS, EventLog, Store, from_png, to_png
from ae_core.training import seeded
from tests.conftest import PROJECT

RUN = config.adjusted(config.FAE, model={"latent_size": 2, "hidden_sizes": (4,)})
NAME = config.run_id(RUN)
RESULT = {"test": {"mse": 0.05, "psnr": 13.0, "ssim": 0.5, "bce": 0.3}, "train_seconds": 1.5}
FILES = (CONFIG, EVENTS, WEIGHTS, MANIFEST)
SHIPPED_NAME = sorted(path.name for path in SHIPPED.iterdir())[0]


def finish(store: Store, run: RunConfig = RUN):
    """A finished run of small but real weights."""
    model = build(run.model, seeded(0, "weights"))
    store.begin(run).append({"event": "started"})
    store.commit(run, model, RESULT)
    return model


def damaged_copies(content: bytes) -> list[bytes]:
    """One flipped byte in each of 40 places spread over the file, and the file cut short."""
    places = sorted({0, len(content) - 1, *random.Random(0).sample(range(len(content)), min(38, len(content)))})
    flipped = [content[:i] + bytes([content[i] ^ 0x01]) + content[i + 1 :] for i in places]
    return [*flipped, content[: len(content) // 2], content[:-1], b"", content + b"\n"]


# Round trips


def test_what_was_committed_comes_back_byte_for_byte(store):
    written = finish(store).state_dict()
    run = Store(store.root).get(NAME)
    read = Store(store.root).load_model(run).state_dict()
    assert (run.config, run.result, run.shipped, run.run_id) == (RUN, RESULT, False, NAME)
    assert written.keys() == read.keys()
    assert all(written[key].equal(read[key]) for key in written)


@pytest.mark.parametrize("run", config.PRESETS.values(), ids=config.PRESETS)
def test_every_preset_can_be_stored(store, run):
    written = finish(store, run).state_dict()
    read = store.load_model(store.get(config.run_id(run))).state_dict()
    assert all(written[key].equal(read[key]) for key in written)


def test_a_loaded_model_is_ready_to_be_used(store):
    finish(store)
    model = store.load_model(store.get(NAME))
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_a_run_without_its_manifest_is_not_finished(store):
    store.begin(RUN).append({"event": "started"})
    assert store.find(NAME) is None
    assert store.runs()[0] == Store(store.root / "empty").runs()[0]
    with pytest.raises(StoreError, match=r"no finished run.*ae_core runs"):
        store.get(NAME)


def test_training_again_starts_over(store):
    finish(store)
    store.begin(RUN)
    assert store.find(NAME) is None
    assert store.events(NAME) == []


def test_own_runs_are_listed_newest_first_and_shipped_ones_last(store):
    other = config.adjusted(RUN, training={"seed": 1})
    finish(store)
    finish(store, other)
    os.utime(store.folder(NAME) / MANIFEST, (1, 1))
    found, problems = store.runs()
    assert [run.run_id for run in found[:2]] == [config.run_id(other), NAME]
    assert {run.run_id for run in found[2:]} == {path.name for path in SHIPPED.iterdir()}
    assert all(run.shipped for run in found[2:])
    assert problems == []


def test_every_shipped_run_is_whole_and_loads():
    store = Store(Path("/nonexistent"))
    for path in SHIPPED.iterdir():
        run = store.get(path.name)
        assert store.load_model(run)(torch.zeros(1, 1, 28, 28)).shape == (1, 1, 28, 28)
        assert run.config.data.name == config.MNIST_LESS_EMBEDDED_TEST


def test_a_shipped_run_stands_in_for_settings_that_differ_only_in_training(store):
    shipped = store.get(SHIPPED_NAME).config
    alike = config.adjusted(config.with_data(shipped, config.EMBEDDED), training={"epochs": 3, "seed": 5})
    assert store.shipped_like(alike).config == shipped
    assert store.shipped_like(config.adjusted(alike, corruption={"level": 0.123})) is None


# Damage


@pytest.mark.parametrize("file", FILES)
def test_one_flipped_byte_anywhere_is_found_and_the_run_set_aside(tmp_path, file):
    finish(Store(tmp_path / "whole"))
    content = (Store(tmp_path / "whole").folder(NAME) / file).read_bytes()
    for i, damaged in enumerate(damaged_copies(content)):
        store = Store(tmp_path / f"{i}")
        shutil.copytree(tmp_path / "whole", store.root)
        (store.folder(NAME) / file).write_bytes(damaged)
        if file == MANIFEST and damaged == content + b"\n":
            continue  # white space after JSON changes nothing
        with pytest.raises(DamagedRunError, match=rf"{NAME} is damaged.*Train it again"):
            store.find(NAME)
        assert store.find(NAME) is None
        assert [path.name.startswith(NAME) for path in (store.root / "damaged").iterdir()] == [True]


@pytest.mark.parametrize("file", [CONFIG, EVENTS, WEIGHTS])
def test_a_missing_file_is_damage(store, file):
    finish(store)
    (store.folder(NAME) / file).unlink()
    with pytest.raises(DamagedRunError, match=f"{file} is missing"):
        store.get(NAME)
    assert not store.folder(NAME).exists()
    assert store.find(NAME) is None


def test_damage_after_the_first_look_is_found_too(store):
    finish(store)
    run = store.get(NAME)
    weights = store.folder(NAME) / WEIGHTS
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(DamagedRunError):
        store.load_model(run)
    with pytest.raises(DamagedRunError):
        store.find(NAME)


def test_rot_that_leaves_size_and_time_as_they_were_never_becomes_a_model(store):
    finish(store)
    run = store.get(NAME)
    weights = store.folder(NAME) / WEIGHTS
    before, content = weights.stat(), bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(DamagedRunError):
        store.load_model(run)
    with pytest.raises(DamagedRunError):
        store.get(NAME)
    assert store.find(NAME) is None


def test_a_run_under_another_runs_name_is_damage(store):
    finish(store)
    other = "0" * 16
    store.folder(NAME).rename(store.folder(other))
    with pytest.raises(DamagedRunError, match="belong to another run"):
        store.find(other)


def test_the_list_of_runs_goes_on_past_a_damaged_one(store):
    finish(store)
    finish(store, config.adjusted(RUN, training={"seed": 1}))
    (store.folder(NAME) / WEIGHTS).write_bytes(b"")
    found, problems = store.runs()
    assert [run.config.training.seed for run in found if not run.shipped] == [1]
    assert len(problems) == 1
    assert NAME in problems[0]


def test_a_damaged_shipped_run_is_refused_and_left_where_it_is(tmp_path):
    shipped = tmp_path / "shipped"
    shutil.copytree(SHIPPED / SHIPPED_NAME, shipped / SHIPPED_NAME)
    store = Store(tmp_path / "store", shipped_root=shipped)
    assert store.get(SHIPPED_NAME).shipped
    weights = shipped / SHIPPED_NAME / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1])
    for _ in range(2):
        with pytest.raises(DamagedRunError):
            store.find(SHIPPED_NAME)
    assert weights.exists()
    assert len(store.runs()[1]) == 1


# Places and names


def test_a_store_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "store")
    for write in (store.check_writable, lambda: store.begin(RUN), lambda: store.lock(NAME)):
        with pytest.raises(StoreError, match=r"cannot be written.*AE_LAB_STORE"):
            write()
    assert store.get(SHIPPED_NAME).shipped


def test_a_log_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(StoreError, match=r"could not be written.*Make room"):
        EventLog(tmp_path / "nowhere" / "events.jsonl").append({"event": "started"})


@pytest.mark.parametrize("name", ["", "abc", "../..", "../../etc/passwd", "0" * 15, "0" * 17, "F" * 16, "0" * 15 + "/", "\0" * 16])
def test_what_is_no_runs_name_is_refused(store, name):
    for use in (store.folder, store.find, store.get, store.events):
        with pytest.raises(StoreError, match="16 hexadecimal digits"):
            use(name)


# Event log


def test_events_come_back_in_order_without_a_line_still_being_written(store):
    log = store.begin(RUN)
    for step in range(3):
        log.append({"event": "batch", "step": step})
    with log.path.open("ab") as file:
        file.write(b'{"event": "batch", "st')
    assert [event["step"] for event in store.events(NAME)] == [0, 1, 2]
    assert all(event["time"] == pytest.approx(time.time(), abs=60) for event in store.events(NAME))


def test_a_spoiled_line_does_not_hide_the_others(store):
    log = store.begin(RUN)
    log.append({"event": "started"})
    with log.path.open("ab") as file:
        file.write(b"\xff\xfe not json\n7\n")
    log.append({"event": "batch"})
    assert [event["event"] for event in store.events(NAME)] == ["started", "batch"]


def test_the_settings_are_in_the_folder_from_the_beginning(store):
    run = RunConfig(corruption=CorruptionConfig("masking", 0.25))
    store.begin(run)
    assert config.from_json((store.folder(config.run_id(run)) / CONFIG).read_text()) == run
    assert json.loads((store.folder(config.run_id(run)) / CONFIG).read_text())["recipe"] == config.RECIPE


# Pictures


def test_pictures_in_the_log_are_good_to_256_greys(digits):
    images_nhw = digits.test_nhw[:16]
    torch.testing.assert_close(from_png(to_png(images_nhw)), images_nhw, atol=1e-6, rtol=0)
    between = torch.rand((3, 28, 28), generator=seeded(0, "pictures"))
    assert (from_png(to_png(between)) - between).abs().max() <= 0.5 / 255 + 1e-6


# Locks


def test_a_run_is_locked_while_its_process_lives(store):
    program = (
        "import sys, time; from pathlib import Path; from ae_core.store import Store\n"
        "with Store(Path(sys.argv[1])).lock(sys.argv[2]): print('held', flush=True); time.sleep(60)"
    )
    assert not store.is_locked(NAME)
    with subprocess.Popen([sys.executable, "-c", program, store.root, NAME], cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        assert store.is_locked(NAME)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not store.is_locked(NAME)
    with store.lock(NAME):
        assert store.is_locked(NAME)
