"""The living picture in a file of its own: networks, digits and noise as text, with what draws them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template

from torch import Tensor

from ae_core.config import NOISE_WORDS, RANGES, CorruptionConfig
from ae_core.corruption import corrupt, draw_pattern
from ae_core.living.files import bundle_scripts
from ae_core.living.first_answers import ask_networks
from ae_core.living.first_picture import picture_html
from ae_core.living.network_file import pack_classifier, pack_network
from ae_core.living.packing import pack_digits, pack_floats
from ae_core.living.words import WORDS, classifier_words
from ae_core.models import Autoencoder
from ae_core.study.classifier import Classifier, find_classifier
from ae_core.training import seeded
from ae_core.words.sentences import say

TEMPLATE = Path(__file__).with_suffix(".html")


def offline_picture_html(
    models: Mapping[str, Autoencoder],
    digits_nhw: Tensor,
    labels_n: Tensor,
    noise: CorruptionConfig,
    noise_seed: int,
) -> str:
    """The living picture as HTML that asks nobody for anything, to stand in a page once.

    models: by the names that they are shown under, one or several. digits_nhw: (n, 28, 28) in [0, 1], to
    choose from, with their classes. noise: what lies on each of them at first, drawn as the lab's pages do.
    """
    pattern = draw_pattern(noise.kind, (1, 28, 28), seeded(noise_seed, "noise shown"))
    low, high = RANGES["noise_level"]
    classifier = find_classifier()
    data = {
        "digits": [pack_digits(digit) for digit in digits_nhw],
        "pattern": pack_floats(pattern),
        "kind": noise.kind,
        "networks": [
            {"name": name, "address": _address(pack_network(model))} for name, model in models.items()
        ],
        "size_dial": "",
        "classifier": _describe(classifier),
        "words": WORDS,
    }
    options = (
        f'<option value="{i}"{"" if i else " selected"}>'
        f"{escape(say('{number}, a {digit}', number=i + 1, digit=label))}</option>"
        for i, label in enumerate(labels_n.tolist())
    )
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        options="".join(options),
        digit=escape(say("Digit")),
        next_digit=escape(say("Next digit")),
        noise=say("{noise_word} noise, level", noise_word=NOISE_WORDS[noise.kind].capitalize()),
        least=f"{low:g}",
        most=f"{high:g}",
        level=f"{noise.level:g}",
        first=_draw_first(models, digits_nhw[:1], noise, noise_seed, classifier),
        # Nothing in it may end the element that it stands in.
        data=json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"),
        script=bundle_scripts("picture", "page"),
    )


def _address(packed: bytes) -> str:
    return f"data:application/octet-stream;base64,{base64.b64encode(packed).decode()}"


def _describe(classifier: Classifier | None) -> dict[str, str] | None:
    if classifier is None:
        return None
    return {
        "address": _address(pack_classifier(classifier.layers)),
        "note": classifier_words(classifier.accuracy),
    }


def _draw_first(
    models: Mapping[str, Autoencoder],
    digit_1hw: Tensor,
    noise: CorruptionConfig,
    noise_seed: int,
    classifier: Classifier | None,
) -> str:
    """The same as a picture that no script draws, for where none runs."""
    seen_1hw = corrupt(digit_1hw, noise, seeded(noise_seed, "noise shown"))
    return picture_html(
        ask_networks(models, digit_1hw[0], seen_1hw[0], is_noisy=noise.level > 0, classifier=classifier)
    )
