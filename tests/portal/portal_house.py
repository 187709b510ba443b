"""A portal over real parts: SQLite, the embedded object store, a small book of drawn pages, people and a client."""
from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image, ImageDraw
from sqlalchemy import select

from pipelines.services import ArchiveOptions, IntakeOptions, MatchingOptions, PortalOptions, ReadingOptions, Services
from portal.app import create_app
from portal.security import OpenSession
from storage import accounts
from storage.intake import add_folder
from storage.models import (
    ArchivePackage,
    Entry,
    EntryFinding,
    Field,
    Link,
    Page,
    Person,
    PopulationSnapshot,
)
from storage.search_keys import write_keys
from storage.user_sessions import new_session

PASSWORD = "cầu-vồng-7-sắc"
SIZE = (620, 877)       # A4 at 75 dpi
MOTHERS = (("051185000001", "TRẦN THỊ MẬN", "1985-04-02"), ("051185000002", "TRẦN THỊ MẪN", "1985"))
FIELDS = (      # code, value, confidence, box
    ("so", "{n}", 0.99, [60, 40, 120, 70]), ("quyenSo", "01/2017", 0.99, [200, 40, 300, 70]),
    ("ngayDangKy", "2017-03-18", 0.97, [430, 40, 560, 70]),
    ("nksHoTen", "Lê Thị Loan", 0.62, [150, 120, 400, 150]), ("nksNgaySinh", "2017-03-01", 0.9, [150, 160, 300, 190]),
    ("nksGioiTinh", "Nữ", 0.99, [150, 200, 200, 230]), ("meHoTen", "Trần Thị Mận", 0.98, [150, 320, 400, 350]),
    ("meNgaySinh", "1985", 0.98, [150, 360, 220, 390]),
    ("chaHoTen", "Lê Văn Cường", 0.97, [150, 420, 400, 450]),
)


def page_bytes(text: str = "Số: 1", size: tuple[int, int] = SIZE) -> bytes:
    """A JPEG with lines of writing, each different."""
    image = Image.new("RGB", size, "#f4efe2")
    pen = ImageDraw.Draw(image)
    for n in range(14):
        pen.text((60, 45 + 40 * n), f"{text} dòng {n} ........ mực xanh trên giấy", fill="#203060")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


@dataclass
class House:
    """What a test gets: the services, the app, and who is in it."""

    services: Services
    started: list[str] = field(default_factory=list)

    @property
    def database(self):
        return self.services.database

    def app(self, **options):
        return create_app(self.services, start_reading=self.started.append,
                          **{"archive_in_background": False, "watch_in_background": False, **options})

    def entries(self) -> list[int]:
        with self.database.reading() as s:
            return list(s.scalars(select(Entry.id).order_by(Entry.id)))


def furnish(home: Path, database, ledger, objects) -> House:
    """A house with its people in an empty home."""
    services = Services(home=home, database=database, objects=objects, ledger=ledger, signer=None,
        intake=IntakeOptions(),
                        reading=ReadingOptions(), matching=MatchingOptions(home / "cache"), archive=ArchiveOptions(fonds_code="THU"),
                        portal=PortalOptions())
    with database.session() as s:
        for name, role, commune in (("tp.lan", "reviewer", None), ("xa.minh", "commune_officer", "21139"),
            ("xa.xa", "commune_officer", "00001"),
                                    ("kiem.toan", "auditor", None)):
            accounts.add_user(s, name, PASSWORD, role, commune, display_name=name)
    return House(services)


@pytest.fixture
def house(tmp_path: Path, sqlite_database, sqlite_ledger, object_store) -> House:
    return furnish(tmp_path, sqlite_database, sqlite_ledger, object_store)


