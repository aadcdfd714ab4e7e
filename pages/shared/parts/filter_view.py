"""One filter of a network's first layer at one place of a digit, which a slider moves along a row."""

from __future__ import annotations

import streamlit as st
import torch
from torch import Tensor

from ae_core.figures.filters import number_words, product_html
from ae_core.runs.run_folder import StoredRun
from ae_core.study.filters import Product, find_strongest, multiply_at
from ae_core.training import seeded
from ae_core.words.sentences import say
from pages.shared import lab
from pages.shared.dials import ACTIVATION_WORDS
from pages.shared.own_digit import my_digits

EXAMPLE_CLASS = 2


@st.fragment
def show_filter_at_work(run: StoredRun, key: str) -> None:
    """Show what one filter makes of a digit at the place where it finds most, and at others of the row."""
    with lab.plain_errors():
        own_hw = my_digits.shown_digit()
        model, digit_hw = lab.load_network(run), _choose_example() if own_hw is None else own_hw
        which, y, x = find_strongest(model, digit_hw)
        found = multiply_at(model, digit_hw, which, y, x)
        picture = st.container()
        place = st.slider(
            say("Where on this row the filter lies"),
            1,
            found.map_hw.shape[1],
            x + 1,
            key=f"{key}_filter_place" if own_hw is None else f"{key}_own_filter_place",
            bind="query-params",
            help=say("It begins where this filter finds most in this digit."),
        )
        if place != x + 1:
            found = multiply_at(model, digit_hw, which, y, place - 1)
        with picture:
            st.markdown(filter_words(found, run.config.model.activation, digit_hw.shape[1]))
            st.html(product_html(digit_hw, found))


def filter_words(found: Product, activation: str, pixels: int) -> str:
    """What is multiplied, added up and made, in figures, what that is called, and what to do.

    pixels: how many the picture has on a side.
    """
    size = len(found.weights_kk)
    total, made = number_words(found.total), number_words(found.made)
    name = ACTIVATION_WORDS[activation]
    after = (
        "" if total == made else say(", of which {activation} makes **{made}**", activation=name, made=made)
    )
    bends = {
        "none": "",
        "relu": say(" What is negative becomes 0 there ({activation}, the **activation**).", activation=name),
    }
    other = say(" Every number then goes through the **activation**, {activation}.", activation=name)
    return say(
        "The filter lies on {size} × {size} pixels. Each pixel times the weight at its place, all added up: "
        "{added}; with the filter's bias of {bias} that is **{total}**{after}: **one number of its "
        "map**.{bends} **Move the slider**: the same weights slide along the row, **{stride} pixels a step** "
        "(stride {stride}), with a border of {padding} zeros around the picture (padding), so {pixels} "
        "pixels become {numbers} numbers. This is a **convolution**.",
        size=size,
        added=number_words(float(found.products_kk.sum())),
        bias=number_words(found.bias),
        total=total,
        after=after,
        bends=bends.get(activation, other),
        stride=found.stride,
        padding=found.padding,
        pixels=pixels,
        numbers=found.map_hw.shape[1],
    )


def _choose_example() -> Tensor:
    """A held-back digit (28, 28)."""
    digits = lab.digits()
    order_n = torch.randperm(len(digits.test_nhw), generator=seeded(0, "digits"))
    return digits.test_nhw[order_n[digits.test_labels_n[order_n] == EXAMPLE_CLASS][0]]
