"""Pictures and numbers as text, as `data.js` reads them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np

from ae_core.figures.png import grey_pixels

if TYPE_CHECKING:
    from torch import Tensor


def pack_digits(digits_nhw: Tensor | np.ndarray) -> str:
    """Digits (n, 28, 28) in [0, 1] as bytes in base64, for `readDigits`."""
    return base64.b64encode(grey_pixels(digits_nhw).tobytes()).decode()


def pack_floats(values: Tensor | np.ndarray) -> str:
    """Numbers of any shape as 32-bit floats in base64, for `readFloats` or `readPatterns`."""
    return base64.b64encode(np.asarray(values).astype("<f4").tobytes()).decode()


def read_floats(text: str) -> np.ndarray:
    """The numbers (n,) that `pack_floats` has packed. Raises ValueError where it is another text."""
    return np.frombuffer(base64.b64decode(text, validate=True), "<f4")
