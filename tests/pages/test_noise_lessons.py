"""The lessons about noise: denoiser, pair and comparison, with their dials, figures and questions."""

from __future__ import annotations

import dataclasses
import json
import math
import re

import pytest
import torch
from streamlit.testing.v1 import AppTest

from ae_core import config
from ae_core.baselines import do_nothing
from ae_core.config import CorruptionConfig
from ae_core.data import Digits, measured_digits
from ae_core.errors import DataError
from ae_core.metrics import decibels, mse
from ae_core.models import reconstruct
from ae_core.runs import tickets
from ae_core.runs.store import Store, default_root
from ae_core.service import jobs, worker
from ae_core.study.classifier import read_right, shipped_classifier
from ae_core.study.robustness import LEVELS, Curve, RemovedNoise, Spread, noisy_digits
from pages.shared import display
from pages.shared.parts import noise_sentences, noise_view, pair_view
from tests.conftest import widget_key
from tests.pages.test_lessons import revealed, words
from tests.pages.test_pages import curves, open_page, pictures


def html(page: AppTest) -> str:
    return " ".join(element.proto.body for element in page.get("html"))


def shown(page: AppTest) -> str:
    """All pictures and curves of the page, and none of its words."""
    return pictures(page) + curves(page)


def noisy_labels(page: AppTest) -> list[tuple[float, str]]:
    """The labels that the browser is given for its noisy row, with the level that each begins at."""
    given = [json.loads(element.proto.bytes) for element in page.get("bidi_component") if element.proto.bytes]
    (rows,) = [each for each in given if each.get("script") == "rows"]
    return [(level, label) for level, label in rows["noisy_labels"]]


def measured(name: str, digits: Digits, level: float, kind: str = "gaussian") -> float:
    """The shipped network's PSNR over the digits measured, worked out here once more."""
    store = Store(default_root())
    run = store.shipped_like(config.find_preset(name))
    assert run is not None
    clean = measured_digits(digits)[0]
    noisy = noisy_digits(clean, CorruptionConfig(kind, level), 0)
    return decibels(float(mse(reconstruct(store.load_model(run), noisy), clean).mean()))


def measured_share(digits: Digits) -> str:
    """Share of the noisy digits at level 0.4 that the shipped classifier reads right, as a curve has it."""
    clean, labels = measured_digits(digits)
    noisy = noisy_digits(clean, CorruptionConfig("gaussian", 0.4), 0)
    return str(float(read_right(shipped_classifier().layers, noisy, labels).float().mean()))


# The pair


def pair_page() -> AppTest:
    """The page of the pair with both questions answered."""
    page = open_page("difference")
    page.button(key="difference_reveal").click().run()
    return page.button(key="difference_clean_reveal").click().run()


def test_what_comes_out_of_the_pair_is_hidden_until_it_is_predicted():
    page = open_page("difference")
    assert " dB" not in html(page)
    assert "CAE gives back" not in html(page)
    assert "nothing else does" not in words(page)
    page.button(key="difference_clean_reveal").click().run()
    assert "dB ✓ better" in html(page)


def test_the_pair_is_shown_with_each_cells_measured_psnr(digits):
    page = pair_page()
    cells = re.findall(r"([\d.]+) dB( ✓ better)?", html(page))
    expected = [f"{measured(name, digits, level):.1f}" for level in (0.0, 0.4) for name in ("cae", "dae")]
    assert [figure for figure, _ in cells] == expected
    assert [bool(better) for _, better in cells] == [True, False, False, True]


def test_the_pages_claim_that_only_the_noise_differs_is_compared_and_told():
    assert "(no noise and σ = 0.4), and nothing else does. Each has 109,642 parameters" in words(pair_page())


def test_both_questions_about_the_pair_are_answered_by_what_was_measured(digits):
    page = open_page("difference")
    page.button(key="difference_reveal").click().run()
    page.button(key="difference_clean_reveal").click().run()
    told = " ".join(revealed(page))
    assert f"**{pair_view.INPUT}**" in told
    assert f"**{pair_view.CLEAN_CAE}**" in told
    assert (
        f"the CAE {measured('cae', digits, 0.0):.1f} dB, the DAE {measured('dae', digits, 0.0):.1f} dB."
        in told
    )


