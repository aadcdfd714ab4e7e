"""An image file's bytes -> pixels, in a process with limits: a broken file costs one upload, no more.

Decoders are written in C and read what strangers send. So theirs is a process that has some memory and some
seconds, may open no file, and knows nothing of the app's environment; and what it answers is checked too:

    the file --standard input--> [limits, then `read`] --standard output--> width, height, pixels
                                                       --exit code--------> which of REFUSALS
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import io
import logging
import os
import struct
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import ExifTags, Image, ImageChops, ImageStat, UnidentifiedImageError

from ae_core.errors import ImageError
from ae_core.pictures.confinement import confine_process, go_first, limit_resources
from ae_core.pictures.places import Asker, FairPlaces
from ae_core.words.sentences import say

if TYPE_CHECKING:
    import numpy as np

# Pillow's names. Of several pictures in a file the first one counts: a phone's (MPO), a scanner's pages.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")
SUFFIXES = (
    *("png", "jpg", "jpeg", "jpe", "jfif", "mpo", "webp", "gif", "bmp"),
    *("tif", "tiff", "avif", "heic", "heif", "hif"),
)
FORMATS_IN_WORDS = say("PNG, JPEG, HEIC, AVIF, WebP, TIFF, GIF or BMP")
# Pillow imports these only when a picture needs them; by then the process may open no more files.
NEEDED_LATER = (
    *("copy", "PIL.ImageColor", "PIL.AvifImagePlugin", "PIL.MpoImagePlugin", "PIL.TiffImagePlugin"),
    *("PIL.WebPImagePlugin", "pillow_heif"),
)

# .streamlit/config.toml holds the same limit.
MAX_BYTES = 30_000_000
MAX_PIXELS = 64_000_000
# A page holds digits of 2 % of its width. A phone's JPEG of 4,000 pixels is read at a half of them, which
# takes half the time.
WORKING_SIDE = 2000
LEAST_SIDE = 8
# A WebP picture of MAX_PIXELS takes up to 0.9 GB, the other formats less.
MEMORY_BYTES = 1_200_000_000
SECONDS = 10.0
CPU_SECONDS = 10
# Each may take MEMORY_BYTES; the next one waits for so many seconds at most.
MOST_AT_ONCE = 2
MOST_WAITING = 20
PATIENCE = 15.0

EMPTY = say("This file is empty. Choose another one.")
TOO_LARGE = say(
    "This file is larger than {max_bytes} MB. Choose a smaller picture, or save it with fewer pixels.",
    max_bytes=MAX_BYTES // 1_000_000,
)
TOO_MANY = say(
    "This picture has more than {max_pixels} million pixels. Choose a smaller one.",
    max_pixels=MAX_PIXELS // 1_000_000,
)
TOO_SMALL = say("This picture is too small or too narrow to hold a digit. Choose a larger one.")
NO_PICTURE = say(
    "This file is not a {formats_in_words} picture. Save it as one of these and try again.",
    formats_in_words=FORMATS_IN_WORDS,
)
DAMAGED = say(
    "This picture is damaged or cut off and cannot be read. Try another copy of it, or "
    "save it anew as PNG or JPEG."
)
TOO_HARD = say(
    "This picture could not be read within the limits of time and memory. Save it anew "
    "as PNG or JPEG, or choose another one."
)
BUSY = say("Many pictures are being read right now. Try again in a few seconds.")
# The process answers with one of these by its place here, so that a decoder's own words cannot reach the
# page.
REFUSALS = (EMPTY, TOO_LARGE, TOO_MANY, TOO_SMALL, NO_PICTURE, DAMAGED, TOO_HARD)
FIRST_REFUSAL = 10  # Python itself exits with 1 or 2 when it fails

SIZE = struct.Struct(">II")
PROCESS = (
    "import sys; sys.path += sys.argv[1:4]; "
    "from ae_core.pictures.decoding import main; sys.exit(main(*map(int, sys.argv[4:])))"
)
PACKAGES = [find_spec("PIL"), find_spec("pillow_heif")]
PATH = [
    *(str(Path(str(package and package.origin)).parents[1]) for package in PACKAGES),
    str(Path(__file__).parents[2]),
]
NEEDED_TO_START = ("SYSTEMROOT", "LD_LIBRARY_PATH")

NOBODY = Asker()
logger = logging.getLogger(__name__)
_places = FairPlaces(MOST_AT_ONCE, MOST_WAITING)
_turns = FairPlaces(MOST_AT_ONCE, MOST_WAITING)
_ready: list[subprocess.Popen[bytes]] = []
_ready_lock = threading.Lock()


@contextlib.contextmanager
def take_turn(asker: Asker) -> Iterator[None]:
    """Wait until it is this visitor's turn with a picture, for as long as it is decoded and looked at.

    Decoded, a picture has 12 MB, and takes several times as many while digits are looked for: in the app's
    own process, where nothing else bounds how many visitors do that at once.

    Raises ImageError when that takes too long, or too many of this visitor's pictures wait already.
    """
    with contextlib.ExitStack() as turn:
        try:
            turn.enter_context(_turns.place(asker, PATIENCE))
        except TimeoutError as problem:
            raise ImageError(BUSY) from problem
        yield


def decode_picture(content: bytes, asker: Asker = NOBODY) -> np.ndarray:
    """Pixels (h, w, 3) of 0 to 255, upright and on plain paper, the longer side 2,000 at most.

    asker: whose picture it is; those who ask take turns.

    Raises ImageError, with the next step, for whatever is no whole picture of a known format and size, and
    when too many are being read already.
    """
    if not content:
        raise ImageError(EMPTY)
    if len(content) > MAX_BYTES:
        raise ImageError(TOO_LARGE)
    try:
        with _places.place(asker, PATIENCE):
            exit_code, answer = _asked(content)
    except (OSError, RuntimeError) as problem:  # no place, or the machine can start no more processes
        raise ImageError(BUSY) from problem
    if exit_code == 0:
        return _pixels(answer)
    if 0 <= exit_code - FIRST_REFUSAL < len(REFUSALS):
        raise ImageError(REFUSALS[exit_code - FIRST_REFUSAL])
    # a signal's number is negative
    logger.warning("The process that read a picture ended with %d.", exit_code)
    raise ImageError(TOO_HARD)


def _asked(content: bytes) -> tuple[int, bytes]:
    """The process's exit code, and what it wrote."""
    with _take_process() as process:
        assert process.stdin
        assert process.stdout
        alarm = threading.Timer(SECONDS, process.kill)
        try:
            alarm.start()
            # It reads everything before it writes anything, so neither waits for the other.
            with contextlib.suppress(OSError), process.stdin:  # it may end early; its exit code says why
                process.stdin.write(content)
            with process.stdout:  # no more than a picture can have, whatever it writes
                answer = process.stdout.read(SIZE.size + 3 * WORKING_SIDE**2)
            return process.wait(), answer
        finally:
            alarm.cancel()
            process.kill()


