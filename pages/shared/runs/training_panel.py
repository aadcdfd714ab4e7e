"""Train, stop, watch: the part of a page that follows one run from click to finish."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from ae_core import config
from ae_core.config import RunConfig
from ae_core.errors import LabError
from ae_core.figures import base as figures
from ae_core.figures.base import Row
from ae_core.runs import history, tickets
from ae_core.runs.history import Progress
from ae_core.service import cluster, dispatch, jobs
from ae_core.words.durations import duration_words
from ae_core.words.sentences import say
from pages.shared import lab, living_view, networks, session
from pages.shared.browser.files import read_script
from pages.shared.charts import draw_chart
from pages.shared.display import CLEAN_LABEL, DIGITS_SHOWN, noise_words
from pages.shared.runs import stuck_words
from pages.shared.runs.loss_floors import read_floors
from pages.shared.runs.training_words import settings_in_words, stopped_words
from pages.shared.server import presence
from pages.shared.server.gate import counts
from pages.shared.server.health import without_paths
from pages.shared.server.living_files import LOOKS_PER_SECOND

# Between two drawings of a curve: each takes a browser as long as ten pictures, time that trainings lack.
CURVE_SECONDS = 1.0
# With more visitors it is looked at less often, so that all together look this many times a second at most.
CURVES_PER_SECOND = 10
# A training that the page says in a line only need not be looked at so often.
LINE_SECONDS = 0.5
BUSY = ("queued", "running")
# Of trainings beside each other, so that a picture is not too small.
DIGITS_BESIDE = 4
TRAINED = say(
    "You have trained this one: **Train** and **Stop** have nothing to do. Move a training dial for another."
)

_into_view = st.components.v2.component("autoencoder_lab_into_view", js=read_script("into_view"))


def draw_buttons(run: RunConfig, page: str) -> None:
    """Draw Train and Stop for the run that the training dials describe, and what it will cost."""
    _start_or_warn()
    name = config.run_id(run)
    status = history.status_of(name, lab.store()) if networks.is_own(name) else "none"
    busy = status in BUSY
    st.caption(cost_words([run]))
    row = st.container(horizontal=True)
    row.button(
        say("Continue") if status == "stopped" else say("Train"),
        key=f"{page}_train",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=busy or status == "finished",
        on_click=submit_training,
        args=(run,),
    )
    row.button(
        say("Stop"),
        key=f"{page}_stop",
        icon=":material/stop:",
        width="stretch",
        disabled=not busy or name in _trainings_let_go(),
        on_click=_stop_training,
        args=(name,),
    )
    _explain_buttons(TRAINED if status == "finished" else "")


def draw_buttons_for_all(runs: Sequence[RunConfig], page: str) -> None:
    """Draw a button that trains those of `runs` that are not trained, and one that stops them."""
    _start_or_warn()
    own = [run for run in runs if networks.is_own(config.run_id(run))]
    states = {config.run_id(run): history.status_of(config.run_id(run), lab.store()) for run in own}
    wanted = [run for run in runs if states.get(config.run_id(run)) not in (*BUSY, "finished")]
    busy = [name for name, state in states.items() if state in BUSY and name not in _trainings_let_go()]
    st.caption(cost_words(runs))
    row = st.container(horizontal=True)
    row.button(
        say("Train both"),
        key=f"{page}_train",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=not wanted,
        on_click=_submit_trainings,
        args=(wanted,),
    )
    row.button(
        say("Stop both"),
        key=f"{page}_stop",
        icon=":material/stop:",
        width="stretch",
        disabled=not busy,
        on_click=_stop_trainings,
        args=(busy,),
    )
    _explain_buttons(TRAINED if not wanted and not busy else "")


def cost_words(runs: Sequence[RunConfig]) -> str:
    """What Train makes, and how many seconds that should take."""
    seconds = sum(jobs.expected_seconds(run, lab.store()) for run in runs)
    names = say(" and ").join(settings_in_words(run) for run in runs)
    return say(
        "**Train** makes your own {names}, in about {time}.", names=names, time=duration_words(seconds)
    )


def _explain_buttons(why_grey: str) -> None:
    """Show why the buttons cannot be pressed, which a finger sees too, and what came of the last press."""
    if why_grey:
        st.caption(why_grey)
    if problem := st.session_state.pop(session.TRAINING_PROBLEM, None):
        st.error(problem, icon=":material/error:")


def watch_side_by_side(runs: Mapping[str, RunConfig], page: str) -> bool:
    """Show trainings in columns while one goes on, else how they were broken off. Whether one goes on."""
    if not any(networks.is_own(config.run_id(run)) for run in runs.values()):
        return False
    told = {name: history.read_progress(config.run_id(run), lab.store()) for name, run in runs.items()}
    if not any(progress.status in BUSY for progress in told.values()):
        for name, progress in told.items():
            if progress.status in ("stopped", "failed"):
                st.markdown(f"**{name}**")
                _show_broken_off(progress)
        return False
    with st.container(key=f"{page}_training"):
        for column, (name, progress) in zip(st.columns(len(told), gap="medium"), told.items(), strict=True):
            with column:
                st.markdown(f"**{name}**")
                _watch_one_of_several(config.run_id(runs[name]), progress)
        noisiest = max((run.corruption for run in runs.values()), key=lambda noise: noise.level)
        st.caption(say("One digit through both as they are now, with {noise}:", noise=noise_words(noisiest)))
        living_view.show_networks_in_training(runs, noisiest, f"{page}_training_living")
    _bring_into_view(page)
    return True


def _watch_one_of_several(name: str, progress: Progress) -> None:
    if progress.status in BUSY:
        _repeat_often(_follow_pictures, CURVE_SECONDS, LOOKS_PER_SECOND)(name, DIGITS_BESIDE)
        return
    if progress.status == "finished":
        st.progress(1.0, text=say("Trained"))
    elif progress.status == "none":
        st.caption(say("Not trained yet. **Train both** trains it too."))
    else:
        _show_broken_off(progress)
    _show_pictures(progress, DIGITS_BESIDE)


def watch_training(run: RunConfig, page: str) -> bool:
    """Show the training of `run`, if this visitor asked for it, while it goes on. Whether it does.

    One that was stopped or failed shows how far it came.
    """
    name = config.run_id(run)
    if not networks.is_own(name):
        return False
    progress = history.read_progress(name, lab.store())
    loss = run.training.loss
    if progress.status in BUSY:
        with st.container(key=f"{page}_training"):
            st.markdown(say("**Yours, in training**"))
            # The browser itself watches the network: seven times a second, drawing the page anew would take
            # most of a core from the training.
            _repeat_often(_follow_pictures, CURVE_SECONDS, LOOKS_PER_SECOND)(name, DIGITS_SHOWN, run, page)
            _repeat_often(_follow_curve, CURVE_SECONDS, CURVES_PER_SECOND)(name, page, loss)
        _bring_into_view(page)
        return True
    if progress.status == "stopped":
        st.warning(stopped_words(progress), icon=":material/stop:")
        _tell_damage(progress)
        _show_pictures_and_curve(progress, page, loss)
    elif progress.status == "failed":
        st.error(progress.message, icon=":material/error:")
        _tell_damage(progress)
        if progress.snapshots:
            _show_pictures_and_curve(progress, page, loss)
    return False


def _tell_damage(progress: Progress) -> None:
    if progress.damage:
        st.warning(progress.damage, icon=":material/warning:")


def _show_broken_off(progress: Progress) -> None:
    """Show why a training that was begun is not finished; nothing about any other."""
    if progress.status == "stopped":
        st.caption(stopped_words(progress))
    elif progress.status == "failed":
        st.error(progress.message, icon=":material/error:")


def _repeat_often(
    look: Callable[..., object], seconds: float, most_per_second: float
) -> Callable[..., object]:
    """`look` as a fragment that is run again every so many seconds.

    Less often where all visitors together would run it more than `most_per_second` times.
    """
    return st.fragment(look, run_every=max(seconds, counts.connections / most_per_second))


def _follow_pictures(name: str, digits: int, run: RunConfig | None = None, page: str = "") -> None:
    """Show how far a training is and the digits that it redraws; with `run`, its network too."""
    progress = _show_progress(name)
    if progress is not None:
        _show_pictures(progress, digits)
        if run is not None:
            watched = {config.family(run): run}
            living_view.show_networks_in_training(watched, run.corruption, f"{page}_training_living")
        if notice := stuck_words.collapse_notice(progress):
            st.warning(notice, icon=":material/warning:")


def _follow_curve(name: str, page: str, loss: str) -> None:
    with lab.plain_errors():
        progress = history.read_progress(name, lab.store())
        if progress.snapshots:
            _show_curve(progress, page, loss)


def follow_in_a_line(run: RunConfig) -> None:
    """A training under way on a page that shows other things: its settings in words and how far it is."""
    _repeat_often(_show_progress, LINE_SECONDS, LOOKS_PER_SECOND)(config.run_id(run), settings_in_words(run))


def draw_stop_button(run: RunConfig, key: str) -> None:
    """A button that stops this training, whatever the dials say."""
    st.button(
        say("Stop"), key=key, icon=":material/stop:", on_click=_stop_training, args=(config.run_id(run),)
    )


def _show_progress(name: str, words: str = "") -> Progress | None:
    """Show a training's bar beside `words`, draw the page again when it is over. Its progress."""
    with lab.plain_errors():
        progress = history.read_progress(name, lab.store())
        if progress.status not in BUSY:
            st.rerun()
        if name in _trainings_let_go():
            st.info(
                say("You have let go of this training. Others want it or are watching it, so it goes on."),
                icon=":material/group:",
            )
        else:
            tickets.note_viewer(lab.store(), name, lab.visitor_id())
        _tell_damage(progress)
        waiting_for = dispatch.keep_dispatching(lab.store()).problem
        if waiting_for:
            st.warning(waiting_for, icon=":material/cloud_off:")
        st.progress(
            min(progress.fraction, 1.0),
            text=" · ".join(filter(None, (words, _progress_words(name, progress)))),
        )
        return progress
    return None


