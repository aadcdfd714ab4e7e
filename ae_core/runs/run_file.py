"""A run as one file, to take along and to bring in again. What comes in is believed only as far as it can be checked.

The file is a ZIP archive of the four files of the run's folder and nothing else.
"""

from __future__ import annotations

import base64
import io
import json
import math
import os
import re
import shutil
import time
import zipfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import load as load_tensors

from ae_core.config import EMBEDDED, MNIST, RunConfig, command_line, from_json, run_id, to_json
from ae_core.corruption import corrupt
from ae_core.data import Digits
from ae_core.errors import ConfigError, DamagedRunError, StoreError
from ae_core.metrics import METRICS, summary
from ae_core.models import BUILDERS, Autoencoder, parameter_count, reconstruct
from ae_core.runs import housekeeping
from ae_core.runs.store import (
    CONFIG,
    EVENTS,
    MANIFEST,
    UPLOADED,
    WEIGHTS,
    Store,
    StoredRun,
    from_png,
    unpack_codes,
    upload_name,
)
from ae_core.training import CODED_DIGITS, SNAPSHOT_DIGITS, seeded

FILES = (CONFIG, EVENTS, WEIGHTS, MANIFEST)
# What the lab itself found out about an uploaded run; it never comes with the file.
MEASURED = "measured.json"
# Bytes unpacked. A log of 200 epochs has 0.3 MB; what weights may take follows from the settings.
LARGEST = {CONFIG: 10_000, EVENTS: 4_000_000, MANIFEST: 20_000}
LARGEST_HEADER = 100_000
DEVICES = ("cpu", "cuda", "mps")
# The same weights on another processor give nearly the same figures; a GPU rounds its convolutions most.
TOLERANCE = 1e-3
MOST_VERSIONS, PACKAGE, VERSION = 20, re.compile(r"[a-z_]{1,20}"), re.compile(r"[\w.+-]{1,30}")
# No number in a run comes near it.
MANY = 10**15
LONG_AGO = (1980, 1, 1, 0, 0, 0)


# Out


def export_run(store: Store, name: str) -> bytes:
    """The finished run `name` as one file; a run has one file, to the byte.

    Raises StoreError if there is no such run, DamagedRunError if it is not what was written.
    """
    fresh = Store(store.root, store.shipped_root)  # it has seen no file before, so it hashes them all
    run = fresh.get(name)
    folder = store.folder_of(run)
    file = io.BytesIO()
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in FILES:
                archive.writestr(
                    zipfile.ZipInfo(part, LONG_AGO), (folder / part).read_bytes(), zipfile.ZIP_DEFLATED
                )
    except OSError as problem:
        raise StoreError(
            f"The run {name} could not be read ({problem.strerror}). Reload the page and try again."
        ) from problem
    housekeeping.mark_used(store, name)
    return file.getvalue()


# In


def import_run(store: Store, content: bytes, digits_for: Callable[[str], Digits]) -> str:
    """Put the run that `content` holds, as `export_run` wrote it, among the uploaded ones, and return its name there.

    All of it is checked before any of it is seen: names and sizes of the files, seal and hashes, settings, log, the
    weights' shapes and values. It is measured on what `digits_for` gives for the name of its data set: that set, where
    it is at hand, and then the weights must earn the metrics they come with; else the digits that are.
    Raises StoreError on anything else, and leaves the store as it was.
    """
    files = _unpacked(content)
    run = _settings(files[CONFIG])
    _check_manifest(files[MANIFEST], run)
    _check_log(files[EVENTS])
    store.check_writable()
    incoming = Store(store.root / "incoming" / f"{run_id(run)}-{time.time_ns()}", shipped_root=None)
    try:
        _write(incoming.folder(run_id(run)), files)
        stored = incoming.get(run_id(run))
        name = upload_name(files[MANIFEST])
        _refuse_if_here(store, name, stored)
        model = incoming.load_model(stored)
        _check_weights(files[WEIGHTS])
        digits = digits_for(run.data.name)
        measured = _measured(stored, model, digits)
        if measured.is_on_its_own and not claims_hold(stored, measured, digits):
            raise _refused("its weights do not give the metrics it comes with")
        folder = incoming.folder(run_id(run))
        (folder / UPLOADED).touch()
        _keep(folder, measured)
        _put_in_place(store, name, folder)
    except DamagedRunError as problem:
        raise _refused("its files, hashes and settings do not belong together") from problem
    except OSError as problem:
        raise StoreError(
            f"The run could not be stored ({problem.strerror}). Make room on the disk and upload it again."
        ) from problem
    finally:
        shutil.rmtree(incoming.root, ignore_errors=True)
    return name


def _put_in_place(store: Store, name: str, folder: Path) -> None:
    place = store.folder(name)
    with housekeeping.undisturbed(store, name):
        place.parent.mkdir(exist_ok=True)
        folder.rename(place)


