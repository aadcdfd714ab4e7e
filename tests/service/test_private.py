"""The local cluster runs whatever it is sent, so nobody but its owner may send it anything."""

from __future__ import annotations

import gc
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from distributed import Client
from distributed.security import Security

from ae_core.runs.store import Store
from ae_core.service import cluster, scheduler
from tests.conftest import PROJECT
from tests.support.service import local_cluster, process_tree

NOBODY = 65534
PATHS = (
    "/",
    "/status",
    "/info/main/workers.html",
    "/json/identity.json",
    "/metrics",
    "/statics/",
    "/graph",
    "/api/v1",
)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """A store with a local cluster, in a place that everybody may look into."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        with local_cluster(Store(Path(place) / "store")) as served:
            served.root.chmod(0o755)
            yield served


def scheduler_address(store: Store) -> str:
    return json.loads((cluster.cluster_folder(store) / "scheduler.json").read_text())["address"]


def listening_ports(store: Store) -> set[int]:
    """Every port on which any process of the cluster waits for somebody."""
    return {
        connection.laddr.port
        for process in process_tree(store)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }


def answer(port: int, path: str) -> tuple[int, bytes] | None:
    """Status and body of an HTTP answer, or None from a port that does not speak HTTP."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answered = connection.getresponse()
        return answered.status, answered.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def web_ports(store: Store) -> set[int]:
    return {port for port in listening_ports(store) if answer(port, "/health") is not None}


def is_turned_away(port: int, context: ssl.SSLContext) -> bool:
    """Whether the port hangs up before a caller with this certificate, or with none, could say a word."""
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
            context.wrap_socket(plain) as secure,
        ):
            secure.settimeout(10)
            return secure.recv(1) == b""
    except ssl.SSLError:
        return True
    except ConnectionError:
        return True


# The key


def test_only_its_owner_can_read_the_key(store):
    assert (cluster.cluster_folder(store) / "key.pem").stat().st_mode & 0o777 == 0o600
    assert cluster.cluster_folder(store).stat().st_mode & 0o777 == 0o700
    assert {
        path.stat().st_uid
        for path in [cluster.cluster_folder(store), *cluster.cluster_folder(store).iterdir()]
    } == {os.getuid()}


def test_the_key_is_private_from_its_first_byte_whatever_was_there_before(tmp_path):
    path = tmp_path / "key.pem"
    keys = set()
    before = os.umask(0)
    try:
        for _ in range(2):
            scheduler._new_key(path)
            assert path.stat().st_mode & 0o777 == 0o600
            keys.add(path.read_text())
            path.chmod(0o666)
    finally:
        os.umask(before)
    assert len(keys) == 2  # a new one with every start
    assert all("PRIVATE KEY" in key and "BEGIN CERTIFICATE" in key for key in keys)


def test_a_folder_that_was_open_to_others_is_closed(tmp_path):
    store = Store(tmp_path / "open")
    store.check_writable()
    cluster.cluster_folder(store).mkdir(mode=0o777)
    cluster.cluster_folder(store).chmod(0o777)
    cluster.make_folder(store)
    assert cluster.cluster_folder(store).stat().st_mode & 0o777 == 0o700


# Who may speak to it


def test_who_has_the_key_is_heard(store):
    assert scheduler_address(store).startswith("tls://127.0.0.1:")
    with Client(
        scheduler_address(store),
        security=scheduler.tls_security(cluster.cluster_folder(store) / "key.pem"),
        timeout=20,
    ) as client:
        assert client.submit(pow, 2, 5).result(timeout=30) == 32


def test_a_client_without_the_key_cannot_connect(store):
    address = scheduler_address(store)
    with pytest.raises(OSError, match="certificate does not match"):
        Client(address, security=Security.temporary(), timeout=2)
    with pytest.raises(OSError):  # noqa: PT011 (reset or timed out, as the moment will have it)
        Client(address.replace("tls://", "tcp://"), timeout=2)
    with pytest.raises(TypeError, match="ssl_context"):
        Client(address, timeout=2)
    gc.collect()  # Dask's lock does not bear what is left of them to be found while the next client begins


def test_every_port_turns_away_who_has_no_key_or_another_one(store):
    """Scheduler, nanny and worker alike: each of them runs what it is told."""
    ports = listening_ports(store) - web_ports(store)
    assert len(ports) >= 3
    other = Security.temporary().get_connection_args("client")["ssl_context"]
    for port in ports:
        assert is_turned_away(port, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        assert is_turned_away(port, other)
        assert answer(port, "/") is None


def test_who_has_the_key_is_not_turned_away(store):
    """That `is_turned_away` can tell."""
    ours = scheduler.tls_security(cluster.cluster_folder(store) / "key.pem").get_connection_args("client")[
        "ssl_context"
    ]
    assert not is_turned_away(int(scheduler_address(store).rsplit(":", 1)[1]), ours)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_another_user_of_the_machine_can_neither_read_the_key_nor_connect(store):
    program = """
import json, os, sys
from pathlib import Path
from distributed import Client
from distributed.security import Security
from ae_core.runs.store import Store
from ae_core.service import cluster, scheduler

def outcome(attempt):
    try:
        attempt()
    except Exception as problem:
        return type(problem).__name__
    return "done"

store, address = Store(Path(sys.argv[1])), sys.argv[2]
key = cluster.cluster_folder(store) / "key.pem"
attempts = {
    "look": lambda: list(store.root.iterdir()),
    "read the key": key.read_bytes,
    "read the address": (key.parent / "scheduler.json").read_bytes,
    "connect with the key": lambda: Client(address, security=scheduler.tls_security(key), timeout=3).close(),
    "connect with another": lambda: Client(address, security=Security.temporary(), timeout=3).close(),
    "connect without": lambda: Client(address.replace("tls", "tcp"), timeout=3).close(),
}
as_root = outcome(attempts["connect with the key"])  # imports all there is to import, while it can be read
os.setgroups([]), os.setgid(NOBODY), os.setuid(NOBODY)
print(json.dumps({"as root": as_root, **{name: outcome(attempt) for name, attempt in attempts.items()}}))
""".replace("NOBODY", str(NOBODY))
    done = subprocess.run(
        [sys.executable, "-c", program, store.root, scheduler_address(store)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told.pop("as root"), told.pop("look")) == ("done", "done")
    assert told["read the key"] == told["read the address"] == "PermissionError"
    assert "done" not in told.values()


# What it shows


def test_the_web_port_says_that_it_is_alive_and_nothing_else(store):
    ports = web_ports(store)
    assert ports
    for port in ports:
        assert answer(port, "/health") == (200, b"ok")
        assert [answer(port, path)[0] for path in PATHS] == [404] * len(PATHS)
        assert set(json.loads(answer(port, "/sitemap.json")[1])["paths"]) <= {"/health", "/sitemap.json"}
