from __future__ import annotations

import base64
import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import sqlalchemy as sa
from registers import add_entry, add_page, page_image

from storage import fixity, fixity_marks, fixity_share, weed_reader
from storage.archive import ArchiveOptions, archive_entry, verify_archive
from storage.database import Database
from storage.errors import ObjectStoreUnavailable
from storage.fixity import Difference, FixityOptions, run_pass
from storage.fixity_share import Rate
from storage.models import FixityFinding, StoredObject, utc_now
from storage.objects import ObjectStore, ObjectStoreConfig
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


@pytest.fixture(params=["straight", "s3"])
def store(request, sqlite_ledger) -> ObjectStore:
    """The store as its own server is read, and as any other S3 server would be."""
    config = sqlite_ledger.store.config
    return ObjectStore(config if request.param == "straight" else replace(config, doors=None))


class NoS3(ObjectStore):
    def read_newest(self, kind, key, on_piece):
        raise AssertionError(f"{key} was read through S3")


def codes(ledger, store: ObjectStore | None = None) -> set[tuple[str, str]]:
    return {(d.code, d.where) for d in verify_archive(ledger.database, store or ledger.store)}


def flip_on_disk(folder: Path, bucket: str, data: bytes, at: int) -> None:
    """Flip one bit of the object with these bytes, in the embedded server's own files, behind its back."""
    for path in (folder / "objects" / "data").glob(f"{bucket}_*.dat"):
        start = path.read_bytes().find(data)            # the first: a copy's PDF holds its original's bytes too, and came later
        if start >= 0:
            with open(path, "r+b") as f:
                f.seek(start + at)
                f.write(bytes([data[at] ^ 1]))
            return
    raise AssertionError("no such object on disk")


def mets_in(package: bytes) -> int:
    """A place inside METS.xml, which a package's ZIP holds."""
    return package.index(b"METS.xml", package.index(b"index.html")) + 40


