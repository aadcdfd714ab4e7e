"""What comes with every page: its style, and the scripts that its elements need."""

from __future__ import annotations

import re

import pytest

from ae_core.living.files import module_place
from pages.shared.browser import files
from pages.shared.frame import beginning
from pages.shared.frame.beginning import find_beginning
from pages.shared.server import preloaded
from pages.shared.server.preloaded import INDEX, SCRIPTS, scripts_html

PAGE = {"path": "/convolutional", "query_string": b""}


def linked(html: str) -> list[str]:
    return re.findall(r'<link rel="modulepreload" crossorigin href="\./([^"]+)">', html)


@pytest.fixture
def page_of_elements(monkeypatch, tmp_path):
    """A Streamlit of its own: scripts by name and text, and the one that its page begins with."""

    def write(**scripts: str) -> None:
        (tmp_path / SCRIPTS).mkdir(parents=True)
        for name, text in scripts.items():
            (tmp_path / SCRIPTS / f"{name}.1a.js").write_text(text)
        (tmp_path / "index.html").write_text(f'<script src="./{SCRIPTS}/index.1a.js"></script>')
        monkeypatch.setattr(preloaded, "INDEX", tmp_path / "index.html")

    return write


def test_every_page_comes_with_its_style_and_with_home_comes_homes_beginning_besides():
    elsewhere = find_beginning(PAGE)
    assert '[class*="st-key-unseen_"] { position: absolute' in elsewhere
    assert "lab-first-sight" not in elsewhere.replace("#lab-first-sight", "")
    home = find_beginning({"path": "/", "query_string": b""})
    assert home.startswith(elsewhere)
    assert '<div id="lab-first-sight">' in home
    assert home.count('[class*="st-key-unseen_"] { position: absolute') == 1


def test_scripts_of_all_kinds_of_elements_are_there_and_come_once():
    places = linked(scripts_html())
    assert len(places) == len(set(places))
    *chunks, living = places
    assert living == module_place()
    for place in chunks:
        assert (INDEX.parent / place).is_file()
        assert place not in INDEX.read_text()
    for element in preloaded.ELEMENTS:
        assert any(place.startswith(f"{SCRIPTS}/{element}.") for place in chunks), element


def test_what_a_script_imports_comes_too_but_not_what_the_page_has(page_of_elements):
    page_of_elements(
        Slider='import{a}from"./format.1a.js";import"./index.1a.js";export{a}',
        format='export * from"./Slider.1a.js";import "./far.1a.js";import "./gone.1a.js"',
        far="",
        index="",
        Plotly="",
    )
    names = [
        place.removeprefix(f"{SCRIPTS}/").removesuffix(".1a.js")
        for place in linked(scripts_html.__wrapped__())
    ]
    assert names[:-1] == ["Slider", "far", "format"]


def test_a_page_comes_without_a_style_that_is_not_whole(monkeypatch, tmp_path, caplog):
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    files._read.cache_clear()
    try:
        assert beginning._of_every_page.__wrapped__() == ""
    finally:
        files._read.cache_clear()
    assert "page.css is missing. Install or copy the lab again." in caplog.text
