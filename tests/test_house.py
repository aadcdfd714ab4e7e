"""The house rules: formatting, lint, types, who may import whom, and no import that does things."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT

# Left column: a module of ae_core. Right: the modules of ae_core that it may import, all of them above it.
MAY_IMPORT = {
    "errors": set(),
    "versions": set(),
    "config": {"errors"},
    "data": {"errors", "config"},
    "corruption": {"config"},
    "models": {"config"},
    "metrics": set(),
    "baselines": {"metrics"},
    "latent": {"baselines", "models"},
    "training": {"baselines", "config", "data", "corruption", "models", "metrics", "errors"},
    "robustness": {"config", "corruption", "metrics", "models", "training"},
    "png": set(),
    "state_file": set(),
    "store": {"config", "metrics", "models", "errors", "png", "state_file", "training", "versions"},
    "links": {"config", "store", "versions"},
    "tickets": {"config", "store", "errors", "versions"},
    "housekeeping": {"config", "store", "tickets", "errors"},
    "cluster": {"store", "errors", "versions"},
    "worker": {"config", "data", "models", "training", "store", "tickets", "housekeeping", "errors", "versions"},
    "jobs": {"config", "store", "tickets", "housekeeping", "cluster", "worker", "errors", "versions"},
    "run_file": {"config", "corruption", "data", "errors", "housekeeping", "metrics", "models", "store", "training"},
    "decoding": {"errors"},
    "digits": {"decoding", "errors"},
    "digit_figures": {"digits", "png"},
    "figures": {"config", "png"},
    "network_figures": {"config", "figures", "models", "png"},
    "noise_figures": {"figures", "png", "robustness"},
    "report": {"config", "corruption", "data", "figures", "jobs", "metrics", "models", "robustness", "store", "training"},
    "oddities": {"data", "digits", "metrics", "models", "training"},
    "iteration": {"data", "figures", "metrics", "models"},
    "likeness": {"metrics", "models"},
    "latent_figures": {"figures", "latent", "png"},
    "training_figures": {"figures", "latent_figures"},
}


def imported_names(source: str) -> set[str]:
    """Every module a file imports, wherever in the file it does so, as dotted names."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def broken_import_rules(path: Path, source: str) -> list[str]:
    """What `path` (relative to the project) imports and may not."""
    names = imported_names(source)
    roots = {name.split(".")[0] for name in names}
    broken = []
    if path.parts[0] == "ae_core":
        broken += [f"{path} imports {root}" for root in roots & {"streamlit", "streamlit_drawable_canvas", "pages"}]
        ours = {name.split(".")[1] for name in names if name.startswith("ae_core.")} & set(MAY_IMPORT)
        allowed = MAY_IMPORT.get(path.stem, set(MAY_IMPORT))
        broken += [f"{path} imports ae_core.{module}" for module in sorted(ours - allowed)]
    if path.parts[0] == "pages":
        ours = {name for name in names if name.startswith("pages.") and not name.startswith("pages.shared")}
        broken += [f"{path} imports {name}" for name in sorted(ours)]
    return broken


def project_files() -> list[Path]:
    return [path.relative_to(PROJECT) for folder in ("ae_core", "pages") for path in sorted((PROJECT / folder).rglob("*.py"))]


def test_every_module_imports_only_what_it_may():
    assert [rule for path in project_files() for rule in broken_import_rules(path, (PROJECT / path).read_text())] == []


def test_modules_import_only_what_stands_above_them():
    above: set[str] = set()
    for module, allowed in MAY_IMPORT.items():
        assert allowed <= above, module
        above.add(module)


