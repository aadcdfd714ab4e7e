"""Digits as the command line reads and writes them: .npy arrays and picture files."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ae_core.errors import ImageError
from ae_core.figures.png import grey_pixels
from ae_core.pictures.decoding import FORMATS_IN_WORDS, SUFFIXES, decode_picture

if TYPE_CHECKING:
    from ae_core.pictures.page import PreparedPage

IMAGE_SUFFIXES = {f".{suffix}" for suffix in SUFFIXES}


def prepare_picture(content: bytes) -> PreparedPage:
    """An image file's bytes -> its digits. Raises ImageError for what cannot be read or holds no digit."""
    # Imported when first needed: scipy takes half a second, and few commands want it.
    from ae_core.pictures.page import prepare_page
    from ae_core.study.classifier import find_judge

    return prepare_page(decode_picture(content), judge=find_judge())


def read_pictures(path: Path) -> Tensor:
    """The digits (n, 28, 28) in [0, 1] of a .npy array, or those on a picture file. Raises ImageError."""
    content = read_bytes(path)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return torch.stack([each.digit_hw for each in prepare_picture(content).digits])
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
            f"{path} must hold values from 0 (background) to 1 (ink), "
            f"but they run from {images.min():g} to {images.max():g}. "
            "Divide grey levels by 255 and try again."
        )
    return torch.from_numpy(images.astype(np.float32))


def write_pictures(path: Path, images_nhw: Tensor) -> None:
    """Digits (n, 28, 28) in [0, 1] as a .npy array or, side by side, a picture file. Raises ImageError."""
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


def read_bytes(path: Path) -> bytes:
    """What is in the file. Raises ImageError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as problem:
        raise ImageError(
            f"{path} cannot be read ({problem.strerror}). Check the name and try again."
        ) from problem
