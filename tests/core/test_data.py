"""Digits: all of MNIST as published, in the box, and held in memory once however many processes read them."""

from __future__ import annotations

import hashlib
import lzma
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision import datasets

from ae_core import config, data
from ae_core.baselines import measure_floors
from ae_core.config import CLASS_COUNTS, CLASSES, PIXELS, DataConfig
from ae_core.corruption import corrupt
from ae_core.data import Digits
from ae_core.errors import DataError
from ae_core.metrics import squared_error
from ae_core.models import reconstruct
from ae_core.runs.store import SHIPPED
from ae_core.training import seeded
from tests.conftest import PROJECT

IMAGES, LABELS = "train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


def equal(ours: Digits, theirs: Digits) -> bool:
    parts = ("train_bytes_nhw", "train_labels_n", "test_nhw", "test_labels_n")
    return all(getattr(ours, part).equal(getattr(theirs, part)) for part in parts)


def names_in(folder: Path) -> set[str]:
    return {path.name for path in (folder / data.RAW).glob("*")}


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


spoilt = pytest.mark.parametrize(
    "spoil",
    [flip_a_bit, lambda path: path.write_bytes(path.read_bytes()[:-1]), lambda path: path.write_bytes(b""),
     lambda path: path.unlink()],
    ids=["one flipped bit", "cut off", "empty", "gone"],
)  # fmt: skip


@pytest.fixture
def own_cache(cache_dir, digits, tmp_path) -> Path:
    """A cache that may be spoilt."""
    return shutil.copytree(cache_dir, tmp_path / "own_cache")


@pytest.fixture
def own_box(tmp_path, monkeypatch) -> Path:
    """The packed files, to be spoilt: what the lab now takes for its own."""
    box = shutil.copytree(data.PACKED, tmp_path / "mnist")
    monkeypatch.setattr(data, "PACKED", box)
    return box


# What there is


def test_60000_digits_to_learn_from_and_the_10000_that_papers_test_on(digits):
    assert digits.counts() == {"name": "mnist", "train": 60_000, "test": 10_000}
    assert digits.train_labels_n.bincount().tolist() == list(CLASS_COUNTS)
    assert digits.test_labels_n.bincount().tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert digits.test_labels_n[:8].tolist() == [7, 2, 1, 0, 4, 1, 4, 9]  # these very digits, for ever


def test_pictures_are_28_by_28_from_0_to_1(digits):
    assert (digits.train_bytes_nhw.shape, digits.train_bytes_nhw.dtype) == ((60_000, 28, 28), torch.uint8)
    assert digits.train_labels_n.dtype == digits.test_labels_n.dtype == torch.int64
    images_nhw = data.as_images(digits.train_bytes_nhw[:1000])
    for pictures_nhw in (images_nhw, digits.test_nhw):
        assert pictures_nhw.dtype == torch.float32
        assert (float(pictures_nhw.min()), float(pictures_nhw.max())) == (0, 1)
    assert data.as_bytes(images_nhw).equal(digits.train_bytes_nhw[:1000])


def test_the_mean_grey_is_the_one_that_everybody_normalises_by(digits):
    assert float(digits.train_bytes_nhw.double().mean() / 255) == pytest.approx(0.1307, abs=5e-5)


def test_no_digit_is_both_learnt_from_and_held_back(digits):
    learnt, held_back = (
        {digit.tobytes() for digit in bytes_nhw.numpy()}
        for bytes_nhw in (digits.train_bytes_nhw, data.as_bytes(digits.test_nhw))
    )
    assert (len(learnt), len(held_back)) == (60_000, 10_000)
    assert not learnt & held_back


def test_the_digits_that_lessons_measure_on_give_every_network_of_the_lab_the_figures_of_all(digits, store):
    clean_nhw, labels_n = data.measured_digits(digits)
    assert (len(clean_nhw), len(labels_n)) == (data.MEASURED_COUNT,) * 2
    for name in sorted(folder.name for folder in SHIPPED.iterdir()):
        run = store.get(name)
        noise = run.config.corruption
        noisy_nhw = corrupt(clean_nhw, noise, seeded(0, "noise shown"))
        few = float(squared_error(reconstruct(store.load_model(run), noisy_nhw), clean_nhw).mean())
        # All of them had other noise, though as much of it; blocks and specks differ most between digits.
        allowed = 0.005 if not noise.level else 0.02 if noise.kind == "gaussian" else 0.04
        assert few == pytest.approx(run.result["test"]["mse"] * PIXELS, rel=allowed), name
    mean_hw = data.mean_digit(digits.train_bytes_nhw)
    floors, few_floors = (measure_floors(those_nhw, mean_hw) for those_nhw in (digits.test_nhw, clean_nhw))
    assert few_floors.mean_digit == pytest.approx(floors.mean_digit, rel=0.005)


