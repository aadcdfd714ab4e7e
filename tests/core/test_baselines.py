"""PCA: the best that a linear code of its size can do."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ae_core.baselines import fit_pca
from ae_core.data import as_images, in_parts
from ae_core.metrics import squared_error


def test_pca_is_the_truncated_singular_value_decomposition(few_digits):
    images_nhw = as_images(few_digits.train_bytes_nhw)
    pixels = images_nhw.flatten(1).numpy().astype(np.float64)
    mean = pixels.mean(0)
    u, s, vt = np.linalg.svd(pixels - mean, full_matrices=False)
    ours = fit_pca(images_nhw, 8).reconstruct(images_nhw).flatten(1)
    np.testing.assert_allclose(ours, (u[:, :8] * s[:8]) @ vt[:8] + mean, atol=1e-4)


def test_the_directions_are_orthonormal_and_each_explains_less(few_digits):
    images_nhw = as_images(few_digits.train_bytes_nhw)
    pca = fit_pca(images_nhw, 16)
    torch.testing.assert_close(pca.components_lp @ pca.components_lp.T, torch.eye(16), atol=1e-5, rtol=0)
    variances = pca.encode(images_nhw).var(0)
    assert (variances.diff() <= 1e-4).all()


def test_a_larger_code_loses_less(few_digits):
    images_nhw = as_images(few_digits.train_bytes_nhw)
    errors = [
        float(squared_error(fit_pca(images_nhw, size).reconstruct(images_nhw), images_nhw).mean())
        for size in (1, 2, 8, 32, 256)
    ]
    assert errors == sorted(errors, reverse=True)


def test_pca_of_parts_is_pca_of_the_whole(few_digits):
    whole = fit_pca(as_images(few_digits.train_bytes_nhw), 8)
    parts = fit_pca(in_parts(few_digits.train_bytes_nhw, 100), 8)
    torch.testing.assert_close(parts.mean_p, whole.mean_p)
    turned = (parts.components_lp * whole.components_lp).sum(1).sign()  # a direction or its opposite
    torch.testing.assert_close(parts.components_lp * turned[:, None], whole.components_lp, atol=1e-4, rtol=0)


def test_pca_of_mnist_has_its_known_errors(digits):
    pca = fit_pca(in_parts(digits.train_bytes_nhw), 32)
    for size, error in ((2, 43.6), (8, 29.4), (32, 13.2)):
        measured = squared_error(pca.first(size).reconstruct(digits.test_nhw), digits.test_nhw).mean()
        assert float(measured) == pytest.approx(error, abs=0.05)
