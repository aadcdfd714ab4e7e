"""The table of session keys: no key outside it, and what it says of them is so."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ae_core.runs import links
from pages.shared import session
from tests.conftest import PROJECT

KEYED = {"get", "pop", "setdefault"}
STATE = "st.session_state"
# Gives a linked value's widget its key.
WIDGET_KEY = "widget_key"


def keys_used(source: str) -> Iterator[tuple[ast.expr, ast.FunctionDef | None]]:
    """Each expression that is a key of `st.session_state` in a file, and the function that it stands in."""
    tree = ast.parse(source)
    inside = {
        id(node): function
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        found: list[ast.expr] = []
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == STATE:
            found = [node.slice]
        elif isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]) == STATE:
            found = [node.left]
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == STATE:
            if node.attr not in {*KEYED, "update", "items"}:
                found = [ast.Constant(node.attr)]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if ast.unparse(node.func.value) == STATE and node.func.attr in KEYED:
                found = node.args[:1]
            elif ast.unparse(node.func) == f"{STATE}.update":
                found = [key or value for part in node.args for key, value in _items(part)]
        yield from ((key, inside.get(id(node))) for key in found)


def _items(updated: ast.expr) -> Iterator[tuple[ast.expr | None, ast.expr]]:
    """Keys and values of what an `update` is given; where they are not spelled out, None and the whole."""
    for part in (updated.body, updated.orelse) if isinstance(updated, ast.IfExp) else (updated,):
        yield from (
            zip(part.keys, part.values, strict=True) if isinstance(part, ast.Dict) else [(None, part)]
        )


def is_in_the_table(key: ast.expr, function: ast.FunctionDef | None) -> bool:
    """Whether a key comes from `session`, or is a widget's, which a parameter or `linked` gives."""
    if isinstance(key, ast.Attribute):
        return ast.unparse(key.value) == "session" and isinstance(getattr(session, key.attr, None), str)
    if isinstance(key, ast.Call):
        name = ast.unparse(key.func)
        own = name.removeprefix("session.")
        return name.split(".")[-1] == WIDGET_KEY or (
            name != own and own.endswith("_key") and hasattr(session, own)
        )
    if not isinstance(key, ast.Name) or function is None:
        return False
    arguments = [*function.args.args, *function.args.kwonlyargs]
    if key.id in {argument.arg for argument in arguments}:
        return True
    came_from = [value for node in ast.walk(function) for value in _values_given(node, key.id)]
    return bool(came_from) and all(is_in_the_table(value, function) for value in came_from)


def _values_given(node: ast.AST, name: str) -> list[ast.expr]:
    """What a statement puts under a local name: the value of an assignment, or each of a loop's tuple."""
    if isinstance(node, ast.Assign) and name in map(ast.unparse, node.targets):
        return [node.value]
    if isinstance(node, ast.For) and ast.unparse(node.target) == name:
        return node.iter.elts if isinstance(node.iter, ast.Tuple) else [node.iter]
    return []


def keys_outside(source: str) -> list[str]:
    """The session keys of a file that are in no table."""
    return [ast.unparse(key) for key, function in keys_used(source) if not is_in_the_table(key, function)]


def test_no_session_key_stands_outside_the_table():
    own = PROJECT / "pages" / "shared" / "session.py"
    paths = [path for path in (PROJECT / "pages").rglob("*.py") if path != own]
    paths += [PROJECT / "router.py", PROJECT / "app.py"]
    found = {path: outside for path in paths if (outside := keys_outside(path.read_text()))}
    assert found == {}
    assert sum(1 for path in paths for _ in keys_used(path.read_text())) > 80  # they are seen at all


@pytest.mark.parametrize(
    "source",
    [
        "st.session_state['mine'] = 1",
        "st.session_state.mine = 1",
        "st.session_state.get('mine')",
        "del st.session_state[MINE]",
        "if 'mine' in st.session_state: pass",
        "st.session_state.setdefault(f'{page}_mine', set())",
        "st.session_state.update({session.VISITED: 1, 'mine': 1})",
        "st.session_state.update({session.VISITED: 1} if here else {'mine': 1})",
        "st.session_state.update(mine)",
        "st.session_state[session.NOT_THERE] = 1",
        "def f():\n    key = 'mine'\n    st.session_state[key] = 1",
        "def f():\n    for key in (session.VISITED, 'mine'):\n        st.session_state[key] = 1",
    ],
)
def test_a_key_outside_the_table_is_found(source):
    assert keys_outside(source) != []


@pytest.mark.parametrize(
    "source",
    [
        "st.session_state[session.VISITED] = set()",
        "st.session_state.get(session.share_key(page))",
        "def f(key):\n    st.session_state[key] = 1",
        "def f():\n    for key in (session.VISITED, session.OWN_TRAY):\n        st.session_state[key] = 1",
        "st.session_state[linked.widget_key(name)]",
    ],
)
def test_a_key_of_the_table_or_of_a_widget_is_not(source):
    assert keys_outside(source) == []


def test_every_name_is_in_one_table():
    names = {
        name: value for name, value in vars(session).items() if name.isupper() and isinstance(value, str)
    }
    assert len(set(names.values())) == len(names)
    for key in names.values():
        assert (key in session.TABLE) != (links.find_check(key) is not None), key
    for key in (
        session.votes_shown_key("home"),
        session.share_key("fae"),
        session.upload_key(0),
    ):
        assert session.find_entry(key) in session.TABLE.values(), key
    assert not any(links.find_check(key) for key in session.TABLE)


def kept_beside_widgets(page: AppTest) -> dict[str, object]:
    """What the program has put into a page's session: no widget's value."""
    state = page.session_state._state._state
    widgets = set(state._key_id_mapper.id_key_mapping.values())
    return {key: value for key, value in state.filtered_state.items() if key not in widgets}


@pytest.mark.parametrize("path", sorted((PROJECT / "pages").glob("*.py")), ids=lambda path: Path(path).stem)
def test_what_a_page_keeps_is_in_the_table_and_of_its_kind(path):
    page = AppTest.from_file(str(path), default_timeout=60)
    page.query_params["present"] = "1"
    page.query_params["digit_source"] = "Upload"  # the drawing board wants a server
    page.run()
    kept = kept_beside_widgets(page)
    assert session.PRESENTING in kept
    for key, value in kept.items():
        entry = session.find_entry(key)
        assert entry is not None, key
        if entry is not session.DIAL:
            assert type(value).__name__ == entry.kind.split("[")[0], key


def test_back_to_the_script_puts_away_dials_and_what_is_shown_and_nothing_else():
    def script() -> None:
        import streamlit as st

        from pages.shared import session

        if "put" in st.query_params:
            values = session.put_values_away()
            left = set(st.session_state)
            session.put_values_back(values)
            st.write(sorted(values), sorted(left))

    page = AppTest.from_function(script)
    page.session_state["latent_size"] = 8
    page.session_state[session.OWN_DIGITS_SHOWN] = page.session_state[session.DIALS_SHOWN] = True
    page.session_state[session.OWN_TRAY] = page.session_state[session.BROWSER_MEMORY] = 1
    page.query_params["put"] = "1"
    away, left = (json.loads(element.value) for element in page.run().json)
    assert away == ["latent_size", session.OWN_DIGITS_SHOWN, session.DIALS_SHOWN]
    assert left == [session.BROWSER_MEMORY, session.OWN_TRAY]
    assert page.session_state["latent_size"] == 8
