"""What the three model pages share: dials and buttons on the left, what the network makes on the right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st
from torch import Tensor

from ae_core import config
from ae_core.config import CorruptionConfig, RunConfig
from ae_core.runs.run_folder import StoredRun
from ae_core.words.sentences import say
from pages.shared import dials, display, lab, living_view, networks, provenance
from pages.shared.frame import lesson, turned_page
from pages.shared.frame.beats import beat
from pages.shared.parts import learnt_view
from pages.shared.runs import share, stuck_words, training_panel, training_story, under_way

More = Callable[[StoredRun, Tensor, CorruptionConfig, int], None]
TRAINING_BOX = say("Settings of your own network")
SEE = say("The network at work")


def show_model_bench(
    preset: RunConfig,
    page: str,
    *,
    denoising: bool = False,
    digits_below: bool = False,
    more: More | None = None,
) -> StoredRun | None:
    """Show the dials of `page`, the training and the trial of a model. The network that is tried, or None.

    None where neither the lab nor the visitor has one of this family. more: draws a beat of its own below the
    results, given the run, the digits (n, 28, 28), the noise and its seed. digits_below: the page itself
    shows the same digits further down.
    """
    controls, pictures = lesson.open_columns()
    run = None
    with controls, turned_page.delay_hidden():
        with st.container():  # one place for both, however many: else the box below would close with another
            size = dials.choose_latent_size()
            networks.draw_whose_switch([config.family(preset)])
        with st.expander(TRAINING_BOX, icon=":material/tune:"), lab.plain_errors():
            run = dials.choose_run_settings(preset, page, size, denoising=denoising)
        if run:
            with lab.plain_errors():
                training_panel.draw_buttons(run, page)
    under_way.show_trainings_under_way([run] if run else [])
    with pictures, lab.plain_errors():
        trains = run is not None and training_panel.watch_training(run, page)
        noise = {"kind": run.corruption.kind, "level": run.corruption.level} if run and denoising else {}
        wanted = config.adjusted(preset, model={"latent_size": size}, corruption=noise)
        if config.family(wanted) != config.family(preset):  # trained without noise, a DAE is a CAE
            wanted = config.adjusted(preset, model={"latent_size": size})
        found = networks.choose_network(wanted)
        if run is not None:
            share.compare_with_sender(run, found)
        if found is not None:
            if not trains:
                learnt_view.announce_own_network(found, page)
            _show_trial(found.run_id, page, wanted, digits_below, more)
            if not trains:
                with beat("training", say("How it learnt")):
                    training_story.show_training_story(found, page)
        return found
    return None


@st.fragment
def _show_trial(run_id: str, page: str, wanted: RunConfig, digits_below: bool, more: More | None) -> None:
    """Show what the network makes of digits; a fragment, so that a test dial redraws nothing else."""
    with lab.plain_errors():
        found = networks.choose_network(wanted)
        if found is None or found.run_id != run_id:
            st.rerun()
            return
        with beat("see", SEE, part=2):
            noise = dials.choose_test_noise(page, default=found.config.corruption.level)
            picture = st.container()
            digits_seed, noise_seed = dials.choose_seeds(whole_page=digits_below)
            digits = learnt_view.choose_digits_for(found, digits_seed)
            with picture:
                living_view.show_living_picture(
                    {config.family(found.config): found}, digits[0], noise, noise_seed, page
                )
        with beat("results", say("What comes out")):
            _show_results(found, _find_beside(found, wanted), digits, noise, noise_seed, page)
            _explain_other_size(found, wanted)
            share.offer_link_and_files(found, page, noise, noise_seed)
        if more:
            more(found, digits, noise, noise_seed)


def _show_results(
    found: StoredRun,
    beside: list[StoredRun],
    digits_nhw: Tensor,
    noise: CorruptionConfig,
    noise_seed: int,
    page: str,
) -> None:
    """Show what networks make of many digits, and the figures over all that are held back."""
    display.show_denoising_rows(
        {learnt_view.row_label(run, alone=len(beside) == 1, noisy=noise.level > 0): run for run in beside},
        digits_nhw,
        noise,
        noise_seed,
        key=page,
    )
    for run in beside:
        stuck_words.show_collapse(run, f"{page}_{run.run_id}", partial(_train_again, page))
    learnt_view.show_classes_left_out(found)
    display.show_metrics(found, noise, noise_seed)
    for run in beside:
        provenance.show_provenance(run)
    learnt_view.show_both_measured(beside, noise, noise_seed)
    learnt_view.show_learnt_by_heart(found)


def _train_again(page: str, run: RunConfig) -> None:
    """Set the page's training dials as `run` has them, and train it."""
    dials.set_training_dials(page, run)
    training_panel.submit_training(run)
    st.rerun()  # the whole page, not the button's fragment alone: the dials stand outside of it


def _find_beside(found: StoredRun, wanted: RunConfig) -> list[StoredRun]:
    """The network worked with, and the other one of the lab's and the visitor's where there are both."""
    labs, own = networks.find_lab_run(wanted), networks.find_own_run(config.family(wanted))
    return [found, *(run for run in (labs, own) if run is not None and run.run_id != found.run_id)]


def _explain_other_size(found: StoredRun, wanted: RunConfig) -> None:
    """Say so where what is shown has another latent size, or other noise in training, than the dials say."""
    size, noise = found.config.model.latent_size, found.config.corruption
    if size != wanted.model.latent_size and found.shipped:
        st.caption(
            say(
                "The lab has no such network with {wanted}: the nearest, this one, has **{number}** in "
                "its code. **Train** makes yours.",
                wanted=display.number_words(wanted.model.latent_size),
                number=display.number_words(size),
            )
        )
    elif size != wanted.model.latent_size:
        st.caption(
            say(
                "Your network has **{number}** in its code, whatever the dial says: that one "
                "changes the lab's network.",
                number=display.number_words(size),
            )
        )
    elif found.shipped and noise != wanted.corruption:
        st.caption(
            say(
                "The lab has no network that learnt with {noise}: the nearest, this one, "
                "learnt with {noise_2}. **Train** makes yours.",
                noise=display.noise_words(wanted.corruption),
                noise_2=display.noise_words(noise),
            )
        )
