"""The command line: the lab without its pages. See `python -m ae_core --help`."""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import math
import os
import re
import secrets
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ae_core import config, data
from ae_core.baselines import do_nothing
from ae_core.config import EMBEDDED, CorruptionConfig, RunConfig
from ae_core.corruption import corrupt
from ae_core.errors import ClusterError, ConfigError, ImageError, LabError
from ae_core.figures.png import grey_pixels
from ae_core.metrics import METRICS, summary
from ae_core.models import as_picture, reconstruct
from ae_core.pictures.decoding import FORMATS_IN_WORDS, SUFFIXES
from ae_core.runs import history, run_file
from ae_core.runs.store import Store, default_root
from ae_core.service import cluster, jobs, worker
from ae_core.training import EpochDone, Started, seeded, use_one_thread

if TYPE_CHECKING:
    from ae_core.pictures.preparation import PreparedDigit

FOLLOW_SECONDS = 0.3
# Where app.py lies: in a wheel in a folder of its own beside this package, in a checkout right beside it.
PACKAGES = Path(__file__).resolve().parents[1]
APP_FOLDERS = (PACKAGES / "autoencoder_lab", PACKAGES)
STREAMLIT_OPTION = re.compile(r"--[a-z]+\.[A-Za-z]+")
IMAGE_SUFFIXES = {f".{suffix}" for suffix in SUFFIXES}


def main_or_app() -> int:
    """The command `autoencoder-lab`: without arguments the app, from any folder; with them the command line.

    Arguments that begin as Streamlit's options do, such as `--server.port 8502`, go to the app.
    """
    arguments = sys.argv[1:]
    return main(arguments) if arguments and not STREAMLIT_OPTION.match(arguments[0]) else start_app(arguments)


def start_app(streamlit_options: Sequence[str]) -> int:
    """Run the app in a process of its own, and give its exit status once it has ended. 2 where it is not installed."""
    folder = next((place for place in APP_FOLDERS if (place / "app.py").is_file()), None)
    if folder is None or find_spec("streamlit") is None:
        _say("The app is not installed here. Install the whole lab with `pip install .` in its folder.")
        return 2
    command = [sys.executable, "-m", "streamlit", "run", "app.py", *streamlit_options]
    app = subprocess.Popen(command, cwd=folder)  # its settings are found from its folder
    signal.signal(signal.SIGTERM, lambda *_: app.terminate())
    while True:
        try:
            return app.wait()
        except KeyboardInterrupt:  # the app has had it too, and is ending
            continue


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. 0 done, 2 the user's mistake in one line on standard error, 1 anything else."""
    options = _parser().parse_args(arguments)
    use_one_thread()
    try:
        result = options.command(options)
    except LabError as problem:
        _say(f"{problem}")
        return 2
    except KeyboardInterrupt:
        _say("Stopped.")
        return 1
    except Exception as problem:
        if os.environ.get("AE_LAB_DEBUG"):
            raise
        _say(
            f"Something unexpected went wrong ({type(problem).__name__}: {problem}). Set AE_LAB_DEBUG=1 to see where."
        )
        return 1
    if options.json:
        print(json.dumps(_finite(result)))
    return int(result.get("exit_code", 0))


def train_command(options: argparse.Namespace) -> dict[str, Any]:
    """Train a run, telling each epoch on standard error; it goes on where it was stopped."""
    data_dir = options.data_dir or data.directory()
    run = _run_from(options, options.dataset or data.best_available(data_dir))
    store = Store(options.store)
    name = config.run_id(run)
    if options.local:
        _train_here(run, store, data_dir)
    else:
        _train_there(run, store, data_dir)
    stored = store.get(name)
    keys = ("test", "train_seconds", "images_per_second", "parameters", "code_size", "dataset")
    _say("  ".join(f"{metric} {stored.result['test'][metric]:.4f}" for metric in METRICS))
    return {"run_id": name, **{key: stored.result[key] for key in keys}}


