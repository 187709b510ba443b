"""Reading processes that die, hang, swell or never start: every page comes back exactly once, with a reason where the page is to blame."""
from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ocr.extraction import Expectation
from pipelines.page_pool import PagePool, ReaderBroken
from pipelines.page_task import PageTask
from pipelines.services import ReadingOptions

COMMAND = (sys.executable, "-m", "tests.pipelines.failing_worker")


@pytest.fixture(autouse=True)
def fail_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAIL_DIR", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    return tmp_path


def task(number: int) -> PageTask:
    return PageTask(number, f"sha{number}", "image/jpeg", 0, 200, Expectation())


def read(numbers: list[int], options: ReadingOptions) -> dict[int, str | None]:
    with PagePool(options, lambda sha: sha.encode(), COMMAND) as pool:
        results = list(pool.read([task(n) for n in numbers]))
    assert Counter(r.page_id for r in results) == Counter(numbers)
    return {r.page_id: r.reason for r in results}


def processes(folder: Path) -> list[int]:
    return [int(p.name.removeprefix("pid-")) for p in folder.glob("pid-*")]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([0, 100, 200, 500]), min_size=1, max_size=9), st.integers(1, 3), st.integers(1, 4))
def test_every_page_comes_back_once(fail_dir: Path, kinds: list[int], workers: int, chunk: int) -> None:
    for left in fail_dir.iterdir():
        left.unlink()
    numbers = [kind + n for n, kind in enumerate(kinds)]
    reasons = read(numbers, ReadingOptions(workers=workers, chunk_pages=chunk))
    assert reasons == {n: {0: None, 1: "reader_stopped", 2: None, 5: "blurred"}[n // 100] for n in numbers}
    assert not any(alive(p) for p in processes(fail_dir))


def test_a_page_that_hangs_is_set_aside_and_the_rest_is_read() -> None:
    reasons = read([1, 300, 2, 3], ReadingOptions(workers=2, chunk_pages=4, page_seconds=2))
    assert reasons == {1: None, 300: "reader_too_slow", 2: None, 3: None}


def test_a_broken_program_is_no_pages_fault() -> None:
    with pytest.raises(ReaderBroken) as e, PagePool(ReadingOptions(), lambda sha: sha.encode(), COMMAND) as pool:
        list(pool.read([task(1), task(400)]))
    assert e.value.code == "program_missing" and e.value.message == ("không có", "missing")


def test_a_process_that_never_starts_is_no_pages_fault() -> None:
    options = ReadingOptions(workers=1, model_id="never-starts")
    with pytest.raises(ReaderBroken) as e, PagePool(options, lambda sha: sha.encode(), COMMAND) as pool:
        list(pool.read([task(1), task(2)]))
    assert e.value.code == "reader_failed_to_start"


def test_a_process_that_swells_is_replaced(fail_dir: Path) -> None:
    read(list(range(6)), ReadingOptions(workers=1, chunk_pages=2, model_id="swells"))
    assert len(processes(fail_dir)) == 3


def test_few_pages_are_in_memory_at_a_time() -> None:
    loaded: list[str] = []
    with PagePool(ReadingOptions(workers=2, chunk_pages=3), lambda sha: loaded.append(sha) or sha.encode(), COMMAND) as pool:
        for done, _ in enumerate(pool.read([task(n) for n in range(30)]), 1):
            assert len(loaded) <= done + 2 * 3
    assert len(loaded) == 30


def test_readers_end_with_a_killed_parent(fail_dir: Path) -> None:
    code = ("import time; from tests.pipelines.test_page_pool import *\n"
            "pool = PagePool(ReadingOptions(workers=2, chunk_pages=1), lambda sha: sha.encode(), COMMAND)\n"
            "for r in pool.read([task(n) for n in (300, 301)]): pass\n")
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).resolve().parents[2], env={**os.environ})
    deadline = time.monotonic() + 60
    while len(processes(fail_dir)) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    parent.kill()
    parent.wait()
    while any(alive(p) for p in processes(fail_dir)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(processes(fail_dir)) == 2 and not any(alive(p) for p in processes(fail_dir))
