"""A run as one file: it comes back as it was, and nothing else comes in."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from ae_core import config
from ae_core.__main__ import main
from ae_core.config import DataConfig, RunConfig
from ae_core.data import Digits, select_digits
from ae_core.errors import DamagedRunError, StoreError
from ae_core.runs import history, housekeeping, quota, run_file, tickets, uploaded_run
from ae_core.runs.packing import pack_codes, to_png
from ae_core.runs.run_file import FILES, export_run, import_run
from ae_core.runs.run_folder import CONFIG, EVENTS, MANIFEST, UPLOADED, WEIGHTS
from ae_core.runs.store import SHIPPED, Store
from ae_core.service import jobs
from ae_core.service.worker import record_training
from tests.runs.test_store import damaged_copies

RUN = config.adjusted(
    replace(config.FAE, data=DataConfig(digits=512)),
    model={"latent_size": 2, "hidden_sizes": ()},
    training={"epochs": 1},
)
NAME = config.run_id(RUN)
SHIPPED_NAME = sorted(path.name for path in SHIPPED.iterdir())[0]


def train(store: Store, digits: Digits, run: RunConfig = RUN) -> str:
    for _ in record_training(run, store, digits):
        pass
    return config.run_id(run)


@pytest.fixture(scope="module")
def content(few_digits: Digits, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a run that was really trained."""
    store = Store(tmp_path_factory.mktemp("trained"))
    return export_run(store, train(store, few_digits))


@pytest.fixture(autouse=True)
def nothing_is_left_behind(store: Store) -> Iterator[None]:
    yield
    assert list((store.root / "incoming").glob("*")) == []


def parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, part in files.items():
            archive.writestr(name, part)
    return file.getvalue()


def sealed(folder: Path, run: RunConfig, weights: bytes, result: dict, events: bytes) -> bytes:
    """A forger's file: everything belongs together, because the lab itself sealed it."""
    store = Store(folder)
    store.start_log(run)
    (store.folder(config.run_id(run)) / EVENTS).write_bytes(events)
    store.commit(run, _Weights(weights), result)
    files = {name: (store.folder(config.run_id(run)) / name).read_bytes() for name in FILES}
    return packed(files)


class _Weights:
    """What `Store.commit` takes for a model."""

    def __init__(self, weights: bytes) -> None:
        self.state_dict = lambda: load_tensors(weights)


def forged(
    content: bytes,
    folder: Path,
    run: RunConfig = RUN,
    weights: bytes | None = None,
    events: bytes | None = None,
    **result,
) -> bytes:
    """`content` with some of it changed, sealed anew."""
    files = parts(content)
    honest = json.loads(files[MANIFEST])["result"]
    return sealed(
        folder,
        run,
        weights or files[WEIGHTS],
        {**honest, **result},
        files[EVENTS] if events is None else events,
    )


def refuse(
    store: Store,
    content: bytes,
    match: str = "is not a run as the lab writes it",
    digits: Digits | None = None,
) -> None:
    """Refused in one sentence for the cause and one for the next step, and nothing of it appears."""
    with pytest.raises(StoreError, match=match) as refusal:
        import_run(store, content, digits)
    assert "Upload the file that Download gave you" in str(refusal.value)
    assert not store.folder(NAME).exists()
    assert not list((store.root / "uploads").glob("*"))


# Round trips


def test_a_run_taken_along_comes_in_again_byte_for_byte(store, content, few_digits):
    name = import_run(store, content, few_digits)
    folder = store.folder(name)
    assert {file: (folder / file).read_bytes() for file in FILES} == parts(content)
    assert store.load_model(store.get(name)) is not None
    assert [run.name for run in store.uploads()[0]] == [name]
    assert export_run(store, name) == content


