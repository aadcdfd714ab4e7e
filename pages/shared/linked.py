"""Numbers that a button and a widget both change: owned by the program, shown by widgets, named in the link.

A browser owns what its widgets hold. What the program writes under a widget's key reaches a browser only
where the widget stands on the page: a field in a closed box keeps its old value and sends that again with
whatever is pressed next. So each value lies under a plain key, and its widget gets another key, a new one
whenever anything but the widget changed the value.
"""

from __future__ import annotations

from itertools import count
from typing import Any, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ae_core.runs import links
from pages.shared import session

Number = TypeVar("Number", int, float)
# Never the same number twice: no browser still holds anything under a new key.
_numbers = count(1)


def read_value(key: str, default: Number) -> Number:
    """The number under `key`, of the type of `default`; the link names it unless it is the default.

    A link that was opened, or gone back to, is obeyed as far as `ae_core.runs.links` understands it.
    """
    said, context = st.query_params.get(key), get_script_run_ctx()
    if key not in st.session_state or (context is not None and context.is_history_navigation):
        asked = default if said is None else _parse_link_value(key, said, default)
        if st.session_state.get(key) != asked:
            set_value(key, asked)
    now: Number = type(default)(st.session_state[key])
    if now != default:
        if said != str(now):
            st.query_params[key] = str(now)
    elif said is not None:
        del st.query_params[key]
    return now


def set_value(key: str, number: float) -> None:
    """Change the value under `key` for the program; its widget, which may be out of sight, gets a new key."""
    st.session_state[key] = number
    renew_widget_key(key)


def set_shown_value(key: str, number: float) -> None:
    """Change the value under `key` and in its widget, which is in sight and keeps its key and its place."""
    st.session_state[key] = st.session_state[widget_key(key)] = number
    st.session_state.setdefault(session.SHOWN_WIDGETS, set()).add(key)


def shown_widget_options(key: str, number: float) -> dict[str, Any]:
    """Arguments `key` and `value` for the widget of `set_shown_value`; no value where that just gave one."""
    shown: set[str] = st.session_state.setdefault(session.SHOWN_WIDGETS, set())
    if key in shown:
        shown.remove(key)
        if widget_key(key) in st.session_state:
            return {"key": widget_key(key)}
    return {"key": widget_key(key), "value": number}


def adopt_widget_value(key: str) -> None:
    """The visitor's change of the value under `key`, in the widget `widget(key)`: its `on_change`."""
    held = st.session_state.get(widget_key(key))
    if held is not None:
        st.session_state[key] = held


def widget_key(name: str) -> str:
    """The key that the widget called `name` has now."""
    widgets: dict[str, str] = st.session_state.setdefault(session.WIDGET_KEYS, {})
    if name not in widgets:
        renew_widget_key(name)
    return widgets[name]


def renew_widget_key(name: str) -> None:
    """Give the widget called `name` another key: a browser forgets what it held under the old one."""
    st.session_state.setdefault(session.WIDGET_KEYS, {})[name] = f"{name}_{next(_numbers)}"


def _parse_link_value(key: str, said: str, default: Number) -> Number:
    """Number that a link says; where it cannot be used, the default, as `links.find_problems` tells."""
    check = links.find_check(key)
    try:
        number = type(default)(float(said))
    except (ValueError, OverflowError):
        return default
    return number if check and check.accepts(str(number)) else default
