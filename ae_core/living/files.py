"""The scripts and styles of this folder: by name, and bundled into one script that needs no other."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
IMPORT = re.compile(r'^import (\{.*?\}) from "\./(\w+)\.js";\n', re.MULTILINE | re.DOTALL)
EXPORT = re.compile(r"^export (default )?((?:async )?function|const|class) (\w+)", re.MULTILINE)


def read_script(name: str) -> str:
    """Text of `name`.js, an ES module that may import others of this folder. Raises OSError without it."""
    return (FOLDER / f"{name}.js").read_text(encoding="utf-8")


def read_style(name: str) -> str:
    """Text of `name`.css. Raises OSError without it."""
    return (FOLDER / f"{name}.css").read_text(encoding="utf-8")


def list_mounts() -> list[str]:
    """Names of the scripts that draw something, by their default export, each with its style beside it."""
    return sorted(path.stem for path in FOLDER.glob("*.css"))


def bundle_scripts(*names: str) -> str:
    """One script of these and all that they import: for each, an object `$name` with what it exports.

    Each has a scope of its own, so that two of them may use the same name. Raises OSError for an unknown one.
    """
    told: dict[str, str] = {}

    def tell(name: str) -> None:
        text = read_script(name)
        for _, needed in IMPORT.findall(text):
            if needed not in told:
                tell(needed)
        inside = IMPORT.sub(lambda found: f"const {found[1]} = ${found[2]};\n", text)
        exported = ", ".join(
            f"default: {name}" if is_default else name for is_default, _, name in EXPORT.findall(text)
        )
        body = EXPORT.sub(r"\2 \3", inside)
        told[name] = f"const ${name} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();\n"

    for name in names:
        if name not in told:
            tell(name)
    return "".join(told.values())


@cache
def pack_module() -> bytes:
    """An ES module with all that draws: `mounts`, functions by name, and `styles`, CSS by the same names.

    And `engine` and `noise`, what `network.js` and `noise.js` export.
    """
    names = list_mounts()
    exported = {
        "mounts": f"{{ {', '.join(f'{name}: ${name}.default' for name in names)} }}",
        "styles": json.dumps({name: read_style(name) for name in names}),
        "engine": "$network",
        "noise": "$noise",
    }
    lines = "".join(f"export const {name} = {value};\n" for name, value in exported.items())
    return f"{bundle_scripts(*names)}{lines}".encode()


@cache
def module_mark() -> str:
    """A mark of 16 hexadecimal digits, another as soon as the module is: an address with it never changes."""
    return hashlib.sha256(pack_module()).hexdigest()[:16]


def module_place() -> str:
    """Where a browser gets the module, from the lab's own address."""
    return f"living/{module_mark()}.js"
