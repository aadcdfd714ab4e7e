"""Which share of noisy test digits two classifiers read right, with and without each network of the lesson.

    python -m tests.benchmarks.classifier_in_noise

The one that comes with the lab learnt from clean digits. The other is trained here, the same but for Gaussian
noise on what it learns from, at the level of the DAE's training. Shares of all 10,000 test digits.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

from ae_core import config, data
from ae_core.runs.store import Store, default_root
from ae_core.study.classifier import ClassifierConfig, load_classifier, sweep_shares, train_classifier

LEVELS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    store = Store(default_root())
    digits = data.load_digits(cache_dir=store.root / "cache")
    presets = {"FAE": config.FAE, "CAE": config.CAE, "DAE": config.DAE}
    models = {name: store.load_model(store.shipped_like(preset)) for name, preset in presets.items()}
    noisy = train_classifier(digits, replace(ClassifierConfig(), noise=config.DAE.corruption))
    for title, layers in (("clean", load_classifier().layers), ("noisy", noisy)):
        print(f"learnt from {title} digits; noise level {', '.join(map(str, LEVELS))}")
        for name, model in {"no network": None, **models}.items():
            curve = sweep_shares(
                layers, model, digits.test_nhw, digits.test_labels_n, "gaussian", LEVELS, seed=0
            )
            print(f"{name:10}", *(f"{share:6.1%}" for share in curve.values))


if __name__ == "__main__":
    main()
