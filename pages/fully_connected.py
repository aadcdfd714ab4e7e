"""The first autoencoder: layers in which everything is connected."""

import streamlit as st

from ae_core.config import FAE
from pages.shared import display, lesson
from pages.shared.model_page import bench

lesson.begin("fully_connected")

"# The fully connected autoencoder (FAE)"

"""
784 pixels go in, a few numbers remain, 784 pixels come out: $\\tilde x = D(E(x))$. Every pixel is connected to every
number of the next layer, so the network has to find out by itself which pixels are neighbours.
"""

bench(FAE, "fae")

st.markdown("**Try this:** make the latent size 2, then 8, then 32. Which digits are mixed up first?")
display.dataset_note()
lesson.end("fully_connected")
