"""A book that grows: pages come later, a person decides between, and every settling takes up what is known by then."""
from __future__ import annotations

from ocr.lattice import pack
from ocr.reading import PageReading
from pipelines.book import settle
from pipelines.services import Services
from records.record import DraftRecord, FieldValue
from storage.models import Batch, Page
from storage.readings import batch_entries, lattice_key, save_reading
from tests.ocr.lattices import clear

HUE, READ = "Nguyễn Thị Huê, Chủ tịch", "Nguyễn Thị Huệ, Chủ tịch"
DOUBT = {13: ("ệ", 0.8)}


def add_page(services: Services, file: str, number: str, day: str, doubts: dict | None = None) -> None:
    lattices = {(1, "so"): clear(f"{number}/2019", doubts), (1, "ngayDangKy"): clear(day), (1, "nguoiKy"): clear(HUE, DOUBT)}
    fields = {"so": FieldValue("999", "", 0.1), "ngayDangKy": FieldValue("2019-01-01", "", 0.1), "nguoiKy": FieldValue(READ, "", 0.9)}
    data = pack(lattices)
    key = services.ledger.put("work", lattice_key(data), data, "application/x-npz")
    with services.database.session() as session:
        if session.get(Batch, "B") is None:
            session.add(Batch(id="B", folder="", content_hash="x", declared={"loai": "KT", "nam": 2019}))
            session.flush()
        page = Page(batch_id="B", file=file, sha256=file[:6].ljust(64, "0"), size=1, state="stored")
        session.add(page)
        session.flush()
        reading = PageReading("KT2016", 0.9, (DraftRecord("KT", "KT2016", 1, fields),), ())
        save_reading(session, page.id, reading, width=10, height=10, dpi=200, quality=None, lattices=key)


def values(services: Services, code: str) -> list[str]:
    with services.database.reading() as session:
        return [next(f.value for f in e.fields if f.code == code) for e in batch_entries(session, "B")]


def test_a_growing_book_with_a_person_in_between(services: Services) -> None:
    for k in (1, 2, 4):
        add_page(services, f"scan{k}.jpg", str(40 + k), f"0{k}/03/2019")
    assert settle(services, "B").changed
    assert values(services, "so") == ["41", "42", "44"] and values(services, "nguoiKy") == [READ] * 3
    assert not settle(services, "B").changed

    with services.database.session() as session:
        entry = batch_entries(session, "B")[1]
        field = next(f for f in entry.fields if f.code == "nguoiKy")
        field.value, field.source, field.confidence, entry.revision, entry.status = HUE, "reviewer", 1.0, 2, "verified"
    add_page(services, "scan3.jpg", "43", "03/03/2019", {0: ("7", 0.7), 1: ("8", 0.7)})
    assert settle(services, "B").changed
    assert values(services, "so") == ["41", "42", "43", "44"]
    assert values(services, "nguoiKy") == [HUE] * 4
    with services.database.reading() as session:
        told = batch_entries(session, "B")[1]
        assert (told.status, told.revision) == ("verified", 2)
