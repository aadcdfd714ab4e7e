"""What a visitor takes along: the report, the table of metrics, and the program that trains the run again."""

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

from ae_core import config, data
from ae_core.config import PIXELS, CorruptionConfig, DataConfig
from ae_core.corruption import corrupt
from ae_core.metrics import summary
from ae_core.models import reconstruct
from ae_core.runs import history, report
from ae_core.runs.store import Store
from ae_core.service.worker import record_training
from ae_core.training import seeded
from tests.conftest import PROJECT

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
    assert "Plotly.newPlot" in page
    assert without_scripts(page).count('src="data:image/png;base64,') == 3 + 1 + report.SNAPSHOTS_SHOWN
    assert all(f'<td class="number">{level:g}</td>' in page for level in (0, 0.3, 1))
    assert "use_one_thread()" in page


def test_the_report_asks_for_nothing_from_outside(page):
    assert re.findall(r'(?:src|href)="(?!data:)', without_scripts(page)) == []
    assert re.findall(r"<script[^>]*src", page) == []
    assert "url(" not in without_scripts(page)


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
