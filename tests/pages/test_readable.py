"""How many digits can still be read, in words."""

from ae_core.config import CorruptionConfig
from pages.shared.parts.noise_sentences import readable_words

NOISE = CorruptionConfig("gaussian", 0.4)


def test_who_makes_digits_harder_to_read_is_named():
    told = readable_words({"FAE": 0.62, "CAE": 0.57, "DAE": 0.98}, 0.76, NOISE, 500)
    assert "reads **76%** of 500 digits right as they are, 62% after the FAE, 57% after the CAE" in told
    assert (
        "The FAE and the CAE make them **harder to read**. *Our explanation* where PSNR says the opposite"
        in told
    )


def test_nobody_is_named_where_nobody_does_harm_and_without_noise():
    assert "harder" not in readable_words({"FAE": 0.8}, 0.76, NOISE, 500)
    assert "harder" not in readable_words({"FAE": 0.98}, 0.99, CorruptionConfig(), 500)
    assert "The FAE makes" in readable_words({"FAE": 0.7}, 0.76, NOISE, 500)
