"""A whole denoising autoencoder: `python docs/dae_in_40_lines.py` trains it and checks what it promises."""

import lzma
from pathlib import Path

import torch
from torch import nn

PROMISED = 17.0  # decibels on digits it never saw, where the noisy ones have 11
MNIST = Path(__file__).resolve().parents[1] / "ae_core" / "mnist"


def read_digits(name: str, count: int) -> torch.Tensor:
    """The first digits of one of MNIST's files: (count, 1, 28, 28) in [0, 1], 1 is ink."""
    content = lzma.decompress((MNIST / f"{name}-images-idx3-ubyte.xz").read_bytes())
    pixels = torch.frombuffer(bytearray(content), dtype=torch.uint8, offset=16)  # 16 bytes tell the shape
    return pixels.view(-1, 1, 28, 28)[:count] / 255


torch.manual_seed(0)
train, test = read_digits("train", 20_000), read_digits("t10k", 1_000)

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
for x in train[torch.randperm(len(train))].split(32):
    loss = (decoder(encoder(add_noise(x))) - x).square().mean()  # noisy in, marked against the clean
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
with torch.no_grad():
    noisy = add_noise(test)
    print(f"noisy {psnr(noisy):.1f} dB, cleaned {psnr(decoder(encoder(noisy))):.1f} dB")
    assert psnr(decoder(encoder(noisy))) > PROMISED
