"""Where all this comes from."""

import streamlit as st

from ae_core.words.sentences import say
from pages.shared import lab
from pages.shared.frame import lesson
from pages.shared.frame.beats import beat
from pages.shared.parts import glossary, reading_list

lesson.begin_lesson("reading")

with lab.plain_errors():
    with beat("keras", say("The Keras.io example")):
        st.markdown(say("# Further reading"))

        st.markdown(
            say(
                "The lessons follow the slides of a journal-club talk on autoencoders, and two of its "
                "questions are theirs. Its last slide names the example below; the papers are where "
                "its ideas come from."
            )
        )
        st.markdown(say("## The Keras.io example"))
        st.markdown(reading_list.KERAS)
        reading_list.show_digits()
        reading_list.ask_code_size()
    with beat("papers", say("The papers")):
        st.markdown(say("## The papers"))
        st.markdown(reading_list.BEGINNING)
        st.markdown(reading_list.PAPERS)
    with beat("after", say("What came after")):
        st.markdown(say("## What came after"))
        st.markdown(reading_list.AFTER)
    with beat("lines", say("In five lines")):
        st.markdown(say("## In five lines"))
        st.markdown(reading_list.IN_FIVE_LINES)
        st.markdown(
            say("**Which is best, and when?** That depends on what is asked of it, and is measured here:")
        )
        lab.draw_page_link(
            "comparison",
            say("**Comparison**: which is best, and at what? In its last step"),
            ":material/compare:",
        )
    with beat("words", say("The words")):
        st.markdown(say("## The words"))
        glossary.show_words()
        glossary.show_psnr_examples()
    with beat("turn", say("And now, your turn")):
        st.markdown(say("## And now, your turn"))
        lab.draw_page_link("your_digit", say("**Your digit**: draw or upload one"), ":material/draw:")
        lab.draw_page_link("runs", say("**Runs**: compare all networks, take them along"), ":material/list:")

lesson.end_lesson("reading")
