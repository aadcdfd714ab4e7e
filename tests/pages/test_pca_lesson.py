"""PCA beside the fully connected autoencoder, and what the linear one has to do with it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ae_core import baselines, config
from ae_core.baselines import fit_pca
from ae_core.config import CorruptionConfig
from ae_core.data import as_images, in_parts, measured_digits
from ae_core.metrics import squared_error
from ae_core.models import reconstruct
from ae_core.runs.store import Store, default_root
from pages.shared.parts import pca_view
from tests.pages.test_pages import asked_for, open_page


def shipped(preset: config.RunConfig, size: int):
    run = Store(default_root()).shipped_like(config.adjusted(preset, model={"latent_size": size}))
    assert run is not None
    return run


def mean_error(images_nhw, clean_nhw) -> float:
    return float(squared_error(images_nhw, clean_nhw).mean())


@pytest.fixture(scope="module")
def pca(digits):
    return fit_pca(in_parts(digits.train_bytes_nhw), 64)


def mean_error_in_training(digits, rebuild) -> float:
    """Squared error per image over all digits to learn from, of what `rebuild` makes of some of them."""
    sums = [float(squared_error(rebuild(part), part).sum()) for part in in_parts(digits.train_bytes_nhw)]
    return sum(sums) / len(digits.train_bytes_nhw)


@pytest.mark.parametrize("size", [2, 8, 30])
def test_the_shipped_linear_network_comes_within_a_hundredth_of_pca_and_never_below(digits, pca, size):
    run = shipped(config.LINEAR, size)
    model = Store(default_root()).load_model(run)
    linear = mean_error_in_training(digits, lambda images_nhw: reconstruct(model, images_nhw))
    bound = mean_error_in_training(digits, pca.first(size).reconstruct)
    assert bound <= linear <= 1.01 * bound


@pytest.mark.parametrize("preset", config.PRESETS)
def test_networks_that_are_compared_learnt_from_the_same_digits(preset):
    runs, _ = Store(default_root()).shipped()
    runs = [run for run in runs if not run.config.data.left_out]  # one never saw a 7, and stands in no chart
    assert {run.config.data for run in runs} == {config.find_preset(preset).data} == {config.DataConfig()}


@pytest.mark.parametrize("size", [2, 8, 30])
def test_the_fae_passes_pca_on_held_back_digits(digits, pca, size):
    fae = mean_error(
        reconstruct(Store(default_root()).load_model(shipped(config.FAE, size)), digits.test_nhw),
        digits.test_nhw,
    )
    assert fae < mean_error(pca.first(size).reconstruct(digits.test_nhw), digits.test_nhw)


def test_the_first_directions_are_the_pca_of_a_smaller_code_and_their_errors_add_up(few_digits):
    images_nhw = few_digits.test_nhw
    largest = fit_pca(as_images(few_digits.train_bytes_nhw), 16)
    errors = largest.errors_by_size(images_nhw)
    for size in (1, 5, 16):
        for smaller in (largest.first(size), fit_pca(as_images(few_digits.train_bytes_nhw), size)):
            assert mean_error(smaller.reconstruct(images_nhw), images_nhw) == pytest.approx(
                errors[size - 1], rel=1e-4
            )


def test_errors_within_five_percent_are_about_equal():
    assert baselines.clearly_smallest({"PCA": 10.5, "FAE": 10.0}) is None
    assert baselines.clearly_smallest({"PCA": 10.6, "FAE": 10.0}) == "FAE"
    assert baselines.clearly_smallest({"PCA": 4.0, "FAE": 10.0}) == "PCA"


def test_runs_are_alike_whatever_their_size_pace_and_digits():
    other = config.adjusted(
        config.CAE, model={"latent_size": 3}, training={"epochs": 2, "learning_rate": 1e-3}
    )
    assert config.is_like(replace(other, data=config.DataConfig(digits=100)), config.CAE)
    assert not config.is_like(replace(other, corruption=CorruptionConfig("gaussian", 0.4)), config.CAE)
    assert not config.is_like(config.adjusted(other, model={"activation": "tanh"}), config.CAE)


def words(page) -> str:
    return " ".join(text.value for text in [*page.markdown, *page.caption]) + " ".join(
        element.proto.body for element in page.get("html")
    )


def reveal(page, question: str):
    """The page once this question's answer has been asked for."""
    return page.button(key=f"{question}_reveal").click().run()


def test_nothing_of_the_answer_stands_on_the_page_before_it_is_asked_for(digits, pca):
    page = open_page("fully_connected")
    assert "PCA, 30 numbers: error" not in words(page)
    assert "PCA, 30 numbers: error" in words(reveal(page, "fae"))
    page = open_page("convolutional")
    assert "moved 4 pixels" not in words(page)
    assert "moved 4 pixels" in words(reveal(page, "cae"))


