"""Networks opened up: layers to scale, feature maps, and errors against the code's size."""

from __future__ import annotations

import base64
import io
import re
from itertools import pairwise
from urllib.parse import unquote

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from ae_core import config, models
from ae_core.data import measured_digits
from ae_core.figures.networks import (
    LINE_EVERY,
    Measured,
    error_against_size,
    feature_maps_html,
    network_html,
    network_words,
)
from ae_core.models import feature_maps, parameter_count, stages
from ae_core.runs.store import Store, default_root
from ae_core.training import seeded
from tests.pages.conftest import no_training_process  # noqa: F401 (a fixture)
from tests.pages.test_pages import open_page


@pytest.mark.parametrize("run", config.PRESETS.values(), ids=config.PRESETS)
def test_the_stages_hold_every_parameter_and_lead_from_the_picture_back_to_it(run):
    model = models.build_model(run.model)
    found = stages(model)
    assert sum(stage.parameters for stage in found) == parameter_count(model)
    assert found[0].shape == found[-1].shape == (1, 28, 28)
    (code,) = [stage for stage in found if stage.part == "code"]
    assert int(np.prod(code.shape)) == run.model.latent_size


def test_the_stages_are_those_that_the_lesson_tells():
    fae, cae = (stages(models.build_model(run.model)) for run in (config.FAE, config.CAE))
    assert [stage.shape for stage in fae[1:-1]] == [(192,), (96,), (30,), (96,), (192,)]
    assert [stage.shape for stage in cae[1:-1]] == [(8, 14, 14), (32, 7, 7), (30,), (32, 7, 7), (8, 14, 14)]


def test_the_drawing_is_to_scale():
    bars = re.findall(r"--lab-length:([\d.]+)", network_html(stages(models.build_model(config.FAE.model))))
    longest = float(bars[0])
    assert [round(784 * float(bar) / longest) for bar in bars] == pytest.approx(
        [784, 192, 96, 30, 96, 192, 784], abs=1
    )
    squares = re.findall(
        r"width:(\d+)px;height:\1px", network_html(stages(models.build_model(config.CAE.model)))
    )
    assert [int(side) / int(squares[0]) for side in squares] == [1, 1 / 2, 1 / 4, 1 / 4, 1 / 2, 1]


def test_a_line_stands_for_so_many_numbers_on_either_side_of_a_flat_layer_and_pictures_have_none():
    flat, pictures = (network_html(stages(models.build_model(run.model))) for run in (config.FAE, config.CAE))
    lines = [unquote(source).count("M0 ") for source in re.findall(r'src="data:image/svg([^"]+)"', flat)]
    ends = [max(2, round(numbers / LINE_EVERY)) for numbers in (784, 192, 96, 30, 96, 192, 784)]
    assert lines == [one * other for one, other in pairwise(ends)]
    assert "data:image/svg" not in pictures


def test_a_plate_is_drawn_for_every_channel():
    shadows = re.findall(r"box-shadow:([^;]+)", network_html(stages(models.build_model(config.CAE.model))))
    assert [shadow.count(" 0 #fff") + 1 for shadow in shadows] == [1, 8, 32, 32, 8, 1]


def test_every_convolution_is_drawn_with_its_size_stride_and_padding_and_what_undoes_them_is_told():
    model = models.build_model(config.CAE.model)
    found = stages(model)
    drawn = network_html(found)
    for layer in (model.encoder[0], model.encoder[2], model.decoder[3][0], model.decoder[5][0]):
        size, stride, padding = layer.kernel_size[0], layer.stride[0], layer.padding[0]
        assert f"{size} × {size}, stride {stride}, padding\u00a0{padding}" in drawn
    assert "one pixel of a 2 × 2 block: 7 → 14 → 28 pixels" in network_words(found)
    assert "one pixel of a 4 × 4 block: 7 → 28 pixels" in network_words(
        stages(models.build_model(config.PRESETS["patches"].model))
    )
    assert "block" not in network_words(stages(models.build_model(config.FAE.model)))
    keras = [stage.filters for stage in stages(models.build_model(config.KERAS_EXAMPLE.model))]
    assert keras[1] == "3 × 3, stride 1, padding\u00a01"


def test_the_network_is_summed_up_in_words():
    keras = stages(models.build_model(config.KERAS_EXAMPLE.model))
    assert "1,568 / 784 = **200.0%**" in network_words(keras)
    assert "**109,642 parameters**" in network_words(stages(models.build_model(config.CAE.model)))


