"""An installation of its own for each test: SQLite, the embedded object store, a demo signing identity."""
from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.services import ArchiveOptions, IntakeOptions, MatchingOptions, ReadingOptions, Services
from storage.database import Database
from storage.identity import create_demo_identity
from storage.outbox import ObjectLedger
from storage.signing import Signer


@pytest.fixture
def services(sqlite_database: Database, sqlite_ledger: ObjectLedger, tmp_path: Path) -> Services:
    home = tmp_path / "home"
    (home / "inbox").mkdir(parents=True)
    signing = create_demo_identity(home / "secrets" / "signing")
    return Services(home=home, database=sqlite_database, objects=sqlite_ledger.store, ledger=sqlite_ledger, signer=Signer(signing),
                    intake=IntakeOptions(), reading=ReadingOptions(), matching=MatchingOptions(home / "cache"),
                    archive=ArchiveOptions(fonds_code="THU"))