@pytest.mark.parametrize("preset", config.PRESETS)
def test_a_run_of_every_preset_can_be_taken_along(store, preset, few_digits, tmp_path):
    run = config.adjusted(replace(config.PRESETS[preset], data=DataConfig(digits=64)), training={"epochs": 1})
    few = select_digits(few_digits, run.data)
    name = train(Store(tmp_path / "there"), few, run)
    assert store.get(import_run(store, export_run(Store(tmp_path / "there"), name), few)).config == run


@pytest.mark.parametrize(
    "layers",
    [
        "--preset fae --hidden-sizes 64",
        pytest.param("--preset cae --channels 4,16", marks=pytest.mark.long),
    ],
)
def test_a_run_of_layers_that_no_dial_makes_can_be_taken_along(store, layers, digits, tmp_path, capsys):
    there = Store(tmp_path / "there")
    command = f"train {layers} --digits 64 --epochs 1 --json --store {there.root}"
    try:
        assert main(command.split()) == 0
    finally:
        jobs.stop_cluster(there)
    trained = json.loads(capsys.readouterr().out.splitlines()[-1])["run_id"]
    name = import_run(store, export_run(there, trained), digits)
    assert store.get(name).config == there.get(trained).config


@pytest.mark.parametrize("name", sorted(path.name for path in SHIPPED.iterdir()))
def test_a_shipped_run_can_be_taken_along(store, name, few_digits):
    there = Store(store.root, shipped_root=None)
    elsewhere = replace(few_digits, name="elsewhere")  # so that nothing is compared with what its file says
    came = import_run(there, export_run(store, name), elsewhere)
    assert there.get(came).result == Store(store.root / "other").get(name).result


def test_a_file_packed_anew_by_another_program_is_welcome(store, content, few_digits):
    again = packed(dict(reversed(parts(content).items())), zipfile.ZIP_DEFLATED)
    assert store.get(import_run(store, again, few_digits)).config == RUN


# Apart from what was trained here


def test_an_uploaded_run_is_never_taken_for_a_trained_one(store, content, few_digits):
    before = store.runs()
    name = import_run(store, content, few_digits)
    assert name != NAME
    assert (store.find(NAME), store.has_own(NAME), store.events(NAME)) == (None, False, [])
    assert store.shipped_like(RUN) is None
    assert store.runs() == before
    assert history.status_of(NAME, store) == "none"
    assert jobs.expected_seconds(RUN, store) == jobs.expected_seconds(RUN, Store(store.root / "empty"))
    uploaded = store.get(name)
    assert (uploaded.config, uploaded.run_id, uploaded.name) == (RUN, NAME, name)
    assert history.status_of(name, store) == "finished"


def test_settings_that_were_uploaded_can_still_be_trained_and_then_both_are_here(
    store, content, few_digits, tmp_path
):
    better = {name: tensor * 0.5 for name, tensor in load_tensors(parts(content)[WEIGHTS]).items()}
    elsewhere = replace(few_digits, name="elsewhere")
    name = import_run(store, forged(content, tmp_path / "forged", weights=save_tensors(better)), elsewhere)
    tickets.submit_ticket(store, RUN, "ada", 1.0)
    assert history.status_of(NAME, store) == "queued"
    tickets.remove_ticket(store, NAME)
    train(store, few_digits)
    assert store.get(NAME).weights_sha256 != store.get(name).weights_sha256
    assert not store.get(NAME).uploaded_as
    assert [run.run_id for run in store.runs()[0] if not run.shipped] == [NAME]
    assert {
        entry.name: entry.uploaded for entry in housekeeping.list_folders(store)[0] if not entry.shipped
    } == {
        NAME: False,
        name: True,
    }


def test_a_stopped_run_is_left_as_it_is_when_its_settings_are_uploaded(store, content, few_digits):
    store.start_log(RUN).append({"event": "stopped"})
    import_run(store, content, few_digits)
    assert history.status_of(NAME, store) == "stopped"


