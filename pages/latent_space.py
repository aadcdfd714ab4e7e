"""The space of codes: where digits lie, what lies between them, and what the decoder draws elsewhere."""

import streamlit as st

from ae_core import config
from ae_core.config import CAE, CorruptionConfig
from ae_core.words.sentences import say
from pages.shared import dials, lab, networks, question
from pages.shared.frame import lesson
from pages.shared.frame.beats import beat
from pages.shared.parts import latent_bench, mix_up_view

lesson.begin_lesson("latent_space")

with beat("plane", say("Two numbers: a plane")):
    st.markdown(say("# The latent space"))

    st.markdown(
        say(
            "The encoder makes every digit a **point**: its code. Nobody told it which digits "
            "belong together. Every other point is a code as well, and the decoder draws "
            "something from each. A code of **two numbers** is a point on a sheet, so all of "
            "them can be seen at once."
        )
    )

    with lab.plain_errors():
        if smallest := networks.find_lab_run(config.adjusted(CAE, model={"latent_size": 2})):
            latent_bench.show_plane_of_codes(latent_bench.load_code_space(smallest, CorruptionConfig()))
            mix_up_view.show_lost(smallest)

with beat("sizes", say("What the size of the code does")), lab.plain_errors():
    st.subheader(say("What the size of the code does"))
    mix_up_view.show_what_size_does(CAE)
    lab.draw_page_link(
        "fully_connected",
        say("Every size, beside PCA: “How few numbers can hold a digit?”"),
        ":material/hub:",
    )

SEE = say("From one digit to another")
with beat("see", SEE):
    st.subheader(say("And with more numbers?"))

    st.markdown(
        say(
            "More numbers keep more of a digit, and nobody can see thirty directions. A map "
            "shows two of them and hides the rest: points that lie close on it may be far apart. "
            "Walk from one digit to another, and look for the place where it is neither."
        )
    )

with lab.plain_errors():
    controls, pictures = lesson.open_columns()
    with controls:
        model = st.radio(
            say("Network"), latent_bench.MODELS, 1, key="latent_model", horizontal=True, bind="query-params"
        )
        size = dials.choose_latent_size()
        networks.draw_whose_switch([model])
        run = networks.choose_trio(size).get(model)
    with pictures:
        if run is not None:
            with beat("see", SEE, part=2):
                networks.show_whose({model: run})
                noise = dials.choose_test_noise("latent", default=0.0)
                space = latent_bench.load_code_space(run, noise)
                latent_bench.show_two_digits(space)
            with beat("predict", say("Halfway between two digits")):
                question.ask_question(
                    "latent",
                    say(
                        "**Halfway** between two different digits: is the picture decoded "
                        "there nearer to some real held-back digit than the pixel cross-fade "
                        "is?"
                    ),
                    latent_bench.HALFWAY,
                    lambda: latent_bench.judge_halfway(run),
                    of={say("choice of network"): model, say("latent size"): run.config.model.latent_size},
                    networks=[run],
                )
            with beat("elsewhere", say("Where no digit is")):
                st.subheader(say("Where no digit is"))
                latent_bench.show_other_codes(space)
lesson.end_lesson("latent_space")
