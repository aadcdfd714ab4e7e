"""The third autoencoder: the second one's network, taught to remove noise."""

import streamlit as st

from ae_core.config import DAE
from pages.shared import display, lesson
from pages.shared.model_page import bench

lesson.begin("denoising")

"# The denoising autoencoder (DAE)"

"""
The same network as the CAE, with the same first weights. Only its input changes: it sees the **noisy** digit and is
marked against the **clean** one, $\\tilde x = D(E(x + \\varepsilon))$. The noise is new for every batch, and what leaves
the range from black to white is clipped, so on the black background it brightens the picture.
"""

bench(DAE, "dae", denoising=True)

st.markdown("**Try this:** train it with little noise and test it with much. Then the other way round.")
display.dataset_note()
lesson.end("denoising")
