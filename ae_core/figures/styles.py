"""CSS files as HTML style elements, for what is shown or taken along as HTML."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def style_html(path: Path) -> str:
    """HTML style element with the CSS file at `path`, read once. Raises OSError where it cannot be read."""
    return f"<style>{path.read_text(encoding='utf-8')}</style>"
