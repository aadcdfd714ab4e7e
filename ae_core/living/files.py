"""The scripts and styles of this folder: by name, as a whole with a mark, and bundled into one script."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
IMPORT = re.compile(r'^import .*? from "\./(\w+)\.js";\n', re.MULTILINE | re.DOTALL)
EXPORT = re.compile(r"^export (?:default )?(?=(?:async )?function|const|class)", re.MULTILINE)


@cache
def read_files() -> dict[str, bytes]:
    """Every script and style by its file's name, such as "network.js"."""
    return {path.name: path.read_bytes() for path in sorted(FOLDER.glob("*.[jc]s*"))}


@cache
def files_mark() -> str:
    """A mark of 16 hexadecimal digits that is another as soon as a file is. An address with it never changes."""
    return hashlib.sha256(b"".join(read_files().values())).hexdigest()[:16]


def bundle_scripts(name: str) -> str:
    """One script of `name`.js and all that it imports, for a page without a server. Raises KeyError without it.

    Names at the top of these files are therefore no two alike.
    """
    told: list[str] = []

    def tell(script: str) -> None:
        text = read_files()[f"{script}.js"].decode()
        for needed in IMPORT.findall(text):
            if needed not in done:
                done.add(needed)
                tell(needed)
        told.append(EXPORT.sub("", IMPORT.sub("", text)))

    done = {name}
    tell(name)
    return "\n".join(told)
