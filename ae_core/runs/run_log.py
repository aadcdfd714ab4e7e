"""An unfinished run's files: the log that grows by whole lines, and the checkpoint to go on from."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ae_core.errors import StoreError
from ae_core.runs.disk import way_out, write_whole
from ae_core.runs.run_folder import MANIFEST
from ae_core.words.sentences import say


@dataclass
class EventLog:
    """A run's append-only log: one JSON object a line, whole lines only."""

    path: Path

    def append(self, event: Mapping[str, Any]) -> None:
        """Add one line.

        Raises StoreError when the disk is full, or the run is finished: its manifest vouches for every byte.
        """
        if self.path.with_name(MANIFEST).exists():
            raise StoreError(
                say(
                    "The run {name} is finished, so nothing is added to its log. Look at it "
                    "on the page Runs.",
                    name=self.path.parent.name,
                )
            )
        line = (json.dumps({"time": round(time.time(), 3), **event}) + "\n").encode()
        try:
            with self.path.open("ab", buffering=0) as file:
                size = file.tell()
                if file.write(line) < len(line):
                    file.truncate(size)
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as problem:
            raise StoreError(
                say(
                    "The run's log could not be written ({strerror}). {way_out} and train again.",
                    strerror=problem.strerror,
                    way_out=way_out(problem),
                )
            ) from problem

    def cut_back(self, size: int, sha256: str) -> bool:
        """Forget all after the first `size` bytes, if those have this hash.

        False, and nothing forgotten, if not.
        """
        try:
            content = self.path.read_bytes()[:size]
            if hashlib.sha256(content).hexdigest() != sha256:
                return False
            os.truncate(self.path, size)
        except OSError:
            return False
        return True


def write_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Keep `state`, in the types of `state_file.pack_state`, behind its hash.

    Raises StoreError when the disk is full.
    """
    from ae_core.runs.state_file import pack_state

    content = pack_state(dict(state))
    digest = hashlib.sha256(content).hexdigest().encode()
    # Should the machine lose power with it half on disk, its hash is wrong and training starts over.
    write_whole(path, digest + content, sync=False)


def read_checkpoint(path: Path) -> dict[str, Any] | None:
    """What `write_checkpoint` wrote, or None if there is nothing or it is not what was written."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    from safetensors import SafetensorError

    from ae_core.runs.state_file import unpack_state

    digest, payload = content[:64], content[64:]
    if hashlib.sha256(payload).hexdigest().encode() != digest:
        return None
    try:
        kept: dict[str, Any] = unpack_state(payload)
    except SafetensorError:  # of an earlier version
        return None
    return kept
