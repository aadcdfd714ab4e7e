"""The words of the lessons, and pictures of a given PSNR."""

from __future__ import annotations

import pytest
import torch

from ae_core.metrics import psnr
from ae_core.training import seeded
from pages.shared.parts import glossary


@pytest.mark.parametrize("wanted", glossary.SHOWN_DB)
def test_a_digit_with_noise_has_the_psnr_that_stands_over_it(digits, wanted):
    epsilon_hw = torch.randn(28, 28, generator=seeded(glossary.SEED, "noise shown"))
    noisy_hw = glossary.noisy_at(digits.test_nhw[0], epsilon_hw, wanted)
    assert float(psnr(noisy_hw[None], digits.test_nhw[:1])) == pytest.approx(wanted, abs=0.05)


@pytest.mark.parametrize("word", ["PSNR", "PCA", "variance", "bias", "SSIM", "σ"])
def test_what_the_lessons_say_without_a_word_is_explained(word):
    assert any(word in name for name in glossary.WORDS)
