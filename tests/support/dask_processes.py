"""A Dask cluster as somebody else runs it: a scheduler and workers, each a process of its own.

They are started by the commands of docs/deploy.md, with ports that are free here, and know nothing of the
tests.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

import psutil

from tests.conftest import PROJECT

GUIDE = (PROJECT / "docs" / "deploy.md").read_text()
ADDRESS = "tcp://10.0.0.5:8786"  # of the guide's scheduler


def shell_lines(text: str) -> list[str]:
    """Every line of the code blocks in `text`, continued ones joined."""
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    return [
        " ".join(line.split())
        for block in blocks
        for line in block.replace("\\\n", " ").splitlines()
        if line.strip()
    ]


def guide_command(program: str) -> list[str]:
    """The guide's arguments after `dask scheduler` or `dask worker`."""
    [line] = [line for line in shell_lines(GUIDE) if f"dask {program} " in line]
    return shlex.split(line.partition(f"dask {program} ")[2])


def guide_variables(program: str) -> dict[str, str]:
    """The variables that the guide sets for `dask scheduler` or `dask worker` alone."""
    [line] = [line for line in shell_lines(GUIDE) if f"dask {program} " in line]
    return dict(re.findall(r"(\w+)=(\S+)", line.partition("dask ")[0]))


def replaced(arguments: list[str], **values: str) -> list[str]:
    """The arguments with `--name value` for each of `values`."""
    words = list(arguments)
    for name, value in values.items():
        words[words.index(f"--{name}") + 1] = value
    return words


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class DaskProcesses:
    """Within the block a scheduler and workers may be started and killed; after it none of them is left.

    environment: for all of them, beside this process's own less its AE_LAB_ and DASK_ variables and
    PYTHONPATH.
    """

    def __init__(self, folder: Path, protocol: str = "tcp", **environment: str) -> None:
        self.folder = folder
        self.protocol = protocol
        self.port = free_port()
        self.address = f"{protocol}://127.0.0.1:{self.port}"
        self.environment = environment
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []
        self._restarts: dict[int, tuple[list[str], dict[str, str]]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def start_scheduler(self) -> None:
        """The guide's scheduler; it has no lab to import."""
        words = replaced(guide_command("scheduler"), host="127.0.0.1", port=str(self.port))
        self.scheduler = self._start(
            "scheduler", [*words, *(["--protocol", "tls"] if self.protocol == "tls" else [])], {}
        )

    def kill_scheduler(self) -> None:
        """At once, with SIGKILL."""
        assert self.scheduler is not None
        kill(self.scheduler)

    def start_workers(
        self, count: int = 1, path: str = str(PROJECT), *, preload: bool = True
    ) -> subprocess.Popen[bytes]:
        """The guide's workers, `count` of them under one `dask worker`; Python finds the lab on `path`.

        Without `preload` they report for work even where there is no lab.
        """
        words = replaced(
            [self.address if word == ADDRESS else word for word in guide_command("worker")],
            nworkers=str(count),
        )
        process = self._start(
            "worker", words, {**(guide_variables("worker") if preload else {}), "PYTHONPATH": path}
        )
        self.workers.append(process)
        return process

    def restart_ended(self) -> int:
        """What a service manager does: start every `dask worker` anew that has ended. How many that were."""
        ended = [process for process in self.workers if process.poll() is not None]
        for process in ended:
            self.workers.remove(process)
            kill(process)
            self.workers.append(self._start("worker", *self._restarts[process.pid]))
        return len(ended)

    def remove(self, process: subprocess.Popen[bytes]) -> None:
        """Kill these workers, for good."""
        self.workers.remove(process)
        kill(process)

    def logs(self) -> str:
        """All that they have said."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def _start(self, program: str, words: list[str], extra: dict[str, str]) -> subprocess.Popen[bytes]:
        ours = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AE_LAB_", "DASK_")) and name != "PYTHONPATH"
        }
        # Should this process be killed too, the scheduler ends itself; without one, so do the workers.
        ours |= {"DASK_DISTRIBUTED__SCHEDULER__IDLE_TIMEOUT": "10 minutes", **self.environment, **extra}
        with (self.folder / f"{program}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", program, *words],
                cwd=self.folder,
                env=ours,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._restarts[process.pid] = words, extra
        return process

    def __enter__(self) -> DaskProcesses:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in filter(None, [*self.workers, self.scheduler]):
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it has started, which share its session, and wait until they are gone."""
    members = [each for each in psutil.process_iter() if _session(each.pid) == process.pid]
    for member in members:
        try:
            member.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    process.wait(timeout=30)
    deadline = time.monotonic() + 30
    while any(
        _session(each.pid) == process.pid and each.status() != psutil.STATUS_ZOMBIE
        for each in psutil.process_iter()
    ):
        assert time.monotonic() < deadline, f"process {process.pid} left something behind"
        time.sleep(0.05)


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return 0