def stand_ready() -> None:
    """Have a process wait for the next picture: starting one takes longer than reading most pictures does.

    It reads one picture, as any other does, and ends with the app.
    """
    with _ready_lock, contextlib.suppress(OSError):  # where none can be started, the next picture says so
        if not _ready:
            atexit.unregister(end_ready)
            atexit.register(end_ready)
            _ready.append(_start_process())


def _take_process() -> subprocess.Popen[bytes]:
    """The process that stands ready, or else a new one."""
    with _ready_lock:
        process = _ready.pop() if _ready else None
    if process is None:
        return _start_process()
    if process.poll() is None and process.args == _write_command():
        return process
    with process:  # it has ended by itself, or has other limits than are to hold now
        process.kill()
    return _start_process()


def _write_command() -> list[str]:
    # -I and -S: neither the environment, nor the user's folder, nor the current one decides what code runs.
    return [sys.executable, "-I", "-S", "-c", PROCESS, *PATH, str(MEMORY_BYTES), str(CPU_SECONDS)]


def _start_process() -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in NEEDED_TO_START if name in os.environ}
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    return subprocess.Popen(_write_command(), stdin=pipe, stdout=pipe, stderr=nowhere, env=environment)


def end_ready() -> None:
    """End the process that stands ready, if one does."""
    with _ready_lock:
        while _ready:
            with _ready.pop() as process:
                process.kill()


