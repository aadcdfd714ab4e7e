"""The networks.

An autoencoder is an encoder (contracting path) and a decoder (expanding path): D(E(·)) → I.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor, nn

from ae_core.config import PIXELS, ModelConfig
from ae_core.words.sentences import say

# The last bias of a network that ends in a sigmoid and shares it among pixels: sigmoid(−1.5) = 0.18, about as
# dark as digits are.
DARK = -1.5


class SubPixelConvolution(nn.Sequential):
    """Pictures `factor` times as high and wide.

    A convolution makes factor² maps of each channel, laid out as its pixels.

    Shi et al. 2016. It computes what a transposed convolution can, in about half the time on a CPU.
    """

    def __init__(self, channels_in: int, channels_out: int, factor: int = 2) -> None:
        super().__init__(
            nn.Conv2d(channels_in, factor**2 * channels_out, 3, padding=1), nn.PixelShuffle(factor)
        )


ACTIVATIONS: dict[str, type[nn.Module]] = {
    "gelu": nn.GELU,
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "none": nn.Identity,
}
LAYER_WORDS: dict[type[nn.Module], str] = {
    nn.Linear: say("fully connected"),
    nn.Conv2d: say("convolution"),
    SubPixelConvolution: say("sub-pixel convolution"),
    nn.ConvTranspose2d: say("transposed convolution"),
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
        nn.Conv2d(1, few, 6, stride=2, padding=2), activation(),  # (b, few, 14, 14)
        nn.Conv2d(few, many, 4, stride=2, padding=1), activation(),  # (b, many, 7, 7)
        nn.Flatten(),
        nn.Linear(many * 7 * 7, config.latent_size),  # (b, l): the bottleneck
    )  # fmt: skip
    decoder = nn.Sequential(
        nn.Linear(config.latent_size, many * 7 * 7), activation(),
        nn.Unflatten(1, (many, 7, 7)),
        SubPixelConvolution(many, few), activation(),  # (b, few, 14, 14)
        SubPixelConvolution(few, 1), last,  # (b, 1, 28, 28)
    )  # fmt: skip
    return Autoencoder(encoder, decoder)


def fully_convolutional(config: ModelConfig) -> Autoencoder:
    """28 → 14 → 7 → 14 → 28, no fully connected layer: the code is 32 maps of 7 × 7, no compression."""
    encoder = nn.Sequential(
        nn.Conv2d(1, 16, 6, stride=2, padding=2), nn.ReLU(),  # (b, 16, 14, 14)
        nn.Conv2d(16, 64, 4, stride=2, padding=1), nn.ReLU(),  # (b, 64, 7, 7)
        nn.Conv2d(64, 32, 1),  # (b, 32, 7, 7)
        nn.Flatten(),  # (b, 1568)
    )  # fmt: skip
    decoder = nn.Sequential(
        nn.Unflatten(1, (32, 7, 7)),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(),  # (b, 64, 7, 7)
        SubPixelConvolution(64, 16), nn.ReLU(),  # (b, 16, 14, 14)
        SubPixelConvolution(16, 1), nn.Sigmoid(),  # (b, 1, 28, 28)
    )  # fmt: skip
    return Autoencoder(encoder, decoder)


def patches(config: ModelConfig) -> Autoencoder:
    """28 → 7 → 28 in two layers: every 4 × 4 patch has 32 numbers of its own.

    That is two a pixel, so there is little to learn.
    """
    encoder = nn.Sequential(
        nn.Conv2d(1, 32, 6, stride=4, padding=1), nn.ReLU(),  # (b, 32, 7, 7)
        nn.Flatten(),  # (b, 1568)
    )  # fmt: skip
    decoder = nn.Sequential(
        nn.Unflatten(1, (32, 7, 7)),
        SubPixelConvolution(32, 1, factor=4), nn.Sigmoid(),  # (b, 1, 28, 28)
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


BUILDERS = {
    "fully_connected": fully_connected,
    "convolutional": convolutional,
    "fully_convolutional": fully_convolutional,
    "patches": patches,
    "keras_example": keras_example,
}


def build_model(config: ModelConfig, generator: torch.Generator | None = None) -> Autoencoder:
    """The network `config` describes. Equal generators give equal weights; without one, weights are zero.

    Torch's own initialisation, which every layer begins with, leaves the global generator as it was.
    """
    with torch.random.fork_rng(devices=[]):
        model = BUILDERS[config.kind](config)
    # Deep and fully connected, a signal fades unless the weights are as wide as He et al. (2015) derive for
    # ReLU.
    gain = math.sqrt(6) if config.kind == "fully_connected" and config.activation in ("relu", "gelu") else 1.0
    for layer in model.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            _initialise(layer, gain, generator)
    match list(model.decoder)[-2:]:
        case [SubPixelConvolution() as last, nn.Sigmoid()] if generator is not None:
            _darken(last)
    return model.to(memory_format=torch.channels_last)


@torch.no_grad()
def _initialise(
    layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d, gain: float, generator: torch.Generator | None
) -> None:
    """Weights uniform within ±gain/√fan_in, biases within ±1/√fan_in.

    As torch does by default (He et al. 2015, with a = √5), but for the gain.
    """
    assert layer.bias is not None
    if generator is None:
        layer.weight.zero_()
        layer.bias.zero_()
        return
    fan_in, _ = nn.init._calculate_fan_in_and_fan_out(layer.weight)
    bound = 1 / math.sqrt(fan_in)
    layer.weight.uniform_(-gain * bound, gain * bound, generator=generator)
    layer.bias.uniform_(-bound, bound, generator=generator)


@torch.no_grad()
def _darken(last: SubPixelConvolution) -> None:
    """Begin as dark as digits are.

    From mid-grey, the first steps pull the shared bias so far that the sigmoid's gradient is gone.
    """
    convolution = last[0]
    assert isinstance(convolution, nn.Conv2d)
    assert convolution.bias is not None
    convolution.bias.fill_(DARK)


def parameter_count(model: nn.Module) -> int:
    """How many numbers training may change."""
    return sum(parameter.numel() for parameter in model.parameters())


@dataclass(frozen=True)
class Stage:
    """What a layer with weights makes of the stage before, its activation and pooling included.

    part: "input", "encoder", "code" or "decoder"; shape: of one picture, (c, h, w) or (l,). filters: of a
    convolution, their size and how they slide, in words. factor: of a sub-pixel convolution, how many times
    as high and wide it makes its pictures.
    """

    part: str
    layer: str
    shape: tuple[int, ...]
    parameters: int
    filters: str = ""
    factor: int = 1


def stages(model: Autoencoder) -> list[Stage]:
    """The way of a picture through the network, from the input to the reconstruction."""
    return [stage for stage, _ in _walk(model, torch.zeros(28, 28))]


def path_in_words(config: ModelConfig) -> str:
    """From picture to code, such as '28 × 28 → 192 → 96 → 30' or '28 × 28 → 14 × 14 × 8 → 30'."""
    contracting = [stage for stage in stages(build_model(config)) if stage.part != "decoder"]
    shapes = [(*stage.shape[1:], *stage.shape[:1]) for stage in contracting]
    return " → ".join(" × ".join(f"{size}" for size in shape) for shape in [(28, 28), *shapes[1:]])


def feature_maps(model: Autoencoder, image_hw: Tensor) -> list[tuple[Stage, Tensor]]:
    """What the convolutional layers make of one picture (28, 28): each stage with its maps (c, h, w).

    Those of both paths, on the CPU.

    The picture at either end is no map, so a fully connected network has none.
    """
    return [
        (stage, values)
        for stage, values in _walk(model, image_hw)
        if len(stage.shape) == 3 and stage.shape[0] > 1
    ]


@torch.inference_mode()
def _walk(model: Autoencoder, image_hw: Tensor) -> list[tuple[Stage, Tensor]]:
    """Every stage with its values, of the stage's shape, on the CPU."""
    values = image_hw[None, None].to(next(model.parameters()).device)
    found = [(Stage("input", say("picture"), (1, 28, 28), 0), values)]
    for part, layers in (("encoder", model.encoder), ("decoder", model.decoder)):
        for layer in layers:
            values = layer(values)
            if parameters := parameter_count(layer):
                found.append((_describe_layer(part, layer, parameters), values))
            elif found[-1][0].part == part and not isinstance(layer, nn.Flatten):
                found[-1] = found[-1][0], values
        if part == "encoder":
            found[-1] = replace(found[-1][0], part="code"), found[-1][1]
    return [
        (replace(stage, shape=tuple(values_bx.shape[1:])), values_bx[0].cpu()) for stage, values_bx in found
    ]


def _describe_layer(part: str, layer: nn.Module, parameters: int) -> Stage:
    """What is known of a stage before a picture went through it."""
    inner = layer[0] if isinstance(layer, SubPixelConvolution) else layer
    filters, factor = "", 1
    if isinstance(layer, SubPixelConvolution):
        assert isinstance(layer[1], nn.PixelShuffle)
        factor = layer[1].upscale_factor
    if isinstance(inner, nn.Conv2d | nn.ConvTranspose2d):
        kernel = inner.kernel_size[0]
        filters = say(
            "{kernel} × {kernel}, stride {stride}, padding\u00a0{padding}",
            kernel=kernel,
            stride=inner.stride[0],
            padding=kernel // 2 if inner.padding == "same" else inner.padding[0],
        )
    return Stage(part, LAYER_WORDS[type(layer)], (), parameters, filters, factor)


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
