"""Where all this comes from."""

import streamlit as st

from pages.shared import lab
from pages.shared.frame import lesson
from pages.shared.frame.beats import beat
from pages.shared.parts import glossary, reading_list

lesson.begin_lesson("reading")

with lab.plain_errors():
    with beat("keras", "The Keras.io example"):
        "# Further reading"

        "## The Keras.io example"
        st.markdown(reading_list.KERAS)
        reading_list.show_digits()
        reading_list.ask_code_size()
    with beat("papers", "The papers"):
        "## The papers"
        st.markdown(reading_list.PAPERS)
    with beat("after", "What came after"):
        "## What came after"
        st.markdown(reading_list.AFTER)
    with beat("lines", "In five lines"):
        "## In five lines"
        st.markdown(reading_list.IN_FIVE_LINES)
    with beat("words", "The words"):
        "## The words"
        glossary.show_words()
        glossary.show_psnr_examples()
    with beat("turn", "And now, your turn"):
        "## And now, your turn"
        lab.draw_page_link("your_digit", "**Your digit**: draw or upload one", ":material/draw:")
        lab.draw_page_link("runs", "**Runs**: compare all networks, take them along", ":material/list:")

lesson.end_lesson("reading")
