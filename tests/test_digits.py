"""From any picture of a digit to one as MNIST has them."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from ae_core.digits import MAX_BYTES, enlarged, open_image, prepare, prepare_file
from ae_core.errors import ImageError


@pytest.fixture(scope="module")
def seven(digits) -> torch.Tensor:
    """A real digit that looks different when turned or mirrored."""
    return digits.test_nhw[digits.test_labels_n == 7][0]


def grey(digit_hw: torch.Tensor) -> np.ndarray:
    return (digit_hw * 255).round().byte().numpy()


def large(digit_hw: torch.Tensor) -> Image.Image:
    """The digit ten times as large, ink dark on light paper, as photographed."""
    return ImageOps.invert(Image.fromarray(grey(digit_hw)).resize((280, 280), Image.Resampling.BICUBIC))


def saved(picture: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """A small PNG file whose header promises a picture of this size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def difference(ours_hw: torch.Tensor, theirs_hw: torch.Tensor) -> float:
    """Mean absolute difference, at the best of all shifts by at most one pixel."""
    shifts = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return min(float((ours_hw.roll(shift, (0, 1)) - theirs_hw).abs().mean()) for shift in shifts)


# The same digit comes back


def test_an_mnist_digit_enlarged_comes_back_as_it_was(digits):
    for digit in range(10):
        original_hw = digits.test_nhw[digits.test_labels_n == digit][0]
        assert difference(prepare(large(original_hw)).digit_hw, original_hw) < 0.03


def test_it_does_not_matter_whether_ink_or_paper_is_dark(seven):
    dark_on_light = large(seven)
    light_on_dark = ImageOps.invert(dark_on_light)
    apart = prepare(dark_on_light).digit_hw - prepare(light_on_dark).digit_hw
    assert apart.abs().max() < 0.02  # rounding to 256 greys


def test_it_does_not_matter_where_on_the_page_the_digit_is(seven):
    corner, middle = Image.new("L", (500, 500), 255), Image.new("L", (500, 500), 255)
    corner.paste(large(seven), (3, 5))
    middle.paste(large(seven), (110, 110))
    assert prepare(corner).digit_hw.equal(prepare(middle).digit_hw)


