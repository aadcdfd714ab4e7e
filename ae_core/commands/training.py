"""`train`: one run, in this process or by the training cluster, told epoch by epoch."""

from __future__ import annotations

import argparse
import secrets
import time
from typing import Any

from ae_core import config, data
from ae_core.commands.telling import print_message
from ae_core.config import DataConfig, RunConfig
from ae_core.errors import ClusterError, ConfigError
from ae_core.metrics import METRICS
from ae_core.runs import history
from ae_core.runs.store import Store
from ae_core.service import dispatch, jobs, worker
from ae_core.service.devices import choose_device
from ae_core.training import EpochDone, Started

FOLLOW_SECONDS = 0.3


def train_command(options: argparse.Namespace) -> dict[str, Any]:
    """Train a run, telling each epoch on standard error; it goes on where it was stopped."""
    run = run_from_options(options)
    store = Store(options.store)
    name = config.run_id(run)
    if options.local:
        _train_in_this_process(run, store)
    else:
        _train_on_cluster(run, store)
    stored = store.get(name)
    keys = ("test", "train_seconds", "images_per_second", "parameters", "code_size", "dataset")
    print_message("  ".join(f"{metric} {stored.result['test'][metric]:.4f}" for metric in METRICS))
    return {"run_id": name, **{key: stored.result[key] for key in keys}}


def _train_in_this_process(run: RunConfig, store: Store) -> None:
    with store.lock(config.run_id(run)):
        for event in worker.record_training(run, store, data.load_digits(run.data, store.root / "cache")):
            if isinstance(event, Started):
                _tell_start(run, event.parameters)
            elif isinstance(event, EpochDone):
                _tell_epoch(event.epoch, run.training.epochs, event.test_squared_error)


def _train_on_cluster(run: RunConfig, store: Store) -> None:
    """By the training process, as the pages do; equal settings are one training. Ctrl-C stops it."""
    visitor = f"command-line-{secrets.token_hex(8)}"
    name = jobs.submit_training(run, store, visitor)
    told, problem = 0, ""
    try:
        while True:
            progress = history.read_progress(name, store)
            for step, error in progress.test_errors[told:]:
                told += 1
                _tell_epoch(round(step / progress.steps * progress.epochs), progress.epochs, error)
            if progress.status == "failed":
                raise ClusterError(progress.message)
            if progress.status == "stopped":
                raise ClusterError(
                    f"The training was stopped in epoch {progress.epoch + 1}. "
                    "The same command goes on from there."
                )
            if progress.status not in ("queued", "running"):
                return
            if dispatch.keep_dispatching(store).problem != problem:
                problem = dispatch.keep_dispatching(store).problem
                print_message(problem or "The scheduler answers again.")
            time.sleep(FOLLOW_SECONDS)
    except KeyboardInterrupt:
        stops = jobs.stop_training(name, store, visitor)
        print_message(
            f"run {name}: "
            + (
                "stopped; the same command goes on from its last epoch."
                if stops
                else "others want it too, so it goes on."
            )
        )
        raise


def _tell_start(run: RunConfig, parameters: int) -> None:
    chosen = choose_device()
    print_message(
        f"run {config.run_id(run)}: "
        f"{config.family(run)}, {parameters:,} parameters, {run.data.count:,} digits, "
        f"on {chosen.device.type} ({chosen.reason})"
    )


def _tell_epoch(epoch: int, epochs: int, error: float) -> None:
    print_message(f"epoch {epoch}/{epochs}: test squared error per image {error:.2f}")


def run_from_options(options: argparse.Namespace) -> RunConfig:
    """The preset, on the digits that were asked for, with whatever else was."""
    given = {name: value for name, value in vars(options).items() if value is not None}
    chosen: dict[str, Any] = {"digits": given["digits"]} if "digits" in given else {}
    if "classes" in given:
        chosen["classes"] = _whole_numbers("classes", given["classes"])
    run = config.with_data(config.find_preset(options.preset), DataConfig(**chosen))
    model: dict[str, Any] = {name: given[name] for name in ("latent_size", "activation") if name in given}
    sizes = ("hidden_sizes", "channels")
    model |= {name: _whole_numbers(name, given[name]) for name in sizes if name in given}
    corruption = {
        field: given[name]
        for field, name in (("kind", "noise_kind"), ("level", "noise_level"))
        if name in given
    }
    ways = ("epochs", "batch_size", "learning_rate", "loss", "seed", "threads")
    training: dict[str, Any] = {name: given[name] for name in ways if name in given}
    return config.adjusted(run, model=model, corruption=corruption, training=training)


def _whole_numbers(name: str, text: str) -> tuple[int, ...]:
    try:
        return () if text == "none" else tuple(int(size) for size in text.split(","))
    except ValueError as problem:
        words = name.replace("_", " ").capitalize()
        raise ConfigError(
            f"{words} are whole numbers with commas between them, such as 192,96, or 'none', not {text!r}."
        ) from problem
