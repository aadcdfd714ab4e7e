"""The networks. An autoencoder is an encoder (contracting path) and a decoder (expanding path): D(E(·)) → I."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor, nn

from ae_core.config import PIXELS, ModelConfig

ACTIVATIONS: dict[str, type[nn.Module]] = {"gelu": nn.GELU, "relu": nn.ReLU, "tanh": nn.Tanh, "none": nn.Identity}
LAYER_WORDS: dict[type[nn.Module], str] = {
    nn.Linear: "fully connected",
    nn.Conv2d: "convolution",
    nn.ConvTranspose2d: "transposed convolution",
}


class Autoencoder(nn.Module):
    """x̃ = D(E(x))."""

    def __init__(self, encoder: nn.Sequential, decoder: nn.Sequential) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def encode(self, images_bchw: Tensor) -> Tensor:
        """Latent code z = E(x): (b, 1, 28, 28) -> (b, l)."""
        codes: Tensor = self.encoder(images_bchw)
        return codes.flatten(1)

    def decode(self, codes_bl: Tensor) -> Tensor:
        """Reconstruction x̃ = D(z): (b, l) -> (b, 1, 28, 28)."""
        images: Tensor = self.decoder(codes_bl)
        return images

    def forward(self, images_bchw: Tensor) -> Tensor:
        """x̃ = D(E(x)): (b, 1, 28, 28) -> (b, 1, 28, 28). In [0, 1], but for a linear network."""
        return self.decode(self.encode(images_bchw))


def fully_connected(config: ModelConfig) -> Autoencoder:
    """784 → hidden sizes → latent → hidden sizes mirrored → 784."""
    activation = ACTIVATIONS[config.activation]
    sizes = (PIXELS, *config.hidden_sizes)

    contracting: list[nn.Module] = [nn.Flatten()]
    for wide, narrow in pairwise(sizes):
        contracting += [nn.Linear(wide, narrow), activation()]
    contracting += [nn.Linear(sizes[-1], config.latent_size)]

    expanding: list[nn.Module] = []
    sizes = (config.latent_size, *reversed(config.hidden_sizes))
    for narrow, wide in pairwise(sizes):
        expanding += [nn.Linear(narrow, wide), activation()]
    # A linear network stays linear to the end; any other ends in the visible range.
    last = nn.Identity() if config.activation == "none" else nn.Sigmoid()
    expanding += [nn.Linear(sizes[-1], PIXELS), last, nn.Unflatten(1, (1, 28, 28))]
    return Autoencoder(nn.Sequential(*contracting), nn.Sequential(*expanding))


def convolutional(config: ModelConfig) -> Autoencoder:
    """28 → 14 → 7 → a latent vector → 7 → 14 → 28. The CAE's network, and the DAE's."""
    activation = ACTIVATIONS[config.activation]
    few, many = config.channels
    last = nn.Identity() if config.activation == "none" else nn.Sigmoid()
    encoder = nn.Sequential(
        nn.Conv2d(1, few, 3, stride=2, padding=1), activation(),  # (b, few, 14, 14)
        nn.Conv2d(few, many, 3, stride=2, padding=1), activation(),  # (b, many, 7, 7)
        nn.Flatten(),
        nn.Linear(many * 7 * 7, config.latent_size),  # (b, l): the bottleneck
    )  # fmt: skip
    decoder = nn.Sequential(
        nn.Linear(config.latent_size, many * 7 * 7), activation(),
        nn.Unflatten(1, (many, 7, 7)),
        nn.ConvTranspose2d(many, few, 4, stride=2, padding=1), activation(),  # (b, few, 14, 14)
        nn.ConvTranspose2d(few, 1, 4, stride=2, padding=1), last,  # (b, 1, 28, 28)
    )  # fmt: skip
    return Autoencoder(encoder, decoder)


def keras_example(config: ModelConfig) -> Autoencoder:
    """The network of the Keras.io example "Convolutional autoencoder for image denoising" (Valdarrama 2021).

    Its code is 7 × 7 × 32 = 1,568 numbers for 784 pixels: it does not compress.
    """
    encoder = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding="same"), nn.ReLU(), nn.MaxPool2d(2),  # (b, 32, 14, 14)
        nn.Conv2d(32, 32, 3, padding="same"), nn.ReLU(), nn.MaxPool2d(2),  # (b, 32, 7, 7)
        nn.Flatten(),  # (b, 1568)
    )  # fmt: skip
    decoder = nn.Sequential(
        nn.Unflatten(1, (32, 7, 7)),
        nn.ConvTranspose2d(32, 32, 3, stride=2, padding=1, output_padding=1), nn.ReLU(),  # (b, 32, 14, 14)
        nn.ConvTranspose2d(32, 32, 3, stride=2, padding=1, output_padding=1), nn.ReLU(),  # (b, 32, 28, 28)
        nn.Conv2d(32, 1, 3, padding="same"), nn.Sigmoid(),  # (b, 1, 28, 28)
    )  # fmt: skip
    return Autoencoder(encoder, decoder)


BUILDERS = {"fully_connected": fully_connected, "convolutional": convolutional, "keras_example": keras_example}


def build(config: ModelConfig, generator: torch.Generator | None = None) -> Autoencoder:
    """The network `config` describes. Equal generators give equal weights; without one, weights are zero.

    The layers are made without weights first, because torch's own initialisation draws from the global generator.
    """
    with torch.device("meta"):
        model = BUILDERS[config.kind](config)
    model.to_empty(device="cpu")
    for layer in model.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            _initialise(layer, generator)
    return model.to(memory_format=torch.channels_last)


def _initialise(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d, generator: torch.Generator | None) -> None:
    """torch's default: uniform within ±1/√fan_in (He et al. 2015, with a = √5), for weights and bias."""
    assert layer.bias is not None
    with torch.no_grad():
        if generator is None:
            layer.weight.zero_()
            layer.bias.zero_()
            return
        fan_in, _ = nn.init._calculate_fan_in_and_fan_out(layer.weight)
        bound = 1 / math.sqrt(fan_in)
        layer.weight.uniform_(-bound, bound, generator=generator)
        layer.bias.uniform_(-bound, bound, generator=generator)


