"""The first autoencoder: layers in which everything is connected."""

import streamlit as st

from ae_core.config import FAE, LINEAR
from ae_core.words.sentences import say
from pages.shared import display, lab, networks, question
from pages.shared.frame import lesson
from pages.shared.frame.beats import beat
from pages.shared.frame.model_page import SEE, show_model_bench
from pages.shared.parts import mix_up_view, network_view, pca_view

lesson.begin_lesson("fully_connected", trains=True)

with beat("see", SEE):
    st.markdown(say("# The fully connected autoencoder (FAE)"))

    st.markdown(
        say(
            "784 pixels go in, a few numbers remain, 784 pixels come out: $\\tilde x = D(E(x))$. "
            "Every pixel is connected to every number of the next layer, so the network has to "
            "find out by itself which pixels are neighbours. **Point at a number of the code** "
            "to see what it changes in the picture."
        )
    )

    linear = pca_view.choose_linear()

found = (
    show_model_bench(LINEAR, "linear", digits_below=True)
    if linear
    else show_model_bench(FAE, "fae", digits_below=True)
)

if found is not None:
    run = found.config
    with beat("predict", say("FAE or PCA?")), lab.plain_errors():
        question.ask_question(
            "fae",
            say(
                "PCA, principal component analysis, is the best code that only weighs and "
                "adds up pixels: the best **linear** one, of the digits it learnt from. With "
                "**{number}** in the code, which rebuilds other digits, held back from both, "
                "better?",
                number=display.number_words(run.model.latent_size),
            ),
            [*pca_view.FAE_OR_PCA.values(), pca_view.ABOUT_EQUAL],
            lambda: pca_view.judge_pca_or_fae(run),
            of={say("latent size"): run.model.latent_size},
            networks=[networks.choose_network(pca_view.plain_fae(run))],
            reveals_page=True,
        )
        if not question.is_revealed("fae"):
            st.caption(say("Answer, or reveal, to see both on the same digits, and at every latent size."))
    revealed = question.is_revealed("fae")
    if revealed:
        with beat("pca", say("Beside PCA")), lab.plain_errors():
            pca_view.show_beside_pca(run)
    with beat("sizes", say("How few numbers can hold a digit?")), lab.plain_errors():
        pca_view.show_errors_by_size(["FAE"], "fae", with_pca=revealed)
        mix_up_view.show_mix_ups(FAE)
    with beat("network", say("The network, drawn to scale")), lab.plain_errors():
        network_view.show_network(run, "fae")
        st.markdown(
            say("**Try this:** make the latent size 2, then 8, then 30. Which digits are mixed up first?")
        )

lesson.end_lesson("fully_connected")
