"""The second autoencoder: filters that slide over the picture."""

import streamlit as st

from ae_core.config import CAE
from pages.shared import display, lesson
from pages.shared.model_page import bench

lesson.begin("convolutional")

"# The convolutional autoencoder (CAE)"

"""
Small filters slide over the picture: 28 → 14 → 7 pixels on the contracting path, a code, and 7 → 14 → 28 on the
expanding path. One filter serves every place, so far fewer weights have to be learnt than in the fully connected network.
"""

bench(CAE, "cae")

st.markdown("**Try this:** with the same latent size, which network draws the thinner strokes, this one or the fully connected?")
display.dataset_note()
lesson.end("convolutional")