def test_weak_ink_on_grey_paper_is_enough(seven):
    pale = large(seven).point(lambda value: 120 + value // 4)
    assert difference(prepare(pale).digit_hw, seven) < 0.04


# Every kind of file


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_every_kind_of_file_gives_the_digit(seven, kind, mode):
    content = saved(large(seven).convert(mode), kind)
    assert difference(prepare_file(content).digit_hw, seven) < 0.03


def test_a_photograph_taken_with_the_camera_turned_is_turned_upright(seven):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90° clockwise to view
    content = saved(large(seven).transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95)
    assert difference(prepare_file(content).digit_hw, seven) < 0.03


def test_transparent_paper_is_white(seven):
    ink = Image.new("RGBA", (280, 280), (0, 0, 0, 0))
    ink.paste((0, 0, 0, 255), mask=ImageOps.invert(large(seven)))
    assert difference(prepare_file(saved(ink, "PNG")).digit_hw, seven) < 0.03


def test_a_palette_with_a_transparent_colour_is_white_there(seven):
    ink = large(seven).point(lambda value: 1 if value > 127 else 0).convert("P")
    ink.putpalette([0, 0, 0, 0, 0, 0])
    assert difference(prepare_file(saved(ink, "PNG", transparency=1)).digit_hw, seven) < 0.06


def test_sixteen_bits_a_pixel_keep_their_shades(seven):
    picture = Image.fromarray(np.asarray(large(seven), dtype=np.uint16) * 257)
    assert difference(prepare_file(saved(picture, "PNG")).digit_hw, seven) < 0.03


def test_a_palette_picture_gives_the_digit(seven):
    assert difference(prepare_file(saved(large(seven).convert("P"), "PNG")).digit_hw, seven) < 0.03


def test_a_picture_made_for_print_gives_the_digit(seven):
    assert difference(prepare_file(saved(large(seven).convert("CMYK"), "JPEG", quality=95)).digit_hw, seven) < 0.03


# What comes out


def test_every_step_is_shown_and_the_last_is_the_digit(seven):
    prepared = prepare(large(seven))
    assert len(prepared.steps) >= 4
    assert all(step.title and step.why.endswith(".") for step in prepared.steps)
    assert all(0 <= step.picture_hw.min() <= step.picture_hw.max() <= 1 for step in prepared.steps)
    np.testing.assert_array_equal(prepared.steps[-1].picture_hw, prepared.digit_hw.numpy())


def test_the_digit_has_mnists_geometry(digits):
    for original_hw in digits.test_nhw[:100]:
        digit_hw = prepare(large(original_hw)).digit_hw
        rows, columns = (digit_hw > 0).any(1).nonzero(), (digit_hw > 0).any(0).nonzero()
        sides = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
        assert max(sides) in (19, 20)
        steps = torch.arange(28.0)
        centre = float((digit_hw.sum(1) * steps).sum() / digit_hw.sum()), float((digit_hw.sum(0) * steps).sum() / digit_hw.sum())
        assert centre == pytest.approx((13.5, 13.5), abs=1)
        assert (digit_hw.shape, digit_hw.dtype) == ((28, 28), torch.float32)
        assert 0 <= digit_hw.min() <= digit_hw.max() <= 1


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_a_picture_of_any_shape_gives_a_digit_or_a_reason(width, height, seed):
    noise = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)
    try:
        digit_hw = prepare(Image.fromarray(noise)).digit_hw
    except ImageError:
        return
    assert 0 <= digit_hw.min() <= digit_hw.max() <= 1


def test_small_pictures_are_enlarged_pixel_by_pixel(seven):
    shown = np.asarray(enlarged(seven.numpy()))
    assert shown.shape == (224, 224)
    np.testing.assert_array_equal(shown[4::8, 4::8], grey(seven))


# What is refused


def plain_words(content: bytes) -> str:
    with pytest.raises(ImageError) as refused:
        prepare_file(content)
    message = str(refused.value)
    assert message.count(". ") == 1, "one sentence for the cause, one for the next step"
    assert message.endswith(".")
    return message


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_a_blank_page_has_no_digit(shade):
    assert "no ink" in plain_words(saved(Image.new("L", (300, 300), shade), "PNG"))


def test_a_few_specks_are_no_digit():
    page = np.full((512, 512), 255, dtype=np.uint8)
    page[0, 0] = page[-1, -1] = 0
    assert "specks" in plain_words(saved(Image.fromarray(page), "PNG"))


def test_what_is_no_picture_is_refused(seven):
    for content in (b"", b"7\n", b"%PDF-1.7", saved(large(seven), "GIF"), saved(large(seven), "BMP")):
        assert "not a PNG, JPEG or WebP" in plain_words(content)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_file_cut_off_anywhere_is_refused(seven, kind):
    content = saved(large(seven), kind)
    for kept in (10, 40, 100, len(content) // 4, len(content) // 2):
        assert plain_words(content[:kept]).endswith(("another copy of it.", "try again."))


@pytest.mark.parametrize(("width", "height"), [(10_000, 5_001), (12_000, 12_000), (60_000, 60_000)])
def test_too_many_pixels_are_refused_before_they_are_unpacked(width, height):
    assert "50 million pixels" in plain_words(png_claiming(width, height))


def test_too_large_a_file_is_refused():
    assert "20 MB" in plain_words(b"\0" * (MAX_BYTES + 1))


def test_the_content_decides_not_the_ending(seven, tmp_path):
    path = tmp_path / "digit.jpg"
    path.write_bytes(saved(large(seven), "PNG"))
    assert open_image(path.read_bytes()).size == (280, 280)
