"""Causes on the pages: their sentences follow what was measured, whatever that is."""

from __future__ import annotations

import re

import pytest

from ae_core import config, models
from ae_core.data import measured_digits
from ae_core.figures.networks import Measured
from ae_core.metrics import squared_error
from ae_core.models import reconstruct
from ae_core.runs.store import Store, default_root
from pages.shared import display
from pages.shared.parts import mix_up_view, pca_view, why_view
from tests.pages.test_pages import open_page
from tests.pages.test_pca_lesson import words


def test_the_goal_is_told_with_the_error_that_is_left(digits):
    run = Store(default_root()).shipped_like(config.CAE)
    assert run is not None
    clean_nhw = measured_digits(digits)[0]
    left = float(
        squared_error(reconstruct(Store(default_root()).load_model(run), clean_nhw), clean_nhw).mean()
    )
    page = open_page("home")
    bodies = (element.proto.body for element in page.get("html"))
    said = " ".join([*(text.value for text in [*page.markdown, *page.caption]), *bodies])
    said = re.sub(r'style="[^"]+"|<style>.*?</style>', "", said, flags=re.DOTALL)
    assert f"{left:.1f}" not in said  # nearly the answer to the question above
    assert "Its target is its input" in words(page)
    page.button(key="home_reveal").click().run()
    assert f"the CAE's is down to **{left:.1f}**" in words(page)
    assert "D(E(\\cdot)) \\to I" in words(page)


def test_the_bottleneck_is_named_as_the_cause_only_where_more_numbers_leave_less_out():
    falling = why_view.goal_words(2.9, 52.9, {2: 31.0, 8: 11.0, 30: 2.9}, 500)
    assert "What is lost is lost in the **bottleneck**" in falling
    assert "2: 31.0, 8: 11.0, 30: 2.9" in falling
    assert "bottleneck" not in why_view.goal_words(2.9, 52.9, {2: 31.0, 8: 35.0}, 500)


@pytest.mark.parametrize("preset", [config.CAE, config.FAE])
def test_a_networks_weights_are_counted_around_its_code_and_elsewhere(preset):
    model = models.build_model(preset.model)
    said = why_view.weights_words(models.stages(model))
    assert f"Of {models.parameter_count(model):,} parameters" in said


def test_of_the_cae_most_weights_lie_around_the_code():
    model = models.build_model(config.CAE.model)
    around = sum(
        weights.numel()
        for module in model.modules()
        if isinstance(module, models.nn.Linear)
        for weights in module.parameters()
    )
    assert f"{around:,} (87%)" in why_view.weights_words(models.stages(model))


@pytest.mark.parametrize(
    ("fae", "cae", "said"),
    [
        ({2: 27.0, 30: 3.8}, {2: 32.0, 30: 2.9}, "With 30 numbers in the code the **CAE** has the smaller"),
        ({2: 27.0, 8: 11.0}, {2: 32.0, 8: 12.0}, "At every one of these sizes the **FAE**"),
        ({2: 27.0, 8: 11.0}, {2: 22.0, 8: 10.0}, "At every one of these sizes the **CAE**"),
        ({2: 9.0, 8: 5.0, 30: 3.0}, {2: 8.0, 8: 4.0, 30: 3.5}, "With 2 or 8 numbers in the code the **CAE**"),
        ({8: 11.5, 30: 3.8}, {8: 11.5, 30: 2.9}, "with 8 they are about equal ("),
    ],
)
def test_the_crossing_is_where_the_errors_cross(fae, cae, said):
    assert said in why_view.crossing_words(fae, cae)


def test_unequal_numbers_of_passes_are_told_beside_the_crossing():
    assert "30 times, the CAE 12 times" in why_view.passes_words(30, 12)
    assert why_view.passes_words(12, 12) == "Both saw their digits 12 times."
    page = open_page("convolutional")
    page.button(key="cae_reveal").click().run()
    assert "The FAE saw its digits 30 times, the CAE 12 times" in " ".join(
        caption.value for caption in page.caption
    )


def test_what_the_size_of_the_code_does_is_said_under_the_name_that_the_map_of_codes_gives():
    page = open_page("fully_connected")
    assert "How few numbers can hold a digit?" in [heading.value for heading in page.subheader]
    assert "“How few numbers can hold a digit?”" in words(open_page("latent_space"))
    run = Store(default_root()).shipped_like(config.FAE)
    assert run is not None
    assert f"with 30 numbers **{pca_view.measure_error(run):.1f}**. The more numbers the code has" in words(
        page
    )
    falls_not = [Measured("FAE", 2, 5.0, 60_000, ""), Measured("FAE", 8, 6.0, 60_000, "")]
    assert "more" not in pca_view.sizes_words(falls_not)
    assert pca_view.sizes_words([]) == ""