def test_the_noise_from_which_the_denoiser_is_better_is_one_that_was_measured(digits):
    told = re.search(
        r"is worse than the CAE up to \*\*σ = ([\d.]+)\*\* and better from \*\*σ = ([\d.]+)\*\* on",
        words(pair_page()),
    )
    worse, better = (float(level) for level in told.groups())
    assert better - worse == pytest.approx(0.05)
    assert measured("dae", digits, worse) < measured("cae", digits, worse)
    assert measured("dae", digits, better) > measured("cae", digits, better)


@pytest.mark.parametrize(
    ("kind", "dial", "value"),
    [
        ("select_slider", "latent_size", 8),
        ("slider", "pair_test_noise", 0.7),
        ("selectbox", "pair_test_noise_kind", "masking"),
        ("number_input", "digits_seed", 5),
        ("number_input", "noise_seed", 5),
        ("button_group", "pair_measure", "ssim"),
    ],
)
def test_every_dial_of_the_pair_changes_what_is_shown(kind, dial, value):
    page = pair_page()
    before = shown(page)
    getattr(page, kind)(key=widget_key(page, dial)).set_value(value).run()
    assert not page.exception
    assert shown(page) != before


def test_one_button_asks_for_both_trainings_and_they_differ_in_their_noise_alone(monkeypatch):
    page = open_page("difference")
    page.slider(key="pair_epochs").set_value(3)
    page.slider(key="training_noise_level").set_value(0.6)
    page.selectbox(key="training_noise_kind").set_value("masking")
    page.number_input(key="train_size").set_value(5).run()
    asked: list[config.RunConfig] = []
    monkeypatch.setattr(jobs, "submit_training", lambda run, store, visitor, address: asked.append(run))
    page.button(key="pair_train").click().run()
    cae, dae = asked
    assert config.differences(cae, dae) == ("corruption.kind", "corruption.level")
    assert (dae.corruption, dae.training.epochs, dae.model.latent_size) == (
        CorruptionConfig("masking", 0.6),
        3,
        5,
    )


def test_one_button_stops_both():
    page = open_page("difference")
    page.number_input(key="train_size").set_value(17).run()
    page.button(key="pair_train").click().run()
    assert len(tickets.tickets_in_line(Store(default_root()))) == 2
    assert len(page.get("progress")) == 2
    page.button(key="pair_stop").click().run()
    assert tickets.tickets_in_line(Store(default_root())) == []


def test_a_visitors_pair_is_shown_once_both_are_trained_and_the_switch_says_so(few_digits: Digits):
    runs = [
        config.adjusted(run, model={"latent_size": 17}, training={"epochs": 1})
        for run in (config.CAE, config.DAE)
    ]
    yours = ".".join(map(config.run_id, runs))
    for run in runs:
        page = open_page("difference", yours=yours, whose="Yours")
        assert "**17 numbers" not in words(page)
        for _ in worker.record_training(run, Store(default_root()), few_digits):
            pass
    page = open_page("difference", yours=yours, whose="Yours")
    assert any("CAE: yours** (17 numbers" in caption.value for caption in page.caption)
    page.button(key="difference_clean_reveal").click().run()
    assert "dB ✓ better" in html(page)
    page.button_group(key="whose").set_value("The lab's").run()
    assert any("The lab's own networks" in caption.value for caption in page.caption)


def test_without_noise_in_training_the_denoiser_is_the_plain_network():
    page = open_page("difference")
    page.slider(key="training_noise_level").set_value(0.0).run()
    page.button(key="difference_reveal").click().run()
    page.button(key="difference_clean_reveal").click().run()
    assert "the DAE is the CAE: no setting differs" in words(page)
    assert "✓ better" not in html(page)


# The denoiser


