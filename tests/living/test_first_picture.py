"""The living picture as plain HTML: what a page shows before its script is there."""

from __future__ import annotations

import re

import numpy as np
import pytest

from ae_core import config
from ae_core.living.first_answers import ask_networks
from ae_core.living.first_picture import Answer, FirstPicture, Shown, picture_html
from ae_core.living.kept_picture import read_picture, write_picture
from ae_core.living.words import WORDS, reading_words
from ae_core.study.classifier import load_classifier
from ae_core.training import build_untrained

BLACK, WHITE = Shown(np.zeros((28, 28), np.float32)), Shown(np.ones((28, 28), np.float32))


def answer(name: str, size: int) -> Answer:
    return Answer(name, np.linspace(-2, 3, size), Shown(np.full((28, 28), 0.5)))


def shown(*answers: Answer, digit: Shown = BLACK, is_noisy: bool = False) -> str:
    return picture_html(FirstPicture(digit, digit, answers, is_noisy))


def test_it_shows_digit_input_code_answer_and_error():
    html = shown(answer("CAE", 30), is_noisy=True)
    assert html.count("data:image/png;base64") == 4  # digit, noisy digit, what is rebuilt, the difference
    assert html.count('class="bar"') == 30
    assert "error 196.0" in html  # 784 × 0.5²
    assert WORDS["noisy"] in html
    assert WORDS["not_noisy"] not in html
    assert re.findall(r"<span>(−?[\d.]+)</span>", html)[0] == "−2.0"


def test_several_networks_stand_side_by_side_and_a_code_that_is_no_bottleneck_has_no_bars():
    html = shown(answer("<b>", 2), answer("DAE", 1568))
    assert "&lt;b&gt;" in html
    assert html.count('<section class="network">') == 2
    assert html.count('class="bar"') == 2


def test_a_code_of_one_number_is_called_so():
    assert "Code z, 1 number:" in shown(answer("CAE", 1))
    assert "1 numbers" not in shown(answer("CAE", 1), answer("DAE", 1))


def test_each_number_of_the_code_has_a_bar_as_long_as_it_is_far_from_0():
    html = shown(Answer("CAE", np.array([-2.5, 0.0, 2.5, -0.04]), BLACK))
    bars = re.findall(r'<i class="(\w+)" style="background-size:100% ([\d.]+)%"></i></div><span>(.+?)<', html)
    # The range is the next round number above 1.2 times the farthest: 3.
    assert bars == [
        ("below", "83.3", "−2.5"),
        ("above", "0.0", "0.0"),
        ("above", "83.3", "2.5"),
        ("below", "1.3", "0.0"),
    ]


@pytest.mark.parametrize("far", [np.nan, np.inf, -np.inf])
def test_a_network_that_gives_no_numbers_is_drawn_all_the_same(far):
    html = shown(Answer("CAE", np.array([far, 0.5]), Shown(np.full((28, 28), far))))
    assert html.count('class="bar"') == 2
    assert html.count("data:image/png;base64") == 4


def test_the_difference_has_a_colour_for_more_and_one_for_less():
    sources = [
        re.findall(r'class="difference">.*?src="([^"]+)"', shown(made, digit=digit))
        for digit, made in (
            (BLACK, Answer("CAE", np.zeros(2), WHITE)),
            (WHITE, Answer("CAE", np.zeros(2), BLACK)),
        )
    ]
    assert sources[0] != sources[1]


def test_a_classifier_says_below_each_picture_what_it_reads_as_and_how_often_it_is_right(digits):
    network, seven_hw = build_untrained(config.CAE), digits.test_nhw[0]
    reading = load_classifier()
    picture = ask_networks({"CAE": network}, seven_hw, seven_hw, is_noisy=False, classifier=reading)
    html = picture_html(picture)
    said = re.findall(r'class="reading">([^<]*)<', html)
    assert said[:2] == ["read as 7, &gt;99%", "read as 7, &gt;99%"]
    assert re.fullmatch(r"read as \d, \d+%", said[2])
    assert said[3] == ""  # the difference is no digit
    assert f"{100 * reading.accuracy:.1f}% of the clean test digits" in html
    without = picture_html(
        ask_networks({"CAE": network}, seven_hw, seven_hw, is_noisy=False, classifier=None)
    )
    assert "read as" not in without
    assert "classifier" not in without


def test_while_answers_are_hidden_neither_error_nor_reading_of_them_is_told():
    seven = Shown(np.zeros((28, 28)), (7, 0.9))
    told = FirstPicture(seven, seven, [Answer("CAE", np.zeros(2), Shown(np.ones((28, 28)), (3, 0.8)))], False)
    assert "read as 3" in picture_html(told)
    hidden = picture_html(told, hides_answers=True)
    assert "read as 7" in hidden
    assert "read as 3" not in hidden
    assert "error" not in hidden


def test_a_kept_picture_comes_back_as_it_was(tmp_path):
    seven = Shown(np.random.default_rng(0).random((28, 28), np.float32), (7, 0.98))
    kept = FirstPicture(
        seven, seven, [Answer("CAE", np.array([1.5, -2.25], np.float32), Shown(seven.image_hw))], False, 0.99
    )
    write_picture(kept, tmp_path / "kept.json")
    assert picture_html(read_picture(tmp_path / "kept.json")) == picture_html(kept)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"network": "CAE", "code": 3}'])
def test_a_file_that_keeps_no_picture_is_named(tmp_path, text):
    (tmp_path / "kept.json").write_text(text)
    with pytest.raises(ValueError, match=r"kept\.json holds no picture"):
        read_picture(tmp_path / "kept.json")


@pytest.mark.parametrize(
    ("share", "words"), [(0.981, "98%"), (0.985, "99%"), (0.9949, "99%"), (0.995, ">99%"), (0.104, "10%")]
)
def test_a_share_is_told_in_whole_percents_and_never_as_certain(share, words):
    assert reading_words(3, share) == f"read as 3, {words}"


@pytest.mark.parametrize(("value", "words"), [(999.4, "999"), (41_448.0, "4e4"), (-39_707.0, "−4e4")])
def test_numbers_of_a_code_that_has_run_away_do_not_run_into_each_other(value, words):
    code = np.full(30, value)
    assert f"<span>{words}</span>" in shown(Answer("CAE", code, Shown(np.zeros((28, 28)))))
