"""The deck's other question: pictures the networks never saw, and one network applied again and again."""

import streamlit as st

from ae_core.words.sentences import say
from pages.shared import dials, lab, networks
from pages.shared.frame import lesson, turned_page
from pages.shared.frame.beats import beat
from pages.shared.parts import again_view, findings_view, from_noise_view, left_out_view, oddity_view

lesson.begin_lesson("surprises")

with beat("see", say("Pictures they never saw")):
    st.markdown(say("# What do you think of this?"))

    st.markdown(
        say(
            "These networks learnt from digits alone. They never saw any of these pictures. Five questions, "
            "and at the end [a line on each](#sum): what was surprising, and why?"
        )
    )

with lab.plain_errors():
    controls, pictures = lesson.open_columns()
    with controls, turned_page.delay_hidden():
        size = dials.choose_latent_size()
        networks.draw_whose_switch(networks.TRIO)
        runs = networks.choose_trio(size)
        name = oddity_view.choose_picture()
    with pictures:
        with beat("see", say("Pictures they never saw"), part=2):
            oddity_view.show_inputs()
            if runs:
                networks.show_whose(runs)
        if runs:
            with beat("predict", say("What comes out?")):
                oddity_view.ask_what_comes_out(name, runs)
                oddity_view.show_all_outputs(runs)
            with beat("again", say("Again and again")):
                st.markdown(say("## Again and again"))

                st.markdown(
                    say(
                        "An autoencoder is to give back what it is given, $D(E(\\cdot)) \\to "
                        "I$. So give it its own output, again and again."
                    )
                )
                again_view.show_again(name, runs)
                model = again_view.ask_where_it_settles(runs)
        with beat("noise", say("From pure noise")):
            from_noise_view.ask_what_noise_becomes(runs)
        with beat("walk", say("From noise to a digit")):
            from_noise_view.ask_where_walk_ends()
        with beat("seven", say("A digit it never saw")):
            left_out_view.ask_about_class_left_out()
        if runs:
            with beat("sum", say("What was surprising, and why?")):
                findings_view.show_findings(name, model, runs)

lesson.end_lesson("surprises")
