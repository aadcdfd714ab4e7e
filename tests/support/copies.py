"""Copies of the app on one store behind nginx, with the configuration of deploy/nginx.conf."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from tests.conftest import PROJECT
from tests.support.browser import App, free_port, wait_until_up

CONFIGURATION = PROJECT / "deploy" / "nginx.conf"
KEY = "a-key-of-the-tests"


def nginx_path() -> str | None:
    """Debian keeps it where only root looks."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


class Nginx:
    """nginx before these apps, on a free port, until the block ends: deploy's, with other ports, folders.

    prefix: below which the lab lies, as the apps' `server.baseUrlPath` says, without slashes.
    """

    def __init__(self, folder: Path, apps: Sequence[App], prefix: str = "") -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}" + (f"/{prefix}" if prefix else "")
        self._folder = folder
        folder.mkdir()
        text = CONFIGURATION.read_text().replace("listen 8080", f"listen 127.0.0.1:{self.port}")
        if prefix:  # as docs/deploy.md says
            text = text.replace("location = /metrics", f"location = /{prefix}/metrics")
            text = text.replace("location / {", f"location /{prefix}/ {{")
        ports = {"8501": apps[0].port, "8502": apps[-1].port}
        text = re.sub(r"(?<=server 127\.0\.0\.1:)850[12]", lambda port: str(ports[port[0]]), text)
        kept = "".join(
            f"    {kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(text.replace("http {\n", "http {\n" + kept, 1))

    def __enter__(self) -> Nginx:
        self.start()
        return self

    def start(self) -> None:
        """Start it, or start it again on the same port."""
        path = nginx_path()
        assert path
        options = f"daemon off; pid {self._folder}/pid; error_log {self._folder}/error.log;"
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            options += (
                " user root;"  # by itself it would become another user, who cannot write into this folder
            )
        command = [
            path,
            "-e",
            f"{self._folder}/error.log",
            "-p",
            str(self._folder),
            "-c",
            str(self._folder / "nginx.conf"),
            "-g",
            options,
        ]
        self._process = subprocess.Popen(command)
        wait_until_up(self.url)

    def stop(self) -> None:
        """End it with all connections."""
        self._process.terminate()
        self._process.wait(timeout=30)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def visitors(app: App) -> int:
    """How many this copy has, as it tells whoever has the key."""
    asked = urllib.request.Request(f"{app.url}/metrics", headers={"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        found = re.search(r"^autoencoder_lab_visitors (\d+)$", answer.read().decode(), re.MULTILINE)
    assert found
    return int(found[1])


def status(url: str) -> int:
    """What an address answers with."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as answer:
        return answer.code
