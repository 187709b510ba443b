"""bench/portal.py runs from end to end on a small database and prints what it promises."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bench.portal import at


def test_percentiles():
    assert [at([1, 2, 3, 4], p) for p in (25, 50, 95)] == [1, 2, 4] and at([7], 99) == 7 and at(list(range(1, 201)), 95) == 190


def test_a_small_run():
    root = Path(__file__).parents[2]
    found = subprocess.run([sys.executable, "-m", "bench.portal", "--items", "600", "--work", "12", "--rounds", "2", "--reviewers", "2"],
                           cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True, timeout=400)
    assert found.returncode in (0, 1), found.stderr[-2000:]         # 1: a bound was not kept on this machine
    for said in ("600 open entries", "first queue page: no filter", "decision: confirm", "take the next item", "2 at once", "Label Studio",
                 "OFFSET 100,000", "bytes of an item"):
        assert said in found.stdout, said