@torch.inference_mode()
def test_the_feature_maps_are_what_the_layers_give(digits):
    model = models.build_model(config.CAE.model, seeded(0, "weights"))
    image_hw = digits.test_nhw[0]
    maps = [values for _, values in feature_maps(model, image_hw)]
    first, second = model.encoder[0], model.encoder[2]
    expected = [F.relu(F.conv2d(image_hw[None, None], first.weight, first.bias, stride=2, padding=2))]
    expected.append(F.relu(F.conv2d(expected[0], second.weight, second.bias, stride=2, padding=1)))
    for ours, theirs in zip(maps, expected, strict=False):
        torch.testing.assert_close(ours, theirs[0])
    last = model.decoder[-2](maps[-1][None]).sigmoid()[0, 0]
    torch.testing.assert_close(last, models.reconstruct(model, image_hw[None])[0])
    assert [tuple(each.shape) for each in maps] == [(8, 14, 14), (32, 7, 7), (32, 7, 7), (8, 14, 14)]


def test_a_fully_connected_network_has_no_feature_maps(digits):
    assert feature_maps(models.build_model(config.FAE.model), digits.test_nhw[0]) == []


def test_the_maps_of_a_stage_share_one_scale_whose_ends_are_told(digits):
    stage = stages(models.build_model(config.CAE.model))[1]
    values = torch.zeros(16, 14, 14)
    values[3, 2, 5], values[9] = 4.0, 1.0
    html = feature_maps_html(digits.test_nhw[0], [(stage, values)])
    assert "Encoder E: 16 maps of 14 × 14, black 0.00 to white 4.00" in html
    address = re.findall(r'base64,([^"]+)"', html)[1]
    pixels = np.array(Image.open(io.BytesIO(base64.b64decode(address))))
    assert pixels.shape == (29, 119, 2)
    assert pixels[2, 3 * 15 + 5].tolist() == [255, 255]
    assert (pixels[15:, 15:29, 0] == 64).all()
    assert (pixels[:, 14, 1] == 0).all()


def test_every_network_is_a_point_and_open_where_it_learnt_from_no_more_digits_than_pca():
    points = [
        Measured("FAE", 8, 11.0, 59_000, ""),
        Measured("CAE", 4, 22.0, 4_000, ""),
        Measured("CAE", 16, 9.0, 4_000, ""),
    ]
    line, fae, cae = error_against_size([48.0, 44.0, 40.0], 4_000, points).data
    assert (line.x, line.mode) == ((1, 2, 3), "lines")
    assert (fae.x, fae.y, fae.marker.symbol) == ((8,), (11.0,), "circle")
    assert (cae.x, cae.y, cae.marker.symbol) == ((4, 16), (22.0, 9.0), "diamond-open")


def drawings(page) -> str:
    return " ".join(element.proto.body for element in page.get("html"))


def test_the_picture_of_the_network_is_of_the_one_that_is_shown_whatever_the_training_dials_say():
    page = open_page("fully_connected")
    assert "<b>30 numbers</b>" in drawings(page)
    page.select_slider(key="latent_size").set_value(16).run()
    assert "<b>16 numbers</b>" in drawings(page)
    page.selectbox(key="fae_layers").set_value("784 → 512 → 256 → code").run()
    assert "<b>512 numbers</b>" not in drawings(page)
    assert "<b>192 numbers</b>" in drawings(page)


def test_the_chosen_digit_goes_through_the_filters():
    page = open_page("convolutional")
    before = drawings(page)
    assert before.count("maps of") == 8  # four stages, each in words and as the words of its picture
    page.radio(key="cae_maps_digit").set_value(7).run()
    assert drawings(page) != before


@pytest.mark.parametrize("size", [2, 30])
def test_the_convolutional_page_says_which_network_has_the_smaller_error_and_how_large_both_are(digits, size):
    page = open_page("convolutional")
    page.select_slider(key="latent_size").set_value(size).run()
    page.button(key="cae_reveal").click().run()
    store = Store(default_root())
    errors = {}
    measured_nhw = measured_digits(digits)[0]
    for name, preset in (("FAE", config.FAE), ("CAE", config.CAE)):
        run = store.shipped_like(config.adjusted(preset, model={"latent_size": size}))
        rest_nhw = models.reconstruct(store.load_model(run), measured_nhw) - measured_nhw
        errors[name] = float(rest_nhw.square().sum() / len(measured_nhw))
        assert (
            f"{name} (the lab's) {errors[name]:.1f} with {run.result['parameters']:,} parameters"
            in page.info[0].value
        )
    assert page.info[0].value.startswith(f"**The {min(errors, key=errors.get)}.**")
