"""Trainings that outlive the page that asked for them: submit, follow, stop.

A job runs in a Dask worker and writes the run's event log; whoever wants to know how it goes reads that log.
Equal settings are one run, and one run is trained once, however many ask.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from distributed import Client, Scheduler, fire_and_forget
from filelock import Timeout
from torch import Tensor

from ae_core import cluster, data
from ae_core.config import RunConfig, command_line, from_json, run_id, to_json
from ae_core.errors import LabError, StoreError
from ae_core.store import EventLog, Store, from_png, to_png
from ae_core.training import BatchDone, EpochDone, Event, Finished, Snapshot, Started, best_device, train, use_one_thread

CURVE_POINTS = 200
STOP_SECONDS = 5.0

Status = Literal["none", "queued", "running", "stopped", "failed", "lost", "finished"]


# In the process that trains


def record(run: RunConfig, store: Store, digits: data.Digits, should_stop: Callable[[], bool] = lambda: False) -> Iterator[Event]:
    """Train `run` and write it into `store` as it goes; each event is handed on once it is written.

    Ends early, as a stopped run, when `should_stop()`. Whatever goes wrong is in the log before it is raised.
    """
    log = store.begin(run)
    try:
        yield from _recorded(run, store, digits, log, should_stop)
    except LabError as problem:
        _try_append(log, {"event": "failed", "message": str(problem)})
        raise
    except Exception as problem:
        _try_append(log, {"event": "failed", "message": f"The training ended unexpectedly ({type(problem).__name__}). Train it again."})
        raise


def _recorded(run: RunConfig, store: Store, digits: data.Digits, log: EventLog, should_stop: Callable[[], bool]) -> Iterator[Event]:
    started = time.monotonic()
    seconds, step, epoch, parameters = 0.0, 0, 0, 0
    device = best_device()
    for event in train(run, digits, device):
        match event:
            case Started():
                parameters = event.parameters
                log.append(
                    {"event": "started", "epochs": event.epochs, "steps": event.steps, "device": event.device, "parameters": parameters,
                     "dataset": digits.counts(), "clean": to_png(event.clean_nhw), "input": to_png(event.input_nhw)}
                )  # fmt: skip
            case Snapshot():
                log.append({"event": "snapshot", "step": event.step, "digits": to_png(event.reconstructions_nhw)})
            case BatchDone():
                step = event.step
                if should_stop():
                    log.append({"event": "stopped", "step": step, "epoch": epoch})
                    return
                if step % math.ceil(event.steps / CURVE_POINTS) == 0 or step == 1:
                    log.append({"event": "batch", "step": step, "loss": float(event.loss)})
            case EpochDone():
                epoch = event.epoch
                seconds = time.monotonic() - started
                log.append(
                    {
                        "event": "epoch",
                        "epoch": epoch,
                        "step": step,
                        "train_loss": event.train_loss,
                        "test_squared_error": event.test_squared_error,
                    }
                )
            case Finished():
                result = {
                    "test": event.test,
                    "train_seconds": round(seconds, 3),
                    "images_per_second": round(run.training.epochs * len(digits.train_nhw) / seconds, 1),
                    "parameters": parameters,
                    "code_size": run.model.latent_size,
                    "dataset": digits.counts(),
                    "device": device.type,
                    "command": command_line(run),
                }
                log.append({"event": "finished", **result})
                store.commit(run, event.model, result)
        yield event


def _try_append(log: EventLog, event: dict[str, Any]) -> None:
    with suppress(StoreError):  # the disk that failed the run may well fail its log
        log.append(event)


@lru_cache(maxsize=1)
def _digits(name: str, data_dir: Path | None, cache_dir: Path) -> data.Digits:
    return data.load(name, data_dir, cache_dir)


def _train_job(settings: str, root: str, data_dir: str | None) -> None:
    """What a worker runs. Everything it has to say is in the run's log."""
    use_one_thread()
    run, store = from_json(settings), Store(Path(root))
    name = run_id(run)
    try:
        with store.lock(name).acquire(timeout=STOP_SECONDS):
            if _own_finished(store, name):
                return
            digits = _digits(run.data.name, Path(data_dir) if data_dir else None, store.root / "cache")
            stop = _stop_file(store, name)
            for _ in record(run, store, digits, stop.exists):
                pass
    except Timeout:
        return  # another worker of another cluster is at it
    except LabError as problem:
        _log_failure_to_start(store, run, problem)
    finally:
        _submitted_file(store, name).unlink(missing_ok=True)
        _stop_file(store, name).unlink(missing_ok=True)


def _log_failure_to_start(store: Store, run: RunConfig, problem: LabError) -> None:
    """`record` logs its own failures; what fails before it, such as missing digits, is logged here."""
    events = store.events(run_id(run))
    if not events or events[-1]["event"] != "failed":
        _try_append(store.begin(run), {"event": "failed", "message": str(problem)})


def dask_setup(worker: object) -> None:
    """Called by Dask when a worker starts: pay for slow imports before anybody waits for them."""
    import torchmetrics.functional.image  # noqa: F401

    use_one_thread()


