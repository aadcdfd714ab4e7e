"""Digits: genuine, complete, and never shown to the network that is tested on them."""

from __future__ import annotations

import gzip
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import datasets

from ae_core import data
from ae_core.data import RAW_FILES, Digits
from ae_core.errors import ConfigError, DataError
from tests.conftest import FULL_MNIST

SMALL_FILES = [name for name in RAW_FILES if "labels" in name]


def fingerprints(images_nhw: torch.Tensor) -> set[bytes]:
    return {digit.tobytes() for digit in (images_nhw * 255).round().byte().numpy()}


def equal(ours: Digits, theirs: Digits) -> bool:
    parts = ("train_nhw", "train_labels_n", "test_nhw", "test_labels_n")
    return all(getattr(ours, part).equal(getattr(theirs, part)) for part in parts)


@pytest.fixture(scope="module")
def mnist(cache_dir) -> Digits:
    if FULL_MNIST is None:
        pytest.skip("complete MNIST is not at hand (AE_LAB_DATA_DIR is not set)")
    return data.load_digits("mnist", FULL_MNIST, cache_dir)


@pytest.fixture
def own_copy(full_mnist, tmp_path) -> Path:
    """A data directory whose small files may be spoilt; the large ones are links."""
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in RAW_FILES:
        whole = full_mnist / "MNIST" / "raw" / name
        if name in SMALL_FILES:
            (raw / name).write_bytes(whole.read_bytes())
        else:
            (raw / name).symlink_to(whole)
    return tmp_path / "data"


# The digits that come with the lab


def test_4000_digits_to_learn_from_and_1000_held_back(digits):
    assert digits.counts() == {"name": "embedded", "train": 4000, "test": 1000}
    assert digits.test_labels_n.bincount().tolist() == [100] * 10
    assert digits.train_labels_n.bincount().tolist() == [400] * 10


def test_no_digit_is_both_learnt_from_and_held_back(digits):
    assert not fingerprints(digits.train_nhw) & fingerprints(digits.test_nhw)


def test_pictures_are_28_by_28_from_0_to_1(digits):
    for images_nhw, labels_n in (
        (digits.train_nhw, digits.train_labels_n),
        (digits.test_nhw, digits.test_labels_n),
    ):
        assert images_nhw.shape == (len(labels_n), 28, 28)
        assert (images_nhw.dtype, labels_n.dtype) == (torch.float32, torch.int64)
        assert (float(images_nhw.min()), float(images_nhw.max())) == (0, 1)


def test_the_split_is_the_same_every_time_and_mixes_the_classes(digits, cache_dir):
    assert equal(data.load_digits("embedded", None, cache_dir), digits)
    assert digits.test_labels_n[:8].tolist() == [2, 5, 8, 1, 3, 3, 4, 0]  # these very digits, for ever
    assert len(set(digits.test_labels_n[:16].tolist())) > 4


def test_the_cache_gives_the_same_digits(digits, cache_dir):
    assert (cache_dir / "embedded_digits.npy").is_file()
    assert equal(data.load_digits("embedded", None, cache_dir), digits)
    assert [path.name for path in cache_dir.iterdir()] == ["embedded_digits.npy"]


def test_a_damaged_cache_is_ignored_and_written_anew(digits, cache_dir, tmp_path):
    whole = (cache_dir / "embedded_digits.npy").read_bytes()
    flipped = whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:]
    (tmp_path / "embedded_digits.npy").write_bytes(flipped)
    assert equal(data.load_digits("embedded", None, tmp_path), digits)
    assert (tmp_path / "embedded_digits.npy").read_bytes() == whole


def test_a_cache_that_cannot_be_written_costs_only_time(digits, tmp_path):
    (tmp_path / "file").write_text("")
    assert equal(data.load_digits("embedded", None, tmp_path / "file" / "cache"), digits)


# Full MNIST


