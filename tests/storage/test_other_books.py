"""Entries of the other books are exported, found and archived like births: also one whose pages bear no book number."""
from __future__ import annotations

import io
import json
from pathlib import Path

import openpyxl
import pikepdf
import pytest
from registers import AT, add_page, page_image
from sqlalchemy.orm import Session

from records.forms import Form, page_forms
from storage.aip.unpack import inner_files
from storage.archive import ArchiveOptions, archive_entry
from storage.export import export_jsonl, export_xlsx
from storage.models import Batch, Entry, Field, User
from storage.outbox import ObjectLedger
from storage.search import by_name_and_date
from storage.search_keys import write_keys
from storage.signing import Signer, create_demo_identity

OTHERS = [f for f in page_forms() if f.kind not in ("KS", "KH", "KT")]
OPTIONS = ArchiveOptions(undo_seconds=0, retain_days=1, retention_mode="GOVERNANCE", agency_name="UBND xã Mẫu",
                         agency_code="000.00.01.H00", fonds_code="THU")
VALUES = {"entry_number": "7", "date": "2018-05-06", "name": "Lê Thị Mẫu", "personal_number": "051190413450", "sex": "Nữ", "text": "Mẫu"}


def entry_of(session: Session, page_id: int, form: Form) -> Entry:
    """A verified entry with a value in every blank of the form."""
    codes = {b.code: b.type for b in form.blanks if b.code} | {t.code: "text" for t in form.ticks}
    entry = Entry(page_id=page_id, row=1, kind=form.kind, form=form.id, status="verified", number="7", year=2018, reasons=[],
                  verified_by="an", verified_at=AT)
    entry.fields = [Field(code=c, value=VALUES.get(kind, "Mẫu"), raw="", confidence=0.9, source="reviewer", box=None, evidence=["reviewer"])
                    for c, kind in codes.items()]
    session.add(entry)
    session.flush()
    return entry


@pytest.fixture
def books(sqlite_ledger: ObjectLedger) -> tuple[ObjectLedger, dict[str, int]]:
    """One page and entry of every other form; ids of the entries by form."""
    ids = {}
    with sqlite_ledger.database.session() as session:
        session.add(User(name="an", display_name="Trần Văn An", role="reviewer", password_hash="-"))
    for form in OTHERS:
        batch = f"{form.id}.2018"
        page_id = add_page(sqlite_ledger, batch, f"{form.kind}.2018.01.007.jpg", page_image(form.id))
        with sqlite_ledger.database.session() as session:
            row = session.get_one(Batch, batch)
            row.kind, row.form, row.year, row.book_number = form.kind, form.id, 2018, None if form.kind == "HN" else "01/2018"
            ids[form.id] = entry_of(session, page_id, form).id
    return sqlite_ledger, ids


def test_they_are_exported_each_kind_on_its_sheet(books: tuple[ObjectLedger, dict[str, int]], tmp_path: Path) -> None:
    ledger, _ = books
    assert export_jsonl(ledger.database, tmp_path / "x.jsonl") == len(OTHERS)
    lines = {x["mau"]: x for x in map(json.loads, (tmp_path / "x.jsonl").read_text("utf-8").splitlines())}
    for form in OTHERS:
        assert set(lines[form.id]["fields"]) == {b.code for b in form.blanks if b.code} | {t.code for t in form.ticks}
    assert export_xlsx(ledger.database, tmp_path / "x.xlsx") == len(OTHERS)
    sheets = openpyxl.load_workbook(tmp_path / "x.xlsx")
    assert set(sheets.sheetnames) == {f.kind for f in OTHERS}
    head = [c.value for c in next(sheets["CN"].iter_rows())]
    assert head.index("cnHoTen") < head.index("chaNuoiHoTen") < head.index("chaGiaoHoTen") and "meNuoi:so_dinh_danh" in head


def test_their_people_are_found(books: tuple[ObjectLedger, dict[str, int]]) -> None:
    ledger, ids = books
    with ledger.database.session() as session:
        for entry_id in ids.values():
            write_keys(session, entry_id)
        hits = by_name_and_date(session, "lê thị mẫu", "2018-05-06", [f.kind for f in OTHERS], statuses=("verified",))
    assert {h.entry_id for h in hits} == set(ids.values())
    assert all(h.roles for h in hits)


@pytest.mark.parametrize("form_id", ["HN2016", "CN2016", "GHC2016"])
def test_they_are_archived_under_their_books_name(form_id: str, books: tuple[ObjectLedger, dict[str, int]],
                                                  tmp_path_factory: pytest.TempPathFactory) -> None:
    ledger, ids = books
    signer = Signer(create_demo_identity(tmp_path_factory.mktemp("identity"), "UBND xã Mẫu"), "UBND xã Mẫu")
    package = archive_entry(ledger.database, ledger, signer, OPTIONS, ids[form_id], "sogoc")
    form = next(f for f in OTHERS if f.id == form_id)
    assert package.pdf_key.startswith(f"archive/{form.kind}/2018/")
    manifest = json.loads(ledger.get(package.manifest_key))
    zipped = ledger.get(next(o["key"] for o in manifest["objects"] if o["role"] == "package"))
    files = inner_files(zipped)
    record = json.loads(next(f.data for f in files if f.path.startswith("representations/rep1/data/") and f.path.endswith(".json")))
    assert record["mau"] == form_id and record["fields"]["so"]["value"] == "7"
    with pikepdf.open(io.BytesIO(ledger.get(package.pdf_key))) as pdf:
        assert str(pdf.open_metadata()["dc:title"]).startswith(f"{form.title}, số 7")
