"""Every digit on a page, in reading order; tests.benchmarks.digit_pages asks for more."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from ae_core.errors import ImageError
from ae_core.pictures.lines import find_lines
from ae_core.pictures.page import MOST_DIGITS, PreparedPage, prepare_box, prepare_page
from ae_core.pictures.pieces import Box
from ae_core.pictures.preparation import THRESHOLDS, Wishes
from ae_core.pictures.rows import find_rows, measure_slope
from ae_core.study.classifier import find_judge
from tests.benchmarks.digit_pages import match_digits
from tests.support.pages import PAGE_KINDS, SINGLE_KINDS, page, single
from tests.support.photos import enlarged_digit, nearest_shift

Judge = Callable[[torch.Tensor], torch.Tensor]


@pytest.fixture(scope="module")
def judge() -> Judge:
    found = find_judge()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def well_read(digits, judge) -> tuple[np.ndarray, np.ndarray]:
    """Digits that the classifier reads right as they are, and their labels."""
    right_n = judge(digits.test_nhw).argmax(1) == digits.test_labels_n
    return digits.test_nhw[right_n].numpy(), digits.test_labels_n[right_n].numpy()


def row_of(digits_nhw, times: int = 5) -> np.ndarray:
    """A white page with dark digits beside each other."""
    return np.pad(
        np.concatenate([enlarged_digit(digit_hw, times) for digit_hw in digits_nhw], axis=1),
        ((40, 40), (20, 20), (0, 0)),
        constant_values=255,
    )


def rows_of(digits_nhw, columns: int, times: int = 2) -> np.ndarray:
    parts = [digits_nhw[i : i + columns] for i in range(0, len(digits_nhw), columns)]
    return np.concatenate([row_of(part, times)[35:-35] for part in parts])


def read(page: PreparedPage, judge: Judge) -> list[int]:
    return judge(torch.stack([each.digit_hw for each in page.digits])).argmax(1).tolist()


def drawn(draw: Callable[[ImageDraw.ImageDraw], None], size: tuple[int, int] = (600, 400)) -> np.ndarray:
    picture = Image.new("RGB", size, (225, 222, 215))
    draw(ImageDraw.Draw(picture))
    return np.asarray(picture)


# Pages


def test_a_row_is_read_from_left_to_right(digits):
    originals = digits.test_nhw[:5]
    page = prepare_page(row_of(originals))
    assert len(page.digits) == 5
    for each, original_hw in zip(page.digits, originals, strict=True):
        assert nearest_shift(each.digit_hw, original_hw)[0] < 0.06
        assert each.steps[-1].title == "Centred"
    assert [each.box.left for each in page.digits] == sorted(each.box.left for each in page.digits)


def test_pages_of_every_kind_are_read_in_order(well_read, judge):
    """One page of each kind, from a seed: a small form of the benchmark's measure."""
    in_order, found, of, false = 0, 0, 0, 0
    for seed, kind in enumerate(PAGE_KINDS):
        picture = page(*well_read, seed, kind, megapixels=0.5)
        try:
            prepared = prepare_page(picture.pixels(2000), judge=judge)
        except ImageError:
            prepared = None
        matched = [match for match in match_digits(picture, prepared) if match is not None]
        count = 0 if prepared is None else len(prepared.digits)
        in_order += matched == list(range(len(picture.labels))) and count == len(matched)
        found, of, false = found + len(matched), of + len(picture.labels), false + count - len(matched)
    assert in_order >= 0.75 * len(PAGE_KINDS)
    assert found >= 0.95 * of
    assert false <= 0.25 * len(PAGE_KINDS)