def test_what_is_here_already_need_not_come_in_again(store, content, few_digits):
    name = import_run(store, content, few_digits)
    with pytest.raises(
        StoreError, match=rf"here already, with the same weights: it was uploaded before. Choose {name[:6]}"
    ):
        import_run(store, content, few_digits)
    housekeeping.delete_run(store, name)
    train(store, few_digits)
    before = (store.folder(NAME) / MANIFEST).read_bytes()
    with pytest.raises(StoreError, match="was trained here"):
        import_run(store, content, few_digits)
    assert (store.folder(NAME) / MANIFEST).read_bytes() == before
    with pytest.raises(StoreError, match="came with the lab"):
        import_run(store, export_run(store, SHIPPED_NAME), few_digits)


def test_an_uploaded_run_can_be_pinned_deleted_and_had_back(store, content, few_digits, monkeypatch):
    name = import_run(store, content, few_digits)
    housekeeping.pin_run(store, name)
    with pytest.raises(StoreError, match="is pinned"):
        housekeeping.delete_run(store, name)
    housekeeping.unpin_run(store, name)
    trashed = housekeeping.delete_run(store, name)
    assert store.uploads() == ([], [])
    assert housekeeping.undo_delete(store, trashed) == name
    housekeeping.pin_run(store, name)
    assert {
        entry.name: entry.pinned for entry in housekeeping.list_folders(store)[0] if not entry.shipped
    } == {name: True}
    assert quota.used_bytes(store) > 0
    monkeypatch.setenv("AE_LAB_STORE_QUOTA", "0.1")  # its share is too small for it
    assert quota.make_room(store, keep=name) == []
    assert quota.make_room(store) == [name]


def test_what_an_earlier_version_was_sent_as_a_file_is_set_apart_with_nothing_lost(store, few_digits):
    """It lay among the trained ones, under the name of its settings, with a mark."""
    train(store, few_digits)
    (store.folder(NAME) / UPLOADED).touch()
    housekeeping.pin_run(store, NAME)
    content = {path.name: path.read_bytes() for path in store.folder(NAME).iterdir()}
    later = Store(store.root)
    assert later.find(NAME) is None
    assert history.status_of(NAME, later) == "none"
    (run,), problems = later.uploads()
    assert (run.config, problems) == (RUN, [])
    assert {path.name: path.read_bytes() for path in later.folder(run.name).iterdir()} == content
    assert uploaded_run.measure_upload(later, run, few_digits).is_on_its_own
    train(later, few_digits)
    assert later.has_own(NAME)
    assert [run.name for run in later.uploads()[0]] == [run.name]


def test_an_earlier_versions_upload_makes_way_for_a_training_that_begins(store, few_digits):
    train(store, few_digits)
    (store.folder(NAME) / UPLOADED).touch()
    Store(store.root).start_log(RUN)
    assert [run.config for run in store.uploads()[0]] == [RUN]
    assert store.events(NAME) == []


def test_a_damaged_upload_is_set_aside_as_any_other_run(store, content, few_digits):
    name = import_run(store, content, few_digits)
    (store.folder(name) / WEIGHTS).write_bytes(b"")
    assert [name in problem for problem in store.uploads()[1]] == [True]
    assert store.find(name) is None
    import_run(store, content, few_digits)
    other = f"u{'0' * 15}"
    store.folder(name).rename(store.folder(other))
    with pytest.raises(DamagedRunError, match="belongs to another run"):
        store.find(other)


# What it is worth


def test_an_uploaded_run_is_measured_here_whatever_its_file_claims(store, content, few_digits, tmp_path):
    """Its own digits are not at hand, so any figures would do; the digits at hand tell what it can."""
    elsewhere = replace(few_digits, name="elsewhere")
    claimed = dict.fromkeys(json.loads(parts(content)[MANIFEST])["result"]["test"], 0.001)
    name = import_run(store, forged(content, tmp_path, test=claimed), elsewhere)
    run = store.get(name)
    measured = uploaded_run.measure_upload(store, run, elsewhere)
    honest = json.loads(parts(content)[MANIFEST])["result"]["test"]
    assert measured.test == pytest.approx(honest, rel=1e-3)
    assert (measured.digits, measured.count, measured.is_on_its_own) == ("elsewhere", 100, False)
    assert uploaded_run.read_measurement(Store(store.root), run) == measured


