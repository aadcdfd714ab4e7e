"""A visitor's own digit, drawn or uploaded, through all three networks."""

import streamlit as st
from streamlit_drawable_canvas import st_canvas

from ae_core.digits import FORMATS, prepare_file
from pages.shared import dials, display, lab, lesson

lesson.begin("your_digit")

"# Your digit"

"""
Draw one or upload a picture of one. It is made to look like the digits the networks learnt from, step by step, and
sent through all three.
"""

with lab.plain_errors():
    source, result = st.columns([1, 2], gap="large")
    with source:
        way = st.segmented_control("Where from?", ["Draw", "Upload"], default="Draw", key="digit_source", bind="query-params")
        if way == "Upload":
            file = st.file_uploader("A PNG, JPEG or WebP picture", [kind.lower() for kind in FORMATS] + ["jpg"], key="digit_upload")
            content = file.getvalue() if file else None
        else:
            st.space("small")  # the board's buttons float above it
            drawing = st_canvas(
                stroke_width=18, stroke_color="#000000", background_color="#ffffff", height=280, width=280,
                drawing_mode="freedraw", return_image_data=True, key="digit_canvas",
            )  # fmt: skip
            content = drawing.image_bytes if drawing.json_data and drawing.json_data.get("objects") else None
        size = dials.latent_size()
    with result:
        if content is None:
            st.info("Draw a digit on the white square, with mouse or finger, or choose **Upload**.", icon=":material/draw:")
            st.stop()
        prepared = prepare_file(content)
        display.preparation(prepared)
        runs = display.shipped_trio(size)
        if not runs:
            st.info(f"No network with latent size {size} has been trained yet. Move the dial to 2, 8 or 32, or train one on its page.")
            st.stop()
        noise = dials.test_noise("your_digit", default=0.0)
        display.models_side_by_side(runs, prepared.digit_hw, noise, 0, key="your_digit")
        display.comparison_table(runs, prepared.digit_hw, noise, 0)
display.dataset_note()
