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
from pages.shared import lab, networks, session
from pages.shared.dials import NOISE_WORDS

POLL_SECONDS = 1.0
STATES = ("finished", "running", "stopped", "failed")
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
    word = "noise" if kind == config.NOISE_KINDS[0] else config.NOISE_WORDS[kind].lower()
    noise = f", {word} {level:g}" if level else ""
    missing = ", ".join(str(digit) for digit in range(10) if digit not in run.data.classes)
    without = f", without {missing}" if missing else ""
    uploaded = "uploaded " if is_upload(name) else ""
    return (
        f"{config.family(run)} {run.model.latent_size}{noise}{without}, "
        f"{_count(run.training.epochs, 'epoch')}, {uploaded}{name[:6]}"
    )


# The store


def show_fullness() -> None:
    """Show how much of the store's quota is used."""
    quota.remove_expired(lab.store())
    used, most = quota.used_bytes(lab.store()), quota.quota_bytes()
    st.progress(
        min(used / most, 1.0), text=f"The store holds {used / MEGABYTE:,.1f} of {most / MEGABYTE:,.0f} MB."
    )
    st.caption(
        "When it is full, the runs that nobody has looked at for longest are removed, uploaded ones first: "
        f"these may have {quota.UPLOADS_SHARE * most / MEGABYTE:,.0f} MB of it. Pinned runs and those that "
        "came with the lab are kept."
    )


def draw_uploader() -> None:
    """Draw the way in for a run's file that was downloaded before, here or elsewhere."""
    # A new uploader after each file, so that none is kept in memory.
    key = session.upload_key(st.session_state.setdefault(session.UPLOADS, 0))
    st.file_uploader(
        "Upload a run",
        "zip",
        key=key,
        on_change=_import_upload,
        args=(key,),
        help="A file that **Download** gave, as it is.",
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
        st.session_state[session.UPLOAD_DONE] = (
            f"The run {name[:6]} is in the list, as an uploaded one. {measured_words(lab.store().get(name))}"
        )


def measured_words(run: StoredRun) -> str:
    """Sentence on what is known of an uploaded run, and from where.

    Its file's word is never passed on as if it had been found out here.
    """
    measured = uploaded_run.measure_upload(lab.store(), run, lab.digits())
    where = f"{measured.count:,} test digits of {data.WORDS[measured.digits]}"
    if measured.is_on_its_own:
        return f"Its squared error and its PSNR were measured here, on {where}, and are what its file says."
    return (
        f"It learnt from {data.WORDS[run.config.data.name]}, and what its file says could not be checked: "
        f"its own test digits are not here. Its figures were measured here, on {where}."
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
            "finished",
            folder.finished.result["device"],
            test=_test_metrics(folder.finished),
        )
    epochs = folder.config.training.epochs
    status = history.status_of(folder.name, lab.store())
    if status in ("queued", "running"):
        epoch, device, _ = _read_so_far(folder.name)
        words = (
            "waiting for its turn" if status == "queued" else f"epoch {min(epoch + 1, epochs)} of {epochs}"
        )
        return ListedRun(folder, "running", words, device)
    epoch, device, problem = _read_ended(lab.store().root, folder.name, status, folder.changed, folder.size)
    if status == "failed":
        return ListedRun(folder, "failed", "failed", device, problem)
    if status == "finished":
        return ListedRun(folder, "finished", "finished", device)
    return ListedRun(folder, "stopped", f"stopped in epoch {min(epoch + 1, epochs)} of {epochs}", device)


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
            "Model", config.FAMILIES, [config.family(run.folder.config) for run in runs], "runs_model"
        )
        states = _choose_from("State", STATES, [run.state for run in runs], "runs_state")
    shown = [
        run
        for run in runs
        if (not models or config.family(run.folder.config) in models) and (not states or run.state in states)
    ]
    if not shown:
        st.info(
            "No run is of this kind. Choose other models or states above, or none to see all runs.",
            icon=":material/filter_alt_off:",
        )
    elif all(run.folder.shipped or run.folder.uploaded for run in runs):
        st.info(
            "Nothing has been trained here yet. Open one of the lessons and press **Train**; what comes of "
            "it appears in this list. These runs came with the "
            f"lab{' or were uploaded' if any(run.folder.uploaded for run in runs) else ''}.",
            icon=":material/play_arrow:",
        )
    return shown


def _choose_from(label: str, words: Sequence[str], there: Sequence[str], key: str) -> list[str]:
    """Which of `words` the visitor chooses, of those that are `there`.

    What is chosen stays a choice, so that it can be given up.
    """
    chosen = st.session_state.get(key, st.query_params.get_all(key)) or []
    return st.pills(
        label,
        [word for word in words if word in there or word in chosen],
        selection_mode="multi",
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
            "Squared error": column.NumberColumn(
                format="%.2f",
                help="Per image, summed over its 784 pixels, on test digits that it does "
                "not know, with the noise it was trained with.",
            ),
            "PSNR, dB": column.NumberColumn(format="%.2f"),
            "State": column.TextColumn(width=175),
            "Seconds": column.NumberColumn(
                format="%.1f", help="Of training. An uploaded run's are what its file says."
            ),
            "Size, MB": column.NumberColumn(format="%.1f"),
        },
        placeholder="–",
        alt="All runs with their settings, state and metrics",
    )
    for run in [run for run in runs if run.problem][:FAILURES_TOLD]:
        st.caption(f":material/error: **{run.label}** failed. {run.problem}")


def _row(run: ListedRun) -> dict[str, object]:
    folder, settings = run.folder, run.folder.config
    result = folder.finished.result if folder.finished else None
    marks = {
        "yours": networks.is_own(run.name),
        "shipped": folder.shipped,
        "uploaded": folder.uploaded,
        "pinned": folder.pinned,
    }
    return {
        "Run": run.name[:6],
        "Model": config.family(settings),
        "Latent size": settings.model.latent_size,
        "Noise": noise_words(settings),
        "State": run.words,
        "Squared error": run.test["mse"] * PIXELS if run.test else None,
        "PSNR, dB": run.test["psnr"] if run.test else None,
        "Epochs": settings.training.epochs,
        "Seconds": result["train_seconds"] if result else None,
        "Device": run.device.upper(),
        "Learnt from": learnt_words(settings),
        "Size, MB": folder.size / MEGABYTE,
        "Marks": ", ".join(mark for mark, there in marks.items() if there),
    }


def learnt_words(run: RunConfig) -> str:
    """Which digits it learnt from; figures of an earlier version's runs compare with no others."""
    earlier = ", of an earlier version" if run.data.name in config.EARLIER_DATASETS else ""
    return f"{run.data.count:,} digits{networks.classes_words(run)}{earlier}"


def noise_words(run: RunConfig) -> str:
    """The noise a run was trained with."""
    return f"{NOISE_WORDS[run.corruption.kind]} {run.corruption.level:g}" if run.corruption.level else "none"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
