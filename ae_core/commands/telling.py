"""What a command says: sentences on standard error, and numbers that JSON knows."""

from __future__ import annotations

import math
import sys
from typing import Any


def print_message(text: str) -> None:
    """Say `text` on standard error, a line of its own."""
    print(text, file=sys.stderr)


def finite_json(value: Any) -> Any:
    """`value` with None for numbers unknown to JSON, as a perfect copy's PSNR, and without exit codes."""
    if isinstance(value, dict):
        return {key: finite_json(item) for key, item in value.items() if key != "exit_code"}
    if isinstance(value, list):
        return [finite_json(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
