"""How near a training step comes to what the machine can calculate, and where the rest goes.

    python -m tests.benchmarks.arithmetic [--threads 1] [--steps 200] [--output FILE.json]

For the FAE and the CAE at their defaults: the arithmetic of a step (multiplications and additions of its
matrix products and convolutions, forwards and backwards, counted by torch) over the time it takes, as a share
of the rate at which the same machine multiplies two matrices of 1024 × 1024, measured in turns with it. Then
the operations that take the most of it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch.nn import functional as F
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from ae_core import config, data
from ae_core.config import RunConfig
from ae_core.training import OneCycleAdam, build_untrained

SIZE = 1024
TURNS = 20
# More than are taken: none comes after the last of the cycle.
STEPS = 100_000
OPERATIONS_TOLD = 6


def a_step(run: RunConfig) -> Callable[[], None]:
    """One step of training, as `ae_core.training` takes it, on one batch of digits."""
    model = build_untrained(run)
    optimiser = OneCycleAdam(model.parameters(), run.training.learning_rate, STEPS)
    clean_bchw = data.load_digits().test_nhw[: run.training.batch_size, None]

    def step() -> None:
        loss = F.mse_loss(model(clean_bchw), clean_bchw)
        loss.backward()
        optimiser.step()

    return step


def operations(step: Callable[[], None]) -> int:
    """Multiplications and additions of a step."""
    with FlopCounterMode(display=False) as counter:
        step()
    return int(counter.get_total_flops())


def seconds_each(act: Callable[[], object], times: int) -> float:
    started = time.perf_counter()
    for _ in range(times):
        act()
    return (time.perf_counter() - started) / times


def costliest(step: Callable[[], None]) -> list[tuple[str, float]]:
    """The operations that take the largest shares of a step."""
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for _ in range(TURNS):
            step()
    events = sorted(profiled.key_averages(), key=lambda event: -event.self_cpu_time_total)
    total = sum(event.self_cpu_time_total for event in events)
    return [(event.key, event.self_cpu_time_total / total) for event in events[:OPERATIONS_TOLD]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    one, other = torch.rand(2, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    table = {}
    for name in ("fae", "cae"):
        step = a_step(config.find_preset(name))
        needed = operations(step)
        seconds_each(step, TURNS)
        rates, paces = [], []
        for _ in range(TURNS):
            paces.append(seconds_each(step, max(1, options.steps // TURNS)))
            rates.append(2 * SIZE**3 / seconds_each(lambda: one @ other, 5))
        pace, rate = statistics.median(paces), statistics.median(rates)
        share = needed / pace / rate
        print(
            f"{name.upper()}, {options.threads} thread(s): "
            f"{needed / 1e6:.0f} million operations in {1000 * pace:.2f} ms are "
            f"{needed / pace / 1e9:.0f} GFLOP/s, {share:.0%} of the machine's {rate / 1e9:.0f}"
        )
        where = costliest(step)
        for operation, part in where:
            print(f"    {part:4.0%}  {operation}")
        table[name] = {
            "operations": needed,
            "seconds": pace,
            "rate": rate,
            "share": share,
            "where": dict(where),
        }
    if options.output:
        options.output.write_text(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
