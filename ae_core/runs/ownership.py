"""Whose a run is: who trained or uploaded it, as files in the store.

    owners/<name>/<visitor>   a file for each, which holds the mark of the address that they came from
    owners.key                what marks of addresses are made with, readable by its owner alone

They go when the run is gone for good and nobody waits for it (`ae_core.runs.quota`).

A run without such files, as of an earlier version, is nobody's: whoever runs the lab sees to it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import shutil
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from ae_core.errors import StoreError
from ae_core.pictures.places import Asker
from ae_core.runs.store import Store
from ae_core.words.sentences import say

KEY, KEY_BYTES = "owners.key", 32


def note_owner(store: Store, name: str, owner: Asker) -> None:
    """Note that the run called `name` is `owner`'s, besides others'. A store that is full lets it be."""
    with suppress(OSError):
        _folder(store, name).mkdir(parents=True, exist_ok=True)
        (_folder(store, name) / owner.visitor).write_text(owner.address)


def list_owners(store: Store, name: str) -> list[str]:
    """The visitors whose the run called `name` is; none where nobody noted it."""
    with suppress(OSError):
        return sorted(path.name for path in _folder(store, name).iterdir())
    return []


def find_address(store: Store, name: str) -> str:
    """The mark of the address that the run called `name` first came from; empty where none is known."""
    with suppress(OSError, ValueError):
        first = min(_folder(store, name).iterdir(), key=lambda path: path.stat().st_mtime_ns)
        return first.read_text()
    return ""


def forget_owner(store: Store, name: str, visitor: str) -> None:
    """The run called `name` is this visitor's no more."""
    with suppress(OSError):
        (_folder(store, name) / visitor).unlink()


def forget_owners(store: Store, name: str) -> None:
    """The run called `name` is gone for good."""
    shutil.rmtree(_folder(store, name), ignore_errors=True)


def _folder(store: Store, name: str) -> Path:
    store.folder(name)  # refuses what is no run's name
    return store.root / "owners" / name


def mark_address(store: Store, address: str) -> str:
    """A mark of an address, the same for the same one, from which nobody can tell it without the store's key.

    Empty for an empty address. Raises StoreError where the store cannot be written.
    """
    if not address:
        return ""
    return hmac.new(_read_key(store.root), address.encode(), hashlib.sha256).hexdigest()[:16]


@lru_cache(maxsize=8)
def _read_key(store_root: Path) -> bytes:
    path = store_root / KEY
    try:
        store_root.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(made, "wb") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
        deadline = time.monotonic() + 1  # another copy of the lab may be writing it
        while len(key := path.read_bytes()) < KEY_BYTES and time.monotonic() < deadline:
            time.sleep(0.01)
        return key
    except OSError as problem:
        raise StoreError(
            say(
                "The store {store_root} cannot be written ({strerror}). Make room or set "
                "AE_LAB_STORE to a folder of your own.",
                store_root=store_root,
                strerror=problem.strerror,
            )
        ) from problem
