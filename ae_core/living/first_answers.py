"""What networks make of a digit, for the living picture as plain HTML."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ae_core.living.first_picture import Answer, FirstPicture, Shown
from ae_core.models import Autoencoder, codes_of, pictures_of
from ae_core.study.classifier import Classifier, classify


def ask_networks(
    models: Mapping[str, Autoencoder],
    digit_hw: Tensor,
    seen_hw: Tensor,
    *,
    is_noisy: bool,
    classifier: Classifier | None,
) -> FirstPicture:
    """A digit (28, 28), and what networks, by the names they are shown under, make of `seen_hw` (28, 28).

    is_noisy: whether that has noise on it. classifier: says what each picture reads as, if there is one.
    """

    def show(image_hw: Tensor) -> Shown:
        if classifier is None:
            return Shown(image_hw.numpy())
        probability, digit = classify(classifier.layers, image_hw[None])[0].max(0)
        return Shown(image_hw.numpy(), (int(digit), float(probability)))

    answers = []
    for name, model in models.items():
        codes_1l = codes_of(model, seen_hw[None])
        answers.append(Answer(name, codes_1l[0].numpy(), show(pictures_of(model, codes_1l)[0])))
    accuracy = classifier.accuracy if classifier else None
    return FirstPicture(show(digit_hw), show(seen_hw), answers, is_noisy, accuracy)
