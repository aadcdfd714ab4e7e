"""Files that strangers send: pictures of every kind, the same spoilt, bombs, other files named like pictures.

Everything is made here, from a seed; nothing is stored.
"""

from __future__ import annotations

import functools
import io
import itertools
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pillow_heif
from PIL import Image, ImageDraw

from ae_core.errors import ImageError
from ae_core.pictures.decoding import BUSY, MAX_BYTES, MAX_PIXELS, REFUSALS, WORKING_SIDE

pillow_heif.register_heif_opener()

READ = "read"


@dataclass(frozen=True)
class Junk:
    """One file: what was done to make it, and its bytes."""

    kind: str
    name: str
    content: bytes


def answer(reader: Callable[[bytes], np.ndarray], content: bytes) -> str:
    """READ, or the sentence the visitor gets. Fails for anything else: odd pixels, words, errors."""
    try:
        pixels_hwc = reader(content)
    except ImageError as problem:
        sentence = str(problem)
    else:
        assert pixels_hwc.dtype == np.uint8
        assert pixels_hwc.ndim == 3
        assert pixels_hwc.shape[2] == 3
        assert 8 <= min(pixels_hwc.shape[:2]) <= max(pixels_hwc.shape[:2]) <= WORKING_SIDE
        return READ
    assert sentence in (*REFUSALS, BUSY)
    return sentence


