"""What tests/load measures with a hundred, here with a few: who is kept apart, refused, or goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.load import churn, flood, isolation, overfull
from tests.pages.test_gate import in_a_loop_of_its_own
from tests.support.browser import App
from tests.support.copies import KEY


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A server for ten."""
    with App(tmp_path_factory.mktemp("class"), AE_LAB_MAX_VISITORS="10", AE_LAB_METRICS_KEY=KEY) as app:
        yield app


@in_a_loop_of_its_own
async def test_nothing_of_one_visitor_reaches_another_or_is_kept(small):
    found = await isolation.searched(small, 6)
    assert found.leaks == []
    assert found.pictures_of_their_own >= 6


@in_a_loop_of_its_own
async def test_the_search_for_leaks_finds_a_picture_that_two_were_sent(small, monkeypatch):
    alike = isolation.picture(0)
    monkeypatch.setattr(isolation, "picture", lambda _: alike)
    found = await isolation.searched(small, 2)
    assert any("visitor 0 was sent what is 1's: b'data:image/png" in leak for leak in found.leaks)


@in_a_loop_of_its_own
async def test_a_flood_of_files_is_refused_and_the_others_go_on(small):
    crowd, answers, _ = await flood.measured(
        small, files=30, megabytes=5, sessions=1, visitors=3, calm_seconds=0.5
    )
    assert answers == {204: 20, 429: 10}
    assert crowd.failures == []
    assert crowd.answers["flood"]


@in_a_loop_of_its_own
async def test_more_visitors_than_there_is_room_for_are_told_so_and_those_inside_go_on(small):
    outcome = await overfull.overfull(small, 16)
    assert 10 <= len(outcome.crowd.inside) <= 12
    assert outcome.refusals.total() == 16 - len(outcome.crowd.inside)
    assert outcome.crowd.failures == []
    assert len(outcome.crowd.answers["move"]) == overfull.ROUNDS * len(outcome.crowd.inside)


@in_a_loop_of_its_own
async def test_visitors_come_and_go_without_a_failure(small):
    samples, count, failures = await churn.hour(small, visitors=3, minutes=0.1, most_moves=1)
    assert failures == []
    assert count >= 3
    assert samples[-1]["megabytes"] > 0


def test_growth_is_what_a_straight_line_through_the_later_samples_says():
    samples = [
        {"minute": float(m), "megabytes": 500 + 2 * m, "threads": 9, "open files": 30} for m in range(30)
    ]
    samples[3]["megabytes"] = 9_000  # within the warm-up
    growth = churn.slopes(samples)
    assert growth["megabytes"] == pytest.approx(120)
    assert growth["threads"] == pytest.approx(0, abs=1e-9)
