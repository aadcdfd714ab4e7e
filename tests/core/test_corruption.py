"""Noise: clipped, seeded, and the same pattern at every level."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ae_core import config
from ae_core.config import CorruptionConfig
from ae_core.corruption import CORRUPTIONS, corrupt

KINDS = sorted(CORRUPTIONS)
LEVELS = st.floats(0.0, 1.0)
SEEDS = st.integers(0, 2**32 - 1)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def greys(seed: int) -> Tensor:
    """Three pictures with black, white and everything between."""
    images = torch.rand((3, 28, 28), generator=generator(seed))
    images[0] = images[0].round()
    return images


def spoiled(images: Tensor, kind: str, level: float, seed: int = 0) -> Tensor:
    return corrupt(images, CorruptionConfig(kind, level), generator(seed))


def test_every_noise_kind_has_its_function():
    assert set(CORRUPTIONS) == set(config.NOISE_KINDS)


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=30)
@given(level=LEVELS, seed=SEEDS)
def test_noise_never_leaves_the_visible_range(kind, level, seed):
    noisy = spoiled(greys(seed), kind, level, seed)
    assert noisy.shape == (3, 28, 28)
    assert noisy.dtype == torch.float32
    assert 0 <= noisy.min() <= noisy.max() <= 1


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=30)
@given(seed=SEEDS)
def test_level_0_changes_nothing(kind, seed):
    images = greys(seed)
    assert spoiled(images, kind, 0.0, seed).equal(images)
    assert CORRUPTIONS[kind](images, 0.0, generator(seed)).equal(images)


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=30)
@given(level=LEVELS, seed=SEEDS)
def test_the_clean_picture_stays_clean(kind, level, seed):
    images = greys(seed)
    noisy = spoiled(images, kind, level, seed)
    assert images.equal(greys(seed))
    noisy.zero_()
    assert images.equal(greys(seed))


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=30)
@given(level=LEVELS, seed=SEEDS)
def test_the_same_seed_gives_the_same_picture(kind, level, seed):
    assert spoiled(greys(1), kind, level, seed).equal(spoiled(greys(1), kind, level, seed))


@pytest.mark.parametrize("kind", KINDS)
def test_another_seed_gives_another_pattern(kind):
    assert not spoiled(greys(1), kind, 0.4, seed=1).equal(spoiled(greys(1), kind, 0.4, seed=2))


@settings(deadline=None, max_examples=30)
@given(low=st.floats(0.05, 0.5), factor=st.floats(1.0, 2.0), seed=SEEDS)
def test_more_gaussian_noise_is_the_same_noise_scaled(low, factor, seed):
    images = greys(seed)
    little, much = (spoiled(images, "gaussian", level, seed) for level in (low, low * factor))
    unclipped = (much > 0) & (much < 1)
    assert torch.allclose((much - images)[unclipped], factor * (little - images)[unclipped], atol=1e-5)


@pytest.mark.parametrize("kind", ["masking", "salt_and_pepper", "occlusion"])
@settings(deadline=None, max_examples=30)
@given(levels=st.tuples(LEVELS, LEVELS), seed=SEEDS)
def test_a_higher_level_spoils_more_pixels_besides_the_same_ones(kind, levels, seed):
    images = torch.full((2, 28, 28), 0.5)
    little, much = (spoiled(images, kind, level, seed) for level in sorted(levels))
    changed = little != images
    assert much[changed].equal(little[changed])


@pytest.mark.parametrize("kind", ["masking", "salt_and_pepper"])
def test_the_level_is_the_share_of_spoiled_pixels(kind):
    images = torch.full((100, 28, 28), 0.5)
    share = float((spoiled(images, kind, 0.3) != images).float().mean())
    assert share == pytest.approx(0.3, abs=0.01)


def test_masking_at_level_1_leaves_nothing():
    assert not spoiled(greys(0), "masking", 1.0).any()


@settings(deadline=None, max_examples=60)
@given(level=LEVELS, seed=SEEDS)
def test_occlusion_wipes_out_one_square_whose_side_is_the_level(level, seed):
    wiped_nhw = spoiled(torch.ones(4, 28, 28), "occlusion", level, seed) == 0
    side = math.ceil(28 * torch.tensor(level).item() - 0.5)  # to the nearest pixel, a tie to the smaller
    for wiped_hw in wiped_nhw:
        assert int(wiped_hw.sum()) == side**2
        for axis in (0, 1):
            line = wiped_hw.any(axis).nonzero()[:, 0].tolist()
            assert line == list(range(line[0], line[0] + side) if side else [])


def test_a_block_is_as_likely_at_every_place_and_every_picture_has_its_own():
    wiped_nhw = spoiled(torch.ones(18_000, 28, 28), "occlusion", 20 / 28, seed=3) == 0
    for axis in (1, 2):
        begins_n = wiped_nhw.any(axis).float().argmax(1)
        counts = begins_n.bincount().tolist()
        assert len(counts) == 9
        assert all(count == pytest.approx(2_000, abs=200) for count in counts)


def test_occlusion_leaves_what_it_does_not_cover_and_wipes_all_at_level_1():
    images = greys(0) / 2 + 0.25
    occluded = spoiled(images, "occlusion", 0.4)
    kept = occluded != 0
    assert occluded[kept].equal(images[kept])
    assert not spoiled(images, "occlusion", 1.0).any()


def test_salt_and_pepper_is_half_of_each():
    noisy = spoiled(torch.full((100, 28, 28), 0.5), "salt_and_pepper", 1.0)
    assert set(noisy.unique().tolist()) == {0.0, 1.0}
    assert float(noisy.mean()) == pytest.approx(0.5, abs=0.01)


def test_clipped_noise_brightens_the_black_background():
    noisy = spoiled(torch.zeros(500, 28, 28), "gaussian", 0.4)
    assert float(noisy.mean()) == pytest.approx(0.4 / math.sqrt(2 * math.pi), abs=0.003)


@pytest.mark.parametrize("kind", KINDS)
def test_noise_leaves_the_global_generator_alone(kind):
    before = torch.get_rng_state()
    spoiled(greys(0), kind, 0.4)
    assert torch.get_rng_state().equal(before)
