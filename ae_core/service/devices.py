"""Which device trains: the processor, or a GPU that computes what the processor computes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from ae_core.config import CAE, DAE, FAE
from ae_core.corruption import corrupt
from ae_core.models import build_model
from ae_core.words.sentences import say

CPU = torch.device("cpu")
# How far two devices' results may lie apart, as a share of the largest number among them: rounding does 1e-6.
TOLERANCE = 1e-3
PROBED_DIGITS = 16


@dataclass(frozen=True)
class ChosenDevice:
    """A device, and in a few words why it was chosen, such as "no GPU here"."""

    device: torch.device
    reason: str


@cache
def choose_device() -> ChosenDevice:
    """CUDA, else an Apple GPU whose results are right, else the CPU. Found out once a process.

    PyTorch's Apple backend has computed wrong without an error more than once, networks in channels-last
    memory among them, so one step of each kind of network is compared with the CPU's.
    """
    if torch.cuda.is_available():
        return ChosenDevice(torch.device("cuda"), torch.cuda.get_device_name())
    if torch.backends.mps.is_available():
        apple = torch.device("mps")
        problem = find_wrong_results(apple)
        if not problem:
            return ChosenDevice(apple, say("an Apple GPU, whose results are the CPU's"))
        return ChosenDevice(CPU, say("not the Apple GPU: {problem}", problem=problem))
    return ChosenDevice(CPU, say("no GPU here"))


def find_wrong_results(device: torch.device) -> str:
    """What `device` computes otherwise than the CPU, in words; empty if nothing."""
    try:
        found = _probe(device)
    except (RuntimeError, NotImplementedError, TypeError) as problem:
        return say("it cannot compute a step ({first})", first=str(problem).splitlines()[0][:100])
    for name, expected in _probe(CPU).items():
        if not (found[name] - expected).abs().max() <= TOLERANCE * expected.abs().max():  # also true of NaN
            return say("its {name} are wrong", name=name)
    return ""


def _probe(device: torch.device) -> dict[str, Tensor]:
    """Noisy inputs, outputs and gradients of one step of each kind of network, computed on `device`."""
    found: dict[str, Tensor] = {}
    images_bchw = torch.rand(PROBED_DIGITS, 1, 28, 28, generator=torch.Generator().manual_seed(0)).to(device)
    for run in (FAE, CAE):
        model = build_model(run.model, torch.Generator().manual_seed(1)).to(device)
        noisy_bchw = corrupt(images_bchw, DAE.corruption, torch.Generator().manual_seed(2))
        outputs_bchw = model(noisy_bchw)
        F.mse_loss(outputs_bchw, images_bchw).backward()
        gradients = [weights.grad for weights in model.parameters() if weights.grad is not None]
        found[f"noisy digits ({run.model.kind})"] = noisy_bchw.cpu()
        found[f"reconstructions ({run.model.kind})"] = outputs_bchw.detach().cpu()
        for i, gradient in enumerate(gradients):
            found[f"gradients ({run.model.kind}, {i})"] = gradient.cpu()
    return found
