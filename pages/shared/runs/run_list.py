"""The list of all runs: how full the store is, a way in for a run from elsewhere, and what there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from ae_core import config, data
from ae_core.config import PIXELS, RunConfig
from ae_core.errors import LabError
from ae_core.runs import history, housekeeping, ownership, quota, uploaded_run
from ae_core.runs.housekeeping import MEGABYTE, RunFolder
from ae_core.runs.import_process import import_in_process
from ae_core.runs.run_folder import StoredRun, is_upload
from ae_core.words.sentences import find_english, say, say_count
from pages.shared import lab, networks, session
from pages.shared.dials import NOISE_WORDS

POLL_SECONDS = 1.0
STATE_WORDS = {
    "finished": say("finished"),
    "running": say("running"),
    "stopped": say("stopped"),
    "failed": say("failed"),
}
STATES = tuple(STATE_WORDS)
FAILURES_TOLD = 3


@dataclass(frozen=True)
class ListedRun:
    """A run as the list shows it: `state` is one of STATES, `words` says it in full, `problem` why it failed.

    test: its metrics on test digits that it does not know; None before there are any.
    """

    folder: RunFolder
    state: str
    words: str
    device: str = ""
    problem: str = ""
    test: Mapping[str, float] | None = None

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def label(self) -> str:
        """What tells it from the others, in one line."""
        return label_run(self.folder.config, self.name)


def label_run(run: RunConfig, name: str) -> str:
    """What tells the run called `name`, with these settings, from others, in one line."""
    kind, level = run.corruption.kind, run.corruption.level
    word = say("noise") if kind == config.NOISE_KINDS[0] else config.NOISE_WORDS[kind].lower()
    noise = f", {word} {level:g}" if level else ""
    missing = ", ".join(str(digit) for digit in range(10) if digit not in run.data.classes)
    without = say(", without {missing}", missing=missing) if missing else ""
    uploaded = say("uploaded ") if is_upload(name) else ""
    epochs = say_count("{count} epoch", "{count} epochs", run.training.epochs)
    return f"{config.family(run)} {run.model.latent_size}{noise}{without}, {epochs}, {uploaded}{name[:6]}"


# The store


def show_fullness() -> None:
    """Show how much of the store's quota is used."""
    quota.remove_expired(lab.store())
    used, most = quota.used_bytes(lab.store()), quota.quota_bytes()
    st.progress(
        min(used / most, 1.0),
        text=say(
            "The store holds {used:,.1f} of {most:,.0f} MB, the lab's own runs aside.",
            used=used / MEGABYTE,
            most=most / MEGABYTE,
        ),
    )
    st.caption(
        say(
            "When it is full, the runs that nobody has looked at for longest are removed, "
            "uploaded ones first: these may have {uploads_share:,.0f} MB of it. Pinned runs "
            "and those that came with the lab are kept.",
            uploads_share=quota.UPLOADS_SHARE * most / MEGABYTE,
        )
    )


def draw_uploader() -> None:
    """Draw the way in for a run's file that was downloaded before, here or elsewhere."""
    # A new uploader after each file, so that none is kept in memory.
    key = session.upload_key(st.session_state.setdefault(session.UPLOADS, 0))
    st.file_uploader(
        say("Upload a run"),
        "zip",
        key=key,
        on_change=_import_upload,
        args=(key,),
        help=say("A file that **Download** gave, as it is."),
    )


def show_upload_result() -> None:
    """Show what came of an uploaded file, once."""
    if problem := st.session_state.pop(session.UPLOAD_PROBLEM, None):
        st.error(problem, icon=":material/error:")
    if done := st.session_state.pop(session.UPLOAD_DONE, None):
        st.success(done, icon=":material/check:")


def _import_upload(key: str) -> None:
    file = st.session_state.get(key)
    if file is None:
        return
    st.session_state[session.UPLOADS] = st.session_state.get(session.UPLOADS, 0) + 1
    try:
        name = import_in_process(lab.store(), file.getvalue(), lab.asker())
        ownership.note_owner(lab.store(), name, lab.owner())
        quota.make_room(lab.store(), keep=name)
    except LabError as problem:
        st.session_state[session.UPLOAD_PROBLEM] = str(problem)
    else:
        st.session_state[session.UPLOAD_DONE] = say(
            "The run {name} is in the list, as an uploaded one. {measured}",
            name=name[:6],
            measured=measured_words(lab.store().get(name)),
        )


