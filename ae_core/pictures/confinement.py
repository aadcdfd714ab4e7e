"""The least that a process can do with: what systems, Linux above all, take from it for good.

Landlock (landlock(7)) takes files, TCP connections, signals to others and tracing them; a limit takes new
processes, except from root, whom no such limit holds. Other systems, and kernels before 5.13, have neither;
what `resource` limits holds there.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

OOM_SCORE = Path("/proc/self/oom_score_adj")
FIRST_TO_GO = 1000
CREATE_RULESET, RESTRICT_SELF = 444, 446
ASK_VERSION = 1
NO_NEW_PRIVILEGES, DUMPABLE = 38, 4
# By the version of Landlock from which on they are known: rights to files, to TCP, to other processes.
FILE_RIGHTS = ((1, 0x1FFF), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15))
TCP_RIGHTS, SCOPES = (4, 0b11), (6, 0b11)


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("tcp", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


def go_first() -> None:
    """Where the machine runs short of memory, this process ends, not another one. Linux alone can do so.

    Before `confine_process`, which takes the right to say so.
    """
    with suppress(OSError):
        OOM_SCORE.write_text(f"{FIRST_TO_GO}")


def limit_resources(most: Mapping[str, int]) -> None:
    """Give this process no more than `most` of each resource, by its name in `resource`, for good.

    Windows has no such limits, and macOS refuses some; what is limited already stays so.
    """
    try:
        import resource
    except ImportError:
        return
    for name, limit in most.items():
        with suppress(ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (limit, limit))


def confine_process() -> int:
    """Take from this process, and from all that it starts, what is said above; nothing gives it back.

    The version of Landlock that holds it; 0 where there is none.
    """
    limit_resources({"RLIMIT_NPROC": 0})
    if sys.platform != "linux":
        return 0
    try:
        system = ctypes.CDLL(None, use_errno=True)
        system.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        system.prctl(DUMPABLE, 0, 0, 0, 0)
        version = int(system.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ASK_VERSION))
        if version < 1:
            return 0
        rights = _Ruleset(
            sum(bits for since, bits in FILE_RIGHTS if version >= since),
            TCP_RIGHTS[1] if version >= TCP_RIGHTS[0] else 0,
            SCOPES[1] if version >= SCOPES[0] else 0,
        )
        size = 24 if version >= SCOPES[0] else 16 if version >= TCP_RIGHTS[0] else 8
        ruleset = system.syscall(CREATE_RULESET, ctypes.byref(rights), ctypes.c_size_t(size), 0)
        if ruleset < 0:
            return 0
        refused = system.syscall(RESTRICT_SELF, ruleset, 0)
        os.close(ruleset)
        if refused:
            return 0
    except (OSError, AttributeError):
        return 0
    return version
