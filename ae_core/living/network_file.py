"""A network as one file for `network.js`: the list of its layers as JSON, then its weights as 16-bit floats.

The list is read from the network itself, so that what a browser runs is what `ae_core.models` builds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ae_core.models import Autoencoder, SubPixelConvolution

# Of the file's form. It is in the file's address, which a browser never asks for a second time.
FORM = 1
# In the address of the classifier's file, in the place of a run's name.
CLASSIFIER = "classifier"
ACTIVATION_KINDS: dict[type[nn.Module], str] = {
    nn.ReLU: "relu",
    nn.GELU: "gelu",
    nn.Tanh: "tanh",
    nn.Sigmoid: "sigmoid",
}
# They change how values are arranged, which a flat list of them does not know of.
ARRANGING = (nn.Flatten, nn.Unflatten, nn.Identity)


def pack_network(model: Autoencoder) -> bytes:
    """The file: length of the JSON (4 bytes, little-endian), the JSON, blanks to a multiple of 4, weights.

    The JSON has the layers under "encoder" and "decoder", as `describe_layers` does. Weights: of each layer
    that has some, those and then its biases, in torch's order.
    """
    return _pack({part: describe_layers(model, part) for part in ("encoder", "decoder")}, model)


def pack_classifier(layers: nn.Sequential) -> bytes:
    """A classifier's layers, (b, 1, 28, 28) -> (b, 10), as such a file, under "layers"."""
    return _pack({"layers": _describe_all(layers, torch.zeros(1, 1, 28, 28))}, layers)


def _pack(described: dict[str, list[dict[str, Any]]], model: nn.Module) -> bytes:
    header = json.dumps(described, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 4)
    weights = [parameter.detach().cpu().contiguous().numpy().ravel() for parameter in model.parameters()]
    return len(header).to_bytes(4, "little") + header + np.concatenate(weights).astype("<f2").tobytes()


@torch.inference_mode()
def describe_layers(model: Autoencoder, part: str) -> list[dict[str, Any]]:
    """Layers of the "encoder" or the "decoder", in order: `kind`, the shapes `from` and `to`, and the rest.

    Shapes are those of one picture, (c, h, w), or (n,) numbers. Raises TypeError for a layer that no browser
    knows.
    """
    values = torch.zeros(1, 1, 28, 28)
    return _describe_all(getattr(model, part), model.encode(values) if part == "decoder" else values)


@torch.inference_mode()
def _describe_all(layers: nn.Sequential, values: Tensor) -> list[dict[str, Any]]:
    """Layers as `describe_layers` has them, of which the first sees `values`."""
    shape, found = list(values.shape[1:]), []
    for layer in _plain_layers(layers):
        values = layer(values)
        made = list(values.shape[1:])
        if not isinstance(layer, ARRANGING):
            found.append({"from": shape, "to": made, **_describe(layer)})
        elif isinstance(layer, nn.Unflatten) and found:
            found[-1]["to"] = made
        if not isinstance(layer, nn.Flatten):  # the next layer sees a picture as it was
            shape = made
    return found


def _plain_layers(layers: nn.Sequential) -> Iterator[nn.Module]:
    """Every layer, those of a sub-pixel convolution one by one."""
    for layer in layers:
        if isinstance(layer, SubPixelConvolution):
            yield from layer
        else:
            yield layer


def _describe(layer: nn.Module) -> dict[str, Any]:
    match layer:
        case nn.Linear():
            return {"kind": "linear"}
        case nn.Conv2d(padding="same"):
            return {"kind": "convolution", **_sizes(layer), "padding": layer.kernel_size[0] // 2}
        case nn.Conv2d():
            return {"kind": "convolution", **_sizes(layer)}
        case nn.ConvTranspose2d():
            return {"kind": "transposed convolution", **_sizes(layer)}
        case nn.PixelShuffle():
            return {"kind": "pixel shuffle", "factor": layer.upscale_factor}
        case nn.MaxPool2d():
            return {"kind": "max pool", "size": layer.kernel_size}
        case _ if type(layer) in ACTIVATION_KINDS:
            return {"kind": ACTIVATION_KINDS[type(layer)]}
        case _:
            raise TypeError(f"No browser knows a layer of the kind {type(layer).__name__}.")


def _sizes(layer: nn.Conv2d | nn.ConvTranspose2d) -> dict[str, Any]:
    return {"kernel": layer.kernel_size[0], "stride": layer.stride[0], "padding": layer.padding[0]}
