"""The whole way on real parts, with the commands people type: a small book and a hostile folder, read, linked, killed, exported."""
from __future__ import annotations

import importlib.util
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.storage.page_files import hostile_folder

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def kill_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_kill", ROOT / "bench" / "kill.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_kill"] = module
    spec.loader.exec_module(module)
    return module


def sogoc(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "sogoc", *arguments], capture_output=True, text=True, check=False, timeout=600,
                          env={**os.environ, "SOGOC_HOME": str(home), "SOGOC_LANG": "en", "OMP_THREAD_LIMIT": "1"})


def small_book(folder: Path, pages: int = 2) -> Path:
    source = SAMPLES / "books" / "KS.2017.01"
    folder.mkdir(parents=True)
    for file in sorted(source.glob("*.jpg"))[:pages]:
        shutil.copy(file, folder)
    return folder


def test_killed_at_any_moment_the_export_is_the_same(tmp_path: Path) -> None:
    kill = kill_module()
    book, seed = small_book(tmp_path / "KS.2017.01"), random.randrange(10**6)
    result = kill.compare([book], SAMPLES / "population.csv", kills=2, seed=seed, place=tmp_path)
    assert result.kills >= 1 and result.lines == 2
    assert result.same and result.orphans == 0
    truth = {t["file"]: t for t in map(json.loads, (SAMPLES / "truth.jsonl").read_text("utf-8").splitlines())}
    for line in map(json.loads, (tmp_path / "rough" / "export.jsonl").read_text("utf-8").splitlines()):
        assert (line["loai"], line["mau"], line["status"]) == ("KS", "KS2016", "review")
        wanted = truth[f"{line['batch']}/{line['file']}"]
        assert set(line["links"]) == {"nks", "me", "cha"} & set(wanted["link"])
        assert line["fields"]["so"]["value"] == wanted["values"]["so"]
        for value in line["fields"].values():
            assert set(value) >= {"value", "raw", "confidence", "source", "box"}


def test_a_hostile_folder_through_the_commands(tmp_path: Path) -> None:
    home = tmp_path / "home"
    good = [f.read_bytes() for f in sorted((SAMPLES / "books" / "KS.2017.01").glob("*.jpg"))[:3]]
    folder = hostile_folder(tmp_path / "KS.2017.01", good)
    assert sogoc(home, "init").returncode == 0
    added = sogoc(home, "batch", "add", str(folder))
    assert (added.returncode, added.stdout) == (1, "KS.2017.01\n") and "Traceback" not in added.stderr
    done = sogoc(home, "run")
    assert done.returncode == 1 and "3 pages read, 7 set aside" in done.stdout
    for reason in ("empty_file", "truncated", "wrong_type", "encrypted", "too_large", "unsafe_name", "duplicate"):
        assert done.stdout.count(f"[{reason}]") == 1
    out = tmp_path / "out.jsonl"
    assert sogoc(home, "records", "export", str(out)).returncode == 0
    assert [json.loads(row)["file"] for row in out.read_text("utf-8").splitlines()] == [f"KS.2017.01.{n:03d}.jpg" for n in (1, 2, 3)]
    assert sogoc(home, "archive", "verify").returncode == 0
    again = sogoc(home, "run")
    assert (again.returncode, again.stdout) == (0, "Nothing is waiting.\n")
