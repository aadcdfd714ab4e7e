"""How the lab shows things: digits in rows, models side by side, figures with their meaning."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

import streamlit as st
import torch
from torch import Tensor

from ae_core import config, data
from ae_core.config import PIXELS, CorruptionConfig
from ae_core.corruption import draw_pattern
from ae_core.figures import base as figures
from ae_core.figures.base import Row
from ae_core.living.packing import pack_digits, pack_floats
from ae_core.metrics import bce, summary
from ae_core.models import as_picture, reconstruct
from ae_core.runs.run_folder import StoredRun
from ae_core.study.robustness import LEVELS, noisy_digits
from ae_core.training import seeded
from ae_core.words.sentences import say, say_count
from pages.shared import dials, lab
from pages.shared.browser import living
from pages.shared.own_digit import my_digits

Result = TypeVar("Result")
DIGITS_SHOWN = dials.DIGITS_SHOWN
CLEAN_LABEL = say("digit x")
SSIM_WORDS = say(
    "A perfect copy has 1. Two different digits have about 0.35, not 0: where both are black, they are alike."
)
NAMES = {
    "FAE": say("Fully connected (FAE)"),
    "CAE": say("Convolutional (CAE)"),
    "DAE": say("Denoising (DAE)"),
}


def show_denoising_rows(
    runs: Mapping[str, StoredRun], clean_nhw: Tensor, noise: CorruptionConfig, noise_seed: int, key: str
) -> None:
    """Show digits (n, 28, 28) above their noisy version above what each run rebuilds, under its label.

    They follow the noise slider of the page `key`. runs: at least one; the first is the one worked with.
    """
    trained = next(iter(runs.values())).config.corruption
    picture = f"{key}_rows"
    with st.container(key=picture):
        st.html(
            _rows_html(
                tuple((label, *run_name(run)) for label, run in runs.items()),
                fingerprint(clean_nhw),
                noise,
                noise_seed,
                input_label(trained, noise),
                clean_nhw,
                runs,
            )
        )
    pattern = draw_pattern(noise.kind, clean_nhw.shape, seeded(noise_seed, "noise shown"))
    per_block, across = figures.lay_out_digits(len(clean_nhw))
    living.draw_living(
        "rows",
        f"{picture}_living",
        {
            "digits": pack_digits(clean_nhw),
            "pattern": pack_floats(pattern),
            "kind": noise.kind,
            "level": noise.level,
            "dial": dials.test_noise_key(key),
            "per_block": per_block,
            "across": across,
            "clean_label": CLEAN_LABEL,
            "noisy_labels": _labels_by_level(trained, noise.kind),
            "networks": [
                {"label": label, "address": living.network_address(run)} for label, run in runs.items()
            ],
        },
        stands_for=picture,
    )


def _labels_by_level(trained: CorruptionConfig, kind: str) -> list[tuple[float, str]]:
    """The noisy row's labels with the noise level that each begins at, from 0 on."""
    found: list[tuple[float, str]] = []
    for level in LEVELS:
        label = input_label(trained, CorruptionConfig(kind, level))
        if not found or found[-1][1] != label:
            found.append((level, label))
    return found


def _draw_rows(
    names: Sequence[tuple[str, str, str]],
    digits: bytes,
    noise: CorruptionConfig,
    noise_seed: int,
    noisy_label: str,
    _clean_nhw: Tensor,
    _runs: Mapping[str, StoredRun],
) -> str:
    noisy_nhw = noisy_version(_clean_nhw, noise, noise_seed)
    rebuilt = [
        Row(label, as_picture(reconstruct(lab.load_network(run), noisy_nhw))) for label, run in _runs.items()
    ]
    return figures.digit_rows_html([*_input_rows(_clean_nhw, noisy_nhw, noise, noisy_label), *rebuilt])


def _input_rows(clean_nhw: Tensor, noisy_nhw: Tensor, noise: CorruptionConfig, noisy_label: str) -> list[Row]:
    """Digits above what goes in; once where that is the same."""
    if not noise.level:
        return [Row(noisy_label, clean_nhw)]
    return [Row(CLEAN_LABEL, clean_nhw), Row(noisy_label, noisy_nhw)]


def input_label(trained: CorruptionConfig, noise: CorruptionConfig) -> str:
    """What goes into the network; for a denoiser, whether its training prepared it for that."""
    if trained.level and noise.level and noise.kind != trained.kind:
        return say(
            "noisy input, {noise}: trained on {trained}",
            noise=noise_words(noise),
            trained=noise_words(trained),
        )
    if trained.level and noise.level > trained.level:
        return say(
            "noisy input, {noise}: beyond its training ({trained})",
            noise=noise_words(noise),
            trained=noise_words(trained),
        )
    return say("noisy input x + ε, clipped to 0–1") if noise.level else say("digit x goes in, no noise on it")


