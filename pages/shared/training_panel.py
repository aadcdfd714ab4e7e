"""Train, stop, watch: the part of a page that follows one run from click to finish."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from ae_core import cluster, config, data, figures, jobs, tickets
from ae_core.config import RunConfig
from ae_core.errors import LabError
from ae_core.figures import Row
from ae_core.jobs import Progress
from ae_core.store import StoredRun
from pages.shared import lab
from pages.shared.display import DIGITS_SHOWN, chart, trio
from pages.shared.gate import counts

# Between two looks at a training. With 0.25 s the first changed picture came 0.6 to 1.2 s after Train, with 0.15 s after 0.4 to 0.5 s.
# Drawing a curve takes a browser as long as ten pictures, time that the training lacks.
POLL_SECONDS = 0.15
CURVE_SECONDS = 1.0
# With more visitors it is looked at less often, so that all together look this many times a second at most.
LOOKS_PER_SECOND = 40
CURVES_PER_SECOND = 10
BUSY = ("queued", "running")


def buttons(run: RunConfig, page: str) -> None:
    """Train and Stop for the run that the dials describe."""
    _warm_up()
    name = config.run_id(run)
    status = jobs.status(name, lab.store())
    busy = status in BUSY
    row = st.container(horizontal=True)
    row.button(
        "Continue" if status == "stopped" else "Train", key=f"{page}_train", type="primary", icon=":material/play_arrow:",
        width="stretch", disabled=busy or status == "finished", on_click=_submit, args=(run,),
        help="These settings are trained. Move a dial to train others." if status == "finished" else None,
    )  # fmt: skip
    row.button(
        "Stop", key=f"{page}_stop", icon=":material/stop:", width="stretch", disabled=not busy or name in _let_go(),
        on_click=_stop, args=(name,),
    )  # fmt: skip
    if problem := st.session_state.pop("training_problem", None):
        st.error(problem, icon=":material/error:")


def buttons_for_all(runs: Sequence[RunConfig], page: str) -> None:
    """One button that trains all of `runs`, as far as they are not trained, and one that stops them."""
    _warm_up()
    states = {config.run_id(run): jobs.status(config.run_id(run), lab.store()) for run in runs}
    wanted = [run for run in runs if states[config.run_id(run)] not in (*BUSY, "finished")]
    busy = [name for name, state in states.items() if state in BUSY and name not in _let_go()]
    row = st.container(horizontal=True)
    row.button(
        "Train both", key=f"{page}_train", type="primary", icon=":material/play_arrow:", width="stretch", disabled=not wanted,
        on_click=_submit_all, args=(wanted,),
        help=None if wanted else "These settings are trained. Move a dial to train others.",
    )  # fmt: skip
    row.button(
        "Stop both", key=f"{page}_stop", icon=":material/stop:", width="stretch", disabled=not busy, on_click=_stop_all, args=(busy,)
    )
    if problem := st.session_state.pop("training_problem", None):
        st.error(problem, icon=":material/error:")


def progress_bars(runs: Mapping[str, RunConfig]) -> None:
    """How far each training is, under its name; nothing for those that are neither going on nor broken off."""
    for name, run in runs.items():
        if jobs.status(config.run_id(run), lab.store()) not in ("none", "finished"):
            st.markdown(f"**{name}**")
            progress_bar(run)


def missing(runs: Mapping[str, StoredRun], latent_size: int, page: str) -> None:
    """Train and Stop for each of FAE, CAE and DAE of one latent size that is not among the trained `runs`."""
    for name, wanted in trio(latent_size).items():
        if name not in runs:
            st.markdown(f"No **{name}** with latent size {latent_size} yet:")
            buttons(wanted, f"{page}_{name}")
            progress_bar(wanted)


def watch(run: RunConfig, page: str) -> StoredRun | None:
    """Show the training of `run` while it goes on; give back what there is to look at when none does.

    None, and a word on what to do, when nothing with these dials has been trained.
    """
    name = config.run_id(run)
    progress = jobs.progress(name, lab.store())
    if progress.status in BUSY:
        _often(_follow, POLL_SECONDS, LOOKS_PER_SECOND)(name)
        _often(_follow_curve, CURVE_SECONDS, CURVES_PER_SECOND)(name, page)
        return None
    if progress.status == "stopped":
        st.warning(_stopped(progress), icon=":material/stop:")
        _show(progress, page)
    elif progress.status == "failed":
        st.error(progress.message, icon=":material/error:")
        if progress.snapshots:
            _show(progress, page)
    found = lab.trained(run)
    if found is None and progress.status == "none":
        st.info(
            f"No {config.family(run)} with these settings has been trained yet. Press **Train** to see what it learns."
            + (" The key **D** brings the dials and hides them, **B** leads back to the script." if lab.presenting() else ""),
            icon=":material/play_arrow:",
        )
    return found


def _stopped(progress: Progress) -> str:
    if not progress.epochs:
        return "Stopped before it began. Press **Continue** to train it."
    at = f"Stopped at epoch {min(progress.epoch + 1, progress.epochs)} of {progress.epochs}, not finished. Press **Continue** to go on "
    return at + (f"after epoch {progress.epoch}." if progress.epoch else "from the beginning.")


def progress_bar(run: RunConfig) -> None:
    """How far the training of `run` is, in one line; the page is drawn again when it ends."""
    progress = jobs.progress(config.run_id(run), lab.store())
    if progress.status in BUSY:
        _often(_look, POLL_SECONDS, LOOKS_PER_SECOND)(config.run_id(run))
    elif progress.status == "stopped":
        st.caption(_stopped(progress))
    elif progress.status == "failed":
        st.error(progress.message, icon=":material/error:")


def _often(look: Callable[..., object], seconds: float, most_per_second: float) -> Callable[..., object]:
    """`look` as a fragment that is run again every so many seconds, or as often as all visitors' share in `most_per_second` allows."""
    return st.fragment(look, run_every=max(seconds, counts.connections / most_per_second))


