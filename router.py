"""The router: which pages there are, in the order of the story. `app.py` serves it; everything else is in `pages/` and `ae_core/`."""

import streamlit as st

st.set_page_config(page_title="Autoencoder Lab", page_icon="docs/icon.png", layout="wide")
pages = [
    st.Page("pages/home.py", title="Home", default=True),
    st.Page("pages/fully_connected.py", title="FAE"),
    st.Page("pages/convolutional.py", title="CAE"),
    st.Page("pages/denoising.py", title="DAE"),
    st.Page("pages/difference.py", title="Difference"),
    st.Page("pages/surprises.py", title="Surprises"),
    st.Page("pages/comparison.py", title="Comparison"),
    st.Page("pages/reading.py", title="Reading"),
    st.Page("pages/latent_space.py", title="Latent space"),
    st.Page("pages/your_digit.py", title="Your digit"),
    st.Page("pages/runs.py", title="Runs"),
]
# For links from page to page: by its file's name Streamlit would look each up on the disk, a fifth of what a visitor's first page takes.
st.session_state["pages"] = {page.url_path or "home": page for page in pages}
st.navigation(pages, position="top").run()
