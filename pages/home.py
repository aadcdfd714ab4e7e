"""What an autoencoder is, with one at work."""

import streamlit as st

from pages.shared import dials, display, lab, lesson

lesson.begin("home")

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
    with first:
        lab.link("fully_connected", "**1. Fully connected**: every pixel at once", ":material/hub:")
    with second:
        lab.link("convolutional", "**2. Convolutional**: small filters that slide", ":material/grid_on:")
    with third:
        lab.link("denoising", "**3. Denoising**: noisy in, clean out", ":material/auto_fix_high:")
    with first:
        lab.link("comparison", "**4. Comparison**: one noisy digit, three answers", ":material/compare:")
    with second:
        lab.link("your_digit", "**5. Your digit**: draw or upload one", ":material/draw:")
    display.dataset_note()
lesson.end("home")
