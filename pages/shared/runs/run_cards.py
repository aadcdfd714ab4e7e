"""Up to four runs side by side: their settings and buttons, curves, pictures of the same digits, metrics."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from ae_core import config
from ae_core.config import RunConfig
from ae_core.errors import LabError
from ae_core.figures import base as figures
from ae_core.models import path_in_words
from ae_core.runs import history, housekeeping, links, ownership, run_file
from ae_core.runs.run_folder import StoredRun
from ae_core.service import jobs
from ae_core.training import CURVE_DIGITS
from ae_core.words.sentences import say
from pages.shared import charts, dials, display, lab, opened_link, provenance, session
from pages.shared.dials import ACTIVATION_WORDS, LOSS_WORDS
from pages.shared.runs import run_list
from pages.shared.runs.loss_floors import read_floors
from pages.shared.runs.run_list import ListedRun

MOST = 4
# Runs deleted within the hour that can be brought back by a button each.
UNDOS = 3
NOT_YOURS = say("It is not yours: only who trained or uploaded it, or whoever runs the lab, does that.")


def choose_runs(runs: Sequence[ListedRun], shown: Sequence[ListedRun]) -> list[ListedRun]:
    """Runs that the visitor chooses to compare, in the link under `compare`."""
    by_label = {run.label: run for run in runs}
    before = st.session_state.get(session.COMPARE, st.query_params.get_all(session.COMPARE))
    kept = [label for label in before if label in by_label]
    if session.COMPARE not in st.session_state:
        opened_link.tell_link_problems(
            links.describe_absent([label for label in before if label not in by_label])
        )
    if session.COMPARE in st.session_state and kept != before:
        st.session_state[session.COMPARE] = kept  # a deleted run is no choice any more
    # what is chosen stays so, whatever the filters
    labels = dict.fromkeys([*(run.label for run in shown), *kept])
    chosen = st.multiselect(
        say("Compare up to four runs"),
        list(labels),
        max_selections=MOST,
        key=session.COMPARE,
        bind="query-params",
        select_all=False,
        wrap=True,
        placeholder=say("Choose runs of the list above, or type to search"),
    )
    return [by_label[label] for label in chosen]


def show_cards(runs: Sequence[ListedRun]) -> None:
    """Show each chosen run with its buttons, and what came of the last button, with a way back."""
    if problem := st.session_state.pop(session.RUN_PROBLEM, None):
        st.error(problem, icon=":material/error:")
    for i, (trashed, settings) in enumerate(housekeeping.list_deleted(lab.store(), lab.visitor_id())[:UNDOS]):
        label = run_list.label_run(settings, trashed.partition("-")[0])
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(say("Deleted: {label}.", label=label), icon=":material/delete:")
            undo = f"runs_undo_{i}" if i else "runs_undo"
            st.button(
                say("Undo"), key=undo, icon=":material/undo:", on_click=_undo_delete, args=(trashed, label)
            )
    if not runs:
        return
    for column, run in zip(st.columns(len(runs), border=True), runs, strict=True):
        with column:
            _show_card(run)


def _show_card(run: ListedRun) -> None:
    settings = run.folder.config
    st.markdown(f"**{config.family(settings)} {settings.model.latent_size}**  `{run.name[:6]}`")
    st.markdown(_badges(run))
    if run.problem:
        st.error(run.problem, icon=":material/error:")
    st.caption(_settings_words(settings))
    if run.folder.finished and run.folder.finished.uploaded_as:
        st.caption(run_list.measured_words(run.folder.finished))
    with st.container(horizontal=True, gap="small"):
        _draw_buttons(run)


def _badges(run: ListedRun) -> str:
    finished = run.folder.finished
    origin = (
        provenance.origin_badge(finished)
        if finished
        else say(":gray-badge[{which}]", which=run.words if run.state != "failed" else say("failed"))
    )
    return origin + (say(" :violet-badge[:material/keep: Pinned]") if run.folder.pinned else "")


def _settings_words(run: RunConfig) -> str:
    training = run.training
    return say(
        "{path}, {activation_word}. Noise in training: {noise}. Epochs: {epochs}. "
        "Learning rate {learning_rate:g}, batches of {batch_size}, {loss_word}, seed "
        "{seed}. Learns from {learnt}.",
        path=path_in_words(run.model),
        activation_word=ACTIVATION_WORDS[run.model.activation],
        noise=run_list.noise_words(run),
        epochs=training.epochs,
        learning_rate=training.learning_rate,
        batch_size=training.batch_size,
        loss_word=LOSS_WORDS[training.loss].lower(),
        seed=training.seed,
        learnt=run_list.learnt_words(run),
    )


def _draw_buttons(run: ListedRun) -> None:
    if run.state == "finished":
        st.download_button(
            say("Download"),
            partial(run_file.export_run, lab.store(), run.name),
            f"{config.family(run.folder.config)}-{run.name}.zip",
            "application/zip",
            key=f"download_{run.name}",
            icon=":material/download:",
            on_click="ignore",
            help=say("Weights, settings and log in one file, to be uploaded here again or elsewhere."),
        )
    if run.folder.shipped:
        return
    pinned = run.folder.pinned
    is_owner = lab.visitor_id() in ownership.list_owners(lab.store(), run.name)
    st.button(
        say("Unpin") if pinned else say("Pin"),
        key=f"pin_{run.name}",
        icon=":material/keep_off:" if pinned else ":material/keep:",
        on_click=_set_pin,
        args=(run, not pinned),
        disabled=not run.folder.size or not is_owner,
        help=say("A pinned run is kept however full the store is.") if is_owner else NOT_YOURS,
    )
    busy = run.state == "running"
    if busy:
        st.button(
            say("Stop"),
            key=f"stop_{run.name}",
            icon=":material/stop:",
            on_click=_stop_training,
            args=(run,),
            help=say("What it has learnt is kept. If others want it too, it goes on for them."),
        )
    st.button(
        say("Delete"),
        key=f"delete_{run.name}",
        icon=":material/delete:",
        on_click=_delete_run,
        args=(run,),
        disabled=bool(why_not := _why_not_deleted(run, is_owner)),
        help=why_not or say("It can be brought back for an hour."),
    )


def _why_not_deleted(run: ListedRun, is_owner: bool) -> str:
    if not is_owner:
        return NOT_YOURS
    if run.state == "running":
        return say("It is being trained. Stop it first.")
    return say("It is pinned. Unpin it first.") if run.folder.pinned else ""


def _stop_training(run: ListedRun) -> None:
    try:
        if not jobs.stop_training(run.name, lab.store(), lab.visitor_id()):
            st.session_state[session.RUN_PROBLEM] = say(
                "Others want {label} or are watching it, so it goes on for them.", label=run.label
            )
    except LabError as problem:
        st.session_state[session.RUN_PROBLEM] = str(problem)


def _set_pin(run: ListedRun, pinned: bool) -> None:
    change = housekeeping.pin_run if pinned else housekeeping.unpin_run
    try:
        change(lab.store(), run.name, lab.visitor_id())
    except LabError as problem:
        st.session_state[session.RUN_PROBLEM] = str(problem)


def _delete_run(run: ListedRun) -> None:
    try:
        if not housekeeping.delete_run(lab.store(), run.name, lab.visitor_id()):
            st.session_state[session.RUN_PROBLEM] = say(
                "Others trained {label} too, so it stays for them. It is no longer yours.", label=run.label
            )
    except LabError as problem:
        st.session_state[session.RUN_PROBLEM] = str(problem)


def _undo_delete(trashed: str, label: str) -> None:
    try:
        housekeeping.undo_delete(lab.store(), trashed, lab.visitor_id())
    except LabError as problem:
        st.session_state[session.RUN_PROBLEM] = str(problem)
    else:
        st.session_state[session.COMPARE] = [*st.session_state.get(session.COMPARE, []), label][:MOST]


def show_comparison(runs: Sequence[ListedRun]) -> None:
    """Show curves, pictures and metrics of the chosen runs beside each other."""
    if not runs:
        return
    curves = [
        (run.label, _read_curve(lab.store().root, run.name, run.folder.changed, run.folder.size))
        for run in runs
    ]
    if any(errors for _, errors in curves):
        st.subheader(say("How they learnt"))
        charts.draw_chart(
            figures.compared_curves(curves, read_floors()),
            "runs_curves",
            say("Test error of each chosen run, falling over the epochs"),
        )
        st.caption(
            say(
                "Squared error per image on the first {few} test digits after each epoch, with the "
                "noise each run was trained with: compare runs of one noise.",
                few=CURVE_DIGITS,
            )
            + (
                say(" The curve of an uploaded run is what its file says.")
                if any(run.folder.uploaded for run in runs)
                else ""
            )
        )
    finished = {run.label: run.folder.finished for run in runs if run.folder.finished}
    if finished:
        st.subheader(say("The same digits through each"))
        _show_pictures(finished)
    unlike = {(run.config.data, len(run.config.data.classes)) for run in finished.values()}
    if len(unlike) > 1:
        st.caption(
            say(
                "These runs learnt from different digits, as their cards say: their figures "
                "compare what they learnt from as well as how."
            )
        )


@st.cache_data(show_spinner=False, max_entries=1000)
def _read_curve(_root: Path, name: str, changed: float, size: int) -> list[float]:
    """Test error after each epoch. A log that has not changed is not read again."""
    return [error for _, error in history.read_progress(name, lab.store()).test_errors]


@st.fragment
def _show_pictures(runs: dict[str, StoredRun]) -> None:
    """Show pictures and metrics of runs by label; a fragment, so that a test dial redraws nothing else."""
    with lab.plain_errors():
        noise = dials.choose_test_noise("runs", default=0.4)
        pictures = st.container()
        digits_seed, noise_seed = dials.choose_seeds()
        with pictures:
            display.show_compared_rows(runs, display.chosen_digits(digits_seed), noise, noise_seed)
        display.show_metrics_table(runs, noise, noise_seed)