def test_pca_stands_beside_the_fae_with_its_error(digits, pca):
    page = open_page("fully_connected")
    page.select_slider(key="latent_size").set_value(8).run()
    reveal(page, "fae")
    measured_nhw = measured_digits(digits)[0]
    held_back = mean_error(pca.first(8).reconstruct(measured_nhw), measured_nhw)
    assert f"PCA, 8 numbers: error {held_back:.1f}" in words(page)
    assert "FAE, 8 numbers: error" in words(page)
    assert "linear FAE, 8" not in words(page)


def test_other_digits_can_be_asked_for_beside_pca():
    page = reveal(open_page("fully_connected"), "fae")
    before = words(page)
    page.button(key="pca_digits").click().run()
    assert page.session_state["digits_seed"] == 1
    assert words(page) != before


def test_the_switch_makes_the_network_linear_keeps_the_latent_size_and_tells_how_near_it_came(digits, pca):
    page = open_page("fully_connected")
    page.select_slider(key="latent_size").set_value(8)
    page.toggle(key="linear").set_value(True).run()
    assert not page.exception
    reveal(page, "fae")
    model = Store(default_root()).load_model(shipped(config.LINEAR, 8))
    linear = mean_error_in_training(digits, lambda images_nhw: reconstruct(model, images_nhw))
    bound = mean_error_in_training(digits, pca.first(8).reconstruct)
    assert f"PCA {bound:.3f}, linear FAE {linear:.3f}" in words(page)
    assert f"{round(linear, 3) / round(bound, 3):.4f} times" in words(page)
    assert "is **smaller than** PCA's" in words(page)


def test_train_under_the_switch_asks_for_the_linear_preset(monkeypatch):
    page = open_page("fully_connected")
    page.toggle(key="linear").set_value(True).run()
    page.number_input(key="train_size").set_value(5).run()
    assert asked_for(page, monkeypatch, "linear") == config.adjusted(config.LINEAR, model={"latent_size": 5})


def test_the_card_says_whether_pca_or_the_fae_rebuilds_better():
    page = open_page("fully_connected")
    page.radio(key="fae_choice").set_value("PCA.").run()
    page.button(key="fae_lock").click().run()
    assert "but it is: **The FAE.** Squared error per image, latent size 30" in page.warning[0].value
    assert "PCA was fitted on 60,000 digits, the FAE learnt from 60,000" in page.warning[0].value


def points(page) -> dict[str, list[int]]:
    """The latent sizes drawn, by the name of the line or points."""
    (figure,) = [element for element in page.get("plotly_chart") if "latent size" in element.proto.spec]
    return {trace["name"]: trace["x"] for trace in json.loads(figure.proto.spec)["data"]}


def test_every_shipped_network_is_a_point_against_the_latent_size():
    drawn = points(reveal(open_page("convolutional"), "cae"))
    assert drawn["FAE, learnt from 60,000"] == drawn["CAE, learnt from 60,000"] == list(config.SHIPPED_SIZES)
    assert len(drawn) == 3
    assert "CAE, learnt from 60,000" not in points(reveal(open_page("fully_connected"), "fae"))


def test_how_few_numbers_hold_a_digit_is_there_from_the_start_and_pca_joins_with_the_answer():
    page = open_page("fully_connected")
    assert list(points(page)) == ["FAE, learnt from 60,000"]
    assert "**Which digits are mixed up first?**" in words(page)
    assert list(page.table[0].value["Numbers in the code"]) == ["1", "2", "4", "8", "30"]
    assert "PCA of 60,000 digits" in points(reveal(page, "fae"))


# The sentences, at the edges of what can be measured


@pytest.mark.parametrize(
    ("fae", "pca", "word"),
    [(17.5, 29.7, "smaller than"), (29.7, 17.5, "larger than"), (5.01, 5.04, "as large as")],
)
def test_the_fae_and_pca_are_compared_by_the_figures_that_are_shown(fae, pca, word):
    told = pca_view.bound_words(fae, pca)
    assert f"its error of {fae:.1f} is **{word}** PCA's, {pca:.1f}" in told
    assert "which neither learnt from" in told


@pytest.mark.parametrize(
    ("own", "pca", "told"),
    [
        (2.02, 2.0, "linear FAE 2.020, which is **1.0100 times** PCA's. "),
        (0.0, 0.0, "PCA 0.000, linear FAE 0.000. "),
    ],
)
def test_how_near_a_linear_network_came_is_told_even_where_nothing_is_lost(own, pca, told):
    assert told in pca_view.linear_words(own, pca, 4000)


def test_a_code_of_one_number_is_one_number():
    page = open_page("fully_connected")
    page.select_slider(key="latent_size").set_value(1).run()
    assert "With **1 number** in the code" in words(page)
    assert not page.exception
