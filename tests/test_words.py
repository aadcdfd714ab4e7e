"""Every sentence that a visitor reads comes from the catalogue, and a translation cannot break a page."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ae_core.errors import ConfigError
from ae_core.words import sentences
from ae_core.words.sentences import VARIABLE, find_english, fits, say, say_count
from tests import words
from tests.conftest import PROJECT
from tests.support.marks import CLOSE, OPEN, unmarked_words, write_marked

# Where all that reads like a sentence is one that a visitor reads.
ROOMS = ("figures", "living", "pictures", "room", "runs", "service", "study")
SPEAKING = ("pages/", *(f"ae_core/{room}/" for room in ROOMS), "router.py")
SPEAKING_FILES = ("config", "data", "models", "training")
# What tells the program, whoever runs the lab, or a browser, and no visitor.
SILENT_FILES = {
    "ae_core/living/files.py",  # JavaScript that is put together
    "ae_core/living/network_file.py",  # kinds of layers, as scripts know them
    "ae_core/runs/notebook.py",  # a notebook that is taken along is English in every language
    "pages/shared/session.py",  # what each key of a session holds
    "pages/shared/server/frames.py",  # what headers and the server's log say
    "pages/shared/server/health.py",
    "pages/shared/server/living_files.py",
    "pages/shared/server/mailbox.py",
    "pages/shared/server/safe_log.py",
    "pages/shared/server/sessions.py",
}
SILENT_CALLS = re.compile(
    r"(logger|logging|re|warnings)\.\w+|print|getattr|TypeVar|field|\w*seeded|SystemExit|\w+\.(split|replace)"
    r"|(Assertion|FileNotFound|Key|NotImplemented|Runtime|Type|Value)Error"
)
# Names and marks that only look like sentences: what is stored, sent, or stands in a style.
NO_SENTENCES = {
    "linear FAE", "denoising FAE", "denoising linear FAE", "denoising {}", "The lab's", "Autoencoder Lab",
    "python -m ae_core train", "batch order", "Not found", "noisy digits ({})",
    "Salt and pepper", "Squared error", "Binary cross-entropy", "Share read right",  # as links have them
}  # fmt: skip
HAS_DOCSTRING = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
WORDS = re.compile(r"[^\W\d_]{2,}[,.:;]? [^\W\d_]")
STYLE = re.compile(r"</?[a-z]+\b|\d(px|rem|%)|[a-z]:[a-z]+;|gradient\(|'self'|'none'")
# Of the rooms' database, and of Python that is handed on.
PROGRAM = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE FROM|CREATE TABLE|PRAGMA|BEGIN)\b|= \?|import ")


def literal_of(node: ast.AST) -> str:
    """The text of a literal, a space for each value that is put in; empty for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(each.value if isinstance(each, ast.Constant) else "{}" for each in node.values)
    return ""


def find_unsaid(source: str) -> list[str]:
    """The literals in `source` that read like sentences and do not come from the catalogue."""
    return [
        text
        for text in _find_literals(ast.parse(source))
        if WORDS.search(text)
        and not STYLE.search(text)
        and not PROGRAM.search(text)
        and text not in NO_SENTENCES
    ]


def _find_literals(node: ast.AST) -> Iterator[str]:
    if text := literal_of(node):
        yield text
    for child in ast.iter_child_nodes(node):
        if not _is_silent(node, child):
            yield from _find_literals(child)


def _is_silent(parent: ast.AST, child: ast.AST) -> bool:
    """Whether nobody reads what stands in `child`."""
    if isinstance(parent, ast.Call):
        name = ast.unparse(parent.func)
        return (name in words.SAYS and child in parent.args) or bool(SILENT_CALLS.fullmatch(name))
    if isinstance(parent, ast.JoinedStr):
        return isinstance(child, ast.Constant)  # part of the whole
    if isinstance(parent, ast.ClassDef) and any("Enum" in ast.unparse(base) for base in parent.bases):
        return True
    if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
        return isinstance(parent, HAS_DOCSTRING) and child is parent.body[0]
    return False


def speaking_files() -> list[str]:
    return [
        place
        for place in words.list_files()
        if (place.startswith(SPEAKING) or place in {f"ae_core/{name}.py" for name in SPEAKING_FILES})
        and place not in SILENT_FILES
    ]


def test_every_sentence_comes_from_the_catalogue():
    unsaid = {
        place: found for place in speaking_files() if (found := find_unsaid((PROJECT / place).read_text()))
    }
    assert unsaid == {}


@pytest.mark.parametrize(
    "line",
    [
        "st.caption('Nobody translates this.')",
        "st.caption(f'{count} digits of {whose} hand')",
        "st.caption(f'{count} ' + ('of one kind' if count else say('none at all')))",
        "say('Said: {what}', what='the rest of it')",
        "class A:\n    title = 'In a class'",
        "def f(label='A dial of noise'): ...",
        "raise ConfigError('That is no number. Choose one.')",
        "TEXTS = {'one': 'one sentence', 'two': say('another sentence')}",
    ],
)
def test_a_sentence_beside_the_catalogue_is_found_out(line):
    assert find_unsaid(line) != []


@pytest.mark.parametrize(
    "line",
    [
        "say('A sentence with {words} in it', words=words)",
        "say_count('{count} digit of many', '{count} digits of many', count)",
        "def f():\n    'What it does, and why.'",
        "logger.warning('The store %s is gone', store)",
        "st.html(f'<div class=\"one two\">{escape(words)}</div>')",
        "key = 'one_key'",
    ],
)
def test_what_no_visitor_reads_is_left_alone(line):
    assert find_unsaid(line) == []


