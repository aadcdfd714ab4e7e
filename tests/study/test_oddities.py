"""Strange pictures: what they are, and what is said of what comes out, worked out here once more."""

from __future__ import annotations

import pytest
import torch

from ae_core import config
from ae_core.data import in_parts
from ae_core.models import reconstruct
from ae_core.study import oddities
from ae_core.study.from_noise import usual_distance
from ae_core.study.oddities import (
    ANSWERS,
    AS_WELL,
    GONE,
    LOST,
    MOST,
    NEITHER,
    ODDITIES,
    REPLACED,
    VERDICTS,
    WORSE,
    Outcome,
)


@pytest.fixture
def network(store):
    def of(preset, latent_size):
        run = store.shipped_like(config.adjusted(preset, model={"latent_size": latent_size}))
        return store.load_model(run)

    return of


def first_of(digit, digits):
    return next(
        image for image, label in zip(digits.test_nhw, digits.test_labels_n, strict=True) if label == digit
    )


def outcome(error, digit_distance, median=10.0):
    """One of a network whose digits have errors up to 15 in 75 of 100 cases, and up to 25 in 95."""
    return Outcome(
        torch.zeros(28, 28),
        error,
        median,
        0,
        1,
        digit_distance,
        picture_distance=60.0,
        bounds={AS_WELL: 1.5 * median, MOST: 2.5 * median},
        near=44.0,
        always_mean=53.0,
        ink=0.1,
    )


@pytest.mark.parametrize("name", ODDITIES)
def test_every_strange_picture_is_one_the_networks_can_be_given(name, digits):
    image_hw = ODDITIES[name].draw(digits)
    assert (image_hw.shape, image_hw.dtype) == ((28, 28), torch.float32)
    assert 0 <= image_hw.min() <= image_hw.max() <= 1
    assert image_hw.equal(ODDITIES[name].draw(digits))


def test_no_two_of_them_are_the_same_and_none_is_a_digit_of_the_lab(digits):
    pixels = oddities.draw_oddities(digits).flatten(1)
    assert torch.pdist(pixels).min() > 3
    for digits_nhw in (digits.test_nhw, *in_parts(digits.train_bytes_nhw)):
        assert torch.cdist(pixels, digits_nhw.flatten(1)).min() > 2


@pytest.mark.parametrize("name", [name for name in ODDITIES if name.startswith("letter")])
def test_letters_are_as_long_and_as_central_as_the_digits_of_mnist(name, digits):
    ink_hw = ODDITIES[name].draw(digits)
    rows, columns = (ink_hw.sum(axis).nonzero() for axis in (1, 0))
    assert max(int(rows.max() - rows.min()), int(columns.max() - columns.min())) + 1 in (19, 20)
    places = torch.arange(28.0)
    for axis in (0, 1):
        assert 13 <= float((ink_hw.sum(axis) * places).sum() / ink_hw.sum()) <= 14.5


def test_digits_are_turned_mirrored_inverted_and_moved(digits):
    four, three, two, five = (first_of(digit, digits) for digit in (4, 3, 2, 5))
    assert ODDITIES["upside_down"].draw(digits).equal(torch.rot90(four, 2))
    assert ODDITIES["mirrored"].draw(digits)[:, 0].equal(three[:, 27])
    assert (ODDITIES["inverted"].draw(digits) + two).equal(torch.ones(28, 28))
    assert ODDITIES["shifted"].draw(digits)[:24, :24].equal(five[4:, 4:])


def test_two_digits_share_one_frame(digits):
    both = ODDITIES["two_digits"].draw(digits)
    for half, digit in ((both[:, :14], 4), (both[:, 14:], 2)):
        whole = first_of(digit, digits)
        torch.testing.assert_close(half, (whole[:, ::2] + whole[:, 1::2]) / 2)


@pytest.mark.parametrize(
    ("error", "digit_distance", "verdict"),
    [
        (15, 20, AS_WELL),
        (15.1, 20, MOST),
        (25, 30, MOST),
        (25.1, 30, WORSE),
        (26.5, 90, WORSE),
        (26.6, 90, LOST),
        (30, 40, WORSE),  # not lost: near a digit, though nearer to what went in
        (62.1, 95.7, LOST),
        (20, 19, REPLACED),
        (210, 44, REPLACED),
        (210, 69.6, NEITHER),
    ],
)
def test_what_came_out_is_named_by_its_error_and_the_nearest_digit(error, digit_distance, verdict):
    assert outcome(error, digit_distance).verdict == verdict
    assert outcome(error, digit_distance).answer == ANSWERS[verdict]


