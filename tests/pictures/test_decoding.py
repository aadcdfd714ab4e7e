"""Reading strangers' files: what must be read, what is refused in plain words; none harms the app."""

from __future__ import annotations

import ast
import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from ae_core.errors import ImageError
from ae_core.pictures import decoding
from ae_core.pictures.decoding import MAX_BYTES, MOST_AT_ONCE, decode_picture, read
from ae_core.pictures.places import Asker
from tests.conftest import PROJECT
from tests.support import junk
from tests.support.junk import READ, answer, drawn, saved

PICTURE = saved(drawn(), "PNG")


@pytest.fixture(autouse=True)
def nothing_stands_ready() -> Iterator[None]:
    """No process that a page's test before has left."""
    decoding.end_ready()
    yield
    decoding.end_ready()


def here(content: bytes) -> np.ndarray:
    """The picture read in this process: the same code, in a hundredth of the time."""
    return np.asarray(read(content))


def refusal(content: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        decode_picture(content)
    return str(caught.value)


def pixels_of(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"))


# What must be read


def test_a_picture_of_every_kind_is_read_upright_and_whole():
    for name, content in junk.whole().items():
        image = drawn(2800, 2100).resize((2000, 1500), Image.Resampling.BOX) if "large" in name else drawn()
        expected = pixels_of(image.convert("1") if "one_bit" in name else image)
        if name in ("exif.png", "turned.jpg"):  # HEIC has a turn of its own, and EXIF says nothing
            expected = np.rot90(expected, -1)
        pixels = decode_picture(content)
        assert pixels.shape == expected.shape, name
        assert ((pixels.mean(2) < 160) != (expected.mean(2) < 160)).mean() < 0.01, name


def test_a_photograph_is_turned_as_the_camera_was_held():
    pixels = pixels_of(drawn())
    # EXIF 2.3, 4.6.4: where the file's first row and first column belong.
    upright = {
        1: pixels,
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: pixels.swapaxes(0, 1),
        6: np.rot90(pixels, -1),
        7: pixels[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(pixels),
    }
    for orientation, expected in upright.items():
        assert np.array_equal(
            here(saved(drawn(), "PNG", exif=junk.turned(drawn(), orientation))), expected
        ), orientation


def test_broken_metadata_does_not_cost_a_whole_picture():
    assert [
        bomb.name
        for bomb in junk.bombs()
        if bomb.name.startswith("exif") and answer(here, bomb.content) != READ
    ] == []


def test_16_bits_of_grey_are_scaled_and_not_clipped():
    grey = np.arange(256, dtype=np.uint16).reshape(16, 16) * 257
    assert np.array_equal(here(saved(Image.fromarray(grey), "PNG"))[..., 0].ravel(), np.arange(256))


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (60, 255), (200, 0), (255, 0)])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_clear_parts_become_paper_that_the_ink_stands_out_from(mode, ink, paper):
    image = Image.new(mode, (20, 20), 0)
    image.paste(Image.new(mode, (5, 20), (ink, 255) if mode == "LA" else (ink, ink, ink, 255)), (0, 0))
    pixels = here(saved(image, "PNG"))
    assert np.all(pixels[:, :5] == ink)
    assert np.all(pixels[:, 5:] == paper)


def test_printers_black_is_black_and_no_ink_is_white():
    image = Image.new("CMYK", (32, 32), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 16, 32))
    content = saved(image, "JPEG", quality=95)
    assert b"Adobe" in content  # which stores it the other way round
    pixels = here(content)
    assert pixels[:, :15].max() < 10
    assert pixels[:, 17:].min() > 245


def test_a_picture_that_is_something_else_too_gives_its_pixels_alone():
    both = {one.name: one.content for one in junk.polyglots()}
    for name in (
        "png_and_zip.png",
        "gif_and_html.gif",
        "jpeg_and_pdf.jpg",
        "jpeg_and_zip.jpg",
        "bmp_and_script.bmp",
    ):
        alone = saved(drawn(), "JPEG" if name.endswith("jpg") else name[-3:].upper())
        assert np.array_equal(here(both[name]), here(alone)), name


# What is refused, and in which words


def test_no_other_kind_of_file_is_taken_for_a_picture():
    for one in junk.renamed():
        assert answer(here, one.content) in (decoding.NO_PICTURE, decoding.DAMAGED), one.name


def test_a_file_of_the_largest_size_is_read_and_one_byte_more_is_refused():
    assert answer(decode_picture, junk.padded(MAX_BYTES)) == READ
    assert "larger than 30 MB" in refusal(junk.padded(MAX_BYTES + 1))
    assert "empty" in refusal(b"")


def test_an_upload_may_be_as_large_as_a_picture_may():
    settings = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text())
    assert settings["server"]["maxUploadSize"] * 1_000_000 == MAX_BYTES


