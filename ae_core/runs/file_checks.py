"""What a run's file from outside may hold: what the lab itself writes, or the file is refused."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import torch
from PIL import Image
from safetensors.torch import load as load_tensors

from ae_core.config import RunConfig, command_line, from_json, to_json
from ae_core.errors import ConfigError, StoreError
from ae_core.metrics import METRICS
from ae_core.models import BUILDERS, parameter_count
from ae_core.runs.packing import from_png, unpack_codes
from ae_core.runs.run_folder import CONFIG, EVENTS, MANIFEST, WEIGHTS
from ae_core.training import CODED_DIGITS, SNAPSHOT_DIGITS

FILES = (CONFIG, EVENTS, WEIGHTS, MANIFEST)
# Bytes unpacked. A log of 200 epochs has 0.3 MB; what weights may take follows from the settings.
LARGEST = {CONFIG: 10_000, EVENTS: 4_000_000, MANIFEST: 20_000}
LARGEST_HEADER = 100_000
DEVICES = ("cpu", "cuda", "mps")
MOST_VERSIONS, PACKAGE, VERSION = 20, re.compile(r"[a-z_]{1,20}"), re.compile(r"[\w.+-]{1,30}")
# No number in a run comes near it.
MANY = 10**15


def unpack_files(content: bytes) -> dict[str, bytes]:
    """FILES by name, from a ZIP archive of them and nothing else, no larger than such a run can need.

    Raises StoreError for anything else.
    """
    if content.count(b"PK\x01\x02") > 10 * len(FILES):  # one an entry, and weights may hold some by chance
        raise refusal("it holds too many files")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [entry.filename for entry in archive.infolist()]
            if sorted(names) != sorted(FILES):
                raise refusal(f"it must hold {', '.join(FILES)} and nothing else")
            files = {name: _member(archive, name, limit) for name, limit in LARGEST.items()}
            weights = 4 * _parameters(read_settings(files[CONFIG])) + LARGEST_HEADER
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
        raise refusal("it is no whole ZIP archive") from problem


def _member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """One file of the archive, of which no more than `limit` bytes are ever unpacked."""
    if archive.getinfo(name).file_size > limit or archive.getinfo(name).compress_type not in (
        zipfile.ZIP_STORED,
        zipfile.ZIP_DEFLATED,
    ):
        raise refusal(f"its {name} is larger than such a run's can be")
    with archive.open(name) as file:
        return file.read(limit)


def read_settings(content: bytes) -> RunConfig:
    """The settings, if they are exactly what the lab writes for them."""
    try:
        run = from_json(content.decode())
    except (ConfigError, ValueError, RecursionError) as problem:
        raise refusal("its settings cannot be read by this version") from problem
    expected = asdict(RunConfig())
    same_types = all(
        type(part[key]) is type(expected[name][key]) for name, part in asdict(run).items() for key in part
    )
    if not same_types or to_json(run).encode() != content:
        raise refusal("its settings are not written as the lab writes them")
    return run


def _parameters(run: RunConfig) -> int:
    with torch.device("meta"):
        return parameter_count(BUILDERS[run.model.kind](run.model))


def check_manifest(content: bytes, run: RunConfig) -> None:
    """The store checks seal and hashes; here, that nothing else can be in it than it reckons with."""
    manifest = _parsed(content)
    sha256 = manifest.get("sha256") if isinstance(manifest, dict) else None
    if (
        not isinstance(sha256, dict)
        or set(sha256) != {CONFIG, EVENTS, WEIGHTS}
        or set(manifest) != {"result", "sha256", "seal"}
    ):
        raise refusal(f"its {MANIFEST} is not what the lab writes")
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
        "command": result.get("command")
        in (command_line(run), f"{command_line(run)} --dataset {run.data.name}"),
        # a run of an earlier version has none of these
        "versions": _are_versions(result.get("versions", {})),
        "train_mse": _is_number(result.get("train_mse", 0.0)),
        "trained_sha256": _is_sha256(result.get("trained_sha256", "0" * 64)),
    }
    if not right or not all(right.values()):
        wrong = [name for name, fits in right.items() if not fits] if right else ["result"]
        raise refusal(f"its {MANIFEST} does not fit its settings ({', '.join(wrong)})")


def _is_sha256(value: Any) -> bool:
    """It is written into the program of a report, which somebody runs."""
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def check_log(content: bytes) -> None:
    """Every line is an event whose fields hold what the pages that draw it take for granted."""
    for line in content.splitlines():
        event = _parsed(line)
        if not isinstance(event, dict) or not isinstance(event.get("event"), str):
            raise refusal(f"a line of its {EVENTS} is no event")
        missing = [field for field in ("time", *EVENTS_HAVE.get(event["event"], ())) if field not in event]
        wrong = [field for field, value in event.items() if field in FIELDS and not FIELDS[field](value)]
        if not missing and event["event"] == "codes" and not _are_codes(event):
            wrong = ["codes"]
        if missing or wrong:
            raise refusal(f"a line of its {EVENTS} is not what the lab writes ({[*missing, *wrong][0]})")


def check_weights(content: bytes) -> None:
    """Raise StoreError unless all weights are finite numbers, of 32 bits or, as shipped, of 16."""
    tensors = load_tensors(content).values()
    if any(
        tensor.dtype not in (torch.float32, torch.float16) or not tensor.isfinite().all()
        for tensor in tensors
    ):
        raise refusal("not all of its weights are numbers")


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _is_number(value: object) -> bool:
    # NaN is not
    return isinstance(value, int | float) and not isinstance(value, bool) and -MANY < value < MANY


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
    **dict.fromkeys(
        ("time", "seconds", "loss", "train_loss", "test_squared_error", "train_squared_error"), _is_number
    ),
    **dict.fromkeys(("clean", "input", "digits"), _is_strip),
    "device": DEVICES.__contains__,
    **dict.fromkeys(("message", "device_reason"), lambda text: isinstance(text, str)),
}


def refusal(cause: str) -> StoreError:
    """The error to raise for a file that is not a run's, with the cause in words."""
    return StoreError(
        f"This file is not a run as the lab writes it: {cause}. "
        "Upload the file that Download gave you, as it is."
    )
