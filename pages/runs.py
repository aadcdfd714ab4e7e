"""All runs: trained here, uploaded or shipped; listed, compared, taken along, deleted."""

import streamlit as st

from ae_core.words.sentences import say
from pages.shared import lab
from pages.shared.frame import lesson
from pages.shared.runs import run_cards, run_list

lesson.begin_lesson("runs")

st.markdown(say("# Runs"))

st.markdown(
    say(
        "A **run** is one training: its settings, its log and its weights. Here is every run "
        "that came with the lab, was trained here or was uploaded. Choose up to four to see them "
        "side by side."
    )
)

with lab.plain_errors():
    fullness, upload = st.columns([2, 1], gap="large")
    with fullness:
        run_list.show_fullness()
    with upload:
        run_list.draw_uploader()
    run_list.show_upload_result()

    runs = run_list.list_runs()
    shown = run_list.filter_runs(runs)
    run_list.show_table(shown)

    chosen = run_cards.choose_runs(runs, shown)
    run_cards.show_cards(chosen)
    run_cards.show_comparison(chosen)
lesson.end_lesson("runs")
