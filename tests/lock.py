"""The versions that the tests have passed with, of every package that the lab and its tests bring in.

    python -m tests.lock

Writes constraints.txt, for pip's option -c, from what is installed in this environment. Run it where all
tests have passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[1]
FILE = PROJECT / "constraints.txt"
HEAD = "# What the tests have passed with, for pip's option -c: written by `python -m tests.lock`.\n"


def read_requirements(path: Path) -> Iterator[Requirement]:
    """What a requirements file names, and those that it includes."""
    for line in path.read_text().splitlines():
        text = line.split("#")[0].strip()
        if text.startswith("-r "):
            yield from read_requirements(path.parent / text.removeprefix("-r "))
        elif text:
            yield Requirement(text)


def find_installed(requirements: Iterator[Requirement]) -> dict[str, str]:
    """Name to version of all that these bring in on this system, as it is installed here."""
    found: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    asked = [(each, "") for each in requirements]
    while asked:
        requirement, extra = asked.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) in seen or (
            requirement.marker and not requirement.marker.evaluate({"extra": extra})
        ):
            continue
        seen.add((name, extras))
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            continue
        found[name] = installed.version
        for text in installed.requires or ():
            asked += [(Requirement(text), wanted) for wanted in ("", *extras)]
    return dict(sorted(found.items()))


def write_lock() -> str:
    """The text of constraints.txt for what is installed here. A local version's mark, "+cpu", is left out."""
    installed = find_installed(read_requirements(PROJECT / "tests" / "requirements.txt"))
    return HEAD + "".join(f"{name}=={version.split('+')[0]}\n" for name, version in installed.items())


if __name__ == "__main__":
    FILE.write_text(write_lock())
