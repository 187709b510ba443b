"""A book that grows: pages come later, a person decides between, and every settling takes up what is known by then."""
from __future__ import annotations

from datetime import timedelta

import pytest

import pipelines.pending
from ocr.lattice import pack
from ocr.reading import PageReading
from pipelines.book import settle
from pipelines.pending import pending_batches
from pipelines.services import Services
from records.record import DraftRecord, FieldValue
from storage import review
from storage.models import Batch, Page
from storage.policy import Actor
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


def due(services: Services) -> bool:
    return any("settle" in p.why for p in pending_batches(services))


def test_what_a_person_verifies_is_heard_by_the_rest_of_the_book(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    for k in (1, 2, 3):
        add_page(services, f"scan{k}.jpg", str(40 + k), f"0{k}/03/2019")
    assert due(services) and settle(services, "B").changed and not due(services)
    clerk = Actor("hoa")
    with services.database.session() as session:
        second = batch_entries(session, "B")[1].id
        review.correct_field(session, clerk, second, "nguoiKy", HUE)
        review.verify_entry(session, clerk, second, acknowledge=True)
    assert not due(services), "nothing is done at once: people go on"
    monkeypatch.setattr(pipelines.pending, "PAUSE", timedelta(0))
    assert due(services), "but after a pause"
    mark = [p.mark for p in pending_batches(services)]
    assert settle(services, "B").changed and values(services, "nguoiKy") == [HUE] * 3
    assert not due(services) and not settle(services, "B").changed
    with services.database.session() as session:
        review.undo(session, clerk, second)
    assert due(services) and [p.mark for p in pending_batches(services)] != mark, "a new run is asked for"
    settle(services, "B")
    assert not due(services)


def test_much_that_was_decided_is_heard_without_a_pause(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    for k in (1, 2):
        add_page(services, f"scan{k}.jpg", str(40 + k), f"0{k}/03/2019")
    settle(services, "B")
    monkeypatch.setattr(pipelines.pending, "MUCH", 2)
    for n, due_now in ((1, False), (2, True)):
        with services.database.session() as session:
            review.correct_field(session, Actor("hoa"), batch_entries(session, "B")[0].id, "nguoiKy", f"{HUE} {n}")
        assert due(services) == due_now


def test_a_book_in_which_all_is_verified_is_not_settled_again(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    add_page(services, "scan1.jpg", "41", "01/03/2019")
    settle(services, "B")
    monkeypatch.setattr(pipelines.pending, "PAUSE", timedelta(0))
    with services.database.session() as session:
        review.verify_entry(session, Actor("hoa"), batch_entries(session, "B")[0].id, acknowledge=True)
    assert not due(services)