def _train_here(run: RunConfig, store: Store, data_dir: Path | None) -> None:
    with store.lock(config.run_id(run)):
        for event in worker.record(run, store, data.load(run.data.name, data_dir, store.root / "cache")):
            if isinstance(event, Started):
                _tell_start(run, event.parameters, event.device)
            elif isinstance(event, EpochDone):
                _tell_epoch(event.epoch, run.training.epochs, event.test_squared_error)


def _train_there(run: RunConfig, store: Store, data_dir: Path | None) -> None:
    """By the training process, as the pages do; equal settings are one training. Ctrl-C stops it."""
    visitor = f"command-line-{secrets.token_hex(8)}"
    name = jobs.submit(run, store, None if run.data.name == EMBEDDED else data_dir, visitor)
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
                    f"The training was stopped in epoch {progress.epoch + 1}. The same command goes on from there."
                )
            if progress.status not in ("queued", "running"):
                return
            if jobs.tend(store).problem != problem:
                problem = jobs.tend(store).problem
                _say(problem or "The scheduler answers again.")
            time.sleep(FOLLOW_SECONDS)
    except KeyboardInterrupt:
        stops = jobs.stop(name, store, visitor)
        _say(
            f"run {name}: "
            + (
                "stopped; the same command goes on from its last epoch."
                if stops
                else "others want it too, so it goes on."
            )
        )
        raise


def _tell_start(run: RunConfig, parameters: int, device: str) -> None:
    _say(
        f"run {config.run_id(run)}: {config.family(run)}, {parameters:,} parameters, {data.WORDS[run.data.name]}, on {device}"
    )


def _tell_epoch(epoch: int, epochs: int, error: float) -> None:
    _say(f"epoch {epoch}/{epochs}: test squared error per image {error:.2f}")


def _run_from(options: argparse.Namespace, dataset: str) -> RunConfig:
    """The preset, on the data set, with whatever else was asked for."""
    run = config.with_data(config.preset(options.preset), dataset)
    given = {name: value for name, value in vars(options).items() if value is not None}
    model: dict[str, Any] = {name: given[name] for name in ("latent_size", "activation") if name in given}
    model |= {name: _sizes(name, given[name]) for name in ("hidden_sizes", "channels") if name in given}
    corruption = {
        field: given[name]
        for field, name in (("kind", "noise_kind"), ("level", "noise_level"))
        if name in given
    }
    ways = ("epochs", "batch_size", "learning_rate", "loss", "seed", "threads")
    training: dict[str, Any] = {name: given[name] for name in ways if name in given}
    return config.adjusted(run, model=model, corruption=corruption, training=training)


def _sizes(name: str, text: str) -> tuple[int, ...]:
    try:
        return () if text == "none" else tuple(int(size) for size in text.split(","))
    except ValueError as problem:
        words = name.replace("_", " ").capitalize()
        raise ConfigError(
            f"{words} are whole numbers with commas between them, such as 192,96, or 'none', not {text!r}."
        ) from problem


def reconstruct_command(options: argparse.Namespace) -> dict[str, Any]:
    """Send pictures through a trained network."""
    store = Store(options.store)
    model = store.load_model(store.get(options.run))
    images_nhw = _read_pictures(options.input)
    if options.noise_level is not None:
        corruption = CorruptionConfig(options.noise_kind or "gaussian", options.noise_level)
        images_nhw = corrupt(images_nhw, corruption, seeded(_seed(options.seed), "test noise"))
    _write_pictures(options.output, as_picture(reconstruct(model, images_nhw)))
    return {"run_id": options.run, "images": len(images_nhw), "output": str(options.output)}


def _seed(seed: int | None) -> int:
    if seed is not None:
        config.check_range("seed", seed)
    return seed or 0


def _prepared(content: bytes) -> PreparedDigit:
    from ae_core.pictures.preparation import (
        prepare_file,  # imported when first needed: scipy takes half a second, and few commands want it
    )

    return prepare_file(content)


