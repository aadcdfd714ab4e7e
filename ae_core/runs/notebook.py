"""A finished run as a Jupyter notebook in plain PyTorch, with its weights and the test digits: a ZIP file.

What stands in it is `notebook.md`: its text is the notebook's text, its blocks of code are the cells.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ae_core import data
from ae_core.config import NOISE_WORDS, PIXELS, RunConfig, family
from ae_core.corruption import corrupt
from ae_core.data import Digits
from ae_core.metrics import decibels, mse
from ae_core.models import Autoencoder, SubPixelConvolution, reconstruct
from ae_core.runs.report import settings_in_words
from ae_core.runs.run_folder import StoredRun
from ae_core.training import seeded

TEMPLATE = Path(__file__).with_suffix(".md")
# A block of code, and the kind of noise that it belongs to where it belongs to one.
CODE = re.compile(r"^```python ?(\w*)\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
LONG_AGO = (1980, 1, 1, 0, 0, 0)
# Of the noise in the picture of a network that had none in training.
NOISE_SHOWN = 0.4


def export_notebook(run: StoredRun, model: Autoencoder, digits: Digits) -> bytes:
    """A ZIP file of `<name>.ipynb`, `weights.npz` and `test_digits.npy`; a run has one, to the byte.

    The digits are all of `digits.test_nhw`, as grey levels (n, 28, 28) uint8: with these the notebook reaches
    the run's own measured figure, and not only one of a few digits. Its squared error is measured here and
    now, so that it holds for a run of any origin. The notebook needs torch, numpy and Pillow.
    """
    settings = run.config
    noisy_nhw = corrupt(digits.test_nhw, settings.corruption, _test_noise(settings))
    error = float(mse(reconstruct(model, noisy_nhw).cpu(), digits.test_nhw).mean())
    cells = write_cells(settings, model, error, len(digits.test_nhw), run.run_id)
    name = f"{family(settings)}-{run.run_id}".replace(" ", "-")
    weights = {key: value.cpu().numpy() for key, value in model.state_dict().items()}
    return _zip(
        {
            f"{name}.ipynb": json.dumps(_as_notebook(cells), indent=1, ensure_ascii=False).encode(),
            "weights.npz": _zip({f"{key}.npy": _npy(value) for key, value in weights.items()}),
            "test_digits.npy": _npy(data.as_bytes(digits.test_nhw).numpy()),
        }
    )


def write_cells(
    settings: RunConfig, model: Autoencoder, error: float, count: int, run_id: str
) -> list[tuple[str, str]]:
    """The notebook's cells in order, each "markdown" or "code" and its text.

    error: mean squared error per pixel over `count` test digits with the noise of the training.
    """
    noise = settings.corruption
    kind = NOISE_WORDS[noise.kind]
    trained = f"{kind} noise of level {noise.level:g}"
    values = {
        "title": f"{family(settings)} of latent size {settings.model.latent_size}, run {run_id}",
        "settings": "\n".join(f"- {name}: {value}" for name, value in settings_in_words(settings)),
        "noise_words": f"This one learnt with {trained}."
        if noise.level
        else f"This one learnt without noise; {kind} noise is what it is tried against here.",
        "noise_seed": str(_test_noise(settings).initial_seed()),
        "encoder": _write_layers(model, "encoder"),
        "decoder": _write_layers(model, "decoder"),
        "squared_error": f"{error * PIXELS:.3g}",
        "psnr": f"{decibels(error):.3g}",
        "of_which": f"over {count:,} test digits with {trained if noise.level else 'no noise'}",
        "level": f"{noise.level:g}",
        "shown_level": f"{noise.level or NOISE_SHOWN:g}",
        "promised": f"{error * PIXELS:.6g}",
    }
    return list(_read_template(TEMPLATE.read_text(encoding="utf-8"), noise.kind, values))


def _read_template(text: str, kind: str, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The template's cells: text, and code that belongs to this kind of noise or to any."""
    *parts, rest = CODE.split(text)  # text, kind, code, text, kind, code, …, text
    filled = [
        re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], part).strip() for part in (*parts, rest)
    ]
    for words, of_kind, code in zip(filled[:-1:3], filled[1:-1:3], filled[2:-1:3], strict=True):
        if words:
            yield "markdown", words
        if of_kind in ("", kind):
            yield "code", code
    yield "markdown", filled[-1]


def _test_noise(settings: RunConfig) -> torch.Generator:
    """What draws the noise on the test digits, as it was when the run was measured."""
    return seeded(settings.training.seed, "test noise")


@torch.inference_mode()
def _write_layers(model: Autoencoder, part: str) -> str:
    """Lines of Python that build the "encoder" or the "decoder", with the shape that each line leaves."""
    values = torch.zeros(1, 1, 28, 28)
    if part == "decoder":
        values = model.encode(values)
    lines = []
    for layer in getattr(model, part):
        values = layer(values)
        lines.append(f"{_write_layer(layer)},  # (b, {', '.join(map(str, values.shape[1:]))})")
    return "\n    ".join(lines)


def _write_layer(layer: nn.Module) -> str:
    """A layer as the Python that makes it. Raises TypeError for one that no network of the lab has."""
    match layer:
        case SubPixelConvolution():
            return f"nn.Sequential({', '.join(map(_write_layer, layer))})"
        case nn.Linear():
            return f"nn.Linear({layer.in_features}, {layer.out_features})"
        case nn.Conv2d() | nn.ConvTranspose2d():
            return _write_convolution(layer)
        case nn.PixelShuffle():
            return f"nn.PixelShuffle({layer.upscale_factor})"
        case nn.MaxPool2d():
            return f"nn.MaxPool2d({layer.kernel_size})"
        case nn.Unflatten():
            return f"nn.Unflatten({layer.dim}, {tuple(layer.unflattened_size)})"
        case nn.Flatten() | nn.Identity() | nn.ReLU() | nn.GELU() | nn.Tanh() | nn.Sigmoid():
            return f"nn.{type(layer).__name__}()"
    raise TypeError(f"{type(layer).__name__} cannot be written down.")


def _write_convolution(layer: nn.Conv2d | nn.ConvTranspose2d) -> str:
    options = {
        "stride": layer.stride[0] if layer.stride[0] > 1 else None,
        "padding": repr(layer.padding) if isinstance(layer.padding, str) else layer.padding[0] or None,
        "output_padding": layer.output_padding[0] or None,
    }
    given = "".join(f", {name}={value}" for name, value in options.items() if value is not None)
    kind = type(layer).__name__
    return f"nn.{kind}({layer.in_channels}, {layer.out_channels}, {layer.kernel_size[0]}{given})"


def _as_notebook(cells: list[tuple[str, str]]) -> dict[str, Any]:
    """Cells in Jupyter's file format, version 4.5."""
    made: list[dict[str, Any]] = []
    for i, (kind, text) in enumerate(cells):
        cell = {
            "cell_type": kind,
            "id": f"cell-{i}",
            "metadata": {},
            "source": text.splitlines(keepends=True),
        }
        made.append(cell | ({"execution_count": None, "outputs": []} if kind == "code" else {}))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _npy(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, np.ascontiguousarray(values), allow_pickle=False)
    return file.getvalue()


def _zip(files: Mapping[str, bytes]) -> bytes:
    """A ZIP file of these, by name; what numpy calls .npz is one of .npy files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()