def test_as_many_pixels_as_are_allowed_fit_into_the_memory_and_one_row_more_is_refused():
    bombs = {bomb.name: bomb.content for bomb in junk.bombs()}
    assert answer(decode_picture, junk.GIANTS["plain.webp"]()) == READ  # no other kind takes more
    assert answer(decode_picture, bombs["one_row_too_many.png"]) == decoding.TOO_MANY


@pytest.mark.parametrize("size", [(1, 1), (7, 7), (7, 90), (1, 50_000), (50_000, 1), (50_000, 190)])
def test_a_picture_too_thin_for_a_digit_is_refused(size):
    assert answer(here, saved(Image.new("L", size), "PNG")) == decoding.TOO_SMALL


@pytest.mark.parametrize("size", [(8, 8), (8, 1000), (50_000, 400)])
def test_a_thin_picture_that_can_hold_a_digit_is_read(size):
    assert answer(here, saved(Image.new("L", size), "PNG")) == READ


def test_a_picture_cut_off_anywhere_is_refused():
    read_anyway = []
    for name, content in junk.whole().items():
        if not name.startswith(
            ("animated", "several")
        ):  # of several pictures in a file the first may be whole
            places = np.linspace(1, len(content) - 25, 12).astype(int)  # the last 24 bytes may hold no pixels
            read_anyway += [(name, place) for place in places if answer(here, content[:place]) == READ]
    assert read_anyway == []


def test_every_refusal_says_what_is_wrong_and_what_to_do():
    for sentence in (*decoding.REFUSALS, decoding.BUSY):
        assert sentence.endswith(".")
        assert sentence.count(". ") == 1, sentence


def test_hundreds_of_spoilt_pictures_give_pixels_or_plain_words():
    chance = random.Random(7)
    cut = chance.sample([*junk.cut_pictures()], 200)
    said = [answer(here, one.content) for one in [*cut, *itertools.islice(junk.spoilt_pictures(chance), 400)]]
    assert 50 < said.count(READ) < 500  # neither trivially whole nor trivially broken


def test_a_bomb_gives_pixels_or_plain_words():
    said = {
        bomb.name: answer(decode_picture, bomb.content) for bomb in junk.bombs() if bomb.name != "scans.jpg"
    }
    too_many = [
        name
        for name in said
        if name.startswith(("says", "one_row", "screen", "frame_", "upside")) and name != "says_7000.jpg"
    ]
    assert {said[name] for name in too_many} == {decoding.TOO_MANY}
    # What is not part of the pixels is not unpacked beyond a megabyte, and pixels are not beyond the picture.
    assert {
        said[name] for name in ("text.png", "international_text.png", "texts.png", "colour_profile.png")
    } == {decoding.DAMAGED}
    assert {said[name] for name in ("gigabyte_of_pixels.png", "frames.png", "frames.gif")} == {READ}


# Nothing harms the app


@contextmanager
def being_read(content: bytes, number: int = 1) -> Iterator[tuple[list[Future[str]], list[psutil.Process]]]:
    """So many processes that are reading this, and their answers to come; they end with the block."""
    with ThreadPoolExecutor(number) as threads:
        answers = [threads.submit(answer, decode_picture, content) for _ in range(number)]
        deadline = time.monotonic() + 30
        while (
            len(
                processes := [
                    one
                    for one in psutil.Process().children()
                    if "ae_core.pictures.decoding" in " ".join(one.cmdline())
                ]
            )
            < number
        ):
            assert time.monotonic() < deadline
        try:
            yield answers, processes
        finally:
            for process in processes:
                with suppress(psutil.NoSuchProcess):
                    process.kill()


def test_a_decoder_that_crashes_costs_one_upload(caplog):
    with being_read(junk.scan_bomb()) as ((coming,), (process,)):
        process.send_signal(signal.SIGSEGV)
        assert coming.result() == decoding.TOO_HARD
    assert f"ended with -{signal.SIGSEGV.value}" in caplog.text
    assert answer(decode_picture, PICTURE) == READ


def test_a_decoder_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(decoding, "SECONDS", 0.5)
    assert refusal(junk.scan_bomb()) == decoding.TOO_HARD
    monkeypatch.undo()
    assert answer(decode_picture, PICTURE) == READ


def test_the_system_ends_a_decoder_that_computes_too_long(monkeypatch, caplog):
    monkeypatch.setattr(decoding, "CPU_SECONDS", 1)
    monkeypatch.setattr(decoding, "SECONDS", 60.0)
    assert refusal(junk.scan_bomb()) == decoding.TOO_HARD
    assert f"ended with -{signal.SIGKILL.value}" in caplog.text
    assert answer(decode_picture, PICTURE) == READ


