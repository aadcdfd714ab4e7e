"""The denoising autoencoder in 40 lines: short, without the lab's own code, and as good as it promises."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys

from tests.conftest import PROJECT

PROGRAM = PROJECT / "docs" / "dae_in_40_lines.py"


def run_program(source: str) -> subprocess.CompletedProcess[str]:
    one_thread = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
    }  # two would wait for each other where other tests run beside
    return subprocess.run(
        [sys.executable, "-c", source.replace("__file__", repr(str(PROGRAM)))],
        capture_output=True,
        text=True,
        timeout=170,
        env=one_thread,
    )


def test_the_shortest_program_is_short_and_imports_nothing_of_the_lab():
    tree = ast.parse(PROGRAM.read_text())
    told = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for line in range(node.lineno, node.end_lineno + 1)
    }
    code = [
        line
        for number, line in enumerate(PROGRAM.read_text().splitlines(), 1)
        if line.strip() and number not in told
    ]
    assert len(code) <= 40
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} == {"lzma", "pathlib", "torch"}


def test_the_shortest_program_keeps_its_promise_and_would_say_if_it_did_not():
    source = PROGRAM.read_text()
    done = run_program(source)
    assert done.returncode == 0, done.stderr
    noisy, cleaned = map(
        float, re.fullmatch(r"noisy ([\d.]+) dB, cleaned ([\d.]+) dB\n", done.stdout).groups()
    )
    assert cleaned > noisy + 4
    untrained = run_program(source.replace("split(32)", "split(32)[:0]"))
    assert "AssertionError" in untrained.stderr