def _read_pictures(path: Path) -> Tensor:
    content = _read(path)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return _prepared(content).digit_hw[None]
    try:
        images = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError, OSError, zipfile.BadZipFile) as problem:
        raise ImageError(
            f"{path} is neither a .npy array nor a {FORMATS_IN_WORDS} picture. Save it as one of these."
        ) from problem
    if (
        not isinstance(images, np.ndarray)
        or images.ndim != 3
        or images.shape[1:] != (28, 28)
        or not len(images)
    ):
        shape = getattr(images, "shape", "several arrays")
        raise ImageError(
            f"{path} must hold pictures of shape (n, 28, 28), but it holds {shape}. Reshape it and try again."
        )
    if images.dtype.kind not in "fiu" or not np.isfinite(images).all():
        raise ImageError(
            f"{path} holds values that are not finite numbers (NaN or infinity). Replace them and try again."
        )
    if images.min() < 0 or images.max() > 1:
        raise ImageError(
            f"{path} must hold values from 0 (background) to 1 (ink), but they run from {images.min():g} to {images.max():g}. "
            "Divide grey levels by 255 and try again."
        )
    return torch.from_numpy(images.astype(np.float32))


def _write_pictures(path: Path, images_nhw: Tensor) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() in IMAGE_SUFFIXES:
            strip = torch.cat(list(images_nhw), dim=1)
            Image.fromarray(grey_pixels(strip)).save(path)
            return
        with path.open("wb") as file:
            np.save(file, images_nhw.numpy())
    except OSError as problem:
        raise ImageError(
            f"{path} cannot be written ({problem.strerror}). Choose another place for the output."
        ) from problem


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise ImageError(
            f"{path} cannot be read ({problem.strerror}). Check the name and try again."
        ) from problem


def evaluate_command(options: argparse.Namespace) -> dict[str, Any]:
    """Measure a run on test digits it never saw, at each noise level, beside doing nothing."""
    store = Store(options.store)
    run = store.get(options.run)
    model = store.load_model(run)
    digits = data.held_back_from(
        run.config.data.name, options.data_dir or data.directory(), store.root / "cache"
    )
    rows = []
    for level in options.noise_level or [run.config.corruption.level]:
        corruption = CorruptionConfig(options.noise_kind or run.config.corruption.kind, level)
        noisy_nhw = corrupt(digits.test_nhw, corruption, seeded(run.config.training.seed, "test noise"))
        measured = summary(reconstruct(model, noisy_nhw), digits.test_nhw)
        nothing = do_nothing(noisy_nhw, digits.test_nhw)
        _say(f"noise {level:g}: psnr {measured['psnr']:.2f} dB (doing nothing: {nothing['psnr']:.2f} dB)")
        rows.append({"noise_kind": corruption.kind, "noise_level": level, **measured, "do_nothing": nothing})
    return {"run_id": options.run, "dataset": digits.counts(), "levels": rows}


def prepare_command(options: argparse.Namespace) -> dict[str, Any]:
    """Turn photographs into digits; a refused file is reported and the rest go on."""
    if options.output_dir is None and (options.output is None or len(options.pictures) > 1):
        raise ConfigError(
            "Say where the digit goes: --output digit.png for one picture, --output-dir DIR for several."
        )
    rows: list[dict[str, Any]] = []
    for path in options.pictures:
        output = options.output if options.output_dir is None else options.output_dir / f"{path.stem}.png"
        try:
            prepared = _prepared(_read(path))
            if any(row.get("output") == str(output) for row in rows):
                raise ImageError(
                    f"Another picture was already written to {output}. Rename this one and prepare it again."
                )
            _write_pictures(output, prepared.digit_hw[None])
            rows.append(
                {"input": str(path), "output": str(output), "steps": [step.title for step in prepared.steps]}
            )
        except LabError as problem:
            _say(f"{path}: {problem}")
            rows.append({"input": str(path), "error": str(problem)})
    return {"pictures": rows, "exit_code": 2 if any("error" in row for row in rows) else 0}


