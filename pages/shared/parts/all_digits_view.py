"""All digits of a visitor's tray at once: through the networks, in a table, and in files to take along."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
import torch
from torch import Tensor

from ae_core.config import CorruptionConfig
from ae_core.corruption import draw_pattern
from ae_core.figures.digit_table import DigitRow, digit_table_html
from ae_core.figures.png import npy_bytes, png_bytes, sheet_pixels
from ae_core.living.packing import pack_digits, pack_floats
from ae_core.metrics import squared_error
from ae_core.models import as_picture, reconstruct
from ae_core.runs.run_folder import StoredRun
from ae_core.study.classifier import classify, find_classifier
from ae_core.study.robustness import noisy_digits
from ae_core.training import seeded
from ae_core.words.sentences import say
from pages.shared import dials, display, lab
from pages.shared.browser import living
from pages.shared.own_digit import my_digits

NOISE_SEED = 0
PER_LINE = 10
WORDS = {
    "digit": say("digit"),
    "noisy": say("noisy"),
    "reads": say("reads {digit}"),
    "nth": say("Digit {i} of {n}"),
}


def noisy_alike(digits_nhw: Tensor, noise: CorruptionConfig) -> Tensor:
    """Digits (n, 28, 28) with the same noise on each, that which lies on a single one."""
    return torch.cat([noisy_digits(digit_hw[None], noise, NOISE_SEED) for digit_hw in digits_nhw])


def draw_cards(
    runs: Mapping[str, StoredRun], digits_nhw: Tensor, chosen: int, noise: CorruptionConfig
) -> None:
    """Show what networks, by their names, make of digits (n, 28, 28), each below the digit; one is marked.

    They follow the noise slider of the page Your digit while it is dragged.
    """
    pattern = draw_pattern(noise.kind, (1, 28, 28), seeded(NOISE_SEED, "noise shown"))
    data = {
        "digits": pack_digits(digits_nhw),
        "pattern": pack_floats(pattern),
        "kind": noise.kind,
        "level": noise.level,
        "dial": dials.test_noise_key("your_digit"),
        "chosen": chosen,
        "networks": [{"name": name, "address": living.network_address(run)} for name, run in runs.items()],
        "classifier": living.describe_classifier(),
        "words": WORDS,
    }
    living.draw_living("cards", "own_cards", data)
    st.caption(
        say(
            "Below each network's name: the squared error over the 784 pixels, and what a "
            "classifier reads. The same noise lies on every digit."
        )
    )


def show_table(
    runs: Mapping[str, StoredRun], digits_nhw: Tensor, chosen: int, noise: CorruptionConfig
) -> None:
    """Show each network's error on each digit (n, 28, 28) at this noise, and what its answer reads as."""
    seen_nhw, classifier = noisy_alike(digits_nhw, noise), find_classifier()

    def read(images_nhw: Tensor) -> list[int | None]:
        if classifier is None:
            return [None] * len(images_nhw)
        return [int(each) for each in classify(classifier.layers, images_nhw).argmax(1)]

    columns = []
    for run in runs.values():
        rebuilt_nhw = as_picture(reconstruct(lab.load_network(run), seen_nhw))
        columns.append(
            [*zip(squared_error(rebuilt_nhw, digits_nhw).tolist(), read(rebuilt_nhw), strict=True)]
        )
    rows = [
        DigitRow(digit_hw, reading, [column[i] for column in columns])
        for i, (digit_hw, reading) in enumerate(zip(digits_nhw, read(digits_nhw), strict=True))
    ]
    with st.expander(
        say("A table: {noise}", noise=display.noise_words(noise)), icon=":material/table:", key="own_table"
    ):
        st.html(digit_table_html(rows, list(runs), chosen, say("Errors and readings of your digits")))


def offer_digits(digits_nhw: Tensor) -> None:
    """Show what can be done with digits (n, 28, 28): download them, show them in the lessons."""
    count = len(digits_nhw)
    st.subheader(say("Take it along") if count == 1 else say("Take them along"))
    name = "my_digit" if count == 1 else "my_digits"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            say("Download PNG"),
            png_bytes(sheet_pixels(digits_nhw, PER_LINE)),
            f"{name}.png",
            "image/png",
            key="own_download",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            say("Download .npy"),
            npy_bytes(digits_nhw),
            f"{name}.npy",
            "application/octet-stream",
            key="own_download_npy",
            icon=":material/download:",
            on_click="ignore",
            help=say("For NumPy: float32, ({count}, 28, 28), from 0 to 1.", count=count),
        )
        my_digits.draw_digit_switch(
            "your_digit", say("Show it in the lessons") if count == 1 else say("Show them in the lessons")
        )
    shown = (
        say("Every lesson has it now, as the first of its digits. It is")
        if count == 1
        else say("Every lesson has all of them now in place of its own, the chosen one first. They are")
    )
    st.caption(
        say(
            "{shown} kept for you alone, and gone when you close the lab's tab: the lab "
            "never writes your digits into a file.",
            shown=shown,
        )
    )