def test_how_much_noise_the_denoiser_takes_is_drawn_once_that_was_predicted():
    page = open_page("denoising")
    assert not [group for group in page.button_group if group.key == "dae_measure"]
    page.button(key="denoising_reveal").click().run()
    before = shown(page)
    page.button_group(key="dae_measure").set_value("share").run()
    assert not page.exception
    assert shown(page) != before


def test_the_denoising_page_tells_the_noise_that_was_clipped_and_that_was_removed():
    page = open_page("denoising")
    text = words(page)
    assert "is on average not 0 but **0.16**: half of it is cut off" in text
    assert re.search(
        r"in the output: \*\*8\d% less\*\*. The output's error is noise that is left and blur", text
    )
    assert "blue = below 0" in html(page)
    before = html(page)
    page.slider(key="dae_test_noise").set_value(0.05).run()
    assert re.search(r"in the output: \*\*[\d.]+ times as much\*\*", words(page))
    assert html(page) != before


def test_noise_beyond_the_training_is_called_so_by_the_server_and_by_the_browser():
    page = open_page("denoising")
    assert "beyond its training" not in html(page)
    page.slider(key="dae_test_noise").set_value(0.6).run()
    assert "noisy input, σ = 0.6: beyond its training (σ = 0.4)" in html(page)
    labels = noisy_labels(page)
    for level in LEVELS:
        label = next(words for begins, words in reversed(labels) if begins <= level)
        assert (f"σ = {level:g}: beyond its training (σ = 0.4)" in label) == (level > 0.4)


def test_without_noise_the_digits_that_go_in_are_shown_once():
    page = open_page("convolutional")
    assert 'alt="digit x goes in, no noise on it"' in html(page)
    assert 'alt="digit x"' not in html(page)
    page.slider(key="cae_test_noise").set_value(0.4).run()
    assert 'alt="digit x"' in html(page)
    assert 'alt="noisy input x + ε, clipped to 0–1"' in html(page)


def test_another_kind_of_noise_than_in_training_is_called_so():
    trained = CorruptionConfig("gaussian", 0.4)
    assert (
        display.input_label(trained, CorruptionConfig("masking", 0.2))
        == "noisy input, masking 0.2: trained on σ = 0.4"
    )
    assert "beyond" not in display.input_label(CorruptionConfig(), CorruptionConfig("gaussian", 0.2))


def test_the_denoisers_question_is_answered_by_its_gain_over_doing_nothing(digits):
    page = open_page("denoising")
    page.button(key="denoising_reveal").click().run()
    clean = measured_digits(digits)[0]
    gain = (
        measured("dae", digits, 0.8)
        - do_nothing(noisy_digits(clean, CorruptionConfig("gaussian", 0.8), 0), clean)["psnr"]
    )
    told = float(re.search(r": ([+-][\d.]+) dB\.", revealed(page)[0]).group(1))
    assert told == pytest.approx(gain, abs=0.1)
    assert revealed(page)[0].startswith(f"**{noise_view.GAINS[3 if gain > 6 else 2 if gain >= 3 else 1]}**")


# The comparison


def comparison_page() -> AppTest:
    """The page of the comparison with its question answered."""
    return open_page("comparison").button(key="comparison_reveal").click().run()


def test_the_figures_of_the_comparison_are_hidden_until_they_are_predicted():
    page = open_page("comparison")
    assert not page.table
    assert "overtakes" not in words(page)
    assert figures_above(page) == []
    answered = comparison_page()
    assert answered.table
    assert len(figures_above(answered)) == 3


@pytest.mark.parametrize("is_presenting", [False, True])
def test_who_has_answered_once_may_watch_the_three_as_the_noise_grows_and_a_room_is_asked_anew(is_presenting):
    page = open_page("comparison", **({"present": "1"} if is_presenting else {}))
    page.button(key="comparison_reveal").click().run()
    page.slider(key="comparison_test_noise").set_value(0.1).run()  # another noise, another question
    assert len(figures_above(page)) == (0 if is_presenting else 3)
    assert not page.table
    page.slider(key="comparison_test_noise").set_value(0.4).run()
    page.button(key="comparison_again").click().run()
    assert figures_above(page) == []


