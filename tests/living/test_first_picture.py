"""The living picture as plain HTML: what a page shows before its script is there."""

from __future__ import annotations

import re

import torch

from ae_core.living.first_picture import Answer, picture_html
from ae_core.living.words import WORDS


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
