"""The addresses that a browser gets networks and their module from: kept for ever, alike from every copy."""

from __future__ import annotations

import gzip

import pytest
from starlette.requests import Request
from starlette.responses import Response
from streamlit import config

from ae_core.living import files
from ae_core.living.network_file import FORM, pack_classifier, pack_network
from ae_core.runs import latest_network
from ae_core.runs.store import Store, default_root
from ae_core.study.classifier import load_classifier
from pages.shared.browser import living
from pages.shared.server import health, living_files
from pages.shared.server.living_files import FOREVER, answer_module, answer_network


def request(headers: dict[str, str] | None = None, **parts: str) -> Request:
    raw = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    return Request({"type": "http", "method": "GET", "path_params": parts, "headers": raw})


@pytest.fixture(scope="module")
def run():
    return Store(default_root()).shipped()[0][0]


def network(run, headers: dict[str, str] | None = None, **changed: str) -> Response:
    parts = {"form": str(FORM), "name": run.name, "sha256": run.weights_sha256, **changed}
    return answer_network(request(headers, **parts))


def test_a_network_comes_under_an_address_that_never_changes_and_twice_alike(run):
    answer = network(run)
    assert answer.status_code == 200
    assert answer.body == pack_network(Store(default_root()).load_model(run))
    assert answer.body == network(run).body
    assert answer.headers["cache-control"] == FOREVER
    assert answer.headers["etag"] == f'"{run.weights_sha256}"'


def test_who_has_it_already_is_told_so(run):
    answer = network(run, {"if-none-match": f'W/"other", "{run.weights_sha256}"'})
    assert (answer.status_code, answer.body) == (304, b"")
    assert answer.headers["cache-control"] == FOREVER


@pytest.mark.parametrize(
    "changed",
    [
        {"sha256": "0" * 64},
        {"name": "0" * 16},
        {"name": "../../secret"},
        {"form": str(FORM + 1)},
        {"form": "one"},
    ],
)
def test_what_is_not_there_is_refused_and_nobody_keeps_that(run, changed):
    answer = network(run, **changed)
    assert answer.status_code == 404
    assert "cache-control" not in answer.headers


def test_the_classifier_comes_under_an_address_that_never_changes():
    found = load_classifier()
    address = living.describe_classifier()["address"]
    assert address == f"networks/{FORM}/classifier/{found.sha256}"
    answer = answer_network(request(form=str(FORM), name="classifier", sha256=found.sha256))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, FOREVER)
    assert answer.body == pack_classifier(found.layers)
    assert len(answer.body) < 100_000
    assert answer_network(request(form=str(FORM), name="classifier", sha256="0" * 64)).status_code == 404


def test_a_network_in_training_is_told_as_it_is_now(run, tmp_path, monkeypatch):
    monkeypatch.setenv("AE_LAB_STORE", str(tmp_path))
    folder = Store(tmp_path).folder(run.run_id)
    folder.mkdir(parents=True)
    assert network(run, form="latest", sha256="now").status_code == 204
    for content in (b"one", b"two"):
        latest_network.keep_network(folder, content)
        answer = network(run, form="latest", sha256="now")
        assert (answer.body, answer.headers["cache-control"]) == (content, "no-cache")
        again = network(run, {"if-none-match": answer.headers["etag"]}, form="latest", sha256="now")
        assert (again.status_code, again.body) == (304, b"")
    assert network(run, form="latest", name="../x", sha256="now").status_code == 404
    waits = []
    for visitors in (1, 100):
        monkeypatch.setattr(living_files.counts, "connections", visitors)
        waits.append(network(run, form="latest", sha256="now").headers["x-look-again"])
    assert waits == ["150", "2500"]


def test_the_module_comes_compressed_to_whoever_can_read_that():
    plain = answer_module(request(mark=files.module_mark()))
    small = answer_module(request({"accept-encoding": "gzip, br"}, mark=files.module_mark()))
    assert plain.body == files.pack_module() == gzip.decompress(small.body)
    assert (small.headers["content-encoding"], small.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert plain.headers["content-type"].startswith("text/javascript")
    assert answer_module(request(mark="0" * 16)).status_code == 404
    again = {"if-none-match": f'"{files.module_mark()}"', "accept-encoding": "gzip"}
    answer = answer_module(request(again, mark=files.module_mark()))
    assert (answer.status_code, answer.body) == (304, b"")


def test_they_lie_below_the_base_path_too(monkeypatch):
    real = config.get_option
    monkeypatch.setattr(
        health.config, "get_option", lambda name: "lab" if name == "server.baseUrlPath" else real(name)
    )
    paths = [route.path for route in health.list_routes()]
    for path in ("/living/{mark}.js", "/networks/{form}/{name}/{sha256}"):
        assert {path, f"/lab{path}"} <= set(paths)