def runs_command(options: argparse.Namespace) -> dict[str, Any]:
    """List finished runs, and report damaged ones."""
    store = Store(options.store)
    found, problems = store.runs()
    uploads, more_problems = store.uploads()
    rows = []
    for run in [*found, *uploads]:
        settings = run.config
        words = f"{config.family(settings)} latent {settings.model.latent_size} noise {settings.corruption.level:g}"
        # Of an uploaded run, what its file claims is not told as if it had been found here.
        measured = run_file.kept_measure(store, run) if run.uploaded_as else None
        test = (
            run.result["test"]
            if not run.uploaded_as
            else measured.test
            if measured and not measured.may_know_them
            else None
        )
        error = f"squared error {test['mse'] * config.PIXELS:.2f}" if test else "not measured"
        origin = "shipped" if run.shipped else "uploaded" if run.uploaded_as else settings.data.name
        print(f"{run.name}  {words}  {error}  {origin}", file=sys.stderr if options.json else sys.stdout)
        about = {"run_id": run.name, "shipped": run.shipped, "uploaded": bool(run.uploaded_as)}
        rows.append({**about, "config": json.loads(config.to_json(settings)), **run.result, "test": test})
    if not found:
        _say("No finished runs yet. Train one with `python -m ae_core train --preset dae`.")
    for problem in [*problems, *more_problems]:
        _say(problem)
    return {"runs": rows, "damaged": [*problems, *more_problems]}


def download_command(options: argparse.Namespace) -> dict[str, Any]:
    """Fetch full MNIST."""
    data_dir = options.data_dir or data.directory() or data.download_directory()
    data.download(data_dir)
    _say(f"Full MNIST is in {data_dir}.")
    return {"data_dir": str(data_dir)}


def cluster_command(options: argparse.Namespace) -> dict[str, Any]:
    """Start, show, stop or be the local training cluster."""
    if cluster.address():
        raise ConfigError(
            "AE_LAB_SCHEDULER names a scheduler elsewhere, and this command is for the local one. Unset it and try again."
        )
    store = Store(options.store)
    match options.action:
        case "run":
            if not jobs.be_cluster(
                store,
                options.idle_seconds or cluster.idle_seconds(),
                options.workers or cluster.default_workers(),
            ):
                _say(f"There is a training process for {store.root} already.")
        case "start":
            cluster.ensure_started(store, options.idle_seconds, options.workers)
            cluster.client(store)
        case "stop":
            stopped = jobs.stop_cluster(store)
            _say(
                f"{len(stopped)} training(s) stopped; each goes on from its last epoch when asked for again."
            )
    return _cluster_state(store, sys.stderr if options.json else sys.stdout)