def test_every_module_of_the_core_has_its_rule():
    assert {path.stem for path in (PROJECT / "ae_core").glob("*.py")} - {"__init__", "__main__"} == set(MAY_IMPORT)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("ae_core/models.py", "import streamlit as st"),
        ("ae_core/models.py", "def f():\n    from ae_core.training import train"),
        ("ae_core/figures.py", "from ae_core import store"),
        ("ae_core/store.py", "from ae_core.tickets import ask"),
        ("ae_core/worker.py", "from ae_core import cluster"),
        ("ae_core/jobs.py", "from pages.shared import lab"),
        ("pages/home.py", "from pages import denoising"),
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
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("st.html", "components.html", "st.iframe"):
            said = " ".join(ast.unparse(argument) for argument in node.args)
            found += [f"st.html({word})" for word in ("query_params", "session_state", "file.name", "cookies", "headers") if word in said]
    return found


def test_no_text_of_a_visitor_is_obeyed_as_html():
    found = {path: unsafe for path in project_files() if (unsafe := unsafe_html((PROJECT / path).read_text()))}
    assert found == {Path("pages/shared/scrubber.py"): ["unsafe_allow_html"]}  # pictures of ae_core.figures alone


@pytest.mark.parametrize(
    "source", ["st.markdown(name, unsafe_allow_html=True)", "st.html(st.query_params['a'])", "st.html(f'<b>{file.name}</b>')"]
)
def test_the_rule_on_html_catches_an_offender(source):
    assert unsafe_html(source) != []


@pytest.mark.parametrize("source", ["import pickle", "from torch import load", "import torch\ntorch.load('x')", "import marshal"])
def test_the_linter_catches_what_unpickles(source):
    command = [sys.executable, "-m", "ruff", "check", "--stdin-filename", "ae_core/example.py", "--select", "TID251", "-"]
    done = subprocess.run(command, input=source + "\n", cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert "TID251" in done.stdout


@pytest.mark.parametrize("command", [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]], ids=" ".join)
def test_the_code_is_clean(command):
    done = subprocess.run([sys.executable, "-m", *command], cwd=PROJECT, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def imported_core() -> str:
    """What a fresh process says of itself after importing the whole core."""
    program = (
        "import sys, pathlib, torch\n"
        "before = torch.get_rng_state()\n"
        "for path in sorted(pathlib.Path('ae_core').glob('*.py')):\n"
        "    if path.stem != '__main__': __import__(f'ae_core.{path.stem}')\n"
        "print('streamlit' in sys.modules, torch.equal(before, torch.get_rng_state()), 'mlxtend' in sys.modules)"
    )
    return subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True).stdout.strip()


def test_the_core_imports_without_streamlit_and_does_nothing_at_import(imported_core):
    assert imported_core == "False True False"


# What a link or a file says, by the names under which pages can come upon it, and what draws Markdown.
STRANGERS = {"query_params", "versions", "message", "getvalue"}
DRAWS = {"markdown", "write", "caption", "info", "warning", "error", "success", "title", "header", "subheader", "toast", "html", "metric"}
# The message of a training that failed is the lab's own: no run that came as a file is ever looked up as one that failed.
OWN_MESSAGES = {"st.error(progress.message, icon=':material/error:')"}


def strange_calls(source: str) -> list[str]:
    """Each call in `source` that draws what a stranger may have written, and does not put it between quotation marks of code."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    return [ast.unparse(call) for call in calls if call.func.attr in DRAWS and any(map(_is_strange, [*call.args, *call.keywords]))]


def _is_strange(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("quoted"):
        return False
    names = {getattr(node, "attr", None)} | (
        {node.slice.value} if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) else set()
    )
    return bool(STRANGERS & names) or any(map(_is_strange, ast.iter_child_nodes(node)))


def test_no_page_draws_what_a_link_or_a_file_says_unless_it_is_quoted():
    for path in sorted((PROJECT / "pages").rglob("*.py")):
        assert set(strange_calls(path.read_text())) <= OWN_MESSAGES, path


def test_a_page_that_draws_a_strangers_words_is_found_out():
    for words in ("st.query_params['x']", "f'{run.result[\"versions\"]}'", "str(file.getvalue())", "sender.versions"):
        assert strange_calls(f"column.warning({words})")
        assert not strange_calls(f"column.warning(links.quoted({words}))")
