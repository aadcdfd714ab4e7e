"""The bench that the three model pages share: dials and buttons on the left, what the network makes of it on the right."""

from __future__ import annotations

import streamlit as st

from ae_core.config import RunConfig
from pages.shared import dials, display, lab, lesson, training_panel, training_story


def bench(preset: RunConfig, page: str, *, denoising: bool = False) -> None:
    """Train a model and try it, under the dials of `page`."""
    with lab.plain_errors():
        controls, pictures = lesson.columns()
        with controls:
            run = dials.training(lab.on_these_digits(preset), page, denoising=denoising)
            training_panel.buttons(run, page)
        with pictures:
            found = training_panel.watch(run, page)
            if found is not None:
                _try_it(found.run_id, page, run)
                training_story.story(found, page)


@st.fragment
def _try_it(run_id: str, page: str, wanted: RunConfig) -> None:
    """A fragment of its own, so that a test dial redraws the pictures and nothing else."""
    with lab.plain_errors():
        found = lab.trained(wanted)
        if found is None or found.run_id != run_id:
            st.rerun()
            return
        noise = dials.test_noise(page, default=found.config.corruption.level)
        pictures = st.container()
        digits_seed, noise_seed = dials.digits_and_noise_seeds()
        with pictures:
            display.denoising_rows(found, display.chosen_digits(digits_seed), noise, noise_seed, key=page)
        display.metrics(found, noise, noise_seed)
        display.provenance(found)
