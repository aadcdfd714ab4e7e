"""What becomes of thousands of broken and hostile files, each decoded as a visitor's upload is.

    python -m tests.benchmarks.junk [--files 5000] [--seed 0]

Prints how many were read or refused and with which sentence, by what was done to the file; how long a visitor
waits for the answer; how much memory the processes took. Ends with an error at the first answer that is
neither pixels nor a plain sentence.
"""

from __future__ import annotations

import argparse
import logging
import resource
import time
from collections import Counter
from pathlib import Path

import numpy as np

from ae_core.pictures import decoding
from tests.support.junk import READ, answer, corpus


class OddEnds(logging.Handler):
    """Which processes ended neither with a picture nor with a refusal."""

    def __init__(self) -> None:
        super().__init__()
        self.codes: Counter[object] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Count one."""
        self.codes[record.args[0] if isinstance(record.args, tuple) else None] += 1


def own_memory() -> int:
    """This process's memory in kilobytes."""
    line = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")
    )
    return int(line.split()[1])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    ends = OddEnds()
    decoding.logger.addHandler(ends)
    decoding.logger.propagate = False

    answers: Counter[str] = Counter()
    by_kind: dict[str, Counter[bool]] = {}
    seconds: list[float] = []
    slowest: list[tuple[float, str]] = []
    hard: list[str] = []
    at_first = 0
    for number, junk in enumerate(corpus(options.files, options.seed)):
        start = time.perf_counter()
        said = answer(decoding.decode_picture, junk.content)
        seconds.append(time.perf_counter() - start)
        slowest = sorted([*slowest, (seconds[-1], junk.name)], reverse=True)[:5]
        answers[said] += 1
        by_kind.setdefault(junk.kind, Counter())[said == READ] += 1
        if said == decoding.TOO_HARD:
            hard.append(f"{junk.kind} {junk.name}")
        if number == options.files // 2:
            at_first = own_memory()

    print(f"{len(seconds)} files, seed {options.seed}")
    for kind, counts in by_kind.items():
        print(f"  {kind:15} {counts[True]:5} read {counts[False]:5} refused")
    for said, count in answers.most_common():
        print(f"  {count:5}  {said}")
    print(f"refused for time or memory: {', '.join(hard) or 'none'}")
    print(f"ended by a signal or an error of Python's: {dict(ends.codes) or 'none'}")
    p50, p99 = np.percentile(seconds, (50, 99))
    told = [f"{s:.1f} s {name}" for s, name in slowest]
    print(f"time to the answer: p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, slowest {told}")
    print(f"largest memory of a process: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024} MB")
    grown = (own_memory() - at_first) / 1024
    print(f"this process: {own_memory() // 1024} MB, {grown:+.1f} MB in the second half")


if __name__ == "__main__":
    main()