def _progress_words(name: str, progress: Progress) -> str:
    if progress.status == "queued":
        return _queue_words(name)
    if not progress.epochs:
        return say("Getting ready …")
    left = (
        say(" · about {time} left", time=duration_words(progress.seconds_left))
        if progress.seconds_left is not None
        else ""
    )
    epoch = min(progress.epoch + 1, progress.epochs)
    why = f" ({progress.device_reason})" if progress.device_reason else ""
    return say(
        "Epoch {epoch} of {epochs}{left} · on {device}{why}",
        epoch=epoch,
        epochs=progress.epochs,
        left=left,
        device=progress.device.upper(),
        why=why,
    )


def _queue_words(name: str) -> str:
    place = jobs.forecast_line(lab.store()).get(name)
    if place is None or place.start_seconds < 1:
        return say("Getting ready …")
    order = (
        say("next in line")
        if place.position == 1
        else say("number {position} in line", position=place.position)
    )
    return say(
        "Waiting: {order}, starts in about {time}",
        order=order,
        time=duration_words(place.start_seconds),
    )


def _show_pictures_and_curve(progress: Progress, page: str, loss: str) -> None:
    _show_pictures(progress, DIGITS_SHOWN)
    _show_curve(progress, page, loss)


def _show_pictures(progress: Progress, digits: int) -> None:
    if progress.snapshots and progress.clean is not None and progress.noisy is not None:
        step, _ = progress.snapshots[-1]
        few = slice(digits)
        rows = [Row(CLEAN_LABEL, progress.clean[few])]
        if not progress.noisy.equal(progress.clean):
            rows.append(Row(say("noisy input x + ε, clipped to 0–1"), progress.noisy[few]))
        rows.append(Row(say("reconstruction after {step:,} steps", step=step), progress.snapshot()[few]))
        st.html(figures.rows_html(rows))


