"""Pictures that a network in the browser draws, while the hand moves and without a request to the server."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from ae_core.living import files
from ae_core.living.network_file import CLASSIFIER, FORM
from ae_core.living.words import classifier_words
from ae_core.runs.run_folder import StoredRun
from ae_core.study.classifier import find_classifier
from pages.shared.browser.files import read_script

# Of what a browser says has failed.
MOST_CHARACTERS = 500
logger = logging.getLogger(__name__)

_loader = st.components.v2.component("autoencoder_lab_living", js=read_script("load_living"))


def draw_living(
    script: str,
    key: str,
    data: Mapping[str, Any],
    stands_for: str = "",
    on_told: Callable[[], None] = lambda: None,
) -> Any:
    """Have `script`.js of `ae_core.living` draw here, given `data` for JSON. What it has told, or None.

    stands_for: the key of the container with the server's own picture, which is shown until the script is
    ready, and for good where it fails. What failed goes into the log. on_told: called before a run of the
    page that the script has told something for.
    """
    said = {
        "module": files.module_place(),
        "script": script,
        "stands_for": stands_for,
        **data,
    }
    # Bytes, because Streamlit would put anything else into JSON twice for every answer. The same bytes are
    # the same message, which is not sent again to a browser that has it.
    result = _loader(
        key=key,
        data=json.dumps(said, separators=(",", ":")).encode(),
        on_failed_change=lambda: None,
        on_told_change=on_told,
    )
    if result.failed:
        logger.warning("%s failed in a browser: %r", script, str(result.failed)[:MOST_CHARACTERS])
    return result.told


def count_heard(key: str) -> int:
    """How many tellings the page has heard of the script `key` that counts them (`tellings.js`)."""
    told = getattr(st.session_state.get(key), "told", None)
    count = told.get("telling") if isinstance(told, Mapping) else 0
    return count if isinstance(count, int) else 0


def latest_address(name: str) -> str:
    """Where a browser gets the network of the run called `name` as it is now, while it trains."""
    return f"networks/latest/{name}/now"


def network_address(run: StoredRun) -> str:
    """Where a browser gets a finished run's network, from the lab's own address."""
    return f"networks/{FORM}/{run.name}/{run.weights_sha256}"


def describe_classifier() -> dict[str, str] | None:
    """For scripts: the `address` of the classifier, and a `note` on it. None where the lab has lost it."""
    classifier = find_classifier()
    if classifier is None:
        return None
    return {
        "address": f"networks/{FORM}/{CLASSIFIER}/{classifier.sha256}",
        "note": classifier_words(classifier.accuracy),
    }
