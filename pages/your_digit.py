"""A visitor's own digit, drawn, photographed or uploaded, through all three networks."""

import streamlit as st

from pages.shared import dials, lab, networks
from pages.shared.frame import lesson
from pages.shared.own_digit import digit_source, my_digit, preparation
from pages.shared.parts import likeness_view

lesson.begin_lesson("your_digit")

"# Your digit"

(
    "Draw one, or photograph one on a napkin. It is made to look like the digits the networks learnt from, "
    "and sent through all three."
)

with lab.plain_errors():
    way = digit_source.choose_way()
    board = st.container()
    source, result = st.columns([3, 8], gap="medium")
    with source:
        chooser = st.container()
        size = dials.choose_latent_size()
        networks.draw_whose_switch(networks.TRIO)
        runs = networks.choose_trio(size)
    with board if way == digit_source.DRAW else chooser:
        digit_source.take_picture(way, size)
    with source:
        digit_source.offer_forgetting()
    with result:
        picture = my_digit.own_picture()
        if picture is None:
            digit_source.show_prompt(way)
        elif (prepared := preparation.show_preparation(picture)) is not None:
            if runs:
                likeness_view.show_through_networks(runs, prepared.digit_hw)
                networks.show_whose(runs)
            likeness_view.offer_digit(prepared.digit_hw)
lesson.end_lesson("your_digit")