def bring_book(house: House, scans: Path) -> House:
    """The house with one read book of three pages: an entry each, the mother's link of the first two to be decided."""
    folder = scans / "KS.2017.01"
    folder.mkdir(parents=True)
    for n in (1, 2, 4):
        (folder / f"KS.2017.01.{n:03d}.jpg").write_bytes(page_bytes(f"Số: {n}"))
    (folder / "KS.2017.01.005.jpg").write_bytes(b"")
    add_folder(house.database, house.services.ledger, folder, declared={"noiDangKy": "UBND xã Nghĩa Kỳ"}, commune="21139")
    with house.database.session() as s:
        snapshot = PopulationSnapshot(source="p.csv", sha256="0" * 64, state="current")
        s.add(snapshot)
        s.flush()
        s.add_all(Person(snapshot_id=snapshot.id, personal_id=i, name=name, birth_date=born) for i, name, born in MOTHERS)
        for n, page in zip((1, 2, 4), s.scalars(select(Page).where(Page.state == "stored").order_by(Page.file)).all(), strict=True):
            page.state, page.form, (page.width, page.height) = "read", "KS2016", SIZE
            page.quality = {"verdict": "poor", "reasons": ["faint"]} if n == 4 else {"verdict": "good", "reasons": []}
            entry = Entry(page_id=page.id, kind="KS", form="KS2016", number=str(n), year=2017, status="review" if n < 4 else "draft",
                          risk=1.0 / n, reasons=[["low_confidence", "nksHoTen"]] if n < 4 else [])
            entry.fields = [Field(code=c, value=v.format(n=n), raw=v.format(n=n), confidence=p, source="ocr", box=box) for c, v, p,
                box in FIELDS]
            if n < 4:
                entry.links = [Link(role="me", decision="review", probability=0.7, snapshot_id=snapshot.id, candidates=[
                    {"personal_id": i, "probability": p, "evidence": [["name", "same", 3.0]]} for (i, _, _),
                    p in zip(MOTHERS, (0.7, 0.2), strict=True)])]
            s.add(entry)
        s.flush()
        first = s.scalars(select(Entry).order_by(Entry.id)).first()
        first.findings = [EntryFinding(rule="demo", severity="hard", fields=["nksNgaySinh"], message_vi="Mâu thuẫn thử.",
            message_en="Test contradiction.")]
    return house


@pytest.fixture
def book(house: House, tmp_path: Path) -> House:
    return bring_book(house, tmp_path / "scan")


@pytest.fixture
def client(book: House) -> Iterator[TestClient]:
    with TestClient(book.app()) as c:
        yield c


def sign_in(client: TestClient, name: str = "tp.lan", password: str = PASSWORD, back: str = "/"):
    """The answer to the login form, not followed."""
    token = re.search(r'name="csrf" value="(\w+)"', client.get("/login").text)[1]
    return client.post("/login", data={"name": name, "password": password, "csrf": token, "next": back}, follow_redirects=False)


def session_cookie(app: FastAPI, name: str) -> str:
    """The cookie of a new session of that person, without the login page."""
    portal = app.state.portal
    with portal.services.database.session() as s:
        return portal.sessions.renew(OpenSession(new_session(s, name)))


def csrf_of(client: TestClient) -> dict[str, str]:
    return {"X-CSRF-Token": re.search(r'<meta name="csrf" content="(\w+)"', client.get("/").text)[1]}


PDF = b"%PDF-1.7\n" + bytes(range(256)) * 400


def archive_first(book: House) -> House:
    """The book's first entry archived with a copy (its bytes stand for the signed PDF), its mother's link accepted."""
    entry_id = book.entries()[0]
    with book.database.reading() as s:
        original = s.get(Page, s.get(Entry, entry_id).page_id).original_key
    ledger = book.services.ledger
    for key, data in (("archive/KS/2017/01/1/p/copy.pdf", PDF), ("archive/KS/2017/01/1/p/manifest.json", b"{}")):
        ledger.put("archive", key, data, "application/pdf" if key.endswith("pdf") else "application/json")
    with book.database.session() as s:
        s.add(ArchivePackage(id="5b3c0d6e-0000-4000-8000-000000000001", subject=f"entry:{entry_id}",
            manifest_key="archive/KS/2017/01/1/p/manifest.json",
                             pdf_key="archive/KS/2017/01/1/p/copy.pdf", original_key=original))
        entry = s.get(Entry, entry_id)
        entry.status, entry.archive_id = "archived", "5b3c0d6e-0000-4000-8000-000000000001"
        entry.links[0].decision, entry.links[0].personal_id = "accept", MOTHERS[0][0]
        entry.links.append(Link(role="nks", decision="accept", personal_id="051317000001", probability=0.9999))
        entry.fields.append(Field(code="ghiChu", value="Cải chính năm 2019", confidence=1, source="ocr"))
        write_keys(s, entry_id)
    return book


@pytest.fixture
def archived(book: House) -> House:
    return archive_first(book)


PDF_SHA256 = hashlib.sha256(PDF).hexdigest()
