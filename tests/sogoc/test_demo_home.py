"""What the demo leaves behind: a home in which work goes on, and people who come in."""
from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from sogoc.demo import FONDS, PEOPLE, demo_accounts
from sogoc.home import create
from sogoc.settings import load
from storage import accounts
from storage.embedded_store import EmbeddedStore


def test_the_demos_home_archives_when_it_is_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOGOC_ARCHIVE__FONDS_CODE", raising=False)
    try:
        create(load(tmp_path), FONDS)
        assert load(tmp_path).archive.fonds_code == FONDS
        create(load(tmp_path), "OTHER")
        assert load(tmp_path).archive.fonds_code == FONDS         # a file that is there is its owner's
    finally:
        EmbeddedStore(tmp_path).stop()


def test_the_same_people_come_in_after_a_second_run(sqlite_database, tmp_path: Path) -> None:
    home = SimpleNamespace(database=sqlite_database, secrets=tmp_path)
    first = demo_accounts(home)
    assert demo_accounts(home) == first and len(first.password) >= 12
    with sqlite_database.reading() as session:
        held = {name: [grant.role for _, grant, _ in accounts.grants_of(session, name)] for name in PEOPLE}
    assert held == {name: [role] for name, (role, *_) in PEOPLE.items()}
