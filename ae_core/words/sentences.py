"""What visitors read, in English or in the one other language that this server speaks.

A sentence stands in the code, in English, where it is used: `say("{count} digits", count=count)`. Its English
is its key in a translation, which is one file for all of the lab, in gettext's form (`languages/de.po`, say).
AE_LAB_LANGUAGE names the language, or a file that lies elsewhere; without it nothing is read.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from gettext import GNUTranslations, NullTranslations
from html import escape
from io import BytesIO
from pathlib import Path
from string import Formatter

from ae_core.errors import ConfigError

VARIABLE = "AE_LAB_LANGUAGE"
LANGUAGES = Path(__file__).with_name("languages")
# A sentence in a file of HTML; where a line ends in it does not matter.
HTML_SENTENCE = re.compile(r"\{\{(.+?)\}\}", re.DOTALL)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Translation:
    """A language's sentences by the English ones, and the English ones of one form by their translations."""

    sentences: NullTranslations = field(default_factory=NullTranslations)
    english: Mapping[str, str] = field(default_factory=dict)


def say(text: str, /, **values: object) -> str:
    """The sentence `text` in this server's language, with `values` filled in as `str.format` does.

    text: English, a literal, so that `python -m tests.words` finds it. Without values, braces in it mean
    themselves, as in TeX.
    """
    translated = _translation().sentences.gettext(text)
    return translated.format(**values) if values else translated


def say_count(one: str, many: str, /, count: int, **values: object) -> str:
    """Like `say`: the sentence `one` of 1, `many` of any other number; `count` is filled in too.

    Other languages may have more forms.
    """
    return _translation().sentences.ngettext(one, many, count).format(count=count, **values)


def translate(text: str) -> str:
    """What `say` makes of a text from a file or a link, which is no literal: as something else says it."""
    return _translation().sentences.gettext(text) if text else ""


def say_in_html(text: str) -> str:
    """HTML in which each sentence between {{ and }}, in English, is said, as text."""
    return HTML_SENTENCE.sub(lambda found: escape(translate(" ".join(found[1].split()))), text)


def find_english(text: str) -> str:
    """The English of what `say` made of a sentence without values; else `text` as it is."""
    return _translation().english.get(text, text)


def spoken_language() -> str:
    """The code of the language that visitors read, as HTML's `lang` has it: "en", or what the file says."""
    return _translation().sentences.info().get("language", "").replace("_", "-") or "en"


def check_language() -> None:
    """Raise ConfigError where AE_LAB_LANGUAGE names no translation, or one that cannot be read."""
    if name := _named_language():
        read_translation(find_translation(name))


def find_translation(name: str) -> Path:
    """The file of the language `name`, or at the path `name`. Raises ConfigError where there is none."""
    known = {path.stem: path for path in LANGUAGES.glob("*.po")}
    place = Path(name) if name.endswith(".po") else known.get(name)
    if place is None or not place.is_file():
        raise ConfigError(
            f"{VARIABLE} is {name!r}, and the lab has no such translation. Choose one of: "
            f"{', '.join(sorted({'en', *known}))}; or name a file that ends in .po."
        )
    return place


def read_translation(place: Path) -> Translation:
    """The sentences of a file in gettext's form.

    Where a translation lacks a placeholder of the English or has another one, the English stays, and the log
    says so. Raises ConfigError where the file is not of that form.
    """
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import PoFileError, read_po

    try:
        with place.open("rb") as file:
            catalogue = read_po(file, abort_invalid=True)
    except (OSError, ValueError, PoFileError) as problem:
        raise ConfigError(
            f"The translation {place} cannot be read: {problem}. Mend the file, or unset {VARIABLE}."
        ) from problem
    for message in list(catalogue):
        if message.id and not fits(_forms(message.id), _forms(message.string)):
            logger.warning("%s: other placeholders than in English, so that is used: %r", place, message.id)
            catalogue.delete(message.id, message.context)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    english = {
        each.string: each.id
        for each in catalogue
        if isinstance(each.id, str) and isinstance(each.string, str) and each.id and not each.fuzzy
    }
    return Translation(GNUTranslations(BytesIO(compiled.getvalue())), english)


def fits(english: Iterable[str], translated: Iterable[str]) -> bool:
    """Whether all forms of a translation take the values that the English takes, and each in the same way.

    A form that has yet to be translated takes them; so does any, where braces in the English are TeX's.
    """
    try:
        wanted = {frozenset(list_placeholders(form)) for form in english}
    except ValueError:
        return True
    try:
        return all(frozenset(list_placeholders(form)) in wanted for form in translated if form)
    except ValueError:
        return False


def list_placeholders(text: str) -> list[str]:
    """What `str.format` fills into `text`, such as '{share:.0%}'. Raises ValueError where braces are open."""
    return [
        f"{{{name}{'!' + kind if kind else ''}:{form}}}"
        for _, name, form, kind in Formatter().parse(text)
        if name is not None
    ]


def _forms(said: str | Iterable[str] | None) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said or ())


def _named_language() -> str:
    name = os.environ.get(VARIABLE, "").strip()
    return "" if name == "en" else name


@cache
def _translation() -> Translation:
    """Of the language that AE_LAB_LANGUAGE names when something is first said.

    English where it names none that can be read: `check_language` tells whoever starts the server.
    """
    name = _named_language()
    try:
        return read_translation(find_translation(name)) if name else Translation()
    except ConfigError as problem:
        logger.warning("%s", problem)
        return Translation()
