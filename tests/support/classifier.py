"""A small network that reads digits, to ask whether a digit still is the digit it was."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# (n, 28, 28) in [0, 1] -> (n,), 0 to 9.
Reader = Callable[[Tensor], Tensor]


def trained(images_nhw: Tensor, labels_n: Tensor, epochs: int, seed: int = 0) -> Reader:
    """A reader that learnt from these digits, each time turned, slanted, resized, drawn with another pen."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = nn.Sequential(
            nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),  # 28 -> 14
            nn.Conv2d(16, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),  # 14 -> 7
            nn.Flatten(), nn.Linear(32 * 7 * 7, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 10),
        )  # fmt: skip
        optimiser = torch.optim.AdamW(network.parameters(), 2e-3)
        steps = epochs * math.ceil(len(images_nhw) / 100)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
        for _ in range(epochs):
            for batch in torch.randperm(len(images_nhw)).split(100):
                loss = F.cross_entropy(network(_varied(images_nhw[batch, None])), labels_n[batch])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
    network.eval()

    @torch.no_grad()
    def read(images_nhw: Tensor) -> Tensor:
        return network(images_nhw[:, None]).argmax(1)

    return read


def _varied(images_bchw: Tensor) -> Tensor:
    """Turned by up to 20°, slanted, 10 % larger or smaller, shifted by a pixel; half with a broader pen."""
    size = len(images_bchw)
    angle, slant = (torch.rand(2, size) * 2 - 1) * torch.tensor([[math.radians(20)], [0.2]])
    scale_x, scale_y = 1 + 0.1 * (torch.rand(2, size) * 2 - 1)
    shift_x, shift_y = (torch.rand(2, size) * 2 - 1) / 14
    top = torch.stack([angle.cos() * scale_x, slant - angle.sin(), shift_x], 1)
    bottom = torch.stack([angle.sin(), angle.cos() * scale_y, shift_y], 1)
    grid = F.affine_grid(torch.stack([top, bottom], 1), list(images_bchw.shape), align_corners=False)
    turned = F.grid_sample(images_bchw, grid, align_corners=False)
    broader = torch.rand(size, 1, 1, 1) * (torch.rand(size, 1, 1, 1) < 0.5)
    return torch.lerp(turned, F.max_pool2d(turned, 3, 1, 1), broader)
