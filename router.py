"""The router: which pages there are, in the order of the story. `app.py` serves it."""

import streamlit as st

from ae_core.words.sentences import say
from pages.shared import session
from pages.shared.frame import presenter
from pages.shared.server import page_objects

st.set_page_config(
    page_title="Autoencoder Lab", page_icon=page_objects.load_icon("docs/icon.png"), layout="wide"
)
pages = page_objects.make_pages(
    {
        "pages/home.py": say("Home"),
        "pages/fully_connected.py": "FAE",
        "pages/convolutional.py": "CAE",
        "pages/denoising.py": "DAE",
        "pages/difference.py": say("Difference"),
        "pages/surprises.py": say("Surprises"),
        "pages/comparison.py": say("Comparison"),
        "pages/latent_space.py": say("Latent space"),
        "pages/reading.py": say("Reading"),
        "pages/your_digit.py": say("Your digit"),
        "pages/runs.py": say("Runs"),
    }
)
# For links from page to page: by its file's name Streamlit would look each up on the disk.
st.session_state[session.PAGES] = {page.url_path or "home": page for page in pages}
chosen = st.navigation(pages, position="top")
presenter.turn_page()
chosen.run()
