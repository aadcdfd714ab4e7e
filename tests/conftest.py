"""What every test stands on: the embedded digits, a store of its own, and no environment of the developer's."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from ae_core import data
from ae_core.data import Digits
from ae_core.store import Store
from ae_core.training import use_one_thread

PROJECT = Path(__file__).resolve().parents[1]
FULL_MNIST = Path(os.environ["AE_LAB_DATA_DIR"]).resolve() if os.environ.get("AE_LAB_DATA_DIR") else None


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--chaos full` causes each fault of tests/chaos as often as docs/faults.md says."""
    parser.addoption("--chaos", choices=("short", "full"), default="short", help="how often to cause each fault (default: short)")


@pytest.fixture(autouse=True)
def own_surroundings(tmp_path: Path, cache_dir: Path, digits: Digits, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the developer's store or data directory; the embedded digits need not be parsed again."""
    use_one_thread()
    shutil.copytree(cache_dir, tmp_path / "default_store" / "cache")
    monkeypatch.delenv("AE_LAB_DATA_DIR", raising=False)
    monkeypatch.delenv("AE_LAB_SCHEDULER", raising=False)
    monkeypatch.setenv("AE_LAB_STORE", str(tmp_path / "default_store"))
    # A page takes the main module's place while it runs; left there, the processes that a later test starts would run it.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def digits(cache_dir: Path) -> Digits:
    """The digits that come with the lab: 4,000 to learn from, 1,000 held back."""
    return data.load("embedded", None, cache_dir)


@pytest.fixture(scope="session")
def few_digits(digits: Digits) -> Digits:
    """Genuine digits, few enough for a training of a second."""
    return Digits(digits.name, digits.train_nhw[:512], digits.train_labels_n[:512], digits.test_nhw[:100], digits.test_labels_n[:100])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A writable store of this test's own, with the shipped runs behind it."""
    return Store(tmp_path / "store")


@pytest.fixture
def full_mnist() -> Path:
    """The directory of complete MNIST; skips where AE_LAB_DATA_DIR names none."""
    if FULL_MNIST is None:
        pytest.skip("complete MNIST is not at hand (AE_LAB_DATA_DIR is not set)")
    return FULL_MNIST