@pytest.mark.parametrize("which", ["pdf", "original", "manifest", "package", "mets"])
def test_one_flipped_bit_on_the_disk_is_named(sqlite_ledger, archived, server_folder, which):
    p = archived[1]
    package = p.manifest_key.replace("manifest.json", "package.zip")
    key = {"pdf": p.pdf_key, "original": p.original_key, "manifest": p.manifest_key, "package": package, "mets": package}[which]
    data = sqlite_ledger.get(key)
    flip_on_disk(server_folder / "home", sqlite_ledger.store.bucket("archive"), data, mets_in(data) if which == "mets" else len(data) // 2)
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
            got[mets_in(bytes(got))] ^= 1
            on_piece(memoryview(bytes(got)))
            return facts

    careless = Careless(replace(sqlite_ledger.store.config, doors=None))
    found = {(d.code, d.where.rpartition("!")[2]) for d in verify_archive(sqlite_ledger.database, careless)}
    assert ("object_changed", key) in found and ("package_file_changed", "METS.xml") in found and len(found) == 2


def test_one_flipped_bit_is_named_where_there_is_only_s3(sqlite_ledger, archived, server_folder):
    key, store = archived[2].original_key, ObjectStore(replace(sqlite_ledger.store.config, doors=None))
    data = sqlite_ledger.get(key)
    flip_on_disk(server_folder / "home", store.bucket("archive"), data, len(data) // 2)
    assert codes(sqlite_ledger, store) == {("object_unreadable", key)}


def test_deleted_swapped_and_added(sqlite_ledger, archived, store):
    a, b, c = archived
    store._client.remove_object(store.bucket("archive"), a.pdf_key)                     # leaves a marker over the locked version
    x, y = sqlite_ledger.get(b.pdf_key), sqlite_ledger.get(c.pdf_key)
    store.put("archive", b.pdf_key, y, "application/pdf")
    store.put("archive", c.pdf_key, x, "application/pdf")
    store.put("archive", "archive/KS/2017/01/001/x/more.pdf", b"x", "application/pdf")
    assert codes(sqlite_ledger, store) == {("object_missing", a.pdf_key), ("object_replaced", b.pdf_key), ("object_replaced", c.pdf_key),
                                           ("object_without_row", "archive:archive/KS/2017/01/001/x/more.pdf")}
    with sqlite_ledger.database.reading() as session:
        assert len(session.scalars(sa.select(FixityFinding)).all()) == 4


def test_what_was_removed_for_good_is_missing(sqlite_ledger, store):
    """Neither a marker nor a version is left, in the one bucket as in the other."""
    for n in range(3):
        sqlite_ledger.put("archive", f"o/{n}", b"archived", "x")
        sqlite_ledger.put("work", f"w/{n}", b"at work", "x")
    with sqlite_ledger.database.reading() as session:
        store.remove("archive", "o/1", session.get_one(StoredObject, "o/1").version_id)
    store.remove("work", "w/1")
    assert codes(sqlite_ledger, store) == {("object_missing", "o/1"), ("object_missing", "w/1")}


def test_what_is_whole_is_proven_without_s3(sqlite_ledger, archived):
    sqlite_ledger.put("work", "o/tờ 1?#%.jpg", os.urandom(9_000_000), "image/jpeg")     # in three chunks
    sqlite_ledger.put("work", "o/text", b"abc " * 5000, "text/plain")                   # of a kind that a server may pack
    report = run_pass(sqlite_ledger.database, NoS3(sqlite_ledger.store.config), FixityOptions())
    with sqlite_ledger.database.reading() as session:
        assert (report.differences, report.bytes) == ([], session.scalar(sa.select(sa.func.sum(StoredObject.size))))


@pytest.mark.parametrize("which", ["pdf", "package"])
def test_what_is_damaged_on_the_disk_is_named_without_s3(sqlite_ledger, archived, server_folder, which):
    """The server would try for a quarter of a minute before it refuses: with a volume damaged, for days."""
    key = archived[0].pdf_key if which == "pdf" else archived[0].manifest_key.replace("manifest.json", "package.zip")
    data = sqlite_ledger.get(key)
    flip_on_disk(server_folder / "home", sqlite_ledger.store.bucket("archive"), data, mets_in(data) if which == "package" else 5)
    report = run_pass(sqlite_ledger.database, NoS3(sqlite_ledger.store.config), FixityOptions())
    found = {(d.code, d.where.rpartition("!")[2]) for d in report.differences}
    assert found == {("object_unreadable", key)} | ({("package_file_changed", "METS.xml")} if which == "package" else set())
    assert next(d for d in report.differences if d.code == "object_unreadable").found.startswith("CRC-32C, ")


@pytest.mark.parametrize("door", [{"filer": "127.0.0.1:1"}, {"filer_key": "x" * 48}, {"volumes": Path("/nowhere")}])
def test_a_door_that_does_not_open_leaves_the_judgement_to_s3(sqlite_ledger, archived, door):
    config = sqlite_ledger.store.config
    assert codes(sqlite_ledger, ObjectStore(replace(config, doors=replace(config.doors, **door)))) == set()


@contextmanager
def filer_that(answers: Callable[[str], bytes | None], config: ObjectStoreConfig) -> Iterator[ObjectStore]:
    """The store with another filer behind it. answers: path -> what it says, None: 404."""

    class Filer(BaseHTTPRequestHandler):
        def do_GET(self):
            text = answers(self.path)
            self.send_response(200 if text is not None else 404)
            self.end_headers()
            self.wfile.write(text or b"")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Filer) as filer:
        threading.Thread(target=filer.serve_forever, daemon=True).start()
        try:
            yield ObjectStore(replace(config, doors=replace(config.doors, filer=f"127.0.0.1:{filer.server_port}")))
        finally:
            filer.shutdown()


@pytest.mark.parametrize("noted", ["seventy", str(10**17), "-1"])
def test_a_lock_that_no_calendar_has_is_left_to_s3(sqlite_ledger, noted):
    sqlite_ledger.put("archive", "o/1", b"archived", "x")
    told = {"FileSize": 8, "chunks": [{"file_id": "1,0123456789", "size": 8}],
            "Extended": {"Seaweed-X-Amz-Retention-Until-Date": base64.b64encode(noted.encode()).decode()}}

    with filer_that(lambda _: json.dumps({"Entries": [told]}).encode(), sqlite_ledger.store.config) as store:
        assert codes(sqlite_ledger, store) == set()


def test_what_differs_in_one_object_is_noted_together_or_not_at_all(sqlite_database, monkeypatch):
    """A finding alone would keep the rest of a killed pass from the object, so from its other findings."""
    found = [Difference("object_replaced", "o/1"), Difference("object_changed", "o/1")]
    noted = fixity_marks.note

    def killed(connection, d, now):
        if d is found[1]:
            raise KeyboardInterrupt
        noted(connection, d, now)

    monkeypatch.setattr(fixity_marks, "note", killed)
    with fixity_marks.Marker(sqlite_database) as marker, pytest.raises(KeyboardInterrupt):
        marker.mark("o/1", utc_now(), found, False)
    assert fixity.findings(sqlite_database) == []
    monkeypatch.undo()
    with fixity_marks.Marker(sqlite_database) as marker:
        marker.mark("o/1", utc_now(), found, False)
    assert [d.code for d in fixity.findings(sqlite_database)] == ["object_replaced", "object_changed"]


def test_what_is_overlaid_while_the_pass_is_under_way_is_not_proven_of_a_later_moment(sqlite_ledger):
    """Places are asked for ahead: what is known of the last object is older than the reading of the first."""
    for n in range(60):
        sqlite_ledger.put("archive", f"o/{n:02d}", os.urandom(1000), "x")
    harm: list[datetime] = []

    def overlay(done: int, _: int) -> None:
        if done == 5:
            sqlite_ledger.store.put("archive", "o/49", b"another", "x")
            harm.append(utc_now())

    run_pass(sqlite_ledger.database, sqlite_ledger.store, FixityOptions(), overlay)
    with sqlite_ledger.database.reading() as session:
        proven = session.get_one(StoredObject, "o/49").proven_at
    assert proven is None or proven < harm[0]
    assert codes(sqlite_ledger) == {("object_replaced", "o/49")}


def test_read_slowly_a_place_is_asked_for_again(sqlite_ledger, monkeypatch):
    monkeypatch.setattr(fixity_share, "_FRESH", -1.0)
    for n in range(20):
        sqlite_ledger.put("archive", f"o/{n:02d}", os.urandom(1000), "x")
    report = run_pass(sqlite_ledger.database, sqlite_ledger.store, FixityOptions(),
                      lambda done, _: sqlite_ledger.store.put("archive", "o/19", b"another", "x") if done == 5 else None)
    assert [(d.code, d.where) for d in report.differences] == [("object_replaced", "o/19")]


def test_a_slow_filer_is_not_waited_for(sqlite_ledger, monkeypatch):
    """S3 proves what the filer says nothing of; and nobody who stops a pass waits for 25 answers."""
    for n in range(30):
        sqlite_ledger.put("archive", f"o/{n:02d}", os.urandom(1000), "x")
    monkeypatch.setattr(weed_reader, "_ANSWERS_SECONDS", 0.2)
    asked: list[str] = []

    def slowly(path: str) -> None:
        asked.append(path)
        time.sleep(0.15)

    with filer_that(slowly, sqlite_ledger.store.config) as store:
        report = run_pass(sqlite_ledger.database, store, FixityOptions())
        assert (report.differences, report.objects) == ([], 30) and 2 <= len(asked) <= 6
        stopped = run_pass(sqlite_ledger.database, store, FixityOptions(), anew=True, stop=lambda: True)
    assert (stopped.finished, stopped.objects) == (False, 0) and len(asked) <= 10


def test_an_unlocked_object_is_named(sqlite_ledger, archived, store):
    with sqlite_ledger.database.session() as session:
        row = session.get_one(StoredObject, archived[0].pdf_key)
        row.retain_until = row.retain_until + timedelta(days=1)
    assert codes(sqlite_ledger, store) == {("object_unlocked", archived[0].pdf_key)}


def test_a_store_that_is_down_is_no_finding(sqlite_ledger, archived):
    gone = ObjectStore(replace(sqlite_ledger.store.config, endpoint="127.0.0.1:1", doors=None), timeout=1)
    with pytest.raises(ObjectStoreUnavailable):
        run_pass(sqlite_ledger.database, gone, FixityOptions())


def test_killed_ten_times_and_resumed(sqlite_ledger, store):
    """With the threads that are set where nobody sets them: what was taken of objects, whole or in part, and must be taken again after a
    kill is never more than one object."""
    sizes = [200_000 + 150_000 * (n % 10) for n in range(20)]
    for n, size in enumerate(sizes):
        sqlite_ledger.put("archive" if n % 2 else "work", f"o/{n:03d}", os.urandom(size), "x")
    database, taken, lost = sqlite_ledger.database, multiprocessing.get_context("fork").RawValue("q", 0), list[int]()
    for k in range(10):
        database.dispose()
        child = os.fork()
        if child == 0:
            _read_and_die(database.url.render_as_string(hide_password=False), store.config, taken, sum(sizes) * (k + 1) // 12)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        with database.reading() as session:
            proven = session.scalar(sa.select(sa.func.sum(StoredObject.size)).where(StoredObject.proven_at.is_not(None))) or 0
        lost.append(taken.value - proven - sum(lost))
    report = run_pass(database, store, FixityOptions())
    assert report.finished and report.differences == []
    assert taken.value + report.bytes == sum(sizes) + sum(lost)
    assert 0 < max(lost) <= max(sizes)


def _read_and_die(url: str, config, taken, limit: int) -> None:
    """SIGKILL when that many bytes have come, which is mostly amid an object."""
    def spend(_: Rate, count: int) -> None:
        taken.value += count
        if taken.value > limit:
            os.kill(os.getpid(), signal.SIGKILL)

    Rate.spend = spend
    try:
        run_pass(Database(url), ObjectStore(config), FixityOptions())
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


def test_who_presses_ctrl_c_waits_for_no_more_than_an_object(sqlite_ledger, archived):
    read: list[int] = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)       # ignored where the tests run in the background

    def told(done: int, _: int) -> None:
        read.append(done)
        if done == 1:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.3)

    try:
        with pytest.raises(KeyboardInterrupt):
            run_pass(sqlite_ledger.database, sqlite_ledger.store, FixityOptions(), told)
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(read) <= 2 and run_pass(sqlite_ledger.database, sqlite_ledger.store, FixityOptions()).finished


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


@pytest.mark.parametrize("threads", [1, 3])
def test_every_proof_is_noted_on_either_database(ledger, threads):
    for n in range(12):
        ledger.put("work", f"o/{n}", os.urandom(30_000), "x")
    ledger.store.remove("work", "o/7")
    report = run_pass(ledger.database, ledger.store, FixityOptions(threads))
    assert [(d.code, d.where) for d in report.differences] == [("object_missing", "o/7")]
    with ledger.database.reading() as session:
        assert session.scalars(sa.select(StoredObject.key).where(StoredObject.proven_at.is_(None))).all() == ["o/7"]


def test_the_pass_is_told_by_its_dates(sqlite_ledger, archived):
    assert fixity.last_pass(sqlite_ledger.database) == {}
    report = run_pass(sqlite_ledger.database, sqlite_ledger.store, FixityOptions())
    said = fixity.last_pass(sqlite_ledger.database)
    assert said["started"] == report.started.isoformat() and said["finished"] > said["started"]
    assert timedelta(0) < timedelta(seconds=report.seconds) < timedelta(minutes=2)
