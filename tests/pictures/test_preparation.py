"""From any picture of a digit to one as MNIST has them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from scipy import ndimage

from ae_core.errors import ImageError
from ae_core.pictures.page import PageDigit, prepare_page
from ae_core.pictures.preparation import THRESHOLDS, Wishes, enlarge
from tests.support.photos import centre_of_mass, enlarged_digit, largest_digit, longer_side, nearest_shift


@pytest.fixture(scope="module")
def seven(digits) -> torch.Tensor:
    """A real digit that looks different when turned or mirrored."""
    return digits.test_nhw[digits.test_labels_n == 7][0]


def page_with(
    digits_nhw: list[torch.Tensor],
    places: list[tuple[int, int]],
    shape: tuple[int, int] = (300, 600),
    times: int = 5,
) -> np.ndarray:
    """A white page with dark digits, the upper left corners of their 28 × 28 squares at `places`."""
    page = np.full((*shape, 3), 255, np.uint8)
    for digit_hw, (top, left) in zip(digits_nhw, places, strict=True):
        part = page[top : top + 28 * times, left : left + 28 * times]
        np.minimum(part, enlarged_digit(digit_hw, times), out=part)
    return page


def drawn(
    size: tuple[int, int], width: int, *strokes: list[tuple[int, int]], paper: int = 255, ink: int = 0
) -> np.ndarray:
    """Strokes of a round pen on a page of `size` (width, height)."""
    picture = Image.new("L", size, paper)
    pen = ImageDraw.Draw(picture)
    for stroke in strokes:
        pen.line(stroke, ink, width, joint="curve")
        for x, y in (stroke[0], stroke[-1]):
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), ink)
    return np.asarray(picture.convert("RGB"))


FIVE = [(100, 80), (95, 140), (150, 135), (180, 170), (160, 215), (95, 220)]
BAR = [(120, 60), (185, 55)]


def apart(one_hw: torch.Tensor, other_hw: torch.Tensor) -> float:
    return nearest_shift(one_hw, other_hw)[0]


def titles(prepared: PageDigit) -> list[str]:
    return [step.title for step in prepared.steps]


# The same digit comes back


def test_mnists_digits_enlarged_come_back_as_they_were(digits):
    """Half a pixel of shift along both axes costs 0.051 on average; so much is the same digit."""
    differences = []
    for original_hw in digits.test_nhw[:150]:
        digit_hw = largest_digit(enlarged_digit(original_hw)).digit_hw
        differences.append(apart(digit_hw, original_hw))
        assert longer_side(digit_hw) in (19, 20)
        assert all(13.49 <= centre <= 14.51 for centre in centre_of_mass(digit_hw))
    assert np.mean(np.array(differences) < 0.05) >= 0.99


def test_mnists_digits_as_they_are_come_back_too(digits):
    for original_hw in digits.test_nhw[5::50]:
        small = np.repeat((original_hw * 255).byte().numpy()[..., None], 3, axis=2)
        assert apart(largest_digit(small).digit_hw, original_hw) < 0.06


def test_a_digit_drawn_with_a_broad_pen_fills_twenty_pixels():
    (prepared,) = prepare_page(drawn((280, 280), 18, [(80, 60), (200, 60), (130, 230)])).digits
    assert longer_side(prepared.digit_hw) == 20


def test_edges_stay_soft(seven):
    grey_hw = largest_digit(enlarged_digit(seven)).digit_hw
    assert ((grey_hw > 0.1) & (grey_hw < 0.9)).sum() > 20


def test_it_does_not_matter_whether_ink_or_paper_is_dark(seven):
    dark_on_light = enlarged_digit(seven)
    assert apart(largest_digit(dark_on_light).digit_hw, largest_digit(255 - dark_on_light).digit_hw) < 0.02


def test_it_does_not_matter_where_on_the_page_the_digit_is(seven):
    corner, middle = (page_with([seven], [place], (500, 500)) for place in ((5, 5), (180, 180)))
    assert apart(largest_digit(corner).digit_hw, largest_digit(middle).digit_hw) < 0.03


def test_weak_ink_on_grey_paper_is_enough(seven):
    pale = (120 + enlarged_digit(seven) // 4).astype(np.uint8)
    assert apart(largest_digit(pale).digit_hw, seven) < 0.04


def test_a_shadow_is_no_ink(seven):
    shaded = enlarged_digit(seven).astype(float)
    shaded[:, 140:] *= 0.5
    assert apart(largest_digit(shaded.astype(np.uint8)).digit_hw, seven) < 0.05


def test_the_lines_of_squared_paper_go_and_strokes_that_cross_them_stay(seven):
    page = page_with([seven], [(80, 60)], (400, 400), times=10)
    for first in (20, 21, 22):
        page[first::50] = np.minimum(page[first::50], 150)
        page[:, first::50] = np.minimum(page[:, first::50], 150)
    (prepared,) = prepare_page(page).digits
    assert apart(prepared.digit_hw, seven) < 0.06


def test_specks_and_the_dark_border_of_a_sheet_are_dropped(seven):
    page = page_with([seven], [(80, 60)], (400, 400), times=10)
    page[:6] = page[:, :9] = 30
    page[390, 380] = page[350:353, 30:33] = 0
    assert apart(largest_digit(page).digit_hw, seven) < 0.05


def test_strokes_too_thin_for_28_pixels_are_thickened():
    prepared = largest_digit(drawn((500, 500), 3, [(150, 50), (350, 50), (250, 450)]))
    assert "Thicker strokes" in titles(prepared)
    assert prepared.digit_hw.max() > 0.9


# One digit, whatever it is made of


def test_two_digits_close_together_are_two(digits):
    two, three = (digits.test_nhw[digits.test_labels_n == label][2] for label in (2, 3))
    ends = [int(digit_hw.any(0).nonzero()[side]) for digit_hw, side in ((two, -1), (three, 0))]
    left = 100 + (ends[0] + 1 - ends[1] + 2) * 5  # two of MNIST's pixels between them
    assert len(prepare_page(page_with([two, three], [(80, 100), (80, left)])).digits) == 2


def test_the_loose_bar_of_a_five_belongs_to_it():
    (prepared,) = prepare_page(drawn((280, 280), 14, FIVE, BAR)).digits
    assert ndimage.label(prepared.digit_hw > 0.1)[1] == 2


def test_a_stroke_that_the_pen_left_open_stays_whole():
    page = drawn((280, 280), 14, [(140, 40), (140, 120)], [(140, 139), (140, 240)])
    assert len(prepare_page(page).digits) == 1


def test_the_box_is_where_the_digit_is(seven):
    box = largest_digit(page_with([seven], [(80, 60)], (384, 384), times=8)).box
    rows, columns = ((seven > 0.5).any(axis).nonzero() for axis in (1, 0))
    expected = [
        80 + 8 * int(rows[0]),
        60 + 8 * int(columns[0]),
        88 + 8 * int(rows[-1]),
        68 + 8 * int(columns[-1]),
    ]
    assert [box.top, box.left, box.bottom, box.right] == pytest.approx(expected, abs=5)


# What a visitor may change


@pytest.mark.parametrize(
    "wishes",
    [
        Wishes(threshold=THRESHOLDS[1]),
        Wishes(quarter_turns=1),
        Wishes(quarter_turns=2),
        Wishes(prepare=False),
    ],
    ids=lambda wishes: str(wishes)[7:-1],
)
def test_every_wish_changes_the_digit(seven, wishes):
    page = page_with([seven], [(20, 50)], (300, 300), times=7)
    assert not torch.equal(largest_digit(page, wishes).digit_hw, largest_digit(page).digit_hw)


def test_the_other_polarity_may_be_wished_for():
    """A light stroke across a dark blot: one is the digit, or the other."""
    page = drawn((400, 400), 60, [(120, 120), (280, 120), (200, 300)])
    page = np.maximum(page, drawn((400, 400), 20, [(150, 120), (250, 120)], paper=0, ink=255))
    found, other = largest_digit(page), largest_digit(page, Wishes(flip=True))
    assert apart(found.digit_hw, other.digit_hw) > 0.05


def test_a_turned_picture_gives_what_turning_the_page_gives(seven):
    page = enlarged_digit(seven)
    assert torch.equal(
        largest_digit(page, Wishes(quarter_turns=3)).digit_hw, largest_digit(np.rot90(page, 3)).digit_hw
    )


def test_unprepared_a_picture_is_only_made_small(seven):
    small = np.repeat((seven * 255).round().byte().numpy()[..., None], 3, axis=2)
    assert apart(largest_digit(small, Wishes(prepare=False)).digit_hw, seven) == 0
    assert torch.allclose(largest_digit(small, Wishes(prepare=False, flip=True)).digit_hw, 1 - seven)


# What comes out


def test_every_step_is_shown_and_the_last_is_the_digit(seven):
    prepared = largest_digit(enlarged_digit(seven))
    assert len(prepared.steps) >= 5
    assert all(step.title and step.why.endswith(".") for step in prepared.steps)
    assert all(0 <= step.picture_hw.min() <= step.picture_hw.max() <= 1 for step in prepared.steps)
    np.testing.assert_array_equal(prepared.steps[-1].picture_hw, prepared.digit_hw.numpy())


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 70),
    st.integers(1, 70),
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 30, 256]),
    st.builds(
        Wishes,
        st.booleans(),
        st.floats(*THRESHOLDS),
        st.integers(-4, 4),
        st.booleans(),
    ),
)
def test_any_picture_gives_a_digit_or_a_reason(width, height, seed, greys, wishes):
    pixels = np.random.default_rng(seed).integers(0, greys, (height, width, 3)).astype(np.uint8)
    try:
        prepared = largest_digit(pixels, wishes)
    except ImageError:
        return
    assert (prepared.digit_hw.shape, prepared.digit_hw.dtype) == ((28, 28), torch.float32)
    assert 0 <= prepared.digit_hw.min() <= prepared.digit_hw.max() <= 1
    assert all(0 <= step.picture_hw.min() <= step.picture_hw.max() <= 1 for step in prepared.steps)


def test_small_pictures_are_enlarged_pixel_by_pixel(seven):
    shown = np.asarray(enlarge(seven.numpy()))
    assert shown.shape == (224, 224)
    np.testing.assert_array_equal(shown[4::8, 4::8], (seven * 255).round().byte().numpy())


# What is refused


def reason(pixels: np.ndarray, wishes: Wishes | None = None) -> str:
    with pytest.raises(ImageError) as refused:
        largest_digit(pixels, wishes)
    message = str(refused.value)
    assert message.count(". ") == 1, "one sentence for the cause, one for the next step"
    assert message.endswith(".")
    return message


@pytest.mark.parametrize("shade", [128, 200, 255])
def test_a_blank_page_has_no_ink(shade):
    assert "no ink" in reason(np.full((300, 200, 3), shade, np.uint8))


def test_the_grain_of_paper_is_no_ink():
    grain = np.random.default_rng(0).normal(220, 5, (300, 300, 1)).repeat(3, 2)
    assert "no ink" in reason(grain.astype(np.uint8))


@pytest.mark.parametrize("margin", [0, 20, 40])
def test_a_page_full_of_ink_is_refused(margin):
    page = np.full((300, 300, 3), 250, np.uint8)
    page[margin : 300 - margin, margin : 300 - margin] = 5
    assert "too much ink" in reason(page)


def test_a_few_specks_are_no_digit():
    page = np.full((384, 384, 3), 255, np.uint8)
    page[50:53, 60:63] = page[300:303, 200:203] = 0
    assert "specks" in reason(page)