def test_what_two_numbers_lose_is_counted_where_their_plane_is_shown():
    run = Store(default_root()).shipped_like(config.adjusted(config.CAE, model={"latent_size": 2}))
    assert run is not None
    found = mix_up_view._measure_mix_ups(*display.run_name(run), run)
    assert 0.4 < found.read_right < 0.95
    said = words(open_page("latent_space"))
    assert "What this CAE loses with 2 numbers" in said
    assert f"still reads **{found.read_right:.0%}** right" in said
    assert mix_up_view.mix_up_words(found) in said


def test_on_latent_space_a_table_tells_what_each_size_of_code_keeps():
    page = open_page("latent_space")
    (table,) = [one.value for one in page.table if "Squared error" in one.value]
    assert list(table["Numbers in the code"]) == [str(size) for size in mix_up_view.SIZES]
    for size, told in zip(mix_up_view.SIZES, table["Squared error"], strict=True):
        run = Store(default_root()).shipped_like(config.adjusted(config.CAE, model={"latent_size": size}))
        assert told == f"{pca_view.measure_error(run):.1f}"
    most, least = table["Squared error"].iloc[0], table["Squared error"].iloc[-1]
    assert f"With 1 number the CAE's squared error is **{most}**, with 30 numbers **{least}**" in words(page)
    assert "**What goes first is how a digit is drawn; which digit it is lasts longer**" in words(page)


def test_what_the_size_does_is_said_as_far_as_it_was_measured():
    measured = {1: (37.5, 0.47), 2: (31.5, 0.66), 8: (11.5, 0.94), 30: (2.9, 0.998)}
    said = mix_up_view.size_words("CAE", measured)
    assert "with 8 numbers the error is 4.0 times as large already, and 94% are still read right" in said
    assert "with 1 number, **47%**" in said
    for other in (
        {1: (37.5, None), 8: (11.5, None), 30: (2.9, None)},  # nobody reads
        {1: (37.5, 0.99), 8: (11.5, 0.99), 30: (2.9, 0.99)},  # nothing is lost
        {1: (37.5, 0.47), 8: (11.5, 0.6), 30: (2.9, 0.99)},  # reading goes with the error
        {1: (37.5, 0.47), 8: (3.1, 0.94), 30: (2.9, 0.99)},  # the error has hardly grown
    ):
        assert "What goes first" not in mix_up_view.size_words("CAE", other)
    assert "comes back" not in mix_up_view.size_words("CAE", {1: (2.0, 0.39), 30: (2.9, 0.99)})


@pytest.mark.parametrize(
    ("fae", "cae", "said"),
    [
        (3.8, 2.9, "A smaller error, with fewer parameters."),
        (3.0, 2.99, "About the same error, with fewer parameters."),
        (27.0, 31.0, "it saves parameters, and pays with a larger error"),
    ],
)
def test_what_filters_are_worth_follows_what_was_measured(fae, cae, said):
    of_fae, of_cae = (models.stages(models.build_model(each.model)) for each in (config.FAE, config.CAE))
    told = why_view.worth_words(30, (fae, of_fae), (cae, of_cae))
    assert said in told
    assert f"is **{fae:.1f}** with 345,070 parameters, the CAE's **{cae:.1f}** with 109,642" in told
    assert "All the others take 339,184 parameters in the FAE and 13,964 in the CAE" in told
    larger = why_view.worth_words(30, (cae, of_cae), (fae, of_fae))
    assert "So why a CAE?" not in larger


def test_more_training_is_named_only_where_it_could_be_the_reason():
    assert "that is not for more training" in why_view.passes_words(30, 12)
    assert "may have its part" in why_view.passes_words(12, 30)
    assert why_view.passes_words(12, 12) == "Both saw their digits 12 times."


def test_why_a_cae_is_answered_once_the_question_is():
    page = open_page("convolutional")
    assert "So why a CAE?" not in words(page)
    page.button(key="cae_reveal").click().run()
    run = Store(default_root()).shipped_like(config.CAE)
    assert run is not None
    assert "**So why a CAE? A smaller error, with fewer parameters.**" in words(page)
    assert f"the CAE's **{pca_view.measure_error(run):.1f}** with 109,642" in words(page)


def test_moved_digits_are_told_with_their_errors():
    assert "all one where" not in why_view.moved_words({"CAE": (2.5, 2.5)}, 4, 500)
    said = why_view.moved_words({"CAE": (2.5, 25.0)}, 4, 500)
    assert "filters do **not** make it all one where a digit lies" in said
    assert "CAE 2.5 → **25.0** (× 10.0)" in said
    assert "500 held-back digits, moved 4 pixels" in said


def test_one_filter_is_worked_out_on_the_page_and_slides_along_the_row():
    page = open_page("convolutional")
    first = [text for text in (one.value for one in page.markdown) if "one number of its map" in text]
    assert len(first) == 1
    assert "The filter lies on 6 × 6 pixels" in first[0]
    assert "**Move the slider**" in first[0]
    drawn = "".join(element.proto.body for element in page.get("html"))
    assert "the filter&#x27;s weights" in drawn
    dial = page.slider(key="cae_filter_place")
    dial.set_value(dial.value % 14 + 1).run()
    assert first[0] not in words(page)