def noise_words(noise: CorruptionConfig) -> str:
    """Kind and amount of a noise, such as 'σ = 0.4', 'masking 0.4' or 'no noise'."""
    if noise.level == 0:
        return say("no noise")
    return (
        f"σ = {noise.level:g}"
        if noise.kind == "gaussian"
        else f"{config.NOISE_WORDS[noise.kind]} {noise.level:g}"
    )


def run_name(run: StoredRun) -> tuple[str, str]:
    """What tells this run from every other, and from itself trained anew."""
    return run.run_id, run.weights_sha256


def fingerprint(digits_nhw: Tensor) -> bytes:
    """What tells these digits from all others."""
    return hashlib.sha256(digits_nhw.numpy().tobytes()).digest()


class ResultCache(Generic[Result]):
    """A function whose results are kept: for all visitors, or for one with digits of their own alone.

    Arguments that begin with an underscore must follow from the others. megabytes: of results for all.
    """

    def __init__(self, function: Callable[..., Result], megabytes: int) -> None:
        self.for_all = st.cache_data(function, show_spinner=False, max_size=f"{megabytes}mb")
        self.for_one = st.cache_data(function, show_spinner=False, max_size="2mb", scope="session")

    def __call__(self, *arguments: object) -> Result:
        return (self.for_all if my_digits.own_digit() is None else self.for_one)(*arguments)


_rows_html = ResultCache(_draw_rows, 16)


def show_metrics(run: StoredRun, noise: CorruptionConfig, noise_seed: int) -> None:
    """Show the run's metrics at this noise over held-back digits, beside doing nothing."""
    measured, nothing, count = measure(run, noise, noise_seed)
    columns = st.columns(4)
    gain = round(measured["psnr"], 1) - round(nothing["psnr"], 1)
    columns[0].metric(
        "PSNR",
        decibel_words(measured["psnr"]),
        say("{gain:+.1f} dB gained", gain=gain) if math.isfinite(gain) else None,
        help=say(
            "Peak signal-to-noise ratio: the squared error in decibels, higher is better. At 10 dB the "
            "pixels are off by {at_10:.2f} of white (root mean square), at 20 dB by {at_20:.2f}. Gained: "
            "against the noisy input as it is.",
            at_10=10 ** (-10 / 20),
            at_20=10 ** (-20 / 20),
        ),
    )
    columns[1].metric(
        say("Squared error per image"),
        f"{measured['mse'] * PIXELS:.1f}",
        help=say("Squared differences of the 784 pixels, added up: lower is better, a perfect copy has 0."),
    )
    columns[2].metric(
        "SSIM",
        f"{measured['ssim']:.3f}",
        help=say(
            "Structural similarity: how alike small patches are in brightness, contrast and structure. "
            "{ssim_words}",
            ssim_words=SSIM_WORDS,
        ),
    )
    columns[3].metric(
        say("Cross-entropy"),
        f"{measured['bce']:.3f}",
        help=say(
            "An error per pixel that takes each for the chance that it is white: lower is better. A perfect "
            "copy has {perfect:.3f}, not 0, since pixels may be grey; grey all over has {grey:.3f}.",
            perfect=_measure_perfect_copy(lab.digits().name),
            grey=math.log(2),
        ),
    )
    st.caption(
        say(
            "{whose}, over {count} held-back digits, {noise}. Code / input: {latent_size} / {pixels}. PSNR "
            "is the squared error in decibels (dB): larger is better, and 10 dB more is a tenth of "
            "the error.",
            whose=say("The lab's network") if run.shipped else say("This network"),
            count=count,
            noise=noise_words(noise),
            latent_size=run.config.model.latent_size,
            pixels=PIXELS,
        )
    )


def measure(
    run: StoredRun, noise: CorruptionConfig, noise_seed: int
) -> tuple[dict[str, float], dict[str, float], int]:
    """Metrics of the run, metrics of doing nothing, and the number of held-back digits measured."""
    digits = lab.digits().name
    measured = _measure(lab.store().root, run.run_id, run.weights_sha256, noise, noise_seed, digits, run)
    nothing = _measure_nothing(noise, noise_seed, digits)
    lab.freeze_imports("metrics")
    return measured, nothing, count_measured()