def _refuse_if_here(store: Store, name: str, stored: StoredRun) -> None:
    """The same file, or the same weights under the same settings, need not come twice."""
    for known in (name, stored.run_id):
        try:
            there = store.find(known)
        except DamagedRunError:
            continue  # it has been set aside, and a whole one is welcome
        if there is not None and there.weights_sha256 == stored.weights_sha256:
            origin = (
                "came with the lab"
                if there.shipped
                else "was uploaded before"
                if there.uploaded_as
                else "was trained here"
            )
            raise StoreError(
                f"This run is here already, with the same weights: it {origin}. Choose {there.name[:6]} in the list."
            )


# What an uploaded run is worth


@dataclass(frozen=True)
class Measured:
    """What an uploaded run's network does to test digits at hand, with the noise that it was trained with.

    digits: which data set, count: how many of its test digits; test: means over them, by name.
    is_on_its_own: whether that is the data set that the run says it was tested on.
    may_know_them: whether it may have learnt from them.
    """

    digits: str
    count: int
    test: dict[str, float]
    is_on_its_own: bool
    may_know_them: bool


def measured_here(store: Store, run: StoredRun, digits_for: Callable[[str], Digits]) -> Measured:
    """What an uploaded run is worth, on what `digits_for` gives for its data set; measured once, and kept with the run.

    Raises DamagedRunError if its weights are not those that came.
    """
    digits = digits_for(run.config.data.name)
    kept = kept_measure(store, run)
    if kept is not None and (kept.digits, kept.count) == (digits.name, len(digits.test_nhw)):
        return kept
    measured = _measured(run, store.load_model(run), digits)
    with suppress(OSError):  # a store that cannot be written costs the time again
        _keep(store.folder_of(run), measured)
    return measured


def kept_measure(store: Store, run: StoredRun) -> Measured | None:
    """What was measured of an uploaded run before, or None."""
    try:
        return Measured(**json.loads((store.folder_of(run) / MEASURED).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def _keep(folder: Path, measured: Measured) -> None:
    draft = folder / f".{MEASURED}.{os.getpid()}"
    draft.write_text(json.dumps(asdict(measured)))
    draft.replace(folder / MEASURED)


def _measured(run: StoredRun, model: Autoencoder, digits: Digits) -> Measured:
    noise = seeded(run.config.training.seed, "test noise")
    outputs_nhw = reconstruct(model, corrupt(digits.test_nhw, run.config.corruption, noise))
    own = run.config.data.name
    return Measured(
        digits.name, len(digits.test_nhw), summary(outputs_nhw, digits.test_nhw), is_on_its_own=own == digits.name,
        may_know_them=own == MNIST and digits.name == EMBEDDED,
    )  # fmt: skip


def claims_hold(run: StoredRun, measured: Measured, digits: Digits) -> bool:
    """Whether the run's result states what was measured on its own test digits, and how many there are."""
    claimed = run.result["test"]
    alike = all(math.isclose(measured.test[metric], claimed[metric], rel_tol=TOLERANCE) for metric in METRICS)
    return alike and bool(run.result["dataset"] == digits.counts())


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


# Checks


def _unpacked(content: bytes) -> dict[str, bytes]:
    if content.count(b"PK\x01\x02") > 10 * len(FILES):  # one an entry, and weights may hold some by chance
        raise _refused("it holds too many files")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [entry.filename for entry in archive.infolist()]
            if sorted(names) != sorted(FILES):
                raise _refused(f"it must hold {', '.join(FILES)} and nothing else")
            files = {name: _member(archive, name, limit) for name, limit in LARGEST.items()}
            weights = 4 * _parameters(_settings(files[CONFIG])) + LARGEST_HEADER
            return files | {WEIGHTS: _member(archive, WEIGHTS, weights)}
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
    ) as problem:
        raise _refused("it is no whole ZIP archive") from problem


def _member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """One file of the archive, of which no more than `limit` bytes are ever unpacked."""
    if archive.getinfo(name).file_size > limit or archive.getinfo(name).compress_type not in (
        zipfile.ZIP_STORED,
        zipfile.ZIP_DEFLATED,
    ):
        raise _refused(f"its {name} is larger than such a run's can be")
    with archive.open(name) as file:
        return file.read(limit)


def _settings(content: bytes) -> RunConfig:
    """The settings, if they are exactly what the lab writes for them."""
    try:
        run = from_json(content.decode())
    except (ConfigError, ValueError, RecursionError) as problem:
        raise _refused("its settings cannot be read by this version") from problem
    expected = asdict(RunConfig())
    same_types = all(
        type(part[key]) is type(expected[name][key]) for name, part in asdict(run).items() for key in part
    )
    if not same_types or to_json(run).encode() != content:
        raise _refused("its settings are not written as the lab writes them")
    return run


def _parameters(run: RunConfig) -> int:
    with torch.device("meta"):
        return parameter_count(BUILDERS[run.model.kind](run.model))


def _check_manifest(content: bytes, run: RunConfig) -> None:
    """The store checks seal and hashes; here, that nothing else can be in it than it reckons with."""
    manifest = _parsed(content)
    sha256 = manifest.get("sha256") if isinstance(manifest, dict) else None
    if (
        not isinstance(sha256, dict)
        or set(sha256) != {CONFIG, EVENTS, WEIGHTS}
        or set(manifest) != {"result", "sha256", "seal"}
    ):
        raise _refused(f"its {MANIFEST} is not what the lab writes")
    result = manifest["result"]
    right = isinstance(result, dict) and {
        "test": _is_mapping(result.get("test"), dict.fromkeys(METRICS, _is_number)),
        "train_seconds": _is_number(result.get("train_seconds")),
        "images_per_second": _is_number(result.get("images_per_second")),
        "parameters": _is_count(result.get("parameters")) and result["parameters"] == _parameters(run),
        "code_size": _is_count(result.get("code_size")) and result["code_size"] == run.model.latent_size,
        "dataset": _is_mapping(
            result.get("dataset"),
            {"name": lambda name: name == run.data.name, "train": _is_count, "test": _is_count},
        ),
        "device": result.get("device") in DEVICES,
        "command": result.get("command") == command_line(run),
        "versions": _are_versions(result.get("versions", {})),  # a run of an earlier version has none
    }
    if not right or not all(right.values()):
        wrong = [name for name, fits in right.items() if not fits] if right else ["result"]
        raise _refused(f"its {MANIFEST} does not fit its settings ({', '.join(wrong)})")


def _check_log(content: bytes) -> None:
    """Every line is an event whose fields hold what the pages that draw it take for granted."""
    for line in content.splitlines():
        event = _parsed(line)
        if not isinstance(event, dict) or not isinstance(event.get("event"), str):
            raise _refused(f"a line of its {EVENTS} is no event")
        missing = [field for field in ("time", *EVENTS_HAVE.get(event["event"], ())) if field not in event]
        wrong = [field for field, value in event.items() if field in FIELDS and not FIELDS[field](value)]
        if not missing and event["event"] == "codes" and not _are_codes(event):
            wrong = ["codes"]
        if missing or wrong:
            raise _refused(f"a line of its {EVENTS} is not what the lab writes ({[*missing, *wrong][0]})")


def _check_weights(content: bytes) -> None:
    tensors = load_tensors(content).values()
    if any(tensor.dtype != torch.float32 or not tensor.isfinite().all() for tensor in tensors):
        raise _refused("not all of its weights are numbers")


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _is_number(value: object) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and -MANY < value < MANY
    )  # NaN is not


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MANY


