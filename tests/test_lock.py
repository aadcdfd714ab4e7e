"""The lock of all packages: whole, in agreement with the pins, and what CI installs."""

from __future__ import annotations

import re

from packaging.requirements import Requirement

from tests import lock
from tests.conftest import PROJECT

LOCKED = [Requirement(line) for line in lock.FILE.read_text().splitlines() if not line.startswith("#")]


def test_every_package_that_the_lab_and_its_tests_bring_in_is_locked():
    installed = lock.find_installed(lock.read_requirements(PROJECT / "tests" / "requirements.txt"))
    assert {"streamlit", "tornado", "pyarrow", "pytest"} <= installed.keys()
    assert installed.keys() <= {each.name for each in LOCKED}, "run `python -m tests.lock`"


def test_the_lock_has_the_pinned_versions_and_one_of_each():
    locked = {each.name: str(each.specifier) for each in LOCKED}
    assert len(locked) == len(LOCKED)
    assert all(re.fullmatch(r"==[^,*]+", version) for version in locked.values())
    for pinned in lock.read_requirements(PROJECT / "tests" / "requirements.txt"):
        if pinned.name in locked:  # uvloop is not there on Windows
            assert locked[pinned.name] == str(pinned.specifier)


def test_ci_and_the_container_install_what_is_locked():
    ci, container = ((PROJECT / path).read_text() for path in (".ci/run", "deploy/Dockerfile"))
    installs = re.findall(r"^(?:time|RUN) pip install (.*-r .*)$", ci + container, re.MULTILINE)
    assert len(installs) == 3
    assert all(install.endswith("-c constraints.txt") for install in installs)
