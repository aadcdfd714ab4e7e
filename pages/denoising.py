"""The third autoencoder: the second one's network, taught to remove noise."""

import streamlit as st
from torch import Tensor

from ae_core.config import DAE, CorruptionConfig
from ae_core.runs.run_folder import StoredRun
from ae_core.words.sentences import say
from pages.shared import display, lab, question
from pages.shared.frame import lesson
from pages.shared.frame.beats import beat
from pages.shared.frame.model_page import SEE, show_model_bench
from pages.shared.parts import mismatch_view, network_view, noise_view


def show_removed_noise(run: StoredRun, digits_nhw: Tensor, noise: CorruptionConfig, noise_seed: int) -> None:
    """A beat of its own, drawn with the trial of the network."""
    with beat("removed", say("What it takes away")):
        noise_view.show_removed_noise(run, digits_nhw, noise, noise_seed)


lesson.begin_lesson("denoising", trains=True)

with beat("see", SEE):
    st.markdown(say("# The denoising autoencoder (DAE)"))

    st.markdown(
        say(
            "The CAE's layers once more. The network sees the **noisy** digit, and what it draws is "
            "compared with the **clean** one, $\\tilde x = D(E(x + \\varepsilon))$. The noise "
            "$\\varepsilon$ is new for every batch of digits. What would be darker than black or "
            "brighter than white is cut off, so on the black background noise can only brighten."
        )
    )

found = show_model_bench(DAE, "dae", denoising=True, more=show_removed_noise)

if found is not None:
    trained = found.config.corruption
    harder = noise_view.stronger_noise(trained)
    with beat("predict", say("More noise than it knows")), lab.plain_errors():
        question.ask_question(
            "denoising",
            say(
                "Trained with {noise} and tested with **{harder}**: does it still beat doing "
                "nothing, and by how much?",
                noise=display.noise_words(trained),
                harder=display.noise_words(harder),
            ),
            noise_view.GAINS,
            lambda: noise_view.judge_gain(found, harder),
            of={say("latent size"): found.config.model.latent_size, say("noise in training"): trained},
            networks=[found],
            reveals_page=True,
        )
    if question.is_revealed("denoising"):
        with beat("noise", say("How much noise can it take?")):
            noise_view.show_robustness({"DAE": found}, trained.kind, noise_seed=0, key="dae")
    with beat("network", say("The network, drawn to scale")), lab.plain_errors():
        network_view.show_network(found, "dae")
    with beat("maps", say("What the filters make of noise")), lab.plain_errors():
        st.subheader(say("What the filters make of a noisy digit"))
        network_view.show_feature_maps(found, 0, "dae", trained)
        st.markdown(
            say("**Try this:** train it with little noise and test it with much. Then the other way round.")
        )
with beat("levels", say("How much noise in training?")), lab.plain_errors():
    mismatch_view.ask_which_level()
with beat("kinds", say("Which noise in training?")), lab.plain_errors():
    mismatch_view.ask_which_kind()

lesson.end_lesson("denoising")
