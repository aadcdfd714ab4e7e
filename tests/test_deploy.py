"""The files of deploy/, as far as that goes without containers; tests/chaos runs copies behind nginx."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest
import yaml

from ae_core.service import cluster
from tests.conftest import PROJECT
from tests.support.copies import CONFIGURATION, nginx_path
from tests.support.dask_processes import GUIDE, guide_command

DOCKERFILE = (PROJECT / "deploy" / "Dockerfile").read_text()
SERVICES = yaml.safe_load((PROJECT / "deploy" / "compose.yaml").read_text())["services"]


def options(command: str) -> dict[str, str]:
    """Options of a command line with their values."""
    words = shlex.split(command)
    return {name: value for name, value in zip(words, [*words[1:], ""], strict=True) if name.startswith("--")}


def test_two_copies_share_one_store_and_one_cluster_and_only_nginx_is_outside():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]
    copies = [SERVICES["app1"], SERVICES["app2"]]
    for service in (*copies, SERVICES["scheduler"], SERVICES["worker"]):
        assert service["volumes"] == ["store:/srv/autoencoder-store"]
        assert service["restart"] == "always"
    assert {service["environment"]["AE_LAB_SCHEDULER"] for service in copies} == {"tcp://scheduler:8786"}
    assert "tcp://scheduler:8786" in SERVICES["worker"]["command"]
    assert SERVICES["worker"]["environment"]["DASK_DISTRIBUTED__WORKER__PRELOAD"] == "ae_core.service.worker"


@pytest.mark.parametrize("program", ["scheduler", "worker"])
def test_scheduler_and_workers_are_started_with_the_options_of_the_guide(program):
    ours, guides = options(SERVICES[program]["command"]), options(shlex.join(guide_command(program)))
    assert ours.keys() == guides.keys()
    assert ours["--dashboard-address"] == guides["--dashboard-address"] == "127.0.0.1:0"
    assert ours.get("--nthreads") == guides.get("--nthreads")


def test_the_container_has_what_it_copies_and_starts_the_guides_command():
    for source in re.findall(r"^COPY (\S+)", DOCKERFILE, re.MULTILINE):
        assert (PROJECT / source).exists()
    (command,) = re.findall(r"^CMD (\[.*\])", DOCKERFILE, re.MULTILINE)
    words = yaml.safe_load(command)
    assert words[:3] == ["streamlit", "run", "app.py"]
    (guides,) = re.findall(r"^AE_LAB_METRICS_KEY=\S+ (streamlit run .*)$", GUIDE, re.MULTILINE)
    assert options(guides) == options(shlex.join(words))
    assert "USER lab" in DOCKERFILE
    ignored = (PROJECT / ".dockerignore").read_text().split()
    assert not {"docs", "ae_core", "pages", ".streamlit", "app.py", "router.py"} & set(ignored)


def test_the_names_that_compose_gives_the_copies_are_in_nginxs_configuration():
    text = CONFIGURATION.read_text()
    for found, instead in re.findall(r"s/([\d.:]+)/([\w:]+)/", SERVICES["nginx"]["command"]):
        assert f"server {found} " in text
        assert instead.split(":")[0] in SERVICES


def test_nginx_accepts_its_configuration(tmp_path):
    path = nginx_path()
    if path is None:
        pytest.skip("there is no nginx here; install Debian's package nginx-light")
    done = subprocess.run(
        [path, "-t", "-e", f"{tmp_path}/error.log", "-g", f"pid {tmp_path}/pid;", "-c", str(CONFIGURATION)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_the_training_processs_log_is_bounded_and_what_it_held_is_kept_once(store, monkeypatch):
    monkeypatch.setattr(cluster, "LOG_BYTES", 100)
    cluster.limit_log(store)  # there is none yet
    cluster.cluster_folder(store).mkdir(parents=True)
    log, old = cluster.cluster_folder(store) / cluster.LOG, cluster.cluster_folder(store) / cluster.OLD_LOG
    with log.open("ab") as written:
        written.write(b"a" * 101)
        written.flush()
        cluster.limit_log(store)
        assert (log.read_bytes(), old.read_bytes()) == (b"", b"a" * 101)
        written.write(b"b" * 50)
        written.flush()
        cluster.limit_log(store)
        assert log.read_bytes() == b"b" * 50
    assert old.read_bytes() == b"a" * 101
