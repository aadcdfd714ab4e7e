"""What Home begins with comes with the page itself: the same as Home draws, and without torch."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest

from ae_core import config
from ae_core.living.first_answers import ask_networks
from ae_core.living.first_picture import picture_html
from ae_core.living.kept_picture import KEPT, read_picture
from ae_core.study.classifier import find_classifier
from pages.shared import display, lab, networks
from pages.shared.frame import first_sight
from pages.shared.frame.first_sight import find_first_sight, first_sight_html
from tests.conftest import PROJECT
from tests.pages.test_pages import open_page


def layout(html: str) -> str:
    """Without pictures and numbers, whose last digit may be another one on another processor."""
    return re.sub(r"data:image/png;base64,[^\"]+|−?\d+\.\d+", "", html)


def test_it_is_laid_out_as_home_draws_it_and_says_the_same():
    page = open_page("home")
    drawn = [element.proto.body for element in page.get("html")]
    kept = picture_html(read_picture())
    assert layout(kept) in map(layout, drawn)
    assert kept in first_sight_html()
    assert first_sight.HEADING in [element.value for element in page.markdown]
    assert first_sight.ABOUT in [element.value for element in page.markdown]
    progress = next(html for html in drawn if html.startswith('<div class="lab-path"'))
    assert progress in first_sight_html()


def test_the_kept_picture_is_what_the_labs_network_makes_of_homes_digit():
    kept, run = read_picture(), networks.find_lab_run(config.CAE)
    digit_hw = display.drawn_digits(0)[0]
    now = ask_networks(
        {"CAE": lab.load_network(run)}, digit_hw, digit_hw, is_noisy=False, classifier=find_classifier()
    )
    told = "run `python -m tests.benchmarks.ship_first_picture`"
    np.testing.assert_array_equal(kept.digit.image_hw, now.digit.image_hw, told)
    np.testing.assert_allclose(kept.answers[0].code_l, now.answers[0].code_l, atol=1e-4, err_msg=told)
    rebuilt, rebuilt_now = kept.answers[0].rebuilt, now.answers[0].rebuilt
    np.testing.assert_allclose(rebuilt.image_hw, rebuilt_now.image_hw, atol=1e-4, err_msg=told)
    for shown, shown_now in ((kept.digit, now.digit), (rebuilt, rebuilt_now)):
        assert shown.reads_as == pytest.approx(shown_now.reads_as, abs=1e-4), told
    assert kept.accuracy == now.accuracy


def test_its_sentences_have_html_for_the_marks_of_markdown_and_no_place_is_left_open():
    html = first_sight_html()
    assert 'aria-level="1">What does an autoencoder do?</div>' in html
    assert "through a <strong>bottleneck</strong> and" in html
    assert "a short <em>code</em>, a few" in html
    assert "<strong>encoder</strong> <i>E</i> keeps" in html
    shown = html.partition("<script")[0]
    for mark in ("**", "$E$", "{{", "{picture}", "{style}", "{heading}"):
        assert mark not in shown
    assert "{script}" not in html


@pytest.mark.parametrize(
    ("module", "expected"),
    [("app", "False"), ("pages.shared.frame.first_sight", "False"), ("pages.shared.display", "True")],
)
def test_the_server_begins_and_draws_it_without_torch(module, expected):
    """The last one shows that this can fail."""
    program = (
        f"import sys, {module}; from pages.shared.frame.first_sight import first_sight_html\n"
        "print(len(first_sight_html()) > 10_000, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", expected]


@pytest.mark.parametrize(
    ("path", "query", "base", "expected"),
    [
        ("/", b"", "", True),
        ("", b"", "", True),
        ("/", b"home_test_noise=0.4", "", False),
        ("/convolutional", b"", "", False),
        ("/teaching/lab/", b"", "teaching/lab", True),
        ("/teaching/lab", b"", "teaching/lab", True),
        ("/teaching/lab/runs", b"", "teaching/lab", False),
    ],
)
def test_it_comes_with_home_as_everybody_sees_it_first_alone(monkeypatch, path, query, base, expected):
    monkeypatch.setattr(first_sight, "base_path", lambda: base)
    assert bool(find_first_sight({"path": path, "query_string": query})) is expected


def test_where_its_picture_is_not_whole_the_page_comes_without_it(monkeypatch, tmp_path, caplog):
    half = tmp_path / KEPT.name
    half.write_text(KEPT.read_text()[:3_000])
    monkeypatch.setattr(first_sight, "read_picture", lambda: read_picture(half))
    assert first_sight_html.__wrapped__() == ""
    assert "holds no picture. Install or copy the lab again." in caplog.text
