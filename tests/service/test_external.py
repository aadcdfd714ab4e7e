"""The lab on a Dask cluster that somebody else runs, by the commands of docs/deploy.md."""

from __future__ import annotations

import datetime
import gc
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import dask
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from distributed import Client, Security
from streamlit.testing.v1 import AppTest

from ae_core import config, data
from ae_core.config import RunConfig
from ae_core.data import Digits
from ae_core.errors import ClusterError
from ae_core.runs import history, quota, tickets
from ae_core.runs.store import Store, default_root
from ae_core.service import cluster, connection, dispatch, jobs, worker
from tests.conftest import PROJECT
from tests.support.dask_processes import GUIDE, DaskProcesses, guide_command, shell_lines
from tests.support.service import QUICK, STEADY, clear_line, story, wait_for, weights, with_seed
from tests.test_readme import commands, parsed

SMALL_DENOISER = config.adjusted(
    replace(config.DAE, data=QUICK.data), model={"latent_size": 4, "channels": (4, 8)}, training={"epochs": 2}
)
# What a worker of another torch looks like: the package says so.
OTHER_TORCH = """
import importlib.metadata as metadata
genuine = metadata.version
metadata.version = lambda name: "2.0.1" if name == "torch" else genuine(name)
"""


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskProcesses]:
    """A scheduler and two workers under one `dask worker`; one dead worker is enough to give a task up."""
    with DaskProcesses(
        tmp_path_factory.mktemp("dask"), DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0"
    ) as processes:
        processes.start_scheduler()
        processes.start_workers(2)
        yield processes


@pytest.fixture
def store() -> Store:
    """The one that pages use too; the digits in it need not be unpacked again."""
    return Store(default_root())


@pytest.fixture
def train_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[DaskProcesses], None]]:
    """`train_on(processes)`: this process's lab trains there, until the end of the test."""
    yield lambda processes: monkeypatch.setenv("AE_LAB_SCHEDULER", processes.address)
    clear_line(store)
    with suppress(ClusterError):
        connection.connect_client(store, wait_seconds=1).close()


@pytest.fixture
def undisturbed(digits: Digits, tmp_path: Path) -> Callable[[RunConfig], Store]:
    """`undisturbed(run)`: a store in which the run was trained in this process, from beginning to end."""
    elsewhere = Store(tmp_path / "undisturbed")

    def trained(run: RunConfig) -> Store:
        for _ in worker.record_training(run, elsewhere, data.select_digits(digits, run.data)):
            pass
        return elsewhere

    return trained


def submit(run: RunConfig, store: Store) -> str:
    """Each run for a visitor of its own, so that all may be trained at once."""
    return jobs.submit_training(run, store, visitor=config.run_id(run))


def problem(store: Store) -> str:
    return dispatch.keep_dispatching(store).problem


def is_over(run: RunConfig, store: Store) -> bool:
    return history.status_of(config.run_id(run), store) not in ("queued", "running")


def assert_same(run: RunConfig, store: Store, expected: Store) -> None:
    """The run ended as in `expected`: byte by byte, with one 'started' and one 'finished' in the same log."""
    name = config.run_id(run)
    assert history.status_of(name, store) == "finished"
    assert weights(name, store) == weights(name, expected)
    assert story(name, store) == story(name, expected)


# What dies and what goes on


@pytest.mark.usefixtures("full_form")  # the short form refuses and names a scheduler that does not answer
def test_a_scheduler_that_is_not_there_yet_keeps_nobody_from_looking_and_trains_when_it_comes(
    tmp_path, store, train_on, undisturbed
):
    run = SMALL_DENOISER
    with DaskProcesses(tmp_path / "dask") as processes:
        train_on(processes)
        name = submit(run, store)  # it waits for nobody: no scheduler answers yet
        processes.start_workers(1)  # they wait for it too
        page = AppTest.from_file(str(PROJECT / "pages" / "denoising.py"), default_timeout=60).run()
        assert not page.exception
        assert any("data:image/png;base64" in text.value for text in page.markdown)  # the shipped pictures
        page.number_input(key="train_size").set_value(17).run()
        page.button(key="dae_train").click().run()
        wait_for(lambda: problem(store))
        page.run()
        assert [processes.address in warning.value for warning in page.warning] == [True]
        assert len(tickets.tickets_in_line(store)) == 2
        page.button(key="dae_stop").click().run()
        train = page.button(key="dae_train")
        assert (train.label, train.disabled) == ("Train", False)
        assert [ticket.run_id for ticket in tickets.tickets_in_line(store)] == [name]
        assert store.load_model(store.shipped_like(config.DAE))
        assert history.status_of(name, store) == "queued"

        processes.start_scheduler()
        wait_for(lambda: history.status_of(name, store) == "finished")
        assert problem(store) == ""
        assert_same(run, store, undisturbed(run))


