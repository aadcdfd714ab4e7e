"""Pictures and numbers as text, as `data.js` reads them."""

from __future__ import annotations

import base64

from torch import Tensor

from ae_core.figures.png import grey_pixels


def pack_digits(digits_nhw: Tensor) -> str:
    """Digits (n, 28, 28) in [0, 1] as bytes in base64, for `readDigits`."""
    return base64.b64encode(grey_pixels(digits_nhw).tobytes()).decode()


def pack_floats(values: Tensor) -> str:
    """Numbers of any shape as 32-bit floats in base64, for `readFloats` or `readPatterns`."""
    return base64.b64encode(values.numpy().astype("<f4").tobytes()).decode()
