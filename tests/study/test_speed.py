"""Networks timed by turns, and which of them is called faster."""

from __future__ import annotations

from itertools import count

import pytest
import torch

from ae_core import config
from ae_core.models import build_model
from ae_core.study import speed


def test_each_network_is_timed_once_in_every_round_and_pictures_a_second_are_told():
    models = {name: build_model(run.model) for name, run in {"FAE": config.FAE, "CAE": config.CAE}.items()}
    ticks = count()
    found = speed.time_by_turns(models, torch.zeros(10, 28, 28), lambda: next(ticks) * 0.5)
    assert found == dict.fromkeys(models, (20.0,) * speed.ROUNDS)


@pytest.mark.parametrize(
    ("theirs", "fastest"),
    [
        ((50.0,) * 9, ("one",)),
        ((100.0,) * 9, ("one", "other")),
        ((98.0,) * 9, ("one", "other")),  # always slower, hardly
        ((50.0,) * 7 + (200.0,) * 2, ("one", "other")),  # much slower, too seldom
        ((50.0,) * 8 + (200.0,), ("one",)),
    ],
)
def test_one_is_faster_where_it_is_so_in_nearly_every_round_and_by_more_than_a_little(theirs, fastest):
    assert speed.find_fastest({"one": (100.0,) * 9, "other": theirs}) == fastest