@pytest.mark.usefixtures("full_form")  # the short form has it with the local scheduler
def test_three_jobs_in_the_line_survive_a_scheduler_that_is_killed(two_workers, store, train_on, undisturbed):
    train_on(two_workers)
    runs = [with_seed(STEADY, seed) for seed in (1, 2, 3)]
    for run in runs:
        submit(run, store)
    wait_for(lambda: any(history.read_progress(config.run_id(run), store).epoch for run in runs))
    two_workers.kill_scheduler()
    wait_for(lambda: problem(store))
    two_workers.start_scheduler()
    wait_for(lambda: two_workers.restart_ended() == 0 and all(is_over(run, store) for run in runs))
    for run in runs:
        assert_same(run, store, undisturbed(run))


@pytest.mark.usefixtures("full_form")  # the short form kills a worker once
def test_a_run_outlives_more_dead_workers_than_dask_allows_a_task(two_workers, store, train_on, undisturbed):
    train_on(two_workers)
    run = config.adjusted(STEADY, training={"epochs": 30})
    name = submit(run, store)

    def given_up() -> bool:
        return (
            re.search(rf"Task train-{name}-\w+ marked as failed because 1 workers died", two_workers.logs())
            is not None
        )

    while not given_up():  # Dask does not count a death that it hears of from the worker's nanny first
        before = store.last_epoch(run)
        wait_for(lambda before=before: store.last_epoch(run) > before)
        killed = kill_trainer(name, store)
        wait_for(lambda killed=killed: given_up() or trainer(name, store) not in (None, killed))
    wait_for(lambda: is_over(run, store))
    assert_same(run, store, undisturbed(run))


def kill_trainer(name: str, store: Store) -> int:
    """Kill the worker that trains the run called `name`; the number of its process."""
    found: list[int] = []
    wait_for(lambda: found.extend(filter(None, [trainer(name, store)])) or found)
    os.kill(found[0], signal.SIGKILL)
    return found[0]


def trainer(name: str, store: Store) -> int | None:
    """The process of the worker that trains the run called `name`, None if there is none."""
    with suppress(ClusterError, OSError):
        pids = {each.address: each.pid for each in connection.list_workers(store)}
        for address, keys in connection.connect_client(store).processing().items():
            if any(name in str(key) for key in keys) and store.is_locked(name):
                return pids.get(address)
    return None


# Who is let in


def test_a_worker_of_other_versions_or_without_the_lab_is_refused_by_name(
    two_workers, store, train_on, tmp_path
):
    train_on(two_workers)
    (tmp_path / "sitecustomize.py").write_text(OTHER_TORCH)
    wait_for(lambda: two_workers.restart_ended() == 0 and workers_there(store) == 2)
    refused = {
        "torch 2.0.1 where this lab has": two_workers.start_workers(
            path=f"{tmp_path}{os.pathsep}{PROJECT}", preload=False
        ),
        "No module named 'ae_core'": two_workers.start_workers(path="", preload=False),
    }
    wait_for(lambda: workers_there(store) == 4)
    name = submit(with_seed(QUICK, 4), store)
    while refused:
        wait_for(lambda: any(words in problem(store) for words in refused))
        found = next(words for words in refused if words in problem(store))
        assert re.match(r"The worker tcp://127.0.0.1:\d+ ", problem(store))
        assert history.status_of(name, store) == "queued"
        two_workers.remove(refused.pop(found))
    wait_for(lambda: history.status_of(name, store) == "finished")
    assert problem(store) == ""


def workers_there(store: Store) -> int:
    return len(connection.connect_client(store).scheduler_info()["workers"])


