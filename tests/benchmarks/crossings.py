"""At which noise levels the shipped networks change places, over the 1,000 embedded test digits.

    python -m tests.benchmarks.crossings [--kind gaussian] [--seed 0]

Prints, for latent sizes 2, 8 and 32: where the DAE overtakes the CAE, and where each network crosses doing
nothing (PSNR).
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from ae_core import config, data
from ae_core.runs.store import Store
from ae_core.study.robustness import LEVELS, Crossing, find_crossings, sweep_levels
from ae_core.training import use_one_thread

SIZES = (2, 8, 32)


def line(found: list[Crossing], ends_better: bool) -> str:
    """The crossings in words; where there is none, which of the two is better throughout."""
    words = [f"{'better' if crossing.better else 'worse'} from {crossing.level:.3f}" for crossing in found]
    return ", ".join(words) or ("better throughout" if ends_better else "never better")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", default="gaussian", choices=config.NOISE_KINDS)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    use_one_thread()
    with tempfile.TemporaryDirectory() as folder:
        store, test_nhw = Store(Path(folder)), data.load_digits(config.EMBEDDED, None, Path(folder)).test_nhw
    nothing = sweep_levels(None, test_nhw, options.kind, LEVELS, options.seed)
    for size in SIZES:
        curves = {}
        for name in ("fae", "cae", "dae"):
            run = store.shipped_like(config.adjusted(config.find_preset(name), model={"latent_size": size}))
            assert run is not None
            curves[name] = sweep_levels(store.load_model(run), test_nhw, options.kind, LEVELS, options.seed)
            found = find_crossings(LEVELS, curves[name].means, nothing.means)
            words = line(found, curves[name].means[-1] > nothing.means[-1])
            print(f"latent size {size:>2}: {name.upper()} against doing nothing: {words}")
        found = find_crossings(LEVELS, curves["dae"].means, curves["cae"].means)
        words = line(found, curves["dae"].means[-1] > curves["cae"].means[-1])
        print(f"latent size {size:>2}: DAE against CAE: {words}")
        clean = {name: f"{curve.means[0]:.2f}" for name, curve in curves.items()}
        print(f"latent size {size:>2}: PSNR in dB of clean digits: {clean}")


if __name__ == "__main__":
    main()