@pytest.mark.parametrize("line", ["say(text)", "say(f'{count} digits')", "say_count('one', many, 2)"])
def test_what_is_said_is_a_literal(line):
    with pytest.raises(ValueError, match="must be a literal"):
        list(words.find_said(line, "example.py"))


def test_the_templates_have_what_the_lab_says_and_nothing_else():
    made = {f"{name}.pot": words.to_text(template) for name, template in words.make_templates().items()}
    there = {path.name: path.read_bytes() for path in words.TEMPLATES.iterdir()}
    assert made.keys() == there.keys(), "run `python -m tests.words`"
    assert {name for name in made if made[name] != there[name]} == set(), "run `python -m tests.words`"


def test_every_lesson_has_a_template():
    pages = {path.stem for path in (PROJECT / "pages").glob("*.py")}
    assert words.make_templates().keys() == pages | {"shared", "room", "library"}


# A translation


@pytest.fixture
def speak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Has the lab speak a language of these entries, a text in gettext's form, until the test is over."""

    def begin(entries: str) -> Path:
        place = tmp_path / "other.po"
        head = (
            'msgid ""\nmsgstr ""\n"Language: de\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
            '"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n==2 ? 1 : 2);\\n"\n\n'
        )
        place.write_text(head + entries, encoding="utf-8")
        monkeypatch.setenv(VARIABLE, str(place))
        sentences._translation.cache_clear()
        return place

    yield begin
    sentences._translation.cache_clear()


def entry(english: str, translated: str) -> str:
    return f'msgid "{english}"\nmsgstr "{translated}"\n\n'


def test_a_sentence_is_said_in_the_language_of_the_server(speak):
    speak(entry("Next step", "Nächster Schritt") + entry("{n} of {m}", "von {m} sind es {n}"))
    assert say("Next step") == "Nächster Schritt"
    assert say("{n} of {m}", n=3, m=4) == "von 4 sind es 3"
    assert say("One step back") == "One step back"
    assert sentences.spoken_language() == "de"
    assert find_english("Nächster Schritt") == "Next step"


def test_a_language_has_as_many_forms_of_a_count_as_it_needs(speak):
    assert [say_count("{count} digit", "{count} digits", n) for n in (0, 1, 2)] == [
        "0 digits",
        "1 digit",
        "2 digits",
    ]
    speak(
        'msgid "{count} digit"\nmsgid_plural "{count} digits"\nmsgstr[0] "{count} eins"\n'
        'msgstr[1] "{count} zwei"\nmsgstr[2] "{count} viele"\n'
    )
    assert [say_count("{count} digit", "{count} digits", n) for n in (1, 2, 3)] == [
        "1 eins",
        "2 zwei",
        "3 viele",
    ]


@pytest.mark.parametrize(
    "translated", ["kein Wert", "{other} und {count}", "{count} und {", "{count!r}", "{count:.1f}", "{}"]
)
def test_a_translation_with_other_placeholders_leaves_the_english_and_is_logged(speak, caplog, translated):
    place = speak(entry("{count} digits", translated))
    assert say("{count} digits", count=3) == "3 digits"
    assert str(place) in caplog.text
    assert "{count} digits" in caplog.text


def test_braces_of_tex_are_no_placeholders():
    assert fits(["$\\tilde{x} = {$"], ["$\\tilde{x}$"])
    assert say("$\\frac{1}{2}$") == "$\\frac{1}{2}$"


def test_a_sentence_that_a_translator_was_unsure_of_stays_english(speak):
    speak("#, fuzzy\n" + entry("Next step", "Nächster Schritt"))
    assert say("Next step") == "Next step"


@pytest.mark.parametrize("language", ["xx", "nowhere.po", "../de"])
def test_a_language_that_is_not_there_is_a_plain_sentence_at_the_start(monkeypatch, language):
    monkeypatch.setenv(VARIABLE, language)
    with pytest.raises(ConfigError, match=r"AE_LAB_LANGUAGE is '.*', and the lab has no such translation"):
        sentences.check_language()


def test_a_file_that_is_no_translation_is_a_plain_sentence_at_the_start(speak):
    speak("msgid what is this\n")
    with pytest.raises(ConfigError, match="cannot be read"):
        sentences.check_language()
    assert say("Next step") == "Next step"


def test_in_english_nothing_is_read_and_nothing_imported():
    program = (
        "import sys; from ae_core.words.sentences import say; from ae_core import config; say('a {b}', b=1); "
        "print('babel' in sys.modules)"
    )
    surroundings = {name: value for name, value in os.environ.items() if name != VARIABLE}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT, env=surroundings, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "False"


def test_words_outside_of_the_marks_are_found():
    assert unmarked_words(f"{OPEN}one {OPEN}two{CLOSE} three{CLOSE} FAE 3.5 dB `x` $\\tilde x$") == []
    assert unmarked_words(f"{OPEN}one{CLOSE} and {OPEN}two{CLOSE}") == ["and"]
    assert unmarked_words('<img alt="a digit" src="data:image/png;base64,AAAA">') == ["digit"]


def test_every_page_says_all_of_it_in_the_marked_language(tmp_path):
    write_marked(tmp_path / "marked.po")
    command = [sys.executable, "-m", "pytest", "-n", "0", "-q", "tests/pages/in_marks.py"]
    done = subprocess.run(
        command,
        cwd=PROJECT,
        env={**os.environ, VARIABLE: str(tmp_path / "marked.po")},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