def _show_curve(progress: Progress, page: str, loss: str) -> None:
    told = progress.batch_losses, progress.test_errors, progress.steps
    curve = figures.loss_curve(*told, loss, progress.train_errors, read_floors())
    draw_chart(curve, f"{page}_curve", say("Training loss and test error, falling over the steps"))


def _bring_into_view(page: str) -> None:
    """Scroll to the training once after Train was pressed: on a small screen it lies out of sight."""
    if st.session_state.pop(session.TRAINING_JUST_ASKED, False):
        _into_view(data={"key": f"{page}_training", "isAnswer": False}, key=f"{page}_into_view")


def submit_training(run: RunConfig) -> None:
    """Ask for `run` to be trained for this visitor; what goes wrong is told where the buttons are."""
    name = config.run_id(run)
    st.session_state[session.TRAINING_JUST_ASKED] = not lab.store().has_own(name)
    try:
        _trainings_let_go().discard(name)
        networks.adopt_run(name)
        owner = lab.owner()
        jobs.submit_training(run, lab.store(), owner.visitor, owner.address)
        presence.note_waiting(owner.visitor)
    except LabError as problem:
        st.session_state[session.TRAINING_PROBLEM] = str(problem)


def _submit_trainings(runs: Sequence[RunConfig]) -> None:
    for run in runs:
        submit_training(run)


def _stop_trainings(names: Sequence[str]) -> None:
    for name in names:
        _stop_training(name)


def _stop_training(name: str) -> None:
    try:
        if not jobs.stop_training(name, lab.store(), lab.visitor_id()):
            _trainings_let_go().add(name)
    except LabError as problem:
        st.session_state[session.TRAINING_PROBLEM] = str(problem)


def _trainings_let_go() -> set[str]:
    """Names of the runs that this visitor has stopped and others go on with."""
    names: set[str] = st.session_state.setdefault(session.TRAININGS_LET_GO, set())
    return names


def start_training_process() -> str:
    """Start the training process before Train is pressed. Why no training can run; empty if it can."""
    try:
        problem = dispatch.keep_dispatching(lab.store()).problem
        if cluster.scheduler_address() is None:
            cluster.ensure_cluster_started(lab.store())
    except LabError as found:
        return str(found)
    return problem


def _start_or_warn() -> None:
    if problem := start_training_process():
        st.warning(without_paths(problem), icon=":material/cloud_off:")
