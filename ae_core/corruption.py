"""Ways to spoil a digit. Each is pure: the same images, level and generator state give the same picture.

For one generator state a higher level spoils the same pixels more, or more pixels besides the same ones:
a slider over the level changes the amount and keeps the pattern.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ae_core.config import CorruptionConfig


def draw_pattern(kind: str, shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """What noise of this kind draws for images of this shape before a level is known: (p, *shape), float32.

    Gaussian: ε ~ N(0, 1), p = 1. Masking: a chance in [0, 1) for each pixel, p = 1. Salt and pepper: a chance
    and a colour, both in [0, 1), p = 2.
    """
    parts = 2 if kind == "salt_and_pepper" else 1
    draw = torch.randn if kind == "gaussian" else torch.rand
    return draw((parts, *shape), generator=generator, device=generator.device)


def add_gaussian(images: Tensor, level: float, generator: torch.Generator) -> Tensor:
    """clip(x + σε), ε ~ N(0, 1), σ = level.

    Clipping matters: on the black background the noise that remains has a mean, 0.16 at σ = 0.4, as
    `ae_core.study.robustness.clipped_mean` works it out. For small σ it is σ/√(2π).

    Args:
        images: any shape, float32 in [0, 1].
        level: standard deviation in units of full ink.
    """
    return (images + _gaussian(images, level, generator)).clamp(0.0, 1.0)


def _gaussian(images: Tensor, level: float, generator: torch.Generator) -> Tensor:
    return level * _move_beside(images, draw_pattern("gaussian", images.shape, generator)[0])


def _move_beside(images: Tensor, drawn: Tensor) -> Tensor:
    """What was drawn, on the images' device.

    A GPU goes on computing meanwhile, for which it needs the memory to stay where it is.
    """
    pinned = drawn.pin_memory() if images.is_cuda and not drawn.is_cuda else drawn
    return pinned.to(images.device, non_blocking=True)


def add_salt_and_pepper(images: Tensor, level: float, generator: torch.Generator) -> Tensor:
    """Each pixel becomes black or white, evenly, with probability `level`."""
    chance, colour = _move_beside(images, draw_pattern("salt_and_pepper", images.shape, generator))
    return torch.where(chance < level, (colour < 0.5).to(images.dtype), images)


def mask_pixels(images: Tensor, level: float, generator: torch.Generator) -> Tensor:
    """Each pixel is wiped to black with probability `level` (Vincent et al. 2008, section 2.3)."""
    (chance,) = _move_beside(images, draw_pattern("masking", images.shape, generator))
    return torch.where(chance < level, torch.zeros_like(images), images)


CORRUPTIONS: dict[str, Callable[[Tensor, float, torch.Generator], Tensor]] = {
    "gaussian": add_gaussian,
    "salt_and_pepper": add_salt_and_pepper,
    "masking": mask_pixels,
}


def corrupt(images: Tensor, config: CorruptionConfig, generator: torch.Generator) -> Tensor:
    """`images` spoiled as `config` says: any shape, float32 in [0, 1], in and out."""
    if config.level == 0.0:
        return images.clone()
    return CORRUPTIONS[config.kind](images, config.level, generator)


def draw_noise(images: Tensor, config: CorruptionConfig, generator: torch.Generator) -> Tensor:
    """ε as `corrupt` draws it from the same generator state, before clipping; any shape in, the same out.

    Only Gaussian noise leaves the visible range; the noise of the other kinds is what they change.
    """
    if config.kind == "gaussian":
        return _gaussian(images, config.level, generator)
    return corrupt(images, config, generator) - images
