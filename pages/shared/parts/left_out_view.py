"""A class left out: sevens through a network that never saw one, and both networks' errors by class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from torch import Tensor

from ae_core.config import ALL_DIGITS
from ae_core.figures import base as figures
from ae_core.figures.base import Row
from ae_core.figures.class_errors import class_error_bars
from ae_core.models import as_picture, reconstruct
from ae_core.runs.run_folder import StoredRun
from ae_core.study import left_out
from ae_core.study.left_out import LEFT_OUT, PER_CLASS, SAW_ALL, SAW_NO_SEVEN, ClassErrors
from ae_core.words.sentences import say
from pages.shared import charts, display, lab, question
from pages.shared.display import DIGITS_SHOWN, number_words
from pages.shared.question import Answer

# Up to how many times the error of the network that saw all.
BOUNDS = (1.2, 2.0, 5.0)
TIMES = (
    say("About as large: less than 1.2 times."),
    say("1.2 to 2 times as large."),
    say("2 to 5 times as large."),
    say("More than 5 times as large."),
)


def ask_about_class_left_out() -> None:
    """Ask how well a network does on a digit that it never saw, and show it afterwards."""
    st.markdown(say("## A digit it never saw"))
    runs = _find_both()

    def answer() -> Answer:
        found = _measure(runs)
        times = found.times[LEFT_OUT]
        return Answer(
            TIMES[sum(times >= bound for bound in BOUNDS)],
            say(
                "Squared error per image over {per_class} held-back {left_out}s: "
                "{never_saw:.1f}, against {saw_all:.1f}: {times:.1f} times as large.",
                per_class=PER_CLASS,
                left_out=LEFT_OUT,
                never_saw=found.never_saw[LEFT_OUT],
                saw_all=found.saw_all[LEFT_OUT],
                times=times,
            ),
        )

    question.ask_question(
        "surprises_left_out",
        say(
            "A CAE of {number} learnt from all digits but the **{left_out}**. How large is "
            "its error on {left_out}s, beside that of the CAE that saw all ten?",
            number=number_words(SAW_ALL.model.latent_size),
            left_out=LEFT_OUT,
        ),
        TIMES,
        answer,
        lambda: _show_both(runs),
        of={},
        networks=runs,
        reveals_page=True,
    )


def _find_both() -> list[StoredRun | None]:
    return [lab.store().shipped_like(settings) for settings in (SAW_ALL, SAW_NO_SEVEN)]


def tell_left_out() -> str:
    """How a network does on the digit that it never saw, and why: in a line."""
    found = _measure(_find_both())
    return say(
        "**A CAE that never saw a {left_out} has {times:.1f} times the error on it** of the one that saw "
        "it. Of {per_class} outputs, {same} are still nearest to a {left_out}. *Our explanation:* {why}",
        left_out=LEFT_OUT,
        times=found.times[LEFT_OUT],
        per_class=PER_CLASS,
        same=found.reads_as[LEFT_OUT],
        why=_why(found),
    )


def _why(found: ClassErrors) -> str:
    return (
        say("it has learnt strokes more than digits, and those of a 7 are in other digits too.")
        if found.reads_as[LEFT_OUT] > PER_CLASS / 2
        else say("it draws what it never saw with the strokes of the digits that it knows.")
    )


def _show_both(runs: Sequence[StoredRun | None]) -> None:
    found = _measure(runs)
    pictures, bars = st.columns(2, gap="medium")
    with pictures:
        clean_nhw = left_out.digits_of(lab.digits(), LEFT_OUT, DIGITS_SHOWN)
        rows = [Row(say("held-back {left_out}s", left_out=LEFT_OUT), clean_nhw)]
        for words, run in zip(
            (say("saw all ten digits"), say("never saw a {left_out}", left_out=LEFT_OUT)), runs, strict=True
        ):
            if run is not None:
                rows.append(Row(say("out of the CAE that {words}", words=words), _rebuild(run, clean_nhw)))
        st.html(figures.rows_html(rows))
    with bars:
        alt = say(
            "Squared error by digit, of the CAE that saw all ten and of the one that never saw one of them"
        )
        charts.draw_chart(class_error_bars(found), "surprises_left_out_errors", alt)
    st.markdown(left_out_words(found))
    counts = [run.result["dataset"]["train"] if run else 0 for run in runs]
    st.caption(
        say(
            "Over the first {per_class} held-back digits of each class. Both CAEs have one "
            "recipe and about as many steps; one learnt from {first:,} digits, the other "
            "from the {count:,} of them that are no {left_out}. Nearest: among all "
            "{all_digits:,} digits to learn from.",
            per_class=PER_CLASS,
            first=counts[0],
            count=counts[1],
            left_out=LEFT_OUT,
            all_digits=ALL_DIGITS,
        )
    )


def left_out_words(found: ClassErrors) -> str:
    """What the figures say, and why that is."""
    times, (low, high) = found.times[LEFT_OUT], found.times_others
    same = found.reads_as[LEFT_OUT]
    others = sorted(
        ((count, label) for label, count in enumerate(found.reads_as) if count and label != LEFT_OUT),
        reverse=True,
    )
    taken = "" if not others else say(", {first} to a {first_2}", first=others[0][0], first_2=others[0][1])
    return say(
        "On {left_out}s the error is **{times:.1f} times** that of the network that saw "
        "them, on the other digits {low:.2f} to {high:.2f} times. Of {per_class} "
        "outputs, **{same}** are still nearest to a {left_out}{taken}. *Our "
        "explanation:* {why}",
        left_out=LEFT_OUT,
        times=times,
        low=low,
        high=high,
        per_class=PER_CLASS,
        same=same,
        taken=taken,
        why=_why(found),
    )


def _rebuild(run: StoredRun, clean_nhw: Tensor) -> Tensor:
    return as_picture(reconstruct(lab.load_network(run), clean_nhw))


def _measure(runs: Sequence[StoredRun | None]) -> ClassErrors:
    """Of both networks, which must be there; kept for all visitors."""
    both = [run for run in runs if run is not None]
    names = tuple(display.run_name(run) for run in both)
    return _cached_measure(lab.store().root, names, lab.digits().name, both)


@st.cache_data(show_spinner=False, max_entries=8)
def _cached_measure(
    _root: Path, names: tuple[tuple[str, str], ...], digits_name: str, _runs: Sequence[StoredRun]
) -> ClassErrors:
    saw_all, never_saw = (lab.load_network(run) for run in _runs)
    return left_out.measure_class_errors(saw_all, never_saw, lab.digits())