@pytest.mark.parametrize(
    ("kind", "seed"),
    [
        pytest.param("boxes", 1010, id="boxes of broad lines with soft edges"),
        pytest.param("boxes", 1016, id="boxes with digits across their upper sides"),
        pytest.param("boxes", 1022, id="boxes that share their sides, paler than ink"),
        pytest.param("boxes", 1061, id="boxes at a slant, all joined by their sides"),
        pytest.param("writing", 1018, id="words of joined-up letters, apart from each other"),
        pytest.param("writing", 1079, id="one word of joined-up letters"),
        pytest.param("thumb", 1003, id="red ink on grey paper"),
        pytest.param("sideways", 2003, id="many digits of which most are read sideways, too"),
    ],
)
def test_all_digits_of_a_page_and_nothing_else_are_found(well_read, judge, kind, seed):
    picture = page(*well_read, seed, kind, megapixels=2)
    prepared = prepare_page(picture.pixels(2000), judge=judge)
    assert match_digits(picture, prepared) == list(range(len(picture.labels)))
    assert len(prepared.digits) == len(picture.labels)


def test_single_digits_in_every_trouble_are_read(well_read, judge):
    images_nhw, labels_n = well_read
    wrong = []
    for i in range(2 * len(SINGLE_KINDS)):
        kind = SINGLE_KINDS[i % len(SINGLE_KINDS)]
        picture = single(images_nhw[i], int(labels_n[i]), i, kind)
        try:
            is_right = read(prepare_page(picture.pixels(500), judge=judge), judge) == list(picture.labels)
        except ImageError:
            is_right = False
        if not is_right:
            wrong.append((i, kind))
    assert len(wrong) <= 2, wrong


def test_a_page_photographed_sideways_is_turned_and_says_so(well_read, judge):
    upright = row_of(torch.from_numpy(well_read[0][:12]), times=3)
    expected = read(prepare_page(upright, judge=judge), judge)
    turned = prepare_page(np.rot90(upright, 3), judge=judge)
    assert (turned.quarter_turns, read(turned, judge)) == (1, expected)
    assert turned.note.endswith(".")
    assert prepare_page(np.rot90(upright, 3), judge=judge, allow_turn=False).quarter_turns == 0
    assert prepare_page(np.rot90(upright, 3)).quarter_turns == 0


def test_two_hundred_digits_are_sixty_and_a_sentence(digits):
    page = prepare_page(rows_of(digits.test_nhw[:200], columns=20))
    assert len(page.digits) == MOST_DIGITS
    assert "The first 60 of them are taken." in page.note


def test_rows_that_fall_are_still_rows():
    centres = [(100 * row + 0.15 * column, column) for row in range(3) for column in range(0, 700, 90)]
    shuffled = np.random.default_rng(0).permutation(len(centres))
    rows = find_rows(np.array(centres)[shuffled], side=50)
    assert [int(shuffled[i]) for row in rows for i in row] == list(range(len(centres)))


def test_digits_of_a_tilted_page_are_turned_upright(digits):
    originals = digits.test_nhw[:12]
    level = Image.fromarray(rows_of(originals, columns=6, times=4))
    tilted = np.asarray(level.rotate(-8, Image.Resampling.BICUBIC, expand=True, fillcolor=(255, 255, 255)))
    page = prepare_page(tilted)
    assert len(page.digits) == 12
    for each, original_hw in zip(page.digits, originals, strict=True):
        assert nearest_shift(each.digit_hw, original_hw)[0] < 0.08
        assert "Upright" in [step.title for step in each.steps]


def test_how_much_rows_fall_is_told_from_chance():
    rows = [[0, 1, 2, 3, 4], [5, 6, 7, 8]]
    places = [(100 * (i > 4), 60 * (i % 5)) for i in range(9)]
    falling = np.array([(down + 0.1 * right, right) for down, right in places])
    assert measure_slope(falling, rows) == pytest.approx(0.1)
    jumping = np.array([(down + 9 * (-1) ** i, right) for i, (down, right) in enumerate(places)])
    assert measure_slope(jumping, rows) == 0
    assert measure_slope(falling[:2], [[0, 1]]) == 0


