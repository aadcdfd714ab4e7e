"""A visitor's own digits, drawn, photographed or uploaded, through all three networks."""

import streamlit as st
import torch

from ae_core.words.sentences import say
from pages.shared import dials, lab, networks
from pages.shared.frame import lesson
from pages.shared.own_digit import digit_source, preparation, tray, tray_view
from pages.shared.parts import all_digits_view, likeness_view

lesson.begin_lesson("your_digit")

st.markdown(say("# Your digit"))

st.markdown(
    say(
        "Draw one, or photograph one on a napkin, or a whole page. Each digit is made to "
        "look like those the networks learnt from, and sent through all three."
    )
)

with lab.plain_errors():
    way = digit_source.choose_way()
    # What is made of a picture stands beside where it came in, on a phone below it. The board takes all.
    board = st.container()
    columns = st.columns([3, 8], gap="medium") if way != digit_source.DRAW else None
    controls, result = st.columns([3, 8], gap="medium")
    chooser, on_tray = columns or (board, result.container())
    with controls:
        size = dials.choose_latent_size()
        networks.draw_whose_switch(networks.TRIO)
        runs = networks.choose_trio(size)
    with chooser:
        digit_source.take_pictures(way, size)
    with on_tray:
        tray_view.show_tray(runs, way)
        digit_source.tell_outcome()
    with controls:
        tray_view.offer_forgetting()
    with result:
        if (digit := tray.chosen_digit()) is not None:
            digits = tray.read_tray().digits
            digits_nhw = torch.stack([each.digit_hw for each in digits])
            preparation.show_preparation(digit)
            if runs:
                likeness_view.show_through_networks(runs, digits_nhw, digits.index(digit))
                networks.show_whose(runs)
            all_digits_view.offer_digits(digits_nhw)
    digit_source.stand_ready(way)
lesson.end_lesson("your_digit")
