"""The second autoencoder: filters that slide over the picture."""

import streamlit as st

from ae_core.config import CAE
from pages.shared import display, lab, question
from pages.shared.frame import lesson
from pages.shared.frame.model_page import show_model_bench
from pages.shared.parts import network_view, pca_view

lesson.begin_lesson("convolutional", trains=True)

"# The convolutional autoencoder (CAE)"

"""
Small filters slide over the picture: 28 → 14 → 7 pixels on the contracting path, a code, and 7 → 14 → 28 on
the expanding path. One filter serves every place, so far fewer weights have to be learnt than in the fully
connected network.
"""

found = show_model_bench(CAE, "cae")

if found is not None:
    run = found.config
    with lab.plain_errors():
        question.ask_question(
            "cae",
            f"FAE and CAE, both with **{display.number_words(run.model.latent_size)}** in the code: "
            "which has the smaller error on held-back digits?",
            [*pca_view.FAE_OR_CAE.values(), pca_view.ABOUT_EQUAL],
            lambda: pca_view.judge_fae_or_cae(found),
            of={"latent size": run.model.latent_size},
            networks=[pca_view.find_fae_beside(run), found],
        )
        network_view.show_network(run, "cae")
        st.subheader("What the filters find in a digit")
        network_view.show_feature_maps(found, 0, "cae")
        pca_view.show_errors_by_size(["FAE", "CAE"], "cae")

st.markdown(
    "**Try this:** with the same latent size, which network draws the thinner strokes, this one or the "
    "fully connected?"
)
display.show_dataset_note()
lesson.end_lesson("convolutional")