def test_boxes_that_stand_close_together_are_no_part_of_their_digits(digits):
    """Their sides make one line, from the upper one to the lower."""
    size = 28 * 3
    picture = np.full((2 * size, 6 * size, 3), 235, np.uint8)
    for i, digit_hw in enumerate(digits.test_nhw[:5]):
        top, left = size // 2, size // 2 + i * (size + 4)
        inside = picture[top : top + size, left : left + size]
        np.minimum(inside, enlarged_digit(digit_hw, 3), out=inside)
        for rows, columns in (
            (slice(top, top + 2), slice(left, left + size)),
            (slice(top + size - 2, top + size), slice(left, left + size)),
            (slice(top, top + size), slice(left, left + 2)),
            (slice(top, top + size), slice(left + size - 2, left + size)),
        ):
            picture[rows, columns] = 120
    page = prepare_page(picture)
    assert len(page.digits) == 5
    for each, original_hw in zip(page.digits, digits.test_nhw[:5], strict=True):
        assert nearest_shift(each.digit_hw, original_hw)[0] < 0.06


def test_sides_of_boxes_that_are_offset_half_way_are_looked_at_without_a_warning():
    """Their two halves, widened, meet where neither has ink."""
    printed = Image.new("L", (320, 240))
    pen, gap = ImageDraw.Draw(printed), 20
    for top in range(30, 200, gap + 1):
        pen.line((10, top, 310, top), 200)
    for left in range(20, 300, 10):
        for top in range(30, 180, gap + 1):
            pen.line((left, top, left, top + gap // 2), 200)
            pen.line((left + 3, top + gap // 2 + 1, left + 3, top + gap), 200)
    lines = find_lines(np.asarray(printed, np.float32) / 255, least=0.05, digit=0)
    assert lines[0].any()


def test_a_digit_on_the_ring_of_a_stain_is_the_digit_alone(digits):
    picture = rows_of(digits.test_nhw[:10], columns=5, times=4).astype(float)
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    ring = np.exp(-(((np.hypot(y - picture.shape[0], x - 150) - 140) / 7) ** 2))
    picture *= 1 - ring[..., None] * np.array([0.4, 0.55, 0.65])
    page = prepare_page(picture.astype(np.uint8))
    assert len(page.digits) == 10
    assert all(each.box.side < 28 * 4 for each in page.digits)


# One cut-out


def test_a_digits_box_dragged_by_hand_gives_the_digit(digits):
    picture = row_of(digits.test_nhw[:3])
    box = prepare_page(picture).digits[1].box
    wider = Box(box.top - 6, box.left - 6, box.bottom + 6, box.right + 6)
    prepared = prepare_box(picture, wider)
    assert prepared.steps
    assert nearest_shift(prepared.digit_hw, digits.test_nhw[1])[0] < 0.06


def test_a_box_outside_the_picture_and_one_without_ink_are_refused(digits):
    picture = row_of(digits.test_nhw[:3])
    for box in (Box(500, 900, 600, 1000), Box(0, 0, 30, 200)):
        with pytest.raises(ImageError, match=r"\. .*\.$"):
            prepare_box(picture, box)


def test_all_ink_in_a_box_is_one_digit():
    def two_strokes(pen: ImageDraw.ImageDraw) -> None:
        pen.line((200, 100, 200, 300), (30, 30, 40), 16)
        pen.line((300, 100, 300, 300), (30, 30, 40), 16)

    picture = drawn(two_strokes)
    assert len(prepare_page(picture).digits) == 2
    prepared = prepare_box(picture, Box(80, 170, 320, 330))
    columns = np.flatnonzero((prepared.digit_hw > 0.5).any(0).numpy())
    assert columns[-1] - columns[0] > 8


def test_boxes_are_in_pixels_of_the_picture_as_it_is_turned(digits):
    picture = row_of(digits.test_nhw[:2])
    page = prepare_page(np.rot90(picture, 3), Wishes(quarter_turns=1))
    assert page.pixels_hwc.shape == picture.shape
    assert page.quarter_turns == 1
    assert [each.box for each in page.digits] == [each.box for each in prepare_page(picture).digits]


def test_an_unprepared_page_is_one_picture(digits):
    picture = row_of(digits.test_nhw[:2])
    (only,) = prepare_page(picture, Wishes(prepare=False)).digits
    assert only.box == Box(0, 0, *picture.shape[:2])
    assert torch.equal(only.digit_hw, prepare_box(picture, only.box, Wishes(prepare=False)).digit_hw)


# What is no digit


def reason(pixels_hwc: np.ndarray, judge: Judge | None = None) -> str:
    with pytest.raises(ImageError) as refused:
        prepare_page(pixels_hwc, judge=judge)
    message = str(refused.value)
    assert message.count(". ") == 1, "one sentence for the cause, one for the next step"
    assert message.endswith(".")
    return message


def test_an_empty_page_has_no_ink():
    grain = np.random.default_rng(0).normal(220, 4, (600, 500, 1)).repeat(3, 2)
    assert "no ink" in reason(grain.astype(np.uint8))


def test_printed_boxes_alone_are_no_digits():
    def boxes(pen: ImageDraw.ImageDraw) -> None:
        for left in range(50, 500, 90):
            pen.rectangle((left, 150, left + 70, 220), outline=(90, 90, 110), width=2)

    assert "printed lines or boxes" in reason(drawn(boxes))


def test_ruled_lines_alone_are_no_digits():
    def lines(pen: ImageDraw.ImageDraw) -> None:
        for top in range(40, 400, 45):
            pen.line((0, top, 600, top + 12), (130, 150, 190), 2)

    assert "printed lines or boxes" in reason(drawn(lines))


def test_writing_alone_is_no_digit(judge):
    words = drawn(lambda pen: pen.text((40, 150), "Homework for Monday", (20, 20, 30), font_size=48))
    assert "only writing" in reason(words, judge)


def test_a_digit_and_a_coffee_stain_are_one_digit(digits, judge):
    large = enlarged_digit(digits.test_nhw[3], 7).astype(float)
    picture = np.pad(large, ((100, 200), (80, 320), (0, 0)), constant_values=255)
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    ring = np.exp(-(((np.hypot(y - 390, x - 440) - 70) / 9) ** 2))
    picture *= 1 - ring[..., None] * np.array([0.2, 0.35, 0.5])
    page = prepare_page(picture.astype(np.uint8), judge=judge)
    sure = [each for each in page.digits if not each.doubt]
    assert len(sure) == 1
    assert nearest_shift(sure[0].digit_hw, digits.test_nhw[3])[0] < 0.06


def test_what_may_be_no_digit_is_said_in_words(judge):
    def at_edge(pen: ImageDraw.ImageDraw) -> None:
        pen.line((300, 0, 300, 200, 400, 200), (30, 30, 40), 20)

    (cut_off,) = prepare_page(drawn(at_edge)).digits
    assert "edge of the picture" in cut_off.doubt

    def loop(pen: ImageDraw.ImageDraw) -> None:
        pen.line((150, 200, 250, 130, 350, 200, 450, 130, 500, 200), (30, 30, 40), 14)

    (wide,) = prepare_page(drawn(loop), judge=judge).digits
    assert "wider than a digit" in wide.doubt


@settings(deadline=None, max_examples=40)
@given(
    st.integers(8, 70),
    st.integers(8, 70) | st.integers(400, 600),
    st.integers(0, 2**32 - 1),
    st.sampled_from([2, 30, 256]),
    st.builds(Wishes, st.booleans(), st.floats(*THRESHOLDS), st.integers(-4, 4), st.booleans()),
)
def test_any_picture_gives_digits_or_a_reason(judge, width, height, seed, greys, wishes):
    pixels = np.random.default_rng(seed).integers(0, greys, (height, width, 3))
    pixels[: height // 2] = pixels[0, 0]
    try:
        page = prepare_page(pixels.astype(np.uint8), wishes, judge)
    except ImageError:
        return
    rows, columns, _ = page.pixels_hwc.shape
    for each in page.digits:
        assert (each.digit_hw.shape, each.digit_hw.dtype) == ((28, 28), torch.float32)
        assert 0 <= each.digit_hw.min() <= each.digit_hw.max() <= 1
        assert 0 <= each.box.top < each.box.bottom <= rows
        assert 0 <= each.box.left < each.box.right <= columns
        assert all(0 <= step.picture_hw.min() <= step.picture_hw.max() <= 1 for step in each.steps)
