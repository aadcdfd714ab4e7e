"""What a browser runs networks with: the module of `ae_core.living`, and the networks as files.

Each address has a mark of what is behind it, so that a browser, or a cache on the way, asks for it once. The
answers depend on nothing else: two copies of the lab with one store give the same. Only a network in training
changes, and is asked for again and again.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
from functools import cache, lru_cache
from pathlib import Path

from cachetools import LRUCache, cached
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pages.shared.server.gate import counts

FOREVER = "public, max-age=31536000, immutable"
BINARY = "application/octet-stream"
# In the place of a form: the network of a run in training as it is now.
LATEST = "latest"
# Between two looks of a browser at such a network; and how many all take together in a second, at most.
LOOK_SECONDS = 0.15
LOOKS_PER_SECOND = 40
GONE = "There is no such file. Load the page again."
# Of all packed networks that are kept: a megabyte at most each but for the largest that can be trained.
NETWORK_BYTES = 50_000_000


def list_living_routes(prefix: str) -> list[Route]:
    """Routes of the files, below `prefix`."""
    return [
        Route(f"{prefix}/living/{{mark}}.js", answer_module),
        Route(f"{prefix}/networks/{{form}}/{{name}}/{{sha256}}", answer_network),
    ]


def answer_module(request: Request) -> Response:
    """Answer with the module; 404 where the mark is of another one."""
    from ae_core.living import files

    mark = request.path_params["mark"]
    if mark != files.module_mark():
        return PlainTextResponse(GONE, 404)
    accepts_gzip = "gzip" in request.headers.get("accept-encoding", "")
    answer = _answer(
        request, mark, _compressed_module() if accepts_gzip else files.pack_module(), "text/javascript"
    )
    answer.headers["Vary"] = "Accept-Encoding"
    if accepts_gzip and answer.status_code == 200:
        answer.headers["Content-Encoding"] = "gzip"
    return answer


@cache
def _compressed_module() -> bytes:
    from ae_core.living import files

    return gzip.compress(files.pack_module(), mtime=0)


def answer_network(request: Request) -> Response:
    """Answer with a finished run's network, or the classifier; 404 where none has these weights."""
    from ae_core.living.network_file import CLASSIFIER, FORM
    from ae_core.runs.store import default_root

    form, name, sha256 = (request.path_params[part] for part in ("form", "name", "sha256"))
    try:
        if form == LATEST:
            return _answer_latest(request, default_root(), name)
        if form != str(FORM):
            raise LookupError(form)
        content = _packed_classifier(sha256) if name == CLASSIFIER else _packed(default_root(), name, sha256)
    except LookupError:
        return PlainTextResponse(GONE, 404)
    return _answer(request, sha256, content, BINARY)


def _answer_latest(request: Request, root: Path, name: str) -> Response:
    """The network of a run in training as it is now; 204 where there is none yet, or no longer.

    It says after how many milliseconds to ask again: with more visitors less often.
    """
    from ae_core.runs.latest_network import read_network
    from ae_core.runs.run_folder import is_run_name
    from ae_core.runs.store import Store

    if not is_run_name(name):
        raise LookupError(name)
    try:
        content = read_network(Store(root).folder(name))
        answer = _answer(request, hashlib.sha256(content).hexdigest(), content, BINARY)
    except LookupError:
        answer = Response(status_code=204)
    answer.headers["Cache-Control"] = "no-cache"  # it may be kept, but is asked for every time
    answer.headers["X-Look-Again"] = f"{1000 * max(LOOK_SECONDS, counts.connections / LOOKS_PER_SECOND):.0f}"
    return answer


@cached(LRUCache(NETWORK_BYTES, getsizeof=len), lock=threading.Lock())
def _packed(root: Path, name: str, sha256: str) -> bytes:
    """The network's file. Raises LookupError where no whole run of that name has weights with this hash."""
    from ae_core.errors import LabError
    from ae_core.living.network_file import pack_network
    from ae_core.runs.run_folder import is_run_name
    from ae_core.runs.store import Store

    store = Store(root)
    try:
        run = store.find(name) if is_run_name(name) else None
        if run is None or run.weights_sha256 != sha256:
            raise LookupError(name)
        return pack_network(store.load_model(run))
    except LabError as problem:
        raise LookupError(name) from problem


@lru_cache(maxsize=1)
def _packed_classifier(sha256: str) -> bytes:
    """The file of the classifier that comes with the lab. LookupError where its weights have another hash."""
    from ae_core.living.network_file import pack_classifier
    from ae_core.study.classifier import find_classifier

    classifier = find_classifier()
    if classifier is None or classifier.sha256 != sha256:
        raise LookupError(sha256)
    return pack_classifier(classifier.layers)


def _answer(request: Request, tag: str, content: bytes, kind: str) -> Response:
    """The answer to keep for ever; without its content for who has it already."""
    headers = {"ETag": f'"{tag}"', "Cache-Control": FOREVER, "X-Content-Type-Options": "nosniff"}
    if f'"{tag}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)
