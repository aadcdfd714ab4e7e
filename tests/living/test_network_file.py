"""A network as a file for the browser: every layer told, every weight in it, in torch's order."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ae_core import config
from ae_core.config import ModelConfig
from ae_core.living.network_file import describe_layers, pack_classifier, pack_network
from ae_core.models import Autoencoder, build_model, parameter_count
from ae_core.study.classifier import build_layers

MODELS = {
    **{name: preset.model for name, preset in config.PRESETS.items()},
    **{f"tanh {kind}": ModelConfig(kind, 5, activation="tanh") for kind in ("fully_connected",)},
}


def read(content: bytes) -> tuple[dict[str, Any], np.ndarray]:
    length = int.from_bytes(content[:4], "little")
    return json.loads(content[4 : 4 + length]), np.frombuffer(content[4 + length :], "<f2")


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_file_has_every_weight_and_the_layers_fit_one_another(model):
    network = build_model(model, torch.Generator().manual_seed(1))
    content = pack_network(network)
    layers, weights = read(content)
    assert (int.from_bytes(content[:4], "little")) % 4 == 0  # a browser reads 16-bit numbers at even places
    expected = torch.cat([parameter.detach().contiguous().flatten() for parameter in network.parameters()])
    assert len(weights) == parameter_count(network)
    assert np.array_equal(weights, expected.numpy().astype("<f2"))
    way = [*layers["encoder"], *layers["decoder"]]
    assert way[0]["from"] == [1, 28, 28]
    assert way[-1]["to"] == [1, 28, 28]
    for one, other in pairwise(way):
        assert np.prod(one["to"]) == np.prod(other["from"])


def test_a_layer_tells_what_a_browser_needs_to_run_it():
    network = build_model(config.CAE.model)
    first, activation, *_ = describe_layers(network, "encoder")
    assert first == {
        "from": [1, 28, 28],
        "to": [8, 14, 14],
        "kind": "convolution",
        "kernel": 6,
        "stride": 2,
        "padding": 2,
    }
    assert activation == {"from": [8, 14, 14], "to": [8, 14, 14], "kind": "relu"}
    linear, relu, convolution, shuffle, *_ = describe_layers(network, "decoder")
    assert linear["kind"] == "linear"
    assert relu["to"] == [32, 7, 7]  # laid out as maps
    assert (convolution["kind"], shuffle["kind"], shuffle["factor"]) == ("convolution", "pixel shuffle", 2)


def test_a_classifier_is_a_file_of_one_list_of_layers():
    layers = build_layers(torch.Generator().manual_seed(1))
    described, weights = read(pack_classifier(layers))
    kinds = [layer["kind"] for layer in described["layers"]]
    assert kinds == ["convolution", "relu", "convolution", "relu", "linear"]
    assert (described["layers"][0]["from"], described["layers"][-1]["to"]) == ([1, 28, 28], [10])
    assert len(weights) == parameter_count(layers)


def test_a_layer_that_no_browser_knows_is_refused():
    strange = Autoencoder(nn.Sequential(nn.Flatten(), nn.Softmax(1)), nn.Sequential(nn.Linear(784, 784)))
    with pytest.raises(TypeError, match="Softmax"):
        pack_network(strange)
