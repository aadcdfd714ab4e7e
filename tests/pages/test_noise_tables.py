"""Noise in training against noise in the test, and a digit left out, by Streamlit's own test runner."""

from __future__ import annotations

import re
from dataclasses import replace

from streamlit.testing.v1 import AppTest

from ae_core.config import DAE, CorruptionConfig
from ae_core.data import measured_digits
from ae_core.metrics import squared_error
from ae_core.models import reconstruct
from ae_core.runs.store import Store, default_root
from ae_core.study.left_out import LEFT_OUT, PER_CLASS, SAW_ALL, SAW_NO_SEVEN, ClassErrors
from ae_core.study.mismatch import BY_KIND, BY_LEVEL, NO_NOISE, TESTED_LEVELS, fill_table
from ae_core.study.robustness import noisy_digits
from pages.shared.parts.left_out_view import TIMES, left_out_words
from pages.shared.parts.mismatch_view import kinds_words, levels_words, price_words
from tests.pages.test_lessons import revealed, words
from tests.pages.test_pages import open_page


def html(page: AppTest) -> str:
    return " ".join(element.proto.body for element in page.get("html"))


def tables(page: AppTest) -> list[list[str]]:
    """The numbers in each heat map, those that are marked with a tick behind them."""
    found = []
    for table in re.findall(r'<table class="lab-heat">.*?</table>', html(page), re.DOTALL):
        cells = re.findall(r'<td(?: class="([^"]*)"[^>]*)?>([^<]*)</td>', table)
        found.append([f"{number}✓" if "lab-marked" in look else number for look, number in cells])
    return found


def measured(digits, trained: CorruptionConfig, tested: CorruptionConfig) -> float:
    """A cell of a table, worked out here once more."""
    store = Store(default_root())
    clean_nhw = measured_digits(digits)[0]
    model = store.load_model(store.shipped_like(replace(DAE, corruption=trained)))
    rebuilt_nhw = reconstruct(model, noisy_digits(clean_nhw, tested, 0))
    return float(squared_error(rebuilt_nhw, clean_nhw).mean())


def test_both_tables_of_noise_are_hidden_until_predicted_and_show_what_was_measured(digits):
    page = open_page("denoising")
    assert tables(page) == []
    assert "diagonal" not in words(page)
    page.radio(key="denoising_levels_choice").set_value("The one trained with σ = 0.8.").run()
    page.button(key="denoising_levels_lock").click().run()
    assert page.success[0].value.startswith("That is right: **The one trained with σ = 0.8.**")
    page.button(key="denoising_kinds_reveal").click().run()
    levels, kinds = tables(page)
    assert len(levels) == (len(BY_LEVEL) + 1) * len(TESTED_LEVELS)
    assert len(kinds) == (len(BY_KIND) + 1) * len(BY_KIND)
    assert sum("✓" in cell for cell in levels) == len(TESTED_LEVELS)
    assert sum("✓" in cell for cell in kinds) == len(BY_KIND)
    least, most = BY_LEVEL[0], TESTED_LEVELS[4]
    assert levels[4].rstrip("✓") == f"{measured(digits, least, most):.1f}"
    masking, occlusion = BY_KIND[3:]
    assert kinds[3 * len(BY_KIND) + 4].rstrip("✓") == f"{measured(digits, masking, occlusion):.1f}"
    assert "diagonal wins" in words(page)


def table_of(trained, tested, *rows, nothing):
    errors = dict(
        zip([(row, column) for row in [*trained, None] for column in tested], [*rows, *nothing], strict=True)
    )
    return fill_table(trained, tested, lambda *those: errors[those])


def test_words_about_levels_follow_the_figures():
    rows = [10.0] * len(BY_LEVEL) * len(TESTED_LEVELS)
    for i in range(len(BY_LEVEL)):
        rows[i * len(TESTED_LEVELS) + i] = 5.0
    told = levels_words(table_of(BY_LEVEL, TESTED_LEVELS, *rows, nothing=[20.0] * len(TESTED_LEVELS)))
    assert "**The diagonal wins in all 5 columns that have a network of their own noise**" in told
    assert "trained with σ = 0.2 and tested with σ = 0.8, the error is **2.0 times**" in told
    assert "has an error of 10.0 even on clean digits, the one that never saw noise 5.0." in told
    assert "it has only" not in told
    rows[4 * len(TESTED_LEVELS) + 1] = 8.0
    told = levels_words(table_of(BY_LEVEL, TESTED_LEVELS, *rows, nothing=[20.0] * len(TESTED_LEVELS)))
    assert (
        "At σ = 0.2 it has only 8.0, *our explanation:* it never learnt from a digit without noise." in told
    )
    rows[2] = 1.0
    told = levels_words(table_of(BY_LEVEL, TESTED_LEVELS, *rows, nothing=[20.0] * len(TESTED_LEVELS)))
    assert "**The diagonal wins in 4 of 5 columns**, and not at σ = 0.4 (best: no noise)." in told


