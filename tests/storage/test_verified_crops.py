"""Lines to learn from: the same that the reader saw, of entries a person verified, never a page in two parts, each look in the log."""
from __future__ import annotations

import hashlib
import json
import stat
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from ocr.extraction import Expectation, PageReader
from ocr.images import open_page
from ocr.reading import PageReading
from storage import verified_crops
from storage.intake import original_key
from storage.models import Batch, Entry, Event, Field, Page
from storage.outbox import ObjectLedger
from storage.policy import Actor
from storage.verified_crops import Crop, chosen_pages, gather, split, verified_pages

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
TRUTH = {t["file"]: t for t in map(json.loads, (SAMPLES / "truth.jsonl").read_text("utf-8").splitlines())}
FILE = next(f for f in sorted(TRUTH) if TRUTH[f]["form"] == "KS2016")
ACTOR = Actor("cli.an")


class Listening:
    """A recogniser that keeps the lines it was given."""

    def __init__(self, inner) -> None:
        self.inner, self.seen = inner, set()

    def __getattr__(self, name: str):
        return getattr(self.inner, name)

    def read(self, lines):
        self.seen |= {(x.shape, x.tobytes()) for x in lines}
        return self.inner.read(lines)


@cache
def reader() -> PageReader:
    return PageReader()


@cache
def as_read() -> tuple[PageReading, frozenset]:
    """The sample page read as a book's pages are, and the lines the recogniser was given."""
    own = PageReader()
    own._recogniser = listening = Listening(own.recogniser)     # type: ignore[assignment]
    said = json.loads((SAMPLES / "books" / FILE).with_name("batch.json").read_text("utf-8"))
    page = open_page((SAMPLES / "books" / FILE).read_bytes(), "image/jpeg")
    expected = Expectation(said["loai"], said["mau"], said["nam"], said["quyenSo"], said["noiDangKy"], FILE.split(".")[-2])
    return own.read(page, expected), frozenset(listening.seen)


def verified_entry(ledger: ObjectLedger, status: str = "verified", corrected: tuple[str, ...] = ()) -> int:
    """The sample page in the ledger with its entry, values as they truly are, boxes as they were read; returns the entry's id."""
    data = (SAMPLES / "books" / FILE).read_bytes()
    sha = hashlib.sha256(data).hexdigest()
    ledger.put("archive", original_key(sha), data, "image/jpeg")
    reading, truth = as_read()[0], TRUTH[FILE]["values"]
    with ledger.database.session() as session:
        session.add(Batch(id="KS.2017.01", folder="", content_hash=sha, declared={}))
        session.flush()
        page = Page(batch_id="KS.2017.01", file=Path(FILE).name, sha256=sha, size=len(data), media_type="image/jpeg", state="read")
        session.add(page)
        session.flush()
        by = None if status == "review" else "an"
        entry = Entry(page_id=page.id, kind="KS", form="KS2016", status=status, reasons=[], verified_by=by)
        entry.fields = [
            Field(code=c, value=str(truth.get(c, v.value)), raw=v.raw, confidence=v.confidence, evidence=[],
                  box=list(v.box) if v.box else None, source="reviewer" if c in corrected else "ocr")
            for c, v in reading.records[0].fields.items()]
        session.add(entry)
        session.flush()
        return entry.id


