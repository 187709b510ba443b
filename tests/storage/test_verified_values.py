"""What people settled in a batch: taken up by the book's next settling, never undone by it, never changed under somebody's eyes."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from records.record import DraftRecord, FieldValue
from storage.database import Database
from storage.models import Batch, Page, utc_now
from storage.readings import SettledEntry, batch_entries, entry_record, fingerprint, progress_of, read_pages, save_book
from storage.verified_values import verified_values

RECORD = DraftRecord("KS", "KS2016", 1, {"so": FieldValue("7", "7", 0.8), "nguoiKy": FieldValue("Lê Thị Huệ, Chủ tịch", "", 0.7),
                                         "ghiChu": FieldValue("", "", 0.95)})


def batch(database: Database, *files: str) -> list[int]:
    with database.session() as session:
        session.add(Batch(id="B", folder="", content_hash="x"))
        session.flush()
        rows = [Page(batch_id="B", file=f, sha256=f[-6:] * 10, size=1, state="read") for f in files]
        session.add_all(rows)
        session.flush()
        save_book(session, "B", [SettledEntry(r.id, RECORD) for r in rows], "m", len(rows))
        return [r.id for r in rows]


def test_only_what_people_said_is_taken_up(database: Database) -> None:
    first, second, _ = batch(database, "p1.jpg", "p2.jpg", "p3.jpg")
    with database.session() as session:
        one, two, _ = batch_entries(session, "B")
        one.revision = 1            # corrected, not yet verified: the corrected field only
        field = next(f for f in one.fields if f.code == "nguoiKy")
        field.value, field.source, field.confidence = "Lê Thị Huê, Chủ tịch", "reviewer", 1.0
        two.status, two.revision = "verified", 1
    with database.reading() as session:
        found = verified_values(session, "B")
    assert {place: {c: f.value for c, f in values.items()} for place, values in found.items()} == {
        (first, 1): {"nguoiKy": "Lê Thị Huê, Chủ tịch"}, (second, 1): {"so": "7", "nguoiKy": "Lê Thị Huệ, Chủ tịch"}}


def test_the_fingerprint_follows_what_people_say(sqlite_database: Database) -> None:
    batch(sqlite_database, "p1.jpg")
    with sqlite_database.session() as session:
        pages = read_pages(session, "B")
        before = fingerprint(pages, verified_values(session, "B"))
        assert before == fingerprint(pages)
        batch_entries(session, "B")[0].status = "verified"
        session.flush()
        after = fingerprint(pages, verified_values(session, "B"))
        assert after != before and after == fingerprint(pages, verified_values(session, "B"))


def test_an_entry_that_somebody_looks_at_waits(database: Database) -> None:
    first, second = batch(database, "p1.jpg", "p2.jpg")
    new = replace(RECORD, fields={"so": FieldValue("8", "8", 0.9)})
    with database.session() as session:
        entry = batch_entries(session, "B")[0]
        entry.lease_by, entry.lease_until = "lan", utc_now() + timedelta(minutes=5)
    for settled, mark in ((["7", "8"], "n+held"), (["8", "8"], "n")):
        with database.session() as session:
            save_book(session, "B", [SettledEntry(first, new), SettledEntry(second, new)], "n", 2)
        with database.session() as session:
            entries = batch_entries(session, "B")
            assert [entry_record(e).fields["so"].value for e in entries] == settled
            assert progress_of(session, "B")["settled"] == mark
            entries[0].lease_until = utc_now() - timedelta(seconds=1)


def test_pages_in_the_order_people_count(sqlite_database: Database) -> None:
    batch(sqlite_database, "scan10.jpg", "scan2.jpg", "scan1.jpg")
    with sqlite_database.reading() as session:
        assert [p.file for p in read_pages(session, "B")] == ["scan1.jpg", "scan2.jpg", "scan10.jpg"]
        pages = {p.id: p.file for p in read_pages(session, "B")}
        assert [pages[e.page_id] for e in batch_entries(session, "B")] == ["scan1.jpg", "scan2.jpg", "scan10.jpg"]
