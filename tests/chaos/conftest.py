"""How often each fault is caused, and what was measured, told at the end of the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ae_core.data import Digits
from ae_core.runs.store import Store
from tests.chaos.faults import end_cluster

FULL_TIMEOUT = 3600
MEASURED = "measured"


@pytest.fixture
def times(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """`times(short, full)`: how often to cause a fault, in the form that was asked for with --chaos."""
    return lambda short, full: full if request.config.getoption("--chaos") == "full" else short


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Keep a line for the end of the tests: what a fault led to."""
    return lambda line: record_property(MEASURED, line)


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory, digits: Digits, cache_dir: Path) -> Iterator[Store]:
    """A store with a local cluster, gone when the tests are; the digits need not be unpacked again."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "cache").symlink_to(cache_dir)
    store = Store(folder)
    yield store
    end_cluster(store)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The full form takes as long as it takes."""
    if config.getoption("--chaos") == "full":
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.timeout(FULL_TIMEOUT))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was measured, also where everything passed."""
    reports = [report for report in terminalreporter.getreports("passed") if report.when == "call"]
    lines = [
        f"{report.head_line}: {line}"
        for report in reports
        for name, line in report.user_properties
        if name == MEASURED
    ]
    if lines:
        terminalreporter.section("faults: what was measured")
        for line in sorted(lines):
            terminalreporter.write_line(line)
