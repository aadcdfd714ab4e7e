"""The living picture as plain HTML: what a page shows before its script is there."""

from __future__ import annotations

import re

import pytest
import torch

from ae_core.living.first_picture import Answer, picture_html
from ae_core.living.words import WORDS, reading_words
from ae_core.study.classifier import load_classifier


def answer(name: str, size: int) -> Answer:
    return Answer(name, torch.linspace(-2, 3, size), torch.full((28, 28), 0.5))


def test_it_shows_digit_input_code_answer_and_error():
    black = torch.zeros(28, 28)
    html = picture_html(black, black, [answer("CAE", 30)], is_noisy=True)
    assert html.count("data:image/png;base64") == 4  # digit, noisy digit, what is rebuilt, the difference
    assert html.count('class="bar"') == 30
    assert "error 196.0" in html  # 784 × 0.5²
    assert WORDS["noisy"] in html
    assert WORDS["not_noisy"] not in html
    assert re.findall(r"<span>(-?[\d.]+)</span>", html)[0] == "-2.0"


def test_several_networks_stand_side_by_side_and_a_code_that_is_no_bottleneck_has_no_bars():
    html = picture_html(
        torch.zeros(28, 28), torch.zeros(28, 28), [answer("<b>", 2), answer("DAE", 1568)], is_noisy=False
    )
    assert "&lt;b&gt;" in html
    assert html.count('<section class="network">') == 2
    assert html.count('class="bar"') == 2


def test_a_code_of_one_number_is_called_so():
    black = torch.zeros(28, 28)
    assert "Code z, 1 number:" in picture_html(black, black, [answer("CAE", 1)], is_noisy=False)
    both = picture_html(black, black, [answer("CAE", 1), answer("DAE", 1)], is_noisy=False)
    assert "1 numbers" not in both


def test_the_difference_has_a_colour_for_more_and_one_for_less():
    white = torch.ones(28, 28)
    sources = [
        re.findall(r'class="difference">.*?src="([^"]+)"', picture_html(digit, digit, [made], is_noisy=False))
        for digit, made in (
            (0 * white, Answer("CAE", torch.zeros(2), white)),
            (white, Answer("CAE", torch.zeros(2), 0 * white)),
        )
    ]
    assert sources[0] != sources[1]


def test_a_classifier_says_below_each_picture_what_it_reads_as_and_how_often_it_is_right(digits):
    seven, other = digits.test_nhw[0], digits.test_nhw[1]
    made = Answer("CAE", torch.zeros(2), other)
    html = picture_html(seven, seven, [made], is_noisy=False, classifier=load_classifier())
    assert re.findall(r'class="reading">([^<]*)<', html) == [
        "read as 7, &gt;99%",
        "read as 7, &gt;99%",
        "read as 2, &gt;99%",
        "",  # the difference is no digit
    ]
    assert f"{100 * load_classifier().accuracy:.1f}% of the clean test digits" in html
    without = picture_html(seven, seven, [made], is_noisy=False)
    assert "read as" not in without
    assert "classifier" not in without


@pytest.mark.parametrize(
    ("share", "words"), [(0.981, "98%"), (0.985, "99%"), (0.9949, "99%"), (0.995, ">99%"), (0.104, "10%")]
)
def test_a_share_is_told_in_whole_percents_and_never_as_certain(share, words):
    likely = torch.full((10,), (1 - share) / 9)
    likely[3] = share
    assert reading_words(likely) == f"read as 3, {words}"
