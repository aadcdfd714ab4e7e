"""Who is there: told without a pause, or anew."""

from __future__ import annotations

from pages.shared.server import presence


def test_after_a_pause_presence_is_told_anew():
    watch = presence.Watch()
    for now in (1000.0, 1015.0, 1030.0):
        watch.note_told(now)
    assert watch.since == 1000.0
    watch.note_told(1030.0 + presence.PAUSE_SECONDS + 1)
    assert watch.since == 1031.0 + presence.PAUSE_SECONDS
