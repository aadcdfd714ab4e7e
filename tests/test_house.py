"""The house rules: formatting, lint, types, who may import whom, and no import that does things."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT

# The order of the rooms, from the top. What stands in a line may import what stands in the lines below it,
# and a folder's modules one another. Pages import no pages.
ROOMS = {
    "ae_core": (
        {"__main__"},
        {"commands"},
        {"service"},
        {"room"},
        {"runs"},
        {"living"},
        {"figures"},
        {"study"},
        {"pictures"},
        {"training"},
        {"models", "corruption", "data"},
        {"config", "baselines"},
        {"metrics"},
        {"words"},
        {"errors"},
    ),
    "pages.shared": (
        {"frame"},
        {"parts"},
        {"runs"},
        {"answers"},
        {"question", "living_view"},
        {"kept_answers", "linked_answers"},
        {"display", "charts", "provenance"},
        {"dials"},
        {"own_digit"},
        {"networks"},
        {"lab"},
        {"opened_link", "linked", "my_room"},
        {"browser", "server"},
        {"room"},
        {"session"},
    ),
}
STREAMLIT_ONLY_IN = {"pages", "app.py", "router.py"}


def imported_names(source: str) -> set[str]:
    """Every module a file imports, wherever in the file it does so, as dotted names."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def house_of(module: str) -> tuple[str, str] | None:
    """The house (a key of ROOMS) and room that a dotted module's name lies in; None for what is not ours."""
    for house in ROOMS:
        if module.startswith(f"{house}."):
            return house, module.removeprefix(f"{house}.").split(".")[0]
    return None


def story_of(house: str, room: str) -> int | None:
    """How far from the top the room is; None where the table does not name it."""
    return next((story for story, rooms in enumerate(ROOMS[house]) if room in rooms), None)


def broken_import_rules(path: Path, source: str) -> list[str]:
    """What `path` (relative to the project) imports and may not."""
    names = imported_names(source)
    broken = []
    if path.parts[0] not in STREAMLIT_ONLY_IN:
        outside = {name for name in names if name.split(".")[0] in {"streamlit", "pages"}}
        broken += [f"{path} imports {name}" for name in sorted(outside)]
    if path.parts[0] == "pages":
        pages = {name for name in names if re.fullmatch(r"pages\.(?!shared\b).+", name)}
        broken += [f"{path} imports {name}" for name in sorted(pages)]
    here = house_of(".".join(path.with_suffix("").parts))
    if here is None:
        return broken
    house, room = here
    mine = story_of(house, room)
    if mine is None and room != "__init__":
        broken.append(f"{path} is in no room of the table")
    for name in sorted(names):
        there = house_of(name)
        if there is None or there[0] != house or there == here or mine is None:
            continue
        theirs = story_of(*there)
        if theirs is not None and theirs <= mine:
            broken.append(f"{path} imports {name}, which stands no lower")
    return broken


def project_files() -> list[Path]:
    return [
        path.relative_to(PROJECT)
        for folder in ("ae_core", "pages")
        for path in sorted((PROJECT / folder).rglob("*.py"))
    ]


def test_every_module_imports_only_what_it_may():
    assert [
        rule for path in project_files() for rule in broken_import_rules(path, (PROJECT / path).read_text())
    ] == []


@pytest.mark.parametrize("house", ROOMS)
def test_the_table_names_what_there_is_and_nothing_else(house):
    folder = PROJECT / house.replace(".", "/")
    there = {path.stem for path in folder.iterdir() if path.suffix == ".py"} | {
        path.name for path in folder.iterdir() if path.is_dir() and any(path.glob("*.py"))
    }
    assert there - {"__init__"} == set().union(*ROOMS[house])


def test_the_top_of_the_library_is_the_subject_and_no_file_holds_two_jobs():
    assert len(list((PROJECT / "ae_core").glob("*.py"))) <= 10
    lengths = {path: len((PROJECT / path).read_text().splitlines()) for path in project_files()}
    assert {path: length for path, length in lengths.items() if length > 400} == {}


def circles(imports: dict[str, set[str]]) -> list[list[str]]:
    """The ways through `imports` (module: what it imports) that come back to where they began."""
    found: list[list[str]] = []

    def follow(module: str, way: list[str]) -> None:
        if module in way:
            found.append([*way[way.index(module) :], module])
        else:
            for next_one in sorted(imports.get(module, ())):
                follow(next_one, [*way, module])

    for module in imports:
        follow(module, [])
    return found


def imports_at_start(source: str) -> set[str]:
    """Like `imported_names`, of what is imported before any function is called."""
    outer = ast.Module(
        [node for node in ast.parse(source).body if isinstance(node, (ast.Import, ast.ImportFrom))], []
    )
    return imported_names(ast.unparse(outer))


def test_no_module_imports_itself_by_way_of_others():
    ours = {".".join(path.with_suffix("").parts): (PROJECT / path).read_text() for path in project_files()}
    assert circles({name: imports_at_start(source) & set(ours) for name, source in ours.items()}) == []


