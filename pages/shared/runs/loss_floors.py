"""What the errors in loss charts are held against: test digits redrawn as black, and as the mean digit."""

from __future__ import annotations

import streamlit as st

from ae_core.baselines import Floors, measure_floors
from ae_core.data import mean_digit
from pages.shared import lab


@st.cache_data(show_spinner=False)
def read_floors() -> Floors:
    """The floors of all test digits; the mean digit is that of all digits to learn from."""
    digits = lab.digits()
    return measure_floors(digits.test_nhw, mean_digit(digits.train_bytes_nhw))