def _is_mapping(value: object, fields: Mapping[str, Callable[[Any], bool]]) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == fields.keys()
        and all(fits(value[name]) for name, fits in fields.items())
    )


def _are_versions(value: object) -> bool:
    """Names of packages with numbers, of the form that a link may hold too."""
    if not isinstance(value, dict) or len(value) > MOST_VERSIONS:
        return False
    pairs = all(isinstance(words, str) for words in value.values())
    return pairs and all(
        PACKAGE.fullmatch(name) and VERSION.fullmatch(words) for name, words in value.items()
    )


def _are_codes(event: Mapping[str, Any]) -> bool:
    """Whether they are as many points, between as many bounds, as their steps and labels say."""
    try:
        codes_tnd, labels_n = unpack_codes(event)
        bounded = all(
            len(event[bound]) == 2 and all(map(_is_number, event[bound])) for bound in ("low", "high")
        )
        counted = len(event["at"]) == len(codes_tnd) > 0 and all(map(_is_count, event["at"]))
        return bool(bounded and counted and len(labels_n) <= CODED_DIGITS and labels_n.max() < 10)
    except Exception:  # numbers and text of any kind, in any place
        return False


def _is_strip(value: object) -> bool:
    """Whether it is the PNG, in base64, of the fixed digits side by side."""
    try:
        with Image.open(io.BytesIO(base64.b64decode(str(value), validate=True)), formats=["PNG"]) as picture:
            return picture.size == (28 * SNAPSHOT_DIGITS, 28) and len(from_png(str(value))) == SNAPSHOT_DIGITS
    except Exception:  # a picture made to do harm makes Pillow raise what it likes
        return False


EVENTS_HAVE = {
    "started": ("epochs", "steps", "device", "clean", "input"),
    "snapshot": ("step", "digits"),
    "batch": ("step", "loss"),
    "epoch": ("epoch", "step", "test_squared_error"),
    "codes": ("at", "codes", "labels", "low", "high"),
    "failed": ("message",),
}
FIELDS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("epochs", "steps", "epoch", "step", "parameters"), _is_count),
    **dict.fromkeys(("time", "seconds", "loss", "train_loss", "test_squared_error"), _is_number),
    **dict.fromkeys(("clean", "input", "digits"), _is_strip),
    "device": DEVICES.__contains__,
    "message": lambda message: isinstance(message, str),
}


def _refused(cause: str) -> StoreError:
    return StoreError(
        f"This file is not a run as the lab writes it: {cause}. Upload the file that Download gave you, as it is."
    )
