"""The plain way to write such an app, to compare with: one script, the network in a cache, plain Streamlit.

streamlit run tests/benchmarks/plain_app.py
"""

import sys
from pathlib import Path

import streamlit as st
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))
from ae_core import config, data
from ae_core.models import reconstruct
from ae_core.runs.store import Store


@st.cache_resource
def network():
    store = Store(Path("plain_store"))
    return store.load_model(store.shipped_like(config.DAE))


@st.cache_data
def digits():
    return data.load_digits().test_nhw[:8]


st.title("Denoising autoencoder")
level = st.slider("Noise level", 0.0, 1.0, 0.4, 0.05, key="noise")
clean_nhw = digits()
noise_nhw = torch.randn(clean_nhw.shape, generator=torch.Generator().manual_seed(0))
noisy_nhw = (clean_nhw + level * noise_nhw).clamp(0, 1)
for name, images_nhw in (
    ("Digit", clean_nhw),
    ("Noisy", noisy_nhw),
    ("Reconstruction", reconstruct(network(), noisy_nhw)),
):
    st.write(name)
    st.image(torch.cat(list(images_nhw), 1).numpy(), width=900, clamp=True)
