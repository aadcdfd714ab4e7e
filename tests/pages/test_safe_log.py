"""What strangers send reaches the log as part of one line, cut, and without a session's name."""

from __future__ import annotations

import logging
import sys

import pytest

from pages.shared.server import safe_log

SESSION = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.fixture(autouse=True)
def installed():
    before = logging.getLogRecordFactory()
    safe_log.install()
    yield
    logging.setLogRecordFactory(before)


def logged(caplog: pytest.LogCaptureFixture, words: str, *arguments: object, problem: object = None) -> str:
    logging.getLogger("strangers").error(words, *arguments, exc_info=problem)
    return logging.Formatter("%(levelname)s %(message)s").format(caplog.records[-1])


def test_a_newline_forges_no_line_and_a_long_text_is_cut(caplog):
    line = logged(caplog, "file %s", "a\n2026-01-01 INFO forged\x1b[31m")
    assert line.splitlines() == ["ERROR file a\\n2026-01-01 INFO forged\\x1b[31m"]
    long = logged(caplog, "%r", b"x" * 10_000_000)
    assert len(long) < 2_100
    assert "10,000,003 characters" in long


def test_no_session_is_named_and_odd_arguments_do_no_harm(caplog):
    assert SESSION[:8] not in logged(caplog, "session %s", SESSION)
    with pytest.raises(TypeError):
        logged(caplog, "%d %d", "one")


def test_a_traceback_ends_in_one_line(caplog):
    try:
        raise ValueError("no\nERROR forged " + "x" * 100_000)
    except ValueError:
        text = logged(caplog, "it failed", problem=sys.exc_info())
    assert "test_safe_log.py" in text
    assert not any(line.startswith("ERROR forged") for line in text.splitlines())
    assert len(text) < 12_000
