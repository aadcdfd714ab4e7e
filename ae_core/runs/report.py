"""Finished runs to take along: a report that opens and works offline, metrics as a table, the code to train.

A report is one HTML file that asks nobody for anything, with the very weights and what draws with them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import torch

from ae_core import data
from ae_core.baselines import measure_floors
from ae_core.config import (
    EARLIER_DATASETS,
    LOSS_WORDS,
    NOISE_WORDS,
    PIXELS,
    RECIPE,
    CorruptionConfig,
    RunConfig,
    family,
)
from ae_core.corruption import corrupt
from ae_core.data import Digits, measured_digits
from ae_core.figures import base as figures
from ae_core.figures.base import Row
from ae_core.figures.loss_drawing import loss_curve_svg
from ae_core.figures.styles import style_html
from ae_core.living.page import offline_picture_html
from ae_core.metrics import METRICS, summary
from ae_core.models import Autoencoder, as_picture, path_in_words, reconstruct
from ae_core.runs.history import Progress
from ae_core.runs.run_folder import StoredRun
from ae_core.study.robustness import LEVELS
from ae_core.training import seeded
from ae_core.words.sentences import say, spoken_language

LEVELS_APART = 4
DIGITS_SHOWN = 8
SNAPSHOTS_SHOWN = 5
# Of each class, to choose from in the living picture.
DIGITS_A_CLASS = 2

# A page that keeps to it asks nobody for anything, whatever stands in it.
POLICY = (
    "default-src 'none'; img-src data:; connect-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'"
)

STYLE = Path(__file__).with_suffix(".css")


# Metrics


def measure_levels(
    run: StoredRun, model: Autoencoder, digits: Digits, kind: str, noise_seed: int
) -> list[dict[str, str]]:
    """Metrics at six noise levels and the one it was trained with: a row each, over held-back digits.

    Names that begin with `nothing_` are of the noisy digits as they are. mse and bce are per pixel,
    squared_error is summed over a picture's 784 pixels, psnr is that of mse, in dB (inf where nothing is
    changed).
    """
    clean_nhw, _ = measured_digits(digits)
    rows = []
    for level in sorted({*LEVELS[::LEVELS_APART], run.config.corruption.level}):
        noisy_nhw = corrupt(clean_nhw, CorruptionConfig(kind, level), seeded(noise_seed, "noise shown"))
        own = _figures(summary(reconstruct(model, noisy_nhw), clean_nhw))
        nothing = _figures(summary(noisy_nhw, clean_nhw))
        which = {
            "run_id": run.run_id,
            "noise_kind": kind,
            "noise_level": f"{level:g}",
            "digits": str(len(clean_nhw)),
        }
        rows.append({**which, **own, **{f"nothing_{name}": value for name, value in nothing.items()}})
    return rows


def _figures(means: dict[str, float]) -> dict[str, str]:
    means = {**means, "squared_error": means["mse"] * PIXELS}
    return {name: f"{means[name]:.6g}" for name in ("mse", "squared_error", *METRICS[1:])}


def metrics_csv(run: StoredRun, model: Autoencoder, digits: Digits, kind: str, noise_seed: int) -> str:
    """`measure_levels` as comma-separated values with a header line."""
    rows = measure_levels(run, model, digits, kind, noise_seed)
    file = io.StringIO()
    writer = csv.DictWriter(file, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


# The code


def training_code(run: StoredRun) -> str:
    """A Python program that trains the run again and says whether its weights are the same.

    It is for the lab's folder.
    """
    parts = (run.config.model, run.config.corruption, run.config.training, run.config.data)
    settings = "".join(f"    {part!r},\n" for part in parts)
    return f'''from pathlib import Path

from ae_core import config, data
from ae_core.config import CorruptionConfig, DataConfig, ModelConfig, RunConfig, TrainingConfig
from ae_core.runs.store import Store
from ae_core.training import use_one_thread
from ae_core.service.worker import record_training

run = RunConfig(
{settings})
use_one_thread()
store = Store(Path("trained_again"), shipped_root=None)
for event in record_training(run, store, data.load_digits(run.data)):
    pass
weights = store.get(config.run_id(run)).weights_sha256
print(weights, "identical" if weights == "{run.trained_sha256}" else "different")
'''


def code_requirements(run: StoredRun) -> str:
    """What the program needs, in one sentence."""
    earlier = run.config.data.name in EARLIER_DATASETS
    digits = say(" of the version that trained it, which had other digits") if earlier else ""
    return say("To be run in the lab's folder, the one that holds ae_core{digits}:", digits=digits)


# The report


def report_html(
    run: StoredRun,
    progress: Progress,
    model: Autoencoder,
    digits: Digits,
    noise: CorruptionConfig,
    noise_seed: int,
) -> str:
    """One HTML page that needs nothing from outside, below 2 MB for every shipped run.

    The living picture, settings, provenance, curve, pictures, metrics and the code that trains it again.

    noise: what lies on the digits in the pictures; its kind is also that of the metrics.
    """
    title = say(
        "{family} {latent_size}, run {run_id}",
        family=family(run.config),
        latent_size=run.config.model.latent_size,
        run_id=run.run_id,
    )
    sections = [
        (say("Take hold of it"), _living({family(run.config): model}, digits, noise, noise_seed)),
        (say("Settings"), _table(settings_in_words(run.config))),
        (say("Where it comes from"), _table(provenance(run))),
        (say("How it learnt"), _curve(run.config.training.loss, progress, digits) + _snapshots(progress)),
        (say("Digits it never learnt from"), _pictures(model, digits, noise, noise_seed)),
        (say("Metrics"), _metrics(measure_levels(run, model, digits, noise.kind, noise_seed))),
        (
            say("Train it again"),
            f"<p>{escape(code_requirements(run))}</p><pre>{escape(training_code(run))}</pre>",
        ),
    ]
    return _page(title, "".join(f"<h2>{escape(name)}</h2>{content}" for name, content in sections))


def lesson_html(
    runs: Mapping[str, StoredRun],
    models: Mapping[str, Autoencoder],
    digits: Digits,
    noise: CorruptionConfig,
    noise_seed: int,
) -> str:
    """One HTML page like a report, with several networks at work on one digit.

    runs and models: by the same names, such as "FAE". noise: what lies on the digit at first.
    """
    rows = [
        (
            name,
            str(run.config.model.latent_size),
            _noise_in_words(run.config),
            f"{run.result['dataset']['train']:,}",
            f"{run.result['test']['mse'] * PIXELS:.2f}",
            run.run_id,
        )
        for name, run in runs.items()
    ]
    head = (
        say("Network"),
        say("Latent size"),
        say("Noise in training"),
        say("Learnt from"),
        say("Squared error"),
        say("Run"),
    )
    cells = "".join("<tr>" + "".join(f"<td>{escape(value)}</td>" for value in row) + "</tr>" for row in rows)
    return _page(
        say("{runs}: autoencoders at work on one digit", runs=", ".join(runs)),
        _paragraph(
            say(
                "An encoder E shrinks a digit x to a code of a few numbers, and a decoder D draws it again "
                "from these alone: x̃ = D(E(x)). With noise ε on it, the networks see x + ε."
            )
        )
        + f"{_living(models, digits, noise, noise_seed)}<h2>{escape(say('The networks'))}</h2>"
        f"<table><tr>{''.join(f'<th>{escape(word)}</th>' for word in head)}</tr>{cells}</table>"
        + _paragraph(
            say(
                "The squared error is summed over a digit’s 784 pixels: the mean over test digits that no "
                "network learnt from, with the noise of its training."
            )
        ),
    )


def _page(title: str, body: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="{spoken_language()}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title>{style_html(STYLE)}</head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>"
    )


def _living(
    models: Mapping[str, Autoencoder], digits: Digits, noise: CorruptionConfig, noise_seed: int
) -> str:
    labels_n = digits.test_labels_n
    of_classes = [(labels_n == label).nonzero()[:DIGITS_A_CLASS, 0] for label in range(10)]
    few = torch.cat(of_classes).sort().values
    picture = offline_picture_html(models, digits.test_nhw[few], labels_n[few], noise, noise_seed)
    how = say(
        "Paint on the digit, move the noise, pull a number of the code up or down: everything after it "
        "follows. This page holds all that it needs, and asks no network for anything."
    )
    return _paragraph(how) + picture


def _paragraph(text: str) -> str:
    return f"<p>{escape(text, quote=False)}</p>"


def settings_in_words(run: RunConfig) -> list[tuple[str, str]]:
    """A run's settings in words: name and value pairs."""
    model, training = run.model, run.training
    return [
        (say("Model"), family(run)),
        (say("Encoder"), path_in_words(model)),
        (
            say("Latent size"),
            say(
                "{latent_size}, that is {share:.1%} of {pixels} pixels",
                latent_size=model.latent_size,
                share=model.latent_size / PIXELS,
                pixels=PIXELS,
            ),
        ),
        (say("Activation"), say("none (linear)") if model.activation == "none" else model.activation),
        (say("Noise in training"), _noise_in_words(run)),
        (say("Epochs"), str(training.epochs)),
        (say("Learning rate"), f"{training.learning_rate:g}"),
        (say("Batch size"), str(training.batch_size)),
        (say("Loss"), LOSS_WORDS[training.loss]),
        (say("Seed"), str(training.seed)),
        (say("Threads"), str(training.threads)),
        (say("Digits"), data.WORDS[run.data.name]),
    ]


