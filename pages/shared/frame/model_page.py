"""The bench that the three model pages share: dials and buttons on the left, what the network makes of it on the right."""

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


def bench(
    preset: RunConfig,
    page: str,
    *,
    denoising: bool = False,
    digits_below: bool = False,
    more: More | None = None,
) -> RunConfig | None:
    """Train a model and try it, under the dials of `page`. Gives back the run they describe; None where they do not fit together.

    `more` is shown below: it gets the run, the digits, the noise and its seed, and follows the same dials. digits_below: the
    page itself shows the same digits further down.
    """
    controls, pictures = lesson.columns()
    run = None
    with controls, lab.plain_errors():
        run = dials.training(lab.on_these_digits(preset), page, denoising=denoising)
        training_panel.buttons(run, page)
    under_way.show([run] if run else [])
    if run is None:
        return None
    with pictures, lab.plain_errors():
        found = training_panel.watch(run, page)
        share.beside_the_senders(run, found)
        if found is not None:
            _try_it(found.run_id, page, run, digits_below, more)
            training_story.story(found, page)
    return run


@st.fragment
def _try_it(run_id: str, page: str, wanted: RunConfig, digits_below: bool, more: More | None) -> None:
    """A fragment of its own, so that a test dial redraws the pictures and nothing else."""
    with lab.plain_errors():
        found = lab.trained(wanted)
        if found is None or found.run_id != run_id:
            st.rerun()
            return
        noise = dials.test_noise(page, default=found.config.corruption.level)
        pictures = st.container()
        digits_seed, noise_seed = dials.digits_and_noise_seeds(whole_page=digits_below)
        digits = display.chosen_digits(digits_seed)
        with pictures:
            display.denoising_rows(found, digits, noise, noise_seed, key=page)
        display.metrics(found, noise, noise_seed)
        display.provenance(found)
        if found.run_id != config.run_id(wanted):
            st.caption(
                "This network came with the lab. The one that the dials describe has not been trained here yet: press **Train** for that."
            )
        if more:
            more(found, digits, noise, noise_seed)
        share.link_and_exports(found, page, noise, noise_seed)
