"""How often something may be tried: so often, by each, and no longer remembered than it counts."""

from __future__ import annotations

import time

from pages.shared.room.limits import Limit


def test_each_may_try_so_often_and_again_after_a_while(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    limit = Limit(2, 10.0)
    assert [limit.allows("a") for _ in range(3)] == [True, True, False]
    assert limit.allows("b")
    now[0] += 10.1
    assert limit.allows("a")
    assert {len(mark) for mark in limit._times} == {8}  # a hash, whatever the name was


def test_who_has_not_tried_lately_is_forgotten(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    limit = Limit(2, 10.0)
    for i in range(50):
        limit.note(str(i))
    now[0] += 11
    for _ in range(30):
        limit.note("now")
    assert len(limit._times) == 1
