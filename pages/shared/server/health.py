"""What the server does beside showing pages: imports before the first visitor, health and metrics."""

from __future__ import annotations

import asyncio
import hmac
import logging
import math
import os
import re
import secrets
import socket
import statistics
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from streamlit import config, type_util
from streamlit.components.v2.bidi_component import main as components
from streamlit.components.v2.bidi_component import serialization
from streamlit.dataframe_util import DataFormat
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from websockets import http11

from ae_core.errors import ConfigError
from ae_core.runs.versions import versions
from ae_core.service.memory import give_back_large_pieces, let_go_of_files, share_what_is_freed
from ae_core.words.sentences import check_language, say
from pages.shared.room.address import public_url
from pages.shared.room.expiry import keep_deleting_old_rooms
from pages.shared.room.routes import RoomRoutes
from pages.shared.server import idle, open_files, presence, readiness, safe_log
from pages.shared.server.addresses import base_path
from pages.shared.server.frames import frame_policy
from pages.shared.server.gate import counts, most_visitors
from pages.shared.server.living_files import list_living_routes
from pages.shared.server.sessions import departures, sweep
from pages.shared.server.uploads import note_issued_ids

SCHEDULER_SECONDS = 2.0
# Open files and connections, at most: of the lab itself with what it keeps spare, and of each visitor.
FILES_OF_THE_LAB, FILES_OF_A_VISITOR = 200, 4
# Bytes: all cookies of a browser's for one host make one line, which others on the host share.
LONGEST_HEADER = 60_000
# How old an answer on how the lab is may be.
HEALTH_SECONDS = 5.0
# How often what was read of mapped files is let go, which takes 20 ms.
SMALL_SECONDS = 15.0
KEY = "AE_LAB_METRICS_KEY"
STORE_LOST = say(
    "The store was moved or deleted while the lab runs. Bring it back, or start the lab again for a new one."
)
logger = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Streamlit's lifespan of the server: prepare before the first visitor."""
    remember_what_stays()
    give_back_large_pieces()
    share_what_is_freed()
    safe_log.install()
    http11.MAX_LINE_LENGTH = LONGEST_HEADER
    idle.close_idle_connections()
    versions()  # of the source as it is now, whatever becomes of the files
    readiness.prepare("pages.shared.display")
    note_issued_ids(cast(MemoryUploadedFileManager, Runtime.instance().uploaded_file_mgr))
    doings = (sweep(), _tell_presence(), keep_deleting_old_rooms(), _stay_small())
    beside = [asyncio.create_task(doing) for doing in doings]
    yield
    for task in beside:
        task.cancel()


async def _tell_presence() -> None:
    while True:
        await asyncio.sleep(presence.TELL_SECONDS)
        await asyncio.to_thread(presence.tell_store)


async def _stay_small() -> None:
    from ae_core.runs.store import default_root

    while True:
        await asyncio.sleep(SMALL_SECONDS)
        await asyncio.to_thread(let_go_of_files, default_root() / "cache")


def check_settings() -> None:
    """Raise SystemExit, with a sentence, where a setting is one that no visitor could be let in with.

    And have the system allow as many open files as it will; where those are few, the log says for how many.
    """
    try:
        check_language()
        visitors = most_visitors()
        frame_policy()
        public_url()
    except ConfigError as problem:
        raise SystemExit(str(problem)) from None
    base = str(config.get_option("server.baseUrlPath") or "")
    if not re.fullmatch(r"[\w.~/-]*", base, re.ASCII) or "//" in base.strip("/") or "_stcore" in base:
        raise SystemExit(
            f"server.baseUrlPath is {base!r}, below which the lab cannot keep its bounds. Use letters, "
            "digits, hyphens and single slashes, such as lab or teaching/lab, and start the lab again."
        )
    wanted = FILES_OF_THE_LAB + FILES_OF_A_VISITOR * visitors
    limit = open_files.raise_limit()
    if limit is not None and limit < wanted:
        logger.warning(
            "The system lets this process have %d files and connections open: enough for about %d visitors, "
            "not for %d. Start the lab after `ulimit -n %d`, or set AE_LAB_MAX_VISITORS to fewer.",
            limit,
            max(0, limit - FILES_OF_THE_LAB) // FILES_OF_A_VISITOR,
            visitors,
            wanted,
        )


def remember_what_stays() -> None:
    """Have Streamlit look up once what it asks again and again, and what does not change while it runs.

    Its settings: it asks for those of the theme at every run of a page, no other run starts meanwhile, and
    each asking goes through all settings there are, two fifths of a slider's answer. The parameters of
    functions whose results it keeps: it asks for each argument of each call. And whether what a component is
    given is a frame of pandas', for which it imports pandas, 45 MB: nothing here is.
    """
    config.get_options_for_section = cache(config.get_options_for_section)
    type_util.get_func_parameters = cache(type_util.get_func_parameters)
    serialization.is_dataframe_like = lambda _given: False
    components.determine_data_format = lambda _given: DataFormat.UNKNOWN


