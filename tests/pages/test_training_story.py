"""How a network learnt: the figure that the browser replays, and what a page shows of it."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product

import numpy as np
import plotly.io
import pytest
import streamlit as st
import torch

from ae_core import config
from ae_core.data import Digits
from ae_core.figures import training as training_figures
from ae_core.figures.latent import CLASS_COLOURS, CLASS_SYMBOLS
from ae_core.figures.training import BEYOND, SCALE
from ae_core.runs import history
from ae_core.runs.history import Progress
from ae_core.runs.store import SHIPPED, Store, default_root
from ae_core.service import cluster, worker
from pages.shared import display, lab
from pages.shared.frame import presenter
from pages.shared.parts import mix_up_view
from pages.shared.runs import stuck_words, training_story
from tests.study.test_latent import opened

SMALL_DAE = config.adjusted(config.DAE, model={"latent_size": 2}, training={"epochs": 3})
# The trace of all codes in a replay, after ten classes of the legend; and the last of a denoiser's pictures.
POINTS, REBUILT = 10, 2


@pytest.fixture
def progress(few_digits: Digits) -> Progress:
    """A denoiser trained here, on few digits, with everything that is logged today."""
    store = Store(default_root())
    for _ in worker.record_training(SMALL_DAE, store, few_digits):
        pass
    return history.read_progress(config.run_id(SMALL_DAE), store)


@pytest.mark.parametrize("name", sorted(folder.name for folder in SHIPPED.iterdir()))
def test_every_run_that_comes_with_the_lab_can_be_replayed_from_its_first_step_and_its_log_is_small(name):
    told = history.read_progress(name, Store(default_root()))
    steps = [step for step, _ in told.snapshots]
    assert len(steps) >= 24
    assert (steps[0], steps[-1]) == (0, told.steps)
    assert told.codes is not None
    assert told.codes.steps == steps
    assert told.codes.codes_tnd.shape == (len(steps), 1000, 2)
    assert (SHIPPED / name / "events.jsonl").stat().st_size < 1_000_000


def forget_codes(run: config.RunConfig) -> None:
    """Make the run one of a lab that did not yet keep where codes lay."""
    store = Store(default_root())
    finished = store.get(config.run_id(run))
    model = store.load_model(finished)
    log = store.folder(finished.run_id) / "events.jsonl"
    lines = [line for line in log.read_text().splitlines() if json.loads(line)["event"] != "codes"]
    log.write_text("\n".join(lines) + "\n")
    store.commit(run, model, finished.result)


def replayed(progress: Progress, frame: int) -> dict:
    """The figure as the browser has it once it shows this frame, by trace."""
    figure = training_story._draw_replay(progress, "mse", False)
    shown = figure.frames[frame]
    return dict(zip(shown.traces, shown.data, strict=True))


def rebuilt_pictures(progress: Progress) -> list[str]:
    """The picture of what the network rebuilds in each frame, where no other changes, as data addresses."""
    frames = [frame.layout.images for frame in training_story._draw_replay(progress, "mse", False).frames]
    assert all(image.source is None for images in frames for image in images[:REBUILT])
    return [images[REBUILT].source for images in frames]


def test_the_replay_leads_from_the_untrained_network_to_the_trained_one_and_stands_there(progress):
    figure = training_story._draw_replay(progress, "mse", False)
    assert figure.frames[0].name == "0"
    assert figure.frames[-1].name == str(progress.steps)
    assert [step.args[0][0] for step in figure.layout.sliders[0].steps] == [
        frame.name for frame in figure.frames
    ]
    assert figure.layout.sliders[0].active == len(figure.frames) - 1
    for trace, shown in replayed(progress, -1).items():
        for part in ("x", "y"):
            np.testing.assert_array_equal(figure.data[trace][part], shown[part])
    assert figure.layout.images[REBUILT].source == rebuilt_pictures(progress)[-1]


def test_pictures_codes_and_loss_move_together(progress):
    first, last = replayed(progress, 0), replayed(progress, -1)
    assert set(first) == set(last)
    pictures = rebuilt_pictures(progress)
    assert pictures[0] != pictures[-1]
    assert not np.array_equal(first[POINTS].x, last[POINTS].x)
    (marker,) = list(last)[-1:]
    assert last[marker].x == (progress.steps,)
    assert last[marker].y[0] == pytest.approx(784 * progress.batch_losses[-1][1])


def test_on_a_phone_no_label_of_the_replay_lies_on_a_frame_or_a_curve(progress):
    figure = training_story._draw_replay(progress, "mse", False)
    width, widest_label = 356, 45
    assert (figure.layout.xaxis3.domain[0] - figure.layout.xaxis2.domain[1]) * width >= widest_label
    assert not any("3" in f"{words.xref}{words.yref}" for words in figure.layout.annotations)


@pytest.mark.parametrize("loss", ["mse", "bce"])
def test_the_replays_losses_are_read_off_the_axis_that_they_belong_to(progress, loss):
    figure = training_story._draw_replay(progress, loss, False)
    training, test, known = [
        trace for trace in figure.data if trace.xaxis == "x3" and trace.mode != "markers"
    ]
    axes = [figure.layout["yaxis" + trace.yaxis[1:]] for trace in (training, test)]
    assert all(axis.visible is not False and axis.showticklabels is not False for axis in axes)
    assert test.y[-1] == pytest.approx(progress.test_errors[-1][1])
    assert training.y[-1] == pytest.approx(progress.batch_losses[-1][1] * (784 if loss == "mse" else 1))
    assert (known.yaxis, known.y[-1]) == (test.yaxis, pytest.approx(progress.train_errors[-1][1]))
    words = figure.layout.annotations[-1].text
    two_units = loss == "bce"
    assert (axes[0] != axes[1]) == two_units
    assert (axes[1].side == "right") == two_units
    assert (", left" in words and ", right" in words) == two_units


def test_every_frame_shows_every_digits_code_where_it_lay(progress):
    labels, codes = progress.codes.labels_n, progress.codes.codes_tnd
    last_low, last_high = codes[-1].amin(0), codes[-1].amax(0)
    reach = (last_high - last_low) / 5
    low = codes.amin((0, 1)).maximum(last_low - reach)
    high = codes.amax((0, 1)).minimum(last_high + reach)
    shares = (codes[4] - low) / (high - low)
    told = ((shares + BEYOND) / (1 + 2 * BEYOND)).clamp(0, 1)  # what lies outside the frame is told there
    shown = replayed(progress, 4)[POINTS]
    np.testing.assert_allclose(np.stack([shown.x, shown.y], axis=1), told * SCALE, atol=0.51)
    looks = training_story._draw_replay(progress, "mse", False).data[POINTS].marker
    assert list(looks.color) == [CLASS_COLOURS[digit] for digit in labels]
    assert list(looks.symbol) == [CLASS_SYMBOLS[digit] for digit in labels]


def test_the_legend_names_every_class_in_the_look_of_its_points(progress):
    legend = [trace for trace in training_story._draw_replay(progress, "mse", False).data if trace.name]
    assert [(trace.name, trace.marker.color, trace.marker.symbol) for trace in legend] == [
        (str(digit), colour, symbol)
        for digit, (colour, symbol) in enumerate(zip(CLASS_COLOURS, CLASS_SYMBOLS, strict=True))
    ]


def test_the_axes_stay_and_hold_the_trained_networks_codes_which_fill_most_of_them(progress):
    figure = training_story._draw_replay(progress, "mse", False)
    assert all(set(frame.layout.to_plotly_json()) == {"images"} for frame in figure.frames)
    low, high = figure.layout.xaxis2.range
    across = np.asarray(figure.frames[-1].data[0].x, dtype=float)
    assert low < across.min() <= across.max() < high
    assert np.ptp(across) >= 0.6 * (high - low)
    assert 0 < low < high < SCALE  # what is told beyond them is seen to lie outside


def test_nothing_plays_by_itself_or_glides(progress):
    figure = training_story._draw_replay(progress, "mse", False)
    assert not figure.layout.updatemenus
    for step in figure.layout.sliders[0].steps:
        assert step.args[1]["frame"]["duration"] == step.args[1]["transition"]["duration"] == 0


def test_a_shipped_training_is_a_small_figure(store):
    run = store.shipped_like(config.DAE)
    progress = history.read_progress(run.run_id, store)
    rng = torch.Generator().manual_seed(0)
    codes = history.CodeHistory(
        [step for step, _ in progress.snapshots],
        torch.randn(25, 1000, 2, generator=rng),
        torch.arange(1000) % 10,
    )
    figure = training_story._draw_replay(Progress(**{**progress.__dict__, "codes": codes}), "mse", False)
    assert len(plotly.io.to_json(figure, validate=False)) < 700_000


@pytest.mark.parametrize(("count", "expected"), [(25, [0, 6, 12, 18, 24]), (3, [0, 1, 2]), (1, [0])])
def test_stills_are_spread_from_the_first_snapshot_to_the_last(count, expected):
    assert training_figures.stills(count) == expected


def test_a_denoisers_story_shows_stills_and_the_noisy_input(progress):
    page = opened("denoising", yours=config.run_id(SMALL_DAE), whose="Yours")
    stills = next(element.proto.body for element in page.get("html") if "step 0" in element.proto.body)
    assert stills.count("step ") == 2 * 5
    assert "noisy" in stills
    replay = json.loads(page.get("plotly_chart")[-1].proto.spec)
    assert "noisy input x + ε, clipped to 0–1" in [words["text"] for words in replay["layout"]["annotations"]]
    assert len(replay["frames"]) == 25


def test_a_run_without_codes_says_so_and_shows_the_rest(progress):
    forget_codes(SMALL_DAE)
    st.cache_resource.clear()  # the log of a finished run is read once
    page = opened("denoising", yours=config.run_id(SMALL_DAE), whose="Yours")
    assert any("before the lab kept where the codes lay" in caption.value for caption in page.caption)
    replay = json.loads(page.get("plotly_chart")[-1].proto.spec)
    assert len(replay["layout"]["images"]) == 3
    assert [trace["type"] for trace in replay["data"]] == ["scatter"] * 4


def test_a_presenters_lab_has_what_takes_long_on_the_scripts_pages_at_hand(monkeypatch):
    st.cache_resource.clear()
    st.cache_data.clear()
    started = []
    monkeypatch.setattr(cluster, "ensure_cluster_started", started.append)
    presenter.prepare_networks()
    assert started == [lab.store()]  # or a core is busy with it while a room waits for the first lesson
    monkeypatch.setattr(training_story, "_draw_replay", lambda *_: pytest.fail("drawn again"))
    monkeypatch.setattr(stuck_words, "judge_run", lambda *_: pytest.fail("judged again"))
    monkeypatch.setattr(display, "summary", lambda *_: pytest.fail("measured again"))
    monkeypatch.setattr(mix_up_view, "find_mix_ups", lambda *_: pytest.fail("read again"))
    replays = {"fully_connected": [25], "convolutional": [25], "denoising": [25], "latent_space": []}
    for name, asked in product(replays, ({}, {"present": "1"})):
        page = opened(name, **asked)
        assert not page.exception
        figures = [json.loads(chart.proto.spec) for chart in page.get("plotly_chart")]
        frames = [len(figure["frames"]) for figure in figures if figure.get("frames")]
        assert frames == replays[name]


def test_codes_of_one_number_lie_along_the_middle_of_the_frame(progress):
    codes = progress.codes
    one = replace(progress, codes=replace(codes, codes_tnd=codes.codes_tnd * torch.tensor([1.0, 0.0])))
    figure = training_story._draw_replay(one, "mse", False)
    low, high = figure.layout.yaxis2.range
    assert np.asarray(figure.frames[-1].data[0].y, float) == pytest.approx((low + high) / 2, rel=0.01)
