"""What an autoencoder is, with one at work."""

import streamlit as st

from pages.shared import dials, display, lab

lab.open_page()

"# What does an autoencoder do?"

"""
It squeezes a picture through a **bottleneck** and draws it again. The **encoder** E keeps a short *code*; the
**decoder** D must rebuild the picture from the code alone. Nobody gives it labels: the picture is its own answer.
Trained well, the two undo each other: $D(E(\\cdot)) \\to I$.
"""

with lab.plain_errors():
    runs = display.shipped_trio(32)
    noise = dials.test_noise("home", default=0.4)
    picture = st.container()
    digits_seed, noise_seed = dials.digits_and_noise_seeds()
    with picture:
        display.models_side_by_side(runs, display.chosen_digits(digits_seed)[0], noise, noise_seed, key="home")
    st.caption("One digit the networks never saw, the same digit in noise, and three networks' reconstructions from 32 numbers each.")

    first, second, third = st.columns(3, gap="medium")
    first.page_link("pages/fully_connected.py", label="**1. Fully connected**: every pixel at once", icon=":material/hub:")
    second.page_link("pages/convolutional.py", label="**2. Convolutional**: small filters that slide", icon=":material/grid_on:")
    third.page_link("pages/denoising.py", label="**3. Denoising**: noisy in, clean out", icon=":material/auto_fix_high:")
    first.page_link("pages/comparison.py", label="**4. Comparison**: one noisy digit, three answers", icon=":material/compare:")
    second.page_link("pages/your_digit.py", label="**5. Your digit**: draw or upload one", icon=":material/draw:")
    display.dataset_note()
