"""What is taken along: the report, which works offline, the table of metrics, the code that trains again."""

from __future__ import annotations

import csv
import io
import math
import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from playwright.sync_api import expect
from torch import Tensor

from ae_core import config, data
from ae_core.config import PIXELS, CorruptionConfig, DataConfig
from ae_core.corruption import corrupt
from ae_core.metrics import squared_error, summary
from ae_core.models import Autoencoder, as_picture, reconstruct
from ae_core.runs import history, report
from ae_core.runs.store import Store, default_root
from ae_core.service.worker import record_training
from ae_core.training import seeded
from tests.conftest import PROJECT
from tests.support.browser import PROJECTOR

NOISE = CorruptionConfig("masking", 0.3)
SMALL = config.adjusted(
    replace(config.FAE, data=DataConfig(digits=1_000, classes=(0, 1, 2, 3, 4))),
    model={"latent_size": 2, "hidden_sizes": (8,)},
    corruption={"kind": "masking", "level": 0.3},
    training={"epochs": 1},
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, digits):
    """A small denoising FAE, trained as the lab trains."""
    store = Store(tmp_path_factory.mktemp("store"), shipped_root=None)
    for _ in record_training(SMALL, store, data.select_digits(digits, SMALL.data)):
        pass
    return store, store.get(config.run_id(SMALL))


@pytest.fixture
def small(few_digits):
    return replace(few_digits, test_nhw=few_digits.test_nhw[:40], test_labels_n=few_digits.test_labels_n[:40])


@pytest.fixture
def page(trained, small):
    store, run = trained
    return report.report_html(
        run, history.read_progress(run.run_id, store), store.load_model(run), small, NOISE, 0
    )


def without_scripts(page: str) -> str:
    return re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def test_the_program_trains_the_run_again_to_the_same_weights(trained, tmp_path):
    _, run = trained
    surroundings = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        [sys.executable, "-c", report.training_code(run)],
        cwd=tmp_path,
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.split() == [run.weights_sha256, "identical"], done.stderr


def test_the_program_of_another_run_says_different(trained):
    _, run = trained
    other = replace(run, config=config.adjusted(run.config, training={"seed": 1}))
    assert "seed=1" in report.training_code(other)
    assert report.training_code(other) != report.training_code(run)


def test_the_program_of_an_earlier_versions_run_says_that_it_needs_that_version(trained):
    _, run = trained
    earlier = replace(run, config=replace(run.config, data=DataConfig("embedded")))
    assert "of the version that trained it" in report.code_requirements(earlier)
    assert "version" not in report.code_requirements(run)


def test_the_program_of_a_run_that_was_rounded_to_ship_compares_what_training_left(trained):
    _, run = trained
    rounded = replace(run, result={**run.result, "trained_sha256": "7" * 64})
    assert f'weights == "{"7" * 64}"' in report.training_code(rounded)


def test_the_table_has_each_levels_metrics_and_those_of_doing_nothing(trained, small):
    store, run = trained
    model = store.load_model(run)
    rows = list(csv.DictReader(io.StringIO(report.metrics_csv(run, model, small, "masking", 7))))
    assert [float(row["noise_level"]) for row in rows] == [0, 0.2, 0.3, 0.4, 0.6, 0.8, 1]
    row = rows[2]
    noisy = corrupt(small.test_nhw, NOISE, seeded(7, "noise shown"))
    for prefix, images in (("", reconstruct(model, noisy)), ("nothing_", noisy)):
        wanted = summary(images, small.test_nhw)
        assert {name: float(row[prefix + name]) for name in wanted} == pytest.approx(wanted, rel=1e-4)
        assert float(row[f"{prefix}squared_error"]) == pytest.approx(wanted["mse"] * PIXELS, rel=1e-4)
    assert {row["run_id"] for row in rows} == {run.run_id}
    assert math.isinf(float(rows[0]["nothing_psnr"]))


def test_the_report_holds_settings_provenance_curve_pictures_metrics_and_program(page, trained):
    _, run = trained
    assert all(value in page for _, value in report.settings_in_words(run.config))
    assert run.weights_sha256 in page
    assert "always the mean digit" in page
    living, pictures, snapshots = 4, 3, 1 + report.SNAPSHOTS_SHOWN
    assert without_scripts(page).count('src="data:image/png;base64,') == living + pictures + snapshots
    assert all(f'<td class="number">{level:g}</td>' in page for level in (0, 0.3, 1))
    assert "use_one_thread()" in page