@st.cache_data(show_spinner=False, max_entries=500)
def _measure(
    _root: object,
    run_id: str,
    weights_sha256: str,
    noise: CorruptionConfig,
    noise_seed: int,
    digits: str,
    _run: StoredRun,
) -> dict[str, float]:
    clean_nhw = measured_digits()
    return summary(
        reconstruct(lab.load_network(_run), noisy_version(clean_nhw, noise, noise_seed)), clean_nhw
    )


@st.cache_data(show_spinner=False, max_entries=500)
def _measure_nothing(noise: CorruptionConfig, noise_seed: int, digits: str) -> dict[str, float]:
    clean_nhw = measured_digits()
    return summary(noisy_version(clean_nhw, noise, noise_seed), clean_nhw)


@st.cache_data(show_spinner=False, max_entries=2)
def _measure_perfect_copy(digits: str) -> float:
    """Cross-entropy per pixel of held-back digits with themselves."""
    clean_nhw = measured_digits()
    return float(bce(clean_nhw, clean_nhw).mean())


def measured_digits() -> Tensor:
    """The held-back digits (n, 28, 28) that networks are measured on while a slider moves."""
    return data.measured_digits(lab.digits())[0]


def measured_labels() -> Tensor:
    """Their classes (n,)."""
    return data.measured_digits(lab.digits())[1]


def count_measured() -> int:
    """How many they are."""
    return min(data.MEASURED_COUNT, len(lab.digits().test_nhw))


def show_compared_rows(
    runs: Mapping[str, StoredRun], clean_nhw: Tensor, noise: CorruptionConfig, noise_seed: int
) -> None:
    """Show digits (n, 28, 28) above their noisy version above what each run makes of that version."""
    noisy_nhw = noisy_version(clean_nhw, noise, noise_seed)
    rebuilt = [
        Row(name, as_picture(reconstruct(lab.load_network(run), noisy_nhw))) for name, run in runs.items()
    ]
    st.html(
        figures.digit_rows_html(
            [*_input_rows(clean_nhw, noisy_nhw, noise, input_label(CorruptionConfig(), noise)), *rebuilt]
        )
    )


def show_metrics_table(runs: Mapping[str, StoredRun], noise: CorruptionConfig, noise_seed: int) -> None:
    """Show each run's metrics at this noise over held-back digits; in noise, those of doing nothing too."""
    measured = {name: measure(run, noise, noise_seed) for name, run in runs.items()}
    _, nothing, count = next(iter(measured.values()))
    rows = [_metrics_row(name, own) for name, (own, _, _) in measured.items()]
    if noise.level:  # clean digits that nothing is done to are perfect
        rows.insert(0, _metrics_row(say("doing nothing"), nothing))
    st.table(rows)
    st.caption(
        say(
            "Means over {count} held-back digits at this noise; PSNR is that of the mean "
            "squared error. PSNR and SSIM: higher is better. The others: lower is better.",
            count=count,
        )
    )


def _metrics_row(name: str, measured: Mapping[str, float]) -> dict[str, str]:
    return {
        "": name,
        "PSNR": decibel_words(measured["psnr"]),
        "SSIM": f"{measured['ssim']:.3f}",
        say("Squared error"): f"{measured['mse'] * PIXELS:.1f}",
        say("Cross-entropy"): f"{measured['bce']:.3f}",
    }


def number_words(count: int) -> str:
    """So many numbers of a code: '1 number', '30 numbers'."""
    return say_count("{count} number", "{count} numbers", count)


def share_words(share: float) -> str:
    """A share as a percentage that is 0 or 100 only where the share is 0 or 1."""
    percent = round(100 * share)
    if percent >= 100 and share < 1:
        return say("more than 99%")
    return say("less than 1%") if percent == 0 and share > 0 else f"{percent}%"


def decibel_words(value: float) -> str:
    """A PSNR as it is shown, such as '21.1 dB'; an infinite one is 'perfect'."""
    return f"{value:.1f} dB" if math.isfinite(value) else "perfect"


def chosen_digits(seed: int) -> Tensor:
    """Held-back digits (n, 28, 28) drawn with this seed, DIGITS_SHOWN of them.

    The visitor's own, if shown, are first: all of them, and held-back ones where they are fewer.
    """
    return my_digits.put_own_digits_first(drawn_digits(seed))


def drawn_digits(seed: int) -> Tensor:
    """The same without the visitor's own."""
    test_nhw = lab.digits().test_nhw
    return test_nhw[torch.randperm(len(test_nhw), generator=seeded(seed, "digits"))[:DIGITS_SHOWN]]


def noisy_version(clean_nhw: Tensor, noise: CorruptionConfig, noise_seed: int) -> Tensor:
    """Digits (n, 28, 28) with noise on them. The same seed gives the same pattern at every level."""
    return noisy_digits(clean_nhw, noise, noise_seed)
