"""Train, stop, watch: the part of a page that follows one run from click to finish."""

from __future__ import annotations

import streamlit as st

from ae_core import cluster, config, data, figures, jobs
from ae_core.config import RunConfig
from ae_core.errors import LabError
from ae_core.figures import Row
from ae_core.jobs import Progress
from ae_core.store import StoredRun
from pages.shared import lab
from pages.shared.display import DIGITS_SHOWN, chart

POLL_SECONDS = 0.8


def buttons(run: RunConfig, page: str) -> None:
    """Train and Stop for the run that the dials describe."""
    _warm_up()
    name = config.run_id(run)
    status = jobs.status(name, lab.store())
    busy = status in ("queued", "running")
    row = st.container(horizontal=True)
    row.button(
        "Train", key=f"{page}_train", type="primary", icon=":material/play_arrow:", width="stretch",
        disabled=busy or status == "finished", on_click=_submit, args=(run,),
        help="These settings are trained. Move a dial to train others." if status == "finished" else None,
    )  # fmt: skip
    row.button("Stop", key=f"{page}_stop", icon=":material/stop:", width="stretch", disabled=not busy, on_click=_stop, args=(name,))
    if problem := st.session_state.pop("training_problem", None):
        st.error(problem, icon=":material/error:")


def watch(run: RunConfig, page: str) -> StoredRun | None:
    """Show the training of `run` while it goes on; give back what there is to look at when none does.

    Ends the page with a word on what to do when nothing with these dials has been trained.
    """
    name = config.run_id(run)
    progress = jobs.progress(name, lab.store())
    if progress.status in ("queued", "running"):
        _follow(name, page)
        st.stop()
    if progress.status == "stopped":
        st.warning(
            f"Stopped in epoch {progress.epoch + 1} of {progress.epochs}. Press **Train** to start it again.", icon=":material/stop:"
        )
        _show(progress, page)
    elif progress.status == "failed":
        st.error(progress.message, icon=":material/error:")
    elif progress.status == "lost":
        st.error("The training process ended before this run did. Press **Train** to start it again.", icon=":material/error:")
    found = lab.trained(run)
    if found is None:
        st.info(
            f"No {config.family(run)} with these settings has been trained yet. Press **Train** to see what it learns.",
            icon=":material/play_arrow:",
        )
        st.stop()
    return found


def progress_bar(run: RunConfig) -> None:
    """How far the training of `run` is, in one line; the page is drawn again when it ends."""
    if jobs.status(config.run_id(run), lab.store()) in ("queued", "running"):
        _follow_in_one_line(config.run_id(run))


def curve(run: StoredRun, page: str) -> None:
    """How the loss of a finished run fell."""
    progress = jobs.progress(run.run_id, lab.store())
    with st.expander("How it learnt"):
        _show(progress, f"{page}_past")


@st.fragment(run_every=POLL_SECONDS)
def _follow(name: str, page: str) -> None:
    progress = jobs.progress(name, lab.store())
    if progress.status not in ("queued", "running"):
        st.rerun()
    _bar(progress)
    if progress.snapshots:
        _show(progress, page)


@st.fragment(run_every=POLL_SECONDS)
def _follow_in_one_line(name: str) -> None:
    progress = jobs.progress(name, lab.store())
    if progress.status not in ("queued", "running"):
        st.rerun()
    _bar(progress)


def _bar(progress: Progress) -> None:
    if not progress.epochs:
        st.progress(0.0, text="Waiting for its turn …" if progress.status == "queued" else "Getting ready …")
        return
    left = f" · about {progress.seconds_left:.0f} s left" if progress.seconds_left is not None else ""
    epoch = min(progress.epoch + 1, progress.epochs)
    st.progress(min(progress.fraction, 1.0), text=f"Epoch {epoch} of {progress.epochs}{left} · on {progress.device.upper()}")


def _show(progress: Progress, page: str) -> None:
    if progress.snapshots and progress.clean is not None and progress.noisy is not None:
        step, _ = progress.snapshots[-1]
        few = slice(DIGITS_SHOWN)
        rows = [Row("digit x", progress.clean[few])]
        if not progress.noisy.equal(progress.clean):
            rows.append(Row("noisy input x + ε, clipped to 0–1", progress.noisy[few]))
        rows.append(Row(f"reconstruction after {step:,} steps", progress.snapshot()[few]))
        st.html(figures.rows_html(rows))
    curve = figures.loss_curve(progress.batch_losses, progress.test_errors, progress.steps)
    chart(curve, f"{page}_curve", "Training loss and test error, falling over the steps")


def _submit(run: RunConfig) -> None:
    try:
        jobs.submit(run, lab.store(), data.directory() if run.data.name != config.EMBEDDED else None)
    except LabError as problem:
        st.session_state.training_problem = str(problem)


def _stop(name: str) -> None:
    try:
        jobs.stop(name, lab.store())
    except LabError as problem:
        st.session_state.training_problem = str(problem)


def _warm_up() -> None:
    """Start the training process before anybody presses Train; a store that cannot be written is told then."""
    try:
        cluster.ensure_started(lab.store())
    except LabError:
        return
