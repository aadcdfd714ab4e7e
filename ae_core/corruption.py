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
    and a colour, both in [0, 1), p = 2. Occlusion: the level above which each pixel lies in the block, p = 1;
    the last two of `shape` are a picture's height and width.
    """
    if kind == "occlusion":
        return _draw_blocks(shape, generator)[None]
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

    CUDA goes on computing meanwhile, from memory that is made to stay where it is. No other device can: what
    was copied there without waiting could arrive wrong, and no error would say so.
    """
    if images.is_cuda and not drawn.is_cuda:
        return drawn.pin_memory().to(images.device, non_blocking=True)
    return drawn.to(images.device)


def add_salt_and_pepper(images: Tensor, level: float, generator: torch.Generator) -> Tensor:
    """Each pixel becomes black or white, evenly, with probability `level`."""
    chance, colour = _move_beside(images, draw_pattern("salt_and_pepper", images.shape, generator))
    return torch.where(chance < level, (colour < 0.5).to(images.dtype), images)


def mask_pixels(images: Tensor, level: float, generator: torch.Generator) -> Tensor:
    """Each pixel is wiped to black with probability `level` (Vincent et al. 2008, section 2.3)."""
    (chance,) = _move_beside(images, draw_pattern("masking", images.shape, generator))
    return torch.where(chance < level, torch.zeros_like(images), images)


def wipe_block(images: Tensor, level: float, generator: torch.Generator) -> Tensor:
    """A square block is wiped to black, at a place drawn anew for every picture (as in Pathak et al. 2016).

    The block lies wholly inside the picture, every place equally likely. It grows with the level around what
    it covered already.

    Args:
        images: (..., h, w), float32 in [0, 1].
        level: the block's side as a share of the picture's, to the nearest whole pixel: at 0.4 it is 11 of 28
            pixels long, 15 % of the picture; at 1 it is all of it.
    """
    (covered_above,) = _move_beside(images, draw_pattern("occlusion", images.shape, generator))
    return torch.where(covered_above < level, torch.zeros_like(images), images)


def _draw_blocks(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """The level above which each pixel lies in its picture's block: (..., h, w), float32 in (0, 1)."""
    *pictures, height, width = shape
    down, across = torch.rand((2, *pictures), generator=generator, device=generator.device)
    return torch.maximum(_covered_above(down, height)[..., None], _covered_above(across, width)[..., None, :])


def _covered_above(places: Tensor, length: int) -> Tensor:
    """The level above which a block covers each pixel of a line: places in [0, 1) (...) -> (..., length).

    Along the line a block of `side` pixels begins at ⌊place · (length − side + 1)⌋, so that each block covers
    what the next smaller one does.
    """
    sides = torch.arange(1, length + 1, device=places.device)
    begins = (places.double()[..., None] * (length + 1 - sides)).floor()  # (..., side); exact in 64 bits
    pixels = torch.arange(length, device=places.device)[:, None]
    covered = (begins[..., None, :] <= pixels) & (pixels < begins[..., None, :] + sides)
    smallest_side = length + 1 - covered.sum(-1)
    return (smallest_side - 0.5) / length


CORRUPTIONS: dict[str, Callable[[Tensor, float, torch.Generator], Tensor]] = {
    "gaussian": add_gaussian,
    "salt_and_pepper": add_salt_and_pepper,
    "masking": mask_pixels,
    "occlusion": wipe_block,
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