def test_full_mnist_is_complete(mnist):
    assert mnist.counts() == {"name": "mnist", "train": 60_000, "test": 10_000}
    assert mnist.test_labels_n.bincount().tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert (float(mnist.train_nhw.min()), float(mnist.train_nhw.max())) == (0, 1)
    assert float(mnist.train_nhw.mean()) == pytest.approx(0.1307, abs=1e-4)


def test_the_embedded_digits_are_all_from_mnists_training_set(mnist, digits):
    embedded = fingerprints(digits.train_nhw) | fingerprints(digits.test_nhw)
    assert len(embedded) == 5000
    assert embedded <= fingerprints(mnist.train_nhw)
    assert not embedded & fingerprints(mnist.test_nhw)


def test_what_ships_never_trained_on_the_digits_it_is_shown_with(mnist, digits, full_mnist, cache_dir):
    less = data.load_digits("mnist_less_embedded_test", full_mnist, cache_dir)
    assert less.counts() == {"name": "mnist_less_embedded_test", "train": 59_000, "test": 10_000}
    assert not fingerprints(less.train_nhw) & fingerprints(digits.test_nhw)
    assert fingerprints(less.train_nhw) | fingerprints(digits.test_nhw) == fingerprints(mnist.train_nhw)
    assert less.train_labels_n.bincount().tolist() == (mnist.train_labels_n.bincount() - 100).tolist()


def test_the_best_data_at_hand_is_chosen(full_mnist):
    assert data.best_data_set(None) == "embedded"
    assert data.best_data_set(full_mnist) == "mnist"


def test_an_unknown_data_set_is_refused():
    with pytest.raises(ConfigError, match=r"'cifar'.*embedded, mnist"):
        data.load_digits("cifar")


def test_full_mnist_without_a_directory_is_refused():
    with pytest.raises(DataError, match=r"needs a data directory.*AE_LAB_DATA_DIR"):
        data.load_digits("mnist")


@pytest.mark.parametrize("name", ["mnist", "mnist_less_embedded_test"])
def test_a_missing_directory_is_named_with_the_command_that_fills_it(tmp_path, name):
    with pytest.raises(
        DataError, match=r"nowhere does not hold train-images.*ae_core download --data-dir \S+nowhere"
    ):
        data.load_digits(name, tmp_path / "nowhere")


@pytest.mark.parametrize("name", SMALL_FILES)
def test_a_missing_file_is_named_with_the_command_that_fetches_it(own_copy, name):
    (own_copy / "MNIST" / "raw" / name).unlink()
    with pytest.raises(DataError, match=rf"{name}.*ae_core download --data-dir"):
        data.load_digits("mnist", own_copy)


@pytest.mark.parametrize("name", SMALL_FILES)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content[:777] + bytes([content[777] ^ 1]) + content[778:],
        lambda content: content[:-1],
        lambda content: b"",
    ],
    ids=["one flipped bit", "cut off", "empty"],
)
def test_a_damaged_file_is_named_with_the_command_that_replaces_it(own_copy, name, spoil):
    path = own_copy / "MNIST" / "raw" / name
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(DataError, match=rf"{name} is damaged.*ae_core download --data-dir"):
        data.load_digits("mnist", own_copy)


def test_a_run_is_tested_on_digits_it_never_saw(full_mnist, mnist, digits, cache_dir):
    for trained_on in ("embedded", "mnist_less_embedded_test"):
        assert equal(data.load_held_back(trained_on, None, cache_dir), digits)
    assert data.load_held_back("mnist", full_mnist, cache_dir).test_nhw.equal(mnist.test_nhw)
    with pytest.raises(DataError, match=r"embedded digits included.*--data-dir"):
        data.load_held_back("mnist", None, cache_dir)


def test_the_environment_names_the_data_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("AE_LAB_DATA_DIR", str(tmp_path))
    assert data.data_directory() == tmp_path


# Download, from a server of our own