def test_the_denoisers_lesson_leaves_open_what_the_next_one_asks():
    said = words(open_page("denoising"))
    assert [told for told in ("Only its input", "same weights", "same digits") if told in said] == []


def figures_above(page: AppTest) -> list[str]:
    """What the picture of the comparison says of how good the reconstructions are."""
    drawn = " ".join(element.proto.body for element in page.get("html"))
    given = [json.loads(element.proto.bytes) for element in page.get("bidi_component") if element.proto.bytes]
    (living,) = [each for each in given if each.get("noise_dial") == "comparison_test_noise"]
    found = re.findall(r'class="rebuilt"><figcaption>[^<]*error ([\d.]+)', drawn)
    readings = re.findall(r'class="rebuilt">.*?class="reading">([^<]+)<', drawn)
    assert living["hides_answers"] == (not found) == (not readings) == ("grid several asks" in drawn)
    return found


def test_the_comparison_says_which_is_best_at_the_dials_noise(digits):
    page = open_page("comparison")
    page.button(key="comparison_reveal").click().run()
    assert (
        f"**The DAE.** PSNR over 500 held-back digits at σ = 0.4: FAE {measured('fae', digits, 0.4):.1f} dB"
        in revealed(page)[0]
    )
    page.slider(key="comparison_test_noise").set_value(0.05).run()
    page.button(key="comparison_reveal").click().run()
    assert f"**{noise_view.NOBODY}**" in revealed(page)[0]


def test_the_comparison_names_every_crossing_and_shows_best_and_worst_digits():
    page = comparison_page()
    text = words(page)
    assert (
        len(
            re.findall(
                r"is worse than doing nothing up to \*\*σ = 0\.\d+\*\* and better from \*\*σ = 0\.\d+\*\* on",
                text,
            )
        )
        == 3
    )
    assert html(page).count("best 4") == html(page).count("worst 4") == 3
    (table,) = page.table
    told = table.value.set_index("")
    assert list(told) == ["doing nothing", "FAE", "CAE", "DAE"]
    assert all(re.fullmatch(r"[\d.]+ \([\d.]+–[\d.]+\)", cell) for cell in told.loc["PSNR, dB"])
    assert list(told.loc["Parameters"]) == ["–", "345,070", "109,642", "109,642"]


def test_the_measure_of_the_comparisons_curves_can_be_changed():
    page = comparison_page()
    before = shown(page)
    page.button_group(key="comparison_measure").set_value("ssim").run()
    assert not page.exception
    assert shown(page) != before


def test_the_share_read_right_is_drawn_on_demand_with_its_floor_and_its_ceiling_and_said_in_words(digits):
    page = comparison_page()
    page.button_group(key="comparison_measure").set_value("share").run()
    assert not page.exception
    assert measured_share(digits) in curves(page)
    assert re.search(
        r"The \*\*DAE\*\* is as good as doing nothing up to .* and better from \*\*σ = 0\.\d+\*\* on",
        words(page),
    )
    told = " ".join(caption.value for caption in page.caption)
    assert "Share that a classifier reads right of 500 held-back digits" in told
    assert "is a further network and can be wrong" in told


def test_a_lab_without_its_classifier_says_so_where_the_share_is_asked_for(monkeypatch):
    def fail():
        raise DataError("The classifier is missing.")

    monkeypatch.setattr(noise_view, "shipped_classifier", fail)
    monkeypatch.setattr(noise_view, "find_classifier", lambda: None)
    noise_view._measure_curve.clear()
    page = comparison_page()
    page.button_group(key="comparison_measure").set_value("share").run()
    assert not page.exception
    assert [box.value for box in page.error] == ["The classifier is missing."]


