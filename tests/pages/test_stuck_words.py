"""What a visitor reads of a network that learnt nothing, and the button beside it."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from streamlit.testing.v1 import AppTest

from ae_core import config
from ae_core.config import CAE
from ae_core.runs.history import Progress
from ae_core.runs.packing import to_png
from ae_core.study.collapse import Collapse, Verdict, offer_retraining
from ae_core.training import build_untrained
from pages.shared import lab
from pages.shared.runs import stuck_words

MEAN = Collapse(Verdict.MEAN_DIGIT, 0.0, 52.9, 89.3, 52.8, 30, (), 0.4, False)
RESULT = {"test": {"mse": 0.2, "psnr": 7.0, "ssim": 0.1, "bce": 0.7}, "train_mse": 0.2}
HOT = config.adjusted(CAE, training={"learning_rate": 0.1})


def test_what_happened_is_said_with_its_errors():
    words = stuck_words.collapse_words(MEAN)
    assert "learnt nothing" in words
    assert "it paints the mean digit" in words
    assert re.findall(r"\d+\.\d", words) == ["52.9", "52.8", "89.3"]
    assert stuck_words.collapse_words(replace(MEAN, verdict=Verdict.FINE)) == ""


def test_every_verdict_has_words_of_its_own():
    others = [each for each in Verdict if each is not Verdict.FINE]
    said = {stuck_words.collapse_words(replace(MEAN, verdict=each)) for each in others}
    assert len(said) == len(others)
    worse = replace(MEAN, verdict=Verdict.WORSE_THAN_BLACK)
    assert stuck_words.collapse_words(worse) != stuck_words.collapse_words(replace(worse, spread=0.5))


@pytest.mark.parametrize(
    ("name", "classes", "uploaded_as", "said"),
    [
        ("mnist", config.CLASSES, "", "on all held-back digits"),
        ("mnist", (0, 1), "", "of the classes that it learnt from"),
        ("mnist", config.CLASSES, "mine", "on 1,000 held-back digits"),
        ("embedded", config.CLASSES, "", "on 1,000 held-back digits"),  # tested on others, long ago
    ],
)
def test_on_which_digits_it_errs_so_is_said_as_it_was_measured(name, classes, uploaded_as, said):
    run = SimpleNamespace(
        uploaded_as=uploaded_as,
        config=replace(CAE, data=config.DataConfig(name, classes=classes)),
        result={"test": {"mse": 0.1}},
    )
    judged, where = stuck_words._on_all_digits(run, MEAN)
    assert said in where
    assert (judged is MEAN) == (said != "on all held-back digits")


@pytest.mark.parametrize(
    ("training", "dead_units", "said"),
    [
        ({"learning_rate": 0.1}, 0.4, ("too high", "0.1", "0.01")),
        ({"learning_rate": 1e-4}, 0.4, ("too low", "0.0001", "0.01")),
        ({"batch_size": 2048, "epochs": 1}, 0.4, ("too short", "30 steps")),
        ({}, 1.0, ("dead ReLUs",)),
        ({}, 0.4, ("another seed",)),
    ],
)
def test_the_usual_cause_is_named_with_its_figures(training, dead_units, said):
    run = config.adjusted(CAE, training=training)
    words = stuck_words.cause_words(run, replace(MEAN, dead_units=dead_units))
    assert all(each in words for each in said)


@pytest.mark.parametrize(
    ("dead", "size", "is_maps", "words"),
    [
        ((1, 2, 3, 4, 5, 6, 7), 30, False, "7 of 30 numbers of its code never change."),
        ((4,), 30, False, "1 of 30 numbers of its code never changes."),
        ((0, 1), 2, False, "All 2 numbers of its code never change."),
        ((0,), 1, False, "The only number of its code never changes."),
        ((0, 9), 32, True, "2 of 32 maps of its code never change."),
        ((), 30, False, ""),
    ],
)
def test_dead_numbers_are_counted(dead, size, is_maps, words):
    assert stuck_words.dead_words(replace(MEAN, dead=dead, code_size=size, is_maps=is_maps)) == words


def test_the_button_says_what_it_changes():
    assert stuck_words.retrain_words(HOT, offer_retraining(HOT)) == "Train again with learning rate 0.01"
    short = config.adjusted(HOT, training={"batch_size": 2048})
    assert stuck_words.retrain_words(short, offer_retraining(short)) == (
        "Train again with learning rate 0.01 and 10 epochs"
    )


@pytest.mark.parametrize(
    ("step", "alike", "noticed"), [(600, True, True), (200, True, False), (600, False, False)]
)
def test_a_training_that_paints_one_picture_is_noticed_after_a_third(digits, step, alike, noticed):
    clean = digits.test_nhw[:8]
    drawn = clean.mean(0).expand(8, 28, 28) if alike else clean
    told = [], [], [], [(step, to_png(drawn))]
    progress = Progress("running", 1, 0, 900, step, "cpu", *told, clean, clean, None, 1.0, 1.0, "")
    assert bool(stuck_words.collapse_notice(progress)) == noticed
    assert stuck_words.collapse_notice(replace(progress, snapshots=[])) == ""
    if noticed:
        assert "600 of 900" in stuck_words.collapse_notice(progress)


def show_with_button() -> None:
    """A page on which the run that the test wants is judged."""
    import streamlit as st

    from ae_core import config
    from pages.shared import lab
    from pages.shared.runs import stuck_words

    wanted = st.session_state["wanted"]
    found = lab.store().get(config.run_id(wanted))
    stuck_words.show_collapse(found, "cae", lambda run: st.session_state.update(asked=config.run_id(run)))


def test_the_page_warns_and_the_button_trains_with_the_usual_rate(digits):
    model = build_untrained(HOT)
    with torch.no_grad():
        for values in model.decoder.parameters():
            values.zero_()
    lab.store().start_log(HOT)
    lab.store().commit(HOT, model, RESULT)
    page = AppTest.from_function(show_with_button, default_timeout=60)
    page.session_state["wanted"] = HOT
    page.run()
    assert not page.exception
    assert "learnt nothing" in page.warning[0].value
    assert "0.1" in page.warning[0].value
    # On all held-back digits, as other figures of the page are: not on the first 1,000, which are easier.
    assert "error per image on all held-back digits is" in page.warning[0].value
    assert "that of the mean digit 52.9, that of black 89.3." in page.warning[0].value
    assert stuck_words.has_learnt_nothing(lab.store().get(config.run_id(HOT)))
    page.button(key="cae_retrain").click().run()
    assert page.session_state["asked"] == config.run_id(CAE)


def test_a_shipped_network_is_left_alone(digits):
    shipped = lab.store().shipped()[0][0].config
    page = AppTest.from_function(show_with_button, default_timeout=60)
    page.session_state["wanted"] = shipped
    page.run()
    assert not page.exception
    assert not page.warning
    assert not page.button
