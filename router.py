"""The router: which pages there are, in the order of the story. `app.py` serves it; everything else is in `pages/` and `ae_core/`."""

import streamlit as st

st.set_page_config(page_title="Autoencoder Lab", page_icon="docs/icon.png", layout="wide")
pages = {
    "home": st.Page("pages/home.py", title="Home", default=True),
    "fully_connected": st.Page("pages/fully_connected.py", title="FAE"),
    "convolutional": st.Page("pages/convolutional.py", title="CAE"),
    "denoising": st.Page("pages/denoising.py", title="DAE"),
    "difference": st.Page("pages/difference.py", title="Difference"),
    "surprises": st.Page("pages/surprises.py", title="Surprises"),
    "comparison": st.Page("pages/comparison.py", title="Comparison"),
    "reading": st.Page("pages/reading.py", title="Reading"),
    "latent_space": st.Page("pages/latent_space.py", title="Latent space"),
    "your_digit": st.Page("pages/your_digit.py", title="Your digit"),
    "runs": st.Page("pages/runs.py", title="Runs"),
}
# For links from page to page: by its file's name Streamlit would look each up on the disk, a fifth of what a visitor's first page takes.
st.session_state["pages"] = pages
st.navigation(list(pages.values()), position="top").run()