def test_by_ssim_too_no_sentence_names_a_level_below_which_there_is_none():
    page = pair_page()
    page.button_group(key="pair_measure").set_value("ssim").run()
    assert "is worse than doing nothing at **σ = 0** and better from **σ = 0.05** on." in words(page)
    assert "below" not in words(page)
    assert any("Two different digits have about 0.35" in caption.value for caption in page.caption)


def test_where_masking_leaves_a_digit_as_it_was_doing_nothing_is_no_more_perfect_than_it_is():
    page = open_page("comparison")
    page.selectbox(key="comparison_test_noise_kind").set_value("masking")
    page.slider(key="comparison_test_noise").set_value(0.05).run()
    page.button(key="comparison_reveal").click().run()
    assert re.search(r"doing nothing 2\d\.\d dB", revealed(page)[0])
    told = [
        *revealed(page),
        words(page),
        *(cell for table in page.table for cell in table.value.to_numpy().flatten()),
    ]
    assert not any(re.search(r"\binf\b", str(part)) for part in told)


# The sentences, at the edges of what can be measured


def curve(*values: float) -> Curve:
    return Curve((0.0, 0.5, 1.0), values, values, values)


def test_shares_whose_bands_overlap_are_alike():
    ours = Curve((0.0, 0.5), (0.97, 0.9), (0.95, 0.87), (0.98, 0.92))
    theirs = Curve((0.0, 0.5), (0.98, 0.7), (0.96, 0.66), (0.99, 0.74))
    assert noise_sentences.level_alike(ours, theirs, "share").values == (0.98, 0.9)
    assert noise_sentences.level_alike(ours, theirs, "ssim") == ours


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        ((9, 9, 9), (1, 1, 1), "better than doing nothing at every level measured."),
        ((1, 1, 1), (9, 9, 9), "worse than doing nothing at every level measured."),
        ((1, 1, 1), (1, 1, 1), "as good as doing nothing at every level measured."),
        (
            (9, 9, 9),
            (math.inf, 8, 8),
            "worse than doing nothing at **σ = 0** and better from **σ = 0.5** on.",
        ),
        ((9, 9, 9), (math.inf, 10, 8), "worse than doing nothing up to **σ = 0.5** and better at **σ = 1**."),
        (
            (math.inf, 9, 9),
            (math.inf, 10, 8),
            "as good as doing nothing at **σ = 0**, worse at **σ = 0.5** and better at **σ = 1**.",
        ),
        (
            (1, 9, 1),
            (2, 2, 2),
            "worse than doing nothing at **σ = 0**, better at **σ = 0.5** and worse at **σ = 1**.",
        ),
    ],
)
def test_a_curve_is_told_by_the_levels_it_was_measured_at(ours, theirs, told):
    assert (
        noise_sentences.comparison_words("CAE", curve(*ours), "doing nothing", curve(*theirs), "gaussian")
        == f"The **CAE** is {told}"
    )


def test_noise_that_is_not_gaussian_has_a_level_and_no_sigma():
    told = noise_sentences.comparison_words("CAE", curve(1, 2, 3), "doing nothing", curve(2, 2, 2), "masking")
    assert told == (
        "The **CAE** is worse than doing nothing at **level 0**, as good at **level 0.5** "
        "and better at **level 1**."
    )


def removed(before: float, after: float) -> RemovedNoise:
    """One black digit with so much noise on every pixel, before and after."""
    noise = torch.full((1, 28, 28), before)
    return RemovedNoise(noise, noise, noise - after, noise < 0, noise >= 0)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (0.5, 0.0, "is 196.0 in the noisy input and 0.0 in the output: **100% less**"),
        (0.5, 0.01, "0.1 in the output: **more than 99% less**"),
        (0.5, 0.25, "49.0 in the output: **75% less**"),
        (0.5, 0.5, "196.0 in the output: **about the same**"),
        (0.5, 0.6, "282.2 in the output: **44% more**"),
        (0.5, 1.0, "784.0 in the output: **4.0 times as much**"),
        (
            0.0,
            0.5,
            "None of the 7 held-back digits was changed by masking 0.05, so there is nothing to take away.",
        ),
    ],
)
def test_what_became_of_the_error_is_told_in_words_that_fit(before, after, told):
    assert told in noise_sentences.describe_removed_noise(
        removed(before, after), CorruptionConfig("masking", 0.05), 7
    )