def import_early(*modules: str) -> None:
    """Import these modules in a thread: it takes seconds, and nobody should wait for that."""
    threading.Thread(
        target=lambda: [import_module(module) for module in modules], name="imports", daemon=True
    ).start()


def tell_error(problem: Exception) -> bool:
    """Show a sentence with a number for an unexpected error; log the traceback under it. Always True."""
    number = secrets.token_hex(4)
    logger.error("error %s", number, exc_info=problem)
    st.error(
        say(
            "Something went wrong in the lab (error {number}). Reload the page; if it "
            "happens again, tell that number to whoever runs it.",
            number=number,
        ),
        icon=":material/error:",
    )
    return True


def list_routes() -> list[Route]:
    """Our own routes; below `server.baseUrlPath` too, all that a proxy may hand on."""
    base = base_path()
    answers = {"/health": answer_health, "/metrics": answer_metrics}
    room_routes, routes = RoomRoutes(), []
    for prefix in dict.fromkeys(("", f"/{base}" if base else "")):
        routes += [Route(prefix + path, answer) for path, answer in answers.items()]
        routes += list_living_routes(prefix)
        routes += room_routes.list_routes(prefix)
    return routes


def answer_health(request: Request) -> Response:
    """Answer 200 if trainings can run, else 503 with the reason in words.

    Anybody may ask, so however many do, it is found out once in HEALTH_SECONDS.
    """
    problem = without_paths(last_training_problem())
    return JSONResponse({"well": not problem, "problem": problem}, 503 if problem else 200)


def without_paths(words: str) -> str:
    """The words without the store's place on the disk, which is nobody's business but the operator's."""
    from ae_core.runs.store import default_root

    for place in (default_root().resolve(), default_root()):
        words = words.replace(f"The store {place}", "The store").replace(str(place), "the store")
    return re.sub(r"(?<![\w:/])/[\w./-]{3,}", "a file", words)


_finding_out = threading.Lock()


def last_training_problem() -> str:
    """`training_problem` of the last HEALTH_SECONDS: it writes into the store and calls the scheduler."""
    with _finding_out:
        return _training_problem_at(int(time.monotonic() / HEALTH_SECONDS))


@lru_cache(maxsize=1)
def _training_problem_at(_moment: int) -> str:
    return training_problem()


def training_problem() -> str:
    """Why no training can run, in words; empty if one can, even if nobody has needed the process yet."""
    from ae_core.errors import LabError
    from ae_core.runs.store import Store, default_root
    from ae_core.service import cluster, dispatch

    store = Store(default_root())
    try:
        if is_lost(store.root):
            return STORE_LOST
        store.check_writable()
        if address := cluster.scheduler_address():
            host = urlsplit(address)
            with socket.create_connection((host.hostname or "", host.port or 0), SCHEDULER_SECONDS):
                pass
    except LabError as problem:
        return str(problem)
    except (OSError, ValueError):
        return say(
            "The scheduler that AE_LAB_SCHEDULER names does not answer. Check the address and that it runs."
        )
    return dispatch.keep_dispatching(store).problem or cluster.find_hang(store)


_known_stores: dict[Path, tuple[int, int]] = {}
GONE = (0, 0)


def is_lost(root: Path) -> bool:
    """Whether the store's folder is another one than when this was first asked, or has been away since."""
    try:
        found = root.stat()
        mark = found.st_dev, found.st_ino
    except OSError:
        if root in _known_stores:
            _known_stores[root] = GONE
        return root in _known_stores
    return _known_stores.setdefault(root, mark) != mark


def answer_metrics(request: Request) -> Response:
    """Answer in Prometheus's text format to whoever knows AE_LAB_METRICS_KEY; 404 to others."""
    key = os.environ.get(KEY, "")
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if not key or scheme != "Bearer" or not hmac.compare_digest(given.encode(), key.encode()):
        return PlainTextResponse("Not found", 404)
    return PlainTextResponse(
        "".join(
            say("autoencoder_lab_{name} {value:g}\n", name=name, value=value)
            for name, value in collect_figures().items()
        )
    )


def collect_figures() -> dict[str, float]:
    """What `answer_metrics` tells: nothing in it names a visitor."""
    from ae_core.runs import tickets
    from ae_core.runs.store import Store, default_root

    store = Store(default_root())
    line = tickets.tickets_in_line(store)
    training = sum(store.is_locked(ticket.run_id) for ticket in line)
    seconds = sorted(counts.answer_seconds)
    return {
        "visitors": counts.connections,
        "sessions_in_memory": departures.in_memory,
        "trainings_running": training,
        "trainings_waiting": len(line) - training,
        "refused_pages_total": counts.refused_pages,
        "refused_connections_total": counts.refused_connections,
        "refused_uploads_total": counts.refused_uploads,
        "answers": len(seconds),
        "answer_seconds_median": statistics.median(seconds) if seconds else 0.0,
        "answer_seconds_p95": seconds[math.ceil(0.95 * len(seconds)) - 1] if seconds else 0.0,
        "healthy": float(not last_training_problem()),
    }
