"""Scripts that the lab's pages need, named in the one HTML page so that a browser gets them all at once.

It would hear of each only once it has an element that needs it, and of the scripts that this one needs only
once it has read it: a grey box of another height stands where the element will be, and the page jumps.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import streamlit as st

from ae_core.living.files import module_place

INDEX = Path(st.__file__).parent / "static" / "index.html"
SCRIPTS = "static/js"
# What Streamlit calls the scripts of elements that most pages have on their first screen, and of formulas.
ELEMENTS = (
    "BidiComponent",
    "Button",
    "ButtonGroup",
    "Checkbox",
    "Html",
    "PageLink",
    "Radio",
    "Selectbox",
    "Slider",
    "rehype-katex",
)
IMPORTED = re.compile(r'(?:from|import)\s*"\./([^"/]+\.js)"')


@cache
def scripts_html() -> str:
    """HTML links to Streamlit's scripts for elements, and to the living pictures' own.

    Those that this version of Streamlit does not have are left out.
    """
    places = [*(f"{SCRIPTS}/{name}" for name in _find_chunks()), module_place()]
    return "".join(f'<link rel="modulepreload" crossorigin href="./{place}">' for place in places)


def _find_chunks() -> list[str]:
    """File names of the elements' scripts and of all that they import, without those that the page has."""
    folder = INDEX.parent / SCRIPTS
    in_page = INDEX.read_text(encoding="utf-8")
    ahead = [path.name for name in ELEMENTS for path in folder.glob(f"{name}.*.js")]
    found: set[str] = set()
    while ahead:
        name = ahead.pop()
        if name in found or f"{SCRIPTS}/{name}" in in_page or not (folder / name).is_file():
            continue
        found.add(name)
        ahead += IMPORTED.findall((folder / name).read_text(encoding="utf-8"))
    return sorted(found)
