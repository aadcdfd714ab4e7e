"""What the command line understands: every command with its options."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from ae_core import config
from ae_core.config import LEVEL_HELP
from ae_core.runs.store import default_root


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        self.exit(2, f"{message[:1].upper()}{message[1:]}. See `{self.prog} --help`.\n")


def run_command(module: str, function: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run the command of this name in the module of `ae_core.commands`, imported now.

    The scheduler is such a command too, and keeps all its life what it has imported.
    """
    command = getattr(import_module(f"ae_core.commands.{module}"), function)
    if "torch" in sys.modules:
        from ae_core.training import use_one_thread

        use_one_thread()
    result: dict[str, Any] = command(options)
    return result


def build_parser() -> argparse.ArgumentParser:
    """The parser of `python -m ae_core`; what it parses holds the function that does it under `command`."""
    parser = _OneLineParser(prog="python -m ae_core", description="Autoencoder Lab on the command line.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, module: str, words: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=words, description=words)
        sub.set_defaults(command=partial(run_command, module, f"{name}_command"))
        sub.add_argument(
            "--store", type=Path, default=default_root(), metavar="DIR", help="where runs live (AE_LAB_STORE)"
        )
        sub.add_argument("--json", action="store_true", help="end standard output with one JSON object")
        return sub

    def with_data(sub: argparse.ArgumentParser) -> None:
        sub.add_argument(
            "--data-dir", type=Path, metavar="DIR", help="no longer needed: MNIST comes with the lab"
        )

    train = command("train", "training", "train one run")
    with_data(train)
    train.add_argument(
        "--local", action="store_true", help="train in this process, without the training cluster"
    )
    train.add_argument("--preset", required=True, help=", ".join(config.PRESETS))
    train.add_argument("--latent-size", type=int)
    train.add_argument("--noise-level", type=float, help=LEVEL_HELP)
    train.add_argument("--noise-kind", help=", ".join(config.NOISE_KINDS))
    train.add_argument("--epochs", type=int)
    train.add_argument("--seed", type=int)
    train.add_argument("--batch-size", type=int)
    train.add_argument("--learning-rate", type=float)
    train.add_argument("--loss", help=", ".join(config.LOSSES))
    train.add_argument("--activation", help=", ".join(config.ACTIVATIONS))
    train.add_argument(
        "--hidden-sizes", metavar="192,96", help="fully connected only; 'none' for no hidden layer"
    )
    train.add_argument(
        "--channels", metavar="8,32", help="convolutional only: of the maps of 14 × 14, and of 7 × 7"
    )
    train.add_argument(
        "--threads",
        type=int,
        help="processor cores to use; other counts round otherwise, so they are other runs",
    )
    train.add_argument("--digits", type=int, help="how many digits to learn from; without it all 60,000")
    train.add_argument("--classes", metavar="0,1,2,3,4", help="which digits to learn from; without it all")
    train.add_argument("--dataset", help="no longer needed: every run learns from MNIST")

    rebuild = command("reconstruct", "digits", "send pictures through a trained run")
    rebuild.add_argument("--run", required=True, metavar="RUN_ID")
    rebuild.add_argument(
        "--input", type=Path, required=True, help="a .npy array (n, 28, 28) in [0, 1], or a picture file"
    )
    rebuild.add_argument("--output", type=Path, required=True, help="a .npy file, or a picture file")
    rebuild.add_argument(
        "--noise-level", type=float, help="corrupt the input first; without it the input goes in untouched"
    )
    rebuild.add_argument("--noise-kind")
    rebuild.add_argument("--seed", type=int)

    evaluate = command("evaluate", "digits", "measure a run on test digits")
    with_data(evaluate)
    evaluate.add_argument("--run", required=True, metavar="RUN_ID")
    evaluate.add_argument("--noise-level", type=float, nargs="+", metavar="S")
    evaluate.add_argument("--noise-kind")

    prepare = command("prepare", "digits", "turn photographs into 28 × 28 digits")
    prepare.add_argument("pictures", type=Path, nargs="+")
    prepare.add_argument("--output", type=Path)
    prepare.add_argument("--output-dir", type=Path)

    take = command(
        "report", "taking_along", "write networks to take along, as an HTML file that works offline"
    )
    which = take.add_mutually_exclusive_group(required=True)
    which.add_argument("--run", metavar="RUN_ID", help="one run, with all that is known of it")
    which.add_argument(
        "--lesson", action="store_true", help="the lesson's three networks at work on one digit"
    )
    take.add_argument("--output", type=Path, required=True, metavar="PAGE.html")
    take.add_argument("--latent-size", type=int, help="of the lesson's networks; 30 when not given")
    take.add_argument("--noise-level", type=float, help="on the digits at first; without it as in training")
    take.add_argument("--noise-kind", help=", ".join(config.NOISE_KINDS))
    take.add_argument("--seed", type=int, help="which noise; 0 when not given")

    written = command(
        "notebook", "taking_along", "write a run as a Jupyter notebook that needs PyTorch and no lab"
    )
    written.add_argument("--run", required=True, metavar="RUN_ID")
    written.add_argument("--output", type=Path, required=True, metavar="NOTEBOOK.zip")

    command("runs", "runs", "list finished runs")
    line = command("line", "operator", "show the trainings that wait, or take some out")
    line.add_argument("action", choices=("show", "clear"))
    line.add_argument("--visitor", metavar="NAME", help="those that this visitor alone asked for")
    line.add_argument("--address", metavar="MARK", help="those asked for from this address")
    line.add_argument("--all", action="store_true", help="every one")
    delete = command("delete", "operator", "delete a run, whoever trained or uploaded it")
    delete.add_argument("run", metavar="RUN_ID")
    delete.add_argument("--unpin", action="store_true", help="though it is pinned")
    back = command("undelete", "operator", "bring back a run deleted within the hour")
    back.add_argument("run", metavar="RUN_ID")
    service = command(
        "cluster",
        "cluster",
        "start, show or stop the local training cluster (the app starts it by itself)",
    )
    service.add_argument(
        "action", choices=("start", "show", "stop", "run"), help="'run' is 'start' in the foreground"
    )
    service.add_argument(
        "--idle-seconds", type=float, help="after which it ends itself (AE_LAB_IDLE_SECONDS)"
    )
    service.add_argument("--workers", type=int, help="one a core, less one, when not given")
    return parser
