"""A filter at one place: its number is the one that the network's own layer makes there."""

from __future__ import annotations

import re

import pytest
import torch

from ae_core import config
from ae_core.figures.base import BLUE, ORANGE
from ae_core.figures.filters import number_words, product_html
from ae_core.models import feature_maps
from ae_core.runs.store import Store, default_root
from ae_core.study.filters import find_strongest, multiply_at
from pages.shared.parts.filter_view import filter_words


@pytest.fixture(scope="module")
def network():
    store = Store(default_root())
    return store.load_model(store.shipped_like(config.CAE))


@pytest.mark.parametrize(("which", "y", "x"), [(0, 0, 0), (3, 6, 7), (5, 13, 13), (1, 13, 0)])
def test_the_number_is_the_layers_own(network, digits, which, y, x):
    image_hw = digits.test_nhw[0]
    found = multiply_at(network, image_hw, which, y, x)
    with torch.inference_mode():
        maps_chw = network.encoder[0](image_hw[None, None])[0]
    assert found.total == pytest.approx(float(maps_chw[which, y, x]), abs=1e-5)
    assert float(found.products_kk.sum()) + found.bias == pytest.approx(found.total)
    assert found.made == pytest.approx(float(network.encoder[1](maps_chw)[which, y, x]), abs=1e-5)
    assert found.patch_kk.shape == found.weights_kk.shape == (6, 6)


def test_the_patch_is_what_lies_in_the_frame(network, digits):
    found = multiply_at(network, digits.test_nhw[0], 0, 6, 7)
    here = slice(found.top, found.top + 6), slice(found.left, found.left + 6)
    assert found.patch_kk.equal(digits.test_nhw[0][here])


def test_the_strongest_place_is_that_of_the_largest_number(network, digits):
    which, y, x = find_strongest(network, digits.test_nhw[0])
    maps_chw = feature_maps(network, digits.test_nhw[0])[0][1]
    assert maps_chw[which, y, x] == maps_chw.max()


def test_the_figure_shows_every_pixel_weight_and_product_as_a_number(network, digits):
    found = multiply_at(network, digits.test_nhw[0], 2, 6, 7)
    drawn = product_html(digits.test_nhw[0], found)
    assert drawn.count("<td") == 3 * 36
    for numbers_kk in (found.patch_kk, found.weights_kk, found.products_kk):
        assert all(f">{number_words(float(one))}</td>" in drawn for one in numbers_kk.flatten())


def test_weights_and_products_are_orange_above_0_and_blue_below_as_the_caption_says(network, digits):
    found = multiply_at(network, digits.test_nhw[0], 2, 6, 7)
    drawn = product_html(digits.test_nhw[0], found)
    assert "the filter&#x27;s weights: orange above 0, blue below" in drawn
    seen = re.findall(r'<td style="background:(#[0-9A-F]{6})[0-9a-f]{2}">', drawn)
    values = torch.cat([found.weights_kk.flatten(), found.products_kk.flatten()]).tolist()
    assert min(values) < 0 < max(values)
    assert seen == [ORANGE if value > 0 else BLUE for value in values]


def test_a_number_has_a_true_minus_and_no_negative_zero():
    assert [number_words(value) for value in (-1.234, -0.001, 0.5)] == ["−1.23", "0.00", "0.50"]


def test_the_words_tell_how_the_filter_slides_and_what_becomes_of_negative_numbers(network, digits):
    image_hw, layer = digits.test_nhw[0], network.encoder[0]
    products = [multiply_at(network, image_hw, which, 6, x) for which in range(8) for x in range(14)]
    negative = next(found for found in products if found.total < -0.01)
    told = filter_words(negative, "relu", 28)
    assert f"**{layer.stride[0]} pixels a step** (stride {layer.stride[0]})" in told
    assert f"a border of {layer.padding[0]} zeros" in told
    assert "28 pixels become 14 numbers" in told
    assert "is a **convolution**" in told
    assert "of which ReLU makes **0.00**" in told
    assert "negative" in told
    assert "negative" not in filter_words(negative, "tanh", 28)
    assert "activation" not in filter_words(negative, "none", 28)


def test_the_border_of_zeros_is_drawn_around_the_digit_and_the_frame_never_leaves_it(network, digits):
    drawn = product_html(digits.test_nhw[0], multiply_at(network, digits.test_nhw[0], 0, 0, 0))
    assert "a border of 2 zeros around it" in drawn
    assert f"inset:{100 * 2 / 32:.2f}%" in drawn
    assert "top:0.00%;left:0.00%" in drawn
