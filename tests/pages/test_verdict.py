"""The verdict on the Comparison: shown once the question is revealed, and true of the networks at hand."""

from __future__ import annotations

import re

import pytest
import torch

from ae_core import config
from ae_core.config import CorruptionConfig
from ae_core.figures.verdict import Line
from ae_core.models import parameter_count
from ae_core.runs.store import Store, default_root
from pages.shared.parts import verdict_view
from tests.pages.test_noise_lessons import html, measured
from tests.pages.test_pages import open_page

TRIO = {"FAE": "fae", "CAE": "cae", "DAE": "dae"}


def rows(page) -> dict[str, tuple[str, str]]:
    """Winners and figures of the verdict by its questions; without its pictures."""
    found = re.findall(
        r'<th scope="row">(.*?)</th><td class="lab-winner">(.*?)</td><td class="lab-figures">(.*?)</td>',
        re.sub("</?span>", "", html(page)),
    )
    return {question: (winners, figures) for question, winners, figures in found}


@pytest.fixture(scope="module")
def speeds():
    """Of each architecture: CAE and DAE are one."""
    return {"FAE": (9000.0,) * 9, "CAE": (1000.0,) * 9}


def test_the_verdict_comes_with_the_answer_and_holds_what_was_measured(digits, monkeypatch, speeds):
    monkeypatch.setattr(verdict_view, "_time_networks", lambda names, runs: speeds)
    page = open_page("comparison")
    assert rows(page) == {}
    page.button(key="comparison_reveal").click().run()
    assert not page.exception
    told = rows(page)
    assert list(told) == [
        "Clean digits",
        "Noisy digits, σ = 0.4",
        "A tiny code: 2 numbers, clean digits",
        "Fewest weights",
        "Fastest, pictures a second",
    ]
    for question, level in (("Clean digits", 0.0), ("Noisy digits, σ = 0.4", 0.4)):
        found = {name: measured(preset, digits, level) for name, preset in TRIO.items()}
        winners, figures = told[question]
        assert winners == max(found, key=found.__getitem__)
        assert all(f"{name} {value:.1f} dB" in figures for name, value in found.items())
    assert "doing nothing 11.0 dB" in told["Noisy digits, σ = 0.4"][1]
    store = Store(default_root())
    counts = {
        name: parameter_count(store.load_model(store.shipped_like(config.find_preset(preset))))
        for name, preset in TRIO.items()
    }
    assert told["Fewest weights"][0] == "CAE and DAE<small>alike</small>"
    assert all(f"{name} {count:,}" in told["Fewest weights"][1] for name, count in counts.items())
    assert told["Fastest, pictures a second"] == ("FAE", "FAE 9,000 · CAE and DAE 1,000")
    assert "No network wins every line" in " ".join(each.value for each in page.markdown)


def test_where_the_verdict_will_stand_is_seen_before_it_is_given():
    page = open_page("comparison")
    assert [one.value for one in page.subheader] == ["Which is best, and at what?"]
    assert any("Answer or reveal the question" in one.value for one in page.caption)
    titles = [element.proto.body for element in page.get("html")]
    assert any('data-title="Which is best, and at what?"' in body for body in titles)
    assert rows(page) == {}


@pytest.mark.parametrize("name", ["home", "reading"])
def test_where_it_is_answered_which_is_best_is_said_with_the_way_there(name):
    said = " ".join(text.value for text in open_page(name).markdown)
    assert "Comparison**" in said
    assert "which is best, and at what?" in said


def test_the_verdict_follows_the_noise_and_leaves_its_line_out_without_any(monkeypatch, speeds):
    monkeypatch.setattr(verdict_view, "_time_networks", lambda names, runs: speeds)
    page = open_page("comparison")
    page.slider(key="comparison_test_noise").set_value(0.0).run()
    page.button(key="comparison_reveal").click().run()
    assert not page.exception
    assert [question for question in rows(page) if "Noisy" in question] == []
    assert len(rows(page)) == 4


def test_networks_within_a_tenth_of_a_decibel_are_alike(monkeypatch):
    values = {"a": 20.04, "b": 20.0, "c": 19.7}
    found = {name: type("Found", (), {"value": value})() for name, value in values.items()}
    monkeypatch.setattr(verdict_view, "measure_spread", lambda run, noise, seed: found[run])
    line = verdict_view._judge_quality(
        "q", {name: name for name in values}, CorruptionConfig(), 0, lambda run: torch.zeros(1, 28, 28)
    )
    assert line.winners == ("a", "b")
    assert line.figures == ("a 20.0 dB", "b 20.0 dB", "c 19.7 dB")
    assert line.drawn_nhw.shape == (2, 28, 28)


@pytest.mark.parametrize(
    ("winners", "said"),
    [((("A",), ("A", "B")), "every line: A"), ((("A",), ("B",)), "No network wins every line")],
)
def test_the_last_word_is_what_the_lines_say(winners, said):
    lines = [Line("q", each, (), torch.zeros(1, 28, 28)) for each in winners]
    assert said in verdict_view.sum_up(lines)