def test_it_is_measured_anew_once_other_digits_are_at_hand_and_not_before(
    store, content, few_digits, monkeypatch
):
    run = store.get(import_run(store, content, few_digits))
    asked = []
    monkeypatch.setattr(uploaded_run, "summary", lambda *pictures: asked.append(pictures) or {"mse": 1.0})
    assert uploaded_run.measure_upload(store, run, few_digits).test["mse"] != 1.0
    assert asked == []
    fewer = replace(few_digits, test_nhw=few_digits.test_nhw[:10])
    for _ in range(2):
        assert uploaded_run.measure_upload(store, run, fewer).count == 10
    assert len(asked) == 1


@pytest.mark.parametrize("name", config.EARLIER_DATASETS)
def test_a_run_of_an_earlier_version_comes_in_and_nothing_is_said_of_its_own_digits(
    store, few_digits, tmp_path, name
):
    earlier = replace(RUN, data=DataConfig(name))
    there = Store(tmp_path / "there")
    train(there, replace(few_digits, name=name), earlier)
    files = parts(export_run(there, config.run_id(earlier)))
    claims = json.loads(files[MANIFEST])["result"]
    command = f"{config.command_line(earlier)} --dataset {name}"  # as that version wrote it
    content = sealed(
        tmp_path / "as_then",
        earlier,
        files[WEIGHTS],
        {**claims, "command": command, "dataset": {**claims["dataset"], "test": 1000}},
        files[EVENTS],
    )
    run = store.get(import_run(store, content, few_digits))
    measured = uploaded_run.measure_upload(store, run, few_digits)
    assert (measured.digits, measured.count, measured.is_on_its_own) == ("mnist", 100, False)


def test_a_run_that_says_it_learnt_from_other_digits_than_its_settings_name_is_refused(
    store, content, few_digits, tmp_path
):
    counts = json.loads(parts(content)[MANIFEST])["result"]["dataset"]
    more = forged(content, tmp_path, dataset={**counts, "train": 60_000})
    refuse(store, more, "do not give the metrics", few_digits)


def test_only_a_whole_finished_run_can_be_taken_along(store, few_digits):
    store.start_log(RUN)
    with pytest.raises(StoreError, match="no finished run"):
        export_run(store, NAME)
    train(store, few_digits)
    store.get(NAME)
    weights = store.folder(NAME) / WEIGHTS
    content, before = bytearray(weights.read_bytes()), weights.stat()
    content[-1] ^= 1
    weights.write_bytes(content)
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(DamagedRunError):
        export_run(store, NAME)


def test_a_store_that_cannot_be_written_says_so(tmp_path, content, few_digits):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        import_run(Store(tmp_path / "file" / "store"), content, few_digits)


def test_a_disk_that_fills_up_says_so_and_keeps_nothing(store, content, few_digits, monkeypatch):
    def full(folder: Path, files: dict[str, bytes]) -> None:
        folder.mkdir(parents=True)
        (folder / CONFIG).write_bytes(files[CONFIG])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run_file, "_write", full)
    with pytest.raises(StoreError, match=r"No space left.*Make room"):
        import_run(store, content, few_digits)
    assert store.uploads() == ([], [])


# What is no run's file


@pytest.mark.parametrize("junk", [b"", b"PK", b"I am not an archive.", b"\0" * 1000, b"PK\5\6" + b"\0" * 18])
def test_what_is_no_archive_is_refused(store, junk):
    refuse(store, junk)


