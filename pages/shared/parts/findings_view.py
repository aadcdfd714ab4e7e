"""What was surprising and why, in a line each: of the questions that have been answered, and of no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from ae_core.runs.run_folder import StoredRun
from ae_core.words.sentences import say, say_count
from pages.shared import lab, question
from pages.shared.parts import again_view, from_noise_view, left_out_view, oddity_view


def show_findings(name: str, model: str, runs: Mapping[str, StoredRun]) -> None:
    """Sum up what the questions asked now have revealed.

    name: of the picture that is asked about. model: the network that was applied to its own output.
    """
    found: dict[str, Callable[[], str]] = {
        f"surprises_{name}": lambda: oddity_view.tell_outcome(name, runs),
        f"surprises_again_{model}": lambda: again_view.tell_course(model, runs),
        "surprises_noise_once": from_noise_view.tell_once,
        "surprises_noise_walk": from_noise_view.tell_walks,
        "surprises_left_out": left_out_view.tell_left_out,
    }
    st.markdown(say("## What was surprising, and why?"))
    revealed = [tell for key, tell in found.items() if question.is_revealed(key)]
    with lab.plain_errors():
        if revealed:
            st.markdown("\n".join(f"- {tell()}" for tell in revealed))
    if hidden := len(found) - len(revealed):
        st.caption(
            say_count(
                "{count} question above is still open: answered or revealed, it adds its line here.",
                "{count} questions above are still open: answered or revealed, each adds its line here.",
                hidden,
            )
        )
        st.button(
            say("Reveal them all"),
            key="surprises_reveal_all",
            icon=":material/visibility:",
            help=say("For whoever would rather read than guess."),
            on_click=question.reveal_all,
            args=([*found],),
        )
