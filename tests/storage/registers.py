"""A small register in the ledger for the tests of archive and export: drawn pages, made-up people."""
from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime

from PIL import Image, ImageDraw

from storage import events
from storage.models import Batch, Dossier, Entry, Field, Link, Page, PopulationSnapshot, User
from storage.outbox import ObjectLedger

CHILD = "Nguyễn Thị Ngọc Ánh"
AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def page_image(text: str = "So: 1", size: tuple[int, int] = (827, 1169), media: str = "JPEG") -> bytes:
    """An A4 page at 100 dpi with something printed on it."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((50, 100, size[0] - 50, size[1] - 60), outline="black", width=3)
    draw.text((80, 120), text, fill="black")
    out = io.BytesIO()
    image.save(out, media, dpi=(100, 100))
    return out.getvalue()


def add_page(ledger: ObjectLedger, batch: str, file: str, data: bytes, media_type: str = "image/jpeg", **more) -> int:
    """A read page with its original in the store; returns its id."""
    sha = hashlib.sha256(data).hexdigest()
    key = ledger.put("archive", f"originals/{sha[:2]}/{sha}", data, media_type)
    with ledger.database.session() as session:
        if session.get(Batch, batch) is None:
            session.add(Batch(id=batch, folder="", content_hash=sha, kind="KS", form="KS2016", year=2017, book_number="01/2017",
                              registry_office="UBND xã Mẫu", declared={}, created_at=AT))
            session.flush()
        read = {"width": 827, "height": 1169, "dpi": 100, "text": [["Họ,", 80, 300, 110, 320], ["Nguyen", 205, 302, 290, 322]]}
        page = Page(batch_id=batch, file=file, sha256=sha, size=len(data), media_type=media_type, state="read", original_key=key,
                    **{**read, **more})
        session.add(page)
        session.flush()
        return page.id


def add_entry(ledger: ObjectLedger, page_id: int, number: str = "1", row: int = 1, name: str = CHILD, status: str = "verified") -> int:
    """An entry of a birth register with a name, a number without a box, and links; returns its id."""
    with ledger.database.session() as session:
        if session.get(User, "an") is None:
            session.add(User(name="an", display_name="Trần Văn An", role="reviewer", password_hash="-"))
            session.add(PopulationSnapshot(id=1, source="x", sha256="0" * 64))
            session.flush()
        entry = Entry(page_id=page_id, row=row, kind="KS", form="KS2016", status=status, number=number, year=2017, reasons=[],
                      verified_by="an" if status == "verified" else None, verified_at=AT if status == "verified" else None)
        entry.fields = [
            Field(code="so", value=number, raw=number, confidence=0.99, source="ocr", box=[100, 40, 160, 60], evidence=[]),
            Field(code="nksHoTen", value=name, raw="Nguyen Thi Ngoe Anh", confidence=0.81234567, source="reviewer",
                  box=[200, 295, 520, 325], evidence=["reviewer"]),
            Field(code="nksNoiSinh", value="Trạm y tế xã Mẫu", raw="", confidence=0.5, source="reviewer", box=None, evidence=[],
                  unit_code="21250"),
        ]
        entry.links = [
            Link(role="nks", personal_id="051217000001", probability=0.99912345, decision="accept", snapshot_id=1,
                 candidates=[{"personal_id": "051217000001", "probability": 0.99912345, "evidence": [["name", "exact", 9.1]]}]),
            Link(role="me", personal_id=None, probability=0.2, decision="none", candidates=[]),
        ]
        session.add(entry)
        session.flush()
        events.append(session, "an", "entry.verify", f"entry:{entry.id}", {})
        return entry.id


def add_dossier(ledger: ObjectLedger, pages: int = 2) -> int:
    """A dossier of several pages; returns its id."""
    for n in range(pages):
        add_page(ledger, "hs-1", f"{n + 1}.png", page_image(f"Trang {n + 1}", media="PNG"), "image/png")
    with ledger.database.session() as session:
        dossier = Dossier(batch_id="hs-1", fields={"soKyHieu": "15/QĐ-UBND", "ngayBanHanh": "2020-08-05", "loaiVanBan": "QUYẾT ĐỊNH",
                                                   "trichYeu": "về việc mẫu"})
        session.add(dossier)
        session.flush()
        return dossier.id
