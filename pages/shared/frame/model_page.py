"""What the three model pages share: dials and buttons on the left, what the network makes on the right."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from torch import Tensor

from ae_core import config
from ae_core.config import CorruptionConfig, RunConfig
from ae_core.runs.run_folder import StoredRun
from pages.shared import dials, display, lab
from pages.shared.frame import lesson
from pages.shared.runs import share, training_panel, training_story, under_way

More = Callable[[StoredRun, Tensor, CorruptionConfig, int], None]


def show_model_bench(
    preset: RunConfig,
    page: str,
    *,
    denoising: bool = False,
    digits_below: bool = False,
    more: More | None = None,
) -> RunConfig | None:
    """Show the dials of `page`, the training and the trial of a model. The run they describe, or None.

    None where the dials do not fit together. more: drawn below, given the run, the digits (n, 28, 28), the
    noise and its seed. digits_below: the page itself shows the same digits further down.
    """
    controls, pictures = lesson.open_columns()
    run = None
    with controls, lab.plain_errors():
        run = dials.choose_run_settings(lab.with_digits_at_hand(preset), page, denoising=denoising)
        training_panel.draw_buttons(run, page)
    under_way.show_trainings_under_way([run] if run else [])
    if run is None:
        return None
    with pictures, lab.plain_errors():
        found = training_panel.watch_training(run, page)
        share.compare_with_sender(run, found)
        if found is not None:
            _show_trial(found.run_id, page, run, digits_below, more)
            training_story.show_training_story(found, page)
    return run


@st.fragment
def _show_trial(run_id: str, page: str, wanted: RunConfig, digits_below: bool, more: More | None) -> None:
    """Show what the network makes of digits; a fragment, so that a test dial redraws nothing else."""
    with lab.plain_errors():
        found = lab.find_trained_run(wanted)
        if found is None or found.run_id != run_id:
            st.rerun()
            return
        noise = dials.choose_test_noise(page, default=found.config.corruption.level)
        pictures = st.container()
        digits_seed, noise_seed = dials.choose_seeds(whole_page=digits_below)
        digits = display.chosen_digits(digits_seed)
        with pictures:
            display.show_denoising_rows(found, digits, noise, noise_seed, key=page)
        display.show_metrics(found, noise, noise_seed)
        display.show_provenance(found)
        if found.run_id != config.run_id(wanted):
            st.caption(
                "This network came with the lab. The one that the dials describe has not been trained here "
                "yet: press **Train** for that."
            )
        if more:
            more(found, digits, noise, noise_seed)
        share.offer_link_and_files(found, page, noise, noise_seed)
