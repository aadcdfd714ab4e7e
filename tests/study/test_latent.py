"""The space of codes: walks, grids and directions against oracles, and the page that shows them."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor

from ae_core import config
from ae_core.config import CAE, FAE
from ae_core.data import Digits
from ae_core.figures import latent as latent_figures
from ae_core.metrics import squared_error
from ae_core.models import Autoencoder, as_picture, codes_of, pictures_of, reconstruct
from ae_core.runs.store import Store
from ae_core.study import latent
from ae_core.training import seeded
from pages.shared.parts.latent_bench import DIGITS, HALFWAY
from tests.conftest import PROJECT, widget_key
from tests.pages.conftest import no_training_process  # noqa: F401 (a fixture)
from tests.pages.test_pages import curves, pictures


def network(store: Store, preset: config.RunConfig, size: int) -> Autoencoder:
    run = store.shipped_like(config.adjusted(preset, model={"latent_size": size}))
    assert run is not None
    return store.load_model(run)


@pytest.mark.parametrize("preset", [FAE, CAE], ids=config.family)
def test_a_walk_begins_and_ends_at_the_two_reconstructions(store, digits, preset):
    model = network(store, preset, 8)
    a, b = digits.test_nhw[3], digits.test_nhw[4]
    walked = latent.walk_between(model, a, b, latent.even_positions(9))
    assert walked.shape == (9, 28, 28)
    torch.testing.assert_close(walked[[0, -1]], as_picture(reconstruct(model, torch.stack([a, b]))))


def test_half_of_a_walk_is_decoded_from_the_mean_of_the_two_codes(store, digits):
    model = network(store, CAE, 8)
    pair = digits.test_nhw[[3, 4]]
    halfway = latent.walk_between(model, pair[0], pair[1], [0.5])
    torch.testing.assert_close(halfway, pictures_of(model, codes_of(model, pair).mean(0, keepdim=True)))


@pytest.mark.parametrize("preset", [FAE, CAE], ids=config.family)
def test_a_searched_code_draws_better_than_the_encoders_and_the_network_stays_as_it_was(
    store, digits, preset
):
    model = network(store, preset, 8)
    before = {name: weights.clone() for name, weights in model.state_dict().items()}
    some_nhw = digits.test_nhw[:20]
    codes_nl = latent.searched_codes(model, some_nhw)
    assert codes_nl.shape == (20, 8)
    error, searched = (
        squared_error(pictures_of(model, codes), some_nhw) for codes in (codes_of(model, some_nhw), codes_nl)
    )
    assert searched.mean() < 0.9 * error.mean()
    torch.testing.assert_close(latent.searched_codes(model, some_nhw, steps=0), codes_of(model, some_nhw))
    assert all(weights.equal(before[name]) for name, weights in model.state_dict().items())
    assert (
        squared_error(pictures_of(model, latent.searched_codes(model, some_nhw[:1])), some_nhw[:1]) < error[0]
    )


def test_a_cross_fade_mixes_pixels_in_proportion(digits):
    a, b = digits.test_nhw[:2]
    torch.testing.assert_close(
        latent.cross_fade(a, b, [0.0, 0.25, 1.0]), torch.stack([a, 0.75 * a + 0.25 * b, b])
    )


def test_a_grid_point_shows_what_the_decoder_draws_there(store, digits):
    model = network(store, CAE, 2)
    codes = codes_of(model, digits.test_nhw[:200])
    grid = latent.draw_manifold(model, codes, 5).reshape(5, 5, 28, 28)
    (left, bottom), (right, top) = codes.min(0).values.tolist(), codes.max(0).values.tolist()
    corners = torch.tensor(
        [[left, top], [right, top], [left, bottom], [(left + right) / 2, (bottom + top) / 2]]
    )
    shown = torch.stack([grid[0, 0], grid[0, 4], grid[4, 0], grid[2, 2]])
    torch.testing.assert_close(shown, pictures_of(model, corners), atol=1e-5, rtol=1e-4)


def test_principal_directions_carry_the_variances_of_the_codes(store, digits):
    codes = codes_of(network(store, CAE, 30), digits.test_nhw)
    variances = np.linalg.eigvalsh(np.cov(codes.double().numpy().T, bias=True))[::-1]
    along = latent.principal_directions(codes, 6)
    np.testing.assert_allclose(along.deviations_k.square(), variances[:6], rtol=1e-3)
    np.testing.assert_allclose(along.shares_k, variances[:6] / variances.sum(), rtol=1e-3)
    assert latent.best_plane(codes).share == pytest.approx(variances[:2].sum() / variances.sum(), rel=1e-3)


def test_moving_along_directions_moves_by_standard_deviations_from_the_mean(digits, store):
    codes = codes_of(network(store, FAE, 8), digits.test_nhw)
    along = latent.principal_directions(codes, 6)
    torch.testing.assert_close(along.moved([0.0] * 6)[0], codes.mean(0), atol=1e-4, rtol=1e-4)
    back = along.pca.encode(along.moved([1.0, 0.0, -2.0, 0.0, 0.0, 0.0]))[0]
    expected = torch.tensor([1.0, 0.0, -2.0, 0.0, 0.0, 0.0]) * along.deviations_k
    torch.testing.assert_close(back, expected, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_place_on_the_map_stands_for_a_code_that_is_drawn_there(size):
    codes = torch.randn(300, size, generator=seeded(0, "codes"))
    plane = latent.best_plane(codes)
    places = torch.tensor([[0.0, 0.0], [1.5, -0.5]]) * torch.tensor([1.0, float(size > 1)])
    there = plane.codes_at(places, size)
    assert there.shape == (2, size)
    torch.testing.assert_close(plane.place(there), places, atol=1e-5, rtol=1e-5)
    if size > 2:
        torch.testing.assert_close(there[0], codes.mean(0), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("size", "share"), [(1, 1.0), (2, 1.0), (5, None)])
def test_small_codes_are_drawn_as_they_are_and_larger_ones_in_part(size, share):
    codes = torch.randn(300, size, generator=seeded(0, "codes"))
    plane = latent.best_plane(codes)
    points = plane.place(codes)
    assert points.shape == (300, 2)
    if share:
        assert plane.share == share
        torch.testing.assert_close(points[:, :size], codes)
    else:
        assert 0.2 < plane.share < 0.9


def test_the_nearest_other_digit_is_found_and_its_own_two_do_not_count(digits):
    real, made = digits.test_nhw[:60], digits.test_nhw[[0, 1]]
    assert latent.nearest_distances(made, real, torch.tensor([[5, 6], [5, 6]])).tolist() == pytest.approx(
        [0.0, 0.0], abs=1e-6
    )
    by_hand = [
        min(float((real[i] - real[j]).square().sum()) for j in range(60) if j not in (i, 5)) for i in (0, 1)
    ]
    assert latent.nearest_distances(made, real, torch.tensor([[0, 5], [1, 5]])).tolist() == pytest.approx(
        by_hand, rel=1e-5
    )


def test_random_pairs_are_of_different_digits(digits):
    pairs = latent.random_pairs(digits.test_labels_n, 200, seeded(0, "pairs"))
    ones, others = digits.test_labels_n[pairs].T
    assert len(pairs) == 200
    assert bool((ones != others).all())


def test_every_class_has_a_colour_and_a_shape_of_its_own_and_every_point_tells_its_digit(digits):
    points = torch.randn(1000, 2, generator=seeded(0, "points"))
    figure = latent_figures.code_map(points, digits.test_labels_n[:1000], points[:2], points[0], ("x", "y"))
    classes = figure.data[:10]
    assert (
        len({trace.marker.color for trace in classes})
        == len({trace.marker.symbol for trace in classes})
        == 10
    )
    told = np.concatenate([trace.customdata for trace in classes])
    assert sorted(told) == list(range(1000))
    assert all(digits.test_labels_n[number] == 7 for number in classes[7].customdata)
    assert list(figure.data[10].text) == [str(digit) for digit in range(10)]


def test_a_click_on_the_plane_is_a_place_that_the_sliders_reach(digits, store):
    codes = codes_of(network(store, CAE, 2), digits.test_nhw[:100])
    over = latent.bounding_area(codes)
    figure = latent_figures.manifold_map(torch.zeros(25, 28, 28), over, codes[0])
    unseen = figure.data[0]
    for i in (0, 700, 1680):
        dials = latent.shares_to_percent(latent.grid_shares(latent_figures.CLICKS)[i])
        assert [dial % 2.5 for dial in dials] == [0.0, 0.0]
        assert (unseen.x[i], unseen.y[i]) == pytest.approx(
            over.at(latent.percent_to_shares(dials))[0].tolist(), rel=1e-5
        )


# The page


def opened(name: str, **dials: float) -> AppTest:
    """The page as a link with these dials opens it."""
    page = AppTest.from_file(str(PROJECT / "pages" / f"{name}.py"), default_timeout=60)
    for dial, value in dials.items():
        page.query_params[dial] = str(value)
    page.run()
    assert not page.exception
    return page


def latent_space(size: int, **dials: float) -> AppTest:
    return opened("latent_space", latent_size=size, **dials)


@pytest.mark.parametrize(
    ("kind", "dial", "value"),
    [
        ("radio", "latent_model", "DAE"),
        ("select_slider", "latent_size", 8),
        ("slider", "latent_test_noise", 0.5),
        ("number_input", "latent_a", 20),
        ("number_input", "latent_b", 20),
        ("slider", "latent_position", 0.9),
        *[("slider", f"latent_direction_{number}", 2.0) for number in range(1, 7)],
    ],
)
def test_every_dial_of_the_latent_space_changes_its_pictures(kind, dial, value):
    page = latent_space(30)
    before = pictures(page)
    getattr(page, kind)(key=widget_key(page, dial)).set_value(value).run()
    assert not page.exception
    assert pictures(page) != before


@pytest.mark.parametrize("dial", ["latent_z1", "latent_z2"])
def test_two_sliders_reach_any_code_of_two_numbers(dial):
    page = latent_space(2)
    before = pictures(page)
    page.slider(key=widget_key(page, dial)).set_value(100.0).run()
    assert pictures(page) != before


def test_the_digits_lie_on_the_plane_until_they_are_switched_off():
    page = latent_space(30)
    before = curves(page)
    page.toggle(key="latent_with_digits").set_value(False).run()
    assert not page.exception
    assert curves(page) != before


def test_the_kind_of_noise_changes_the_codes():
    page = latent_space(8, latent_test_noise=0.5)
    before = pictures(page)
    page.selectbox(key="latent_test_noise_kind").set_value("masking").run()
    assert pictures(page) != before


def test_the_map_says_how_much_of_the_codes_it_shows(store, digits: Digits):
    share = latent.best_plane(codes_of(network(store, CAE, 30), digits.test_nhw[:DIGITS])).share
    assert any(
        f"these two directions show {share:.0%} of the variance" in caption.value
        for caption in latent_space(30).caption
    )
    assert any("Nothing is left out" in caption.value for caption in latent_space(2).caption)


def test_buttons_bring_other_digits_and_lead_back_to_the_mean():
    page = latent_space(30, latent_direction_3=1.5)
    page.button(key="latent_others").click().run()
    assert (
        page.number_input(key=widget_key(page, "latent_a")).value,
        page.number_input(key=widget_key(page, "latent_b")).value,
    ) == (7, 12)
    assert page.slider(key=widget_key(page, "latent_direction_3")).value == 1.5
    page.button(key="latent_reset").click().run()
    assert page.slider(key=widget_key(page, "latent_direction_3")).value == 0.0


def test_a_size_that_the_dial_does_not_have_shows_the_nearest_and_says_so():
    page = latent_space(17)
    assert "the nearest is shown, of 16" in page.info[0].value
    assert page.get("plotly_chart")


def halfway_by_hand(model: Autoencoder, images: Tensor, labels: Tensor) -> tuple[float, float]:
    """The mean distances of the question, one pair at a time."""
    sums = np.zeros(2)
    pairs = latent.random_pairs(labels, 50, seeded(0, "pairs")).tolist()
    for i, j in pairs:
        others = torch.cat([images[k : k + 1] for k in range(len(images)) if k not in (i, j)])
        drawn = pictures_of(model, codes_of(model, images[[i, j]]).mean(0, keepdim=True))
        for n, picture in enumerate((drawn, images[[i, j]].mean(0, keepdim=True))):
            sums[n] += float((others - picture).square().sum((1, 2)).min())
    drawn_mean, faded_mean = sums / len(pairs)
    return drawn_mean, faded_mean


def test_the_answer_to_the_question_is_what_this_network_measures(store, digits):
    drawn, faded = halfway_by_hand(
        network(store, CAE, 30), digits.test_nhw[:DIGITS], digits.test_labels_n[:DIGITS]
    )
    page = latent_space(30)
    page.button(key="latent_reveal").click().run()
    told = page.info[0].value
    assert [float(number) for number in re.findall(r"(\d+\.\d) away", told)] == pytest.approx(
        [drawn, faded], abs=0.06
    )
    right = HALFWAY[0 if drawn < 0.9 * faded else 2 if faded < 0.9 * drawn else 1]
    assert f"**{right}**" in told
