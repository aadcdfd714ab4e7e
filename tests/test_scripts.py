"""The scripts and styles: lint, syntax, length, and none of them in a Python string."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ae_core.living import files
from tests.conftest import PROJECT

BROWSER, LIVING = PROJECT / "pages/shared/browser", PROJECT / "ae_core/living"
SERVER, PHONE = PROJECT / "pages/shared/server", PROJECT / "pages/shared/room/phone.js"
ALONE, TOGETHER = sorted([*BROWSER.glob("*.js"), *SERVER.glob("*.js")]), sorted(LIVING.glob("*.js"))
SCRIPTS = [*ALONE, *TOGETHER, PHONE]
STYLES = sorted(path for folder in ("ae_core", "pages") for path in (PROJECT / folder).rglob("*.css"))
# How a component's module begins; split, so that a search for it finds no Python.
DEFAULT = "export default"


def lint(*scripts: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).parent / "oxlint", "--config", PROJECT / ".oxlintrc.json", *scripts]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60)


def test_every_script_is_clean():
    done = lint(BROWSER, SERVER, LIVING, PHONE.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f" on {len(SCRIPTS)} files" in done.stdout


@pytest.mark.parametrize(
    "line",
    [
        "undeclared = 1;",
        "export let spare = 1, other = spare == null;",
        "/** @param n */ export const f = (n) => n;",
    ],
)
def test_the_linter_of_scripts_catches_an_offender(tmp_path, line):
    script = tmp_path / "example.js"
    script.write_text(f"{line}\n")
    assert lint(script).returncode == 1


def is_module(script: str) -> bool:
    """Whether Node reads a text as a JavaScript module. Skips the test where there is no Node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not at hand")
    command = [node, "--input-type=module", "--check"]
    return subprocess.run(command, input=script, capture_output=True, text=True, timeout=60).returncode == 0


@pytest.mark.parametrize("path", ALONE, ids=lambda path: path.name)
def test_every_script_that_comes_as_text_is_a_module_that_needs_no_other(path):
    script = path.read_text()
    assert script.count(f"{DEFAULT} function ") == 1
    # a script that comes as text cannot, but for those that load others from their own address
    assert re.search(r"^import\b", script, re.MULTILINE) is None
    assert ("import(" in script) == (path.name in ("load_living.js", "scripts_ahead.js"))
    assert is_module(script)


@pytest.mark.parametrize("path", TOGETHER, ids=lambda path: path.name)
def test_every_living_script_is_a_module(path):
    assert is_module(path.read_text())


def test_the_phones_script_is_a_module_that_needs_no_other():
    assert is_module(PHONE.read_text())
    assert re.search(r"^import\b|\bimport\(", PHONE.read_text(), re.MULTILINE) is None


def test_what_draws_has_a_style_beside_it_and_all_goes_into_one_module():
    drawing = [path.stem for path in TOGETHER if DEFAULT in path.read_text()]
    assert drawing == files.list_mounts()
    module = files.pack_module().decode()
    assert re.search(r"^import\b", module, re.MULTILINE) is None
    taken_along = {"page"}  # in files that need no server, and in those alone
    parts = {path.stem: module.count(f"const ${path.stem} = ") for path in TOGETHER}
    assert parts == {name: int(name not in taken_along) for name in parts}
    assert is_module(module)


def test_a_script_that_cannot_be_read_is_found_out():
    assert not is_module(f"{DEFAULT} function ( {{}}")


@pytest.mark.parametrize("path", SCRIPTS + STYLES, ids=lambda path: path.name)
def test_every_script_and_style_fits_beside_another(path):
    assert [line for line in path.read_text().splitlines() if len(line) > 110] == []


def broken_style(css: str) -> list[str]:
    """What no browser would read as meant: braces that do not match, custom properties by strange names."""
    bare = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    depth, broken = (
        0,
        [name for name in re.findall(r"var\((--[\w-]+)", bare) if not name.startswith(("--lab-", "--st-"))],
    )
    for brace in re.findall(r"[{}]", bare):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            break
    return broken + (["braces"] if depth else [])


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_every_style_is_whole(path):
    assert broken_style(path.read_text()) == []


@pytest.mark.parametrize("css", ["p { color: red", "p { color: red } }", "p { color: var(--text) }"])
def test_a_style_that_is_not_whole_is_found_out(css):
    assert broken_style(css) != []


# What no text for a visitor has and a script or a style cannot do without: words of its own, a block of
# declarations.
FOREIGN = re.compile(
    r"export default|=>|\b(const|let) \w+ =|\b(document|window)\.\w|\bfunction ?\w*\("
    r"|</?(style|script)\b|@media\b"
    r"|\{\s*--?[a-z]|(?<![%$])\{\s*[a-z-]+\s*:[^{}]*\}"
)
# They make the style elements that CSS files come in.
MAKE_STYLES = (BROWSER / "files.py", PROJECT / "ae_core/figures/styles.py")


def foreign_strings(source: str) -> list[str]:
    """The texts in a Python file that are JavaScript or CSS. What documents or is said is none of them."""
    tree = ast.parse(source)
    documents = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    documents |= {
        id(text)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("say", "say_count")
        for text in node.args
    }
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents
    ]
    return [text for text in texts if FOREIGN.search(text)]


def test_no_script_and_no_style_is_a_python_string():
    ours = [PROJECT / "app.py", PROJECT / "router.py"]
    ours += [path for folder in ("ae_core", "pages") for path in sorted((PROJECT / folder).rglob("*.py"))]
    found = {path: strings for path in ours if (strings := foreign_strings(path.read_text()))}
    for path in MAKE_STYLES:
        assert found.pop(path) == ["<style>", "</style>"]
    assert found.pop(PHONE.parent / "phone_page.py") == [
        "<style>",
        "</style>",
        '<script type="module">',
        "</script>",
    ]
    assert found.pop(LIVING / "files.py") == [" = (() => {\n"]  # it gives every script a scope of its own
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        f"js = '{DEFAULT} function () {{}}'",
        "js = f'document.title = {title}'",
        "js = 'addEventListener(\"paste\", (event) => 1)'",
        "st.html('<style>p { color: red }</style>')",
        "css = '.lab { color: red }'",
        "css = f'.st-key-{key} {{ position: absolute }}'",
        "css = '@media (max-width: 640px)'",
    ],
)
def test_a_script_or_a_style_in_a_python_string_is_found_out(source):
    assert foreign_strings(source) != []
    assert foreign_strings(f'"""{source}"""') == []


@pytest.mark.parametrize(
    "source",
    [
        "words = f'Step {place} of {count}: {name}'",
        "html = '<p style=\"margin: 0; color: red\">'",
        "json = '{\"a\": 1}'",
    ],
)
def test_a_text_for_a_visitor_is_neither_script_nor_style(source):
    assert foreign_strings(source) == []
