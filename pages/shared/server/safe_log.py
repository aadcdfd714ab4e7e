"""The log, in which nothing that comes from outside forges a line, fills the disk, or names a session."""

from __future__ import annotations

import logging
import re
import traceback
from typing import Any

LONGEST, LONGEST_TRACEBACK = 2_000, 8_000
# Streamlit's names of sessions and files.
NAMES = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE)
# What Streamlit tells of such a name where two do not agree.
PARTS = re.compile(
    r"(session[^0-9a-f]{0,20}|got[^0-9a-f]{0,5}|expected[^0-9a-f]{0,5})[0-9a-f]{8}\b", re.IGNORECASE
)
_make = logging.getLogRecordFactory()


def install() -> None:
    """Have every record of this process made safe, whoever writes it. Once is enough."""
    if logging.getLogRecordFactory() is not make_safe_record:
        logging.setLogRecordFactory(make_safe_record)


def make_safe_record(*arguments: Any, **more: Any) -> logging.LogRecord:
    """A record whose message is one line, cut to LONGEST, and whose traceback ends in one."""
    record = _make(*arguments, **more)
    try:
        words = record.getMessage()
    except Exception:  # it does not fit its arguments, which logging tells of itself
        return record
    record.msg, record.args = make_safe(words, LONGEST), None
    if record.exc_info and record.exc_info[1] is not None:
        kind, problem, trace = record.exc_info
        lines = traceback.format_tb(trace, limit=40) if trace else []
        end = make_safe(f"{getattr(kind, '__name__', kind)}: {problem}", LONGEST)
        record.exc_text = f"{''.join(lines)[-LONGEST_TRACEBACK:]}{end}"
    return record


def make_safe(words: str, longest: int) -> str:
    """The words in one line of printable characters, cut, with no session's name in full."""
    cut = PARTS.sub(r"\1(a session)", NAMES.sub("(a session)", words[: longest + 40]))
    shown = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in cut)
    return f"{shown[:longest]} … ({len(words):,} characters)" if len(words) > longest else shown
