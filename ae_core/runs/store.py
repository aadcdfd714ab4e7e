"""Runs on disk: a folder each, with settings, event log, weights, and a manifest that makes it a finished run.

    runs/<run_id>/config.json           canonical settings
                  events.jsonl          what happened, one JSON object a line, appended as it happens
                  weights.safetensors   written whole when training ends
                  manifest.json         metrics, and the SHA-256 of the three files above; written last
                  checkpoint            until then: what training needs to go on after its last epoch
    uploads/<name>/                     a run that came as a file: the same files, and a name of its own

A folder without a manifest is not a finished run. A folder whose files do not match its manifest is damaged:
it is moved to damaged/, reported, and never shown.

An uploaded run is what its file says it is, and that is all that is known. So nobody who asks for settings is given one: it has
another name than theirs, made of its manifest's seal, and is found under that name alone.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import json
import os
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import torch
from filelock import FileLock, Timeout
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from ae_core.config import CorruptionConfig, ModelConfig, RunConfig, from_json, run_id, to_json
from ae_core.errors import ConfigError, DamagedRunError, StoreError
from ae_core.figures.png import grey_pixels, png_base64
from ae_core.metrics import decibels
from ae_core.models import Autoencoder, build
from ae_core.runs import state_file
from ae_core.runs.versions import versions
from ae_core.training import Checkpoint

SHIPPED = Path(__file__).parents[1] / "shipped_runs"
MANIFEST = "manifest.json"
CONFIG = "config.json"
EVENTS = "events.jsonl"
WEIGHTS = "weights.safetensors"
CHECKPOINT = "checkpoint"
# Lies in the folder of every run that came as a file. Such folders lay among the trained ones once.
UPLOADED = "uploaded"
# Positions of codes are kept in 16 bits.
CODE_STEPS = 65535
# What a probe writes: as much as the smallest thing that has to fit.
PROBE_BYTES = 4096


@dataclass(frozen=True)
class StoredRun:
    """A finished run: its settings and what was measured. `shipped` runs came with the lab.

    uploaded_as: the name of a run that came as a file, whose result is what that file claims; empty for all others.
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
    def name(self) -> str:
        """What the store knows it by."""
        return self.uploaded_as or self.run_id