def test_a_decoder_that_wants_too_much_memory_does_not_get_it(monkeypatch):
    monkeypatch.setattr(decoding, "MEMORY_BYTES", 200_000_000)
    assert refusal(junk.GIANTS["colours_16_bits.png"]()) == decoding.TOO_HARD
    assert answer(decode_picture, PICTURE) == READ


def test_only_a_few_pictures_are_read_at_once_and_the_next_visitor_is_told(monkeypatch):
    monkeypatch.setattr(decoding, "PATIENCE", 0.1)
    with being_read(junk.scan_bomb(), MOST_AT_ONCE) as (coming, _):
        assert refusal(PICTURE) == decoding.BUSY
    assert {one.result() for one in coming} == {decoding.TOO_HARD}
    assert answer(decode_picture, PICTURE) == READ


def test_only_a_few_pictures_are_looked_at_at_once_and_the_next_visitor_is_told(monkeypatch):
    monkeypatch.setattr(decoding, "PATIENCE", 0.1)
    with ExitStack() as turns:
        for i in range(MOST_AT_ONCE):
            turns.enter_context(decoding.take_turn(Asker(str(i))))
        with pytest.raises(ImageError, match=decoding.BUSY), decoding.take_turn(Asker("next")):
            pass
    with decoding.take_turn(Asker("next")):
        assert answer(decode_picture, PICTURE) == READ


def test_a_visitor_waits_a_little_for_a_place():
    with being_read(junk.scan_bomb(), MOST_AT_ONCE) as (_, processes):
        threading.Timer(0.3, processes[0].kill).start()
        assert answer(decode_picture, PICTURE) == READ


def test_a_decoder_knows_no_secrets_and_holds_no_files(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET", "hunter2")
    held = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(held, True)
    with being_read(junk.scan_bomb()) as (_, (process,)):
        assert "SECRET" not in process.environ()
        while process.rlimit(psutil.RLIMIT_NOFILE) != (0, 0):  # once it is up
            time.sleep(0.01)
        assert process.num_fds() == 3
        assert process.rlimit(psutil.RLIMIT_AS) == (decoding.MEMORY_BYTES, decoding.MEMORY_BYTES)
        score = Path(f"/proc/{process.pid}/oom_score_adj").read_text()
        assert int(score) == 1000  # where memory runs short, it goes before the app does
    os.close(held)


def test_a_process_stands_ready_for_one_picture_under_the_limits_that_hold_by_then(monkeypatch):
    decoding.stand_ready()
    decoding.stand_ready()
    (process,) = decoding._ready
    assert answer(decode_picture, PICTURE) == READ
    assert process.wait(5) == 0
    assert decoding._ready == []
    # One that has ended, and one with other limits, are not asked.
    decoding.stand_ready()
    decoding._ready[0].kill()
    decoding._ready[0].wait(5)
    assert answer(decode_picture, PICTURE) == READ
    decoding.stand_ready()
    monkeypatch.setattr(decoding, "MEMORY_BYTES", 200_000_000)
    assert refusal(junk.GIANTS["colours_16_bits.png"]()) == decoding.TOO_HARD


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone takes these rights away")
def test_a_process_that_is_confined_touches_no_file_and_no_other_process(tmp_path):
    (tmp_path / "kept").write_text("kept")
    program = f"""
import ctypes, os, socket
from ae_core.pictures.confinement import confine_process
place, listening = {str(tmp_path)!r}, socket.create_server(("127.0.0.1", 0))
version = confine_process()
def is_refused(deed):
    try:
        deed()
    except OSError:
        return True
    return False
deeds = dict(
    read=lambda: open(place + "/kept"),
    unlink=lambda: os.unlink(place + "/kept"),
    rename=lambda: os.rename(place + "/kept", place + "/other"),
    make=lambda: os.mkdir(place + "/new"),
    connect=lambda: socket.create_connection(listening.getsockname(), 1),
    signal=lambda: os.kill(os.getppid(), 0),
)
traced = ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)
print(version, traced, sorted(name for name, deed in deeds.items() if not is_refused(deed)))
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    version, traced, allowed = done.stdout.strip().split(" ", 2)
    if version == "0":
        pytest.skip("this kernel has no Landlock")
    known_later = {"signal"} if int(version) < 6 else set()
    known_later |= {"connect"} if int(version) < 4 else set()
    assert set(ast.literal_eval(allowed)) <= known_later
    assert traced == "-1"
    assert (tmp_path / "kept").read_text() == "kept"


def test_no_code_from_elsewhere_runs_in_the_decoder(monkeypatch, tmp_path):
    for name in ("PIL", "struct", "sitecustomize", "ae_core"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(77)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert answer(decode_picture, PICTURE) == READ


def test_files_of_all_sorts_are_at_hand_for_an_upload():
    files = junk.varied()
    assert len({name for name, _ in files}) == 16
    assert max(len(content) for _, content in files) < 1_000_000
