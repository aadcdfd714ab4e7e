"""The lab's files changed under it while it runs, as by an update, and trainings that cannot be handed on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ae_core.errors import ClusterError
from ae_core.runs.store import Store
from ae_core.service import cluster, dispatcher

PROJECT = Path(__file__).parents[2]

UPDATED_MEANWHILE = """
import sys
from dataclasses import replace
from pathlib import Path
import ae_core
from ae_core import config
from ae_core.config import FAE, DataConfig
from ae_core.runs import history
from ae_core.runs.store import Store
from ae_core.runs.versions import versions
from ae_core.service import cluster, connection, jobs
from tests.support.service import end_cluster, wait_for

store = Store(Path(sys.argv[1]))
source = Path(ae_core.__file__)
assert source.is_relative_to(sys.argv[2])
versions()
cluster.ensure_cluster_started(store, workers=1)
connection.connect_client(store, wait_seconds=60).wait_for_workers(1, timeout=60)
source.write_text(source.read_text() + "\\n# updated\\n")
run = config.adjusted(replace(FAE, data=DataConfig(digits=100)), training={"epochs": 1})
jobs.submit_training(run, store)
wait_for(lambda: history.read_progress(config.run_id(run), store).status in ("finished", "failed"), 60)
print(history.read_progress(config.run_id(run), store).status, cluster.read_problem(store))
end_cluster(store)
"""


def copy_lab(to: Path) -> None:
    """The lab's source at another place, with what is large about it linked."""
    for path in (PROJECT / "ae_core").rglob("*"):
        there = to / path.relative_to(PROJECT)
        if path.is_dir() or "__pycache__" in path.parts:
            continue
        there.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in (".py", ".js", ".css", ".html"):
            there.write_bytes(path.read_bytes())
        else:
            there.symlink_to(path)
    (to / "tests").symlink_to(PROJECT / "tests")


def test_a_lab_whose_files_are_updated_while_it_runs_goes_on_training(tmp_path):
    copy_lab(tmp_path / "lab")
    done = subprocess.run(
        [sys.executable, "-c", UPDATED_MEANWHILE, str(tmp_path / "store"), str(tmp_path)],
        cwd=tmp_path / "lab",
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.stdout.split() == ["finished"], done.stderr


def test_why_nothing_can_be_handed_on_is_told_to_whoever_waits(tmp_path, monkeypatch):
    store = Store(tmp_path)
    (tmp_path / "cluster").mkdir()
    looks = []

    def find_no_one(*_) -> None:
        raise ClusterError("No worker is well.")

    def is_over() -> bool:
        looks.append(cluster.read_problem(store))
        if len(looks) == 4:
            monkeypatch.setattr(dispatcher.Dispatcher, "submit_ready_tickets", lambda _: None)
        return len(looks) > 6

    monkeypatch.setattr(dispatcher, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(dispatcher.Dispatcher, "submit_ready_tickets", find_no_one)
    dispatcher.dispatch_until(store, is_over)
    assert looks[0] == ""
    assert looks[3] == "No worker is well."
    assert looks[-1] == ""
