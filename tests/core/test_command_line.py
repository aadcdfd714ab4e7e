"""The command line, as a user types it."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from ae_core.__main__ import main, start_app
from ae_core.runs.run_folder import WEIGHTS
from ae_core.runs.store import SHIPPED, Store, default_root
from ae_core.service import connection
from tests.conftest import PROJECT
from tests.support.service import end_cluster, wait_for

SHIPPED_RUN = sorted(path.name for path in SHIPPED.iterdir())[0]
SHORT = [
    "--preset",
    "dae",
    "--digits",
    "2000",
    "--epochs",
    "1",
    "--batch-size",
    "256",
    "--latent-size",
    "4",
]


def typed(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "ae_core", *map(str, arguments)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
    )


def lab(*arguments: object) -> int:
    """The command in this process: its exit code."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as done:
        return int(done.code or 0)


def result(output: str) -> dict:
    """The JSON object on the last line; strictly JSON, so no NaN and no Infinity."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(output.splitlines()[-1], parse_constant=refuse)


def one_line(error: str) -> str:
    assert len(error.splitlines()) == 1, error
    assert "Traceback" not in error
    return error


@pytest.fixture(scope="module")
def place(tmp_path_factory, digits, cache_dir) -> Path:
    """A store with the digits already unpacked, and pictures to work on."""
    place = tmp_path_factory.mktemp("place")
    (place / "store").mkdir()
    (place / "store" / "cache").symlink_to(cache_dir)
    np.save(place / "x.npy", digits.test_nhw[:5].numpy())
    return place


@pytest.fixture(scope="module")
def trained(place) -> subprocess.CompletedProcess[str]:
    """One short training, without the training process."""
    return typed(
        "train",
        "--local",
        *SHORT,
        "--noise-level",
        "0.3",
        "--seed",
        "3",
        "--store",
        place / "store",
        "--json",
    )


# Train


def test_which_digits_to_learn_from_are_named(capsys):
    few = ["--digits", "500", "--classes", "4,0,1,2,3", "--epochs", "2", "--latent-size", "4", "--json"]
    assert lab("train", "--local", "--preset", "fae", *few) == 0
    told = capsys.readouterr()
    assert result(told.out)["dataset"]["train"] == 500
    run = Store(default_root()).get(result(told.out)["run_id"])
    assert (run.config.data.digits, run.config.data.classes) == (500, (0, 1, 2, 3, 4))
    assert "500 digits" in told.err


@pytest.mark.parametrize(
    ("arguments", "variable", "names"),
    [
        (["--data-dir", "/nonexistent"], "", ["--data-dir"]),
        (["--dataset", "embedded"], "", ["--dataset"]),
        ([], "/nonexistent", ["AE_LAB_DATA_DIR"]),
        (["--data-dir", "x", "--dataset", "cifar"], "y", ["--data-dir", "--dataset", "AE_LAB_DATA_DIR"]),
    ],
)
def test_what_named_the_digits_in_an_earlier_version_is_passed_over_with_a_word(
    place, trained, capsys, monkeypatch, arguments, variable, names
):
    monkeypatch.setenv("AE_LAB_DATA_DIR", variable)
    asked = ["train", "--local", *SHORT, "--noise-level", "0.3", "--seed", "3", *arguments, "--json"]
    assert lab(*asked, "--store", place / "store") == 0
    told = capsys.readouterr()
    assert result(told.out)["run_id"] == result(trained.stdout)["run_id"]
    words = [line for line in told.err.splitlines() if "no longer needed" in line]
    assert [line.split()[0] for line in words] == names
    assert all("all of MNIST comes with the lab" in line for line in words)


def test_train_ends_with_the_promised_json(trained):
    assert trained.returncode == 0, trained.stderr
    told = result(trained.stdout)
    assert set(told) == {
        "run_id",
        "test",
        "train_seconds",
        "images_per_second",
        "parameters",
        "code_size",
        "dataset",
    }
    assert set(told["test"]) == {"mse", "psnr", "ssim", "bce"}
    assert told["dataset"] == {"name": "mnist", "train": 2000, "test": 10_000}
    assert told["code_size"] == 4
    assert len(trained.stdout.splitlines()) == 1
    assert "epoch 1/1" in trained.stderr
    assert "Traceback" not in trained.stderr


def test_the_trained_run_can_be_listed_with_its_settings(trained, place, capsys):
    assert lab("runs", "--store", place / "store", "--json") == 0
    (own, *shipped) = result(capsys.readouterr().out)["runs"]
    assert own["run_id"] == result(trained.stdout)["run_id"]
    assert not own["shipped"]
    assert own["config"]["corruption"] == {"kind": "gaussian", "level": 0.3}
    assert own["config"]["training"]["seed"] == 3
    assert own["config"]["model"]["latent_size"] == 4
    assert all(run["shipped"] for run in shipped)


def test_the_same_command_gives_the_same_run(place, trained, capsys):
    weights = place / "store" / "runs" / result(trained.stdout)["run_id"] / WEIGHTS
    before = weights.read_bytes()
    assert (
        lab(
            "train",
            "--local",
            *SHORT,
            "--noise-level",
            "0.3",
            "--seed",
            "3",
            "--store",
            place / "store",
            "--json",
        )
        == 0
    )
    assert result(capsys.readouterr().out)["run_id"] == result(trained.stdout)["run_id"]
    assert weights.read_bytes() == before


# Train, by the training process


@pytest.fixture(scope="module")
def served(tmp_path_factory, cache_dir) -> Iterator[Path]:
    """A store whose training process is gone when the tests are."""
    place = tmp_path_factory.mktemp("served") / "store"
    place.mkdir()
    (place / "cache").symlink_to(cache_dir)
    yield place
    end_cluster(Store(place))


def typed_meanwhile(*arguments: object) -> subprocess.Popen[str]:
    """The command in a process of its own, without waiting for it."""
    command = [sys.executable, "-m", "ae_core", *map(str, arguments)]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_who_train_the_same_at_once_share_one_training_which_gives_what_one_process_would(
    served, trained, place
):
    command = ["train", *SHORT, "--noise-level", "0.3", "--seed", "3", "--store", served, "--json"]
    with typed_meanwhile(*command) as one, typed_meanwhile(*command) as two:
        told = [process.communicate(timeout=120) for process in (one, two)]
    assert [one.returncode, two.returncode] == [0, 0], told
    first, second = (result(out) for out, _ in told)
    assert first == second
    assert set(first) == {
        "run_id",
        "test",
        "train_seconds",
        "images_per_second",
        "parameters",
        "code_size",
        "dataset",
    }
    assert [len(out.splitlines()) for out, _ in told] == [1, 1]
    assert all("epoch 1/1" in error for _, error in told)
    name = result(trained.stdout)["run_id"]
    assert first["run_id"] == name
    assert [event["event"] for event in Store(served).events(name)].count("started") == 1
    assert (served / "runs" / name / WEIGHTS).read_bytes() == (
        place / "store" / "runs" / name / WEIGHTS
    ).read_bytes()


def test_ctrl_c_stops_the_training_and_says_how_to_go_on(served):
    command = [
        "train",
        "--preset",
        "fae",
        "--latent-size",
        4,
        "--hidden-sizes",
        32,
        "--digits",
        "4000",
        "--batch-size",
        8,
    ]
    command += ["--store", served, "--epochs"]
    with typed_meanwhile(*command, 200) as process:
        assert "epoch 1/200" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "stopped; the same command goes on from its last epoch." in said
    assert "Traceback" not in said
    (name,) = (line.split()[1].rstrip(":") for line in said.splitlines() if line.startswith("run "))
    wait_for(lambda: not Store(served).is_locked(name))
    assert Store(served).events(name)[-1]["event"] == "stopped"
    assert not (served / "jobs" / name).exists()


@pytest.mark.usefixtures(
    "full_form"
)  # the short form lets go of a training through jobs.stop_training, and presses Ctrl-C alone
def test_ctrl_c_leaves_a_training_that_somebody_else_wants(served):
    command = [
        "train",
        "--preset",
        "fae",
        "--latent-size",
        4,
        "--hidden-sizes",
        16,
        "--digits",
        "4000",
        "--batch-size",
        8,
    ]
    command += ["--store", served, "--epochs", 200]
    with typed_meanwhile(*command) as one, typed_meanwhile(*command) as two:
        assert "epoch 1/200" in one.stderr.readline()
        assert "epoch 1/200" in two.stderr.readline()
        one.send_signal(signal.SIGINT)
        assert "others want it too, so it goes on." in one.communicate(timeout=30)[1]
        assert two.poll() is None
        two.send_signal(signal.SIGINT)
        assert "stopped; the same command goes on" in two.communicate(timeout=30)[1]


def test_the_training_process_can_be_started_shown_and_stopped(served, capsys):
    started = typed("cluster", "start", "--store", served, "--workers", 1, "--json")
    assert started.returncode == 0, started.stderr
    assert result(started.stdout)["running"]
    # asked in this process: one that is started for each look takes seconds
    connection.connect_client(Store(served), wait_seconds=60).wait_for_workers(1, timeout=60)
    assert lab("cluster", "show", "--store", served, "--json") == 0
    shown = capsys.readouterr()
    (worker,) = result(shown.out)["workers"]
    assert worker["address"].startswith("tls://127.0.0.1:")
    assert worker["memory_bytes"] > 0
    os.kill(worker["pid"], 0)
    assert result(shown.out)["line"] == []
    assert f"process {worker['pid']}" in shown.err
    assert lab("cluster", "stop", "--store", served, "--json") == 0
    stopped = capsys.readouterr()
    assert result(stopped.out) == {"running": False, "workers": [], "line": []}
    assert "0 training(s) stopped" in stopped.err
    wait_for(lambda: not Path(f"/proc/{worker['pid']}").exists())


def test_a_training_process_that_is_not_there_can_be_shown_and_stopped(tmp_path, capsys):
    for action in ("show", "stop"):
        assert lab("cluster", action, "--store", tmp_path / "store", "--json") == 0
        assert result(capsys.readouterr().out) == {"running": False, "workers": [], "line": []}


# Reconstruct


def rebuilt(place: Path, *options: object) -> np.ndarray:
    assert (
        lab(
            "reconstruct",
            "--run",
            SHIPPED_RUN,
            "--input",
            place / "x.npy",
            "--output",
            place / "y.npy",
            *options,
        )
        == 0
    )
    return np.load(place / "y.npy")


def test_an_array_of_pictures_goes_in_and_comes_out(place):
    done = typed(
        "reconstruct",
        "--run",
        SHIPPED_RUN,
        "--input",
        place / "x.npy",
        "--output",
        place / "typed.npy",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    assert result(done.stdout)["images"] == 5
    pictures = np.load(place / "typed.npy")
    assert (pictures.shape, pictures.dtype) == ((5, 28, 28), np.float32)
    assert 0 <= pictures.min() <= pictures.max() <= 1
    np.testing.assert_array_equal(pictures, rebuilt(place))


def test_without_a_noise_level_the_input_goes_in_untouched(place):
    untouched = rebuilt(place)
    np.testing.assert_array_equal(untouched, rebuilt(place, "--noise-level", 0))
    assert np.abs(untouched - rebuilt(place, "--noise-level", 0.5)).max() > 0.1
    assert np.abs(untouched - np.load(place / "x.npy")).mean() < 0.1


def test_the_seed_decides_the_noise(place):
    first = rebuilt(place, "--noise-level", 0.5, "--seed", 1)
    np.testing.assert_array_equal(first, rebuilt(place, "--noise-level", 0.5, "--seed", 1))
    assert not np.array_equal(first, rebuilt(place, "--noise-level", 0.5, "--seed", 2))
    assert not np.array_equal(
        first, rebuilt(place, "--noise-level", 0.5, "--seed", 1, "--noise-kind", "masking")
    )


def test_a_picture_file_goes_in_and_comes_out(place, digits):
    photo(digits.test_nhw[0]).save(place / "photo.jpg")
    assert (
        lab(
            "reconstruct",
            "--run",
            SHIPPED_RUN,
            "--input",
            place / "photo.jpg",
            "--output",
            place / "new" / "digit.png",
        )
        == 0
    )
    with Image.open(place / "new" / "digit.png") as picture:
        assert (picture.size, picture.mode) == ((28, 28), "L")
        assert picture.getextrema()[1] > 100


# Evaluate


def test_a_run_is_measured_at_every_noise_level_beside_doing_nothing(place, capsys):
    assert (
        lab("evaluate", "--run", SHIPPED_RUN, "--noise-level", 0, 0.4, "--store", place / "store", "--json")
        == 0
    )
    told = result(capsys.readouterr().out)
    assert told["dataset"] == {"name": "mnist", "train": 60_000, "test": 10_000}
    clean, noisy = told["levels"]
    assert (clean["noise_level"], noisy["noise_level"]) == (0, 0.4)
    assert clean["do_nothing"]["psnr"] is None  # a perfect copy
    assert clean["do_nothing"]["mse"] == 0
    assert noisy["do_nothing"]["mse"] > 0.03
    assert noisy["mse"] > 0


def test_a_run_is_measured_at_its_own_noise_unless_told_otherwise(place, trained, capsys):
    assert (
        lab("evaluate", "--run", result(trained.stdout)["run_id"], "--store", place / "store", "--json") == 0
    )
    (own,) = result(capsys.readouterr().out)["levels"]
    assert (own["noise_kind"], own["noise_level"]) == ("gaussian", 0.3)
    assert own["mse"] == pytest.approx(result(trained.stdout)["test"]["mse"], rel=1e-4)


# Report


def test_a_runs_report_is_written_with_the_noise_asked_for(place, capsys):
    pages = []
    for seed in (0, 1):
        page = place / "taken" / f"{seed}.html"
        asked = ["--run", "fac2f2d3af537132", "--noise-level", 0.3, "--noise-kind", "masking", "--seed", seed]
        assert lab("report", *asked, "--output", page, "--store", place / "store", "--json") == 0
        told = capsys.readouterr()
        size = page.stat().st_size
        assert result(told.out) == {"run_ids": ["fac2f2d3af537132"], "output": str(page), "bytes": size}
        assert f"{size / 1e6:.2f} MB" in one_line(told.err)
        pages.append(page.read_text())
    assert "<h1>DAE 30, run fac2f2d3af537132</h1>" in pages[0]
    assert "masking noise of level 0.3" in pages[0]
    assert pages[0] != pages[1]


def test_the_lessons_three_networks_are_written_with_the_denoisers_noise(place, capsys):
    page = place / "lesson.html"
    asked = ["--lesson", "--latent-size", 2, "--output", page, "--store", place / "store", "--json"]
    assert lab("report", *asked) == 0
    names = result(capsys.readouterr().out)["run_ids"]
    text = page.read_text()
    assert names == ["6a440f83d1913630", "15b6aa6f1b48d1df", "ed49cab20e42dfa2"]
    assert all(f"<td>{name}</td>" in text for name in names)
    assert 'step="0.01" value="0.4"' in text


def test_a_run_is_written_as_a_notebook_with_what_it_needs(place, capsys):
    file = place / "taken" / "dae.zip"
    asked = ["--run", "fac2f2d3af537132", "--output", file, "--store", place / "store", "--json"]
    assert lab("notebook", *asked) == 0
    told = capsys.readouterr()
    size = file.stat().st_size
    assert result(told.out) == {"run_id": "fac2f2d3af537132", "output": str(file), "bytes": size}
    assert f"{size / 1e6:.2f} MB" in one_line(told.err)
    with zipfile.ZipFile(file) as archive:
        assert archive.namelist() == ["DAE-fac2f2d3af537132.ipynb", "weights.npz", "test_digits.npy"]


# Prepare


def photo(digit_hw) -> Image.Image:
    """A digit as photographed: large, dark on light."""
    return ImageOps.invert(Image.fromarray((digit_hw * 255).byte().numpy()).resize((280, 280)))


def test_a_photograph_becomes_a_digit(place, digits, capsys):
    photo(digits.test_nhw[0]).save(place / "photo.jpg")
    assert lab("prepare", place / "photo.jpg", "--output", place / "digit.png", "--json") == 0
    (told,) = result(capsys.readouterr().out)["pictures"]
    assert told["steps"][-1] == "Centred"
    with Image.open(place / "digit.png") as picture:
        assert (picture.size, picture.mode) == ((28, 28), "L")


def test_a_page_becomes_a_file_for_each_digit_in_reading_order(place, digits, capsys):
    page = np.concatenate([np.asarray(photo(digits.test_nhw[i])) for i in (0, 1, 2)], axis=1)
    Image.fromarray(page).save(place / "page.png")
    assert lab("prepare", place / "page.png", "--output-dir", place / "digits", "--json") == 0
    (told,) = result(capsys.readouterr().out)["pictures"]
    names = [f"page-0{i}.png" for i in (1, 2, 3)]
    assert sorted(path.name for path in (place / "digits").iterdir()) == names
    assert [Path(each["output"]).name for each in told["digits"]] == names
    lefts = [each["box"]["left"] for each in told["digits"]]
    assert lefts == sorted(lefts)
    assert (told["width"], told["height"]) == (840, 280)
    assert lab("prepare", place / "page.png", "--output", place / "page.npy") == 0
    assert np.load(place / "page.npy").shape == (3, 28, 28)


def test_a_refused_photograph_is_reported_and_the_rest_go_on(place, digits, capsys):
    for i in (0, 2):
        photo(digits.test_nhw[i]).save(place / f"{i}.png")
    (place / "1.png").write_text("not a picture")
    names = [place / f"{i}.png" for i in range(4)]
    assert lab("prepare", *names, "--output-dir", place / "prepared", "--json") == 2
    printed = capsys.readouterr()
    assert ["error" in row for row in result(printed.out)["pictures"]] == [False, True, False, True]
    assert sorted(path.name for path in (place / "prepared").iterdir()) == ["0.png", "2.png"]
    assert len(printed.err.splitlines()) == 2
    assert "1.png: This file is not a PNG" in printed.err


def test_two_photographs_of_one_name_do_not_overwrite_each_other(place, digits, capsys):
    for i, name in enumerate(("same.png", "same.jpg")):
        photo(digits.test_nhw[i]).save(place / name)
    assert (
        lab("prepare", place / "same.png", place / "same.jpg", "--output-dir", place / "same", "--json") == 2
    )
    assert ["error" in row for row in result(capsys.readouterr().out)["pictures"]] == [False, True]


# Runs


def test_the_runs_that_came_with_the_lab_are_listed(capsys):
    assert lab("runs", "--json") == 0
    told = result(capsys.readouterr().out)
    assert {run["run_id"] for run in told["runs"] if run["shipped"]} == {
        path.name for path in SHIPPED.iterdir()
    }
    assert told["damaged"] == []
    assert lab("runs") == 0
    assert len(capsys.readouterr().out.splitlines()) == len(told["runs"])


# Mistakes: exit code 2 and one line that says what to do


def test_a_mistake_typed_is_one_line_and_exit_code_2(tmp_path):
    done = typed("train", "--preset", "dae", "--latent-size", "10000", "--store", tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "between 1 and 256, but it is 10000" in one_line(done.stderr)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required: COMMAND"),
        (["teach"], "teach"),
        (["train"], "required: --preset"),
        (["train", "--preset", "vae"], "'vae'. Choose one of: fae, cae, dae"),
        (["train", "--preset", "fae", "--latent-size", "0"], "between 1 and 256, but it is 0."),
        (["train", "--preset", "fae", "--latent-size", "1" + "0" * 400], "between 1 and 256"),
        (["train", "--preset", "fae", "--latent-size", "two"], "'two'"),
        (["train", "--preset", "fae", "--learning-rate", "nan"], "learning rate"),
        (["train", "--preset", "dae", "--noise-level", "1.5"], "between 0.0 and 1.0, but it is 1.5"),
        (["train", "--preset", "dae", "--noise-kind", "snow"], "'snow'. Choose one of: gaussian"),
        (["train", "--preset", "fae", "--hidden-sizes", "big"], "not 'big'"),
        (["train", "--preset", "cae", "--hidden-sizes", "8"], "no hidden sizes"),
        (["train", "--preset", "keras", "--latent-size", "2"], "1568"),
        (["train", "--preset", "linear", "--loss", "bce"], "Choose 'mse'"),
        (["train", "--preset", "fae", "--digits", "9"], "between 10 and 60000, but it is 9."),
        (["train", "--preset", "fae", "--digits", "60001"], "between 10 and 60000"),
        (["train", "--preset", "fae", "--digits", "all"], "'all'"),
        (["train", "--preset", "fae", "--classes", "none"], "Choose at least one of 0 to 9."),
        (["train", "--preset", "fae", "--classes", "7,10"], "no class of digits 10."),
        (["train", "--preset", "fae", "--classes", "seven"], "not 'seven'"),
        (["train", "--preset", "fae", "--classes", ""], "not ''"),
        (["download"], "'download'"),
        (["cluster"], "required: action"),
        (["cluster", "restart"], "'restart'"),
        (["reconstruct", "--run", SHIPPED_RUN, "--input", "x.npy"], "required: --output"),
        (["reconstruct", "--run", "0" * 16, "--input", "x.npy", "--output", "y.npy"], "no finished run"),
        (["reconstruct", "--run", "../..", "--input", "x.npy", "--output", "y.npy"], "not a run's name"),
        (
            ["reconstruct", "--run", SHIPPED_RUN, "--input", "/nonexistent.npy", "--output", "y.npy"],
            "cannot be read",
        ),
        (["evaluate", "--run", "abc"], "not a run's name"),
        (["evaluate", "--run", SHIPPED_RUN, "--noise-level", "2"], "between 0.0 and 1.0"),
        (["report", "--output", "x.html"], "arguments --run --lesson is required"),
        (["report", "--lesson"], "required: --output"),
        (["report", "--run", SHIPPED_RUN, "--lesson", "--output", "x.html"], "not allowed with argument"),
        (["report", "--run", SHIPPED_RUN, "--latent-size", "2", "--output", "x.html"], "choose --lesson"),
        (
            ["report", "--lesson", "--latent-size", "5", "--output", "x.html"],
            "of latent size 5. Choose one of",
        ),
        (["report", "--lesson", "--latent-size", "0", "--output", "x.html"], "between 1 and 256"),
        (["report", "--lesson", "--noise-level", "2", "--output", "x.html"], "between 0.0 and 1.0"),
        (["report", "--lesson", "--noise-kind", "snow", "--output", "x.html"], "'snow'. Choose one of"),
        (["report", "--lesson", "--seed", "-1", "--output", "x.html"], "between 0 and 4294967295"),
        (["report", "--run", "0" * 16, "--output", "x.html"], "no finished run"),
        (["prepare", "a.png", "b.png", "--output", "digit.png"], "--output-dir DIR for several"),
        (["prepare", "/nonexistent.png", "--output", "digit.png"], "cannot be read"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "",
)
def test_a_mistake_is_answered_with_what_to_do(arguments, words, place, capsys, monkeypatch):
    monkeypatch.setenv("AE_LAB_STORE", str(place / "store"))
    assert lab(*arguments) == 2
    printed = capsys.readouterr()
    assert words in one_line(printed.err)
    assert printed.out == ""


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz() -> bytes:
    file = io.BytesIO()
    np.savez(file, np.zeros((1, 28, 28)), np.zeros(3))
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (npy(np.zeros((5, 28, 27))), "(5, 28, 27)"),
        (npy(np.zeros((28, 28))), "(28, 28)"),
        (npy(np.zeros((0, 28, 28))), "(0, 28, 28)"),
        (npy(np.full((1, 28, 28), np.nan)), "NaN"),
        (npy(np.full((1, 28, 28), np.inf)), "infinity"),
        (npy(np.full((1, 28, 28), 1.01)), "run from 1.01 to 1.01"),
        (npy(np.full((1, 28, 28), -0.1)), "run from -0.1"),
        (npy(np.full((1, 28, 28), 255, dtype=np.uint8)), "Divide grey levels by 255"),
        (npy(np.full((1, 28, 28), "a")), "not finite numbers"),
        (npy(np.zeros((1, 28, 28)))[:-1], "neither a .npy array"),
        (npz(), "several arrays"),
        (npz()[:100], "neither a .npy array"),
        (b"0.0, 0.1, 0.2\n", "neither a .npy array"),
        (b"", "neither a .npy array"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_input_that_is_no_pictures_is_refused(content, words, tmp_path, capsys):
    (tmp_path / "x.npy").write_bytes(content)
    assert (
        lab(
            "reconstruct", "--run", SHIPPED_RUN, "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy"
        )
        == 2
    )
    assert words in one_line(capsys.readouterr().err)
    assert not (tmp_path / "y.npy").exists()


@pytest.mark.parametrize("output", ["y.npy", "y.png"])
def test_an_output_that_cannot_be_written_is_refused(place, output, capsys):
    (place / "file").write_text("")
    arguments = [
        "reconstruct",
        "--run",
        SHIPPED_RUN,
        "--input",
        place / "x.npy",
        "--output",
        place / "file" / output,
    ]
    assert lab(*arguments) == 2
    assert "cannot be written" in one_line(capsys.readouterr().err)


def test_a_report_that_cannot_be_written_is_refused(place, capsys):
    (place / "file").write_text("")
    asked = [
        "--lesson",
        "--latent-size",
        1,
        "--store",
        place / "store",
        "--output",
        place / "file" / "x.html",
    ]
    assert lab("report", *asked) == 2
    assert "cannot be written" in one_line(capsys.readouterr().err)


def test_an_output_folder_that_cannot_be_made_is_refused(place, digits, capsys):
    (place / "file").write_text("")
    photo(digits.test_nhw[0]).save(place / "photo.png")
    assert lab("prepare", place / "photo.png", "--output-dir", place / "file" / "digits") == 2
    assert "cannot be written" in one_line(capsys.readouterr().err)


def test_a_store_that_cannot_be_written_is_refused(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert lab("train", "--local", *SHORT, "--store", tmp_path / "file" / "store") == 2
    assert "cannot be written" in one_line(capsys.readouterr().err)


def test_runs_that_came_with_the_lab_are_there_without_a_writable_store(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert lab("runs", "--store", tmp_path / "file" / "store", "--json") == 0
    assert len(result(capsys.readouterr().out)["runs"]) == len(list(SHIPPED.iterdir()))


def test_a_damaged_run_is_refused_and_reported(place, trained, capsys, tmp_path):
    name = result(trained.stdout)["run_id"]
    for store in ("evaluated", "listed"):
        shutil.copytree(place / "store" / "runs" / name, tmp_path / store / "runs" / name)
        (tmp_path / store / "runs" / name / WEIGHTS).write_bytes(b"damaged")
    assert lab("evaluate", "--run", name, "--store", tmp_path / "evaluated") == 2
    assert "damaged" in one_line(capsys.readouterr().err)
    assert lab("runs", "--store", tmp_path / "listed", "--json") == 0
    assert name in result(capsys.readouterr().out)["damaged"][0]


@pytest.mark.parametrize("given", [["--server.port", "{}"], ["--server.port={}"], []])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_port_that_is_taken_is_said_with_the_way_out(capsys, monkeypatch, given, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as taken:
        try:
            taken.bind((address, 0))
        except OSError:
            pytest.skip("there is no IPv6 here")
        taken.listen()
        port = taken.getsockname()[1]
        if not given:
            monkeypatch.setenv("STREAMLIT_SERVER_PORT", f"{port}")
        assert start_app([option.format(port) for option in given]) == 2
    said = one_line(capsys.readouterr().err)
    assert f"Port {port} is taken" in said
    assert f"http://localhost:{port}" in said
    assert f"`--server.port {port + 1}`" in said


def test_a_port_that_there_is_none_of_is_said(capsys):
    assert start_app(["--server.port", "70000"]) == 2
    assert "There is no port 70000" in one_line(capsys.readouterr().err)


def test_beside_the_last_port_the_one_before_it_is_offered(capsys):
    with socket.socket() as taken:
        try:
            taken.bind(("127.0.0.1", 65_535))
        except OSError:
            pytest.skip("another program has the last port")
        taken.listen()
        assert start_app(["--server.port", "65535"]) == 2
    assert "`--server.port 65534`" in one_line(capsys.readouterr().err)
