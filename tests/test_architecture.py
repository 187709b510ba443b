"""What holds for the whole tree: the order of the rooms, the names of modules, nothing of one machine, pinned packages."""
from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("records", "ocr", "matching", "storage", "sync", "pipelines", "portal", "sogoc")
NOBODY = {"utils", "helpers", "common", "manager", "misc"}


def sources() -> list[Path]:
    return [f for room in ROOMS for f in (ROOT / room).rglob("*.py")]


def test_rooms_import_only_from_the_left() -> None:
    done = subprocess.run([Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_import_check_can_fail(tmp_path: Path) -> None:
    """The same contract on a tree in which records imports portal."""
    for room in ROOMS:
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").write_text("from portal import x\n" if room == "records" else "x = 1\n")
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    done = subprocess.run([Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=tmp_path, capture_output=True, text=True,
                          check=False, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 1, done.stdout + done.stderr


def test_every_room_says_what_lives_in_it() -> None:
    for room in ROOMS:
        assert ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text("utf-8"))), room


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_answer_one_question(path: Path) -> None:
    assert path.stem not in NOBODY
    text = path.read_text("utf-8")
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "a module says what question it answers"
    assert len(text.splitlines()) <= 400, "a module answers one question"


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    names = listed.stdout.decode().split("\0") if listed.returncode == 0 else []
    kinds = (".py", ".toml", ".md", ".txt", ".lock", ".yaml", ".yml", ".html", ".js", ".css", ".sh", "")
    return [ROOT / n for n in names if n and Path(n).suffix in kinds]


def test_no_machine_paths_and_no_registry_hosts() -> None:
    wrong = re.compile(r"(?<![\w.$}])/(work|home/[a-z]+|root)/|--(extra-)?index-url|files\.pythonhosted|pypi\.org/simple|file:///")
    found = [f"{p.relative_to(ROOT)}: {m[0]}" for p in tracked() if p.is_file() and p != Path(__file__)
             for m in wrong.finditer(p.read_text("utf-8", errors="replace"))]
    assert not found


def test_the_guides_lead_to_pages_that_are_there() -> None:
    pages = [p for p in tracked() if p.suffix == ".md" and p.is_file()]
    broken = [f"{p.relative_to(ROOT)}: {link}" for p in pages for link in re.findall(r"\]\(([^)\s#]+)", p.read_text("utf-8"))
              if "://" not in link and not (p.parent / link).exists()]
    assert len(pages) > 10 and not broken


def test_nothing_is_fetched_from_elsewhere_by_the_pages() -> None:
    found = [f"{p.name}: {m[0]}" for p in (ROOT / "portal").rglob("*") if p.suffix in (".html", ".css", ".js")
             for m in re.finditer(r"""(src|href|url|@import|fetch)\s*[=(]\s*["']?(https?:)?//[^"' )]+""", p.read_text("utf-8"))]
    assert not found


def test_the_lock_holds_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    def pins(name: str) -> dict[str, str]:
        rows = [r for r in (ROOT / name).read_text("utf-8").splitlines() if r and not r.startswith("#")]
        assert all(re.fullmatch(r"[a-z0-9.-]+==[A-Za-z0-9.+!_-]+", r) for r in rows)
        return dict(r.split("==") for r in rows)

    run, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert not set(run) & set(dev)
    for wanted, have in ((project["dependencies"], run), (project["optional-dependencies"]["dev"], dev | run)):
        assert names_of(wanted) <= set(have)


def test_every_third_party_import_is_asked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked, tools = names_of(project["dependencies"]), names_of(project["optional-dependencies"]["dev"])
    owners = metadata.packages_distributions()
    own = {*ROOMS, "samples", "dagster_home", "train"}
    missing = set()
    for path in [*sources(), *(ROOT / "samples").rglob("*.py")]:
        for top in imported(path) - set(sys.stdlib_module_names) - own:
            if not {re.sub(r"[-_.]+", "-", d).lower() for d in owners.get(top, [top])} & (asked | tools if path.stem == "build" else asked):
                missing.add(f"{path.relative_to(ROOT)}: {top}")
    assert not missing


def names_of(requirements: list[str]) -> set[str]:
    return {re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9._-]+", r)[0]).lower() for r in requirements}       # type: ignore[index]


def imported(path: Path) -> set[str]:
    """Top-level packages a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found