def parameter_count(model: nn.Module) -> int:
    """How many numbers training may change."""
    return sum(parameter.numel() for parameter in model.parameters())


@dataclass(frozen=True)
class Stage:
    """What a layer with weights makes of the stage before, its activation and pooling included.

    part: "input", "encoder", "code" or "decoder"; shape: of one picture, (c, h, w) or (l,).
    """

    part: str
    layer: str
    shape: tuple[int, ...]
    parameters: int


def stages(model: Autoencoder) -> list[Stage]:
    """The way of a picture through the network, from the input to the reconstruction."""
    return [stage for stage, _ in _walk(model, torch.zeros(28, 28))]


def feature_maps(model: Autoencoder, image_hw: Tensor) -> list[tuple[Stage, Tensor]]:
    """What the convolutional layers make of one picture (28, 28), along both paths: each stage with its maps (c, h, w) on the CPU.

    The picture at either end is no map, so a fully connected network has none.
    """
    return [(stage, values) for stage, values in _walk(model, image_hw) if len(stage.shape) == 3 and stage.shape[0] > 1]


@torch.inference_mode()
def _walk(model: Autoencoder, image_hw: Tensor) -> list[tuple[Stage, Tensor]]:
    """Every stage with its values, of the stage's shape, on the CPU."""
    values = image_hw[None, None].to(next(model.parameters()).device)
    found = [(Stage("input", "picture", (1, 28, 28), 0), values)]
    for part, layers in (("encoder", model.encoder), ("decoder", model.decoder)):
        for layer in layers:
            values = layer(values)
            if parameters := parameter_count(layer):
                found.append((Stage(part, LAYER_WORDS[type(layer)], (), parameters), values))
            elif found[-1][0].part == part and not isinstance(layer, nn.Flatten):
                found[-1] = found[-1][0], values
        if part == "encoder":
            found[-1] = replace(found[-1][0], part="code"), found[-1][1]
    return [(replace(stage, shape=tuple(values_bx.shape[1:])), values_bx[0].cpu()) for stage, values_bx in found]


@torch.inference_mode()
def codes_of(model: Autoencoder, images_nhw: Tensor) -> Tensor:
    """z = E(x): (n, 28, 28) -> (n, l) on the model's device."""
    device = next(model.parameters()).device
    return torch.cat([model.encode(part_bhw[:, None].to(device)) for part_bhw in images_nhw.split(1000)])


@torch.inference_mode()
def pictures_of(model: Autoencoder, codes_nl: Tensor) -> Tensor:
    """x̃ = D(z) as a picture: (n, l) -> (n, 28, 28) in [0, 1] on the model's device."""
    device = next(model.parameters()).device
    return as_picture(torch.cat([model.decode(part_bl.to(device))[:, 0] for part_bl in codes_nl.split(1000)]))


@torch.inference_mode()
def reconstruct(model: Autoencoder, images_nhw: Tensor) -> Tensor:
    """x̃ = D(E(x)) as the decoder gives it: (n, 28, 28) -> (n, 28, 28) on the model's device."""
    device = next(model.parameters()).device
    parts = [model(part_bhw[:, None].to(device))[:, 0] for part_bhw in images_nhw.split(1000)]
    return torch.cat(parts)


def as_picture(images_nhw: Tensor) -> Tensor:
    """Clipped to the visible range [0, 1]; only a linear network's output needs it."""
    return images_nhw.clamp(0.0, 1.0)
