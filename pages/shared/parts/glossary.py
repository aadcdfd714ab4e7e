"""The words of the lessons, each in a sentence or two, and what a PSNR looks like."""

from __future__ import annotations

import streamlit as st
import torch
from torch import Tensor

from ae_core.figures.base import columns_html
from ae_core.metrics import psnr
from ae_core.training import seeded
from ae_core.words.sentences import say
from pages.shared import lab

WORDS = {
    say("weight, parameter"): (
        say("A number in the network that training changes. All of them together are what it has learnt.")
    ),
    say("layer"): say(
        "One step of the network: numbers go in, are weighed and added up, and numbers come out."
    ),
    say("bias"): say("A number that is added to each of these sums, whatever came in."),
    say("activation"): (
        say(
            "What bends a layer's output, such as ReLU: what is below 0 becomes 0. Without "
            "it all layers together only weigh and add up: the network is **linear**."
        )
    ),
    say("code, latent"): (
        say("The few numbers between encoder and decoder. How many there are is the **latent size**.")
    ),
    say("convolution, filter"): (
        say("A small square of weights that slides over the picture, the same ones at every place.")
    ),
    say("map, channel"): say(
        "What one filter makes of the whole picture; a layer with 8 filters makes 8 maps."
    ),
    say("epoch, pass"): say("Once through all the digits it learns from."),
    say("held back"): say("Digits that no network has learnt from: the 10,000 test digits."),
    say("squared error"): say("The squared differences of all 784 pixels, added up. Smaller is better."),
    "PSNR": (
        say("The same error on a scale of decibels: 10 dB more is a tenth of the error. Larger is better.")
    ),
    "SSIM": (
        say("How alike two pictures are in small patches: brightness, contrast and structure. 1 is the same.")
    ),
    say("cross-entropy"): say("Another error per pixel, which takes each for the chance that it is white."),
    "σ": (
        say(
            "The strength of Gaussian noise: each pixel is changed by about so much, between "
            "black 0 and white 1."
        )
    ),
    say("variance"): say("How much values differ from their mean, squared, on average."),
    "PCA": (
        say(
            "Principal component analysis: the directions along which the digits differ "
            "most. The best linear code."
        )
    ),
}
SHOWN_DB = (10, 15, 20, 25)
STEPS = 30
SEED = 0


def show_words() -> None:
    """Show every word with what it means."""
    st.markdown("\n".join(f"- **{word}**: {meaning}" for word, meaning in WORDS.items()))


def show_psnr_examples() -> None:
    """Show a digit with so much noise on it that its PSNR is each of SHOWN_DB."""
    clean_hw = lab.digits().test_nhw[0]
    epsilon_hw = torch.randn(clean_hw.shape, generator=seeded(SEED, "noise shown"))
    columns = [(say("the digit"), clean_hw[None])]
    for wanted in SHOWN_DB:
        noisy_hw = noisy_at(clean_hw, epsilon_hw, wanted)
        columns.append((f"{float(psnr(noisy_hw[None], clean_hw[None])):.0f} dB", noisy_hw[None]))
    st.markdown(say("**What a PSNR looks like**, where noise is all that is wrong with a picture:"))
    with st.container(key="psnr_examples"):
        st.html(columns_html(columns))


def noisy_at(clean_hw: Tensor, epsilon_hw: Tensor, wanted_db: float) -> Tensor:
    """A digit (28, 28) with as much of this noise, clipped to [0, 1], as gives it the wanted PSNR in dB."""
    low, high = 0.0, 4.0
    for _ in range(STEPS):
        level = (low + high) / 2
        noisy_hw = (clean_hw + level * epsilon_hw).clamp(0, 1)
        if float(psnr(noisy_hw[None], clean_hw[None])) > wanted_db:
            low = level
        else:
            high = level
    return noisy_hw
