"""How many trainings end stuck, how many of these the lab names, and how often it names one that is not.

    python -m tests.benchmarks.stuck [--runs DIR ...] [--output FILE]

Trains 200 small networks over learning rate, latent size, loss, model and seed. The rule that says which are
stuck was set down first, and is not the lab's code: over MNIST's last 3,000 test digits, the standard
deviation of the outputs is below 5 % of that of the digits. The lab sees what a page sees: the first 1,000
test digits after the training, and eight pictures with an error an epoch while it goes on. Shipped runs are
judged as well, and every further folder of runs that is named. Each stuck run is then trained again with what
its button offers.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from torch import Tensor

from ae_core import config
from ae_core.baselines import Floors, measure_floors
from ae_core.config import CAE, DAE, FAE, LINEAR, CorruptionConfig, DataConfig, RunConfig
from ae_core.corruption import corrupt
from ae_core.data import Digits, load_digits, mean_digit, select_digits
from ae_core.errors import DivergedError, LabError
from ae_core.models import Autoencoder, reconstruct
from ae_core.runs.store import Store
from ae_core.study.collapse import Collapse, judge_run, offer_retraining, seems_stuck
from ae_core.training import EpochDone, Finished, Snapshot, Started, seeded, train, use_one_thread

MODELS = {"FAE": FAE, "CAE": CAE, "DAE": DAE, "linear": LINEAR}
RATES = (1e-4, 1e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0)
# Latent size and seed.
SIZES = ((1, 0), (2, 1), (8, 0), (30, 1))
SMALL = {"epochs": 4}
FEW = DataConfig(digits=2_000)
# What could be taken for stuck and need not be: hard noise with a tiny code, few digits, few classes.
ODD = (
    config.adjusted(replace(DAE, corruption=CorruptionConfig("gaussian", 1.0)), model={"latent_size": 1}),
    config.adjusted(replace(FAE, data=DataConfig(digits=10)), training={"epochs": 200}),
    config.adjusted(replace(CAE, data=DataConfig(digits=2_000, classes=(1,))), training={"epochs": 4}),
    config.adjusted(replace(CAE, data=DataConfig(digits=100, classes=(3, 8))), training={"epochs": 100}),
)
STUCK = 0.05


@dataclass(frozen=True)
class Trained:
    """One training, by the rule and by the lab: after it, at any look while it went on, and at the last."""

    run: RunConfig
    spread: float
    found: Collapse | None
    noticed: bool
    noticed_last: bool

    @property
    def stuck(self) -> bool:
        return self.spread < STUCK

    @property
    def named(self) -> bool:
        return self.found is not None and self.found.learnt_nothing


def settings() -> Iterator[RunConfig]:
    """The 200 trainings."""
    for name, loss, rate, (size, seed) in itertools.product(MODELS, ("mse", "bce"), RATES, SIZES):
        if (name, loss) != ("linear", "bce"):
            run = replace(MODELS[name], data=FEW)
            changed = {**SMALL, "learning_rate": rate, "loss": loss, "seed": seed}
            yield config.adjusted(run, model={"latent_size": size}, training=changed)
    yield from ODD


def spread_by_the_rule(outputs_nhw: Tensor, clean_nhw: Tensor) -> float:
    """Root mean square over pixels of the standard deviation over digits: outputs' divided by digits'."""
    out, digits = (images.double().numpy().std(0) for images in (outputs_nhw, clean_nhw))
    return float(np.sqrt((out**2).mean() / (digits**2).mean()))


def own_classes(run: RunConfig, digits: Digits) -> Tensor:
    """Test digits of the classes that the run learns from, none of which the lab looks at."""
    chosen = np.isin(digits.test_labels_n[-3000:].numpy(), run.data.classes)
    return digits.test_nhw[-3000:][chosen]


def measured_spread(run: RunConfig, model: Autoencoder, digits: Digits) -> float:
    """By the rule, with the noise of the training."""
    clean_nhw = own_classes(run, digits)
    noisy_nhw = corrupt(clean_nhw, run.corruption, seeded(7, "benchmark"))
    return spread_by_the_rule(reconstruct(model, noisy_nhw), clean_nhw)


def trained(run: RunConfig, digits: Digits, floors: Floors) -> Trained | None:
    """Train it and look as a page would; None where it diverged, which the lab tells already."""
    few = select_digits(digits, run.data)
    # The training itself measures 500: SSIM over all 10,000 takes longer than the training.
    few = replace(few, test_nhw=few.test_nhw[:500], test_labels_n=few.test_labels_n[:500])
    looks: list[bool] = []
    errors: list[tuple[int, float]] = []
    steps, step, clean_nhw = 0, 0, few.test_nhw[:8]
    try:
        for event in train(run, few):
            match event:
                case Started():
                    steps = event.steps
                case Snapshot():
                    step, latest = event.step, event.reconstructions_nhw
                    looks.append(seems_stuck(latest, clean_nhw, errors, floors.mean_digit, step, steps))
                case EpochDone():
                    errors.append((step, event.test_squared_error))
                    looks.append(seems_stuck(latest, clean_nhw, errors, floors.mean_digit, step, steps))
                case Finished():
                    spread = measured_spread(run, event.model, digits)
                    found = judge_run(run, event.model, digits, config.PIXELS * event.train_mse)
    except DivergedError:
        return None
    return Trained(run, spread, found, any(looks), looks[-1])


def words(one: Trained) -> str:
    """A training in a line."""
    run = one.run
    return (
        f"{config.family(run):10} {run.training.loss} latent {run.model.latent_size:3} rate "
        f"{run.training.learning_rate:<7g} noise {run.corruption.level:g} seed {run.training.seed} · spread "
        f"{one.spread:.3f} · error {one.found.error:.1f} (mean {one.found.always_mean:.1f}, black "
        f"{one.found.always_black:.1f}) · {one.found.verdict.name} · {len(one.found.dead)} of "
        f"{one.found.code_size} dead{' · noticed' if one.noticed else ''}"
    )


def stored_runs(folders: list[Path]) -> Iterator[tuple[RunConfig, Autoencoder, float | None]]:
    """The shipped runs and those of the stores in `folders`, each with its network and training error."""
    with tempfile.TemporaryDirectory() as empty:
        shipped = Store(Path(empty))
        further = [(Store(folder, shipped_root=None), folder / "runs") for folder in folders]
        for store, root in [(shipped, shipped.shipped_root), *further]:
            for folder in sorted(root.iterdir()) if root and root.is_dir() else []:
                try:
                    found = store.find(folder.name)
                    if found is None:
                        continue
                    known = found.result.get("train_mse")
                    yield found.config, store.load_model(found), known and config.PIXELS * known
                except LabError as problem:
                    print(f"{folder.name}: {problem}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path, nargs="*", default=[], help="further stores to judge")
    parser.add_argument("--output", type=Path, help="write every training as a line of JSON")
    options = parser.parse_args()
    use_one_thread()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as cache:
        digits = load_digits(cache_dir=Path(cache))
        floors = measure_floors(digits.test_nhw, mean_digit(digits.train_bytes_nhw))
        done, diverged = [], 0
        for run in settings():
            one = trained(run, digits, floors)
            diverged += one is None
            if one is not None:
                done.append(one)
                print(words(one), flush=True)
        print_summary(done, diverged)

        helped: Counter[str] = Counter()
        for one in done:
            if one.stuck and (offered := offer_retraining(one.run)):
                again = trained(offered, digits, floors)
                helped["diverged" if again is None else again.found.verdict.name] += 1
                if again is not None and again.named:
                    print(f"still stuck: {words(again)}")
        print(f"trained again as the button offers: {dict(helped)}")

        alarms, count, dead = [], 0, 0
        for run, model, train_error in stored_runs(options.runs):
            found = judge_run(run, model, digits, train_error)
            count += 1
            dead += bool(found.dead)
            if found.learnt_nothing and measured_spread(run, model, digits) >= STUCK:
                alarms.append(config.run_id(run))
        print(f"shipped runs: {count}, false alarms {len(alarms)} {alarms}, with dead numbers {dead}")
    print(f"{time.monotonic() - started:.0f} s")
    if options.output:
        lines = [
            json.dumps({**json.loads(config.to_json(one.run)), "spread": one.spread, "words": words(one)})
            for one in done
        ]
        options.output.write_text("\n".join(lines))


def print_summary(done: list[Trained], diverged: int) -> None:
    """The figures that are in the documentation."""
    stuck, others = [one for one in done if one.stuck], [one for one in done if not one.stuck]
    useless = [one for one in others if one.found.error >= one.found.always_mean]
    better = [one for one in others if one not in useless]
    print(f"{len(done) + diverged} trainings: {diverged} diverged, {len(stuck)} stuck, {len(others)} others")
    print(f"stuck: named after the training {count_named(stuck)}, at its last look {count_noticed(stuck)}")
    print(f"false alarms: {count_named(better)} among the {len(better)} others better than the mean digit")
    print(f"of the {len(useless)} others that are not, named {count_named(useless)}")
    early = sum(one.noticed for one in others)
    print(f"while training, of the others: noticed at the last look {count_noticed(others)}, earlier {early}")
    for kind, those in (("stuck", stuck), ("other", others)):
        print(f"{kind} networks with dead numbers: {sum(bool(one.found.dead) for one in those)}")
    print(f"stuck by rate: {dict(Counter(one.run.training.learning_rate for one in stuck))}")
    print(f"verdicts: {dict(Counter(one.found.verdict.name for one in done))}")


def count_named(those: list[Trained]) -> int:
    """How many the lab names when they are trained."""
    return sum(one.named for one in those)


def count_noticed(those: list[Trained]) -> int:
    """How many the lab names at the last look at their training."""
    return sum(one.noticed_last for one in those)


if __name__ == "__main__":
    main()