class Mirror(ThreadingHTTPServer):
    """Serves MNIST's four files, the ones in `cut` only half."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.asked, self.cut = files, set(), set()
        super().__init__(("127.0.0.1", 0), MirrorHandler)

    def handle_error(self, *_: object) -> None:
        """torchvision hangs up on its first request for each file: it only asks where the file is."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class MirrorHandler(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        name = self.path.removeprefix("/")
        content = self.server.files[name]
        self.server.asked.add(name)
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if name in self.server.cut else content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def zipped() -> dict[str, bytes]:
    if FULL_MNIST is None:
        pytest.skip("complete MNIST is not at hand (AE_LAB_DATA_DIR is not set)")
    return {
        f"{name}.gz": gzip.compress((FULL_MNIST / "MNIST" / "raw" / name).read_bytes(), 1)
        for name in RAW_FILES
    }


@pytest.fixture
def mirror(zipped, monkeypatch):
    """A running mirror that torchvision takes for the real one."""
    with Mirror(zipped) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(datasets.MNIST, "mirrors", [server.address])
        monkeypatch.setattr(
            datasets.MNIST,
            "resources",
            [(name, hashlib.md5(content).hexdigest()) for name, content in zipped.items()],
        )
        yield server
        server.shutdown()


def raw_files(data_dir: Path) -> set[str]:
    return {path.name for path in (data_dir / "MNIST" / "raw").iterdir()}


def test_full_mnist_is_downloaded_and_checked(mirror, mnist, tmp_path, cache_dir):
    data.download_mnist(tmp_path / "data")
    assert raw_files(tmp_path / "data") == set(RAW_FILES)
    assert equal(data.load_digits("mnist", tmp_path / "data", cache_dir), mnist)
    assert mirror.asked == set(mirror.files)
    mirror.asked.clear()
    data.download_mnist(tmp_path / "data")
    assert mirror.asked == set(), "whole files are not fetched again"


@pytest.mark.parametrize("name", SMALL_FILES)
def test_a_damaged_file_alone_is_fetched_again(mirror, own_copy, name):
    (own_copy / "MNIST" / "raw" / name).write_bytes(b"damaged")
    data.download_mnist(own_copy)
    assert mirror.asked == {f"{name}.gz"}
    assert raw_files(own_copy) == set(RAW_FILES)
    assert hashlib.md5((own_copy / "MNIST" / "raw" / name).read_bytes()).hexdigest() == RAW_FILES[name]


def test_a_download_cut_short_says_so_and_the_next_one_succeeds(mirror, own_copy):
    name = SMALL_FILES[0]
    (own_copy / "MNIST" / "raw" / name).unlink()
    mirror.cut.add(f"{name}.gz")
    with pytest.raises(DataError, match=r"could not be downloaded.*run the same command again"):
        data.download_mnist(own_copy)
    mirror.cut.clear()
    data.download_mnist(own_copy)
    assert raw_files(own_copy) == set(RAW_FILES)


def test_no_network_is_one_line_that_says_what_to_do(mirror, tmp_path):
    mirror.shutdown()
    mirror.server_close()
    with pytest.raises(DataError, match="Check the network") as refused:
        data.download_mnist(tmp_path / "data")
    assert "\n" not in str(refused.value)


def test_a_place_that_cannot_be_written_says_so(mirror, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="could not be downloaded"):
        data.download_mnist(tmp_path / "file" / "data")
    assert mirror.asked == set()


def test_files_other_than_mnists_are_never_taken(mirror, tmp_path, monkeypatch):
    """A mirror whose archive is whole but holds something else."""
    other = {name: gzip.compress(np.zeros(16, dtype=np.uint8).tobytes()) for name in mirror.files}
    monkeypatch.setattr(mirror, "files", other)
    with pytest.raises(DataError, match="could not be downloaded"):
        data.download_mnist(tmp_path / "data")
