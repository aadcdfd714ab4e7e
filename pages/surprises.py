"""The deck's other question: pictures the networks never saw, and one network applied again and again."""

import streamlit as st

from pages.shared import dials, display, lab
from pages.shared.frame import lesson
from pages.shared.parts import oddity_view

lesson.begin("surprises")

"# What do you think of this?"

"These networks learnt from digits alone. They never saw any of these pictures."

with lab.plain_errors():
    controls, pictures = lesson.columns()
    with controls:
        size = dials.latent_size()
        runs = display.shipped_trio(size)
        name = oddity_view.chooser()
    with pictures:
        oddity_view.inputs()
        if not runs:
            st.info(
                f"No network with latent size {size} has been trained yet. Train one on its page, or move the dial to {dials.SIZES_READY}."
            )
        else:
            oddity_view.prediction(name, runs)
            oddity_view.overview(runs)

            "## Again and again"

            "An autoencoder is to give back what it is given, $D(E(\\cdot)) \\to I$. So give it its own output, again and again."
            oddity_view.again(runs)

display.dataset_note()
lesson.end("surprises")
