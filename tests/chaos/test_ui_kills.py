"""The app is killed while a training goes on that its visitor began."""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from ae_core import config
from ae_core.config import CAE, DataConfig, RunConfig
from ae_core.runs import history
from ae_core.runs.store import Store
from ae_core.service import cluster
from tests.chaos.faults import processes_of
from tests.support.browser import App, chromium, chromium_path
from tests.support.service import wait_for

IDLE_SECONDS = 5
DIGITS = "train_digits=1,000&cae_epochs_for_1000=2&cae_batch_size=64"
LINK = f"convolutional?latent_size=3&{DIGITS}&seed={{}}"


def run_of(seed: int) -> RunConfig:
    return config.adjusted(
        replace(CAE, data=DataConfig(digits=1_000)),
        model={"latent_size": 3},
        training={"epochs": 2, "batch_size": 64, "seed": seed},
    )


def press_train_and_kill(browser: Browser, folder: Path, seed: int, rng: random.Random) -> None:
    """Open the app, press Train, and kill the app at a random moment of the training."""
    name = config.run_id(run_of(seed))
    with App(folder, AE_LAB_IDLE_SECONDS=str(IDLE_SECONDS)) as app:
        page = browser.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{app.url}/{LINK.format(seed)}")
        page.locator(".st-key-cae_train button").click()
        wait_for(lambda: history.status_of(name, app.store) in ("running", "finished"))
        time.sleep(rng.uniform(0, 1.5))
        app.end_cluster = False
        app.process.send_signal(rng.choice([signal.SIGKILL, signal.SIGTERM]))
        app.process.wait(timeout=30)
        page.close()


def test_trainings_outlive_the_app_and_leave_nothing_behind(tmp_path, times, measured):
    store, rng = Store(tmp_path / "store"), random.Random(0)
    kills = times(1, 50)
    with sync_playwright() as playwright:
        if chromium_path(playwright.chromium) is None and not os.environ.get("REQUIRE_BROWSER"):
            pytest.skip("there is no Chromium here; install one, or see the failure with REQUIRE_BROWSER=1")
        browser = chromium(playwright)
        for seed in range(kills):
            press_train_and_kill(browser, tmp_path, seed, rng)
        browser.close()
    for seed in range(kills):
        name = config.run_id(run_of(seed))
        wait_for(lambda name=name: history.status_of(name, store) == "finished")
        told = [event["event"] for event in store.events(name) if event["event"] not in ("batch", "snapshot")]
        assert told == ["started", "epoch", "epoch", "codes", "finished"]
        assert [event["step"] for event in store.events(name) if event["event"] == "batch"] == list(
            range(1, 33)
        )
    ended = wait_for(lambda: not cluster.is_cluster_running(store), seconds=60 + IDLE_SECONDS)
    wait_for(lambda: not processes_of(store), seconds=30)
    measured(
        f"{kills} kills of the app, {kills} complete logs; the last process was gone {ended:.0f} s "
        f"after the last training (idle timeout {IDLE_SECONDS} s), orphans: {len(processes_of(store))}"
    )