def test_of_few_digits_the_first_are_measured(digits):
    few = replace(digits, test_nhw=digits.test_nhw[:600], test_labels_n=digits.test_labels_n[:600])
    clean_nhw, labels_n = data.measured_digits(few)
    assert clean_nhw.equal(digits.test_nhw[:500])
    assert labels_n.equal(digits.test_labels_n[:500])


@pytest.mark.parametrize("text", [None, "", "1\nx\n", "\n".join(map(str, [5] * 500)), "1\n2\n3\n"])
def test_a_damaged_choice_of_digits_is_named(text, tmp_path, digits, monkeypatch):
    monkeypatch.setattr(data, "PACKED", tmp_path)
    if text is not None:
        (tmp_path / data.MEASURED).write_text(text)
    data._read_measured.cache_clear()
    try:
        with pytest.raises(DataError, match="Put the file back"):
            data.measured_digits(digits)
    finally:
        data._read_measured.cache_clear()


def test_the_files_in_the_cache_are_the_published_ones_byte_for_byte(digits, cache_dir):
    for name, sha256 in data.SHA256.items():
        assert hashlib.sha256((cache_dir / data.RAW / name).read_bytes()).hexdigest() == sha256


@pytest.mark.parametrize("is_train", [True, False])
def test_torchvision_reads_the_cache_folder_and_gives_the_same(digits, cache_dir, is_train):
    theirs = datasets.MNIST(str(cache_dir), train=is_train)
    ours = digits.train_bytes_nhw if is_train else data.as_bytes(digits.test_nhw)
    labels_n = digits.train_labels_n if is_train else digits.test_labels_n
    assert theirs.data.equal(ours)
    assert theirs.targets.equal(labels_n)


def test_parts_are_all_of_it_and_never_much_at_a_time(digits):
    few_nhw = digits.train_bytes_nhw[:2500]
    parts = list(data.in_parts(few_nhw, 1000))
    assert [len(part) for part in parts] == [1000, 1000, 500]
    assert torch.cat(parts).equal(data.as_images(few_nhw))


# Once on disk, once in memory


def test_what_is_unpacked_once_is_read_from_there(digits, cache_dir, own_box):
    """With the packed files gone, nothing else could give them."""
    shutil.rmtree(own_box)
    assert equal(data.load_digits(cache_dir=cache_dir), digits)
    assert names_in(cache_dir) == set(data.SHA256)