def _noise_in_words(run: RunConfig) -> str:
    noise = run.corruption
    return (
        say("{noise_word}, level {level:g}", noise_word=NOISE_WORDS[noise.kind], level=noise.level)
        if noise.level
        else say("none")
    )


def provenance(run: StoredRun) -> list[tuple[str, str]]:
    """Where a finished run comes from: name and value pairs."""
    result = run.result
    versions = result.get("versions") or {}
    return [
        (say("Run"), run.run_id),
        (
            say("Origin"),
            say("shipped with the lab")
            if run.shipped
            else say("from the store of the lab that wrote this report"),
        ),
        (say("Learnt from"), say("{train:,} digits", train=result["dataset"]["train"])),
        (
            say("Training"),
            say(
                "{train_seconds:.1f} s on {device}",
                train_seconds=result["train_seconds"],
                device=str(result["device"]).upper(),
            ),
        ),
        (say("Parameters"), f"{result['parameters']:,}"),
        (say("SHA-256 of the weights"), run.trained_sha256),
        (say("Recipe"), str(RECIPE)),
        (
            say("Versions"),
            ", ".join(f"{name} {version}" for name, version in versions.items()) or say("not recorded"),
        ),
    ]


def _table(pairs: Sequence[tuple[str, str]]) -> str:
    return (
        "<table>"
        + "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in pairs)
        + "</table>"
    )