def test_with_tls_the_lab_trains_and_nobody_without_a_certificate_is_let_in(tmp_path, store, monkeypatch):
    authority = Authority(tmp_path / "authority")
    ours, foreign = authority.certificate("ours"), Authority(tmp_path / "foreign").certificate("theirs")
    settings = tls_settings(authority.path, ours)
    with DaskProcesses(tmp_path / "dask", "tls", **settings) as processes:
        processes.start_scheduler()
        processes.start_workers(1)
        training = [
            sys.executable,
            "-m",
            "ae_core",
            "train",
            "--preset",
            "fae",
            "--hidden-sizes",
            "32",
            "--epochs",
            "1",
            "--digits",
            "4000",
            "--json",
        ]
        surroundings = {**os.environ, **settings, "AE_LAB_SCHEDULER": processes.address}
        asker = subprocess.Popen(training, cwd=PROJECT, env=surroundings, stdout=subprocess.PIPE, text=True)
        with pytest.raises(OSError, match=r"TLS|tls|SSL|ssl|certificate|Timed out|closed"):
            Client(
                processes.address, timeout=3, security=security(authority.path, foreign), set_as_default=False
            )
        gc.collect()  # as `connection.connect_client` does after each that came to nothing
        monkeypatch.setenv("AE_LAB_SCHEDULER", processes.address)
        with pytest.raises(ClusterError, match=re.escape(processes.address)):
            connection.connect_client(store, wait_seconds=2)
        told, _ = asker.communicate(timeout=100)
    assert asker.returncode == 0
    assert store.has_own(json.loads(told.splitlines()[-1])["run_id"])


class Authority:
    """A certificate authority of its own, with elliptic-curve keys, as files in `folder`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder, self.path = folder, folder / "ca.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, folder.name)])
        self.path.write_bytes(self._signed(self._name, self._key, authority=True))

    def certificate(self, name: str) -> Path:
        """A certificate and its key in one file; it names no host."""
        key = ec.generate_private_key(ec.SECP256R1())
        path = self.folder / f"{name}.pem"
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(
            self._signed(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key, authority=False)
            + secret
        )
        return path

    def _signed(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, authority: bool) -> bytes:
        now = datetime.datetime.now(datetime.UTC)
        made = x509.CertificateBuilder(self._name, name, key.public_key(), x509.random_serial_number())
        made = made.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(
            now + datetime.timedelta(days=1)
        )
        made = made.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        return made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def tls_settings(authority: Path, certificate: Path) -> dict[str, str]:
    """The guide's variables, with these files."""
    lines = [line.split("=") for line in shell_lines(GUIDE) if line.startswith("DASK_DISTRIBUTED__COMM__")]
    files = {"ca.pem": str(authority), "lab.pem": str(certificate)}
    return {name: files.get(Path(value).name, value) for name, value in lines}


def security(authority: Path, certificate: Path) -> Security:
    files = {
        "tls_ca_file": str(authority),
        "tls_client_cert": str(certificate),
        "tls_client_key": str(certificate),
    }
    return Security(require_encryption=True, **files)


# What the guide says


@pytest.mark.parametrize("line", commands(GUIDE))
def test_every_command_of_the_guide_is_one_that_the_lab_takes(line):
    parsed(line)


def test_workers_train_one_run_at_a_time_and_give_way_to_others():
    [line] = [line for line in shell_lines(GUIDE) if "dask worker " in line]
    words = guide_command("worker")
    assert " nice -n 10 " in line
    assert words[words.index("--nthreads") + 1] == "1"


def test_every_variable_of_the_guide_is_one_that_dask_or_the_lab_reads():
    source = "".join(
        path.read_text() for folder in ("ae_core", "pages") for path in (PROJECT / folder).rglob("*.py")
    )
    known = {f"DASK_{path}" for path in settings(dask.config.config)} | set(
        re.findall(r"AE_LAB_[A-Z_]*[A-Z]", source)
    )
    assert set(re.findall(r"(?:DASK|AE_LAB)_[A-Z_]*[A-Z]", GUIDE)) <= known


def settings(tree: dict[str, object]) -> Iterator[str]:
    """Every setting of Dask, as its environment variable ends."""
    for name, value in tree.items():
        word = name.upper().replace("-", "_")
        yield word
        if isinstance(value, dict):
            yield from (f"{word}__{rest}" for rest in settings(value))


def test_the_guide_names_every_limit_as_it_is():
    for words in (
        f"{cluster.IDLE_SECONDS // 60} minutes",
        f"`AE_LAB_STORE_QUOTA` (megabytes, {quota.QUOTA_MEGABYTES} unless set)",
        f"after {worker.DEADLINE_FACTOR:g} times as long as expected, "
        f"and never before {worker.DEADLINE_FLOOR:g} seconds",
        f"ended {worker.RETRIES + 1} times without finishing an epoch",
        "`--protocol tls`",
    ):
        assert words in " ".join(GUIDE.split()), words
    assert tickets.TICKETS_PER_VISITOR == 3
    assert "one running and two waiting" in GUIDE
