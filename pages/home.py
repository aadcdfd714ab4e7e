"""What an autoencoder is, with one at work."""

import streamlit as st

from ae_core import config
from ae_core.words.sentences import say
from pages.shared import answers, dials, display, lab, living_view, networks, question
from pages.shared.frame import first_sight, lesson
from pages.shared.frame.beats import beat
from pages.shared.parts import why_view

lesson.begin_lesson("home", draws_figures=False)  # its first picture is there a fifth of a second sooner

SIZE = config.CAE.model.latent_size


@st.fragment
def at_work() -> None:
    """A fragment of its own, so that a dial redraws the picture and nothing else."""
    with lab.plain_errors():
        picture = st.container()
        noise = dials.choose_test_noise("home", default=0.0)
        digits_seed, noise_seed = dials.choose_seeds(one_digit=True)
        with picture:
            runs = {"CAE": cae} if (cae := networks.choose_trio(SIZE).get("CAE")) else {}
            if runs:
                living_view.show_living_picture(
                    runs, display.chosen_digits(digits_seed)[0], noise, noise_seed, "home", follows_size=False
                )
        if runs:
            networks.show_whose(runs)


with beat("see", say("An autoencoder at work")):
    st.markdown(first_sight.HEADING)
    st.markdown(first_sight.ABOUT)

    networks.draw_whose_switch(["CAE"])
    at_work()
    st.caption(
        say(
            "**Take hold of it.** Paint on the digit, pull a number of the code, or move the "
            "noise: everything after it follows. No network here has learnt from this digit. "
            "This one is a convolutional autoencoder; the way leads from the **FAE** (fully "
            "connected autoencoder) to the **CAE** (convolutional autoencoder) and the "
            "**DAE** (denoising autoencoder)."
        )
    )

if cae := networks.choose_trio(SIZE).get("CAE"):
    with beat("predict", say("How much is kept?")):
        question.ask_question(
            "home",
            say(
                "The CAE just shown makes **{number}** of a picture's 784. **Variance** is how much digits "
                "differ from each other, pixel by pixel. How much of it do those few numbers keep?",
                number=display.number_words(cae.config.model.latent_size),
            ),
            answers.SHARES,
            lambda: answers.judge_variance_kept(cae),
            of={},
            networks=[cae],
            reveals_page=True,
        )
    with beat("why", say("Why it is called so")), lab.plain_errors():
        st.subheader(say("The picture is its own answer"))
        st.markdown(
            say(
                "Trained well, the decoder undoes what the encoder did: $D(E(\\cdot)) \\to I$. The dot "
                "stands for any picture, $I$ for the identity, which gives back whatever it is given; "
                "training brings the one nearer to the other."
            )
        )
        if question.is_revealed("home"):
            why_view.show_goal(cae)
        else:
            st.markdown(why_view.target_words())
            st.caption(say("Answer, or reveal, the question above to see how near it comes."))

with beat("path", say("The way through")):
    lesson.show_overview()
lesson.end_lesson("home")
