"""MNIST as tensors: 60,000 handwritten digits to learn from, and 10,000 held back (LeCun, Cortes, Burges).

The four published files come with the lab, compressed. They are unpacked once, byte for byte as published,
and mapped into memory from there: processes that read them share one copy.
"""

from __future__ import annotations

import hashlib
import lzma
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ae_core.config import ALL_DIGITS, CLASSES, EARLIER_DATASETS, MNIST, DataConfig
from ae_core.errors import DataError
from ae_core.words.sentences import say

PACKED = Path(__file__).parent / "mnist"
# SHA-256 of each file as published, unpacked.
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
# Positions of the held-back digits that stand for all of them: `python -m tests.benchmarks.measured_digits`.
MEASURED = "measured.txt"
MEASURED_COUNT = 500
# Where torchvision looks for them under a folder, so that `torchvision.datasets.MNIST` reads them too.
RAW = Path("MNIST", "raw")
# The digits held back as pictures in [0, 1], which every page and every training measures on.
HELD_BACK = Path("MNIST", "t10k-images-float32")
# The files begin with 16 and 8 bytes that state their shape.
IMAGES_HEADER, LABELS_HEADER = 16, 8

WORDS = {
    MNIST: say("MNIST"),
    "embedded": say("the 5,000 MNIST digits of an earlier version of the lab"),
    "mnist_less_embedded_test": say("MNIST's training set as an earlier version of the lab had it"),
}


@dataclass(frozen=True)
class Digits:
    """Digits to learn from and digits held back.

    train_bytes_nhw: (n, 28, 28) uint8, 0 to 255, as published: `as_images` makes pictures of them, a batch at
    a time, so that nobody holds 60,000 pictures of floats. test_nhw: (n, 28, 28) float32 in [0, 1].
    train_labels_n, test_labels_n: (n,) int64, 0 to 9.
    """

    name: str
    train_bytes_nhw: Tensor
    train_labels_n: Tensor
    test_nhw: Tensor
    test_labels_n: Tensor

    def counts(self) -> dict[str, str | int]:
        """Which digits and how many, as results report it."""
        return {"name": self.name, "train": len(self.train_bytes_nhw), "test": len(self.test_nhw)}


def as_images(bytes_nhw: Tensor) -> Tensor:
    """Grey levels 0 to 255 as pictures in [0, 1]: (n, 28, 28) uint8 -> float32."""
    return bytes_nhw.float() / 255


def in_parts(bytes_nhw: Tensor, size: int = 5_000) -> Iterator[Tensor]:
    """Grey levels (n, 28, 28) as pictures in [0, 1], so many at a time."""
    return (as_images(part_nhw) for part_nhw in bytes_nhw.split(size))


def mean_digit(bytes_nhw: Tensor) -> Tensor:
    """The mean of digits (n, 28, 28) uint8, as one picture (28, 28) in [0, 1]."""
    sums_hw = bytes_nhw.numpy().sum(0, dtype=np.uint32)  # six times as fast as sums of pictures in [0, 1]
    return torch.from_numpy(sums_hw / (255 * len(bytes_nhw))).float()


def as_bytes(images_nhw: Tensor) -> Tensor:
    """The nearest grey levels of pictures: (n, 28, 28) in [0, 1] -> uint8."""
    return (images_nhw * 255).round().to(torch.uint8)


def load_digits(wanted: DataConfig | None = None, cache_dir: Path | None = None) -> Digits:
    """The digits that a run with these settings learns from, and all that are held back.

    Args:
        wanted: how many digits and which classes; all of MNIST where it is None.
        cache_dir: where the unpacked files are kept. Without one, and where it cannot be written, they are
            unpacked into this process's own memory each time.

    Raises DataError for files that are missing or damaged, and for digits that only earlier versions had.
    """
    train_bytes_nhw, train_labels_n = _read_part("train", cache_dir)
    test_bytes_nhw, test_labels_n = _read_part("t10k", cache_dir)
    test_nhw = _share(as_images(test_bytes_nhw), cache_dir / HELD_BACK if cache_dir else None)
    digits = Digits(MNIST, train_bytes_nhw, train_labels_n.long(), test_nhw, test_labels_n.long())
    return select_digits(digits, wanted or DataConfig())


def select_digits(digits: Digits, wanted: DataConfig) -> Digits:
    """`digits` with those to learn from that `wanted` names: the first so many of its classes.

    Raises DataError for digits that only earlier versions had.
    """
    if wanted.name in EARLIER_DATASETS:
        raise DataError(
            say(
                "This run learnt from {word}, which is not here any more. Train it again: it "
                "will learn from all of MNIST.",
                word=WORDS[wanted.name],
            )
        )
    if wanted.digits == ALL_DIGITS and wanted.classes == CLASSES:
        return digits
    of_classes = torch.isin(digits.train_labels_n, torch.tensor(wanted.classes))
    chosen = of_classes.nonzero()[: wanted.digits, 0]
    return Digits(
        digits.name,
        digits.train_bytes_nhw[chosen],
        digits.train_labels_n[chosen],
        digits.test_nhw,
        digits.test_labels_n,
    )


