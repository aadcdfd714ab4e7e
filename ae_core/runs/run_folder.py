"""A finished run's folder: its files' names, the seal on its manifest, and reading it only if it is whole."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ae_core.config import RunConfig, from_json, run_id
from ae_core.errors import ConfigError, DamagedRunError
from ae_core.words.sentences import say

MANIFEST = "manifest.json"
CONFIG = "config.json"
EVENTS = "events.jsonl"
WEIGHTS = "weights.safetensors"
CHECKPOINT = "checkpoint"
# Lies in the folder of every run that came as a file. Such folders lay among the trained ones once.
UPLOADED = "uploaded"


@dataclass(frozen=True)
class StoredRun:
    """A finished run: its settings and what was measured. `shipped` runs came with the lab.

    uploaded_as: the name of a run that came as a file, whose result is what that file claims; empty for all
    others.
    """

    config: RunConfig
    result: dict[str, Any]
    shipped: bool
    weights_sha256: str
    uploaded_as: str = ""

    @property
    def run_id(self) -> str:
        """What its settings are called, whoever trained them."""
        return run_id(self.config)

    @property
    def trained_sha256(self) -> str:
        """The hash of its weights as training left them: those that ship are rounded to 16 bits."""
        return str(self.result.get("trained_sha256", self.weights_sha256))

    @property
    def name(self) -> str:
        """What the store knows it by."""
        return self.uploaded_as or self.run_id


def is_run_name(text: str) -> bool:
    """Whether a run could be called so: 16 hexadecimal digits, the first a u where it came as a file."""
    return len(text) == 16 and not set(text.removeprefix("u")) - set("0123456789abcdef")


def is_upload(name: str) -> bool:
    """Whether the run called `name` came as a file."""
    return name.startswith("u")


def upload_name(manifest: bytes) -> str:
    """The name of the uploaded run with this manifest: its seal vouches for every file.

    ValueError where there is no seal.
    """
    fields = json.loads(manifest)
    seal = fields.get("seal") if isinstance(fields, dict) else None
    if not isinstance(seal, str) or not is_run_name(name := f"u{seal[:15]}"):
        raise ValueError("no seal")
    return name


@dataclass(frozen=True)
class FolderCheck:
    """What was found in a folder: a run, or None and what is wrong with it.

    And its files' sizes and times of change before it was read.
    """

    names: tuple[str, ...]
    state: tuple[tuple[int, int] | None, ...]
    run: StoredRun | None
    damage: str = ""


def check_folder(folder: Path, *, shipped: bool) -> FolderCheck:
    """Read and hash all that makes a finished run."""
    names: tuple[str, ...] = (MANIFEST,)
    state = file_states(folder, names)
    try:
        manifest = _manifest(folder)
        names, state = (*names, *manifest["sha256"]), (*state, *file_states(folder, manifest["sha256"]))
        _verify_files(folder, manifest["sha256"])
        uploaded_as = folder.name if is_upload(folder.name) else ""
        if uploaded_as and uploaded_as != upload_name((folder / MANIFEST).read_bytes()):
            raise _DamageError(say("{manifest} belongs to another run", manifest=MANIFEST))
        run = _settings(folder)
        if not uploaded_as and run_id(run) != folder.name:
            raise _DamageError(say("its settings belong to another run"))
        result = _with_psnr_of_the_mean(manifest["result"])
        return FolderCheck(
            names, state, StoredRun(run, result, shipped, manifest["sha256"][WEIGHTS], uploaded_as)
        )
    except _DamageError as problem:
        return FolderCheck(names, state, None, str(problem))


class _DamageError(Exception):
    """What is wrong with a run's files, in words."""


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        text = (folder / MANIFEST).read_text(errors="replace")
    except OSError as problem:
        raise _DamageError(say("{manifest} is missing", manifest=MANIFEST)) from problem
    manifest = parse_json(text)
    if (
        not isinstance(manifest, dict)
        or manifest.pop("seal", None) is None
        or seal_manifest(manifest) != text
    ):
        raise _DamageError(say("{manifest} is not what was written", manifest=MANIFEST))
    return manifest


def _settings(folder: Path) -> RunConfig:
    try:
        return from_json((folder / CONFIG).read_text())
    except (OSError, ConfigError) as problem:
        raise _DamageError(say("its settings cannot be read by this version")) from problem


def file_states(folder: Path, names: Iterable[str]) -> tuple[tuple[int, int] | None, ...]:
    """Size and time of change of each file; None for one that is missing."""
    return tuple(_file_state(folder / name) for name in names)


def _file_state(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns


def _verify_files(folder: Path, sha256: Mapping[str, str]) -> None:
    try:
        wrong = [name for name, expected in sha256.items() if sha256_of(folder / name) != expected]
    except OSError as problem:
        raise _DamageError(say("{name} is missing", name=Path(str(problem.filename)).name)) from problem
    if wrong:
        raise _DamageError(say("{first} is not what was written", first=wrong[0]))


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits. Raises OSError where it cannot be read."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def seal_manifest(manifest: Mapping[str, Any]) -> str:
    """The manifest as it is written, with its own hash, over everything else, at the end."""
    seal = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    return json.dumps({**manifest, "seal": seal}, indent=1)


def _with_psnr_of_the_mean(result: dict[str, Any]) -> dict[str, Any]:
    """The result with the PSNR of its mean squared error, whichever PSNR was recorded.

    Runs of earlier versions recorded the mean of the pictures' PSNRs, which is another figure: beside new
    runs it would compare unlike with unlike.
    """
    test = result.get("test")
    if not isinstance(test, dict) or "mse" not in test or "psnr" not in test:
        return result
    # As `ae_core.metrics.decibels` has it, which brings torch: the scheduler reads runs without it.
    psnr = -10 * math.log10(test["mse"]) if test["mse"] > 0 else math.inf
    return {**result, "test": {**test, "psnr": psnr}}


def parse_json(text: str) -> Any:
    """What the JSON `text` holds; None where it is no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def damaged_run_error(folder: Path, reason: str) -> DamagedRunError:
    """The error to raise for the run in `folder`, with the reason in words."""
    return DamagedRunError(
        say(
            "The run {name} is damaged: {reason}. It has been set aside and is not shown. Train it again.",
            name=folder.name,
            reason=reason,
        )
    )
