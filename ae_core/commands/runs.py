"""`runs`: what the lab keeps on this machine."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from ae_core import config
from ae_core.commands.telling import print_message
from ae_core.runs import uploaded_run
from ae_core.runs.store import Store


def runs_command(options: argparse.Namespace) -> dict[str, Any]:
    """List finished runs, and report damaged ones."""
    store = Store(options.store)
    found, problems = store.runs()
    uploads, more_problems = store.uploads()
    rows = []
    for run in [*found, *uploads]:
        settings = run.config
        model = settings.model
        words = f"{config.family(settings)} latent {model.latent_size} noise {settings.corruption.level:g}"
        # Of an uploaded run, what its file claims is not told as if it had been found here.
        measured = uploaded_run.read_measurement(store, run) if run.uploaded_as else None
        test = run.result["test"] if not run.uploaded_as else measured.test if measured else None
        error = f"squared error {test['mse'] * config.PIXELS:.2f}" if test else "not measured"
        origin = "shipped" if run.shipped else "uploaded" if run.uploaded_as else "trained here"
        if settings.data.name in config.EARLIER_DATASETS:
            origin += ", by an earlier version of the lab, on other digits"
        print(f"{run.name}  {words}  {error}  {origin}", file=sys.stderr if options.json else sys.stdout)
        about = {"run_id": run.name, "shipped": run.shipped, "uploaded": bool(run.uploaded_as)}
        rows.append({**about, "config": json.loads(config.to_json(settings)), **run.result, "test": test})
    if not found:
        print_message("No finished runs yet. Train one with `python -m ae_core train --preset dae`.")
    for problem in [*problems, *more_problems]:
        print_message(problem)
    return {"runs": rows, "damaged": [*problems, *more_problems]}