def measured_digits(digits: Digits) -> tuple[Tensor, Tensor]:
    """Held-back digits to measure on where all 10,000 would take too long: (n, 28, 28), and labels (n,).

    They were chosen so that the lab's networks err on them as on all: to half a percent where they are clean,
    to two in Gaussian noise. Of fewer digits than 10,000, the first 500. Raises DataError.
    """
    positions_n = _read_measured()
    if len(digits.test_nhw) <= int(positions_n[-1]):
        return digits.test_nhw[:MEASURED_COUNT], digits.test_labels_n[:MEASURED_COUNT]
    return digits.test_nhw[positions_n], digits.test_labels_n[positions_n]


@cache
def _read_measured() -> Tensor:
    try:
        positions = [int(line) for line in (PACKED / MEASURED).read_text().split()]
    except (OSError, ValueError) as problem:
        raise DataError(_reinstall(str(problem))) from problem
    if len(positions) != MEASURED_COUNT or sorted(set(positions)) != positions or positions[0] < 0:
        raise DataError(_reinstall(say("{name} is damaged", name=MEASURED)))
    return torch.tensor(positions)


def _read_part(part: str, cache_dir: Path | None) -> tuple[Tensor, Tensor]:
    """Pictures (n, 28, 28) and labels (n,) of "train" or "t10k", both uint8."""
    images = _read_file(f"{part}-images-idx3-ubyte", cache_dir)[IMAGES_HEADER:]
    labels = _read_file(f"{part}-labels-idx1-ubyte", cache_dir)[LABELS_HEADER:]
    return torch.from_numpy(images).view(-1, 28, 28), torch.from_numpy(labels)


def _read_file(name: str, cache_dir: Path | None) -> np.ndarray:
    """The bytes of a published file, mapped from the cache. A cached copy that is not right is replaced."""
    cached = cache_dir / RAW / name if cache_dir else None
    content = _map_file(cached, name) if cached else None
    if content is not None:
        return content
    unpacked = _unpack(name)
    if cached is not None and _keep(cached, unpacked):
        content = _map_file(cached, name)
    return np.frombuffer(bytearray(unpacked), np.uint8) if content is None else content


def _map_file(path: Path, name: str) -> np.ndarray | None:
    """The bytes of the file at `path`; None unless it is there and the published one."""
    try:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != SHA256[name]:
                return None
        return _map(path, np.uint8)
    except (OSError, ValueError):
        return None


def _map(path: Path, kind: type[np.generic]) -> np.ndarray:
    """A file's numbers where they lie. What is written there, as torch wants to be able to, stays here."""
    return np.memmap(path, kind, "c")


def _share(images_nhw: Tensor, path: Path | None) -> Tensor:
    """These pictures, mapped from the file at `path`, into which they are written if they are not there."""
    if path is None:
        return images_nhw
    mapped_nhw = _map_pictures(path, images_nhw)
    if mapped_nhw is None and _keep(path, images_nhw.numpy().data):
        mapped_nhw = _map_pictures(path, images_nhw)
    return images_nhw if mapped_nhw is None else mapped_nhw


def _map_pictures(path: Path, wanted_nhw: Tensor) -> Tensor | None:
    """The pictures in the file at `path`; None unless it is there and holds the wanted ones."""
    try:
        mapped_nhw = torch.from_numpy(_map(path, np.float32)).view_as(wanted_nhw)
    except (OSError, ValueError, RuntimeError):
        return None
    return mapped_nhw if mapped_nhw.equal(wanted_nhw) else None


def _unpack(name: str) -> bytes:
    packed = PACKED / f"{name}.xz"
    try:
        unpacked = lzma.decompress(packed.read_bytes())
    except OSError as problem:
        raise DataError(
            _reinstall(say("{packed} cannot be read ({strerror})", packed=packed, strerror=problem.strerror))
        ) from problem
    except lzma.LZMAError as problem:
        raise DataError(_reinstall(say("{packed} is damaged", packed=packed))) from problem
    if hashlib.sha256(unpacked).hexdigest() != SHA256[name]:
        raise DataError(_reinstall(say("{packed} is damaged (its checksum differs)", packed=packed)))
    return unpacked


def _reinstall(problem: str) -> str:
    return say(
        "{problem}: MNIST's digits come with the lab. Put the file back, or install the lab again.",
        problem=problem,
    )


def _keep(path: Path, content: bytes | memoryview) -> bool:
    """Write the file whole or not at all; whether it is there. A full disk only costs time and memory."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        return False
    return True
