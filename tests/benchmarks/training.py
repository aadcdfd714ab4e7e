"""How long the lab trains to the published results on MNIST, beside two other ways to write it.

    python -m tests.benchmarks.training [--rounds 2] [--environment DIR] [--output FILE.json]

By turns, so that what else the machine does falls on all alike: the Keras.io example's network and recipe in
Keras on TensorFlow, in an environment of its own that is made on first use; the same network in the loop that
PyTorch's tutorials teach; and the lab's runs. Keras's epochs are timed without its validation, after a first
one that is not counted; its 50 epochs, and 50 and 100, are that time multiplied.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torchvision import datasets, transforms

from ae_core import config, data
from ae_core.config import PIXELS, RunConfig
from ae_core.data import Digits
from ae_core.metrics import squared_error
from ae_core.models import pictures_of
from ae_core.study.latent import searched_codes
from ae_core.training import BatchDone, Finished, train

HERE = Path(__file__).parent
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Task:
    """A figure to reach.

    metric: 'bce' or 'squared error' on the 10,000 test digits. keras_epochs: clean and noisy ones, or none.
    searched: after the training, every test digit's code is searched for with the decoder, not taken from the
    encoder.
    """

    what: str
    run: RunConfig
    metric: str
    goal: float
    keras_epochs: tuple[int, int] = (0, 0)
    searched: bool = False


# Squared error below 3.00 is what Hinton and Salakhutdinov (2006) reached with 784-1000-500-250-30.
CODE_OF_30 = config.adjusted(config.CAE, model={"channels": (16, 64)}, training={"threads": 2, "epochs": 3})
TASKS = [
    Task("clean, code of 1,568", config.PATCHES, "bce", 0.0622, (50, 0)),
    Task("noise 0.4, code of 1,568", config.FULLY_CONVOLUTIONAL, "bce", 0.0838, (50, 100)),
    Task("clean, code of 30", CODE_OF_30, "squared error", 3.0),
    Task(
        "clean, code of 30, searched",
        CODE_OF_30,
        "squared error",
        2.0,
        searched=True,
    ),
]


def ours(task: Task, digits: Digits) -> dict[str, float]:
    """Seconds from the call to the last step, pictures of the training included, and to the end; the figure.

    By the end every test digit has been measured.
    """
    started = trained = time.perf_counter()
    for event in train(task.run, digits, CPU):
        if isinstance(event, BatchDone):
            trained = time.perf_counter()
        if isinstance(event, Finished):
            figure = event.test["bce"] if task.metric == "bce" else event.test["mse"] * PIXELS
            model = event.model
    if task.searched:
        rebuilt_nhw = pictures_of(model, searched_codes(model, digits.test_nhw))
        figure = float(squared_error(rebuilt_nhw, digits.test_nhw).mean())
    return {"trained": trained - started, "measured": time.perf_counter() - started, "figure": figure}


def keras_epochs(python: Path, digits: Path, noise: float, epochs: int) -> list[float]:
    """Seconds of each epoch but the first, in which TensorFlow also builds its graph."""
    command = [
        str(python),
        str(HERE / "keras_example.py"),
        str(digits),
        "--noise",
        str(noise),
        "--epochs",
        str(1 + epochs),
    ]
    told = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    )
    return [json.loads(line)["seconds"] for line in told.stdout.splitlines() if line.startswith("{")][1:]


def keras_environment(folder: Path) -> Path:
    """The Python of an environment with the reference's packages, made if it is not there."""
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"making an environment in {folder} ...", file=sys.stderr)
        venv.create(folder, with_pip=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", "-r", str(HERE / "requirements.txt")], check=True
        )
    return python


def idiomatic_epochs(cache_dir: Path, epochs: int) -> Iterator[float]:
    """Seconds of each epoch of the example's network as usually written: transforms, a DataLoader, Adam."""
    torch.set_num_threads(os.cpu_count() or 1)
    loader = torch.utils.data.DataLoader(
        datasets.MNIST(str(cache_dir), train=True, transform=transforms.ToTensor()),
        batch_size=128,
        shuffle=True,
    )
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.ConvTranspose2d(32, 32, 3, stride=2, padding=1, output_padding=1), nn.ReLU(),
        nn.ConvTranspose2d(32, 32, 3, stride=2, padding=1, output_padding=1), nn.ReLU(),
        nn.Conv2d(32, 1, 3, padding=1), nn.Sigmoid(),
    )  # fmt: skip
    optimiser = torch.optim.Adam(model.parameters())
    criterion = nn.BCELoss()
    for _ in range(epochs):
        started = time.perf_counter()
        running_loss = 0.0
        for images, _labels in loader:
            optimiser.zero_grad()
            loss = criterion(model(images), images)
            loss.backward()
            optimiser.step()
            running_loss += loss.item()
        yield time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument(
        "--environment", type=Path, default=Path(tempfile.gettempdir()) / "autoencoder-lab-keras"
    )
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    python = keras_environment(options.environment)
    lab: dict[str, list[dict[str, float]]] = {task.what: [] for task in TASKS}
    keras: dict[float, list[float]] = {0.0: [], 0.4: []}
    idiomatic: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        digits = data.load_digits(cache_dir=Path(folder))
        np.save(Path(folder) / "train.npy", data.as_images(digits.train_bytes_nhw).numpy())
        for _ in range(options.rounds):
            for noise, seconds in keras.items():
                seconds += keras_epochs(python, Path(folder) / "train.npy", noise, epochs=1)
            for task in TASKS:
                lab[task.what].append(ours(task, digits))
            idiomatic += idiomatic_epochs(Path(folder), epochs=1)

    clean, noisy = (statistics.median(seconds) for seconds in keras.values())
    print(f"an epoch of the Keras.io example in Keras: {clean:.1f} s clean, {noisy:.1f} s noisy")
    print(f"(medians of {options.rounds} each)")
    print(f"an epoch of its network in the usual PyTorch loop: {statistics.median(idiomatic):.1f} s")
    table: dict[str, object] = {"keras epoch, s": keras, "usual PyTorch epoch, s": idiomatic}
    for task in TASKS:
        trained, measured, figure = (
            statistics.median(one[key] for one in lab[task.what]) for key in ("trained", "measured", "figure")
        )
        reached = "reached" if figure <= task.goal else "NOT REACHED"
        words = f"{task.what}: {task.metric} {figure:.4f} (goal {task.goal}: {reached})"
        words += f" after {trained:.1f} s, measured after {measured:.1f} s"
        row = {"command": config.command_line(task.run), "rounds": lab[task.what], "goal": task.goal}
        reference = task.keras_epochs[0] * clean + task.keras_epochs[1] * noisy
        if reference:
            row["keras, s"], row["times faster"] = reference, reference / trained
            words += f"; Keras's {sum(task.keras_epochs)} epochs {reference:.0f} s:"
            words += f" {reference / trained:.0f} times as fast"
        table[task.what] = row
        print(words)
    if options.output:
        options.output.write_text(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
