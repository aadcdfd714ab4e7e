"""The Keras.io example beside the lab's own networks, every number taken from the networks themselves."""

from __future__ import annotations

import streamlit as st
import torch

from ae_core import config
from ae_core.config import PIXELS
from ae_core.figures import base as figures
from ae_core.figures.base import Row
from ae_core.models import build_model, codes_of, parameter_count
from pages.shared import lab, question
from pages.shared.question import Answer

FEWER, HALF, MORE = OPTIONS = ("Fewer than 100.", f"100 to {PIXELS}.", f"More than {PIXELS}.")
DIGITS_SHOWN = 8


def show_digits() -> None:
    """Show some held-back digits."""
    with st.container(key="reading_first"):
        st.html(
            figures.rows_html(
                [Row(f"held-back digits, {PIXELS} pixels each", lab.digits().test_nhw[:DIGITS_SHOWN])]
            )
        )


def ask_code_size() -> None:
    """Ask how many numbers the Keras.io example keeps of a digit, and count them afterwards."""

    def answer() -> Answer:
        numbers = code_size(config.KERAS_EXAMPLE)
        right = FEWER if numbers < 100 else HALF if numbers <= PIXELS else MORE
        return Answer(
            right,
            f"Its code has {numbers:,} numbers for {PIXELS} pixels, {numbers / PIXELS:.0%}. "
            f"{_compression_words(numbers)}",
        )

    words = f"Into how many numbers does the Keras.io example's encoder turn a digit of {PIXELS} pixels?"
    question.ask_question("reading", words, OPTIONS, answer, _show_beside_ours, of={}, networks=[])


def code_size(run: config.RunConfig) -> int:
    """Number of values in the code of an untrained network of these settings, counted on the network."""
    return codes_of(build_model(run.model), torch.zeros(1, 28, 28)).shape[1]


def _compression_words(numbers: int) -> str:
    return "It compresses." if numbers < PIXELS else "It does not compress."


def _show_beside_ours() -> None:
    keras, ours = config.KERAS_EXAMPLE, config.DAE
    codes = [code_size(run) for run in (keras, ours)]
    st.table(
        [
            _row(
                "Numbers in the code",
                *(
                    f"{count:,} ({count / PIXELS:.0%} of {PIXELS}). {_compression_words(count)}"
                    for count in codes
                ),
            ),
            _row(
                "Numbers to train", *(f"{parameter_count(build_model(run.model)):,}" for run in (keras, ours))
            ),
            _row(
                "Where the denoiser starts",
                "at the trained clean autoencoder",
                "at the CAE's own starting weights",
            ),
            _row(
                "How clean and noisy differ",
                "in the noise and in how long they are trained",
                "in the noise alone",
            ),
            _row("Noise", "one noisy copy of each digit", "fresh for every batch"),
        ]
    )


def _row(what: str, keras: str, ours: str) -> dict[str, str]:
    return {"": what, "Keras.io example": keras, "CAE and DAE here": ours}
