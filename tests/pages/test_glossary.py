"""The words of the lessons, and pictures of a given PSNR."""

from __future__ import annotations

import pytest
import torch

from ae_core import config
from ae_core.metrics import psnr
from ae_core.models import build_model, parameter_count
from ae_core.training import seeded
from pages.shared.parts import glossary, reading_list


@pytest.mark.parametrize("wanted", glossary.SHOWN_DB)
def test_a_digit_with_noise_has_the_psnr_that_stands_over_it(digits, wanted):
    epsilon_hw = torch.randn(28, 28, generator=seeded(glossary.SEED, "noise shown"))
    noisy_hw = glossary.noisy_at(digits.test_nhw[0], epsilon_hw, wanted)
    assert float(psnr(noisy_hw[None], digits.test_nhw[:1])) == pytest.approx(wanted, abs=0.05)


@pytest.mark.parametrize("word", ["PSNR", "PCA", "variance", "bias", "SSIM", "σ"])
def test_what_the_lessons_say_without_a_word_is_explained(word):
    assert any(word in name for name in glossary.WORDS)


def test_filters_need_a_third_of_the_weights_as_the_five_lines_say():
    assert "a third of the weights" in reading_list.IN_FIVE_LINES
    fae, cae = (parameter_count(build_model(run.model)) for run in (config.FAE, config.CAE))
    assert cae / fae == pytest.approx(1 / 3, abs=0.04)
