"""What this process may use of the machine: cores and memory, where a container, a service manager or a
binding to some cores leaves it less than there is.

Dask looks too, but only at the top of a control group's tree, where a service of systemd's has no limit, and
for one of the two names that the first kind of control groups goes by.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from dask.system import cpu_count
from distributed.system import memory_limit

ROOT = Path("/")


def allowed_cores(root: Path = ROOT) -> int:
    """Cores that this process may use, begun ones among them: those it is bound to, and its groups' quotas.

    root: where /proc and /sys lie.
    """
    quotas = map(_read_quota, _group_folders("cpu", root))
    return max(1, min([cpu_count(), *(math.ceil(quota) for quota in quotas if quota is not None)]))


def allowed_bytes(root: Path = ROOT) -> int:
    """Bytes of memory that this process and those beside it in its group may take together."""
    limits = [
        limit for folder in _group_folders("memory", root) if (limit := _read_limit(folder)) is not None
    ]
    return min([int(memory_limit()), *limits])


def _group_folders(controller: str, root: Path) -> Iterator[Path]:
    """The folders of this process's control group and of all groups around it (cgroups(7), v1 and v2).

    A container may see its own group at the top of the tree, whatever the group is called outside.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    tree = root / "sys/fs/cgroup"
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if not controllers:
            bases = [tree, tree / "unified"]
        elif controller in controllers.split(","):
            bases = [tree / controllers, tree / controller]
        else:
            continue
        group = PurePosixPath(*(part for part in name.split("/") if part not in ("", "..")))
        for base in bases:
            yield from (base / each for each in (group, *group.parents))


def _read_quota(folder: Path) -> float | None:
    """Cores that the group may use, in parts of one too; None where it has no quota."""
    words = _read_words(folder / "cpu.max") or [
        *_read_words(folder / "cpu.cfs_quota_us"),
        *_read_words(folder / "cpu.cfs_period_us"),
    ]
    if len(words) != 2 or not all(word.isdecimal() for word in words) or int(words[1]) == 0:
        return None  # "max" and "-1" are no quota
    return int(words[0]) / int(words[1])


def _read_limit(folder: Path) -> int | None:
    """Bytes that the group may take; None where it has no limit."""
    words = [
        *_read_words(folder / "memory.max"),
        *_read_words(folder / "memory.high"),
        *_read_words(folder / "memory.limit_in_bytes"),
    ]
    return min((int(word) for word in words if word.isdecimal()), default=None)


def _read_words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