def measured_words(run: StoredRun) -> str:
    """Sentence on what is known of an uploaded run, and from where.

    Its file's word is never passed on as if it had been found out here.
    """
    measured = uploaded_run.measure_upload(lab.store(), run, lab.digits())
    where = say("{count:,} test digits of {word}", count=measured.count, word=data.WORDS[measured.digits])
    if measured.is_on_its_own:
        return say(
            "Its squared error and its PSNR were measured here, on {where}, and are what its file says.",
            where=where,
        )
    return say(
        "It learnt from {word}, and what its file says could not be checked: its own "
        "test digits are not here. Its figures were measured here, on {where}.",
        word=data.WORDS[run.config.data.name],
        where=where,
    )


# The list


def list_runs() -> list[ListedRun]:
    """Every run, newest first and shipped ones last. Shows a message for each that cannot be read."""
    folders, problems = housekeeping.list_folders(lab.store())
    for problem in problems:
        st.warning(problem, icon=":material/warning:")
    return [_list_run(folder) for folder in folders]


def _list_run(folder: RunFolder) -> ListedRun:
    if folder.finished:
        return ListedRun(
            folder,
            "finished",
            STATE_WORDS["finished"],
            folder.finished.result["device"],
            test=_test_metrics(folder.finished),
        )
    epochs = folder.config.training.epochs
    status = history.status_of(folder.name, lab.store())
    if status in ("queued", "running"):
        epoch, device, _ = _read_so_far(folder.name)
        words = (
            say("waiting for its turn")
            if status == "queued"
            else say("epoch {epoch} of {epochs}", epoch=min(epoch + 1, epochs), epochs=epochs)
        )
        return ListedRun(folder, "running", words, device)
    epoch, device, problem = _read_ended(lab.store().root, folder.name, status, folder.changed, folder.size)
    if status == "failed":
        return ListedRun(folder, "failed", STATE_WORDS["failed"], device, problem)
    if status == "finished":
        return ListedRun(folder, "finished", STATE_WORDS["finished"], device)
    return ListedRun(
        folder,
        "stopped",
        say("stopped, epoch {epoch} of {epochs}", epoch=min(epoch + 1, epochs), epochs=epochs),
        device,
    )


def _test_metrics(run: StoredRun) -> Mapping[str, float] | None:
    if not run.uploaded_as:
        found: Mapping[str, float] = run.result["test"]
        return found
    try:
        measured = uploaded_run.measure_upload(lab.store(), run, lab.digits())
    except LabError:
        return None  # it is told of when it is looked for again
    return measured.test


def _read_so_far(name: str) -> tuple[int, str, str]:
    """Epochs done, device, and reason of failure."""
    progress = history.read_progress(name, lab.store())
    return progress.epoch, progress.device, progress.message


@st.cache_data(show_spinner=False, max_entries=1000)
def _read_ended(_root: Path, name: str, status: str, changed: float, size: int) -> tuple[int, str, str]:
    """The log of a training that has ended is read once."""
    return _read_so_far(name)


def filter_runs(runs: Sequence[ListedRun]) -> list[ListedRun]:
    """The runs of the models and states that the visitor chooses; all, if none is chosen."""
    with st.container(horizontal=True, gap="large"):
        models = _choose_from(
            say("Model"), config.FAMILIES, [config.family(run.folder.config) for run in runs], "runs_model"
        )
        states = _choose_from(say("State"), STATES, [run.state for run in runs], "runs_state")
    shown = [
        run
        for run in runs
        if (not models or config.family(run.folder.config) in models) and (not states or run.state in states)
    ]
    if not shown:
        st.info(
            say("No run is of this kind. Choose other models or states above, or none to see all runs."),
            icon=":material/filter_alt_off:",
        )
    elif all(run.folder.shipped or run.folder.uploaded for run in runs):
        st.info(
            say(
                "Nothing has been trained here yet. Open one of the lessons and press "
                "**Train**; what comes of it appears in this list. These runs came with the "
                "lab{which}.",
                which=say(" or were uploaded") if any(run.folder.uploaded for run in runs) else "",
            ),
            icon=":material/play_arrow:",
        )
    return shown


