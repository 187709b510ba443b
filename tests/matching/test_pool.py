"""Several processes give the answers of one, book by book."""
from __future__ import annotations

from pathlib import Path

import pytest

import matching.pool
from bench.linkage import Trial
from matching.index_file import write_index
from matching.linker import Linker
from matching.pool import link_books


def test_processes_and_chunks_change_nothing(trial: Trial, linker: Linker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "population-x.index"
    write_index(path, linker.index.arrays)
    births = max((b for b in trial.books if b[0].kind == "KS"), key=len)
    books = [*trial.books[:8], [], [*births, *births[:2]]]          # two entries claim the newborns of two others
    expected = [linker.link(b) for b in books]
    assert any("claimed_in_book" in d.held for decisions in expected[-1] for d in decisions.values())
    monkeypatch.setattr(matching.pool, "CHUNK", 7)
    done: list[int] = []
    assert list(link_books(path, books, 2, linker.model, done.append)) == expected
    assert done == sorted(done) and done[-1] == sum(map(len, books))