def test_a_ratio_is_the_one_of_the_figures_in_the_table():
    rows = [15.66] * len(BY_LEVEL) * len(TESTED_LEVELS)
    rows[len(TESTED_LEVELS) + 4] = 38.35  # shown as 38.4 beside 15.7: 2.446, and unrounded 2.449
    rows[4 * len(TESTED_LEVELS) + 1] = 35.24  # 35.2 / 15.7 = 2.24, and unrounded 2.2503
    told = levels_words(table_of(BY_LEVEL, TESTED_LEVELS, *rows, nothing=[90.0] * len(TESTED_LEVELS)))
    assert f"**{38.4 / 15.7:.1f} times** the best one's. Too much" in told
    assert "it is **2.2 times** the best one's" in told


def test_words_about_kinds_count_who_does_harm():
    count = len(BY_KIND)
    rows = [5.0 if i == j else 30.0 if j == 4 else 10.0 for i in range(count) for j in range(count)]
    told = kinds_words(table_of(BY_KIND, BY_KIND, *rows, nothing=[0.0, 20.0, 20.0, 20.0, 20.0]))
    assert "stand 16 pairs of a network and a noise that it was not trained with" in told
    assert "in **4 of 16** the network does worse" in told
    assert "trained with no noise, tested with occlusion, **6.0 times** the best one's" in told
    assert NO_NOISE in BY_KIND


def test_a_digit_left_out_is_asked_about_and_then_shown_with_both_networks_errors(digits):
    page = open_page("surprises")
    assert f"never saw a {LEFT_OUT}" not in html(page)
    page.button(key="surprises_left_out_reveal").click().run()
    store = Store(default_root())
    sevens_nhw = digits.test_nhw[digits.test_labels_n == LEFT_OUT][:PER_CLASS]
    errors = [
        float(
            squared_error(
                reconstruct(store.load_model(store.shipped_like(run)), sevens_nhw), sevens_nhw
            ).mean()
        )
        for run in (SAW_NO_SEVEN, SAW_ALL)
    ]
    (told,) = [text for text in revealed(page) if "held-back 7s" in text]
    times = round(errors[0], 1) / round(errors[1], 1)
    assert f"{errors[0]:.1f}, against {errors[1]:.1f}: {times:.1f} times as large." in told
    assert any(f"**{option}**" in told for option in TIMES)
    assert f"out of the CAE that never saw a {LEFT_OUT}" in html(page)


def test_words_about_a_digit_left_out_follow_the_figures():
    found = ClassErrors((4.0,) * 10, (*[4.4] * 7, 10.0, 3.6, 4.0), (0, 0, 0, 0, 0, 0, 0, 60, 10, 30))
    told = left_out_words(found)
    assert "**2.5 times** that of the network that saw them, on the other digits 0.90 to 1.10 times" in told
    assert "Of 100 outputs, **60** are still nearest to a 7, 30 to a 9. *Our explanation:*" in told
    assert "strokes more than digits" in told
    lost = ClassErrors(found.saw_all, found.never_saw, (0, 0, 0, 0, 0, 0, 0, 0, 0, 100))
    assert (
        "**0** are still nearest to a 7, 100 to a 9. *Our explanation:* it draws what it never saw"
        in left_out_words(lost)
    )


def test_what_noise_in_training_costs_is_said_only_as_it_was_measured():
    none, some = BY_LEVEL[0], BY_LEVEL[2]
    told = price_words({none: 24.3, some: 22.5})
    assert "The more noise in training, the worse on clean digits" in told
    assert "no noise 24.3, σ = 0.4 22.5" in told
    assert "the worse" not in price_words({none: 22.0, some: 22.5})
