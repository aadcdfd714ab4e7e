"""The lessons "What do you think of this?" and "Further reading", by Streamlit's own test runner."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ae_core import config
from ae_core.figures.base import png
from ae_core.runs.store import Store, default_root
from ae_core.study import oddities
from ae_core.study.iteration import ENDS, iterate, measure_course
from ae_core.study.oddities import (
    ANSWERS,
    AS_WELL,
    LOST,
    MOST,
    NEITHER,
    ODDITIES,
    REPLACED,
    WORSE,
)
from pages.shared.parts import oddity_view
from pages.shared.parts.oddity_sentences import read_at_first_words, read_words
from tests.pages.test_lessons import revealed, words
from tests.pages.test_pages import open_page
from tests.study.test_oddities import outcome


def drawn(page) -> str:
    """All pictures of digits that the page shows as HTML."""
    return "".join(element.proto.body for element in page.get("html"))


def shipped(latent_size):
    store = Store(default_root())
    return store.load_model(
        store.shipped_like(config.adjusted(config.CAE, model={"latent_size": latent_size}))
    )


def test_only_what_goes_in_is_seen_before_a_prediction():
    page = open_page("surprises")
    assert 'alt="letters, and a face"' in drawn(page)
    assert 'alt="CAE"' not in drawn(page)
    assert not page.table
    assert not page.get("plotly_chart")
    page.button(key="surprises_letter_k_reveal").click().run()
    assert 'alt="CAE"' in drawn(page)


@pytest.mark.parametrize("size", [2, 30])
def test_the_right_prediction_about_the_letter_is_the_one_measured(size, digits):
    page = open_page("surprises")
    page.select_slider(key="latent_size").set_value(size).run()
    (measured,) = oddities.measure_outcomes(shipped(size), ODDITIES["letter_k"].draw(digits)[None], digits)
    page.radio(key="surprises_letter_k_choice").set_value(measured.answer).run()
    page.button(key="surprises_letter_k_lock").click().run()
    assert page.success[0].value.startswith(f"That is right: **{measured.answer}**")
    times = round(measured.error, 2) / round(measured.median, 2)
    assert f"CAE {times:.2f}" in page.success[0].value
    row = page.table[0].value.to_string()
    assert all(f"{figure:.2f}" in row for figure in (measured.error, measured.median, times))


def test_every_picture_has_a_question_of_its_own():
    page = open_page("surprises")
    page.selectbox(key="surprises_picture").set_value("face").run()
    assert "is given **a face**?" in words(page)
    assert list(page.radio(key="surprises_face_choice").options) == list(dict.fromkeys(ANSWERS.values()))
    assert "A circle, two dots and an arc." not in words(page)


def test_all_that_comes_out_is_shown_when_asked_for():
    page = open_page("surprises")
    assert "out of the DAE" not in drawn(page)
    page.toggle(key="surprises_all").set_value(True).run()
    assert all(f"out of the {model}" in drawn(page) for model in ("FAE", "CAE", "DAE"))


def test_what_becomes_of_a_digit_again_and_again_is_the_one_measured(digits):
    page = open_page("surprises")
    page.select_slider(key="latent_size").set_value(2).run()
    page.button(key="surprises_again_CAE_reveal").click().run()
    measured = measure_course(shipped(2), digits)
    assert measured.commonest_end in ENDS
    assert any(f"**{measured.commonest_end}**" in text for text in revealed(page))
    assert f"This CAE **{measured.verdict}**: {measured.settled} of 100" in words(page)
    assert f"still reads {measured.read} of 100 as the digit they were. After one pass it was" in words(page)
    (chart,) = page.get("plotly_chart")
    assert all(f'"name":"{model}"' in chart.proto.spec for model in ("FAE", "CAE", "DAE"))


def test_without_the_classifier_the_nearest_digit_says_what_they_still_are(digits):
    course = measure_course(shipped(30), digits)
    assert f"reads {course.read} of 100" in read_words(course)
    assert f"was {course.read_at_first}." in read_at_first_words(course)
    without = replace(course, read=None, read_at_first=None)
    assert f"of their class for {course.same_class} of 100" in read_words(without)
    assert f"was {course.same_class_at_first}." in read_at_first_words(without)


def test_the_two_noises_of_the_page_are_told_apart_wherever_one_is_answered():
    page = open_page("surprises")
    page.selectbox(key="surprises_picture").set_value("noise").run()
    told = "every grey equally likely, and its DAE learnt with σ = 0.4; “From pure noise” is σ = 0.8 on black"
    assert "is given **pure noise** (every grey equally likely)?" in words(page)
    assert told not in words(page)
    assert words(page.button(key="surprises_noise_reveal").click().run()).count(told) == 1
    assert words(page.button(key="surprises_noise_once_reveal").click().run()).count(told) == 2
    picture, alone = findings(page)
    assert picture.startswith("- **Pure noise (every grey equally likely), given to the CAE, comes out like")
    assert alone.startswith("- **Noise alone, σ = 0.8 on black, given to the DAE that learnt with it.")


def test_a_slider_sends_the_chosen_picture_through_all_three_as_often_as_it_says(digits):
    page = open_page("surprises")
    assert "CAE, 0 times" in drawn(page)
    page.slider(key="surprises_times_letter_k").set_value(3).run()
    path = iterate(shipped(30), ODDITIES["letter_k"].draw(digits)[None], 3)
    assert f'src="{png(path[-1])}" alt="CAE, 3 times"' in drawn(page)
    change = float((path[3] - path[2]).square().mean().sqrt())
    told = " ".join(caption.value for caption in page.caption)
    assert f"CAE: last change of a pixel: {change:.3f}" in told
    # of another picture nothing is told
    page.selectbox(key="surprises_picture").set_value("face").run()
    assert "CAE, 0 times" in drawn(page)


def test_the_network_to_be_applied_again_and_again_can_be_chosen():
    page = open_page("surprises")
    assert "Apply the **CAE** to its own output 50 times." in words(page)
    page.button_group(key="surprises_model").set_value("DAE").run()
    assert "Apply the **DAE** to its own output 50 times." in words(page)


def test_further_reading_counts_the_numbers_of_the_keras_example_on_its_network():
    page = open_page("reading")
    assert "1,568" not in words(page)
    page.radio(key="reading_choice").set_value("More than 784.").run()
    page.button(key="reading_lock").click().run()
    assert "1,568 numbers for 784 pixels, 200%. It does not compress." in page.success[0].value
    assert "28,353" in page.table[0].value.to_string()


def test_further_reading_leads_on_and_names_its_sources():
    text = words(open_page("reading"))
    assert "https://keras.io/examples/vision/autoencoder/" in text
    assert all(
        name in text
        for name in (
            "Rumelhart",
            "Bourlard",
            "LeCun",
            "Masci",
            "Hinton",
            "Baldi",
            "Vincent",
            "**Latent space**",
            "**Your digit**",
            "**Runs**",
        )
    )


def test_a_cause_follows_the_answer_with_the_experiment_as_measured(digits):
    page = open_page("surprises")
    assert "What we tried" not in words(page)
    said = words(page.button(key="surprises_letter_k_reveal").click().run())
    moved_hw = ODDITIES["letter_k"].changed(digits)
    error = oddities.measure_outcomes(shipped(30), moved_hw[None], digits)[0].error
    assert f"moved 3 pixels to the right, of **{error:.1f}**" in said
    assert "*Our explanation.*" in said


@pytest.mark.parametrize(
    ("error", "changed", "said"),
    [
        (8.0, 2.0, "error of 8.0 on it, 4.0 times as much"),
        (2.0, 8.0, "**8.0**, 4.0 times as much"),
        (0.0, 0.0, "0.0 on it;"),
    ],
)
def test_an_experiment_is_told_whichever_way_it_went(error, changed, said):
    assert said in oddity_view.tried_words(ODDITIES["inverted"], "CAE", error, changed)


def test_an_experiment_ends_in_what_follows_from_it():
    inverted, k = ODDITIES["inverted"], ODDITIES["letter_k"]
    assert "is part of what makes it hard" in oddity_view.tried_words(inverted, "CAE", 8.0, 2.0)
    for tried in (
        oddity_view.tried_words(inverted, "CAE", 2.2, 2.0),
        oddity_view.tried_words(k, "CAE", 2, 2),
    ):
        assert "So " not in tried
    assert "So it matters that it lies in the middle" in oddity_view.tried_words(k, "CAE", 2.0, 8.0)
    assert "in the middle" not in oddity_view.tried_words(inverted, "CAE", 2.0, 8.0)


def test_no_cause_is_given_that_the_experiment_refutes():
    mirrored, found = (
        ODDITIES["mirrored"],
        {"FAE": outcome(9.0, 99, median=3), "CAE": outcome(9.0, 99, median=3)},
    )
    said = oddity_view.why_words(mirrored, found, changed={"FAE": 2.0, "CAE": 8.5})
    assert f"**Why worse than nearly all digits (FAE)?** {mirrored.why[WORSE]}" in said
    assert "**Why worse than nearly all digits (CAE)?** On the same picture, turned back" in said
    assert mirrored.why[WORSE] not in oddity_view.why_words(mirrored, found, changed={"FAE": 9.5, "CAE": 8.5})
    k = ODDITIES["letter_k"]  # where it lies is not what its cause is about
    assert k.why[WORSE] in oddity_view.why_words(k, found, changed={"FAE": 9.5, "CAE": 8.5})


def test_the_mirrored_3_is_hard_by_itself_and_the_page_says_so():
    page = open_page("surprises")
    page.selectbox(key="surprises_picture").set_value("mirrored").run()
    said = words(page.button(key="surprises_mirrored_reveal").click().run())
    assert "**Why worse than nearly all digits (CAE)?** On the same picture, turned back" in said
    assert findings(page)[0].endswith("it is hard by itself, not for what was done to it.")


def test_who_would_rather_read_reveals_all_answers_at_once():
    page = open_page("surprises")
    page.button(key="surprises_noise_once_reveal").click().run()
    page.button(key="surprises_reveal_all").click().run()
    assert len(findings(page)) == 5
    assert "surprises_reveal_all" not in [button.key for button in page.button]
    page.button(key="surprises_letter_k_again").click().run()
    assert len(findings(page)) == 4


@pytest.mark.parametrize("name", ODDITIES)
def test_each_verdict_has_a_cause_of_its_own(name):
    why = ODDITIES[name].why
    worse, most, as_well = outcome(9.0, 99, median=3), outcome(6.0, 99, median=3), outcome(4.0, 99, median=3)
    said = oddity_view.why_words(ODDITIES[name], {"FAE": worse, "CAE": worse, "DAE": as_well})
    assert f"**Why as well as a digit (DAE)?** {why[AS_WELL]}" in said
    assert f"**Why worse than nearly all digits (FAE and CAE)?** {why[WORSE]}" in said
    assert said.endswith("the error of a median one is FAE 3.00, CAE 3.00, DAE 3.00.")
    said = oddity_view.why_words(ODDITIES[name], {"FAE": most, "CAE": worse})
    assert said.count(why[WORSE]) == 1
    alone = oddity_view.why_words(ODDITIES[name], {"CAE": worse})
    assert why[AS_WELL] not in alone
    assert "median" not in alone


def test_what_is_better_only_beside_a_networks_own_digits_has_that_for_its_whole_reason():
    k, worse, most = ODDITIES["letter_k"], outcome(9.0, 99, median=3), outcome(9.0, 99, median=4)
    said = oddity_view.why_words(k, {"CAE": worse, "DAE": most})
    assert said.startswith(
        "**Why worse than most digits (DAE)?** Each network is held against its own digits"
    )
    assert "a median one is CAE 3.00, DAE 4.00." in said
    assert k.why[MOST] not in said


def test_what_is_lost_has_another_reason_than_what_is_worse_and_it_is_measured():
    lost, kept = replace(outcome(62, 90), picture_distance=123.0, ink=0.24), [outcome(9, 60), outcome(9, 70)]
    measured = oddity_view.gone_words(lost, kept)
    assert "the picture is 123 from the nearest digit, with 24% of the page inked; " in measured
    assert measured.endswith("at most 60 and 10%.")
    assert oddity_view.gone_words(replace(lost, picture_distance=50.0, ink=0.05), kept) == ""
    assert oddity_view.gone_words(outcome(9, 60), kept) == ""
    said = oddity_view.why_words(ODDITIES["letter_m"], {"CAE": lost, "DAE": outcome(26, 90)}, measured)
    assert f"**Why lost (CAE)?** {measured} {ODDITIES['letter_m'].why[LOST]}" in said
    assert said.count(measured) == 1


def test_the_letter_m_is_called_lost_on_the_page_and_in_its_summing_up():
    page = open_page("surprises")
    page.selectbox(key="surprises_picture").set_value("letter_m").run()
    said = words(page.button(key="surprises_letter_m_reveal").click().run())
    assert "**Why lost (FAE and CAE and DAE)?** Measured: the picture is 123 from the nearest digit" in said
    (line,) = findings(page)
    assert line.startswith("- **The letter M, given to the CAE, comes out lost.** Its error, 62.1, is above")
    assert ODDITIES["letter_m"].why[WORSE] not in said


def test_where_a_letter_comes_out_worse_nothing_says_that_it_can_be_written_down():
    page = open_page("surprises")
    said = words(page.button(key="surprises_letter_k_reveal").click().run())
    assert "Why worse than most digits (FAE and DAE)?" in said
    assert said.index("held against its own digits") < said.index("Why worse than nearly all digits (CAE)?")
    worse = said.partition("Why worse than nearly all digits")[2]
    assert "can be written down in it" not in worse
    assert "run and meet as no digit's do" in worse


LETTERS = [name for name in ODDITIES if name.startswith("letter")]


def test_what_the_five_lines_say_of_letters_is_what_the_labs_networks_do(digits):
    store = Store(default_root())
    verdicts: dict[str, list[str]] = {name: [] for name in ODDITIES}
    likeness: dict[str, list[float]] = {name: [] for name in ODDITIES}
    images_nhw = oddities.draw_oddities(digits)
    for preset in (config.FAE, config.CAE, config.DAE):
        network = store.load_model(store.shipped_like(preset))
        outcomes = oddities.measure_outcomes(network, images_nhw, digits)
        for name, image_hw, one in zip(ODDITIES, images_nhw, outcomes, strict=True):
            verdicts[name].append(one.verdict)
            both = torch.stack([image_hw.flatten(), one.output_hw.flatten()])
            likeness[name].append(float(both.corrcoef()[0, 1]))
    assert REPLACED not in [each for name in LETTERS for each in verdicts[name]]
    assert {*verdicts["inverted"], *verdicts["noise"]} == {NEITHER}
    assert {*verdicts["letter_m"]} == {LOST}
    assert all(alike > 0.9 for name in LETTERS if name != "letter_m" for alike in likeness[name])
    assert all(alike < 0.75 for alike in likeness["letter_m"])
    assert "of six letters K, A, E, S and X come back, the M as a blot" in words(open_page("reading"))


def findings(page) -> list[str]:
    """The lines of the summing up."""
    lists = [text.value for text in page.markdown if text.value.startswith("- **")]
    return [line for text in lists for line in text.split("\n")]


def test_the_summing_up_holds_what_has_been_revealed_and_nothing_else(digits):
    page = open_page("surprises")
    assert "## What was surprising, and why?" in words(page)
    assert findings(page) == []
    assert "5 questions above are still open" in " ".join(one.value for one in page.caption)
    page.button(key="surprises_letter_k_reveal").click().run()
    (measured,) = oddities.measure_outcomes(shipped(30), ODDITIES["letter_k"].draw(digits)[None], digits)
    (line,) = findings(page)
    assert line.startswith("- **The letter K, given to the CAE, comes back, worse than nearly all digits.**")
    assert f"is {measured.times_shown:.2f} times" in line
    assert line.endswith(ODDITIES["letter_k"].why[WORSE])
    page.button(key="surprises_again_CAE_reveal").click().run()
    course = measure_course(shipped(30), digits)
    assert f"it {course.verdict}.** After 50 passes the lab's classifier still reads" in findings(page)[1]
    assert f" {course.settled} of 100 held-back digits" in findings(page)[1]
    for card in ("noise_once", "noise_walk", "left_out"):
        page.button(key=f"surprises_{card}_reveal").click().run()
    assert len(findings(page)) == 5
    assert all("*Our explanation:*" in line for line in findings(page)), findings(page)
    page.selectbox(key="surprises_picture").set_value("face").run()
    assert not any("face" in line for line in findings(page))
