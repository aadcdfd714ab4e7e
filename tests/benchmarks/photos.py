"""How well the preparation of a visitor's picture does, over MNIST's test digits.

    python -m tests.benchmarks.photos [--photos 2000] [--largest 4000] [--digits 10000]

Prints: how many photos of digits a small network still reads, by what was done to them; and how near MNIST's
own digits, ten times as large, come back to what they were.
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np
import torch

from ae_core import data
from ae_core.errors import ImageError
from ae_core.pictures.decoding import read
from ae_core.training import use_one_thread
from tests.support.classifier import Reader, trained
from tests.support.photos import (
    centre_of_mass,
    enlarged_digit,
    largest_digit,
    longer_side,
    nearest_shift,
    photo,
)

FARTHEST = 3


def photos_read(digits: data.Digits, reader: Reader, count: int, largest: int) -> None:
    """The share of photos read as what they show, in all and by distortion."""
    right: Counter[tuple[str, str]] = Counter()
    total: Counter[tuple[str, str]] = Counter()
    for i in range(count):
        content, done = photo(digits.test_nhw[i].numpy(), i, largest)
        try:
            is_right = int(reader(largest_digit(np.asarray(read(content))).digit_hw[None])) == int(
                digits.test_labels_n[i]
            )
        except ImageError:
            is_right = False
        if not is_right:
            print(f"photo {i} is not read as {int(digits.test_labels_n[i])}: {done}")
        for entry in [("all", "photos"), *done.items()]:
            total[entry] += 1
            right[entry] += is_right
    for entry in sorted(total):
        print(f"{entry[0]:<10} {entry[1]:<14} {right[entry] / total[entry]:7.1%} of {total[entry]}")


def digits_back(digits: data.Digits, count: int) -> None:
    """Differences, shifts, longer sides and centres of mass of MNIST's digits prepared again."""
    differences, shifts, sides, centres = [], Counter(), Counter(), []
    for original_hw in digits.test_nhw[:count]:
        digit_hw = largest_digit(enlarged_digit(original_hw)).digit_hw
        difference, shift = nearest_shift(digit_hw, original_hw, FARTHEST)
        differences.append(difference)
        shifts[max(abs(step) for step in shift)] += 1
        sides[longer_side(digit_hw)] += 1
        centres.append(centre_of_mass(digit_hw))
    near = sum(number for shift, number in shifts.items() if shift <= 1) / count
    print(f"of all shifts by up to {FARTHEST} pixels the best is by at most one: {near:.2%}")
    mean, most = np.mean(differences), np.percentile(differences, 99)
    print(f"mean absolute difference: {mean:.4f} on average, {most:.4f} for 99 %")
    for most in (0.03, 0.04, 0.05):
        print(f"below {most}: {np.mean(np.array(differences) < most):.2%}")
    greatest = np.argsort(differences)[-10:]
    print(f"greatest: {np.array(differences)[greatest].round(3).tolist()}, digits {greatest.tolist()}")
    print(f"shift: {dict(shifts)}; longer side: {dict(sides)}")
    print(f"centre of mass: {np.min(centres):.3f} to {np.max(centres):.3f}")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument(
        "--largest", type=int, default=4000, help="longer side of the largest photo, in pixels"
    )
    parser.add_argument("--digits", type=int, default=10_000)
    options = parser.parse_args()
    use_one_thread()
    digits = data.load_digits()
    if options.digits:
        digits_back(digits, options.digits)
    if options.photos:
        reader = trained(data.as_images(digits.train_bytes_nhw), digits.train_labels_n, epochs=3)
        clean = torch.cat([reader(part_nhw) for part_nhw in digits.test_nhw.split(1000)])
        print(f"clean digits: {float((clean == digits.test_labels_n).float().mean()):.1%}")
        photos_read(digits, reader, options.photos, options.largest)


if __name__ == "__main__":
    main()
