"""Puts the first picture that the lab shows in its file: a digit, and what the lab's CAE made of it.

    python -m tests.benchmarks.ship_first_picture [--into FILE]

After the networks or the classifier that ship have changed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ae_core import config
from ae_core.living.first_answers import ask_networks
from ae_core.living.kept_picture import KEPT, write_picture
from ae_core.study.classifier import shipped_classifier
from pages.shared import display, lab, networks


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--into", type=Path, default=KEPT)
    into = parser.parse_args().into
    run = networks.find_lab_run(config.CAE)
    assert run is not None
    digit_hw = display.drawn_digits(0)[0]
    picture = ask_networks(
        {display.NAMES["CAE"]: lab.load_network(run)},
        digit_hw,
        digit_hw,
        is_noisy=False,
        classifier=shipped_classifier(),
    )
    write_picture(picture, into)
    print(f"{into.stat().st_size / 1e3:.1f} kB")


if __name__ == "__main__":
    main()
