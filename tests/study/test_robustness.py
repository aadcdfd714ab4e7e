"""Noise and what the shipped networks make of it: curves, crossings, removed noise, pairs."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from ae_core import config
from ae_core.config import CorruptionConfig
from ae_core.corruption import corrupt
from ae_core.figures import noise as noise_figures
from ae_core.metrics import decibels, mse, psnr, squared_error, ssim
from ae_core.models import reconstruct
from ae_core.runs.store import Store
from ae_core.study import robustness
from ae_core.study.robustness import (
    Curve,
    Stretch,
    clipped_mean,
    find_crossings,
    find_extremes,
    find_stretches,
    measure_spread,
    noisy_digits,
    rebuild,
    removed_noise,
    sweep_levels,
)
from ae_core.training import seeded, start_equal

LEVELS = (0.0, 0.05, 0.2, 0.4, 0.8)
EVERY_LEVEL = robustness.LEVELS
NOISE = CorruptionConfig("gaussian", 0.4)


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("store"))
    return {
        name: store.load_model(store.shipped_like(config.find_preset(name))) for name in ("fae", "cae", "dae")
    }


@pytest.fixture(scope="module")
def clean(digits):
    return digits.test_nhw[:200]


# Settings


def test_the_denoiser_differs_from_the_convolutional_network_in_its_noise_alone():
    assert config.differences(config.CAE, config.DAE) == ("corruption.level",)
    assert start_equal(config.CAE, config.DAE)


def test_equal_runs_do_not_differ():
    assert config.differences(config.DAE, replace(config.DAE)) == ()


@pytest.mark.parametrize(
    ("changed", "names", "equal_start"),
    [
        ({"training": {"seed": 1}}, ("training.seed",), False),
        ({"training": {"epochs": 3, "batch_size": 32}}, ("training.epochs", "training.batch_size"), True),
        ({"model": {"latent_size": 8}}, ("model.latent_size",), False),
        ({"corruption": {"kind": "masking", "level": 0.2}}, ("corruption.kind", "corruption.level"), True),
        ({"corruption": {"kind": "masking", "level": 0.0}}, (), True),
    ],
)
def test_every_changed_setting_is_named_and_the_first_weights_are_compared(changed, names, equal_start):
    other = config.adjusted(config.CAE, **changed)
    assert config.differences(config.CAE, other) == names
    assert start_equal(config.CAE, other) == equal_start


# Curves


def test_a_curve_is_what_the_network_measures_at_each_level(networks, clean):
    curve = sweep_levels(networks["dae"], clean, "gaussian", LEVELS, seed=3)
    for level, value, low, high in zip(curve.levels, curve.values, curve.lows, curve.highs, strict=True):
        noisy = corrupt(clean, CorruptionConfig("gaussian", level), seeded(3, "noise shown"))
        values = psnr(reconstruct(networks["dae"], noisy), clean)
        assert value == pytest.approx(decibels(float(mse(reconstruct(networks["dae"], noisy), clean).mean())))
        assert (values < low).float().mean() == pytest.approx(0.1, abs=0.01)
        assert (values > high).float().mean() == pytest.approx(0.1, abs=0.01)


def test_doing_nothing_is_perfect_without_noise_and_worse_the_more_there_is(clean):
    curve = sweep_levels(None, clean, "gaussian", LEVELS, seed=0)
    assert curve.values[0] == math.inf
    assert all(math.isfinite(value) for value in curve.values[1:])
    assert list(curve.values) == sorted(curve.values, reverse=True)


def test_one_digit_that_the_noise_leaves_as_it_was_does_not_make_doing_nothing_perfect(clean):
    little = CorruptionConfig("masking", 0.05)
    seed = next(seed for seed in range(20) if psnr(noisy_digits(clean, little, seed), clean).isinf().any())
    assert 20 < measure_spread(None, clean, little, seed).value < 30


def test_a_curve_depends_on_kind_measure_and_seed(networks, clean):
    few = clean[:50]
    curves = [
        sweep_levels(networks["cae"], few, "gaussian", LEVELS, 0),
        sweep_levels(networks["cae"], few, "masking", LEVELS, 0),
        sweep_levels(networks["cae"], few, "gaussian", LEVELS, 1),
        sweep_levels(networks["cae"], few, "gaussian", LEVELS, 0, "ssim"),
    ]
    assert len({curve.values for curve in curves}) == 4
    assert all(value <= 1 for value in curves[3].values)


@pytest.mark.parametrize(
    ("ours", "theirs", "found"),
    [
        ([10, 10, 10], [20, 12, 4], [1.25]),
        ([10, 10, 10], [0, 0, 20], [1.5]),
        ([10, 10, 10], [20, 5, 20], [pytest.approx(2 / 3), pytest.approx(4 / 3)]),
        ([10, 10, 10], [math.inf, 5, 1], []),
        ([10, 10, 10], [math.inf, 12, 8], [1.5]),
        ([10, 10, 10], [1, 2, 3], []),
        ([1, 2, 3], [math.inf, 20, 10], []),
        ([1, 2, 3], [1, 2, 3], []),
        ([math.inf, 2, 3], [math.inf, 20, 1], [pytest.approx(1.9)]),
    ],
)
def test_drawn_lines_cross_where_both_are_drawn(ours, theirs, found):
    assert find_crossings([0, 1, 2], ours, theirs) == found


@pytest.mark.parametrize(
    ("ours", "theirs", "found"),
    [
        ([2, 2, 2], [1, 1, 1], [Stretch(0, 2, 1)]),
        ([1, 1, 1], [1, 1, 1], [Stretch(0, 2, 0)]),
        ([math.inf, 2, 2], [math.inf, 3, 1], [Stretch(0, 0, 0), Stretch(1, 1, -1), Stretch(2, 2, 1)]),
        ([1, 1, 3], [math.inf, 2, 2], [Stretch(0, 1, -1), Stretch(2, 2, 1)]),
    ],
)
def test_better_and_worse_are_told_of_the_levels_measured_and_of_no_other(ours, theirs, found):
    assert find_stretches([0, 1, 2], ours, theirs) == found


@pytest.mark.parametrize("name", ["fae", "cae", "dae"])
def test_every_shipped_network_is_worse_than_doing_nothing_in_little_noise_and_better_in_much(
    networks, clean, name
):
    ours, nothing = (
        sweep_levels(model, clean, "gaussian", EVERY_LEVEL, 0) for model in (networks[name], None)
    )
    worse, better = find_stretches(EVERY_LEVEL, ours.values, nothing.values)
    assert (worse.sign, better.sign) == (-1, 1)
    assert worse.last < find_crossings(EVERY_LEVEL, ours.values, nothing.values)[0] < better.first


def test_the_denoiser_loses_on_clean_digits_and_wins_on_noisy_ones(networks, clean):
    for level, better in ((0.0, False), (0.4, True)):
        noise = CorruptionConfig("gaussian", level)
        assert (
            measure_spread(networks["dae"], clean, noise, 0).value
            > measure_spread(networks["cae"], clean, noise, 0).value
        ) == better


def test_the_spread_is_what_8_of_10_digits_lie_between(networks, clean):
    rebuilt = reconstruct(networks["fae"], noisy_digits(clean, NOISE, 0))
    for measure, values in (("squared_error", squared_error(rebuilt, clean)), ("ssim", ssim(rebuilt, clean))):
        found = measure_spread(networks["fae"], clean, NOISE, 0, measure)
        assert found.value == pytest.approx(float(values.mean()), rel=1e-4)
        assert ((values >= found.low - 1e-5) & (values <= found.high + 1e-5)).float().mean() == pytest.approx(
            0.8, abs=0.02
        )


def test_no_digit_is_better_than_the_best_or_worse_than_the_worst(networks, clean):
    found = find_extremes(networks["dae"], clean, NOISE, 0, 4)
    everyone = sorted(
        squared_error(reconstruct(networks["dae"], noisy_digits(clean, NOISE, 0)), clean).tolist()
    )
    assert found.errors == pytest.approx(everyone[:4] + everyone[-4:])
    assert squared_error(found.rebuilt_nhw, found.clean_nhw).tolist() == pytest.approx(list(found.errors))


# The noise itself


def test_the_noise_drawn_is_the_noise_that_the_input_got(networks, clean):
    found = removed_noise(networks["dae"], clean, NOISE, 7)
    noisy = noisy_digits(clean, NOISE, 7)
    torch.testing.assert_close((clean + found.drawn_nhw).clamp(0, 1), noisy)
    torch.testing.assert_close(clean + found.surviving_nhw, noisy)
    torch.testing.assert_close(noisy - found.removed_nhw, rebuild(networks["dae"], noisy))
    assert found.drawn_nhw.std() == pytest.approx(0.4, abs=0.01)


def test_clipping_is_marked_where_it_changed_the_noise_and_nowhere_else(networks, clean):
    found = removed_noise(networks["dae"], clean, NOISE, 0)
    assert (found.drawn_nhw - found.surviving_nhw).abs()[~found.clipped_nhw].max() < 1e-6
    assert ((found.drawn_nhw - found.surviving_nhw).abs()[found.clipped_nhw] > 0).all()
    assert found.clipped_share == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("level", [0.05, 0.2, 0.4, 0.8, 1.0])
def test_clipped_noise_brightens_the_background_as_the_theory_says(networks, clean, level):
    found = removed_noise(networks["dae"], clean, CorruptionConfig("gaussian", level), 0)
    assert found.background_mean == pytest.approx(clipped_mean(level), rel=0.01)


@pytest.mark.parametrize(
    ("level", "mean"), [(0.0, 0.0), (0.05, 0.05 / math.sqrt(2 * math.pi)), (0.8, 0.279), (1e9, 0.5)]
)
def test_the_mean_of_clipped_noise_at_its_edges(level, mean):
    assert clipped_mean(level) == pytest.approx(mean, abs=5e-4)


def test_the_mean_of_clipped_noise_is_the_integral_over_all_that_can_be_drawn():
    epsilon = np.linspace(-12, 12, 2_000_001)
    density = np.exp(-(epsilon**2) / 2) / np.sqrt(2 * np.pi)
    for level in (0.1, 0.4, 0.8):
        drawn = (np.clip(level * epsilon, 0, 1) * density).sum() * (epsilon[1] - epsilon[0])
        assert clipped_mean(level) == pytest.approx(drawn, abs=1e-6)


def test_the_denoiser_removes_most_of_the_noise_and_adds_error_where_there_is_hardly_any(networks, clean):
    much, little = (
        removed_noise(networks["dae"], clean, CorruptionConfig("gaussian", level), 0) for level in (0.4, 0.02)
    )
    assert much.output_error < 0.2 * much.input_error
    assert little.output_error > little.input_error
    noisy = noisy_digits(clean, NOISE, 0)
    assert much.input_error == pytest.approx(float(squared_error(noisy, clean).mean()), rel=1e-4)
    assert much.output_error == pytest.approx(
        float(squared_error(rebuild(networks["dae"], noisy), clean).mean()), rel=1e-4
    )


@pytest.mark.parametrize("kind", ["salt_and_pepper", "masking"])
def test_other_noise_is_never_clipped(networks, clean, kind):
    found = removed_noise(networks["dae"], clean, CorruptionConfig(kind, 0.4), 0)
    assert found.clipped_share == 0
    torch.testing.assert_close(found.drawn_nhw, found.surviving_nhw)


def test_without_noise_there_is_nothing_to_remove(networks, clean):
    found = removed_noise(networks["dae"], clean, CorruptionConfig("gaussian", 0.0), 0)
    assert not found.drawn_nhw.any()
    assert found.input_error == 0


# Figures


def pixels(address: str) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))))


def test_darker_is_blue_brighter_is_orange_zero_is_white_and_clipped_has_a_dot():
    values, marked = torch.zeros(28, 28), torch.zeros(28, 28, dtype=torch.bool)
    values[0, 0], values[0, 1], values[0, 2], marked[0, 3] = -9, 1, 0.5, True
    picture = pixels(noise_figures.diverging_png(values, 1.0, marked)).reshape(28, 8, 28, 8, 3)
    corners, middles = picture[0, 0, :, 0], picture[0, 4, :, 4]
    assert corners[:4].tolist() == [[0, 114, 178], [230, 159, 0], [238, 203, 124], [247, 247, 247]]
    assert middles[3].tolist() == [32, 32, 32]
    assert (middles[4:] == 247).all()


def test_the_curves_show_spread_doing_nothing_training_noise_and_crossings():
    dae = Curve((0.0, 0.5, 1.0), (10.0, 8.0, 6.0), (9.0, 7.0, 5.0), (11.0, 9.0, 7.0))
    nothing = Curve((0.0, 0.5, 1.0), (math.inf, 9.0, 3.0), (math.inf, 9.0, 3.0), (math.inf, 9.0, 3.0))
    figure = noise_figures.robustness({"DAE": dae}, nothing, [("DAE", 0.75)], 0.4, "PSNR")
    traces = {trace.name: trace for trace in figure.data}
    assert traces["spread of the DAE"].y == (11, 9, 7, 5, 7, 9)
    assert traces["doing nothing"].x == (0.5, 1.0)
    assert (traces["as good as doing nothing"].x, traces["as good as doing nothing"].y) == ((0.75,), (7.0,))
    assert figure.layout.shapes[0].x0 == 0.4
    assert len({trace.line.dash for name, trace in traces.items() if name in ("DAE", "doing nothing")}) == 2


@pytest.mark.parametrize("highest", [0.5, 32.0, 41.0])
def test_all_that_is_finite_lies_within_the_axis_of_the_curves(highest):
    line = Curve((0.0, 1.0), (highest / 2, 0.2), (0.1, -0.1), (highest, 0.3))
    nothing = Curve((0.0, 1.0), (math.inf, highest * 1.1), (math.inf, 0.1), (math.inf, 0.1))
    for curves in ({"CAE": line}, {}):
        low, high = noise_figures.robustness(curves, nothing, [], None, "PSNR").layout.yaxis.range
        assert low == (-0.1 if curves else 0)
        assert highest * 1.1 < high < highest * 1.2


def test_shares_are_drawn_in_percent_between_guessing_and_clean_digits():
    dae = Curve((0.0, 1.0), (0.98, 0.7), (0.96, 0.65), (0.99, 0.75))
    nothing = Curve((0.0, 1.0), (0.99, 0.2), (0.98, 0.15), (1.0, 0.25))
    bounds = {"guessing": 0.1, "clean digits": 0.99}
    figure = noise_figures.robustness({"DAE": dae}, nothing, [], None, "read right", bounds)
    assert [line.y0 for line in figure.layout.shapes] == [0.1, 0.99]
    assert [note.text for note in figure.layout.annotations] == ["guessing", "clean digits"]
    assert figure.layout.yaxis.tickformat == ".0%"
    assert noise_figures.robustness({}, nothing, [], None, "PSNR").layout.yaxis.tickformat is None


def test_the_better_cell_of_a_row_says_so(clean):
    page = noise_figures.grid_html(
        ["goes in", "CAE"],
        [("noisy", [noise_figures.Cell("", clean[:1]), noise_figures.Cell("9 dB", clean[:1], True)])],
    )
    assert page.count("better") == 1
    assert "9 dB ✓ better" in page
