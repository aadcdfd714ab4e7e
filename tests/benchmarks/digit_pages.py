"""How well every digit on a photographed page is found, and single ones in trouble, over MNIST's test digits.

    python -m tests.benchmarks.digit_pages [--pages 500] [--singles 2000] [--megapixels 0] [--seed 5000]

Prints, by kind: the share of single digits that the shipped classifier reads right; the share of pages whose
digits it reads right in reading order, the share of digits found and read right, and false digits a page. All
from test digits that it reads right as they are. The preparation was made with the pictures of seeds below
5,000 at hand. With --show, every picture that failed is written there, with boxes.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from ae_core import data
from ae_core.errors import ImageError
from ae_core.pictures.decoding import WORKING_SIDE
from ae_core.pictures.page import Judge, PageDigit, PreparedPage, prepare_page
from ae_core.study.classifier import find_judge
from ae_core.training import use_one_thread
from tests.support.pages import PAGE_KINDS, SINGLE_KINDS, Picture, page, single


def find_page(pixels_hwc: np.ndarray, judge: Judge | None) -> PreparedPage | None:
    """What is found, None where the picture is refused."""
    try:
        return prepare_page(pixels_hwc, judge=judge)
    except ImageError:
        return None


def read_digits(found: PreparedPage | None, judge: Judge) -> list[int]:
    """What the classifier reads, in order."""
    if found is None:
        return []
    return judge(torch.stack([each.digit_hw for each in found.digits])).argmax(1).tolist()


def match_digits(picture: Picture, found: PreparedPage | None) -> list[int | None]:
    """For each digit of the picture the place of the found one around its middle, if there is one."""
    if found is None:
        return [None] * len(picture.labels)
    height, width, _ = found.pixels_hwc.shape
    if found.quarter_turns % 4 != picture.turns:
        return [None] * len(picture.labels)
    matches: list[int | None] = []
    for row, column in picture.centres_n2 * (height, width):
        distances = [_distance(each, row, column) for each in found.digits]
        nearest = int(np.argmin(distances))
        matches.append(nearest if distances[nearest] < 0.5 and nearest not in matches else None)
    return matches


def _distance(each: PageDigit, row: float, column: float) -> float:
    box = each.box
    side = max(box.bottom - box.top, box.right - box.left)
    return float(np.hypot((box.top + box.bottom) / 2 - row, (box.left + box.right) / 2 - column)) / side


def save_failure(folder: Path, name: str, pixels_hwc: np.ndarray, found: PreparedPage | None) -> None:
    """The picture with every box, and the digits under it."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = Image.fromarray(pixels_hwc if found is None else np.ascontiguousarray(found.pixels_hwc))
    if found is not None:
        pen = ImageDraw.Draw(shown)
        for i, each in enumerate(found.digits):
            box = each.box
            pen.rectangle(
                (box.left, box.top, box.right, box.bottom), outline="magenta" if each.doubt else "orange"
            )
            pen.text((box.left, box.top), str(i), fill="red")
        strip = torch.cat([each.digit_hw for each in found.digits[:40]], dim=1)
        row = Image.fromarray((strip.numpy() * 255).astype(np.uint8)).convert("RGB")
        row = row.resize((row.width * 2, row.height * 2))
        whole = Image.new("RGB", (max(shown.width, row.width), shown.height + row.height))
        whole.paste(shown)
        whole.paste(row, (0, shown.height))
        shown = whole
    shown.save(folder / f"{name}.png")


def measure_singles(
    images_nhw: np.ndarray, labels_n: np.ndarray, seeds: range, judge: Judge, show: Path | None
) -> None:
    """Share read right, by kind: a picture of one digit on which one digit was found."""
    right: dict[str, list[bool]] = defaultdict(list)
    for i in seeds:
        kind, which = SINGLE_KINDS[i % len(SINGLE_KINDS)], i % len(images_nhw)
        picture = single(images_nhw[which], int(labels_n[which]), i, kind)
        pixels_hwc = picture.pixels(WORKING_SIDE)
        found = find_page(pixels_hwc, judge)
        is_right = read_digits(found, judge) == list(picture.labels)
        right[kind].append(is_right)
        if not is_right and show:
            save_failure(show, f"single_{kind}_{i}", pixels_hwc, found)
    for kind, each in [*right.items(), ("all", [*chain(*right.values())])]:
        print(f"single  {kind:<12} {np.mean(each):7.1%} of {len(each)}", flush=True)


def measure_pages(
    images_nhw: np.ndarray,
    labels_n: np.ndarray,
    seeds: range,
    megapixels: float,
    judge: Judge,
    show: Path | None,
) -> None:
    """By kind: pages right, digits in order and found, digits right, false digits."""
    rows: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for i in seeds:
        kind = PAGE_KINDS[i % len(PAGE_KINDS)]
        picture = page(images_nhw, labels_n, i, kind, megapixels)
        pixels_hwc = picture.pixels(WORKING_SIDE)
        start = time.perf_counter()
        found = find_page(pixels_hwc, judge)
        seconds = time.perf_counter() - start
        read, matches = read_digits(found, judge), match_digits(picture, found)
        matched = [match for match in matches if match is not None]
        right = sum(
            match is not None and read[match] == label
            for match, label in zip(matches, picture.labels, strict=True)
        )
        in_order = matched == list(range(len(picture.labels))) and len(read) == len(matched)
        is_right = read == list(picture.labels)
        false = len(read) - len(matched)
        rows[kind].append((is_right, in_order, len(picture.labels), len(matched), right, false, seconds))
        if not is_right and show:
            save_failure(show, f"page_{kind}_{i}_{'order' if not in_order else 'read'}", pixels_hwc, found)
    for kind, each in [*rows.items(), ("all", [*chain(*rows.values())])]:
        table = np.array(each, float)
        digits = table[:, 2].sum()
        print(
            f"page  {kind:<12} right {table[:, 0].mean():6.1%}, all found in order {table[:, 1].mean():6.1%} "
            f"of {len(each)}; digits found {table[:, 3].sum() / digits:6.1%}, "
            f"and right {table[:, 4].sum() / digits:6.1%} of {digits:.0f}; "
            f"false a page {table[:, 5].mean():.2f}; {table[:, 6].mean():.2f} s",
            flush=True,
        )


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--singles", type=int, default=2000)
    parser.add_argument("--megapixels", type=float, default=0, help="of a page; 0: from 1 to 12")
    parser.add_argument("--seed", type=int, default=5000, help="of the first picture")
    parser.add_argument("--show", type=Path)
    options = parser.parse_args()
    use_one_thread()
    judge = find_judge()
    assert judge is not None
    digits = data.load_digits()
    well_n = judge(digits.test_nhw).argmax(1) == digits.test_labels_n
    images_nhw, labels_n = digits.test_nhw[well_n].numpy(), digits.test_labels_n[well_n].numpy()
    if options.singles:
        seeds = range(options.seed, options.seed + options.singles)
        measure_singles(images_nhw, labels_n, seeds, judge, options.show)
    if options.pages:
        seeds = range(options.seed, options.seed + options.pages)
        measure_pages(images_nhw, labels_n, seeds, options.megapixels, judge, options.show)


if __name__ == "__main__":
    main()
