"""What an event log holds as text: pictures as PNG in base64, points of a plane in 16 bits a number."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ae_core.figures.png import grey_pixels, png_base64

# Positions of codes are kept in 16 bits.
CODE_STEPS = 65535


def to_png(images_nhw: Tensor) -> str:
    """Pictures (n, 28, 28) in [0, 1], side by side, as a PNG of 256 greys in base64."""
    return png_base64(grey_pixels(torch.cat(list(images_nhw), dim=1)))


def from_png(text: str) -> Tensor:
    """What `to_png` wrote: (n, 28, 28) in [0, 1], to the nearest of 256 greys."""
    with Image.open(io.BytesIO(base64.b64decode(text)), formats=["PNG"]) as picture:
        strip = torch.from_numpy(np.array(picture.convert("L")))
    return torch.stack(strip.split(28, dim=1)).float() / 255


def pack_codes(codes_tnd: Tensor, labels_n: Tensor) -> dict[str, Any]:
    """Points (t, n, 2) and their classes (n,) as JSON.

    Each number in 16 bits between the lowest and the highest of its axis.
    """
    low_d, high_d = codes_tnd.amin((0, 1)), codes_tnd.amax((0, 1))
    shares = (codes_tnd - low_d) / (high_d - low_d).clamp(min=torch.finfo(torch.float32).tiny)
    return {
        "low": low_d.tolist(),
        "high": high_d.tolist(),
        "codes": _base64((shares * CODE_STEPS).round().numpy().astype("<u2")),
        "labels": _base64(labels_n.numpy().astype("u1")),
    }


def unpack_codes(packed: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    """What `pack_codes` was given, to the nearest of 65,536 steps of each axis."""
    labels = np.frombuffer(base64.b64decode(packed["labels"]), "u1").astype(np.int64)
    shares = np.frombuffer(base64.b64decode(packed["codes"]), "<u2").reshape(-1, len(labels), 2) / CODE_STEPS
    low_d, high_d = np.array(packed["low"]), np.array(packed["high"])
    return torch.from_numpy((low_d + shares * (high_d - low_d)).astype(np.float32)), torch.from_numpy(labels)


def _base64(numbers: np.ndarray) -> str:
    return base64.b64encode(numbers.tobytes()).decode()
