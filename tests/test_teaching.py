"""The plans in docs/teaching.md: every step that they name is there."""

from __future__ import annotations

import ast
import re

import pytest

from tests.conftest import PROJECT

PLANS = (PROJECT / "docs" / "teaching.md").read_text(encoding="utf-8")
# What the three model pages share.
BENCH = PROJECT / "pages" / "shared" / "frame" / "model_page.py"


def beats_of(source: str) -> set[str]:
    """The names of the beats in a file: the first argument of each call of `beat`."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id == "beat"
        and isinstance(call.args[0], ast.Constant)
    }


def beats_by_page() -> dict[str, set[str]]:
    """The beats of every page of the lab, by the page's name."""
    found = {}
    for path in sorted((PROJECT / "pages").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        shared = beats_of(BENCH.read_text(encoding="utf-8")) if "show_model_bench" in source else set()
        found[path.stem] = beats_of(source) | shared
    return found


def steps() -> list[tuple[str, str]]:
    """Page and beat of every address in the plans; an empty beat for a page alone."""
    found = re.findall(r"`/(\w*)(?:#(\w+))?`", PLANS)
    return [(page or "home", name) for page, name in found]


@pytest.mark.parametrize(("page", "name"), sorted(set(steps())))
def test_every_step_of_the_plans_is_there(page, name):
    there = beats_by_page()
    assert page in there
    assert not name or name in there[page]


def test_the_plans_go_through_all_lessons_of_the_path():
    from pages.shared.frame.path import PATH

    assert {lesson.page for lesson in PATH} <= {page for page, _ in steps()}


def test_what_is_only_expected_is_marked():
    heads = [line for line in PLANS.splitlines() if line.startswith("| Minute")]
    assert len(heads) == 3
    assert all("*Expect* (not measured)" in head for head in heads)
