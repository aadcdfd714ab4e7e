"""The second autoencoder: filters that slide over the picture."""

import streamlit as st

from ae_core.config import CAE
from ae_core.words.sentences import say
from pages.shared import display, lab, question
from pages.shared.frame import lesson
from pages.shared.frame.beats import beat
from pages.shared.frame.model_page import SEE, show_model_bench
from pages.shared.parts import filter_view, network_view, pca_view, why_view

lesson.begin_lesson("convolutional", trains=True)

with beat("see", SEE):
    st.markdown(say("# The convolutional autoencoder (CAE)"))

    st.markdown(
        say(
            "A **filter** is a small square of weights that slides over the picture: at each "
            "place its weights times the pixels below them, added up, make one number of a "
            "**map**. 28 → 14 → 7 pixels, a code, and back. **Point at a stage** to see it; one "
            "place is worked out below: [one filter at one place](#filter). "
            "And what is that worth, beside the FAE? [Say it first](#predict)."
        )
    )

found = show_model_bench(CAE, "cae")

if found is not None:
    run = found.config
    with beat("filter", say("One filter at one place")), lab.plain_errors():
        st.subheader(say("One filter at one place"))
        filter_view.show_filter_at_work(found, "cae")
    with beat("maps", say("What the filters find")), lab.plain_errors():
        st.subheader(say("What the filters find in a digit"))
        network_view.show_feature_maps(found, 0, "cae")
    with beat("network", say("The network, drawn to scale")), lab.plain_errors():
        network_view.show_network(run, "cae")
        why_view.show_where_weights_are(run.model)
    fae = pca_view.find_fae_beside(run)
    with beat("predict", say("FAE or CAE?")), lab.plain_errors():
        question.ask_question(
            "cae",
            say(
                "FAE and CAE, both with **{number}** in the code: which has the smaller "
                "error on held-back digits?",
                number=display.number_words(run.model.latent_size),
            ),
            [*pca_view.FAE_OR_CAE.values(), pca_view.ABOUT_EQUAL],
            lambda: pca_view.judge_fae_or_cae(found),
            of={say("latent size"): run.model.latent_size},
            networks=[fae, found],
            reveals_page=True,
        )
        if not question.is_revealed("cae"):
            st.caption(say("Answer, or reveal, to see both at every latent size, and why."))
    if question.is_revealed("cae"):
        with beat("sizes", say("What the filters are worth")), lab.plain_errors():
            if fae is not None:
                why_view.show_what_filters_are_worth(fae, found)
            pca_view.show_errors_by_size(["FAE", "CAE"], "cae")
            why_view.show_where_filters_pay()
            if fae is not None:
                why_view.show_moved_digits(fae, found)
lesson.end_lesson("convolutional")