def test_a_circle_is_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) != []
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("ae_core/models.py", "import streamlit as st"),
        ("ae_core/models.py", "def f():\n    from ae_core.training import train"),
        ("ae_core/data.py", "from ae_core import corruption"),
        ("ae_core/figures/base.py", "from ae_core.runs import store"),
        ("ae_core/runs/store.py", "from ae_core.service.cluster import client"),
        ("ae_core/study/iteration.py", "from ae_core.figures.base import Row"),
        ("ae_core/service/jobs.py", "from pages.shared import lab"),
        ("ae_core/utils.py", "import json"),
        ("pages/home.py", "from pages import denoising"),
        ("pages/shared/lab.py", "from pages.shared import display"),
        ("pages/shared/browser/touch.py", "from pages.shared.lab import store"),
        ("pages/shared/parts/pca_view.py", "from pages.shared.frame.lesson import begin"),
    ],
)
def test_the_import_rule_catches_an_offender(path, source):
    assert broken_import_rules(Path(path), source) != []


def unsafe_html(source: str) -> list[str]:
    """Where a file asks Streamlit to obey HTML in text, or makes HTML of what a link or a visitor says."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.keyword) and node.arg == "unsafe_allow_html":
            found.append("unsafe_allow_html")
        if isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "st.html",
            "components.html",
            "st.iframe",
        ):
            said = " ".join(ast.unparse(argument) for argument in node.args)
            found += [
                f"st.html({word})"
                for word in ("query_params", "session_state", "file.name", "cookies", "headers")
                if word in said
            ]
    return found


def test_no_text_of_a_visitor_is_obeyed_as_html():
    found = {
        path: unsafe for path in project_files() if (unsafe := unsafe_html((PROJECT / path).read_text()))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "st.markdown(name, unsafe_allow_html=True)",
        "st.html(st.query_params['a'])",
        "st.html(f'<b>{file.name}</b>')",
    ],
)
def test_the_rule_on_html_catches_an_offender(source):
    assert unsafe_html(source) != []


@pytest.mark.parametrize(
    "source", ["import pickle", "from torch import load", "import torch\ntorch.load('x')", "import marshal"]
)
def test_the_linter_catches_what_unpickles(source):
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--stdin-filename",
        "ae_core/example.py",
        "--select",
        "TID251",
        "-",
    ]
    done = subprocess.run(
        command, input=source + "\n", cwd=PROJECT, capture_output=True, text=True, timeout=60
    )
    assert "TID251" in done.stdout


@pytest.mark.parametrize(
    "command", [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]], ids=" ".join
)
def test_the_code_is_clean(command):
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=PROJECT, capture_output=True, text=True, timeout=170
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def imported_core() -> str:
    """What a fresh process says of itself after importing the whole core."""
    program = (
        "import sys, pathlib, torch\n"
        "before = torch.get_rng_state()\n"
        "for path in sorted(pathlib.Path('ae_core').rglob('*.py')):\n"
        "    if path.stem != '__main__': __import__('.'.join(path.with_suffix('').parts))\n"
        "is_untouched = torch.equal(before, torch.get_rng_state())\n"
        "print('streamlit' in sys.modules, is_untouched)"
    )
    return subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_the_core_imports_without_streamlit_and_does_nothing_at_import(imported_core):
    assert imported_core == "False True"


# What a link or a file says, by the names under which pages can come upon it, and what draws Markdown.
STRANGERS = {"query_params", "versions", "message", "getvalue"}
DRAWS = {
    "markdown",
    "write",
    "caption",
    "info",
    "warning",
    "error",
    "success",
    "title",
    "header",
    "subheader",
    "toast",
    "html",
    "metric",
}
# The message of a training that failed is the lab's own: no run that came as a file is looked up as one that
# failed.
OWN_MESSAGES = {"st.error(progress.message, icon=':material/error:')"}


def strange_calls(source: str) -> list[str]:
    """Each call in `source` that draws what a stranger may have written, without quoting it as code."""
    calls = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    return [
        ast.unparse(call)
        for call in calls
        if call.func.attr in DRAWS and any(map(_is_strange, [*call.args, *call.keywords]))
    ]


def _is_strange(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("quoted"):
        return False
    names = {getattr(node, "attr", None)} | (
        {node.slice.value}
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)
        else set()
    )
    return bool(STRANGERS & names) or any(map(_is_strange, ast.iter_child_nodes(node)))


def test_no_page_draws_what_a_link_or_a_file_says_unless_it_is_quoted():
    for path in sorted((PROJECT / "pages").rglob("*.py")):
        assert set(strange_calls(path.read_text())) <= OWN_MESSAGES, path


def test_a_page_that_draws_a_strangers_words_is_found_out():
    for words in (
        "st.query_params['x']",
        "f'{run.result[\"versions\"]}'",
        "str(file.getvalue())",
        "sender.versions",
    ):
        assert strange_calls(f"column.warning({words})")
        assert not strange_calls(f"column.warning(links.quoted({words}))")
