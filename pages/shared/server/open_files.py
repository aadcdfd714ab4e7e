"""How many files and connections the system lets this process have open at a time.

Every visitor is a connection, and a browser that loads a page a few more for some seconds. Who comes when no
more are allowed would be cut off without a word.
"""

from __future__ import annotations

import math
import sys
from contextlib import suppress
from pathlib import Path

# For ten times as many visitors as come in unless told otherwise; macOS refuses much higher numbers.
WANTED_FILES = 8192
# What is left for those inside: their pages' scripts and pictures, uploads, the store's files and locks.
SPARE_FILES = 64


def raise_limit() -> int | None:
    """Raise the soft limit as far as the hard one allows. Gives what it is then; None where there is none."""
    if sys.platform == "win32":
        return None
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # a system that allows less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def count_left() -> float:
    """How many more files and connections this process may open; infinite where the system does not tell."""
    if sys.platform == "win32":
        return math.inf
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return math.inf
    try:
        return soft - sum(1 for _ in Path("/dev/fd").iterdir())
    except FileNotFoundError:
        return math.inf
    except OSError:  # there is not even one to look with
        return 0


def has_room(spare: int = SPARE_FILES) -> bool:
    """Whether one more visitor can come in, with `spare` left for those inside."""
    return count_left() >= spare