@dataclass
class Store:
    """The runs under `root`, and behind them the read-only ones that came with the lab."""

    root: Path
    shipped_root: Path | None = SHIPPED
    _looked_at: dict[Path, _Look] = field(default_factory=dict, repr=False)
    _shipped: Mapping[tuple[ModelConfig, CorruptionConfig], StoredRun] | None = field(
        default=None, repr=False
    )

    def folder(self, name: str) -> Path:
        """Where the run called `name` lives, whether or not it exists. Raises StoreError for what is no run's name."""
        if not is_name(name):
            raise StoreError(
                f"{name!r} is not a run's name: those are 16 hexadecimal digits. List them with `python -m ae_core runs`."
            )
        return self.root / ("uploads" if _is_upload(name) else "runs") / name

    # Writing, by the one process that trains the run

    def lock(self, name: str) -> FileLock:
        """Held while the run is being trained; the system lets it go when that process dies."""
        self.check_writable()
        return FileLock(self.root / "locks" / f"{name}.lock")

    def is_locked(self, name: str) -> bool:
        """Whether some living process is training the run now."""
        return is_held(self.root / "locks" / f"{name}.lock")

    def check_writable(self) -> None:
        """Raise StoreError unless runs can be written here."""
        try:
            for part in ("runs", "locks"):
                (self.root / part).mkdir(parents=True, exist_ok=True)
            probe = self.root / "locks" / f".probe-{os.getpid()}-{time.monotonic_ns()}"
            try:
                probe.write_bytes(b" " * PROBE_BYTES)
            finally:
                probe.unlink(missing_ok=True)
        except OSError as problem:
            raise StoreError(
                f"The store {self.root} cannot be written ({problem.strerror}). Make room or set AE_LAB_STORE to a folder of your own; "
                "runs that came with the lab still work."
            ) from problem

    def begin(self, config: RunConfig) -> EventLog:
        """Start the run's log anew. Raises StoreError if that cannot be written."""
        self.check_writable()
        folder = self.folder(run_id(config))
        self._set_apart(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name in (MANIFEST, WEIGHTS, CHECKPOINT):
            (folder / name).unlink(missing_ok=True)
        _write_whole(folder / CONFIG, to_json(config).encode())
        _write_whole(folder / EVENTS, b"")
        return EventLog(folder / EVENTS)

    def keep_checkpoint(
        self, config: RunConfig, log: EventLog, checkpoint: Checkpoint, seconds: float
    ) -> None:
        """Keep what training needs to go on from here, after `seconds` of it, and how far the log has come.

        Raises StoreError when the disk is full.
        """
        events = log.path.read_bytes()
        kept = {
            "epoch": checkpoint.epoch, "step": checkpoint.step, "state": dict(checkpoint.state), "seconds": seconds,
            "log_bytes": len(events), "log_sha256": hashlib.sha256(events).hexdigest(), "versions": versions(),
        }  # fmt: skip
        content = state_file.to_bytes(kept)
        digest = hashlib.sha256(content).hexdigest().encode()
        # Should the machine lose power with it half on disk, its hash is wrong and training starts over.
        _write_whole(self.folder(run_id(config)) / CHECKPOINT, digest + content, sync=False)

    def resume(self, config: RunConfig) -> tuple[EventLog, Checkpoint | None, float]:
        """The run's log cut back to its last checkpoint, that checkpoint, and the seconds of training before it.

        Without a checkpoint that is whole and of these very versions, the run begins anew.
        Raises StoreError if nothing can be written.
        """
        folder = self.folder(run_id(config))
        kept = _read_checkpoint(folder / CHECKPOINT)
        if (
            kept is None
            or kept["versions"] != versions()
            or (folder / MANIFEST).exists()
            or not _is_text(folder / CONFIG, to_json(config))
        ):
            return self.begin(config), None, 0.0
        log = EventLog(folder / EVENTS)
        if not log.cut_back(kept["log_bytes"], kept["log_sha256"]):
            return self.begin(config), None, 0.0
        return log, Checkpoint(kept["epoch"], kept["step"], kept["state"]), kept["seconds"]

    def last_epoch(self, config: RunConfig) -> int:
        """The epoch after which the unfinished run would go on; 0 if from its beginning."""
        kept = _read_checkpoint(self.folder(run_id(config)) / CHECKPOINT)
        return kept["epoch"] if kept else 0

    def log_failure(self, config: RunConfig, message: str) -> bool:
        """Have the unfinished run's log end in this failure; False if there is no room for that, or the run is finished."""
        if (self.folder(run_id(config)) / MANIFEST).exists():
            return False
        events = self.events(run_id(config))
        if events and events[-1]["event"] == "failed" and events[-1]["message"] == message:
            return True
        log = EventLog(self.folder(run_id(config)) / EVENTS)
        try:
            if not log.path.exists():
                log = self.begin(config)
            log.append({"event": "failed", "message": message})
        except StoreError:
            return False
        return True

    def commit(self, config: RunConfig, model: Autoencoder, result: Mapping[str, Any]) -> None:
        """Make the run a finished one: weights, then the manifest that vouches for every file."""
        folder = self.folder(run_id(config))
        # Half the memory layouts in use cannot be saved as they are; the values are the same.
        weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
        _write_whole(folder / WEIGHTS, save_tensors(weights))
        sha256 = {name: _sha256(folder / name) for name in (CONFIG, EVENTS, WEIGHTS)}
        manifest: dict[str, Any] = {"result": dict(result), "sha256": sha256}
        _write_whole(folder / MANIFEST, _sealed(manifest).encode())
        with suppress(OSError):  # of no use any more, and no reason to fail
            (folder / CHECKPOINT).unlink(missing_ok=True)

    # Reading

    def has_own(self, name: str) -> bool:
        """Whether the run called `name` is finished in this store, not merely shipped. Raises DamagedRunError as `find` does."""
        run = self.find(name)
        return run is not None and not run.shipped

    def find(self, name: str) -> StoredRun | None:
        """The finished run called `name`, verified, or None. Raises DamagedRunError, once, if its files are damaged."""
        for folder, shipped in self._candidates(name):
            if (folder / MANIFEST).is_file():
                try:
                    return self._read(folder, shipped=shipped)
                except DamagedRunError:
                    if not (folder / MANIFEST).is_file():
                        continue  # deleted while we looked
                    self._set_aside(folder, shipped=shipped)
                    raise
        return None

    def get(self, name: str) -> StoredRun:
        """The finished run called `name`. Raises StoreError if there is none, DamagedRunError if it is damaged."""
        run = self.find(name)
        if run is None:
            raise StoreError(
                f"There is no finished run {name} in {self.root}. List the runs with `python -m ae_core runs`."
            )
        return run

    def load_model(self, run: StoredRun) -> Autoencoder:
        """The trained network, ready for inference: eval mode, no gradients. Raises DamagedRunError unless it is the one committed."""
        folder = self.folder_of(run)
        model = build(run.config.model)
        try:
            content = (folder / WEIGHTS).read_bytes()
            if hashlib.sha256(content).hexdigest() != run.weights_sha256:
                self._looked_at.pop(folder, None)  # damaged since find(): let the next one look again
                raise _damaged(folder, f"{WEIGHTS} is not what was written")
            model.load_state_dict(load_tensors(content))
        except (OSError, SafetensorError, RuntimeError) as problem:
            raise _damaged(folder, "its weights do not fit its settings") from problem
        return model.eval().requires_grad_(False)

    def runs(self) -> tuple[list[StoredRun], list[str]]:
        """All runs finished here, newest first and shipped ones last, and a message for each damaged one. No uploaded ones."""
        return self._runs_in(self._roots())

    def uploads(self) -> tuple[list[StoredRun], list[str]]:
        """All runs that came as files, newest first, and a message for each damaged one."""
        self.set_uploads_apart()
        return self._runs_in([(self.root / "uploads", False)])

    def _runs_in(self, roots: Iterable[tuple[Path, bool]]) -> tuple[list[StoredRun], list[str]]:
        found, problems = [], []
        for root, shipped in roots:
            for manifest in sorted(root.glob(f"*/{MANIFEST}"), key=_changed, reverse=True):
                try:
                    run = self.find(manifest.parent.name)
                except StoreError as problem:
                    problems.append(str(problem))
                    continue
                if run is not None and run.shipped == shipped:
                    found.append(run)
        return found, problems

    def shipped_like(self, config: RunConfig) -> StoredRun | None:
        """The shipped run with this model and corruption, whatever its training and data; None if there is none."""
        run = self._shipped_runs().get((config.model, config.corruption))
        return self.find(run.run_id) if run and (self.folder(run.run_id) / MANIFEST).is_file() else run

    def events(self, name: str) -> list[dict[str, Any]]:
        """Everything logged for a run so far, from the beginning. A last line still being written is left out."""
        for folder, _ in self._candidates(name):
            try:
                text = (folder / EVENTS).read_bytes().decode(errors="replace")
            except OSError:
                continue
            return [event for line in text.split("\n")[:-1] if isinstance(event := _parsed(line), dict)]
        return []

    # Inside

    def _roots(self) -> list[tuple[Path, bool]]:
        roots = [(self.root / "runs", False)]
        return [*roots, (self.shipped_root, True)] if self.shipped_root else roots

    def _candidates(self, name: str) -> list[tuple[Path, bool]]:
        folder = self.folder(name)
        if _is_upload(name):
            return [(folder, False)]
        self._set_apart(folder)
        own = (
            [] if (folder / UPLOADED).exists() else [(folder, False)]
        )  # in a store that cannot be written it stays where it is
        return [*own, (self.shipped_root / name, True)] if self.shipped_root else own

    def folder_of(self, run: StoredRun) -> Path:
        """Where the files of `run` are."""
        return self.shipped_root / run.name if run.shipped and self.shipped_root else self.folder(run.name)

    def set_uploads_apart(self) -> None:
        """Bring the runs that an earlier version was sent as files, and kept among the trained ones, to where such runs are now."""
        for mark in sorted((self.root / "runs").glob(f"*/{UPLOADED}")):
            self._set_apart(mark.parent)

    def _set_apart(self, folder: Path) -> None:
        """Should `folder`, where a trained run belongs, hold one that came as a file, move it to the other uploaded ones."""
        if not (folder / UPLOADED).exists():
            return
        try:
            place = self.folder(upload_name((folder / MANIFEST).read_bytes()))
        except (OSError, ValueError):  # it is no whole run
            self._set_aside(folder, shipped=False)
            return
        if place.exists():  # it has come a second time
            self._set_aside(folder, shipped=False)
            return
        with suppress(OSError):  # somebody else moves it just now, or the store cannot be written
            place.parent.mkdir(exist_ok=True)
            folder.rename(place)

    def _shipped_runs(self) -> Mapping[tuple[ModelConfig, CorruptionConfig], StoredRun]:
        """What ships, by model and corruption. Every page asks for it, so it is read once, unless some of it is damaged."""
        if self._shipped is None:
            runs: dict[tuple[ModelConfig, CorruptionConfig], StoredRun] = {}
            folders = (
                sorted(self.shipped_root.glob(f"*/{MANIFEST}"), reverse=True) if self.shipped_root else []
            )
            damaged = False
            for manifest in folders:
                try:
                    run = self._read(manifest.parent, shipped=True)
                except DamagedRunError:
                    damaged = True  # find() reports it under its own name
                    continue
                runs[run.config.model, run.config.corruption] = run
            if damaged:
                return runs
            self._shipped = runs
        return self._shipped

    def _read(self, folder: Path, *, shipped: bool) -> StoredRun:
        """The run in `folder`, read and hashed unless size and time of change say that its files are those of the last time.

        Raises DamagedRunError, which a second look need not find out again either: shipped files cannot be set aside.
        """
        look = self._looked_at.get(folder)
        if look is None or _state(folder, look.names) != look.state:
            look = _look_at(folder, shipped=shipped)
            # Files that changed or went meanwhile are looked at anew the next time.
            if _state(folder, look.names) == look.state:
                self._looked_at[folder] = look
        if look.run is None:
            raise _damaged(folder, look.damage)
        return look.run

    def _set_aside(self, folder: Path, *, shipped: bool) -> None:
        if shipped:
            return  # the lab's own files are not ours to move
        place = self.root / "damaged" / f"{folder.name}-{time.time_ns()}"
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            folder.replace(place)
        except OSError:
            return  # it stays where it is, and is refused again next time


@dataclass
class EventLog:
    """A run's append-only log: one JSON object a line, whole lines only."""

    path: Path

    def append(self, event: Mapping[str, Any]) -> None:
        """Add one line. Raises StoreError when the disk is full, or the run is finished: its manifest vouches for every byte."""
        if self.path.with_name(MANIFEST).exists():
            raise StoreError(
                f"The run {self.path.parent.name} is finished, so nothing is added to its log. Look at it on the page Runs."
            )
        line = (json.dumps({"time": round(time.time(), 3), **event}) + "\n").encode()
        try:
            with self.path.open("ab", buffering=0) as file:
                size = file.tell()
                if file.write(line) < len(line):
                    file.truncate(size)
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as problem:
            raise StoreError(
                f"The run's log could not be written ({problem.strerror}). Make room on the disk and train again."
            ) from problem

    def cut_back(self, size: int, sha256: str) -> bool:
        """Forget all after the first `size` bytes, if those have this hash; False, and nothing forgotten, if not."""
        try:
            content = self.path.read_bytes()[:size]
            if hashlib.sha256(content).hexdigest() != sha256:
                return False
            os.truncate(self.path, size)
        except OSError:
            return False
        return True


def is_name(text: str) -> bool:
    """Whether a run could be called so: 16 hexadecimal digits, the first of them a u where it came as a file."""
    return len(text) == 16 and not set(text.removeprefix("u")) - set("0123456789abcdef")


def _is_upload(name: str) -> bool:
    return name.startswith("u")


def upload_name(manifest: bytes) -> str:
    """The name of the uploaded run with this manifest: its seal vouches for every file. ValueError where there is no seal."""
    fields = json.loads(manifest)
    seal = fields.get("seal") if isinstance(fields, dict) else None
    if not isinstance(seal, str) or not is_name(name := f"u{seal[:15]}"):
        raise ValueError("no seal")
    return name


def is_held(lock_file: Path) -> bool:
    """Whether some living process holds the lock `lock_file`."""
    if sys.platform == "win32":  # where looks are exclusive: two at once take each other for its holder
        try:
            with FileLock(lock_file, timeout=0):
                return False
        except Timeout:
            return True
    import fcntl

    try:
        with lock_file.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def to_png(images_nhw: Tensor) -> str:
    """Pictures (n, 28, 28) in [0, 1], side by side, as a PNG of 256 greys in base64."""
    return png_base64(grey_pixels(torch.cat(list(images_nhw), dim=1)))


def from_png(text: str) -> Tensor:
    """What `to_png` wrote: (n, 28, 28) in [0, 1], to the nearest of 256 greys."""
    with Image.open(io.BytesIO(base64.b64decode(text)), formats=["PNG"]) as picture:
        strip = torch.from_numpy(np.array(picture.convert("L")))
    return torch.stack(strip.split(28, dim=1)).float() / 255


def pack_codes(codes_tnd: Tensor, labels_n: Tensor) -> dict[str, Any]:
    """Points (t, n, 2) and their classes (n,) as JSON: each number in 16 bits between the lowest and the highest of its axis."""
    low_d, high_d = codes_tnd.amin((0, 1)), codes_tnd.amax((0, 1))
    shares = (codes_tnd - low_d) / (high_d - low_d).clamp(min=torch.finfo(torch.float32).tiny)
    return {
        "low": low_d.tolist(), "high": high_d.tolist(),
        "codes": _base64((shares * CODE_STEPS).round().numpy().astype("<u2")), "labels": _base64(labels_n.numpy().astype("u1")),
    }  # fmt: skip


def unpack_codes(packed: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    """What `pack_codes` was given, to the nearest of 65,536 steps of each axis."""
    labels = np.frombuffer(base64.b64decode(packed["labels"]), "u1").astype(np.int64)
    shares = np.frombuffer(base64.b64decode(packed["codes"]), "<u2").reshape(-1, len(labels), 2) / CODE_STEPS
    low_d, high_d = np.array(packed["low"]), np.array(packed["high"])
    return torch.from_numpy((low_d + shares * (high_d - low_d)).astype(np.float32)), torch.from_numpy(labels)


def _base64(numbers: np.ndarray) -> str:
    return base64.b64encode(numbers.tobytes()).decode()


def default_root() -> Path:
    """AE_LAB_STORE if it is set, else a folder of this user's."""
    if os.environ.get("AE_LAB_STORE"):
        return Path(os.environ["AE_LAB_STORE"])
    return platformdirs.user_data_path("autoencoder-lab", appauthor=False)


def _read_checkpoint(path: Path) -> dict[str, Any] | None:
    """What `keep_checkpoint` wrote, or None if there is nothing or it is not what was written."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, payload = content[:64], content[64:]
    if hashlib.sha256(payload).hexdigest().encode() != digest:
        return None
    try:
        kept: dict[str, Any] = state_file.from_bytes(payload)
    except SafetensorError:  # of an earlier version
        return None
    return kept


@dataclass(frozen=True)
class _Look:
    """What was found in a folder: a run, or None and what is wrong with it; and its files' sizes and times of change before."""

    names: tuple[str, ...]
    state: tuple[tuple[int, int] | None, ...]
    run: StoredRun | None
    damage: str = ""


def _look_at(folder: Path, *, shipped: bool) -> _Look:
    """Read and hash all that makes a finished run."""
    names: tuple[str, ...] = (MANIFEST,)
    state = _state(folder, names)
    try:
        manifest = _manifest(folder)
        names, state = (*names, *manifest["sha256"]), (*state, *_state(folder, manifest["sha256"]))
        _verify_files(folder, manifest["sha256"])
        uploaded_as = folder.name if _is_upload(folder.name) else ""
        if uploaded_as and uploaded_as != upload_name((folder / MANIFEST).read_bytes()):
            raise _DamageError(f"{MANIFEST} belongs to another run")
        run = _settings(folder)
        if not uploaded_as and run_id(run) != folder.name:
            raise _DamageError("its settings belong to another run")
        result = _with_psnr_of_the_mean(manifest["result"])
        return _Look(names, state, StoredRun(run, result, shipped, manifest["sha256"][WEIGHTS], uploaded_as))
    except _DamageError as problem:
        return _Look(names, state, None, str(problem))


class _DamageError(Exception):
    """What is wrong with a run's files, in words."""


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        text = (folder / MANIFEST).read_text(errors="replace")
    except OSError as problem:
        raise _DamageError(f"{MANIFEST} is missing") from problem
    manifest = _parsed(text)
    if not isinstance(manifest, dict) or manifest.pop("seal", None) is None or _sealed(manifest) != text:
        raise _DamageError(f"{MANIFEST} is not what was written")
    return manifest


def _settings(folder: Path) -> RunConfig:
    try:
        return from_json((folder / CONFIG).read_text())
    except (OSError, ConfigError) as problem:
        raise _DamageError("its settings cannot be read by this version") from problem


def _state(folder: Path, names: Iterable[str]) -> tuple[tuple[int, int] | None, ...]:
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
        wrong = [name for name, expected in sha256.items() if _sha256(folder / name) != expected]
    except OSError as problem:
        raise _DamageError(f"{Path(str(problem.filename)).name} is missing") from problem
    if wrong:
        raise _DamageError(f"{wrong[0]} is not what was written")


def _changed(path: Path) -> float:
    """When the file was last written; long ago, if it is there no more."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _is_text(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode()
    except OSError:
        return False


def _write_whole(path: Path, content: bytes, *, sync: bool = True) -> None:
    """Write a file so that it is either the old one or the whole new one, whatever happens in between."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as problem:
        with suppress(OSError):
            temporary.unlink()
        raise StoreError(
            f"{path.name} could not be written ({problem.strerror}). Make room on the disk and train again."
        ) from problem


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _sealed(manifest: Mapping[str, Any]) -> str:
    """The manifest as it is written, with its own hash, over everything else, at the end."""
    seal = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    return json.dumps({**manifest, "seal": seal}, indent=1)


def _with_psnr_of_the_mean(result: dict[str, Any]) -> dict[str, Any]:
    """The result with the PSNR of its mean squared error, whichever PSNR was recorded.

    Runs of earlier versions recorded the mean of the pictures' PSNRs, which is another figure: beside new runs it would
    compare unlike with unlike.
    """
    test = result.get("test")
    if not isinstance(test, dict) or "mse" not in test or "psnr" not in test:
        return result
    return {**result, "test": {**test, "psnr": decibels(test["mse"])}}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _damaged(folder: Path, reason: str) -> DamagedRunError:
    return DamagedRunError(
        f"The run {folder.name} is damaged: {reason}. It has been set aside and is not shown. Train it again."
    )