def _follow(name: str) -> None:
    progress = _look(name)
    if progress is not None:
        _show_pictures(progress)


def _follow_curve(name: str, page: str) -> None:
    with lab.plain_errors():
        progress = jobs.progress(name, lab.store())
        if progress.snapshots:
            _show_curve(progress, page)


def _look(name: str) -> Progress | None:
    """The bar over a training under way; the whole page is drawn again when it is over."""
    with lab.plain_errors():
        progress = jobs.progress(name, lab.store())
        if progress.status not in BUSY:
            st.rerun()
        if name in _let_go():
            st.info("You have let go of this training. Others want it or are watching it, so it goes on.", icon=":material/group:")
        else:
            tickets.look_on(lab.store(), name, lab.visitor())
        waiting_for = jobs.tend(lab.store()).problem
        if waiting_for:
            st.warning(waiting_for, icon=":material/cloud_off:")
        _bar(name, progress)
        return progress
    return None


def _bar(name: str, progress: Progress) -> None:
    fraction = min(progress.fraction, 1.0)
    if progress.status == "queued":
        st.progress(fraction, text=_place_in_line(name))
    elif not progress.epochs:
        st.progress(fraction, text="Getting ready …")
    else:
        left = f" · about {progress.seconds_left:.0f} s left" if progress.seconds_left is not None else ""
        epoch = min(progress.epoch + 1, progress.epochs)
        st.progress(fraction, text=f"Epoch {epoch} of {progress.epochs}{left} · on {progress.device.upper()}")


def _place_in_line(name: str) -> str:
    place = jobs.line(lab.store()).get(name)
    if place is None or place.start_seconds < 1:
        return "Getting ready …"
    order = "next in line" if place.position == 1 else f"number {place.position} in line"
    return f"Waiting: {order}, starts in about {place.start_seconds:.0f} s"


def _show(progress: Progress, page: str) -> None:
    _show_pictures(progress)
    _show_curve(progress, page)


def _show_pictures(progress: Progress) -> None:
    if progress.snapshots and progress.clean is not None and progress.noisy is not None:
        step, _ = progress.snapshots[-1]
        few = slice(DIGITS_SHOWN)
        rows = [Row("digit x", progress.clean[few])]
        if not progress.noisy.equal(progress.clean):
            rows.append(Row("noisy input x + ε, clipped to 0–1", progress.noisy[few]))
        rows.append(Row(f"reconstruction after {step:,} steps", progress.snapshot()[few]))
        st.html(figures.rows_html(rows))


def _show_curve(progress: Progress, page: str) -> None:
    curve = figures.loss_curve(progress.batch_losses, progress.test_errors, progress.steps)
    chart(curve, f"{page}_curve", "Training loss and test error, falling over the steps")


def _submit(run: RunConfig) -> None:
    try:
        _let_go().discard(config.run_id(run))
        jobs.submit(run, lab.store(), data.directory() if run.data.name != config.EMBEDDED else None, lab.visitor())
    except LabError as problem:
        st.session_state.training_problem = str(problem)


def _submit_all(runs: Sequence[RunConfig]) -> None:
    for run in runs:
        _submit(run)


def _stop_all(names: Sequence[str]) -> None:
    for name in names:
        _stop(name)


def _stop(name: str) -> None:
    try:
        if not jobs.stop(name, lab.store(), lab.visitor()):
            _let_go().add(name)
    except LabError as problem:
        st.session_state.training_problem = str(problem)


def _let_go() -> set[str]:
    """The runs that this visitor has stopped and others go on with."""
    names: set[str] = st.session_state.setdefault("let_go", set())
    return names


def _warm_up() -> None:
    """Start the training process before anybody presses Train; a store that cannot be written is told then."""
    try:
        jobs.tend(lab.store())
        if cluster.address() is None:
            cluster.ensure_started(lab.store())
    except LabError:
        return