def _pixels(answer: bytes) -> np.ndarray:
    import numpy as np  # not above: it would double the time in which the process is up

    if len(answer) < SIZE.size:
        raise ImageError(TOO_HARD)
    width, height = SIZE.unpack_from(answer)
    if len(answer) != SIZE.size + width * height * 3:
        raise ImageError(TOO_HARD)
    return np.frombuffer(answer, np.uint8, offset=SIZE.size).reshape(height, width, 3).copy()


# In the process of its own


def main(memory_bytes: int, cpu_seconds: int) -> int:
    """Read a picture from standard input, write its size and pixels to standard output.

    Where that fails, the exit code says what is wrong.
    """
    Image.preinit()
    for name in NEEDED_LATER:
        importlib.import_module(name)
    _prepare_decoders()
    # Pillow refuses at twice as much, some formats before they ask for memory
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
    _limit(memory_bytes, cpu_seconds)
    try:
        picture = read(sys.stdin.buffer.read(MAX_BYTES + 1))
    except ImageError as problem:
        return FIRST_REFUSAL + REFUSALS.index(str(problem))
    sys.stdout.buffer.write(SIZE.pack(*picture.size) + picture.tobytes())
    return 0


def _prepare_decoders() -> None:
    """HEIC for Pillow, and one thread: each would ask for memory of its own."""
    import pillow_heif  # not above: the app itself decodes nothing
    from PIL import AvifImagePlugin

    pillow_heif.register_heif_opener(decode_threads=1)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def _limit(memory_bytes: int, cpu_seconds: int) -> None:
    """No more memory and time than a picture needs; no files, connections or memory images at all.

    Where the system has no such limits, `decode_picture` counts the seconds.
    """
    go_first()
    confine_process()
    limit_resources(
        {
            "RLIMIT_AS": memory_bytes,
            "RLIMIT_CPU": cpu_seconds,
            "RLIMIT_FSIZE": 0,
            "RLIMIT_CORE": 0,
            "RLIMIT_NOFILE": 0,
        }
    )


def read(content: bytes) -> Image.Image:
    """The picture in a file: RGB, upright, on plain paper, the longer side 2,000 at most.

    The content decides what it is, not a name. Raises ImageError.
    """
    _prepare_decoders()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata, which is not wanted
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                _refuse_sizes(*opened.size)
                # a large JPEG is read at a half, a quarter or an eighth
                opened.draft("RGB", (WORKING_SIDE, WORKING_SIDE))
                return _upright(_in_colour(opened), _orientation(opened))
    except ImageError:
        raise
    except UnidentifiedImageError as problem:
        raise ImageError(NO_PICTURE) from problem
    except Image.DecompressionBombError as problem:
        raise ImageError(TOO_MANY) from problem
    except MemoryError as problem:
        raise ImageError(TOO_HARD) from problem
    except Exception as problem:  # decoders of broken files raise what they like
        raise ImageError(DAMAGED) from problem


def _refuse_sizes(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ImageError(TOO_MANY)
    shorter, longer = sorted((width, height))
    if shorter * min(1, WORKING_SIDE / longer) < LEAST_SIDE:
        raise ImageError(TOO_SMALL)


def _in_colour(image: Image.Image) -> Image.Image:
    # Made small before all else, or each step would take the large picture's memory again. But what cannot be
    # averaged comes first: numbers of a palette, a colour that stands for clear; and Pillow averages no
    # pixels of 16 bits.
    if image.mode.startswith("I"):
        image = image.convert("I")
    elif image.mode == "P" or "transparency" in image.info:
        image = image.convert("RGBA")
    elif image.mode == "1":
        image = image.convert("L")
    image.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BOX)
    if image.mode == "I":
        image = image.point(lambda value: value / 257).convert("L")  # converting alone would clip
    if "A" in image.getbands():
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, _ground(image)), image)
    return image.convert("RGB")


def _ground(image: Image.Image) -> str:
    """What to lay under a picture with clear parts: white, unless what is on it is light itself."""
    opacity = image.getchannel("A")
    light = ImageChops.multiply(image.convert("L"), opacity)
    return "black" if 2 * ImageStat.Stat(light).sum[0] > ImageStat.Stat(opacity).sum[0] > 0 else "white"


def _orientation(image: Image.Image) -> int:
    """How the camera was held, 1 to 8 as in EXIF; 1, upright, where that cannot be told."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # broken metadata of a picture that may be whole
        return 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image