def test_an_archive_cut_short_is_refused(store, content):
    for size in (1, len(content) // 2, len(content) - 1):
        refuse(store, content[:size])


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(store, content, name):
    files = parts(content)
    del files[name]
    refuse(store, packed(files), "and nothing else")


@pytest.mark.parametrize(
    "name", ["extra.txt", "../config.json", "/etc/passwd", "runs/config.json", "config.json/", "Config.json"]
)
def test_any_other_file_is_refused_and_written_nowhere(store, content, name, tmp_path):
    before = set(tmp_path.rglob("*"))
    refuse(store, packed({**parts(content), name: b"{}"}), "and nothing else")
    files = parts(content)
    refuse(store, packed({**{key: files[key] for key in FILES[1:]}, name: files[CONFIG]}), "and nothing else")
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_name_twice_is_refused(store, content):
    file = io.BytesIO(content)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(CONFIG, b"{}")
    refuse(store, file.getvalue(), "and nothing else")


def test_an_archive_of_very_many_files_is_refused_before_it_is_read(store, monkeypatch):
    content = packed({f"{i}": b"" for i in range(2000)})
    monkeypatch.setattr(zipfile, "ZipFile", None)
    refuse(store, content, "too many files")


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_unpacks_to_far_more_is_never_unpacked(store, content, name, monkeypatch):
    files = parts(content)
    files[name] = b"\0" * 50_000_000
    bomb = packed(files, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 1_000_000
    read: list[int] = []
    whole = zipfile.ZipExtFile.read
    monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda file, n=-1: read.append(n) or whole(file, n))
    refuse(store, bomb, f"{name} is larger")
    assert all(0 <= n <= 4_000_000 for n in read)


def test_a_file_that_lies_about_its_size_is_refused(store, content):
    files = parts(content)
    bomb = bytearray(packed({**files, EVENTS: b"\0" * 5_000_000}, zipfile.ZIP_DEFLATED))
    for signature, offset in ((b"PK\1\2", 24), (b"PK\3\4", 22)):
        at = bomb.index(
            signature,
            bomb.index(EVENTS.encode()) - 50 if signature == b"PK\3\4" else bomb.rindex(EVENTS.encode()) - 46,
        )
        bomb[at + offset : at + offset + 4] = (100).to_bytes(4, "little")
    refuse(store, bytes(bomb))


def test_packing_that_the_lab_does_not_use_is_refused(store, content):
    refuse(store, packed(parts(content), zipfile.ZIP_BZIP2))
    encrypted = bytearray(content)
    encrypted[content.index(b"PK\1\2") + 8] |= 1
    refuse(store, bytes(encrypted))


# Damage


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_anywhere_is_refused(store, content, name):
    files = parts(content)
    for damaged in damaged_copies(files[name]):
        if name == MANIFEST and damaged == files[name] + b"\n":
            continue  # white space after JSON changes nothing
        refuse(store, packed({**files, name: damaged}))


def test_settings_of_another_run_are_refused(store, content):
    other = config.adjusted(RUN, training={"seed": 1})
    refuse(store, packed({**parts(content), CONFIG: config.to_json(other).encode()}))
    assert not store.folder(config.run_id(other)).exists()


# Forgery: every hash and seal is right, and still


def test_weights_that_are_not_numbers_are_refused(store, content, tmp_path):
    tensors = load_tensors(parts(content)[WEIGHTS])
    for i, value in enumerate((float("nan"), float("inf"))):
        spoiled = {name: tensor.clone() for name, tensor in tensors.items()}
        next(iter(spoiled.values())).view(-1)[0] = value
        refuse(
            store,
            forged(content, tmp_path / f"{i}", weights=save_tensors(spoiled)),
            "not all of its weights are numbers",
        )


def test_weights_of_another_shape_name_or_kind_are_refused(store, content, tmp_path):
    tensors = load_tensors(parts(content)[WEIGHTS])
    first = next(iter(tensors))
    others = [
        {**tensors, first: tensors[first][None]},
        {**tensors, first: tensors[first][:1]},
        {name: tensor for name, tensor in tensors.items() if name != first},
        {**tensors, "extra": torch.zeros(1)},
        {**tensors, first: tensors[first].double()},
        {**tensors, first: tensors[first].int()},
        {},
    ]
    for i, weights in enumerate(others):
        refuse(store, forged(content, tmp_path / f"{i}", weights=save_tensors(weights)))


def test_weights_of_another_network_are_refused(store, content, tmp_path):
    refuse(store, forged(content, tmp_path, run=config.adjusted(config.CAE, training={"epochs": 1})))


def test_metrics_that_the_weights_do_not_give_are_refused(store, content, tmp_path, few_digits):
    test = json.loads(parts(content)[MANIFEST])["result"]["test"]
    for i, metric in enumerate(set(test) - {"psnr"}):
        better = forged(content, tmp_path / f"{i}", test={**test, metric: test[metric] * 1.01})
        refuse(store, better, "do not give the metrics", few_digits)
    untrained = {name: tensor * 0.5 for name, tensor in load_tensors(parts(content)[WEIGHTS]).items()}
    refuse(
        store,
        forged(content, tmp_path / "weights", weights=save_tensors(untrained)),
        "do not give the metrics",
        few_digits,
    )
    # A run's PSNR is worked out from its error, so what is claimed for it is never seen.
    import_run(store, forged(content, tmp_path / "psnr", test={**test, "psnr": 99.0}), few_digits)
    (run,) = store.uploads()[0]
    assert run.result["test"] == pytest.approx(test)


@pytest.mark.parametrize(
    "result",
    [
        {"test": {"mse": 0.1}},
        {"test": {"mse": float("nan"), "psnr": 1.0, "ssim": 1.0, "bce": 1.0}},
        {"test": {"mse": 0.1, "psnr": 1.0, "ssim": 2.0, "bce": 1.0}},
        {"test": {"mse": -0.1, "psnr": 1.0, "ssim": 1.0, "bce": 1.0}},
        {"train_seconds": "1"},
        {"train_seconds": 9e14},
        {"train_seconds": -1e14},
        {"images_per_second": -1},
        {"dataset": {"name": "mnist", "train": 0, "test": 1}},
        {"dataset": {"name": "mnist", "train": 10**9, "test": 1}},
        {"train_mse": -1.0},
        {"train_seconds": 10**400},
        {"parameters": 1},
        {"parameters": None},
        {"code_size": True},
        {"dataset": {"name": "embedded", "train": 1, "test": 1}},
        {"dataset": {"name": "mnist", "train": "many", "test": 1}},
        {"train_mse": "little"},
        {"trained_sha256": '" or print("anything") or "'},
        {"trained_sha256": "0" * 63},
        {"trained_sha256": 7},
        {"device": "[a link](https://example.org)"},
        {"command": "rm -rf /"},
        {"versions": {"torch": "![x](http://host/x.png)"}},
        {"versions": {"**torch**": "2.15.0"}},
        {"versions": dict.fromkeys([letter * 2 for letter in "abcdefghijklmnopqrstu"], "1")},
    ],
)
def test_a_result_that_does_not_fit_is_refused(store, content, tmp_path, result):
    refuse(store, forged(content, tmp_path, **result), next(iter(result)))


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"[]",
        b"[" * 50_000,
        b'{"event": 5, "time": 1}',
        b'{"event": ["batch"], "time": 1}',
        b'{"event": "batch", "time": 1, "step": 1}',
        b'{"event": "batch", "time": 1, "step": "1", "loss": 1}',
        b'{"event": "batch", "time": 1, "step": 1, "loss": NaN}',
        b'{"event": "else", "time": 1, "step": -1}',
        b'{"event": "snapshot", "time": 1, "step": 1, "digits": "aGFsbG8="}',
        json.dumps(
            {"event": "snapshot", "time": 1, "step": 1, "digits": to_png(torch.zeros(400, 28, 28))}
        ).encode(),
        json.dumps(
            {"event": "codes", "time": 1, "at": [0, 1], **pack_codes(torch.rand(3, 5, 2), torch.zeros(5))}
        ).encode(),
        json.dumps(
            {"event": "codes", "time": 1, "at": [0], **pack_codes(torch.rand(1, 5, 2), torch.full((5,), 10))}
        ).encode(),
    ],
)
def test_a_log_that_a_page_could_trip_over_is_refused(store, content, tmp_path, line):
    refuse(
        store,
        forged(content, tmp_path, events=parts(content)[EVENTS] + line + b"\n"),
        f"a line of its {EVENTS}",
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hidden_sizes", {}),
        ("hidden_sizes", ""),
        ("latent_size", 2.0),
        ("latent_size", 10**6),
        ("kind", ["fully_connected"]),
        ("more", 1),
    ],
)
def test_settings_that_the_lab_would_not_write_are_refused(store, content, field, value):
    settings = json.loads(parts(content)[CONFIG])
    settings["model"][field] = value
    text = json.dumps(settings, sort_keys=True, separators=(",", ":")).encode()
    refuse(store, packed({**parts(content), CONFIG: text}), "settings")