def test_crops_are_the_readers_own_lines(sqlite_ledger: ObjectLedger, tmp_path: Path) -> None:
    entry = verified_entry(sqlite_ledger, corrected=("nksHoTen",))
    told: list[tuple[int, int]] = []
    crops = gather(sqlite_ledger.database, sqlite_ledger.store, reader(), tmp_path / "crops", ACTOR, 200, lambda *n: told.append(n))
    seen, truth = as_read()[1], TRUTH[FILE]["values"]
    assert len(crops) >= 12 and all((c.line.shape, c.line.tobytes()) in seen for c in crops)
    by_code = {c.code: c for c in crops}
    assert by_code["nksHoTen"].text == truth["nksHoTen"].lower() and by_code["nksHoTen"].corrected
    assert {c.kind for c in crops} >= {"name", "place", "date", "personal_number"} and not by_code["meHoTen"].corrected
    assert told == [(1, 1)]

    with sqlite_ledger.database.reading() as session:
        events = session.scalars(sa.select(Event).where(Event.action == "record.view")).all()
    assert [(e.actor, e.subject, e.detail["purpose"]) for e in events] == [("cli.an", f"entry:{entry}", "adapt")]
    assert "nksHoTen" in events[0].detail["fields"] and truth["nksHoTen"] not in json.dumps(events[0].detail, ensure_ascii=False)

    kept = list((tmp_path / "crops").glob("*.npz"))
    assert len(kept) == 1 and stat.S_IMODE(kept[0].stat().st_mode) == 0o600
    again = gather(sqlite_ledger.database, sqlite_ledger.store, reader(), tmp_path / "crops", ACTOR, 200)
    assert [c.text for c in again] == [c.text for c in crops]
    assert all(np.array_equal(a.line, b.line) for a, b in zip(again, crops, strict=True))
    with sqlite_ledger.database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Event).where(Event.action == "record.view")) == 1, "not opened again"


def test_what_nobody_verified_is_not_looked_at(sqlite_ledger: ObjectLedger, tmp_path: Path) -> None:
    verified_entry(sqlite_ledger, status="review")
    with sqlite_ledger.database.reading() as session:
        assert verified_pages(session) == []
    assert gather(sqlite_ledger.database, sqlite_ledger.store, reader(), tmp_path / "crops", ACTOR, 200) == []
    with sqlite_ledger.database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Event)) == 0


def test_a_wrong_value_or_a_box_elsewhere_gives_no_crop(sqlite_ledger: ObjectLedger, tmp_path: Path) -> None:
    entry = verified_entry(sqlite_ledger)
    with sqlite_ledger.database.session() as session:
        fields = {f.code: f for f in session.get_one(Entry, entry).fields}
        fields["nksHoTen"].value = "Xyz Uvw Qpk"
        fields["meHoTen"].box = [0, 0, 40, 40]
    codes = {c.code for c in gather(sqlite_ledger.database, sqlite_ledger.store, reader(), tmp_path / "crops", ACTOR, 200)}
    assert "chaHoTen" in codes and not codes & {"nksHoTen", "meHoTen"}


def crops_of_books(books: int, pages: int) -> list[Crop]:
    return [Crop(f"KS.{b}", b * 1000 + p, "nksHoTen", "name", f"a{n}", False, np.zeros((4, 4, 1), np.uint8))
            for b in range(books) for p in range(pages) for n in range(3)]


@pytest.mark.parametrize(("books", "pages", "unit"), [(40, 4, "batch_id"), (2, 60, "page_id")])
def test_parts_share_no_book_or_with_few_books_no_page(books: int, pages: int, unit: str) -> None:
    crops = crops_of_books(books, pages)
    parts = split(crops)
    units = {name: {getattr(c, unit) for c in found} for name, found in parts.items()}
    assert sum(map(len, parts.values())) == len(crops) and all(parts.values())
    assert not (units["train"] & units["held_out"] or units["train"] & units["check"] or units["check"] & units["held_out"])
    assert 0.08 < len(parts["held_out"]) / len(crops) < 0.35
    more = split(crops_of_books(books + (3 if books > 8 else 0), pages + 5))
    assert all(units[name] <= {getattr(c, unit) for c in more[name]} for name in parts), "a book stays in its part as others come"


def test_of_too_many_pages_every_book_gives_some(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [verified_crops.VerifiedPage(n, f"KS.{n % 3 if n > 5 else 0}", "", "", 0, "KS2016", ()) for n in range(60)]
    chosen = chosen_pages(pages, 9)
    assert sorted(p.batch_id for p in chosen) == ["KS.0"] * 3 + ["KS.1"] * 3 + ["KS.2"] * 3
    assert chosen == chosen_pages(pages[::-1], 9)
