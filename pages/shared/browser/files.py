"""The JavaScript and CSS files of this folder, as text for Streamlit's components and as HTML style elements.

Text goes to the browser with the page: a file's address would cost a request more, and Streamlit takes one
only of an installed package.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ae_core.living.files import EXPORT

FOLDER = Path(__file__).parent


def read_script(name: str) -> str:
    """Text of `name`.js, an ES module without imports. Raises FileNotFoundError where the copy is not whole.

    Sent as text it has no address from which it could import another.
    """
    return _read(f"{name}.js")


def plain_script(name: str) -> str:
    """Text of `name`.js as a plain script, for a place in the page where it runs at once. Raises as above."""
    return EXPORT.sub(r"\2 \3", read_script(name))


def read_style(name: str) -> str:
    """Text of `name`.css. Raises FileNotFoundError where the copy is not whole."""
    return _read(f"{name}.css")


def style_html(*names: str, properties: Mapping[str, str] | None = None) -> str:
    """HTML style element: the CSS files of these names, and the values of their custom properties by name."""
    values = "".join(f"--{name}: {value}; " for name, value in (properties or {}).items())
    return f"<style>{f':root {{{values}}}' if values else ''}{''.join(map(read_style, names))}</style>"


@cache
def _read(file: str) -> str:
    path = FOLDER / file
    if not path.is_file():
        raise FileNotFoundError(f"The lab's own file {path} is missing. Install or copy the lab again.")
    return path.read_text(encoding="utf-8")
