"""Which versions a process runs on: equal settings give equal weights only on equal ones."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from ae_core.words.sentences import say

PACKAGES = ("torch", "numpy", "safetensors", "distributed")


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Package to version, Python and the lab's own source among them."""
    return {
        "python": platform.python_version(),
        "ae_core": _own_source(),
        **{name: version(name) for name in PACKAGES},
    }


def _own_source() -> str:
    """The first digits of the SHA-256 over the core's source: a changed checkout is another version."""
    files = sorted(Path(__file__).parents[1].rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def describe_difference(
    expected: Mapping[str, str], found: Mapping[str, str], written: Callable[[str], str] = str
) -> str:
    """What differs, in words, such as 'torch 2.14.0 where this lab has 2.15.0'; empty if nothing does.

    `written` puts each name and version into the form in which it is to be read.
    """
    parts = [
        say(
            "{written} {which} where this lab has {wanted}",
            written=written(name),
            which=written(found[name]) if name in found else say("missing"),
            wanted=written(wanted),
        )
        for name, wanted in expected.items()
        if found.get(name) != wanted
    ]
    return ", ".join(parts)
