"""What there is to translate, as files that every editor of translations reads.

    python -m tests.words          writes ae_core/words/catalogue/, a template for each lesson
    python -m tests.words de       and the translation ae_core/words/languages/de.po: new, or with what is new

A lesson's template has what its page says, with the parts that no other page has; `shared` what lessons
share, `room` what is said on phones and around a room, `library` what `ae_core` says.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from ae_core.words.sentences import HTML_SENTENCE, LANGUAGES
from tests.test_house import imported_names

PROJECT = Path(__file__).resolve().parents[1]
TEMPLATES = LANGUAGES.with_name("catalogue")
SAYS = {"say": 1, "say_count": 2}
# The speaker notes: a table a page.
NOTES = "pages/shared/frame/notes.toml"
HTML = (
    "pages/shared/frame/first_sight.html",
    "pages/shared/room/phone.html",
    "pages/shared/server/no_socket.html",
)
ROOM = ("ae_core/room/", "pages/shared/room/", "pages/shared/my_room.py", "pages/shared/frame/room_view.py")
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
HEAD = "# What the lab says, to be translated: written by `python -m tests.words`."


@dataclass(frozen=True)
class Sentence:
    """A sentence in English: in one form, or in two, of one thing and of many.

    place: the file that says it. lesson: where that is not said by the file's place.
    """

    forms: tuple[str, ...]
    place: str
    lesson: str = ""


def list_files() -> list[str]:
    """Every Python file of the lab, from the project's folder."""
    found = [path for folder in ("ae_core", "pages") for path in (PROJECT / folder).rglob("*.py")]
    return sorted(path.relative_to(PROJECT).as_posix() for path in [*found, PROJECT / "router.py"])


def find_said(source: str, place: str) -> Iterator[Sentence]:
    """What the Python text `source` says. Raises ValueError where that is no literal."""
    calls = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAYS
    ]
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        forms = call.args[: SAYS[call.func.id]]
        if not all(isinstance(form, ast.Constant) and isinstance(form.value, str) for form in forms):
            raise ValueError(f"{place}:{call.lineno}: what is said must be a literal")
        yield Sentence(tuple(form.value for form in forms), place)


def find_sentences(place: str) -> Iterator[Sentence]:
    """What a file of the lab says."""
    text = (PROJECT / place).read_text(encoding="utf-8")
    if place.endswith(".toml"):
        for page, notes in tomllib.loads(text).items():
            yield from (Sentence((note.strip(),), place, page) for note in notes.values())
    elif place.endswith(".html"):
        yield from (Sentence((" ".join(said.split()),), place) for said in HTML_SENTENCE.findall(text))
    else:
        yield from find_said(text, place)


@cache
def _find_users() -> dict[str, set[str]]:
    """The pages that need each file of `pages/shared`, by the file's place."""
    needs = {
        place: {f"{name.replace('.', '/')}.py" for name in imported_names((PROJECT / place).read_text())}
        for place in list_files()
        if place.startswith("pages/")
    }
    users: dict[str, set[str]] = defaultdict(set)
    for page in (place for place in needs if place.count("/") == 1):
        waiting = [page]
        while waiting:
            place = waiting.pop()
            if place in needs and page not in users[place]:
                users[place].add(page)
                waiting += needs[place]
    return users


def name_template(place: str) -> str:
    """The template that has what a file says: a lesson's, or one of 'shared', 'room', 'library'."""
    if place.startswith(ROOM):
        return "room"
    if place.startswith("ae_core/"):
        return "library"
    users = _find_users().get(place, set())
    return Path(next(iter(users))).stem if len(users) == 1 else "shared"


def make_templates() -> dict[str, Catalog]:
    """The templates, by name."""
    made: dict[str, Catalog] = {}
    for place in [*list_files(), NOTES, *HTML]:
        for sentence in find_sentences(place):
            name = sentence.lesson or name_template(place)
            _add(made.setdefault(name, _start_catalogue()), sentence)
    return dict(sorted(made.items()))


def _start_catalogue(locale: str | None = None) -> Catalog:
    return Catalog(
        locale,
        header_comment=HEAD,
        project="Autoencoder Lab",
        version="1",
        creation_date=EPOCH,
        fuzzy=False,
    )


def _add(catalogue: Catalog, sentence: Sentence) -> None:
    forms = sentence.forms if len(sentence.forms) > 1 else sentence.forms[0]
    catalogue.add(forms, locations=[(sentence.place, None)])


def to_text(catalogue: Catalog) -> bytes:
    """The catalogue in gettext's form, without the numbers of lines, which change with every other change."""
    file = BytesIO()
    write_po(file, catalogue, width=110, include_lineno=False)
    return file.getvalue()


def join_templates() -> Catalog:
    """All that is to be translated, each sentence once."""
    joined = _start_catalogue()
    for template in make_templates().values():
        for message in list(template)[1:]:
            joined.add(message.id, locations=message.locations)
    return joined


def write_templates() -> None:
    """Write the templates anew."""
    TEMPLATES.mkdir(exist_ok=True)
    for path in TEMPLATES.glob("*.pot"):
        path.unlink()
    for name, template in make_templates().items():
        (TEMPLATES / f"{name}.pot").write_bytes(to_text(template))


def write_translation(language: str) -> None:
    """Write the file of a language: what is translated in it stays, what is new is added."""
    place = LANGUAGES / f"{language}.po"
    LANGUAGES.mkdir(exist_ok=True)
    if place.exists():
        with place.open("rb") as file:
            translation = read_po(file, locale=language)
        translation.update(join_templates(), no_fuzzy_matching=True)
    else:
        translation = _start_catalogue(language)
        for message in list(join_templates())[1:]:
            translation.add(message.id, locations=message.locations)
    place.write_bytes(to_text(translation))


if __name__ == "__main__":
    write_templates()
    for language in sys.argv[1:]:
        write_translation(language)
