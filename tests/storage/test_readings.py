"""What was read is kept as it was read; settling and linking may be done again, what a person did stays."""
from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from matching.decision import Candidate, LinkDecision
from ocr.reading import PageReading, PrintedWord
from records.record import DraftRecord, FieldValue, Finding
from storage import readings
from storage.database import Database
from storage.links import save_links
from storage.models import Batch, Entry, Page
from storage.readings import (
    SettledEntry,
    batch_entries,
    complete_batch,
    draft_records,
    entry_record,
    fingerprint,
    progress_of,
    read_pages,
    record_from_json,
    record_to_json,
    save_book,
    save_reading,
    set_page_aside,
)
from storage.review_need import assess, queue_batch

NAME = FieldValue("Lê Thị Loan", "Lê Thị loan", 0.93, "ocr", (10, 20, 300, 60), ("lattice",))
PLACE = FieldValue("Xã Hoa Thủy, Huyện Lệ Thủy, Quảng Bình", "", 0.5, "ocr", None, (), "19285")
RECORD = DraftRecord("KS", "KS2016", 1, {"nksHoTen": NAME, "nksNoiSinh": PLACE, "so": FieldValue("7", "7", 0.99),
                                         "ngayDangKy": FieldValue("2017-03-01", "", 0.9), "quyenSo": FieldValue("01/2017", "", 0.9)})
READING = PageReading("KS2016", 0.9, (RECORD,), (PrintedWord("Số:", (1, 2, 3, 4), 0.9),), rotation=90, engine={"tesseract": "5.3.0"})
FINDING = Finding("date-words", "hard", ("nksNgaySinh",), "Ngày không khớp", "Dates differ")


def batch(database: Database, pages: int = 2) -> list[int]:
    with database.session() as session:
        session.add(Batch(id="B", folder="", content_hash="x"))
        session.flush()
        rows = [Page(batch_id="B", file=f"p{n}.jpg", sha256=f"{n}" * 64, size=1, state="stored") for n in range(pages)]
        session.add_all(rows)
        session.flush()
        return [r.id for r in rows]


def keep(database: Database, page: int, reading: PageReading = READING) -> None:
    with database.session() as session:
        save_reading(session, page, reading, width=100, height=200, dpi=200, quality={"verdict": "good", "blank": False}, lattices=None)


def settle(database: Database, entries: list[SettledEntry], mark: str = "m") -> None:
    with database.session() as session:
        save_book(session, "B", entries, mark, len(entries))


def test_a_reading_is_kept_whole(database: Database) -> None:
    first, _ = batch(database)
    keep(database, first)
    with database.reading() as session:
        page = session.get_one(Page, first)
        assert (page.state, page.form, page.rotation, page.width) == ("read", "KS2016", 90, 100)
        assert page.text == [["Số:", 1, 2, 3, 4]]
        assert draft_records(page) == [RECORD]
    assert record_from_json(record_to_json(RECORD)) == RECORD


def test_a_page_is_read_once(database: Database) -> None:
    first, second = batch(database)
    keep(database, first)
    keep(database, first, replace(READING, form="KS2006"))
    with database.session() as session:
        set_page_aside(session, first, "damaged", {})
        set_page_aside(session, second, "ink_without_text", {"a": 1})
    with database.reading() as session:
        assert session.get_one(Page, first).form == "KS2016" and session.get_one(Page, first).state == "read"
        assert (session.get_one(Page, second).state, session.get_one(Page, second).detail) == ("set_aside", '{"a": 1}')


def test_the_fingerprint_tells_readings_apart(database: Database) -> None:
    first, second = batch(database)
    keep(database, first)
    with database.reading() as session:
        one = fingerprint(read_pages(session, "B"))
    keep(database, second)
    with database.reading() as session:
        both = fingerprint(read_pages(session, "B"))
        assert both != one and both == fingerprint(read_pages(session, "B"))