@pytest.mark.parametrize(
    "large",
    [
        config.adjusted(RUN, model={"latent_size": 256, "hidden_sizes": (2048,) * 4}),
        config.adjusted(RUN, model={"latent_size": 256, "hidden_sizes": (513, 256)}),
        config.adjusted(config.CAE, model={"latent_size": 1, "channels": (128, 128)}),
        config.adjusted(config.CAE, model={"latent_size": 1, "channels": (64, 64)}),
    ],
)
def test_a_network_larger_than_any_of_the_dials_is_refused_before_its_weights_are_unpacked(
    store, content, large
):
    """Zeros pack well: 118 kB may unpack to 118 MB. And channels take more time than weights tell."""
    files = {**parts(content), CONFIG: config.to_json(large).encode(), WEIGHTS: b"\0" * 10_000_000}
    with pytest.raises(StoreError, match="more weights, or takes more time, than any"):
        import_run(store, packed(files, zipfile.ZIP_DEFLATED), None)
    assert not list((store.root / "uploads").glob("*"))


def test_a_log_of_another_length_than_its_training_is_refused(store, content, tmp_path):
    lines = parts(content)[EVENTS].splitlines(keepends=True)
    snapshots = [line for line in lines if b'"snapshot"' in line]
    for i, (log, match) in enumerate(
        [
            (lines[1:], f"a line of its {EVENTS}"),
            (lines[:-1], "no whole training"),
            ([*lines[:-1], snapshots[-1], lines[-1]], f"a line of its {EVENTS}"),
            ([lines[0], *snapshots * 100, *lines[1:]], f"{EVENTS} is larger"),
            ([line for line in lines if b'"epoch"' not in line[:60]], "no whole training"),
            ([line.replace(b'"steps": ', b'"steps": 1') for line in lines], "another training"),
        ]
    ):
        refuse(store, forged(content, tmp_path / f"{i}", events=b"".join(log)), match)


def test_a_manifest_cannot_make_the_store_read_other_files(store, content):
    manifest = json.loads(parts(content)[MANIFEST])
    for sha256 in ({**manifest["sha256"], "/dev/zero": "0"}, {"../../secret": "0"}, {}, "no", None):
        refuse(
            store,
            packed({**parts(content), MANIFEST: json.dumps({**manifest, "sha256": sha256}).encode()}),
            MANIFEST,
        )
    refuse(store, packed({**parts(content), MANIFEST: b"[" * 15_000}), MANIFEST)
