"""From pure noise: what a denoiser draws and where its walks end, by Streamlit's own test runner."""

from __future__ import annotations

import json
from functools import partial

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
    (told,) = [text for text in revealed(page) if "In squared distance" in text]
    distances = (found.to_black, found.to_mean, found.to_nearest, found.to_noise)
    assert f"lies {min(distances):.1f} from it" in told
    assert f"a real digit lies {found.digit_to_black:.1f} from a black page" in told
    assert (min(distances) == found.to_black) == told.startswith(f"**{from_noise_view.BLACK}**")
    assert [f"{each:.1f}" for each in distances] == [*page.table[0].value.iloc[:, 1]]
    assert f"is **{found.brightness:.0%}** of a real digit's" in words(page)
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
    assert all(f"({end.faint} of them faint)" in told for end in ends)
    once = from_noise.walk_from_noise(walker(), 1, WALKER.corruption.level).drawn_tnhw[-1]
    at_once = from_noise.judge_ends(once, 1, digits.test_nhw, usual, read)
    rows = page.table[0].value.to_numpy().tolist()
    assert [row[1] for row in rows] == [f"{end.brightness:.0%} of a digit's" for end in (at_once, *ends)]
    assert rows[0][0] == f"σ = {WALKER.corruption.level:g}, 1 step"
    assert rows[1][4] == f"{ends[0].readable} of 100, {ends[0].faint} of them faint"
    assert "**Readable**: both" in words(page)
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
    one = Ends(1, 100, 9, 90, 7, 5, 0.4, (7,) + (0,) * 9)
    many = Ends(20, 100, 90, 90, 81, 0, 1.0, (81,) + (0,) * 9)
    told = walk_words([one, many])
    assert "**81 of 100** are readable after 20 steps, 7 after 1 step, 5 of these faint." in told


def test_words_about_noise_alone_give_one_measured_figure_a_sentence():
    pictures = torch.zeros(3, 28, 28)
    found = NoiseOnce(pictures, pictures, pictures[0], 7, 1.0, 2.0, 3.0, 4.0, 10.0, 0.4)
    told = from_noise_view.shape_words(found)
    assert "is **10%** of a real digit's" in told
    assert "correlation over the pixels is **0.40**" in told
    assert "lies 1.0 from it. For scale: a real digit lies 10.0 from" in from_noise_view.once_words(found)