@pytest.mark.parametrize(
    ("cae", "dae", "right"),
    [
        (25.0, 20.0, pair_view.CLEAN_CAE),
        (20.0, 25.0, pair_view.CLEAN_DAE),
        (20.0, 20.0, pair_view.CLEAN_ALIKE),
        (20.0, 20.1, pair_view.CLEAN_ALIKE),
        (20.0, 20.2, pair_view.CLEAN_DAE),
        (math.inf, math.inf, pair_view.CLEAN_ALIKE),
        (math.inf, 20.0, pair_view.CLEAN_CAE),
    ],
)
def test_clean_digits_are_judged_by_the_figures_that_are_shown(cae, dae, right):
    answer = pair_view.clean_answer(cae, dae, 500)
    assert answer.right == right
    assert "inf" not in answer.because


@pytest.mark.parametrize(
    ("ours", "nothing", "right", "told"),
    [
        (20.0, 10.0, 3, "+10.0 dB."),
        (16.0, 10.0, 2, "+6.0 dB."),
        (12.98, 10.0, 2, "+3.0 dB."),
        (12.9, 10.0, 1, "+2.9 dB."),
        (10.04, 10.0, 0, "+0.0 dB."),
        (9.0, 10.0, 0, "-1.0 dB."),
        (9.0, math.inf, 0, "doing nothing perfect."),
        (math.inf, math.inf, 0, "doing nothing perfect."),
    ],
)
def test_a_gain_is_the_one_between_the_figures_that_are_shown(ours, nothing, right, told):
    answer = noise_view.gain_answer(ours, nothing, 500)
    assert answer.right == noise_view.GAINS[right]
    assert answer.because.endswith(told)


@pytest.mark.parametrize(
    ("found", "nothing", "right"),
    [
        ({"FAE": 20.0, "CAE": 21.0}, 10.0, "The CAE."),
        ({"FAE": 20.0, "CAE": 20.04}, 10.0, noise_view.TIED),
        ({"FAE": 20.0, "CAE": 21.0}, 21.0, noise_view.NOBODY),
        ({"FAE": 20.0, "CAE": 21.0}, math.inf, noise_view.NOBODY),
        ({"FAE": 20.0}, 10.0, "The FAE."),
        ({"FAE": 20.0}, 20.0, noise_view.NOBODY),
    ],
)
def test_the_best_network_is_one_of_the_answers_whatever_was_measured(found, nothing, right):
    answer = noise_view.best_answer(found, nothing, CorruptionConfig("gaussian", 0.4), 500)
    assert answer.right == right
    assert right in noise_view.network_options(dict.fromkeys(found))
    assert "inf" not in answer.because


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (Spread(20.71, 18.2, 23.44), "20.7 (18.2–23.4)"),
        (Spread(math.inf, math.inf, math.inf), "perfect"),
        (Spread(27.0, 24.0, math.inf), "27.0 (24.0–perfect)"),
        (Spread(0.0, 0.0, 0.0), "0.0"),
    ],
)
def test_a_figure_stands_with_what_most_digits_lie_between(found, told):
    assert noise_view.range_words(found, 1) == told


def test_two_trainings_without_noise_do_not_differ_whatever_its_kind():
    store = Store(default_root())
    cae = store.shipped_like(config.CAE)
    dae = dataclasses.replace(cae, config=config.adjusted(cae.config, corruption={"kind": "masking"}))
    answer = pair_view.judge_difference({"CAE": cae, "DAE": dae})
    assert answer.right == pair_view.SAME
    assert "no setting differs" in answer.because


def test_what_the_pair_has_in_common_is_said_once_the_question_is_answered():
    page = open_page("difference")
    assert "same starting weights" not in words(page)
    page.button(key="difference_reveal").click().run()
    assert "same starting weights" in words(page)
