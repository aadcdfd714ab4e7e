"""From pure noise: the walk's steps, what counts as readable, and how far the lab's denoiser comes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ae_core.metrics import nearest_distance
from ae_core.models import Autoencoder
from ae_core.study import from_noise
from ae_core.study.from_noise import WALKER, judge_ends, usual_distance, walk_from_noise


class Halve(nn.Module):
    """Draws half of what it is given."""

    def forward(self, images_bchw: Tensor) -> Tensor:
        return images_bchw / 2


def network_of(layer: nn.Module) -> Autoencoder:
    # A weight only to tell the device by.
    model = Autoencoder(nn.Sequential(nn.Flatten()), nn.Sequential(nn.Unflatten(1, (1, 28, 28)), layer))
    model.register_parameter("nothing", nn.Parameter(torch.zeros(1)))
    return model


@pytest.fixture
def walker(store):
    return store.load_model(store.shipped_like(WALKER))


def test_a_walk_gives_the_network_its_own_drawing_with_weaker_noise_each_time():
    walk = walk_from_noise(network_of(Halve()), 4, 0.8, starts=3)
    assert walk.levels == pytest.approx((0.8, 0.6, 0.4, 0.2))
    assert walk.seen_tnhw.shape == walk.drawn_tnhw.shape == (4, 3, 28, 28)
    torch.testing.assert_close(walk.drawn_tnhw, walk.seen_tnhw / 2)
    added_tnhw = walk.seen_tnhw[1:] - walk.drawn_tnhw[:-1]
    unclipped = (walk.seen_tnhw[1:] > 0) & (walk.seen_tnhw[1:] < 1)
    spread = [float(added[kept].std()) for added, kept in zip(added_tnhw, unclipped, strict=True)]
    assert spread[0] > spread[1] > spread[2] > 0.05
    assert (walk.seen_tnhw[0] == 0).float().mean() == pytest.approx(0.5, abs=0.03)


def test_walks_of_one_seed_start_at_the_same_noise_and_of_another_at_another():
    model = network_of(nn.Identity())
    one, longer = (walk_from_noise(model, steps, 1.0, starts=2) for steps in (1, 5))
    assert one.seen_tnhw[0].equal(longer.seen_tnhw[0])
    assert not one.seen_tnhw[0].equal(walk_from_noise(model, 1, 1.0, starts=2, seed=1).seen_tnhw[0])


def test_near_is_as_near_as_held_back_digits_are_to_one_another(digits):
    few_nhw = digits.test_nhw[:50]
    distances = (few_nhw[:, None] - few_nhw[None]).square().sum((2, 3))
    distances.fill_diagonal_(torch.inf)
    expected = float(distances.min(1).values.quantile(0.95))
    assert usual_distance(few_nhw, crowd=50) == pytest.approx(expected, rel=1e-3)
    assert nearest_distance(few_nhw[:3], few_nhw).tolist() == pytest.approx([0, 0, 0], abs=1e-2)


def test_readable_is_what_is_both_near_and_read_for_sure():
    test_nhw = torch.zeros(2, 28, 28)
    test_nhw[1] = 1
    drawn_nhw = torch.zeros(4, 28, 28)
    drawn_nhw[3] = 0.5  # far from both
    sure = torch.tensor([0.95, 0.5, 0.95, 0.95])
    read_n = torch.tensor([3, 3, 8, 8])

    def read_probabilities(images_nhw):
        probabilities = torch.zeros(len(images_nhw), 10)
        probabilities[range(4), read_n] = sure
        return probabilities

    found = judge_ends(drawn_nhw, 20, test_nhw, 1.0, read_probabilities)
    assert (found.starts, found.sure, found.near, found.readable) == (4, 3, 3, 2)
    assert found.classes == (0, 0, 0, 1, 0, 0, 0, 0, 1, 0)
    assert found.faint == 2  # black both, and one of the two digits is not
    assert found.brightness == pytest.approx(0.25 / 4 / 0.5)


def test_what_the_labs_denoiser_draws_from_noise_alone_is_measured_as_said(walker, digits):
    level = WALKER.corruption.level
    found = from_noise.measure_noise_once(walker, level, digits, starts=20)
    mean_hw = digits.train_bytes_nhw.float().mean(0) / 255
    assert torch.allclose(found.mean_hw, mean_hw, atol=1e-4)
    expected = (found.drawn_nhw - mean_hw).square().sum((1, 2)).mean()
    assert found.to_mean == pytest.approx(float(expected), rel=1e-3)
    assert found.to_black == pytest.approx(float(found.drawn_nhw.square().sum((1, 2)).mean()), rel=1e-3)
    both = torch.stack([found.drawn_nhw.mean(0).flatten(), mean_hw.flatten()])
    assert found.average_like_mean == pytest.approx(float(both.corrcoef()[0, 1]), abs=1e-3)
    expected = (found.drawn_nhw**2).sum((1, 2)).mean() / (digits.test_nhw**2).sum((1, 2)).mean()
    assert found.brightness == pytest.approx(float(expected), rel=1e-3)