def corpus(count: int, seed: int = 0) -> Iterator[Junk]:
    """`count` files: all below that are one of a kind, then cut and spoilt pictures, half each."""
    chance = random.Random(seed)
    named = [*bombs(), *giants(), *polyglots(), *renamed(), *edges()]
    yield from (Junk("whole", name, content) for name, content in whole().items())
    yield from named
    rest = count - len(whole()) - len(named)
    cuts = [*cut_pictures()]
    yield from chance.sample(cuts, min(len(cuts), rest // 2))
    yield from itertools.islice(spoilt_pictures(chance), rest - min(len(cuts), rest // 2))


def varied(seed: int = 0) -> list[tuple[str, bytes]]:
    """16 files (name, content) of every kind, none larger than a megabyte, for an upload in a browser."""
    chance = random.Random(seed)
    pictures = [Junk("whole", name, content) for name, content in whole().items()]
    kinds = [pictures, bombs(), [*polyglots()], [*renamed()], [*edges()], [*cut_pictures()]]
    kinds.append([*itertools.islice(spoilt_pictures(chance), 40)])
    small = [[junk for junk in kind if len(junk.content) < 1_000_000] for kind in kinds]
    chosen = [
        junk
        for kind, number in zip(small, (4, 3, 2, 2, 1, 2, 2), strict=True)
        for junk in chance.sample(kind, number)
    ]
    return [(f"{number:02}_{junk.name}", junk.content) for number, junk in enumerate(chosen)]


# Whole pictures


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """The image as a file of one of Pillow's formats."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def drawn(width: int = 90, height: int = 70) -> Image.Image:
    """A seven in blue on light paper, which is wider than high: it can be told whether it is upright."""
    image = Image.new("RGB", (width, height), (250, 245, 235))
    points = [(width * 0.3, height * 0.2), (width * 0.7, height * 0.2), (width * 0.45, height * 0.85)]
    ImageDraw.Draw(image).line(points, fill=(30, 40, 160), width=max(2, height // 12))
    return image


def turned(image: Image.Image, orientation: int) -> Image.Exif:
    """EXIF that says how the camera was held."""
    exif = image.getexif()
    exif[0x0112] = orientation
    exif[0x010E] = "A description. " * 10
    return exif


@functools.cache
def whole() -> dict[str, bytes]:
    """A picture of every kind that must be read, by file name."""
    image, large = drawn(), drawn(2800, 2100)
    clear = image.convert("RGBA")
    clear.putalpha(image.convert("L").point(lambda value: 255 if value < 200 else 0))
    grey_16 = Image.fromarray(np.asarray(image.convert("L"), np.uint16) * 257)
    frames: dict[str, object] = {"save_all": True, "append_images": [image.rotate(90), image.rotate(180)]}
    return {
        "rgb.png": saved(image, "PNG"),
        "large.png": saved(large, "PNG"),
        "grey.png": saved(image.convert("L"), "PNG"),
        "one_bit.png": saved(image.convert("1"), "PNG"),
        "palette.png": saved(image.quantize(16), "PNG"),
        "palette_clear.png": saved(image.quantize(16), "PNG", transparency=0),
        "clear.png": saved(clear, "PNG"),
        "grey_clear.png": saved(clear.convert("LA"), "PNG"),
        "colour_clear.png": saved(image, "PNG", transparency=(250, 245, 235)),
        "16_bits.png": saved(grey_16, "PNG"),
        "exif.png": saved(image, "PNG", exif=turned(image, 6)),
        "animated.png": saved(image, "PNG", **frames),
        "rgb.jpg": saved(image, "JPEG"),
        "large.jpg": saved(large, "JPEG", quality=90),
        "grey.jpg": saved(image.convert("L"), "JPEG"),
        "progressive.jpg": saved(image, "JPEG", progressive=True),
        "cmyk.jpg": saved(image.convert("CMYK"), "JPEG"),
        "turned.jpg": saved(image, "JPEG", exif=turned(image, 6)),
        "several.jpg": saved(image, "MPO", **frames),
        "lossy.webp": saved(image, "WEBP"),
        "lossless.webp": saved(image, "WEBP", lossless=True),
        "clear.webp": saved(clear, "WEBP"),
        "animated.webp": saved(image, "WEBP", **frames),
        "palette.gif": saved(image, "GIF"),
        "clear.gif": saved(clear, "GIF"),
        "animated.gif": saved(image, "GIF", **frames),
        "rgb.bmp": saved(image, "BMP"),
        "palette.bmp": saved(image.quantize(16), "BMP"),
        "one_bit.bmp": saved(image.convert("1"), "BMP"),
        "clear.bmp": saved(clear, "BMP"),
        "rgb.tiff": saved(image, "TIFF"),
        "packed.tiff": saved(image, "TIFF", compression="tiff_lzw"),
        "one_bit.tiff": saved(image.convert("1"), "TIFF", compression="group4"),
        "16_bits.tiff": saved(grey_16, "TIFF"),
        "several.tiff": saved(drawn(), "TIFF", save_all=True, append_images=[drawn().rotate(90)]),
        "rgb.avif": saved(drawn(), "AVIF"),
        "clear.avif": saved(clear, "AVIF"),
        "rgb.heic": saved(drawn(), "HEIF"),
        "large.heic": saved(large, "HEIF"),
        "clear.heic": saved(clear, "HEIF"),
        "exif_to_be_ignored.heic": saved(drawn(), "HEIF", exif=turned(image, 6)),
    }


# Cut and spoilt


def cut_pictures() -> Iterator[Junk]:
    """Every whole picture cut off at every kilobyte, and at 60 places more."""
    for name, content in whole().items():
        places = {
            *range(0, len(content), 1000),
            *np.linspace(1, len(content) - 1, 60).astype(int).tolist(),
        } - {0}
        yield from (Junk("cut off", name, content[:place]) for place in sorted(places))


def spoilt_pictures(chance: random.Random) -> Iterator[Junk]:
    """Whole pictures, each spoilt in one of the ways of SPOILERS, without end."""
    pictures = list(whole().items())
    while True:
        (name, content), (kind, spoiler) = chance.choice(pictures), chance.choice(list(SPOILERS.items()))
        changed = bytearray(content)
        spoiler(changed, chance)
        if name.endswith("png") and chance.random() < 0.7:
            mend_checksums(changed)  # or most of them would be refused for those alone
        yield Junk(kind, name, bytes(changed))


FORGOTTEN = [
    b"\0",
    b"\xff",
    b"\x7f\xff",
    b"\xff\xff",
    b"\0\0\0\0",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff",
    b"\x80\0\0\0",
]


def flip_bits(content: bytearray, chance: random.Random) -> None:
    """One to thirty bits, anywhere."""
    for _ in range(chance.randint(1, 30)):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def overwrite(content: bytearray, chance: random.Random) -> None:
    """A run of up to 64 bytes with noise, zeros or ones."""
    start, length = chance.randrange(len(content)), chance.randint(1, 64)
    run = chance.choice([chance.randbytes(length), bytes(length), b"\xff" * length])
    content[start : start + length] = run[: len(content) - start]


def change_header(content: bytearray, chance: random.Random) -> None:
    """One to three fields in the first 100 bytes set to one of FORGOTTEN, which decoders think of last."""
    for _ in range(chance.randint(1, 3)):
        field = chance.choice(FORGOTTEN)
        start = chance.randrange(4, min(100, len(content) - 4))
        content[start : start + len(field)] = field


def take_out(content: bytearray, chance: random.Random) -> None:
    """Up to 200 bytes are missing."""
    start = chance.randrange(8, len(content))
    del content[start : start + chance.randint(1, 200)]


def repeat(content: bytearray, chance: random.Random) -> None:
    """A piece comes up to a hundred times."""
    start = chance.randrange(8, len(content))
    content[start:start] = content[start : start + chance.randint(1, 300)] * chance.randint(1, 100)


def mix(content: bytearray, chance: random.Random) -> None:
    """One file's beginning, another's end."""
    other = chance.choice(list(whole().values()))
    content[chance.randrange(8, len(content)) :] = other[chance.randrange(8, len(other)) :]


SPOILERS = {
    "bits flipped": flip_bits,
    "overwritten": overwrite,
    "header changed": change_header,
    "piece missing": take_out,
    "piece repeated": repeat,
    "two mixed": mix,
}


def mend_checksums(content: bytearray) -> None:
    """Make every PNG chunk's checksum right again, as far as the chunks can be followed."""
    start = 8
    while start + 12 <= len(content):
        end = start + 8 + int.from_bytes(content[start : start + 4], "big")
        if end + 4 > len(content):
            return
        content[end : end + 4] = zlib.crc32(content[start + 4 : end]).to_bytes(4, "big")
        start = end + 4


# Bombs


def chunk(kind: bytes, data: bytes) -> bytes:
    """One part of a PNG file (W3C PNG, 5.3)."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, packed: bytes, *before: bytes, depth: int = 8, colour: int = 0) -> bytes:
    """A PNG file with a header, the chunks `before`, and `packed` for its pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(before) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def packed_zeros(length: int) -> bytes:
    """`length` zeros, a thousandth of that when packed (RFC 1950).

    One packed million again and again takes no time to make.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    million = packer.compress(bytes(1_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    rest = packer.compress(bytes(length % 1_000_000)) + packer.flush()
    return b"\x78\xda" + million * (length // 1_000_000) + rest + struct.pack(">HH", length % 65521, 1)


def with_bytes(content: bytes, place: int, field: bytes) -> bytes:
    """The file with other bytes at a place."""
    return content[:place] + field + content[place + len(field) :]


@functools.cache
def scan_bomb(side: int = 4000, scans: int = 20_000) -> bytes:
    """A progressive JPEG whose last refinement comes again and again.

    Each costs a hundred bytes and the whole picture's time.
    """
    content = saved(Image.new("L", (side, side), 128), "JPEG", progressive=True)
    last, end = content.rindex(b"\xff\xda"), len(content) - 2
    return content[:end] + content[last:end] * scans + content[end:]


def huge_bmp(width: int, height: int, bits: int = 24, compression: int = 0) -> bytes:
    """A BMP file of a few bytes that says it is large."""
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 1000, 0, 0, 54) + info + bytes(1000)


def plain_webp(width: int, height: int) -> bytes:
    """A lossless WebP file of one colour, whose pixels take no bits.

    A small one is a large one but for 28 bits of its header.
    """
    content = saved(Image.new("RGBA", (16, 16), (90, 90, 90, 90)), "WEBP", lossless=True)
    others = int.from_bytes(content[21:25], "little") >> 28 << 28
    return with_bytes(content, 21, (others | (height - 1) << 14 | (width - 1)).to_bytes(4, "little"))


def exif_jpeg(directory: bytes) -> bytes:
    """A JPEG picture with this for its EXIF."""
    content, exif = saved(drawn(), "JPEG"), b"Exif\0\0" + directory
    return content[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + content[2:]


@functools.cache
def bombs() -> list[Junk]:
    """Small files that ask for much memory or time."""
    ten, gigabyte = zlib.compress(bytes(11 * 10)), packed_zeros(1_000_000_000)
    jpeg, gif = saved(drawn(), "JPEG"), saved(drawn(), "GIF")
    frame = jpeg.index(b"\xff\xc0") + 5
    webp_x = b"VP8X" + struct.pack("<I", 10) + b"\x10\0\0\0" + b"\xff\x3f\0" * 2
    webp_l = b"VP8L" + struct.pack("<I", 500) + b"\x2f" + struct.pack("<I", 0x0FFFFFFF) + bytes(495)
    files = {
        "says_60000.png": png(60_000, 60_000, ten),
        "says_most.png": png(2**31 - 1, 2**31 - 1, ten),
        "says_wide.png": png(2**31 - 1, 10, ten),
        "one_row_too_many.png": png(
            8000, MAX_PIXELS // 8000 + 1, packed_zeros(8001 * (MAX_PIXELS // 8000 + 1))
        ),
        "gigabyte_of_pixels.png": png(10, 10, gigabyte),
        "text.png": png(10, 10, ten, chunk(b"zTXt", b"Comment\0\0" + gigabyte)),
        "international_text.png": png(10, 10, ten, chunk(b"iTXt", b"Comment\0\1\0\0\0" + gigabyte)),
        "colour_profile.png": png(10, 10, ten, chunk(b"iCCP", b"profile\0\0" + gigabyte)),
        "texts.png": png(10, 10, ten, *[chunk(b"zTXt", b"Comment\0\0" + packed_zeros(900_000))] * 500),
        "chunks.png": png(10, 10, ten, *[chunk(b"teSt", b"")] * 100_000),
        "frames.png": png(10, 10, ten, chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))),
        "says_65535.jpg": with_bytes(jpeg, frame, b"\xff\xff\xff\xff"),
        "says_7000.jpg": with_bytes(jpeg, frame, struct.pack(">HH", 7000, 7000)),
        "scans.jpg": scan_bomb(),
        "exif_loop.jpg": exif_jpeg(
            b"MM\0*\0\0\0\x08" + b"\0\1\x87\x69\0\4\0\0\0\1\0\0\0\x08" + b"\0\0\0\x08"
        ),
        "exif_count.jpg": exif_jpeg(
            b"MM\0*\0\0\0\x08" + b"\0\1\1\x12\0\3\xff\xff\xff\xff\0\0\0\x08" + bytes(4)
        ),
        "exif_entries.jpg": exif_jpeg(
            b"MM\0*\0\0\0\x08" + b"\xff\xff" + b"\1\x12\0\3\0\0\0\1\0\6\0\0" * 5000
        ),
        "says_16384.webp": b"RIFF" + struct.pack("<I", len(webp_x) + 4) + b"WEBP" + webp_x,
        "says_16384_lossless.webp": b"RIFF" + struct.pack("<I", len(webp_l) + 4) + b"WEBP" + webp_l,
        "screen_65535.gif": with_bytes(gif, 6, b"\xff\xff\xff\xff"),
        "frame_65535.gif": with_bytes(gif, gif.index(b",\0\0\0\0") + 5, b"\xff\xff\xff\xff"),
        "frames.gif": gif[:-1] + gif[gif.index(b",\0\0\0\0") : -1] * 2000 + b";",
        "says_30000.bmp": huge_bmp(30_000, 30_000),
        "says_most.bmp": huge_bmp(2**31 - 1, 2**31 - 1),
        "upside_down.bmp": huge_bmp(30_000, -30_000),
        "negative.bmp": huge_bmp(-100, 100),
        "run_lengths.bmp": huge_bmp(7000, 7000, 8, 1),
        "palette.bmp": with_bytes(huge_bmp(100, 100, 8), 46, b"\xff\xff\xff\x7f"),
    }
    return [Junk("bomb", name, content) for name, content in files.items()]


# Whole pictures of as many pixels as are allowed, in what takes most memory; each is made when asked for.
GIANTS: dict[str, Callable[[], bytes]] = {
    "grey.png": lambda: png(8000, MAX_PIXELS // 8000, packed_zeros(8001 * (MAX_PIXELS // 8000))),
    "colours_16_bits.png": lambda: png(8000, 6250, packed_zeros(48_001 * 6250), depth=16, colour=2),
    "grey_16_bits.png": lambda: png(8000, 6250, packed_zeros(16_001 * 6250), depth=16),
    "clear_16_bits.png": lambda: png(8000, 6250, packed_zeros(64_001 * 6250), depth=16, colour=6),
    "progressive.jpg": lambda: saved(
        Image.new("RGB", (7000, 7000), "gray"), "JPEG", progressive=True, subsampling=0
    ),
    "plain.webp": lambda: plain_webp(8000, 6250),
    "plain.gif": lambda: saved(Image.new("P", (8000, 6250)), "GIF"),
}


def giants() -> Iterator[Junk]:
    """All of GIANTS."""
    yield from (Junk("giant", name, make()) for name, make in GIANTS.items())


# Two things at once, other things, and the very ends


def zipped(**options: bytes) -> bytes:
    """A ZIP file of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in options.items():
            archive.writestr(name, content)
    return file.getvalue()


HTML = b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF"
)
SVG = (
    b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="90" height="90">'
    b"<script>alert(1)</script></svg>"
)
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\n(/etc/passwd) (r) file\nshowpage\n%%EOF"
XML = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'


def iso_file(*brands: bytes) -> bytes:
    """The beginning of a HEIC, AVIF or film file (ISO/IEC 14496-12): its major and compatible brands."""
    return (
        struct.pack(">I", 12 + 4 * len(brands))
        + b"ftyp"
        + brands[0]
        + bytes(4)
        + b"".join(brands[1:])
        + bytes(500)
    )


def polyglots() -> Iterator[Junk]:
    """Pictures that are something else as well. What comes out of them is pixels."""
    image = drawn()
    jpeg = saved(image, "JPEG")
    for name, content in {
        "png_and_zip.png": saved(image, "PNG") + zipped(a=b"a" * 1000),
        "png_and_html.png": png(10, 10, zlib.compress(bytes(110)), chunk(b"tEXt", b"Comment\0" + HTML)),
        "gif_and_html.gif": saved(image, "GIF") + HTML,
        "gif_and_script.gif": with_bytes(saved(image, "GIF", comment=b"*/=1;alert(1)/*"), 6, b"/*"),
        "jpeg_and_pdf.jpg": jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(PDF) + 2) + PDF + jpeg[2:],
        "jpeg_and_zip.jpg": jpeg + zipped(a=b"a" * 1000),
        "bmp_and_script.bmp": saved(image, "BMP") + b"*/=1;alert(1)",
        "zip_and_png.png": zipped(a=b"a" * 1000) + saved(image, "PNG"),
        "pdf_and_jpeg.jpg": PDF + jpeg,
    }.items():
        yield Junk("two at once", name, content)


def renamed() -> Iterator[Junk]:
    """Other files under a picture's name."""
    image = drawn()
    for name, content in {
        "pdf.png": PDF,
        "svg.png": SVG,
        "eps.jpg": EPS,
        "html.png": HTML,
        "xml.png": XML,
        "zip.png": zipped(a=b"a" * 1000),
        "text.png": b"I am not a picture.",
        "script.png": b"#!/bin/sh\nexit 1\n",
        "program.png": b"\x7fELF\2\1\1" + bytes(500),
        "pickle.png": b"\x80\x04\x95\x05\0\0\0\0\0\0\0\x8c\x01a\x94.",
        "icon.png": saved(image, "ICO"),
        "jpeg_2000.jpg": saved(image, "JPEG2000"),
        "ppm.bmp": saved(image, "PPM"),
        "tga.bmp": saved(image, "TGA"),
        "heic.jpg": iso_file(b"heic", b"mif1", b"heic"),
        "heif.jpg": iso_file(b"mif1", b"mif1", b"heic"),
        "avif.jpg": iso_file(b"avif", b"mif1", b"avif"),
        "tiff.jpg": b"II*\0" + bytes(500),
        "film.jpg": iso_file(b"qt  ", b"qt  "),
        "signature.png": b"\x89PNG\r\n\x1a\n",
        "signature.jpg": b"\xff\xd8\xff",
        "signature.gif": b"GIF89a",
        "signature.bmp": b"BM",
        "signature.webp": b"RIFF\0\0\0\0WEBPVP8 ",
    }.items():
        yield Junk("renamed", name, content)
    yield Junk("renamed", "noise.png", random.Random(0).randbytes(3000))


def padded(length: int) -> bytes:
    """A whole picture in a file of this many bytes."""
    content = saved(drawn(), "PNG")
    return content + bytes(length - len(content))


def edges() -> Iterator[Junk]:
    """The smallest, the largest, the thinnest."""
    yield Junk("edge", "empty.png", b"")
    yield Junk("edge", "zeros.png", bytes(1000))
    yield Junk("edge", "largest.png", padded(MAX_BYTES))
    yield Junk("edge", "too_large.png", padded(MAX_BYTES + 1))
    yield Junk("edge", "too_large_zeros.png", bytes(MAX_BYTES + 1))
    for width, height in (
        (1, 1),
        (7, 7),
        (8, 8),
        (1, 50_000),
        (50_000, 1),
        (8, 50_000),
        (50_000, 300),
        (400, 50_000),
    ):
        for kind in ("PNG", "JPEG", "GIF", "BMP"):
            yield Junk(
                "edge",
                f"{width}_by_{height}.{kind.lower()}",
                saved(Image.new("L", (width, height), 200), kind),
            )