def test_the_letter_m_is_lost_where_the_k_is_only_worse_and_noise_is_like_neither(network, digits):
    for preset in (config.FAE, config.CAE, config.DAE):
        measured = oddities.measure_outcomes(network(preset, 30), oddities.draw_oddities(digits), digits)
        of = dict(zip(ODDITIES, measured, strict=True))
        assert of["letter_m"].verdict == LOST
        assert of["letter_k"].verdict in (MOST, WORSE)
        assert {of["noise"].verdict, of["inverted"].verdict} == {NEITHER}


def test_verdicts_follow_the_percentile_shown_of_the_networks_own_digits(network, digits):
    found = oddities.measure_outcomes(network(config.DAE, 30), digits.test_nhw[:200], digits)
    shares = {
        level: [one.better / one.held_back for one in found if one.verdict == level] for level in VERDICTS
    }
    assert max(shares[AS_WELL]) <= 0.75 < min(shares[MOST])
    assert max(shares[MOST]) <= 0.95 < min(shares[WORSE])


def test_what_is_near_and_lost_is_the_measure_of_the_digits_themselves(network, digits):
    (measured,) = oddities.measure_outcomes(
        network(config.CAE, 8), ODDITIES["face"].draw(digits)[None], digits
    )
    mean_hw = sum(part.sum(0) for part in in_parts(digits.train_bytes_nhw)) / len(digits.train_bytes_nhw)
    assert measured.always_mean == pytest.approx(
        float(((digits.test_nhw - mean_hw) ** 2).flatten(1).sum(1).mean()), rel=1e-3
    )
    assert measured.near == usual_distance(digits.test_nhw)


def test_errors_ranks_and_distances_are_their_definitions(network, digits):
    model = network(config.CAE, 8)
    k, test = ODDITIES["letter_k"].draw(digits), digits.test_nhw[: oddities.HELD_BACK]
    (measured,) = oddities.measure_outcomes(model, k[None], digits)
    out = reconstruct(model, k[None])[0]
    usual = ((reconstruct(model, test) - test) ** 2).flatten(1).sum(1)
    assert measured.error == pytest.approx(float(((out - k) ** 2).sum()), rel=1e-4)
    assert measured.median == pytest.approx(float(usual.sort().values[499]), rel=1e-3)
    assert measured.better == sum(float(one) < measured.error for one in usual)
    assert measured.digit_distance == pytest.approx(
        min(float(((out - digit) ** 2).sum()) for digit in digits.test_nhw), rel=1e-3
    )


def test_a_code_of_2_numbers_makes_a_digit_of_a_letter_and_a_code_of_32_does_not(network, digits):
    k = ODDITIES["letter_k"].draw(digits)[None]
    assert oddities.measure_outcomes(network(config.CAE, 2), k, digits)[0].verdict == REPLACED
    assert oddities.measure_outcomes(network(config.CAE, 30), k, digits)[0].verdict != REPLACED


@pytest.mark.parametrize("name", [name for name, oddity in oddities.ODDITIES.items() if oddity.changed])
def test_an_experiment_changes_a_picture_and_keeps_its_ink_in_the_frame(name, digits):
    oddity = oddities.ODDITIES[name]
    assert oddity.changed is not None
    was_hw, changed_hw = oddity.draw(digits), oddity.changed(digits)
    assert changed_hw.shape == (28, 28)
    assert not changed_hw.equal(was_hw)
    assert oddity.change
    if oddity.change == oddities.ASIDE_WORDS:
        assert changed_hw.sum() == pytest.approx(was_hw.sum())


def test_every_strange_picture_has_a_cause_for_each_verdict():
    for oddity in oddities.ODDITIES.values():
        assert set(oddity.why) == set(oddities.VERDICTS)
        assert all(oddity.why.values())
        if oddity.why[AS_WELL] == oddities.STROKES[AS_WELL]:
            assert not {oddity.why[each] for each in GONE} & {oddity.why[each] for each in (MOST, WORSE)}
