"""The network in training as it was a moment ago, for browsers that watch: a file beside its log.

Only to look at. Where it cannot be written, nobody sees it, and the training goes on.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ae_core.errors import StoreError
from ae_core.runs.disk import write_whole

FILE = "latest.network"


def keep_network(folder: Path, content: bytes) -> None:
    """Keep a file of `ae_core.living.network_file` in the place of the one before, if there is room."""
    with suppress(StoreError, OSError):
        write_whole(folder / FILE, content, sync=False)


def read_network(folder: Path) -> bytes:
    """The file kept last. Raises LookupError where there is none."""
    try:
        return (folder / FILE).read_bytes()
    except OSError as problem:
        raise LookupError(FILE) from problem


def forget_network(folder: Path) -> None:
    """Forget it: the run is finished, or begins anew."""
    with suppress(OSError):
        (folder / FILE).unlink(missing_ok=True)
