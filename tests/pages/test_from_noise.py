"""From pure noise: what a denoiser draws and where its walks end, by Streamlit's own test runner."""

from __future__ import annotations

import json
from functools import partial

import pytest
import torch

from ae_core.figures.base import png
from ae_core.runs.store import Store, default_root
from ae_core.study import classifier, from_noise
from ae_core.study.from_noise import FIRST_LEVEL, STEPS, WALKER, Ends, NoiseOnce
from pages.shared.display import DIGITS_SHOWN
from pages.shared.parts import from_noise_view
from pages.shared.parts.from_noise_view import DIAL, walk_words
from tests.pages.test_lessons import revealed, words
from tests.pages.test_noise_tables import html
from tests.pages.test_pages import open_page


def walker():
    store = Store(default_root())
    return store.load_model(store.shipped_like(WALKER))


def test_what_noise_becomes_is_hidden_until_predicted_and_measured_by_its_distances(digits):
    page = open_page("surprises")
    assert "noise alone" not in html(page)
    page.button(key="surprises_noise_once_reveal").click().run()
    found = from_noise.measure_noise_once(walker(), WALKER.corruption.level, digits)
    (told,) = [text for text in revealed(page) if "draws of noise" in text]
    assert f"from a black page {found.to_black:.1f}, from the mean digit {found.to_mean:.1f}" in told
    nearest = min(found.to_black, found.to_mean, found.to_nearest, found.to_noise)
    assert (nearest == found.to_black) == told.startswith(f"**{from_noise_view.BLACK}**")
    assert f"a correlation of **{found.like_mean:.2f}** with the mean digit" in words(page)
    assert png(found.drawn_nhw[:DIGITS_SHOWN]) in html(page)


def test_the_walk_is_shown_at_the_sliders_step_with_how_many_end_as_a_readable_digit(digits):
    page = open_page("surprises")
    assert not [slider for slider in page.slider if slider.key == DIAL]
    page.button(key="surprises_noise_walk_reveal").click().run()
    read = partial(classifier.classify, classifier.shipped_classifier().layers)
    usual = from_noise.usual_distance(digits.test_nhw)
    walks = {steps: from_noise.walk_from_noise(walker(), steps, FIRST_LEVEL) for steps in STEPS}
    ends = [
        from_noise.judge_ends(walk.drawn_tnhw[-1], steps, digits.test_nhw, usual, read)
        for steps, walk in walks.items()
    ]
    (told,) = [text for text in revealed(page) if "starts end as a readable digit" in text]
    assert all(f"{end.readable} in {end.steps} step" in told for end in ends)
    longest = walks[max(STEPS)]
    assert png(longest.drawn_tnhw[-1, :DIGITS_SHOWN]) in html(page)
    page.slider(key=DIAL).set_value(3).run()
    assert png(longest.drawn_tnhw[2, :DIGITS_SHOWN]) in html(page)
    given = [json.loads(element.proto.bytes) for element in page.get("bidi_component") if element.proto.bytes]
    (part,) = [each for each in given if each.get("part") == "steps"]
    assert part["levels"] == list(longest.levels)
    assert [row["words"] for row in part["rows"]] == [from_noise_view.SEEN, from_noise_view.DRAWN]


def test_most_walks_of_20_steps_end_as_a_readable_digit_and_every_digit_is_among_them(digits):
    walk = from_noise.walk_from_noise(walker(), 20, FIRST_LEVEL)
    read = partial(classifier.classify, classifier.shipped_classifier().layers)
    usual = from_noise.usual_distance(digits.test_nhw)
    found = from_noise.judge_ends(walk.drawn_tnhw[-1], 20, digits.test_nhw, usual, read)
    assert found.readable > 85
    assert min(found.classes) > 0
    assert max(found.classes) < 30


def test_words_about_walks_follow_the_counts():
    one, many = Ends(1, 100, 9, 90, 7, (7,) + (0,) * 9), Ends(20, 100, 90, 90, 81, (81,) + (0,) * 9)
    told = walk_words([one, many])
    assert "**81 of 100** are readable after 20 steps, 7 after 1 step." in told


@pytest.mark.parametrize("average", [0.4, 0.95])
def test_words_about_noise_alone_give_the_measured_shapes(average):
    pictures = torch.zeros(3, 28, 28)
    found = NoiseOnce(pictures, pictures, pictures[0], 7, 1.0, 2.0, 3.0, 4.0, 0.1, average, 0.3, 0.8)
    told = from_noise_view.shape_words(found)
    assert f"of all 3 outputs has **{average:.2f}** with the mean digit" in told
    assert ("nearly give the mean" in told) == (average == 0.95)
    assert "from the nearest of 7 held-back digits 3.0" in from_noise_view.once_words(found)
