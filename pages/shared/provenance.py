"""Where a finished run comes from, and which digits the lab works with."""

from __future__ import annotations

import streamlit as st

from ae_core import config, data
from ae_core.runs.run_folder import StoredRun
from ae_core.words.durations import duration_words
from ae_core.words.sentences import say, say_count
from pages.shared import networks


def show_provenance(run: StoredRun) -> None:
    """Show in one line where a finished run comes from and what it learnt from.

    How long that took is told of runs of this lab alone: the lab's own came from machines that did more.
    """
    training, result = run.config.training, run.result
    took = (
        ""
        if run.shipped
        else say(
            ", which took {time} on {device}",
            time=duration_words(result["train_seconds"]),
            device=result["device"].upper(),
        )
    )
    st.markdown(
        say_count(
            "{origin_badge} It learnt from {train:,} digits{classes}, {count} time over{took}. "
            "It has {parameters:,} parameters.",
            "{origin_badge} It learnt from {train:,} digits{classes}, {count} times over{took}. "
            "It has {parameters:,} parameters.",
            training.epochs,
            origin_badge=origin_badge(run),
            train=result["dataset"]["train"],
            classes=networks.classes_words(run.config),
            took=took,
            parameters=result["parameters"],
        )
    )
    if run.config.data.name in config.EARLIER_DATASETS:
        st.caption(
            say(
                "It learnt from {word}: beside networks of this version it compares unlike "
                "with unlike. Train it again.",
                word=data.WORDS[run.config.data.name],
            )
        )


def origin_badge(run: StoredRun) -> str:
    """Where a finished run comes from, in a coloured word or two."""
    if run.shipped:
        return say(":blue-badge[The lab's own]")
    if run.uploaded_as:
        return say(":orange-badge[Uploaded]")
    return say(":green-badge[Yours]") if networks.is_own(run.run_id) else say(":green-badge[Trained here]")


def show_dataset_note() -> None:
    """Show which digits the lab works with, and why none others."""
    st.caption(
        say(
            "Digits: MNIST, 60,000 to learn from and 10,000 held back. The lab's own "
            "networks learnt from all 60,000; what you train says how many it learnt from. "
            "None learnt from a digit it is shown with."
        )
    )