def test_the_report_asks_for_nothing_from_outside(page):
    assert re.findall(r'(?:src|href)="(?!data:)', without_scripts(page)) == []
    assert re.findall(r"<script[^>]*src", page) == []
    assert "url(" not in without_scripts(page)
    assert "default-src 'none'" in page


def test_the_report_of_the_largest_shipped_network_is_small(small):
    store = Store(default_root())
    runs, _ = store.shipped()
    run = max(runs, key=lambda run: run.result["parameters"])
    progress = history.read_progress(run.run_id, store)
    page = report.report_html(run, progress, store.load_model(run), small, NOISE, 0)
    assert len(page.encode()) < 1_200_000


def error_of(model: Autoencoder, digit_1hw: Tensor, noise: CorruptionConfig) -> float:
    """Squared error of what PyTorch makes of a digit with the noise that a page draws."""
    noisy_1hw = corrupt(digit_1hw, noise, seeded(0, "noise shown"))
    return float(squared_error(as_picture(reconstruct(model, noisy_1hw)), digit_1hw))


def test_the_report_works_from_a_file_without_a_network(page, trained, small, browser, tmp_path):
    store, run = trained
    model = store.load_model(run)
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    context = browser.new_context(viewport=PROJECTOR, offline=True)
    tab = context.new_page()
    asked, problems = [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("pageerror", lambda problem: problems.append(str(problem)))
    tab.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    tab.goto(path.as_uri())
    title = tab.locator(".rebuilt figcaption")

    def expect_error(wanted: float) -> None:
        expect(title).to_have_text(re.compile(rf"{wanted - 0.05:.1f}|{wanted:.1f}|{wanted + 0.05:.1f}"))

    expect(tab.locator("#lab-dials")).to_be_visible()
    expect(tab.locator("#lab-picture img")).to_have_count(0)
    expect_error(error_of(model, small.test_nhw[:1], NOISE))

    noise = tab.get_by_label("Masking noise, level")
    noise.press("Home")
    first = error_of(model, small.test_nhw[:1], CorruptionConfig())
    expect_error(first)
    for _ in range(20):
        noise.press("ArrowRight")
    expect_error(error_of(model, small.test_nhw[:1], CorruptionConfig("masking", 0.2)))
    tab.get_by_role("button", name="Next digit").click()
    expect_error(error_of(model, small.test_nhw[1:2], CorruptionConfig("masking", 0.2)))
    expect(tab.get_by_role("combobox", name="Digit")).to_have_value("1")
    tab.get_by_role("combobox", name="Digit").select_option("0")
    noise.press("Home")
    expect_error(first)

    board = tab.locator(".digit canvas").bounding_box()
    tab.mouse.move(board["x"] + 0.2 * board["width"], board["y"] + 0.7 * board["height"])
    tab.mouse.down()
    tab.mouse.move(board["x"] + 0.8 * board["width"], board["y"] + 0.8 * board["height"], steps=4)
    tab.mouse.up()
    restore = tab.get_by_role("button", name="Restore")
    expect(restore).to_be_visible()
    expect(title).not_to_contain_text(f"{first:.1f}")
    restore.click()
    expect_error(first)
    number = tab.get_by_role("slider", name="Number 1 of 2")
    number.press("End")
    expect(title).not_to_contain_text(f"{first:.1f}")
    tab.get_by_role("button", name="Back to the digit").click()
    expect_error(first)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert problems == []
    context.close()


def test_without_scripts_the_report_shows_the_picture_that_it_came_with(page, browser, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    context = browser.new_context(java_script_enabled=False, offline=True)
    tab = context.new_page()
    tab.goto(path.as_uri())
    expect(tab.locator("#lab-picture img")).to_have_count(4)
    expect(tab.locator("#lab-dials")).to_be_hidden()
    context.close()


def test_words_from_an_uploaded_run_are_text_in_the_report(trained, small):
    store, run = trained
    evil = replace(run, result={**run.result, "versions": {"torch": "<script>alert(1)</script>"}})
    page = report.report_html(
        evil, history.read_progress(run.run_id, store), store.load_model(run), small, NOISE, 0
    )
    assert "<script>alert(1)" not in page


def test_the_pictures_follow_the_noise_that_is_asked_for(trained, small):
    store, run = trained
    model, progress = store.load_model(run), history.read_progress(run.run_id, store)
    pictures = [
        re.findall(r'src="(data:[^"]+)', report.report_html(run, progress, model, small, NOISE, seed))[-3:]
        for seed in (0, 1)
    ]
    assert pictures[0][0] == pictures[1][0]
    assert pictures[0][1:] != pictures[1][1:]
