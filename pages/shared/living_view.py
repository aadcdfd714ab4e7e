"""The living picture on a page: one digit through one network or several, in the visitor's browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st
from torch import Tensor

from ae_core import config
from ae_core.config import CorruptionConfig, RunConfig
from ae_core.corruption import draw_pattern
from ae_core.living.first_answers import ask_networks
from ae_core.living.first_picture import picture_html
from ae_core.living.packing import pack_digits, pack_floats
from ae_core.living.words import WORDS
from ae_core.runs.run_folder import StoredRun
from ae_core.study.classifier import find_classifier
from ae_core.training import seeded
from pages.shared import dials, display, lab, linked, networks, session
from pages.shared.browser import living


def show_living_picture(
    runs: Mapping[str, StoredRun],
    digit_hw: Tensor,
    noise: CorruptionConfig,
    noise_seed: int,
    page: str,
    *,
    follows_size: bool = True,
    hides_answers: bool = False,
) -> None:
    """Show a digit (28, 28) on its way through networks, by their names, with all that a hand can change.

    It follows the noise slider of `page` while it is dragged, and the latent dial where `follows_size`.
    hides_answers: while a question asks what comes out of several networks, that is not shown.
    """
    key = f"{page}_living"
    seen_hw = display.noisy_version(digit_hw[None], noise, noise_seed)[0]
    with st.container(key=f"{key}_first"):
        st.html(
            _draw_first(
                tuple(display.run_name(run) for run in runs.values()),
                display.fingerprint(digit_hw),
                noise,
                noise_seed,
                hides_answers,
                digit_hw,
                seen_hw,
                runs,
            )
        )
    shown = [
        {
            "name": display.NAMES.get(name, name),
            "address": living.network_address(run),
            "sizes": _addresses_by_size(run) if follows_size else {},
        }
        for name, run in runs.items()
    ]
    data = {
        **_describe_input(digit_hw, noise, noise_seed),
        "networks": shown,
        "noise_dial": dials.test_noise_key(page),
        "size_dial": session.LATENT_SIZE if follows_size else "",
        "hides_answers": hides_answers,
    }
    living.draw_living("picture", key, data, stands_for=f"{key}_first")


def show_networks_in_training(runs: Mapping[str, RunConfig], noise: CorruptionConfig, key: str) -> None:
    """Show a digit with this noise on its way through networks in training, by their names.

    The browser watches them by itself. One that is trained already stands beside, finished. Where this is
    drawn is run again as soon as a training is over.
    """
    data = {
        **_describe_input(
            display.chosen_digits(linked.read_value("digits_seed", 0))[0],
            noise,
            linked.read_value("noise_seed", 0),
        ),
        "networks": [{"name": name, **_find_in_training(run)} for name, run in runs.items()],
        "noise_dial": "",
        "size_dial": "",
    }
    living.draw_living("picture", key, data)


def _find_in_training(run: RunConfig) -> dict[str, Any]:
    """The address of a network that is trained or in training, and whether it changes there."""
    finished = lab.store().find(config.run_id(run))
    if finished is not None:
        return {"address": living.network_address(finished)}
    return {"address": living.latest_address(config.run_id(run)), "is_watched": True}


def _describe_input(digit_hw: Tensor, noise: CorruptionConfig, noise_seed: int) -> dict[str, Any]:
    """A digit and its noise, and what is written about it, for `picture.js`."""
    pattern = draw_pattern(noise.kind, (1, 28, 28), seeded(noise_seed, "noise shown"))
    return {
        "digit": pack_digits(digit_hw),
        "pattern": pack_floats(pattern),
        "kind": noise.kind,
        "level": noise.level,
        "classifier": living.describe_classifier(),
        "words": WORDS,
    }


def _addresses_by_size(run: StoredRun) -> dict[str, str]:
    """Addresses of the lab's networks like this one, by the latent dial's stops; none for a visitor's own."""
    if not run.shipped:
        return {}
    found = {}
    for size in config.SHIPPED_SIZES:
        other = networks.find_lab_run(config.adjusted(run.config, model={"latent_size": size}))
        if other is not None and other.config.model.latent_size == size:
            found[str(size)] = living.network_address(other)
    return found


def _answer_html(
    names: tuple[tuple[str, str], ...],
    digit: bytes,
    noise: CorruptionConfig,
    noise_seed: int,
    hides_answers: bool,
    _digit_hw: Tensor,
    _seen_hw: Tensor,
    _runs: Mapping[str, StoredRun],
) -> str:
    models = {display.NAMES.get(name, name): lab.load_network(run) for name, run in _runs.items()}
    picture = ask_networks(
        models, _digit_hw, _seen_hw, is_noisy=noise.level > 0, classifier=find_classifier()
    )
    return picture_html(picture, hides_answers=hides_answers)


_draw_first = display.ResultCache(_answer_html, 16)
