"""A visitor's own digit, drawn, photographed or uploaded, through all three networks."""

import streamlit as st

from pages.shared import dials, display, lab
from pages.shared.frame import lesson
from pages.shared.own_digit import digit_source, my_digit, preparation
from pages.shared.parts import likeness_view
from pages.shared.runs import training_panel

lesson.begin_lesson("your_digit", trains=True)

"# Your digit"

(
    "Draw one, or photograph one on a napkin. It is made to look like the digits the networks learnt from, "
    "and sent through all three."
)

with lab.plain_errors():
    source, result = st.columns([3, 8], gap="medium")
    with source:
        digit_source.choose_digit_source()
        size = dials.choose_latent_size()
        runs = display.find_trained_trio(size)
        training_panel.offer_missing(runs, size, "your_digit")
    with result:
        picture = my_digit.own_picture()
        if picture is None:
            digit_source.show_prompt()
        elif (prepared := preparation.show_preparation(picture)) is not None:
            if runs:
                likeness_view.show_through_networks(runs, prepared.digit_hw)
            likeness_view.offer_digit(prepared.digit_hw)
display.show_dataset_note()
lesson.end_lesson("your_digit")
