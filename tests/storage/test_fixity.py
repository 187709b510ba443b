from __future__ import annotations

import os
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from registers import add_entry, add_page, page_image

from storage import fixity
from storage.archive import ArchiveOptions, archive_entry, verify_archive
from storage.database import Database
from storage.errors import ObjectStoreUnavailable
from storage.fixity import FixityOptions, run_pass
from storage.models import FixityFinding, StoredObject
from storage.objects import ObjectStore
from storage.signing import Signer, create_demo_identity

OPTIONS = ArchiveOptions(undo_seconds=0, retain_days=1, retention_mode="GOVERNANCE", agency_name="UBND xã Mẫu", fonds_code="THU")


@pytest.fixture(scope="module")
def signer(tmp_path_factory) -> Signer:
    return Signer(create_demo_identity(tmp_path_factory.mktemp("identity"), "UBND xã Mẫu"), "UBND xã Mẫu")


@pytest.fixture
def archived(sqlite_ledger, signer):
    """Three archived entries."""
    ids = [add_entry(sqlite_ledger, add_page(sqlite_ledger, "b", f"{n}.jpg", page_image(f"{n}")), str(n)) for n in (1, 2, 3)]
    return [archive_entry(sqlite_ledger.database, sqlite_ledger, signer, OPTIONS, i, "sogoc") for i in ids]


def codes(ledger) -> set[tuple[str, str]]:
    return {(d.code, d.where) for d in verify_archive(ledger.database, ledger.store)}


def flip_on_disk(folder: Path, bucket: str, data: bytes) -> None:
    """Flip one bit in the middle of the object with these bytes, in the embedded server's own files, behind its back."""
    middle = len(data) // 2
    for path in (folder / "objects" / "data").glob(f"{bucket}_*.dat"):
        start = path.read_bytes().find(data)            # the first: a copy's PDF holds its original's bytes too, and came later
        if start >= 0:
            with open(path, "r+b") as f:
                f.seek(start + middle)
                f.write(bytes([data[middle] ^ 1]))
            return
    raise AssertionError("no such object on disk")


@pytest.mark.parametrize("which", ["pdf", "original", "manifest", "package"])
def test_one_flipped_bit_on_the_disk_is_named(sqlite_ledger, archived, server_folder, which):
    p = archived[1]
    key = {"pdf": p.pdf_key, "original": p.original_key, "manifest": p.manifest_key,
           "package": p.manifest_key.replace("manifest.json", "package.zip")}[which]
    flip_on_disk(server_folder / "home", sqlite_ledger.store.bucket("archive"), sqlite_ledger.get(key))
    found = codes(sqlite_ledger)
    assert found and {w.split("!")[0] for _, w in found} == {key}
    assert {c for c, _ in found} & {"object_changed", "object_unreadable"}
    with sqlite_ledger.database.reading() as session:
        assert session.get_one(StoredObject, key).proven_at is None
        good = session.scalars(sa.select(StoredObject.proven_at).where(StoredObject.key == archived[0].pdf_key)).one()
        assert good is not None


def test_a_changed_mets_inside_the_package_is_named(sqlite_ledger, archived):
    """A store that checks nothing itself and hands out other bytes."""
    key = archived[0].manifest_key.replace("manifest.json", "package.zip")

    class Careless(ObjectStore):
        def read_newest(self, kind, asked, on_piece):
            if asked != key:
                return super().read_newest(kind, asked, on_piece)
            got = bytearray()
            facts = super().read_newest(kind, asked, got.extend)
            place = got.index(b"METS.xml", got.index(b"index.html")) + 40
            got[place] ^= 1
            on_piece(memoryview(bytes(got)))
            return facts

    found = {(d.code, d.where.rpartition("!")[2]) for d in verify_archive(sqlite_ledger.database, Careless(sqlite_ledger.store.config))}
    assert ("object_changed", key) in found and ("package_file_changed", "METS.xml") in found and len(found) == 2


def test_deleted_swapped_and_added(sqlite_ledger, archived):
    store, (a, b, c) = sqlite_ledger.store, archived
    store._client.remove_object(store.bucket("archive"), a.pdf_key)                     # leaves a marker over the locked version
    x, y = sqlite_ledger.get(b.pdf_key), sqlite_ledger.get(c.pdf_key)
    store.put("archive", b.pdf_key, y, "application/pdf")
    store.put("archive", c.pdf_key, x, "application/pdf")
    store.put("archive", "archive/KS/2017/01/001/x/more.pdf", b"x", "application/pdf")
    assert codes(sqlite_ledger) == {("object_missing", a.pdf_key), ("object_replaced", b.pdf_key), ("object_replaced", c.pdf_key),
                                    ("object_without_row", "archive:archive/KS/2017/01/001/x/more.pdf")}
    with sqlite_ledger.database.reading() as session:
        assert len(session.scalars(sa.select(FixityFinding)).all()) == 4