def _curve(loss: str, progress: Progress, digits: Digits) -> str:
    floors = measure_floors(digits.test_nhw, data.mean_digit(digits.train_bytes_nhw))
    drawn = loss_curve_svg(
        progress.batch_losses, progress.test_errors, progress.steps, loss, progress.train_errors, floors
    )
    return f'<div class="curve">{drawn}</div>'


def _snapshots(progress: Progress) -> str:
    """The same test digits as the network redrew them during training, from its first step to its last."""
    if not progress.snapshots or progress.clean is None or progress.noisy is None:
        return _paragraph(say("No snapshots were recorded."))
    last = len(progress.snapshots) - 1
    chosen = sorted({round(i * last / (SNAPSHOTS_SHOWN - 1)) for i in range(SNAPSHOTS_SHOWN)})
    few = slice(DIGITS_SHOWN)
    rows = [Row(say("test digits as it saw them"), progress.noisy[few])]
    rows += [
        Row(say("redrawn after {first:,} steps", first=progress.snapshots[i][0]), progress.snapshot(i)[few])
        for i in chosen
    ]
    return figures.rows_html(rows)


def _pictures(model: Autoencoder, digits: Digits, noise: CorruptionConfig, noise_seed: int) -> str:
    clean_nhw = digits.test_nhw[:DIGITS_SHOWN]
    noisy_nhw = corrupt(clean_nhw, noise, seeded(noise_seed, "noise shown"))
    return figures.rows_html(
        [
            Row(say("digit x"), clean_nhw),
            Row(
                say(
                    "noisy input, {noise_word} noise of level {level:g}",
                    noise_word=NOISE_WORDS[noise.kind],
                    level=noise.level,
                ),
                noisy_nhw,
            ),
            Row(say("reconstruction"), as_picture(reconstruct(model, noisy_nhw))),
        ]
    )


def _metrics(rows: Sequence[dict[str, str]]) -> str:
    words = {
        "noise_level": say("noise level"),
        "psnr": "psnr",
        "nothing_psnr": say("nothing: psnr"),
        "ssim": "ssim",
        "nothing_ssim": say("nothing: ssim"),
        "squared_error": say("squared error"),
        "nothing_squared_error": say("nothing: squared error"),
        "bce": "bce",
        "nothing_bce": say("nothing: bce"),
    }
    head = "".join(f'<th class="number">{escape(each)}</th>' for each in words.values())
    lines = "".join(
        "<tr>" + "".join(f'<td class="number">{float(row[name]):.4g}</td>' for name in words) + "</tr>"
        for row in rows
    )
    told = say(
        "Means over {count} held-back digits with {noise} noise. “nothing” is the noisy digit as it is. "
        "PSNR, in dB and of the mean squared error, and SSIM: higher is better. Squared error per image and "
        "cross-entropy per pixel (bce): lower is better.",
        count=rows[0]["digits"],
        noise=NOISE_WORDS[rows[0]["noise_kind"]],
    )
    return f"<table><tr>{head}</tr>{lines}</table>" + _paragraph(told)
