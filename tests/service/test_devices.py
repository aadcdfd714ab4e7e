"""Which device trains, and why: only one that computes what the processor computes."""

from __future__ import annotations

import pytest
import torch

from ae_core import corruption
from ae_core.config import DAE
from ae_core.service import devices

APPLE = torch.device("mps")


@pytest.fixture(autouse=True)
def no_choice_before():
    devices.choose_device.cache_clear()
    yield
    devices.choose_device.cache_clear()


def test_where_there_is_no_gpu_the_processor_trains_and_the_reason_is_said(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert devices.choose_device() == devices.ChosenDevice(devices.CPU, "no GPU here")


def test_the_processor_computes_what_the_processor_computes():
    assert devices.find_wrong_results(devices.CPU) == ""


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="there is an Apple GPU here that can compute")
def test_an_apple_gpu_that_cannot_compute_is_not_chosen(monkeypatch):
    """As on this machine, which has none: PyTorch refuses to put anything there."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    chosen = devices.choose_device()
    assert chosen.device == devices.CPU
    assert "not the Apple GPU: it cannot compute" in chosen.reason


@pytest.mark.parametrize("spoilt", ["noisy digits (convolutional)", "reconstructions (fully_connected)"])
def test_an_apple_gpu_with_wrong_results_is_not_chosen(monkeypatch, spoilt):
    """Stands for an Apple GPU, which cannot be tried here: the processor's own results, one spoilt."""
    compute = devices._probe

    def compute_wrong(device: torch.device) -> dict[str, torch.Tensor]:
        found = compute(devices.CPU)
        if device == APPLE:
            found[spoilt] = found[spoilt].roll(1, -1)
        return found

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(devices, "_probe", compute_wrong)
    assert devices.choose_device() == devices.ChosenDevice(
        devices.CPU, f"not the Apple GPU: its {spoilt} are wrong"
    )


def test_noise_is_copied_without_waiting_to_cuda_alone(monkeypatch):
    """Stands for an Apple GPU: only CUDA reads from memory that stays in its place (see `_move_beside`)."""
    asked: list[dict[str, object]] = []
    copy = torch.Tensor.to

    def noting(tensor: torch.Tensor, *where: object, **how: object) -> torch.Tensor:
        asked.append(how)
        return copy(tensor, *where, **how)

    monkeypatch.setattr(torch.Tensor, "to", noting)
    corruption.corrupt(torch.zeros(2, 28, 28), DAE.corruption, torch.Generator().manual_seed(0))
    assert asked
    assert not any(how.get("non_blocking") for how in asked)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no NVIDIA GPU here")
def test_an_nvidia_gpu_computes_what_the_processor_computes():
    assert devices.choose_device().device.type == "cuda"
    assert devices.find_wrong_results(torch.device("cuda")) == ""