def _cluster_state(store: Store, told_to: TextIO) -> dict[str, Any]:
    """What the local cluster does at the moment, told and as JSON fields."""
    running = cluster.is_running(store)
    print(
        f"The training process for {store.root} is {'running' if running else 'not running'}.", file=told_to
    )
    workers = cluster.workers(store) if running else []
    for each in workers:
        print(f"worker {each.address}, process {each.pid}, {each.memory_bytes / 1e6:.0f} MB", file=told_to)
    rows = []
    for name, forecast in sorted(jobs.line(store).items(), key=lambda item: item[1].position):
        words = f"starts in about {forecast.start_seconds:.0f} s" if forecast.position else "in training"
        print(f"run {name}: {words}", file=told_to)
        rows.append(
            {"run_id": name, "position": forecast.position, "start_seconds": round(forecast.start_seconds, 1)}
        )
    return {"running": running, "workers": [dataclasses.asdict(each) for each in workers], "line": rows}


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _finite(value: Any) -> Any:
    """JSON knows no infinity: the PSNR of a perfect copy becomes null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items() if key != "exit_code"}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        self.exit(2, f"{message[:1].upper()}{message[1:]}. See `{self.prog} --help`.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _OneLineParser(prog="python -m ae_core", description="Autoencoder Lab on the command line.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, run: Any, words: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=words, description=words)
        sub.set_defaults(command=run)
        sub.add_argument(
            "--store", type=Path, default=default_root(), metavar="DIR", help="where runs live (AE_LAB_STORE)"
        )
        sub.add_argument("--json", action="store_true", help="end standard output with one JSON object")
        return sub

    def with_data(sub: argparse.ArgumentParser) -> None:
        sub.add_argument(
            "--data-dir", type=Path, metavar="DIR", help="a folder that holds MNIST/raw (AE_LAB_DATA_DIR)"
        )

    train = command("train", train_command, "train one run")
    with_data(train)
    train.add_argument(
        "--local", action="store_true", help="train in this process, without the training cluster"
    )
    train.add_argument("--preset", required=True, help=", ".join(config.PRESETS))
    train.add_argument("--latent-size", type=int)
    train.add_argument("--noise-level", type=float)
    train.add_argument("--noise-kind", help=", ".join(config.NOISE_KINDS))
    train.add_argument("--epochs", type=int)
    train.add_argument("--seed", type=int)
    train.add_argument("--batch-size", type=int)
    train.add_argument("--learning-rate", type=float)
    train.add_argument("--loss", help=", ".join(config.LOSSES))
    train.add_argument("--activation", help=", ".join(config.ACTIVATIONS))
    train.add_argument(
        "--hidden-sizes", metavar="192,96", help="fully connected only; 'none' for no hidden layer"
    )
    train.add_argument(
        "--channels", metavar="8,32", help="convolutional only: of the maps of 14 × 14, and of 7 × 7"
    )
    train.add_argument(
        "--threads",
        type=int,
        help="processor cores to use; other counts round otherwise, so they are other runs",
    )
    train.add_argument("--dataset", help=", ".join(config.DATASETS))

    rebuild = command("reconstruct", reconstruct_command, "send pictures through a trained run")
    rebuild.add_argument("--run", required=True, metavar="RUN_ID")
    rebuild.add_argument(
        "--input", type=Path, required=True, help="a .npy array (n, 28, 28) in [0, 1], or a picture file"
    )
    rebuild.add_argument("--output", type=Path, required=True, help="a .npy file, or a picture file")
    rebuild.add_argument(
        "--noise-level", type=float, help="corrupt the input first; without it the input goes in untouched"
    )
    rebuild.add_argument("--noise-kind")
    rebuild.add_argument("--seed", type=int)

    evaluate = command("evaluate", evaluate_command, "measure a run on test digits")
    with_data(evaluate)
    evaluate.add_argument("--run", required=True, metavar="RUN_ID")
    evaluate.add_argument("--noise-level", type=float, nargs="+", metavar="S")
    evaluate.add_argument("--noise-kind")

    prepare = command("prepare", prepare_command, "turn photographs into 28 × 28 digits")
    prepare.add_argument("pictures", type=Path, nargs="+")
    prepare.add_argument("--output", type=Path)
    prepare.add_argument("--output-dir", type=Path)

    command("runs", runs_command, "list finished runs")
    with_data(command("download", download_command, "fetch full MNIST"))
    service = command(
        "cluster",
        cluster_command,
        "start, show or stop the local training cluster (the app starts it by itself)",
    )
    service.add_argument(
        "action", choices=("start", "show", "stop", "run"), help="'run' is 'start' in the foreground"
    )
    service.add_argument(
        "--idle-seconds", type=float, help="after which it ends itself (AE_LAB_IDLE_SECONDS)"
    )
    service.add_argument("--workers", type=int, help="one a core, less one, when not given")
    return parser


if __name__ == "__main__":
    sys.exit(main())
