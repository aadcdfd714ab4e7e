"""Measures of a reconstruction, against formulas written down again and against known values."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view

from ae_core import metrics
from ae_core.baselines import do_nothing, fit_pca
from ae_core.config import CorruptionConfig
from ae_core.corruption import corrupt
from ae_core.data import as_images
from ae_core.metrics import explained_variance, shown_ratio
from ae_core.training import seeded
from pages.shared import display


@pytest.fixture(scope="module")
def clean(digits):
    return digits.test_nhw[:50]


@pytest.fixture(scope="module")
def noisy(clean):
    return corrupt(clean, CorruptionConfig("gaussian", 0.3), seeded(0, "test noise"))


def in_double(*images):
    return [image.numpy().astype(np.float64) for image in images]


def test_mse_psnr_and_squared_error_are_their_formulas(noisy, clean):
    x, y = in_double(noisy, clean)
    mse = ((x - y) ** 2).mean((1, 2))
    np.testing.assert_allclose(metrics.mse(noisy, clean), mse, rtol=1e-5)
    np.testing.assert_allclose(metrics.squared_error(noisy, clean), 784 * mse, rtol=1e-5)
    np.testing.assert_allclose(metrics.psnr(noisy, clean), 10 * np.log10(1 / mse), rtol=1e-5)


def test_bce_is_its_formula(noisy, clean):
    x, y = in_double(noisy.clamp(0.01, 0.99), clean)
    bce = -(y * np.log(x) + (1 - y) * np.log(1 - x)).mean((1, 2))
    np.testing.assert_allclose(metrics.bce(noisy.clamp(0.01, 0.99), clean), bce, rtol=1e-4)


def test_ssim_is_that_of_the_package_that_many_use(noisy, clean):
    from torchmetrics.functional.image import structural_similarity_index_measure

    each = structural_similarity_index_measure(
        noisy[:, None], clean[:, None], data_range=1.0, reduction="none"
    )
    torch.testing.assert_close(metrics.ssim(noisy, clean), each, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(metrics.ssim(noisy[:1], clean[:1]), each[:1], rtol=1e-5, atol=1e-6)


def test_ssim_of_many_pictures_is_that_of_each_in_its_place(digits):
    """They are taken a hundred at a time: two whole hundreds and a rest."""
    clean = digits.test_nhw[:250]
    noisy = corrupt(clean, CorruptionConfig("gaussian", 0.3), torch.Generator().manual_seed(0))
    each = torch.cat([metrics.ssim(noisy[[n]], clean[[n]]) for n in range(250)])
    torch.testing.assert_close(metrics.ssim(noisy, clean), each, rtol=1e-5, atol=1e-6)


def test_ssim_is_its_formula(noisy, clean):
    """Wang et al. 2004, equation 13, with the Gaussian window of 11 pixels and σ = 1.5."""
    x, y = in_double(noisy[0], clean[0])
    bell = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = np.outer(bell, bell) / bell.sum() ** 2

    def local(picture):
        padded = np.pad(picture, 5, mode="reflect")
        return (sliding_window_view(padded, (11, 11)) * window).sum((2, 3))

    mean_x, mean_y = local(x), local(y)
    spread_x, spread_y, shared = (
        local(x * x) - mean_x**2,
        local(y * y) - mean_y**2,
        local(x * y) - mean_x * mean_y,
    )
    c1, c2 = 0.01**2, 0.03**2
    ssim = (
        (2 * mean_x * mean_y + c1)
        * (2 * shared + c2)
        / ((mean_x**2 + mean_y**2 + c1) * (spread_x + spread_y + c2))
    )
    assert float(metrics.ssim(noisy[:1], clean[:1])) == pytest.approx(ssim.mean(), abs=1e-4)


def test_a_perfect_copy_has_no_error(clean):
    copy = metrics.summary(clean, clean)
    assert copy["mse"] == 0
    assert copy["psnr"] == math.inf
    assert copy["ssim"] == pytest.approx(1)


def test_the_psnr_of_many_is_that_of_their_mean_error(noisy, clean):
    measured = metrics.summary(noisy, clean)
    assert measured["psnr"] == pytest.approx(10 * math.log10(1 / measured["mse"]), abs=1e-9)
    # Not the mean of the pictures' PSNRs, which is always at least as high.
    assert measured["psnr"] < float(metrics.psnr(noisy, clean).mean()) - 0.01


def test_one_untouched_picture_among_many_does_not_make_all_of_them_perfect(noisy, clean):
    some = torch.cat([clean[:1], noisy[1:]])
    assert math.isinf(float(metrics.psnr(some, clean).mean()))
    assert metrics.summary(some, clean)["psnr"] == pytest.approx(
        metrics.summary(noisy, clean)["psnr"], abs=0.2
    )


@pytest.mark.parametrize(("error", "decibels"), [(0.0, math.inf), (1.0, 0.0), (0.01, 20.0)])
def test_the_decibels_of_no_error_and_of_all_the_error_there_can_be(error, decibels):
    assert metrics.decibels(error) == pytest.approx(decibels)


def test_two_different_digits_are_alike_where_both_are_black(digits):
    generator = seeded(0, "pairs of digits")
    ones_n, others_n = torch.randint(len(digits.test_nhw), (2, 1000), generator=generator)
    different = digits.test_labels_n[ones_n] != digits.test_labels_n[others_n]
    likeness = metrics.ssim(digits.test_nhw[ones_n[different]], digits.test_nhw[others_n[different]])
    assert float(likeness.mean()) == pytest.approx(0.35, abs=0.01)
    assert "about 0.35, not 0" in display.SSIM_WORDS


def test_known_values():
    black, grey = torch.zeros(2, 28, 28), torch.full((2, 28, 28), 0.1)
    measured = metrics.summary(grey, black)
    assert measured["mse"] == pytest.approx(0.01)
    assert measured["psnr"] == pytest.approx(20)
    assert measured["bce"] == pytest.approx(-math.log(0.9))


def test_every_measure_gives_one_number_a_picture_whatever_the_number_of_pictures(digits):
    few, many = digits.test_nhw[:1], as_images(digits.train_bytes_nhw[:1001])
    for measure in (metrics.mse, metrics.squared_error, metrics.psnr, metrics.ssim, metrics.bce):
        assert measure(few, few).shape == (1,)
        assert measure(many * 0.5, many).shape == (1001,)
        torch.testing.assert_close(measure(many * 0.5, many)[-1:], measure(many[-1:] * 0.5, many[-1:]))


def test_the_summary_names_every_metric(noisy, clean):
    assert tuple(metrics.summary(noisy, clean)) == metrics.METRICS


def test_a_linear_networks_picture_has_a_cross_entropy_too(clean):
    assert math.isfinite(float(metrics.bce(clean * 1.5 - 0.2, clean).mean()))


def test_pictures_of_different_shapes_are_not_compared(clean):
    with pytest.raises(ValueError, match=r"\(3, 28, 28\).*\(50, 28, 28\)"):
        metrics.summary(clean[:3], clean)


def test_doing_nothing_is_judged_against_the_clean_digit(noisy, clean):
    assert do_nothing(noisy, clean) == metrics.summary(noisy, clean)
    assert do_nothing(clean, clean)["mse"] == 0


def test_cross_entropy_cannot_fall_below_its_floor_on_mnist(digits):
    assert float(metrics.bce(digits.test_nhw, digits.test_nhw).mean()) == pytest.approx(0.0581, abs=5e-5)


def test_the_mean_picture_explains_nothing_and_a_perfect_copy_everything(digits):
    mean_nhw = digits.test_nhw.mean(0).expand_as(digits.test_nhw)
    assert explained_variance(mean_nhw, digits.test_nhw) == pytest.approx(0, abs=1e-6)
    assert explained_variance(digits.test_nhw, digits.test_nhw) == 1


def test_pca_explains_the_share_that_its_eigenvalues_say(digits):
    images_nhw = as_images(digits.train_bytes_nhw[:4000])
    spectrum = torch.linalg.eigvalsh(torch.cov(images_nhw.flatten(1).double().T)).flip(0)
    rebuilt_nhw = fit_pca(images_nhw, 10).reconstruct(images_nhw)
    assert explained_variance(rebuilt_nhw, images_nhw) == pytest.approx(
        float(spectrum[:10].sum() / spectrum.sum()), abs=1e-4
    )


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [(38.62, 15.74, 38.6 / 15.7), (2.04, 2.0, 1.0), (3, 0, math.inf), (0, 0, 1.0)]
)
def test_a_ratio_is_the_one_of_the_figures_as_they_are_shown(one, other, ratio):
    assert shown_ratio(one, other) == pytest.approx(ratio)


def test_a_figure_that_is_shown_as_nothing_still_has_a_ratio():
    assert shown_ratio(0.3, 0.03) == pytest.approx(10)
