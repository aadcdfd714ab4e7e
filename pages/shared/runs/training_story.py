"""How a finished network learnt: five stills, and a replay of pictures, codes and loss together."""

from __future__ import annotations

from functools import partial

import plotly.graph_objects as go
import streamlit as st

from ae_core.figures import training as training_figures
from ae_core.figures.base import Row
from ae_core.runs import history
from ae_core.runs.history import Progress
from ae_core.runs.run_folder import StoredRun
from ae_core.training import CURVE_DIGITS
from ae_core.words.sentences import say
from pages.shared import lab
from pages.shared.browser import replay, slider_keys
from pages.shared.charts import draw_shared_chart, prepare_shared_chart
from pages.shared.display import CLEAN_LABEL, DIGITS_SHOWN, number_words, run_name
from pages.shared.runs.loss_floors import read_floors

STILL_DIGITS = 3


def show_training_story(run: StoredRun, page: str) -> None:
    """Show how a finished run learnt: stills, and a replay with its buttons and slider."""
    progress = _read_progress(*run_name(run), run)
    st.subheader(say("How it learnt"))
    if not lab.is_presenting():
        _explain_training(run)
    if progress.damage:
        st.warning(progress.damage, icon=":material/warning:")
    if not progress.snapshots or not progress.batch_losses:
        st.caption(say("The log of this run has no pictures of its training."))
        return
    with st.container(key=f"stills_{page}"):
        st.html(_draw_stills(*run_name(run), progress))
    _show_replay(run, page)
    if lab.is_presenting():  # the picture first, so that all of it is on the screen
        _explain_training(run)


def _explain_training(run: StoredRun) -> None:
    st.markdown(
        say(
            "Training is one small step, many times over: take {batch_size} digits, see how "
            "far off the outputs are, and turn every weight a little the way that makes the "
            "error smaller (gradient descent, in the form called Adam).",
            batch_size=run.config.training.batch_size,
        )
    )


@st.fragment
def _show_replay(run: StoredRun, page: str) -> None:
    """Show the replay; a fragment, after all that is there at once: a browser takes a second to draw it."""
    with lab.plain_errors():
        progress = _read_progress(*run_name(run), run)
        if not lab.is_presenting():  # a room is shown the replay, and told this
            st.caption(_replay_words(run, progress))
        alt = say("Reconstructions, codes and loss at each kept step of the training, under a slider")
        replay.draw_replay_buttons(f"{page}_story")
        draw_shared_chart(
            lambda: _draw_replay(progress, run.config.training.loss, lab.is_presenting()),
            _figure_identity(run, lab.is_presenting()),
            f"{page}_story",
            alt,
        )
        slider_keys.enable_slider_keys(f"{page}_story")


def _replay_words(run: StoredRun, progress: Progress) -> str:
    unit = (
        say("Training loss and test error are both squared errors per image.")
        if run.config.training.loss == "mse"
        else say(
            "The training loss is the cross-entropy per pixel; the test error, per image, "
            "has its own axis on the right."
        )
    )
    floors = read_floors()
    words = say(
        "At first it stands at the last step, the trained network. **Play** runs through the "
        "training from the untrained network on; the slider below, or Tab and the arrow "
        "keys, lead to any step. {unit} The test error of the curve is over the first {few} test "
        "digits. Over all 10,000, a picture that is "
        "always black has an error of {black:.1f}, one that is always the mean digit "
        "{mean_digit:.1f}.",
        unit=unit,
        few=CURVE_DIGITS,
        black=floors.black,
        mean_digit=floors.mean_digit,
    )
    if progress.codes is None:
        return say(
            "{words} This run was trained before the lab kept where the codes lay. Train "
            "it again to see them move.",
            words=words,
        )
    return f"{words} {_codes_words(run, len(progress.codes.labels_n))}"


def prepare_training_story(run: StoredRun) -> None:
    """Make and keep the replay of a finished run, for the room of who presents and for who opens its page."""
    progress = _read_progress(*run_name(run), run)
    if not progress.snapshots or not progress.batch_losses:
        return
    for is_presenting in (True, False):
        prepare_shared_chart(
            partial(_draw_replay, progress, run.config.training.loss, is_presenting),
            _figure_identity(run, is_presenting),
            is_presenting=is_presenting,
        )


def _figure_identity(run: StoredRun, is_presenting: bool) -> tuple[object, ...]:
    return "replay", is_presenting, *run_name(run)


@st.cache_resource(show_spinner=False, max_entries=64)
def _read_progress(run_id: str, weights_sha256: str, _run: StoredRun) -> Progress:
    """Progress of a finished run from its log, which does not change any more."""
    return history.read_progress(_run.run_id, lab.store())


@st.cache_data(show_spinner=False, max_entries=100)
def _draw_stills(run_id: str, weights_sha256: str, _progress: Progress) -> str:
    columns = [
        (row.label, row.images_nhw)
        for row in _given_rows(_progress, STILL_DIGITS, (say("digit"), say("noisy")))
    ]
    for i in training_figures.stills(len(_progress.snapshots)):
        step, _ = _progress.snapshots[i]
        columns.append((say("step {step:,}", step=step), _progress.snapshot(i)[:STILL_DIGITS]))
    return training_figures.stills_html(columns)


def _draw_replay(progress: Progress, loss: str, is_presenting: bool) -> go.Figure:
    given = _given_rows(progress, DIGITS_SHOWN, (CLEAN_LABEL, say("noisy input x + ε, clipped to 0–1")))
    steps = [step for step, _ in progress.snapshots]
    rebuilt = [progress.snapshot(i)[:DIGITS_SHOWN] for i in range(len(steps))]
    codes = progress.codes and (progress.codes.codes_tnd, progress.codes.labels_n)
    return training_figures.training_scrubber(
        steps,
        given,
        rebuilt,
        progress.batch_losses,
        progress.test_errors,
        codes,
        loss,
        progress.train_errors,
        read_floors(),
        for_a_room=is_presenting,
    )


def _given_rows(progress: Progress, count: int, names: tuple[str, str]) -> list[Row]:
    """Rows of the digits that every snapshot redraws, and, where noisy, of what the network sees."""
    assert progress.clean is not None
    assert progress.noisy is not None
    rows = [Row(names[0], progress.clean[:count]), Row(names[1], progress.noisy[:count])]
    return rows[:1] if progress.noisy.equal(progress.clean) else rows


def _codes_words(run: StoredRun, count: int) -> str:
    size = run.config.model.latent_size
    seen = "" if size <= 2 else say(", seen along the two leading principal directions of the final codes")
    numbers = number_words(size)
    return say(
        "Each point is one of {count:,} test digits, where its code of {numbers} "
        "lies{seen}. A figure marks the middle of its class. Codes that lie far out for a while are "
        "outside the frame.",
        count=count,
        numbers=numbers,
        seen=seen,
    )
