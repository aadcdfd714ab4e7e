"""`cluster`: the process that trains, which becomes its scheduler and needs no torch for that."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from typing import Any, TextIO

from ae_core.commands.telling import print_message
from ae_core.errors import ConfigError
from ae_core.runs.store import Store
from ae_core.service import cluster, connection, jobs


def cluster_command(options: argparse.Namespace) -> dict[str, Any]:
    """Start, show, stop or be the local training cluster."""
    if cluster.scheduler_address():
        raise ConfigError(
            "AE_LAB_SCHEDULER names a scheduler elsewhere, and this command is for the local one. "
            "Unset it and try again."
        )
    store = Store(options.store)
    match options.action:
        case "run":
            if not jobs.serve_cluster(
                store,
                options.idle_seconds or cluster.idle_seconds(),
                options.workers or cluster.default_workers(),
            ):
                print_message(f"There is a training process for {store.root} already.")
        case "start":
            cluster.ensure_cluster_started(store, options.idle_seconds, options.workers)
            connection.connect_client(store)
        case "stop":
            stopped = jobs.stop_cluster(store)
            print_message(
                f"{len(stopped)} training(s) stopped; each goes on from its last epoch when asked for again."
            )
    return _report_cluster(store, sys.stderr if options.json else sys.stdout)


def _report_cluster(store: Store, told_to: TextIO) -> dict[str, Any]:
    """What the local cluster does at the moment, told and as JSON fields."""
    running = cluster.is_cluster_running(store)
    print(
        f"The training process for {store.root} is {'running' if running else 'not running'}.", file=told_to
    )
    workers = connection.list_workers(store) if running else []
    for each in workers:
        print(f"worker {each.address}, process {each.pid}, {each.memory_bytes / 1e6:.0f} MB", file=told_to)
    rows = []
    for name, forecast in sorted(jobs.forecast_line(store).items(), key=lambda item: item[1].position):
        words = f"starts in about {forecast.start_seconds:.0f} s" if forecast.position else "in training"
        print(f"run {name}: {words}", file=told_to)
        rows.append(
            {"run_id": name, "position": forecast.position, "start_seconds": round(forecast.start_seconds, 1)}
        )
    return {"running": running, "workers": [dataclasses.asdict(each) for each in workers], "line": rows}