def test_a_process_holds_no_copy_of_the_digits(digits, cache_dir):
    """They are the file's own pages, which all processes that map it share, and none is written anew."""
    if not Path("/proc/self/smaps").is_file():
        pytest.skip("only Linux tells which pages of memory are shared")
    program = f"""
import re
from pathlib import Path
from ae_core import data
digits = data.load_digits(cache_dir=Path({str(cache_dir)!r}))
assert int(digits.train_bytes_nhw.max()) == 255 and float(digits.test_nhw.max()) == 1  # all have been read
for file in ("{IMAGES}", "{data.HELD_BACK.name}"):
    (mapped,) = re.findall(file + r"\\n(.*?)VmFlags", Path("/proc/self/smaps").read_text(), re.DOTALL)
    print(*(re.search(rf"^{{name}}: +([0-9]+) kB", mapped, re.M)[1] for name in ("Rss", "Anonymous")))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    in_memory, copied, test_in_memory, test_copied = (int(word) * 1024 for word in done.stdout.split())
    assert in_memory >= digits.train_bytes_nhw.nbytes
    assert test_in_memory >= digits.test_nhw.nbytes
    assert copied == test_copied == 0


def test_what_one_process_writes_into_its_digits_nobody_else_sees(own_cache, digits):
    mine = data.load_digits(cache_dir=own_cache)
    mine.train_bytes_nhw[:] = 7
    mine.test_nhw[:] = 0.5
    assert equal(data.load_digits(cache_dir=own_cache), digits)


@spoilt
def test_pictures_in_the_cache_that_are_not_the_files_are_made_anew(own_cache, digits, spoil):
    path = own_cache / data.HELD_BACK
    whole = path.read_bytes()
    spoil(path)
    assert equal(data.load_digits(cache_dir=own_cache), digits)
    assert path.read_bytes() == whole


@pytest.mark.parametrize("name", [IMAGES, LABELS])
@spoilt
def test_a_damaged_cache_is_unpacked_anew(own_cache, digits, name, spoil):
    spoil(own_cache / data.RAW / name)
    assert equal(data.load_digits(cache_dir=own_cache), digits)
    content = (own_cache / data.RAW / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == data.SHA256[name]
    assert names_in(own_cache) == set(data.SHA256)


def test_a_cache_that_cannot_be_written_costs_only_time(digits, tmp_path):
    (tmp_path / "file").write_text("")
    assert equal(data.load_digits(cache_dir=tmp_path / "file" / "cache"), digits)


def test_a_full_disk_while_unpacking_leaves_no_half_file_and_the_digits_are_here(
    digits, tmp_path, monkeypatch
):
    write = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if path.name.startswith(IMAGES):
            write(path, content[: len(content) // 2])
            raise OSError(28, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert equal(data.load_digits(cache_dir=tmp_path / "cache"), digits)
    assert names_in(tmp_path / "cache") == set(data.SHA256) - {IMAGES}
    monkeypatch.undo()
    data.load_digits(cache_dir=tmp_path / "cache")
    assert names_in(tmp_path / "cache") == set(data.SHA256), "with room again, the file is kept"


# What came with the lab is not there or not whole


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.unlink(), "cannot be read"),
        (flip_a_bit, "is damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:-10]), "is damaged"),
        (lambda path: path.write_bytes(b""), "is damaged"),
        (lambda path: path.write_bytes(b"not compressed"), "is damaged"),
        (lambda path: path.write_bytes(lzma.compress(b"something else")), "checksum differs"),
    ],
    ids=["gone", "one flipped bit", "cut off", "empty", "something else", "something else, compressed"],
)
@pytest.mark.parametrize("name", [IMAGES, LABELS])
def test_a_packed_file_that_is_not_whole_is_named_with_what_to_do(own_box, tmp_path, name, spoil, words):
    spoil(own_box / f"{name}.xz")
    with pytest.raises(DataError, match=rf"{name}\.xz.*{words}.*install the lab again\.$") as refused:
        data.load_digits(cache_dir=tmp_path / "cache")
    assert "\n" not in str(refused.value)
    assert name not in names_in(tmp_path / "cache")


# Which of them to learn from


def test_at_the_defaults_it_is_all_of_them_without_a_copy(digits):
    assert data.select_digits(digits, DataConfig()) is digits


@settings(deadline=None, max_examples=30)
@given(st.integers(*config.LIMITS["digits"]), st.sets(st.sampled_from(CLASSES), min_size=1))
def test_a_choice_is_the_first_so_many_of_its_classes_and_is_tested_on_everything(digits, count, classes):
    wanted = DataConfig(digits=count, classes=tuple(classes))
    chosen = data.select_digits(digits, wanted)
    assert len(chosen.train_bytes_nhw) == len(chosen.train_labels_n) == wanted.count <= count
    assert set(chosen.train_labels_n.tolist()) <= classes
    order_n = torch.isin(digits.train_labels_n, torch.tensor(wanted.classes)).nonzero()[: wanted.count, 0]
    assert chosen.train_bytes_nhw.equal(digits.train_bytes_nhw[order_n])
    assert chosen.test_nhw is digits.test_nhw


@pytest.mark.parametrize("classes", [CLASSES, (0, 1, 2, 3, 4), (7,)])
def test_more_digits_are_the_same_ones_and_others(digits, classes):
    few, more = (
        data.select_digits(digits, DataConfig(digits=count, classes=classes)) for count in (100, 1000)
    )
    assert more.train_bytes_nhw[:100].equal(few.train_bytes_nhw)


def test_the_100_first_digits_have_every_class(digits):
    assert data.select_digits(digits, DataConfig(digits=100)).train_labels_n.bincount().min() >= 5


def test_loading_and_choosing_are_loading_a_choice(digits, cache_dir):
    wanted = DataConfig(digits=1000, classes=(3, 8))
    assert equal(data.load_digits(wanted, cache_dir), data.select_digits(digits, wanted))


@pytest.mark.parametrize("name", config.EARLIER_DATASETS)
def test_digits_of_an_earlier_version_are_named_and_not_there_to_train_on(digits, name):
    with pytest.raises(DataError, match=r"earlier version.*not here any more\. Train it again: .*MNIST\.$"):
        data.select_digits(digits, DataConfig(name))
