"""How long something takes, in words."""

from __future__ import annotations

from ae_core.words.sentences import say


def duration_words(seconds: float) -> str:
    """How long something takes, such as '8 s', '5 min' or '2.4 h'."""
    if seconds < 100:
        return say("{seconds:.0f} s", seconds=seconds)
    if seconds < 100 * 60:
        return say("{minutes:.0f} min", minutes=seconds / 60)
    return say("{hours:.1f} h", hours=seconds / 3600)