# In the process that asks


def submit(run: RunConfig, store: Store, data_dir: Path | None = None) -> str:
    """Have `run` trained, unless it is finished or on its way, and return its id without waiting.

    Raises StoreError if the store cannot be written, ClusterError if no training process answers.
    """
    name = run_id(run)
    store.check_writable()
    if _own_finished(store, name):
        return name
    _wait_for_stop(store, name)
    if status(name, store) in ("queued", "running"):
        return name
    client = cluster.client(store)
    _write_marker(_submitted_file(store, name))
    future = client.submit(
        _train_job, to_json(run), str(store.root.resolve()), str(data_dir.resolve()) if data_dir else None,
        key=f"train-{name}", pure=False,
    )  # fmt: skip
    fire_and_forget(future)
    _wait_until_known(client, name, store)
    return name


def stop(name: str, store: Store) -> None:
    """Ask for the training called `name` to stop; it does so after the batch at hand."""
    if status(name, store) in ("queued", "running"):
        _write_marker(_stop_file(store, name))


def status(name: str, store: Store) -> Status:
    """What has become of the run called `name`."""
    if _own_finished(store, name):
        return "finished"
    if store.is_locked(name):
        return "running"
    if _submitted_file(store, name).exists():
        return "queued" if cluster.is_reachable(store) else "lost"
    events = store.events(name)
    if not events:
        return "none"
    last = events[-1]["event"]
    return last if last in ("stopped", "failed", "finished") else "lost"


@dataclass(frozen=True)
class Progress:
    """A training as its log tells it, from the beginning.

    batch_losses: (step, loss) pairs; test_errors: (step, squared error per image) pairs, one an epoch.
    snapshots: (step, PNG in base64) pairs; clean and noisy: the fixed digits (16, 28, 28) they redraw.
    """

    status: Status
    epochs: int
    epoch: int
    steps: int
    step: int
    device: str
    batch_losses: list[tuple[int, float]]
    test_errors: list[tuple[int, float]]
    snapshots: list[tuple[int, str]]
    clean: Tensor | None
    noisy: Tensor | None
    seconds_left: float | None
    message: str

    @property
    def fraction(self) -> float:
        return self.step / self.steps if self.steps else 0.0

    def snapshot(self, index: int = -1) -> Tensor:
        """The fixed digits as the network redrew them at one snapshot, by default the latest: (16, 28, 28)."""
        return from_png(self.snapshots[index][1])


def progress(name: str, store: Store) -> Progress:
    """The training called `name` so far."""
    state = status(name, store)
    events = store.events(name)
    kinds: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        kinds.setdefault(event["event"], []).append(event)
    started = kinds.get("started", [{}])[0]
    step = max((event["step"] for event in events if "step" in event), default=0)
    steps = started.get("steps", 0)
    seconds_left = None
    if state == "running" and step:
        elapsed = events[-1]["time"] - started["time"]
        seconds_left = elapsed / step * (steps - step)
    return Progress(
        status=state,
        epochs=started.get("epochs", 0),
        epoch=max((event["epoch"] for event in kinds.get("epoch", [])), default=0),
        steps=steps,
        step=step,
        device=started.get("device", ""),
        batch_losses=[(event["step"], event["loss"]) for event in kinds.get("batch", [])],
        test_errors=[(event["step"], event["test_squared_error"]) for event in kinds.get("epoch", [])],
        snapshots=[(event["step"], event["digits"]) for event in kinds.get("snapshot", [])],
        clean=from_png(started["clean"]) if "clean" in started else None,
        noisy=from_png(started["input"]) if "input" in started else None,
        seconds_left=seconds_left,
        message=kinds.get("failed", [{"message": ""}])[-1]["message"],
    )


def _own_finished(store: Store, name: str) -> bool:
    run = store.find(name)
    return run is not None and not run.shipped


def _wait_for_stop(store: Store, name: str) -> None:
    """A run being stopped is gone within a batch; let it go before it is asked for again."""
    deadline = time.monotonic() + STOP_SECONDS
    while _stop_file(store, name).exists() and store.is_locked(name) and time.monotonic() < deadline:
        time.sleep(0.02)


def _wait_until_known(client: Client, name: str, store: Store) -> None:
    """A submission is on its way in the background; once the scheduler has it, this process may die."""
    deadline = time.monotonic() + STOP_SECONDS
    while _submitted_file(store, name).exists() and time.monotonic() < deadline:
        if client.run_on_scheduler(_knows, key=f"train-{name}"):
            return
        time.sleep(0.01)


def _knows(dask_scheduler: Scheduler, key: str) -> bool:
    return key in dask_scheduler.tasks


def _submitted_file(store: Store, name: str) -> Path:
    return store.root / "locks" / f"{name}.submitted"


def _stop_file(store: Store, name: str) -> Path:
    return store.root / "locks" / f"{name}.stop"


def _write_marker(path: Path) -> None:
    try:
        path.touch()
    except OSError as problem:
        raise StoreError(f"{path.parent} cannot be written ({problem.strerror}). Make room on the disk and try again.") from problem
