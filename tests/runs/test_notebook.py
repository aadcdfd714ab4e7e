"""The notebook that a run is taken along as: it runs without the lab, and reaches what the lab measured."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from ae_core import config
from ae_core.config import PIXELS
from ae_core.corruption import corrupt
from ae_core.metrics import mse
from ae_core.models import build_model, reconstruct
from ae_core.runs import notebook
from ae_core.runs.run_folder import StoredRun
from ae_core.runs.store import Store, default_root
from ae_core.training import seeded

MOST_LINES = 80
SHIPPED = {
    "FAE": config.adjusted(config.FAE, model={"latent_size": 4}),
    "CAE": config.adjusted(config.CAE, model={"latent_size": 16}),
    "DAE": config.DAE,
}


def unzip(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def code_of(files: dict[str, bytes]) -> list[str]:
    """The notebook's cells of code."""
    (name,) = [name for name in files if name.endswith(".ipynb")]
    cells = json.loads(files[name])["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def run_cells(content: bytes, folder) -> str:
    """What the cells print, one after the other in a process that has the files and no lab."""
    files = unzip(content)
    for name, part in files.items():
        (folder / name).write_bytes(part)
    refused = "import sys\nsys.modules['ae_core'] = None  # an import of it raises\n"
    (folder / "cells.py").write_text(refused + "\n".join(code_of(files)))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AE_LAB_", "PYTHON"))}
    # -I: neither the folder at hand nor what the environment names is looked through
    done = subprocess.run(
        [sys.executable, "-I", "cells.py"], cwd=folder, env=kept, capture_output=True, text=True, timeout=150
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def untrained(run: config.RunConfig):
    """A network with random weights, as a run of these settings."""
    return StoredRun(run, {}, False, ""), build_model(run.model, seeded(0, "weights"))


@pytest.mark.parametrize("name", SHIPPED)
def test_without_the_lab_the_notebook_reaches_the_runs_own_figures(name, digits, tmp_path):
    store = Store(default_root())
    run = store.shipped_like(SHIPPED[name])
    said = run_cells(notebook.export_notebook(run, store.load_model(run), digits), tmp_path)
    error, psnr = map(float, re.search(r"squared error (\S+), PSNR (\S+) dB", said).groups())
    measured = run.result["test"]
    assert f"{error:.3g}" == f"{measured['mse'] * PIXELS:.3g}"
    assert f"{psnr:.3g}" == f"{measured['psnr']:.3g}"
    assert f"{run.result['parameters']} weights" in said
    assert len(re.findall(r"^noise .*network .* dB, doing nothing .* dB$", said, re.MULTILINE)) == 6
    with Image.open(tmp_path / "picture.png") as picture:
        assert picture.size == (1120, 336)


@pytest.mark.parametrize("kind", config.NOISE_KINDS)
def test_its_noise_is_the_labs_noise(kind, few_digits, tmp_path):
    run, model = untrained(config.adjusted(config.DAE, corruption={"kind": kind, "level": 0.3}))
    files = unzip(notebook.export_notebook(run, model, few_digits))
    (code,) = [cell for cell in code_of(files) if "def add_noise" in cell]
    names: dict = {"torch": torch}
    exec(code, names)
    x = few_digits.test_nhw[:, None]
    for level in (0.0, 0.3, 1.0):
        lab = corrupt(few_digits.test_nhw, config.CorruptionConfig(kind, level), seeded(0, "test noise"))
        assert names["add_noise"](x, level, seeded(0, "test noise"))[:, 0].equal(lab)


@pytest.mark.parametrize("preset", config.PRESETS)
def test_every_architecture_is_written_out_in_at_most_80_lines_of_code(preset, few_digits):
    run, model = untrained(config.find_preset(preset))
    files = unzip(notebook.export_notebook(run, model, few_digits))
    cells = code_of(files)
    lines = [line for cell in cells for line in cell.splitlines() if line.strip()]
    assert len(lines) <= MOST_LINES
    assert "ae_core" not in "".join(cells)
    (network,) = [cell for cell in cells if cell.startswith("encoder = ")]
    names: dict = {"torch": torch, "nn": torch.nn, "np": np, "print": lambda *_: None}
    names["weights_file"] = io.BytesIO(files["weights.npz"])
    exec(network.replace('"weights.npz"', "weights_file"), names)
    x = few_digits.test_nhw[:5]
    with torch.inference_mode():
        drawn = names["decoder"](names["encoder"](x[:, None]))[:, 0]
    assert torch.allclose(drawn, reconstruct(model, x), atol=1e-5)


@pytest.mark.parametrize("activation", config.ACTIVATIONS)
def test_every_activation_is_written_out(activation, few_digits):
    run, model = untrained(config.adjusted(config.FAE, model={"activation": activation}))
    code = "\n".join(code_of(unzip(notebook.export_notebook(run, model, few_digits))))
    ast.parse(code)
    assert {"none": "Identity", "relu": "ReLU", "gelu": "GELU", "tanh": "Tanh"}[activation] in code


def test_a_run_has_one_notebook_to_the_byte_and_its_digits_are_mnists(few_digits):
    run, model = untrained(config.CAE)
    once, again = (notebook.export_notebook(run, model, few_digits) for _ in range(2))
    assert once == again
    digits = np.load(io.BytesIO(unzip(once)["test_digits.npy"]))
    assert (digits.dtype, digits.shape) == (np.uint8, tuple(few_digits.test_nhw.shape))
    assert np.array_equal(digits / np.float32(255), few_digits.test_nhw.numpy())


def test_the_notebook_says_what_was_measured_and_of_what(few_digits):
    run, model = untrained(config.DAE)
    (name, content), *_ = unzip(notebook.export_notebook(run, model, few_digits)).items()
    text = content.decode()
    noisy = corrupt(few_digits.test_nhw, config.DAE.corruption, seeded(0, "test noise"))
    error = float(mse(reconstruct(model, noisy), few_digits.test_nhw).mean())
    assert f"squared error of **{error * PIXELS:.3g}**" in text
    assert f"over {len(few_digits.test_nhw):,} test digits with Gaussian noise of level 0.4" in text
    assert "{{" not in text
    assert name == f"DAE-{run.run_id}.ipynb"
