"""The router: which pages there are, in the order of the story. Everything else is in `pages/` and `ae_core/`."""

import streamlit as st

st.set_page_config(page_title="Autoencoder Lab", page_icon="docs/icon.png", layout="wide")
st.navigation(
    [
        st.Page("pages/home.py", title="Home", default=True),
        st.Page("pages/fully_connected.py", title="Fully connected"),
        st.Page("pages/convolutional.py", title="Convolutional"),
        st.Page("pages/denoising.py", title="Denoising"),
        st.Page("pages/comparison.py", title="Comparison"),
        st.Page("pages/your_digit.py", title="Your digit"),
        st.Page("pages/runs.py", title="Runs"),
    ],
    position="top",
).run()