def _choose_from(label: str, words: Sequence[str], there: Sequence[str], key: str) -> list[str]:
    """Which of `words` the visitor chooses, of those that are `there`.

    What is chosen stays a choice, so that it can be given up.
    """
    chosen = st.session_state.get(key, [*map(find_english, st.query_params.get_all(key))]) or []
    return st.pills(
        label,
        [word for word in words if word in there or word in chosen],
        selection_mode="multi",
        format_func=lambda word: STATE_WORDS.get(word, word),
        key=key,
        bind="query-params",
    )


def show_table(runs: Sequence[ListedRun]) -> None:
    """Show the runs, one a line, again and again while one of them is being trained."""
    if any(run.state == "running" for run in runs):
        _show_live_table(runs)
    elif runs:
        _show_table(runs)


@st.fragment(run_every=POLL_SECONDS)
def _show_live_table(runs: Sequence[ListedRun]) -> None:
    with lab.plain_errors():
        now = [_list_run(run.folder) if run.state == "running" else run for run in runs]
        if [run.state for run in now] != [run.state for run in runs]:
            st.rerun()  # one has come to its end: the whole page has news
        _show_table(now)


def _show_table(runs: Sequence[ListedRun]) -> None:
    column = st.column_config
    st.space("small")  # for the table's own buttons, which a touch screen always shows above it
    st.dataframe(
        [_row(run) for run in runs],
        key="runs_table",
        hide_index=True,
        row_height=36,
        column_config={
            say("Squared error"): column.NumberColumn(
                format="%.2f",
                help=say(
                    "Per image, summed over its 784 pixels, on test digits that it does not "
                    "know, with the noise it was trained with."
                ),
            ),
            say("PSNR, dB"): column.NumberColumn(format="%.2f"),
            say("State"): column.TextColumn(width=175),
            say("Seconds"): column.NumberColumn(
                format="%.1f",
                help=say(
                    "Of training, on the machine that trained it and whatever else that had to do. An "
                    "uploaded run's are what its file says."
                ),
            ),
            say("Size, MB"): column.NumberColumn(format="%.1f"),
        },
        placeholder="–",
        alt=say("All runs with their settings, state and metrics"),
    )
    if any(run.test for run in runs):
        st.caption(
            say(
                "Squared error and PSNR here are over all test digits, with the noise of training. The "
                "lessons, which answer while a slider moves, measure on {count} of them, chosen so that the "
                "lab's networks err on them nearly as on all: a last digit may differ.",
                count=data.MEASURED_COUNT,
            )
        )
    for run in [run for run in runs if run.problem][:FAILURES_TOLD]:
        st.caption(
            say(":material/error: **{label}** failed. {problem}", label=run.label, problem=run.problem)
        )


def _row(run: ListedRun) -> dict[str, object]:
    folder, settings = run.folder, run.folder.config
    result = folder.finished.result if folder.finished else None
    marks = {
        say("yours"): networks.is_own(run.name),
        say("shipped"): folder.shipped,
        say("uploaded"): folder.uploaded,
        say("pinned"): folder.pinned,
    }
    return {
        say("Run"): run.name[:6],
        say("Model"): config.family(settings),
        say("Latent size"): settings.model.latent_size,
        say("Noise"): noise_words(settings),
        say("State"): run.words,
        say("Squared error"): run.test["mse"] * PIXELS if run.test else None,
        say("PSNR, dB"): run.test["psnr"] if run.test else None,
        say("Epochs"): settings.training.epochs,
        say("Seconds"): result["train_seconds"] if result else None,
        say("Device"): run.device.upper(),
        say("Learnt from"): learnt_words(settings),
        say("Size, MB"): folder.size / MEGABYTE,
        say("Marks"): ", ".join(mark for mark, there in marks.items() if there),
    }


def learnt_words(run: RunConfig) -> str:
    """Which digits it learnt from; figures of an earlier version's runs compare with no others."""
    earlier = say(", of an earlier version") if run.data.name in config.EARLIER_DATASETS else ""
    return say(
        "{count:,} digits{classes}{earlier}",
        count=run.data.count,
        classes=networks.classes_words(run),
        earlier=earlier,
    )


def noise_words(run: RunConfig) -> str:
    """The noise a run was trained with."""
    return (
        f"{NOISE_WORDS[run.corruption.kind]} {run.corruption.level:g}"
        if run.corruption.level
        else say("none")
    )
