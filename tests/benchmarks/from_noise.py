"""Which of the lab's denoisers comes farthest from pure noise, and from how much of it.

    python -m tests.benchmarks.from_noise [STORE]

A line for each denoiser of 30 numbers and each σ₀: of 100 starts, how many end as a readable digit after
walks of 1, 5 and 20 steps, and as which digits after the longest.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from ae_core import data
from ae_core.config import DAE, CorruptionConfig
from ae_core.runs.store import Store, default_root
from ae_core.study import classifier, from_noise
from ae_core.training import use_one_thread

TRAINED_AT = (0.2, 0.4, 0.6, 0.8)
FIRST_LEVELS = (0.8, 1.0, 1.2, 1.5, 2.0, 3.0)


def main(root: Path) -> None:
    use_one_thread()
    digits = data.load_digits(cache_dir=root / "cache")
    store = Store(root)
    reader = classifier.shipped_classifier()
    read = partial(classifier.classify, reader.layers)
    usual = from_noise.usual_distance(digits.test_nhw)
    for level in TRAINED_AT:
        run = store.shipped_like(replace(DAE, corruption=CorruptionConfig("gaussian", level)))
        assert run is not None
        model = store.load_model(run)
        for first in FIRST_LEVELS:
            ends = []
            for steps in from_noise.STEPS:
                walk = from_noise.walk_from_noise(model, steps, first)
                ends.append(from_noise.judge_ends(walk.drawn_tnhw[-1], steps, digits.test_nhw, usual, read))
            counts = ", ".join(f"{end.readable} in {end.steps}" for end in ends)
            print(f"trained with {level:g}, from σ₀ = {first:g}: {counts}; 0 to 9: {ends[-1].classes}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else default_root())
