"""What becomes of held-back digits when a shipped network is applied to its own output again and again.

    python -m tests.benchmarks.iteration

Prints a line for every shipped run; the words are defined in `ae_core.study.iteration`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from ae_core import config, data
from ae_core.runs.store import Store
from ae_core.study.iteration import ANOTHER, MOVING, SAME, measure_course
from ae_core.training import use_one_thread

STEPS_TOLD = (1, 10, 50)


def main() -> None:
    use_one_thread()
    with tempfile.TemporaryDirectory() as folder:
        store, digits = Store(Path(folder)), data.load_digits()
        runs, _ = store.runs()
        for run in sorted(runs, key=lambda run: (run.config.model.latent_size, config.family(run.config))):
            one = measure_course(store.load_model(run), digits)
            changes = ", ".join(f"{one.change_t[step - 1]:.5f}" for step in STEPS_TOLD)
            print(
                f"{config.family(run.config)} {run.config.model.latent_size:2}: {one.verdict:9}"
                f"  {one.settled / one.digits:4.0%} converge"
                f" (same {one.counts[SAME]:3}, another {one.counts[ANOTHER]:3},"
                f" still changing {one.counts[MOVING]:3} of {one.digits}),"
                f"  change at steps 1, 10, 50: {changes},  spread {one.spread:.0%},"
                f"  class kept after 1 step {one.same_class_at_first}, after 50 {one.same_class}"
            )


if __name__ == "__main__":
    main()
