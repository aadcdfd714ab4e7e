"""The lab as a package: `pip install .`, then `autoencoder-lab` from any folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

from ae_core import __main__
from tests.conftest import PROJECT
from tests.support.browser import LIVING, free_port, wait_until_up
from tests.support.service import wait_for

SETTINGS = tomllib.loads((PROJECT / "pyproject.toml").read_text())
COPIED = ("ae_core", "pages", "docs", ".streamlit")
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the project as `pip install .` builds it."""
    source = tmp_path_factory.mktemp("source")
    for name in COPIED:
        shutil.copytree(PROJECT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in PROJECT.iterdir():
        if path.is_file() and not path.name.startswith(".git"):
            shutil.copy(path, source / path.name)
    built = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*command, "--wheel-dir", built, source], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [found] = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`autoencoder-lab` of a fresh environment that has what requirements.txt names, and the wheel."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder)
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    Path(paths["purelib"], "requirements.pth").write_text(sysconfig.get_paths()["purelib"])
    python = Path(paths["scripts"]) / "python"
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--no-deps",
        "--no-index",
        "--no-compile",
        wheel,
    ]
    done = subprocess.run(install, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(paths["scripts"]) / "autoencoder-lab"


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """No environment of the developer's, and nothing of this checkout on the path."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AE_LAB_", "PYTHONPATH"))
    }
    return kept | {"AE_LAB_STORE": str(tmp_path / "store")}


def run(command: Path, folder: Path, surroundings: dict[str, str], *arguments: str) -> str:
    """What the command says on standard output when it is called in `folder`."""
    done = subprocess.run(
        [command, *arguments], cwd=folder, env=surroundings, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_settings_list_every_folder_of_the_lab():
    folders = {
        path.parent.relative_to(PROJECT)
        for root in ("ae_core", "pages")
        for path in (PROJECT / root).rglob("*.py")
    }
    ours = {".".join(folder.parts) for folder in folders if "__pycache__" not in folder.parts}
    expected = {name if name.startswith("ae_core") else f"autoencoder_lab.{name}" for name in ours}
    assert set(SETTINGS["tool"]["setuptools"]["packages"]) == expected | {"autoencoder_lab"}


def test_what_the_package_needs_is_what_the_requirements_pin(wheel):
    with zipfile.ZipFile(wheel) as archive:
        [metadata] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        lines = archive.read(metadata).decode().splitlines()
    needed = {str(Requirement(line.split(": ")[1])) for line in lines if line.startswith("Requires-Dist")}
    pinned = [line.partition(" #")[0] for line in (PROJECT / "requirements.txt").read_text().splitlines()]
    assert needed == {str(Requirement(line)) for line in pinned if line and not line.startswith("#")}


def test_a_wheel_brings_two_folders_and_no_package_called_pages(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"ae_core", "autoencoder_lab"}
    for root in ("ae_core", "pages"):
        for path in (PROJECT / root).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                name = path.relative_to(PROJECT).as_posix()
                assert (name if root == "ae_core" else f"autoencoder_lab/{name}") in names


def test_the_installed_command_trains_lists_and_rebuilds_from_any_folder(command, tmp_path, surroundings):
    listed = json.loads(run(command, tmp_path, surroundings, "runs", "--json").splitlines()[-1])
    shipped = [path.name for path in (PROJECT / "ae_core" / "shipped_runs").iterdir()]
    assert sorted(each["run_id"] for each in listed["runs"]) == sorted(shipped)
    small = ["--latent-size", "4", "--hidden-sizes", "32", "--epochs", "1", "--digits", "2000"]
    told = run(command, tmp_path, surroundings, "train", "--preset", "fae", *small, "--json")
    result = json.loads(told.splitlines()[-1])
    assert result["code_size"] == 4
    np.save(tmp_path / "x.npy", np.zeros((2, 28, 28), np.float32))
    files = ["--input", "x.npy", "--output", "y.npy"]
    run(command, tmp_path, surroundings, "reconstruct", "--run", result["run_id"], *files)
    assert np.load(tmp_path / "y.npy").shape == (2, 28, 28)
    run(command, tmp_path, surroundings, "cluster", "stop")


@pytest.fixture
def app(
    command: Path, tmp_path: Path, surroundings: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`autoencoder-lab`, nothing else, in a folder that has nothing to do with it, and its address."""
    port = free_port()
    settings = {"STREAMLIT_SERVER_PORT": str(port), "STREAMLIT_SERVER_HEADLESS": "true"}
    with (tmp_path / "app.log").open("wb") as log:
        process = subprocess.Popen(
            [command], cwd=tmp_path, env=surroundings | settings, stdout=log, stderr=log
        )
    yield process, f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(timeout=30)


@pytest.mark.parametrize(
    ("arguments", "starts"),
    [
        ([], "the app"),
        (["--server.port", "8502"], "the app"),
        (["train", "--preset", "dae"], "the command line"),
        (["--help"], "the command line"),
    ],
)
def test_without_arguments_or_with_streamlits_the_app_starts(monkeypatch, arguments, starts):
    monkeypatch.setattr(sys, "argv", ["autoencoder-lab", *arguments])
    monkeypatch.setattr(__main__, "start_app", lambda given: ("the app", given))
    monkeypatch.setattr(__main__, "main", lambda given: ("the command line", given))
    assert __main__.main_or_app() == (starts, arguments)


def test_where_the_app_is_not_installed_the_command_says_what_to_do(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(__main__, "APP_FOLDERS", (tmp_path,))
    assert __main__.start_app([]) == 2
    assert "pip install ." in capsys.readouterr().err


def test_the_installed_command_starts_the_app_and_ends_it_when_asked(app, browser, tmp_path):
    process, url = app
    wait_until_up(url)
    page = browser.new_page()
    page.goto(f"{url}/comparison", timeout=120_000)
    pictures = page.locator(f"img[src^='data:image/png'], {LIVING}")  # the browser's own take their place
    pictures.locator("visible=true").first.wait_for(timeout=120_000)
    page.close()
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
    wait_for(lambda: not _answers(url), 30)
    assert "Traceback" not in (tmp_path / "app.log").read_text()


def _answers(url: str) -> bool:
    try:
        wait_until_up(url, seconds=0.2)
    except TimeoutError:
        return False
    return True