def test_a_store_that_is_down_is_no_finding(sqlite_ledger, archived):
    from dataclasses import replace

    gone = ObjectStore(replace(sqlite_ledger.store.config, endpoint="127.0.0.1:1"), timeout=1)
    with pytest.raises(ObjectStoreUnavailable):
        run_pass(sqlite_ledger.database, gone, FixityOptions())


def test_killed_ten_times_and_resumed(sqlite_ledger, tmp_path):
    """Each child is killed by SIGKILL in the middle; over all of them every object is read to its end once."""
    for n in range(50):
        sqlite_ledger.put("work", f"o/{n:03d}", os.urandom(200_000), "x")
    database, config, log = sqlite_ledger.database, sqlite_ledger.store.config, tmp_path / "read"
    database.dispose()
    for k in range(10):
        child = os.fork()
        if child == 0:
            _read_and_die(database.url.render_as_string(hide_password=False), config, log, after=4 + k % 2)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    report = run_pass(database, sqlite_ledger.store, FixityOptions())
    read_before = log.read_text().split()
    assert report.finished and report.differences == []
    assert len(read_before) == 45 and len(read_before) + report.objects - 50 == 0      # none twice
    with database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(StoredObject).where(StoredObject.proven_at.is_(None))) == 0


def _read_and_die(url: str, config, log: Path, after: int) -> None:
    class Counting(ObjectStore):
        seen = 0

        def read_newest(self, kind, key, on_piece):
            if Counting.seen == after:
                os.kill(os.getpid(), signal.SIGKILL)
            facts = super().read_newest(kind, key, on_piece)
            with open(log, "a") as f:
                f.write(key + "\n")
            Counting.seen += 1
            return facts

    try:
        run_pass(Database(url), Counting(config), FixityOptions(threads=1))
    finally:
        os._exit(3)


def test_it_stops_when_told_and_goes_on(sqlite_ledger, archived):
    seen: list[int] = []
    first = run_pass(sqlite_ledger.database, sqlite_ledger.store, FixityOptions(threads=1), lambda d, _: seen.append(d),
                     stop=lambda: len(seen) >= 5)
    assert (first.finished, first.objects) == (False, 5)
    second = run_pass(sqlite_ledger.database, sqlite_ledger.store, FixityOptions())
    with sqlite_ledger.database.reading() as session:
        total = session.scalar(sa.select(sa.func.count()).select_from(StoredObject))
    assert second.finished and second.started == first.started and first.objects + second.objects == total
    third = run_pass(sqlite_ledger.database, sqlite_ledger.store, FixityOptions())
    assert third.started > second.started and third.objects == total


def test_what_was_found_before_the_break_is_told_at_the_end_and_forgotten_when_mended(sqlite_ledger, archived):
    store, key = sqlite_ledger.store, min(p.pdf_key for p in archived)
    store.put("archive", key, b"forged", "application/pdf")
    seen: list[int] = []
    run_pass(sqlite_ledger.database, store, FixityOptions(threads=1), lambda d, _: seen.append(d), stop=lambda: len(seen) >= 6)
    report = run_pass(sqlite_ledger.database, store, FixityOptions())
    assert [(d.code, d.where) for d in report.differences] == [("object_replaced", key)]
    forged = next(v for k, v, _ in store.versions("archive", key))
    store.remove("archive", key, forged)
    assert run_pass(sqlite_ledger.database, store, FixityOptions()).differences == []
    with sqlite_ledger.database.reading() as session:
        assert session.scalars(sa.select(FixityFinding)).all() == []


def test_it_goes_no_faster_than_agreed(sqlite_ledger):
    for n in range(5):
        sqlite_ledger.put("work", f"o/{n}", os.urandom(400_000), "x")
    start = time.monotonic()
    report = run_pass(sqlite_ledger.database, sqlite_ledger.store, FixityOptions(megabytes_per_second=2))
    assert time.monotonic() - start > 0.75 and report.bytes == 2_000_000


def test_the_pass_is_told_by_its_dates(sqlite_ledger, archived):
    assert fixity.last_pass(sqlite_ledger.database) == {}
    report = run_pass(sqlite_ledger.database, sqlite_ledger.store, FixityOptions())
    said = fixity.last_pass(sqlite_ledger.database)
    assert said["started"] == report.started.isoformat() and said["finished"] > said["started"]
    assert timedelta(0) < timedelta(seconds=report.seconds) < timedelta(minutes=2)