def test_settling_again_gives_the_same_rows(database: Database) -> None:
    first, second = batch(database)
    entries = [SettledEntry(first, RECORD, (FINDING,)), SettledEntry(second, replace(RECORD, row=2))]
    for _ in range(2):
        settle(database, entries)
        with database.reading() as session:
            rows = batch_entries(session, "B")
            assert [(e.page_id, e.row, e.number, e.year) for e in rows] == [(first, 1, "7", 2017), (second, 2, "7", 2017)]
            assert entry_record(rows[0]) == RECORD and [f.rule for f in rows[0].findings] == ["date-words"]
            assert progress_of(session, "B") == {"batch": "B", "settled": "m", "pages": "2"}
    with database.reading() as session:
        before = [e.id for e in batch_entries(session, "B")]
    settle(database, entries[:1], "n")
    with database.reading() as session:
        assert [e.id for e in batch_entries(session, "B")] == before[:1]
        assert session.scalar(sa.select(sa.func.count()).select_from(Entry)) == 1


@pytest.mark.parametrize("change", [{"revision": 1}, {"status": "verified"}, {"status": "archived"}])
def test_what_a_person_touched_stays(sqlite_database: Database, change: dict[str, object]) -> None:
    first, second = batch(sqlite_database)
    settle(sqlite_database, [SettledEntry(first, RECORD), SettledEntry(second, RECORD)])
    with sqlite_database.session() as session:
        for entry in batch_entries(session, "B"):
            for name, value in change.items():
                setattr(entry, name, value)
    other = replace(RECORD, fields={"nksHoTen": replace(NAME, value="Khác")})
    settle(sqlite_database, [SettledEntry(first, other)])
    with sqlite_database.reading() as session:
        assert [entry_record(e).fields["nksHoTen"] for e in batch_entries(session, "B")] == [NAME, NAME]


def link(database: Database, *decisions: LinkDecision) -> None:
    with database.session() as session:
        save_links(session, "B", {e.id: {d.role: d for d in decisions} for e in batch_entries(session, "B")}, None, "mark")


def test_links_are_renewed_but_not_a_persons(database: Database) -> None:
    first, _ = batch(database)
    settle(database, [SettledEntry(first, RECORD)])
    candidate = Candidate("051", 0.7, (("name", "exact", 5.0),))
    link(database, LinkDecision("nks", "051", 0.7, "review", (candidate,)), LinkDecision("me", None, 0.0, "none"))
    with database.session() as session:
        rows = {x.role: x for x in batch_entries(session, "B")[0].links}
        assert rows["nks"].candidates == [candidate.as_dict()] and rows["me"].decision == "none"
        rows["nks"].decision, rows["nks"].personal_id, rows["nks"].decided_by = "accept", "052", "lan"
    link(database, LinkDecision("nks", "099", 0.9, "accept"), LinkDecision("cha", "050", 0.999, "accept"))
    with database.reading() as session:
        assert {x.role: (x.personal_id, x.decision) for x in batch_entries(session, "B")[0].links} == {
            "nks": ("052", "accept"), "cha": ("050", "accept")}
        assert progress_of(session, "B")["linked"] == "mark"


def test_what_most_entries_say_completes_the_book(sqlite_database: Database) -> None:
    batch(sqlite_database)
    other = replace(RECORD, form="KS2006", fields={**RECORD.fields, "quyenSo": FieldValue("02/2017")})
    with sqlite_database.session() as session:
        session.get_one(Batch, "B").year = 2016
        complete_batch(session, "B", [RECORD, other, RECORD])
    with sqlite_database.reading() as session:
        b = session.get_one(Batch, "B")
        assert (b.kind, b.form, b.book_number, b.year) == ("KS", "KS2016", "01/2017", 2016)


def test_who_needs_a_person(sqlite_database: Database) -> None:
    first, second = batch(sqlite_database)
    sure = replace(RECORD, fields={c: replace(v, confidence=0.99) for c, v in RECORD.fields.items()})
    keep(sqlite_database, first)
    keep(sqlite_database, second)
    settle(sqlite_database, [SettledEntry(first, sure), SettledEntry(second, RECORD, (FINDING,))])
    with sqlite_database.session() as session:
        assert queue_batch(session, "B") == (1, 2)
    with sqlite_database.reading() as session:
        calm, risky = batch_entries(session, "B")
        assert (calm.status, calm.reasons) == ("draft", []) and risky.status == "review"
        assert risky.reasons == [["low_confidence", "nksNoiSinh"], ["finding", "date-words"]] and risky.risk > calm.risk
        assert assess(calm, {"verdict": "retake"}).reasons == (("poor_image",),)


def test_lattices_are_known_by_their_content() -> None:
    assert readings.lattice_key(b"a") == readings.lattice_key(b"a") != readings.lattice_key(b"b")
