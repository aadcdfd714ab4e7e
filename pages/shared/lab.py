"""What every page stands on: the store, the digits at hand, trained networks, and plain words for errors."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from importlib import import_module
from itertools import cycle
from pathlib import Path

import streamlit as st
from cachetools import LRUCache, cached
from streamlit.runtime.pages_manager import PagesManager

from ae_core import data
from ae_core.errors import LabError
from ae_core.models import Autoencoder
from ae_core.pictures.places import Asker
from ae_core.runs import housekeeping, ownership
from ae_core.runs.run_folder import StoredRun
from ae_core.runs.store import Store, default_root
from ae_core.training import use_one_thread
from ae_core.words.sentences import say
from pages.shared import opened_link, session
from pages.shared.browser import styles
from pages.shared.server.addresses import find_network
from pages.shared.server.health import import_early
from pages.shared.server.sessions import departures

# Of all networks in memory: those of the lab have 60 MB together, the largest that the dials make has 4.
NETWORK_BYTES = 150_000_000
# What the next pages import, in this order.
NEEDED_SOON = (
    "pages.shared.runs.training_panel",
    "plotly.tools",
    "pages.shared.frame.model_page",
    "pages.shared.parts.network_view",
    "pages.shared.parts.noise_view",
    "pages.shared.parts.pca_view",
    "pages.shared.parts.findings_view",
    "pages.shared.parts.verdict_view",
)


def open_page(*, draws_figures: bool) -> None:
    """Set up what every page stands on, its style and its link; draw again where `router.py` was passed over.

    A fresh server whose first visitor follows a link to a page below the home page would run that page by
    itself: Streamlit takes a folder called pages/ for its older kind of multipage app until it meets
    `st.navigation`.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
    if draws_figures:
        prepare_for_figures()
    freeze_imports("pages")
    st.html(styles.theme_style(st.context.theme.type or "light"))
    opened_link.read_opened_link()


@st.cache_resource(show_spinner=False)
def freeze_imports(imported: str) -> None:
    """Take what was imported out of the garbage collector's sight, and give torch one thread. Once an import.

    With one thread, one visitor's slider leaves the other cores to the others.
    """
    use_one_thread()
    departures.freeze()


@cache
def prepare_for_figures() -> None:
    """Have Plotly ask no more whether what it draws is of pandas: nothing here is.

    It would stumble over a pandas that another thread is just importing. The page Runs does, for its table,
    and no other page: pandas takes 45 MB.
    """
    for name in ("_plotly_utils.basevalidators", "_plotly_utils.utils", "plotly.io._json"):
        asks = import_module(name)
        asks.get_module = partial(_get_module_but_pandas, asks.get_module)


def _get_module_but_pandas(
    get_module: Callable[..., object], name: str, should_load: bool = True
) -> object | None:
    """Plotly's way to another package: the package, or None where it is not there, or is pandas."""
    return None if name == "pandas" else get_module(name, should_load)


@st.cache_resource(show_spinner=False)
def import_ahead() -> None:
    """Begin to import what other pages need, which takes seconds. At the end of the first page."""
    import_early(*NEEDED_SOON)


def draw_page_link(page: str, label: str, icon: str) -> None:
    """Draw a link to another page; its words alone where a page runs without the router."""
    if pages := st.session_state.get(session.PAGES):
        st.page_link(pages[page], label=label, icon=icon)
    else:
        st.markdown(label)


def is_presenting() -> bool:
    """Whether this visitor is presenting to a room: see `pages.shared.frame.presenter`."""
    return bool(st.session_state.get(session.PRESENTING))


def switch_page(page: str, query: dict[str, str]) -> None:
    """Open another page, with `query` in its link; stay where a page runs alone."""
    if pages := st.session_state.get(session.PAGES):
        st.switch_page(pages[page], query_params=query)
    else:
        st.rerun()


@contextmanager
def plain_errors() -> Iterator[None]:
    """Show a LabError from inside as a box with its cause and next step; the rest of the page goes on."""
    try:
        yield
    except LabError as problem:
        st.error(str(problem), icon=":material/error:")


def store() -> Store:
    """The store that AE_LAB_STORE names."""
    return _open_store(default_root())


@cache
def _open_store(root: Path) -> Store:
    return Store(root)


def visitor_id() -> str:
    """A name of 16 hexadecimal digits for whoever sits at this browser, which tells nothing about them.

    It lasts over a reload; where there is no cookie, as long as the session. It is a hash of the random token
    that Streamlit gives each browser against forged requests, so that it cannot be used as that. The cookie
    holds the token behind a mask of four bytes that changes.
    """
    token = _unmasked(st.context.cookies.get("_streamlit_xsrf", ""))
    if token is None:
        token = st.session_state.setdefault(session.VISITOR_TOKEN, secrets.token_bytes(16))
    return hashlib.sha256(b"visitor" + token).hexdigest()[:16]


def asker() -> Asker:
    """Who has this page run: the address they come from, and their name as `visitor_id` gives it."""
    return Asker(find_network(st.context.ip_address), visitor_id())


def owner() -> Asker:
    """`asker` as the store keeps it: a mark in place of the address. Raises StoreError as `mark_address`."""
    return replace(asker(), address=ownership.mark_address(store(), asker().address))


def _unmasked(cookie: str) -> bytes | None:
    """The token in 'version|mask|masked token|time'; None where the cookie is not like that."""
    try:
        _, mask, masked, _ = cookie.split("|")
        return (
            bytes(
                one ^ other
                for one, other in zip(bytes.fromhex(masked), cycle(bytes.fromhex(mask)), strict=False)
            )
            or None
        )
    except ValueError:
        return None


def digits() -> data.Digits:
    """All of MNIST: 60,000 digits to learn from and 10,000 held back. DataError as from `load_digits`."""
    return _read_digits(default_root() / "cache")


@st.cache_resource(show_spinner=say("Reading the digits …"), max_entries=1)
def _read_digits(cache_dir: Path) -> data.Digits:
    return data.load_digits(cache_dir=cache_dir)


def load_network(run: StoredRun) -> Autoencoder:
    """The run's network, ready for inference, kept in memory for every visitor."""
    housekeeping.mark_used(store(), run.name)
    return _load_network(store().root, run)


def _network_key(root: Path, run: StoredRun) -> tuple[Path, str, str]:
    return root, run.run_id, run.weights_sha256


def _network_bytes(model: Autoencoder) -> int:
    return sum(tensor.nbytes for tensor in model.state_dict().values())


@cached(LRUCache(NETWORK_BYTES, getsizeof=_network_bytes), key=_network_key, lock=threading.Lock())
def _load_network(root: Path, run: StoredRun) -> Autoencoder:
    return _open_store(root).load_model(run)
