"""Runs on disk: what was written comes back, or nothing does."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from ae_core import config
from ae_core.config import CorruptionConfig, DataConfig, RunConfig
from ae_core.errors import DamagedRunError, StoreError
from ae_core.metrics import decibels
from ae_core.models import build_model
from ae_core.runs.packing import from_png, pack_codes, to_png, unpack_codes
from ae_core.runs.run_folder import CHECKPOINT, CONFIG, EVENTS, MANIFEST, WEIGHTS
from ae_core.runs.run_log import EventLog
from ae_core.runs.store import SHIPPED, Store
from ae_core.runs.versions import versions
from ae_core.training import Checkpoint, seeded
from tests.conftest import PROJECT

RUN = config.adjusted(config.FAE, model={"latent_size": 2, "hidden_sizes": (4,)})
NAME = config.run_id(RUN)
RESULT = {"test": {"mse": 0.05, "psnr": decibels(0.05), "ssim": 0.5, "bce": 0.3}, "train_seconds": 1.5}
FILES = (CONFIG, EVENTS, WEIGHTS, MANIFEST)
SHIPPED_NAME = sorted(path.name for path in SHIPPED.iterdir())[0]


def finish(store: Store, run: RunConfig = RUN):
    """A finished run of small but real weights."""
    model = build_model(run.model, seeded(0, "weights"))
    store.start_log(run).append({"event": "started"})
    store.commit(run, model, RESULT)
    return model


def damaged_copies(content: bytes) -> list[bytes]:
    """One flipped byte in each of 40 places spread over the file, and the file cut short."""
    places = sorted(
        {0, len(content) - 1, *random.Random(0).sample(range(len(content)), min(38, len(content)))}
    )
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


def test_a_run_that_recorded_another_psnr_is_read_with_that_of_its_mean_error(store):
    recorded = {
        **RESULT,
        "test": {**RESULT["test"], "psnr": 14.2},
    }  # the mean of the pictures' own, as earlier versions had it
    store.start_log(RUN)
    store.commit(RUN, build_model(RUN.model), recorded)
    assert store.get(NAME).result == RESULT


def test_what_a_shipped_run_recorded_is_the_psnr_of_its_mean_error():
    for manifest in SHIPPED.glob("*/manifest.json"):
        test = json.loads(manifest.read_text())["result"]["test"]
        assert test["psnr"] == pytest.approx(decibels(test["mse"]), abs=1e-9)


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
    store.start_log(RUN).append({"event": "started"})
    assert store.find(NAME) is None
    assert store.runs()[0] == Store(store.root / "empty").runs()[0]
    with pytest.raises(StoreError, match=r"no finished run.*ae_core runs"):
        store.get(NAME)


def test_training_again_starts_over(store):
    finish(store)
    store.start_log(RUN)
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


def test_what_ships_is_what_ships_whatever_was_trained_here_of_the_same_settings(store):
    found, problems = store.shipped()
    before = {run.name: run.weights_sha256 for run in found}
    assert problems == []
    assert set(before) == {path.name for path in SHIPPED.iterdir()}
    finish(store, store.get(SHIPPED_NAME).config)
    assert store.get(SHIPPED_NAME).weights_sha256 != before[SHIPPED_NAME]
    assert {run.name: run.weights_sha256 for run in Store(store.root).shipped()[0]} == before


def test_all_that_ships_but_one_learnt_from_the_same_digits_and_all_is_tested_on_the_same(store):
    found, _ = store.shipped()
    (other,) = [run for run in found if run.config.data != DataConfig()]
    assert other.config.data.left_out == (7,)
    assert {tuple(run.result["dataset"].values()) for run in found if run is not other} == {
        ("mnist", 60_000, 10_000)
    }
    assert other.result["dataset"] == {"name": "mnist", "train": 53_735, "test": 10_000}


def test_what_learnt_from_fewer_classes_stands_in_for_nothing_that_learnt_from_all(store):
    few = replace(store.get(SHIPPED_NAME).config, data=DataConfig(classes=(0, 1)))
    assert store.shipped_like(few) is None
    without_sevens = DataConfig(classes=(0, 1, 2, 3, 4, 5, 6, 8, 9))
    assert store.shipped_like(replace(config.CAE, data=without_sevens)).config.data == without_sevens
    assert store.shipped_like(config.CAE).config.data == DataConfig()


def test_weights_of_16_bits_load_as_what_they_are_and_the_run_knows_the_hash_it_had_before(store):
    """What ships is rounded to 16 bits."""
    model = finish(store)
    before = store.get(NAME).weights_sha256
    halves = {name: tensor.half() for name, tensor in model.state_dict().items()}
    store.start_log(RUN).append({"event": "started"})
    store.commit(RUN, SimpleNamespace(state_dict=lambda: halves), {**RESULT, "trained_sha256": before})
    run = Store(store.root).get(NAME)
    assert (run.trained_sha256, run.weights_sha256 == before) == (before, False)
    loaded = store.load_model(run).state_dict()
    assert {name: tensor.dtype for name, tensor in loaded.items()} == dict.fromkeys(loaded, torch.float32)
    assert all(loaded[name].equal(halves[name].float()) for name in halves)


def test_a_shipped_run_stands_in_for_settings_that_differ_only_in_training(store):
    shipped = store.get(SHIPPED_NAME).config
    alike = config.adjusted(replace(shipped, data=DataConfig(digits=100)), training={"epochs": 3, "seed": 5})
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
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1])
    for _ in range(2):
        with pytest.raises(DamagedRunError):
            store.find(SHIPPED_NAME)
    assert weights.exists()
    assert len(store.runs()[1]) == 1
    weights.write_bytes(whole)
    assert store.get(SHIPPED_NAME).shipped


def test_what_is_damaged_and_cannot_be_set_aside_is_hashed_once_not_at_every_look(tmp_path, monkeypatch):
    shipped = tmp_path / "shipped"
    shutil.copytree(SHIPPED / SHIPPED_NAME, shipped / SHIPPED_NAME)
    (shipped / SHIPPED_NAME / WEIGHTS).write_bytes(b"")
    store = Store(tmp_path / "store", shipped_root=shipped)
    like = Store(tmp_path / "other").get(SHIPPED_NAME).config
    hashed = []
    monkeypatch.setattr(
        "ae_core.runs.run_folder.sha256_of",
        lambda path: hashed.append(path) or hashlib.sha256(path.read_bytes()).hexdigest(),
    )
    for _ in range(3):
        with pytest.raises(DamagedRunError):
            store.find(SHIPPED_NAME)
        assert store.shipped_like(like) is None
        assert len(store.runs()[1]) == 1
    assert len(hashed) == 3  # each of its files once


# Places and names


def test_a_store_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "store")
    for write in (store.check_writable, lambda: store.start_log(RUN), lambda: store.lock(NAME)):
        with pytest.raises(StoreError, match=r"cannot be written.*AE_LAB_STORE"):
            write()
    assert store.get(SHIPPED_NAME).shipped


def test_a_log_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(StoreError, match=r"could not be written.*Make room"):
        EventLog(tmp_path / "nowhere" / "events.jsonl").append({"event": "started"})


@pytest.mark.parametrize(
    "name", ["", "abc", "../..", "../../etc/passwd", "0" * 15, "0" * 17, "F" * 16, "0" * 15 + "/", "\0" * 16]
)
def test_what_is_no_runs_name_is_refused(store, name):
    for use in (store.folder, store.find, store.get, store.events):
        with pytest.raises(StoreError, match="16 hexadecimal digits"):
            use(name)


# Event log


def test_events_come_back_in_order_without_a_line_still_being_written(store):
    log = store.start_log(RUN)
    for step in range(3):
        log.append({"event": "batch", "step": step})
    with log.path.open("ab") as file:
        file.write(b'{"event": "batch", "st')
    assert [event["step"] for event in store.events(NAME)] == [0, 1, 2]
    assert all(event["time"] == pytest.approx(time.time(), abs=60) for event in store.events(NAME))


def test_a_spoiled_line_does_not_hide_the_others(store):
    log = store.start_log(RUN)
    log.append({"event": "started"})
    with log.path.open("ab") as file:
        file.write(b"\xff\xfe not json\n7\n")
    log.append({"event": "batch"})
    assert [event["event"] for event in store.events(NAME)] == ["started", "batch"]


def test_the_settings_are_in_the_folder_from_the_beginning(store):
    run = RunConfig(corruption=CorruptionConfig("masking", 0.25))
    store.start_log(run)
    assert config.from_json((store.folder(config.run_id(run)) / CONFIG).read_text()) == run
    assert json.loads((store.folder(config.run_id(run)) / CONFIG).read_text())["recipe"] == config.RECIPE


# Going on after the last epoch


def keep(store: Store, log: EventLog, epoch: int = 1, seconds: float = 2.5) -> Checkpoint:
    """A checkpoint like those of training: tensors, numbers and text."""
    state = {
        "model": {"weight": torch.arange(6.0).reshape(2, 3)},
        "schedule": {"last": epoch},
        "noise": seeded(0, "noise").get_state(),
    }
    checkpoint = Checkpoint(epoch, 16 * epoch, state)
    store.keep_checkpoint(RUN, log, checkpoint, seconds)
    return checkpoint


def test_what_was_kept_comes_back_with_the_log_as_it_was(store):
    log = store.start_log(RUN)
    log.append({"event": "started"})
    kept = keep(store, log, epoch=3, seconds=12.5)
    log.append({"event": "batch", "step": 50})
    resumed, checkpoint, seconds = Store(store.root).resume(RUN)
    assert (resumed, checkpoint.epoch, checkpoint.step, seconds) == (log, 3, 48, 12.5)
    assert checkpoint.state["model"]["weight"].equal(kept.state["model"]["weight"])
    assert checkpoint.state["noise"].equal(kept.state["noise"])
    assert [event["event"] for event in store.events(NAME)] == ["started"]
    resumed.append({"event": "batch", "step": 50})
    assert [event["event"] for event in store.events(NAME)] == ["started", "batch"]


def test_only_the_last_checkpoint_is_kept(store):
    log = store.start_log(RUN)
    for epoch in range(1, 4):
        keep(store, log, epoch)
        assert store.last_epoch(RUN) == epoch
    assert {path.name for path in store.folder(NAME).iterdir()} == {CONFIG, EVENTS, CHECKPOINT}


def test_a_run_without_a_checkpoint_begins_anew(store):
    assert store.last_epoch(RUN) == 0
    log, checkpoint, seconds = store.resume(RUN)
    assert (checkpoint, seconds, store.events(NAME)) == (None, 0.0, [])
    log.append({"event": "started"})
    assert store.resume(RUN)[1:] == (None, 0.0)
    assert store.events(NAME) == []


def test_a_damaged_checkpoint_is_as_none(store):
    log = store.start_log(RUN)
    log.append({"event": "started"})
    keep(store, log)
    whole = (store.folder(NAME) / CHECKPOINT).read_bytes()
    for content in damaged_copies(whole):
        (store.folder(NAME) / CHECKPOINT).write_bytes(content)
        assert store.last_epoch(RUN) == 0
    assert store.resume(RUN)[1] is None
    assert store.events(NAME) == []
    assert not (store.folder(NAME) / CHECKPOINT).exists()


@pytest.mark.parametrize("package", ["torch", "ae_core"])
def test_a_checkpoint_of_other_versions_is_as_none(store, package, monkeypatch):
    keep(store, store.start_log(RUN))
    monkeypatch.setattr("ae_core.runs.store.versions", lambda: {**versions(), package: "another"})
    assert store.resume(RUN)[1] is None


@pytest.mark.parametrize(
    "change", [lambda text: text.replace("started", "stopped"), lambda text: "", lambda text: text[1:]]
)
def test_a_checkpoint_does_not_go_on_with_another_log(store, change):
    log = store.start_log(RUN)
    log.append({"event": "started"})
    keep(store, log)
    log.path.write_text(change(log.path.read_text()))
    assert store.resume(RUN)[1] is None
    assert store.events(NAME) == []


def test_a_checkpoint_does_not_go_on_with_other_settings(store):
    keep(store, store.start_log(RUN))
    (store.folder(NAME) / CONFIG).write_text(config.to_json(RunConfig()))
    assert store.resume(RUN)[1] is None
    assert (store.folder(NAME) / CONFIG).read_text() == config.to_json(RUN)


def test_a_finished_run_has_no_checkpoint(store):
    log = store.start_log(RUN)
    keep(store, log)
    store.commit(RUN, build_model(RUN.model, seeded(0, "weights")), RESULT)
    assert not (store.folder(NAME) / CHECKPOINT).exists()
    keep(store, log)  # as if the process had died between the manifest and this
    assert store.get(NAME).result == RESULT


def test_a_checkpoint_that_cannot_be_written_says_so(store):
    log = store.start_log(RUN)
    (store.folder(NAME) / CHECKPOINT).mkdir()
    with pytest.raises(StoreError, match=r"checkpoint could not be written.*Make room"):
        keep(store, log)
    assert {path.name for path in store.folder(NAME).iterdir()} == {CONFIG, EVENTS, CHECKPOINT}


def test_a_log_is_cut_back_only_to_what_it_was(store):
    log = store.start_log(RUN)
    log.append({"event": "started"})
    content = log.path.read_bytes()
    log.append({"event": "batch"})
    assert not log.cut_back(len(content), hashlib.sha256(b"another").hexdigest())
    assert not log.cut_back(len(content) + 1000, hashlib.sha256(content).hexdigest())
    assert len(store.events(NAME)) == 2
    assert log.cut_back(len(content), hashlib.sha256(content).hexdigest())
    assert log.path.read_bytes() == content
    assert not EventLog(store.root / "nowhere").cut_back(0, hashlib.sha256(b"").hexdigest())


def test_a_failure_is_the_last_thing_in_the_log_and_told_once(store):
    store.start_log(RUN).append({"event": "started"})
    for _ in range(2):
        assert store.log_failure(RUN, "No digits. Look elsewhere.")
    assert [event["event"] for event in store.events(NAME)] == ["started", "failed"]
    assert store.log_failure(RUN, "Something else.")
    assert [event.get("message") for event in store.events(NAME)] == [
        None,
        "No digits. Look elsewhere.",
        "Something else.",
    ]


def test_a_run_can_fail_before_it_began(store):
    assert store.log_failure(RUN, "No digits. Look elsewhere.")
    assert [event["event"] for event in store.events(NAME)] == ["failed"]
    assert (store.folder(NAME) / CONFIG).read_text() == config.to_json(RUN)


def test_a_failure_leaves_the_checkpoint_to_go_on_from(store):
    log = store.start_log(RUN)
    log.append({"event": "started"})
    keep(store, log)
    store.log_failure(RUN, "No room.")
    assert store.resume(RUN)[1].epoch == 1
    assert [event["event"] for event in store.events(NAME)] == ["started"]


def test_a_failure_that_cannot_be_logged_is_answered_with_no(store):
    store.start_log(RUN)
    (store.folder(NAME) / EVENTS).unlink()
    (store.folder(NAME) / EVENTS).mkdir()
    assert not store.log_failure(RUN, "No room.")


def test_nothing_is_added_to_the_log_of_a_finished_run_not_even_a_failure(store):
    finish(store)
    log = EventLog(store.folder(NAME) / EVENTS)
    before = log.path.read_bytes()
    with pytest.raises(StoreError, match=r"is finished.*nothing is added"):
        log.append({"event": "batch"})
    assert not store.log_failure(RUN, "Its ticket could not be closed.")
    log.path.unlink()
    assert not store.log_failure(RUN, "Its log is gone.")  # and it is not begun anew over that
    log.path.write_bytes(before)
    assert Store(store.root).get(NAME).result == RESULT


def test_a_checkpoint_that_cannot_be_taken_away_does_not_undo_a_finished_run(store):
    store.start_log(RUN).append({"event": "started"})
    (store.folder(NAME) / CHECKPOINT).mkdir()
    store.commit(RUN, build_model(RUN.model, seeded(0, "weights")), RESULT)
    assert Store(store.root).get(NAME).result == RESULT


def test_a_log_that_cannot_grow_has_no_half_line(store):
    """A limit on the size of files does what a full disk does: the first bytes fit, the rest do not."""
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from ae_core.errors import StoreError; from ae_core.runs.run_log import EventLog\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "log = EventLog(Path(sys.argv[1]))\n"
        "for step in range(100):\n"
        "    try: log.append({'event': 'batch', 'step': step})\n"
        "    except StoreError as problem: print(step, problem); break"
    )
    path = store.start_log(RUN).path
    done = subprocess.run(
        [sys.executable, "-c", program, path], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    written, problem = done.stdout.split(maxsplit=1)
    assert "Make room on the disk" in problem
    assert int(written) > 5
    assert path.read_bytes().endswith(b"}\n")
    assert [event["step"] for event in store.events(NAME)] == list(range(int(written)))


# Pictures


def test_pictures_in_the_log_are_good_to_256_greys(digits):
    images_nhw = digits.test_nhw[:16]
    torch.testing.assert_close(from_png(to_png(images_nhw)), images_nhw, atol=1e-6, rtol=0)
    between = torch.rand((3, 28, 28), generator=seeded(0, "pictures"))
    assert (from_png(to_png(between)) - between).abs().max() <= 0.5 / 255 + 1e-6


def test_codes_in_the_log_are_good_to_16_bits_of_each_axis():
    codes_tnd = torch.randn((4, 50, 2), generator=seeded(0, "codes")) * torch.tensor([100.0, 0.01])
    labels_n = torch.arange(50) % 10
    codes_back_tnd, labels_back_n = unpack_codes(json.loads(json.dumps(pack_codes(codes_tnd, labels_n))))
    assert labels_back_n.equal(labels_n)
    spread_d = codes_tnd.amax((0, 1)) - codes_tnd.amin((0, 1))
    assert ((codes_back_tnd - codes_tnd).abs() <= spread_d / 65535).all()


def test_codes_that_are_all_alike_come_back(digits):
    codes_tnd, _ = unpack_codes(pack_codes(torch.full((2, 3, 2), 0.5), torch.zeros(3)))
    assert (codes_tnd == 0.5).all()


# Locks


def test_a_run_is_locked_while_its_process_lives(store):
    program = (
        "import sys, time; from pathlib import Path; from ae_core.runs.store import Store\n"
        "with Store(Path(sys.argv[1])).lock(sys.argv[2]): print('held', flush=True); time.sleep(60)"
    )
    assert not store.is_locked(NAME)
    with subprocess.Popen(
        [sys.executable, "-c", program, store.root, NAME], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        assert store.is_locked(NAME)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not store.is_locked(NAME)
    with store.lock(NAME):
        assert store.is_locked(NAME)


def test_two_who_look_at_a_lock_at_once_do_not_take_each_other_for_its_holder(store):
    with store.lock(NAME):
        pass
    with ThreadPoolExecutor(8) as crowd:
        assert not any(crowd.map(lambda _: store.is_locked(NAME), range(4000)))


def test_finished_runs_are_read_without_torch(tmp_path):
    """The scheduler reads them, and torch takes 300 MB in each process that imports it by itself."""
    script = (
        "import sys; from pathlib import Path; from ae_core.runs.store import Store;"
        "runs = Store(Path(sys.argv[1])).runs();"
        "print(len(runs), 'torch' in sys.modules)"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    told = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split()
    assert int(told[0]) > 0
    assert told[1] == "False"
