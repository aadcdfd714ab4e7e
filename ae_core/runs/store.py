"""Runs on disk: a folder each, with settings, event log, weights, and a manifest once it is finished.

    runs/<run_id>/config.json           canonical settings
                  events.jsonl          what happened, one JSON object a line, appended as it happens
                  weights.safetensors   written whole when training ends
                  manifest.json         metrics, and the SHA-256 of the three files above; written last
                  checkpoint            until then: what training needs to go on after its last epoch
    uploads/<name>/                     a run that came as a file: the same files, and a name of its own

A folder without a manifest is not a finished run. A folder whose files do not match its manifest is damaged:
it is moved to damaged/, reported, and never shown.

An uploaded run is what its file says it is, and that is all that is known. So nobody who asks for settings is
given one: it has another name than theirs, made of its manifest's seal, and is found under that name alone.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from ae_core.config import CorruptionConfig, ModelConfig, RunConfig, run_id, to_json
from ae_core.errors import DamagedRunError, StoreError
from ae_core.runs import disk
from ae_core.runs.disk import default_root as default_root
from ae_core.runs.run_folder import (
    CHECKPOINT,
    CONFIG,
    EVENTS,
    MANIFEST,
    UPLOADED,
    WEIGHTS,
    FolderCheck,
    StoredRun,
    check_folder,
    damaged_run_error,
    file_states,
    is_run_name,
    is_upload,
    parse_json,
    seal_manifest,
    sha256_of,
    upload_name,
)
from ae_core.runs.run_log import EventLog, read_checkpoint, write_checkpoint
from ae_core.runs.versions import versions
from ae_core.words.sentences import say

if TYPE_CHECKING:
    from ae_core.models import Autoencoder
    from ae_core.training import Checkpoint

# What handles networks is imported when it is called: to look after runs needs no torch, which takes 300 MB.
SHIPPED = Path(__file__).parents[1] / "shipped_runs"
NOT_THERE = say("There is no finished run {name} in {root}. List the runs with `python -m ae_core runs`.")
# By which one that ships is found: model, noise in training, classes of digits.
Likeness = tuple[ModelConfig, CorruptionConfig, tuple[int, ...]]


@dataclass
class Store:
    """The runs under `root`, and behind them the read-only ones that came with the lab."""

    root: Path
    shipped_root: Path | None = SHIPPED
    _checks: dict[Path, FolderCheck] = field(default_factory=dict, repr=False)
    _shipped: Mapping[Likeness, StoredRun] | None = field(default=None, repr=False)
    _shipped_problems: list[str] = field(default_factory=list, repr=False)

    def folder(self, name: str) -> Path:
        """Where the run called `name` lives, whether or not it exists.

        Raises StoreError for what is no run's name.
        """
        if not is_run_name(name):
            raise StoreError(
                say(
                    "{name!r} is not a run's name: those are 16 hexadecimal digits. List "
                    "them with `python -m ae_core runs`.",
                    name=name,
                )
            )
        return self.root / ("uploads" if is_upload(name) else "runs") / name

    # Writing, by the one process that trains the run

    def lock(self, name: str) -> FileLock:
        """Held while the run is being trained; the system lets it go when that process dies."""
        self.check_writable()
        return FileLock(self.root / "locks" / f"{name}.lock")

    def is_locked(self, name: str) -> bool:
        """Whether some living process is training the run now."""
        return disk.is_held(self.root / "locks" / f"{name}.lock")

    def check_writable(self) -> None:
        """Raise StoreError unless runs can be written here."""
        try:
            (self.root / "runs").mkdir(parents=True, exist_ok=True)
            disk.check_writable(self.root / "locks")
        except OSError as problem:
            raise StoreError(
                say(
                    "The store {root} cannot be written ({strerror}). {way_out} or set "
                    "AE_LAB_STORE to a folder of your own; runs that came with the lab still "
                    "work.",
                    root=self.root,
                    strerror=problem.strerror,
                    way_out=disk.way_out(problem),
                )
            ) from problem

    def start_log(self, config: RunConfig) -> EventLog:
        """Start the run's log anew. Raises StoreError if that cannot be written."""
        self.check_writable()
        folder = self.folder(run_id(config))
        self._set_apart(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name in (MANIFEST, WEIGHTS, CHECKPOINT):
            (folder / name).unlink(missing_ok=True)
        disk.write_whole(folder / CONFIG, to_json(config).encode())
        disk.write_whole(folder / EVENTS, b"")
        return EventLog(folder / EVENTS)

    def keep_checkpoint(
        self, config: RunConfig, log: EventLog, checkpoint: Checkpoint, seconds: float
    ) -> None:
        """Keep what training needs to go on from here, after `seconds` of it, and how far the log has come.

        Raises StoreError when the disk is full.
        """
        events = log.path.read_bytes()
        kept = {
            "epoch": checkpoint.epoch,
            "step": checkpoint.step,
            "state": dict(checkpoint.state),
            "seconds": seconds,
            "log_bytes": len(events),
            "log_sha256": hashlib.sha256(events).hexdigest(),
            "versions": versions(),
        }
        write_checkpoint(self.folder(run_id(config)) / CHECKPOINT, kept)

    def resume(self, config: RunConfig) -> tuple[EventLog, Checkpoint | None, float]:
        """The run's log cut back to its last checkpoint, that checkpoint, and the seconds of training before.

        Without a checkpoint that is whole and of these very versions, the run begins anew.
        Raises StoreError if nothing can be written.
        """
        from ae_core.training import Checkpoint

        folder = self.folder(run_id(config))
        kept = read_checkpoint(folder / CHECKPOINT)
        if (
            kept is None
            or kept["versions"] != versions()
            or (folder / MANIFEST).exists()
            or not disk.holds_text(folder / CONFIG, to_json(config))
        ):
            return self.start_log(config), None, 0.0
        log = EventLog(folder / EVENTS)
        if not log.cut_back(kept["log_bytes"], kept["log_sha256"]):
            return self.start_log(config), None, 0.0
        return log, Checkpoint(kept["epoch"], kept["step"], kept["state"]), kept["seconds"]

    def last_epoch(self, config: RunConfig) -> int:
        """The epoch after which the unfinished run would go on; 0 if from its beginning."""
        kept = read_checkpoint(self.folder(run_id(config)) / CHECKPOINT)
        return kept["epoch"] if kept else 0

    def log_failure(self, config: RunConfig, message: str) -> bool:
        """Have the unfinished run's log end in this failure.

        False if there is no room for that, or the run is finished.
        """
        if (self.folder(run_id(config)) / MANIFEST).exists():
            return False
        events = self.events(run_id(config))
        if events and events[-1]["event"] == "failed" and events[-1]["message"] == message:
            return True
        log = EventLog(self.folder(run_id(config)) / EVENTS)
        try:
            if not log.path.exists():
                log = self.start_log(config)
            log.append({"event": "failed", "message": message})
        except StoreError:
            return False
        return True

    def commit(self, config: RunConfig, model: Autoencoder, result: Mapping[str, Any]) -> None:
        """Make the run a finished one: weights, then the manifest that vouches for every file."""
        from ae_core.runs.weights import pack_weights

        folder = self.folder(run_id(config))
        disk.write_whole(folder / WEIGHTS, pack_weights(model))
        sha256 = {name: sha256_of(folder / name) for name in (CONFIG, EVENTS, WEIGHTS)}
        manifest: dict[str, Any] = {"result": dict(result), "sha256": sha256}
        disk.write_whole(folder / MANIFEST, seal_manifest(manifest).encode())
        with suppress(OSError):  # of no use any more, and no reason to fail
            (folder / CHECKPOINT).unlink(missing_ok=True)

    # Reading

    def has_own(self, name: str) -> bool:
        """Whether the run called `name` is finished in this store, not merely shipped.

        Raises DamagedRunError as `find` does.
        """
        run = self.find(name)
        return run is not None and not run.shipped

    def find(self, name: str) -> StoredRun | None:
        """The finished run called `name`, verified, or None.

        Raises DamagedRunError, once, if its files are damaged.
        """
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
        """The finished run called `name`.

        Raises StoreError if there is none, DamagedRunError if it is damaged.
        """
        run = self.find(name)
        if run is None:
            raise StoreError(NOT_THERE.format(name=name, root=self.root))
        return run

    def load_model(self, run: StoredRun) -> Autoencoder:
        """The trained network, ready for inference: eval mode, no gradients.

        Raises DamagedRunError unless it is the one committed.
        """
        from ae_core.runs.weights import unpack_network

        folder = self.folder_of(run)
        try:
            content = (folder / WEIGHTS).read_bytes()
            if hashlib.sha256(content).hexdigest() != run.weights_sha256:
                self._checks.pop(folder, None)  # damaged since find(): let the next one look again
                raise damaged_run_error(folder, say("{weights} is not what was written", weights=WEIGHTS))
            return unpack_network(content, run.config.model)
        except (OSError, ValueError) as problem:
            raise damaged_run_error(folder, say("its weights do not fit its settings")) from problem

    def runs(self, *, shipped: bool = True) -> tuple[list[StoredRun], list[str]]:
        """All runs finished here, newest first and then `shipped` ones; a message for each damaged one.

        No uploaded ones.
        """
        return self._runs_in(self._roots() if shipped else self._roots()[:1])

    def uploads(self) -> tuple[list[StoredRun], list[str]]:
        """All runs that came as files, newest first, and a message for each damaged one."""
        self.set_uploads_apart()
        return self._runs_in([(self.root / "uploads", False)])

    def _runs_in(self, roots: Iterable[tuple[Path, bool]]) -> tuple[list[StoredRun], list[str]]:
        found, problems = [], []
        for root, shipped in roots:
            for manifest in sorted(root.glob(f"*/{MANIFEST}"), key=disk.changed_at, reverse=True):
                try:
                    run = self.find(manifest.parent.name)
                except StoreError as problem:
                    problems.append(str(problem))
                    continue
                if run is not None and run.shipped == shipped:
                    found.append(run)
        return found, problems

    def shipped(self) -> tuple[list[StoredRun], list[str]]:
        """The runs that came with the lab, whatever the store holds, and a message for each damaged one."""
        return list(self._shipped_runs().values()), list(self._shipped_problems)

    def shipped_like(self, config: RunConfig) -> StoredRun | None:
        """The shipped run with this model, corruption and classes, whatever else was set, or None."""
        run = self._shipped_runs().get((config.model, config.corruption, config.data.classes))
        return self.find(run.run_id) if run and (self.folder(run.run_id) / MANIFEST).is_file() else run

    def events(self, name: str) -> list[dict[str, Any]]:
        """Everything logged for a run so far, from the beginning.

        A last line still being written is left out.
        """
        for folder, _ in self._candidates(name):
            try:
                text = (folder / EVENTS).read_bytes().decode(errors="replace")
            except OSError:
                continue
            return [event for line in text.split("\n")[:-1] if isinstance(event := parse_json(line), dict)]
        return []

    # Inside

    def _roots(self) -> list[tuple[Path, bool]]:
        roots = [(self.root / "runs", False)]
        return [*roots, (self.shipped_root, True)] if self.shipped_root else roots

    def _candidates(self, name: str) -> list[tuple[Path, bool]]:
        folder = self.folder(name)
        if is_upload(name):
            return [(folder, False)]
        self._set_apart(folder)
        # in a store that cannot be written it stays where it is
        own = [] if (folder / UPLOADED).exists() else [(folder, False)]
        return [*own, (self.shipped_root / name, True)] if self.shipped_root else own

    def folder_of(self, run: StoredRun) -> Path:
        """Where the files of `run` are."""
        return self.shipped_root / run.name if run.shipped and self.shipped_root else self.folder(run.name)

    def set_uploads_apart(self) -> None:
        """Move runs that came as files and lie among the trained ones to the other uploaded ones.

        An earlier version kept them there.
        """
        for mark in sorted((self.root / "runs").glob(f"*/{UPLOADED}")):
            self._set_apart(mark.parent)

    def _set_apart(self, folder: Path) -> None:
        """Move `folder` to the uploaded runs, should it hold one, though a trained run belongs there."""
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
            disk.move_folder(folder, place)

    def _shipped_runs(self) -> Mapping[Likeness, StoredRun]:
        """What ships, by model, corruption and classes.

        Every page asks for it, so it is read once, unless some of it is damaged.
        """
        if self._shipped is None:
            runs: dict[Likeness, StoredRun] = {}
            folders = (
                sorted(self.shipped_root.glob(f"*/{MANIFEST}"), reverse=True) if self.shipped_root else []
            )
            self._shipped_problems.clear()
            for manifest in folders:
                try:
                    run = self._read(manifest.parent, shipped=True)
                except DamagedRunError as problem:
                    self._shipped_problems.append(str(problem))
                    continue
                runs[run.config.model, run.config.corruption, run.config.data.classes] = run
            if self._shipped_problems:
                return runs
            self._shipped = runs
        return self._shipped

    def _read(self, folder: Path, *, shipped: bool) -> StoredRun:
        """The run in `folder`, read and hashed unless its files have the sizes and times of the last time.

        Raises DamagedRunError, which a second look need not find out again either: shipped files cannot be
        set aside.
        """
        check = self._checks.get(folder)
        if check is None or file_states(folder, check.names) != check.state:
            check = check_folder(folder, shipped=shipped)
            # Files that changed or went meanwhile are looked at anew the next time.
            if file_states(folder, check.names) == check.state:
                self._checks[folder] = check
        if check.run is None:
            raise damaged_run_error(folder, check.damage)
        return check.run

    def _set_aside(self, folder: Path, *, shipped: bool) -> None:
        if shipped:
            return  # the lab's own files are not ours to move
        place = self.root / "damaged" / f"{folder.name}-{time.time_ns()}"
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            disk.move_folder(folder, place)
        except OSError:
            return  # it stays where it is, and is refused again next time
