"""Writes requirements.lock and requirements-dev.lock from the versions installed in this environment.

    .venv/bin/python deploy/make_lock.py

Follows what `pyproject.toml` asks for through the installed packages' own metadata, so that nothing that happens to be
installed besides gets in. Names and versions only: where packages come from is the business of whoever installs.
"""
from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent


def closure(wanted: Iterable[str]) -> set[str]:
    """Canonical names of the wanted requirements and of all they need here, extras included."""
    todo = [(Requirement(w), frozenset[str]()) for w in wanted]
    seen: set[tuple[str, frozenset[str]]] = set()
    while todo:
        requirement, extras_of_parent = todo.pop()
        if requirement.marker is not None and not any(requirement.marker.evaluate({"extra": e}) for e in (extras_of_parent or {""})):
            continue
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        todo += [(Requirement(r), frozenset(requirement.extras) | {""}) for r in metadata.requires(requirement.name) or []]
    return {name for name, _ in seen}


def write(path: Path, names: Iterable[str], head: str) -> None:
    lines = [f"{name}=={metadata.version(name)}" for name in sorted(names)]
    path.write_text(head + "\n".join(lines) + "\n", "utf-8")


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    build = [r for r in project["build-system"]["requires"]]
    run = closure([*project["project"]["dependencies"], *build])
    dev = closure(project["project"]["optional-dependencies"]["dev"]) - run      # PyTorch is too large to be installed for the tests
    write(ROOT / "requirements.lock", run,
          "# Everything the program needs, pinned (Python 3.11, Linux). Made by deploy/make_lock.py; install with --no-deps.\n")
    write(ROOT / "requirements-dev.lock", dev, "# What the tests need besides. Made by deploy/make_lock.py; install with --no-deps.\n")


if __name__ == "__main__":
    main()
