"""All runs: trained here, uploaded or shipped; listed, compared, taken along, deleted."""

import streamlit as st

from pages.shared import display, lab
from pages.shared.frame import lesson
from pages.shared.runs import run_cards, run_list

lesson.begin("runs")

"# Runs"

"""
A **run** is one training: its settings, its log and its weights. Here is every run that came with the lab, was trained
here or was uploaded. Choose up to four to see them side by side.
"""

with lab.plain_errors():
    fullness, upload = st.columns([2, 1], gap="large")
    with fullness:
        run_list.fullness()
    with upload:
        run_list.uploader()
    run_list.uploaded()

    runs = run_list.all_runs()
    shown = run_list.filtered(runs)
    run_list.table(shown)

    chosen = run_cards.choice(runs, shown)
    run_cards.cards(chosen)
    run_cards.comparison(chosen)
    display.dataset_note()
lesson.end("runs")
