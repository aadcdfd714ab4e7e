"""Pixels as PNG: the bytes of a file, and addresses that hold the picture itself; digits as files."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:  # the first picture of all is drawn before torch is there
    from torch import Tensor


def grey_pixels(images: Tensor | np.ndarray) -> np.ndarray:
    """Pictures of any shape with values in [0, 1], beyond which they are clipped, as greys from 0 to 255.

    What is no number is black.
    """
    pixels: np.ndarray = np.nan_to_num(np.asarray(images) * 255).round().clip(0, 255).astype(np.uint8)
    return pixels


def png_bytes(pixels: np.ndarray) -> bytes:
    """A PNG file of pixels from 0 to 255: (h, w) grey, (h, w, 2) grey and opacity, or (h, w, 3) colour."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def sheet_pixels(digits_nhw: Tensor, per_line: int) -> np.ndarray:
    """Digits (n, 28, 28) in [0, 1] as greys on one sheet, edge to edge, so many in a line."""
    count, columns = len(digits_nhw), min(len(digits_nhw), per_line)
    lines = -(-count // columns)
    cells = np.zeros((lines * columns, 28, 28), np.uint8)
    cells[:count] = grey_pixels(digits_nhw)
    sheet: np.ndarray = cells.reshape(lines, columns, 28, 28).swapaxes(1, 2).reshape(28 * lines, 28 * columns)
    return sheet


def npy_bytes(digits_nhw: Tensor) -> bytes:
    """Digits (n, 28, 28) in [0, 1] as a file of NumPy's: float32, little-endian."""
    file = io.BytesIO()
    np.save(file, digits_nhw.numpy().astype("<f4"))
    return file.getvalue()


def png_base64(pixels: np.ndarray) -> str:
    """`png_bytes` as text."""
    return base64.b64encode(png_bytes(pixels)).decode()


def png_address(pixels: np.ndarray) -> str:
    """`png_bytes` as a data address, which a page shows without asking for more."""
    return f"data:image/png;base64,{png_base64(pixels)}"
