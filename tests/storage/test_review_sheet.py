"""The review queue as a spreadsheet: out, filled in by a person, in again."""
from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from openpyxl import Workbook, load_workbook

from storage.database import Database
from storage.models import Batch, Entry, Event, Field, Link, Page
from storage.policy import Actor
from storage.review_sheet import COLUMNS, NOBODY, YES, Applied, SheetUnreadable, export_queue, import_decisions

LAN = Actor("lan", "reviewer")


def entries(database: Database) -> list[int]:
    with database.session() as session:
        session.add(Batch(id="B", folder="", content_hash="x", kind="KS"))
        session.flush()
        out = []
        for n in (1, 2):
            page = Page(batch_id="B", file=f"p{n}.jpg", sha256=f"{n}" * 64, size=1, state="read")
            session.add(page)
            session.flush()
            entry = Entry(page_id=page.id, kind="KS", form="KS2016", status="review", number=str(n), risk=float(n))
            entry.fields = [Field(code="nksHoTen", value="=Lê Thị Loan", raw="Lê", confidence=0.5, source="ocr")]
            entry.links = [Link(role="nks", decision="review", probability=0.7, personal_id="051",
                                candidates=[{"personal_id": "051", "probability": 0.7, "evidence": []}])]
            session.add(entry)
            session.flush()
            out.append(entry.id)
        return out


def fill(path: Path, answers: dict[tuple[int, str, str], str]) -> None:
    book = load_workbook(path)
    for row in book.worksheets[0].iter_rows(min_row=2):
        answer = answers.get((row[0].value, row[5].value, row[6].value or ""))
        if answer is not None:
            row[9].value = answer
    book.save(path)


def test_out_and_in_again(database: Database, tmp_path: Path) -> None:
    first, second = entries(database)
    path = tmp_path / "queue.xlsx"
    assert export_queue(database, path, LAN) == 2
    assert import_decisions(database, path, LAN) == Applied(0, 0, 0, ())
    fill(path, {(first, "truong", "nksHoTen"): "Lê Thị Loan", (first, "lien_ket", "nks"): "051", (first, "xac_nhan", ""): YES,
                (second, "lien_ket", "nks"): NOBODY})
    done = import_decisions(database, path, LAN)
    assert (done.corrected, done.decided, done.verified, done.refused) == (1, 2, 1, ())
    with database.reading() as session:
        one, two = session.get_one(Entry, first), session.get_one(Entry, second)
        assert (one.status, one.verified_by, one.fields[0].value, one.fields[0].raw) == ("verified", "lan", "Lê Thị Loan", "Lê")
        assert (one.links[0].decision, one.links[0].personal_id, one.links[0].decided_by) == ("accept", "051", "lan")
        assert (two.status, two.links[0].decision, two.links[0].personal_id) == ("review", "none", None)
        looks = session.scalar(sa.select(sa.func.count()).select_from(Event).where(Event.action == "record.view", Event.actor == "lan"))
        assert looks == 2


def test_an_entry_that_moved_on_is_refused_whole(sqlite_database: Database, tmp_path: Path) -> None:
    first, second = entries(sqlite_database)
    path = tmp_path / "queue.xlsx"
    export_queue(sqlite_database, path, LAN)
    with sqlite_database.session() as session:
        session.get_one(Entry, first).revision += 1
    fill(path, {(first, "truong", "nksHoTen"): "Khác", (second, "truong", "nksHoTen"): "Lê Thị Loan"})
    done = import_decisions(sqlite_database, path, LAN)
    assert done.corrected == 1 and [e.code for _, e in done.refused] == ["changed_meanwhile"]
    with sqlite_database.reading() as session:
        assert session.get_one(Entry, first).fields[0].value == "=Lê Thị Loan"


def test_no_cell_is_a_formula(sqlite_database: Database, tmp_path: Path) -> None:
    entries(sqlite_database)
    export_queue(sqlite_database, tmp_path / "q.xlsx", LAN)
    for row in load_workbook(tmp_path / "q.xlsx").worksheets[0].iter_rows():
        assert all(cell.data_type != "f" for cell in row)


@pytest.mark.parametrize("rows", [[], [("a", "b")], [COLUMNS, ("one", 0)]])
def test_another_spreadsheet_is_refused(sqlite_database: Database, tmp_path: Path, rows: list[tuple[object, ...]]) -> None:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(tmp_path / "x.xlsx")
    with pytest.raises(SheetUnreadable):
        import_decisions(sqlite_database, tmp_path / "x.xlsx", LAN)
    (tmp_path / "y.xlsx").write_bytes(b"not a spreadsheet")
    with pytest.raises(SheetUnreadable):
        import_decisions(sqlite_database, tmp_path / "y.xlsx", LAN)
