"""The command line: the lab without its pages. See `python -m ae_core --help`."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from ae_core.commands.options import build_parser
from ae_core.commands.telling import finite_json, print_message
from ae_core.errors import LabError

# Where app.py lies: in a wheel in a folder of its own beside this package, in a checkout right beside it.
PACKAGES = Path(__file__).resolve().parents[1]
APP_FOLDERS = (PACKAGES / "autoencoder_lab", PACKAGES)
# Of earlier versions, which did not bring the digits along.
DATA_VARIABLE = "AE_LAB_DATA_DIR"
LAST_PORT = 65_535
STREAMLIT_OPTION = re.compile(r"--[a-z]+\.[A-Za-z]+")


def main_or_app() -> int:
    """The command `autoencoder-lab`: without arguments the app, from any folder; with them the command line.

    Arguments that begin as Streamlit's options do, such as `--server.port 8502`, go to the app.
    """
    arguments = sys.argv[1:]
    return main(arguments) if arguments and not STREAMLIT_OPTION.match(arguments[0]) else start_app(arguments)


def start_app(streamlit_options: Sequence[str]) -> int:
    """Run the app in a process of its own, and give its exit status once it has ended.

    2 where the app is not installed, or the port that was asked for is another program's.
    """
    folder = next((place for place in APP_FOLDERS if (place / "app.py").is_file()), None)
    if folder is None or find_spec("streamlit") is None:
        print_message(
            "The app is not installed here. Install the whole lab with `pip install .` in its folder."
        )
        return 2
    port = _wanted_port(streamlit_options)
    if port > LAST_PORT:
        print_message(f"There is no port {port}: the last is {LAST_PORT}. Choose another one.")
        return 2
    if port and _is_taken(port):
        print_message(
            f"Port {port} is taken, perhaps by a lab that runs already: open http://localhost:{port}, "
            f"or choose another port with `--server.port {port + 1 if port < LAST_PORT else port - 1}`."
        )
        return 2
    command = [sys.executable, "-m", "streamlit", "run", "app.py", *streamlit_options]
    app = subprocess.Popen(command, cwd=folder)  # its settings are found from its folder
    signal.signal(signal.SIGTERM, lambda *_: app.terminate())
    while True:
        try:
            return app.wait()
        except KeyboardInterrupt:  # the app has had it too, and is ending
            continue


def _wanted_port(streamlit_options: Sequence[str]) -> int:
    """The port that Streamlit is told to take; 0 where it looks for a free one itself."""
    given = os.environ.get("STREAMLIT_SERVER_PORT", "")
    for option, value in zip(streamlit_options, [*streamlit_options[1:], ""], strict=False):
        name, _, joined = option.partition("=")
        if name in ("--server.port", "--port"):
            given = joined or value
    return int(given) if given.isdecimal() else 0


def _is_taken(port: int) -> bool:
    """Whether something on this machine listens there."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with suppress(OSError), socket.socket(family) as asking:
            asking.settimeout(1)
            if asking.connect_ex((address, port)) == 0:
                return True
    return False


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. 0 done, 2 the user's mistake in one line on standard error, 1 anything else."""
    options = build_parser().parse_args(arguments)
    _tell_what_is_not_needed(options)
    try:
        result = options.command(options)
    except LabError as problem:
        print_message(f"{problem}")
        return 2
    except KeyboardInterrupt:
        print_message("Stopped.")
        return 1
    except Exception as problem:
        if os.environ.get("AE_LAB_DEBUG"):
            raise
        print_message(
            f"Something unexpected went wrong ({type(problem).__name__}: {problem}). "
            "Set AE_LAB_DEBUG=1 to see where."
        )
        return 1
    if options.json:
        print(json.dumps(finite_json(result)))
    return int(result.get("exit_code", 0))


def _tell_what_is_not_needed(options: argparse.Namespace) -> None:
    """Say which options and variables of earlier versions are passed over. The next version refuses them."""
    given = {"--data-dir": "data_dir", "--dataset": "dataset"}
    names = [flag for flag, name in given.items() if getattr(options, name, None) is not None]
    names += [DATA_VARIABLE] if os.environ.get(DATA_VARIABLE) else []
    for name in names:
        print_message(f"{name} is no longer needed and is passed over: all of MNIST comes with the lab.")


if __name__ == "__main__":
    sys.exit(main())
