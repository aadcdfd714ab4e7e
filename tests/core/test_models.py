"""The networks: a real bottleneck, and equal seeds give equal weights."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ae_core import config
from ae_core.config import ModelConfig
from ae_core.models import (
    BUILDERS,
    SubPixelConvolution,
    as_picture,
    build_model,
    parameter_count,
    reconstruct,
)
from ae_core.training import seeded

SHAPES = [
    *(
        config.adjusted(run, model={"latent_size": size}).model
        for run in (config.FAE, config.CAE, config.LINEAR)
        for size in (1, 2, 32, 256)
    ),
    *(run.model for run in (config.KERAS_EXAMPLE, config.FULLY_CONVOLUTIONAL, config.PATCHES)),
]


def name(model: ModelConfig) -> str:
    return f"{model.kind}-{model.activation}-{model.latent_size}"


def fresh(model: ModelConfig, seed: int = 0):
    return build_model(model, seeded(seed, "weights")).eval()


def pictures(count: int, seed: int = 0) -> torch.Tensor:
    return torch.rand((count, 1, 28, 28), generator=torch.Generator().manual_seed(seed))


def test_every_model_has_its_builder():
    assert set(BUILDERS) == set(config.MODELS)


@pytest.mark.parametrize("model", SHAPES, ids=name)
def test_the_code_is_a_vector_of_the_latent_size(model):
    network = fresh(model)
    codes_bl = network.encode(pictures(3))
    assert codes_bl.shape == (3, model.latent_size)
    assert network.decode(codes_bl).shape == (3, 1, 28, 28)
    assert network(pictures(3)).equal(network.decode(codes_bl))


@pytest.mark.parametrize("run", [config.FAE, config.CAE, config.LINEAR], ids=config.family)
def test_the_bottleneck_is_the_narrowest_place(run):
    sizes = []
    network = fresh(run.model)
    for layer in [*network.encoder, *network.decoder]:
        layer.register_forward_hook(lambda _, __, output: sizes.append(output[0].numel()))
    network(pictures(1))
    assert min(sizes) == run.model.latent_size < config.PIXELS


def test_the_number_of_parameters_is_what_the_layers_say():
    assert parameter_count(fresh(ModelConfig(latent_size=10))) == (784 * 10 + 10) + (10 * 784 + 784)


@pytest.mark.parametrize("hidden_sizes", [(), (64, 16)])
def test_a_linear_network_is_linear(hidden_sizes):
    network = fresh(ModelConfig(latent_size=8, hidden_sizes=hidden_sizes, activation="none"))
    x, y, black = pictures(2, 1), pictures(2, 2), torch.zeros(1, 1, 28, 28)
    torch.testing.assert_close(network(x) + network(y) - network(black), network(x + y))


@pytest.mark.parametrize("model", [model for model in SHAPES if model.activation != "none"], ids=name)
def test_what_the_network_paints_can_be_seen(model):
    network = fresh(model)
    for codes_bl in (network.encode(pictures(2)), torch.full((2, model.latent_size), 1000.0)):
        painted = network.decode(codes_bl)
        assert 0 <= painted.min() <= painted.max() <= 1


def test_a_linear_networks_picture_is_clipped_to_be_seen():
    assert as_picture(torch.tensor([-0.5, 0.25, 1.5])).tolist() == [0.0, 0.25, 1.0]


def test_the_autoencoder_and_the_denoiser_of_one_seed_start_with_equal_weights():
    cae, dae = fresh(config.CAE.model, 7).state_dict(), fresh(config.DAE.model, 7).state_dict()
    assert all(cae[key].equal(dae[key]) for key in cae)
    other = fresh(config.CAE.model, 8).state_dict()
    assert not any(cae[key].equal(other[key]) for key in cae if key.endswith("weight"))


@pytest.mark.parametrize("run", config.PRESETS.values(), ids=config.PRESETS)
def test_building_leaves_the_global_generator_alone(run):
    before = torch.get_rng_state()
    fresh(run.model)
    build_model(run.model)
    assert torch.get_rng_state().equal(before)


@torch.no_grad()
def default_bound(layer: nn.Module) -> float:
    """How far from 0 torch's own initialisation of a layer of this shape goes."""
    with torch.random.fork_rng():
        layer.reset_parameters()
    return float(layer.weight.abs().max())


@pytest.mark.parametrize(
    ("model", "gain"),
    [
        (config.LINEAR.model, 1),
        (config.CAE.model, 1),
        (config.KERAS_EXAMPLE.model, 1),
        (config.FAE.model, math.sqrt(6)),
    ],
    ids=["linear", "cae", "keras", "fae"],
)
def test_the_first_weights_are_spread_as_torch_spreads_them_and_wider_in_a_deep_fully_connected_network(
    model, gain
):
    layers = [
        layer
        for layer in fresh(model).modules()
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)
    ]
    for layer in (layer for layer in layers if layer.weight.numel() > 1000):
        ours = layer.weight.detach().clone()
        theirs = gain * default_bound(layer)
        assert float(ours.abs().max()) == pytest.approx(theirs, rel=0.02)
        # Evenly between the bounds: the standard deviation is the bound / √3.
        assert float(ours.std()) == pytest.approx(theirs / math.sqrt(3), rel=0.05)
        assert float(ours.mean()) == pytest.approx(0, abs=theirs / 10)


@pytest.mark.parametrize("run", [config.CAE, config.FULLY_CONVOLUTIONAL, config.PATCHES], ids=config.family)
def test_a_convolutional_network_begins_as_dark_as_digits_are(run, digits):
    ink = float(digits.test_nhw.mean())
    assert float(reconstruct(fresh(run.model), digits.test_nhw[:100]).mean()) == pytest.approx(ink, abs=0.1)


def test_a_sub_pixel_convolution_is_the_transposed_convolution_of_its_weights():
    """Shi et al. 2016: with a kernel of 3 × 3 that is one of 6 × 6 with stride 2, turned round."""
    layer = SubPixelConvolution(3, 2)
    weight_oihw = layer[0].weight.detach().reshape(2, 2, 2, 3, 3, 3)  # (out, row, column, in, 3, 3)
    kernel_iohw = weight_oihw.flip(-1, -2).permute(3, 0, 4, 1, 5, 2).reshape(3, 2, 6, 6)
    bias = layer[0].bias.detach()
    images_bchw = torch.rand(2, 3, 7, 7, generator=torch.Generator().manual_seed(0))
    plain = F.conv_transpose2d(images_bchw, kernel_iohw, stride=2, padding=2)
    shifts = F.pixel_shuffle(bias.reshape(1, 8, 1, 1).expand(2, 8, 7, 7), 2)
    torch.testing.assert_close(layer(images_bchw), plain + shifts)


def test_reconstructing_keeps_the_order_of_many_pictures():
    network = fresh(config.FAE.model)
    images_nhw = pictures(2100)[:, 0]
    rebuilt = reconstruct(network, images_nhw)
    assert rebuilt.shape == images_nhw.shape
    torch.testing.assert_close(rebuilt[[0, 1050, 2099]], reconstruct(network, images_nhw[[0, 1050, 2099]]))
    assert not rebuilt.requires_grad
