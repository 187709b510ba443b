"""A house with books of three communes and two kinds, every value of which bears a mark by which a leak is known."""
from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from portal_house import House, page_bytes

from storage import accounts
from storage.intake import add_folder
from storage.models import (
    ArchivePackage,
    Base,
    Batch,
    Dossier,
    Entry,
    EntryFinding,
    Field,
    Link,
    MinistryPush,
    Page,
    Person,
    PopulationSnapshot,
)

COMMUNES = ("21139", "21142", "00013")
KINDS = ("KS", "KT")
NAMES = {"21139": "QUẢNHMỘT", "21142": "QUẢNHHAI", "00013": "QUẢNHBA"}       # syllables that no page has of its own
NUMBERS = {"21139": "7139", "21142": "7142", "00013": "7013"}
_NAME_FIELD = {"KS": "nksHoTen", "KT": "nktHoTen"}


@dataclass
class Holdings:
    """Ids of what one commune holds."""

    batches: list[str] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)
    dossiers: list[int] = field(default_factory=list)
    pushes: list[int] = field(default_factory=list)
    records: list[str] = field(default_factory=list)        # ids of archived ones


def marks(commune: str) -> tuple[str, ...]:
    """Texts of which none may reach a person of another commune."""
    return (NAMES[commune], NUMBERS[commune] + "000", f"dau-{commune}", f"Xã Dấu {commune}")


def fill(house: House, folder: Path) -> Mapping[str, Holdings]:
    """Six books, a dossier and an archived entry for each commune; a person of every role for each commune and for the province."""
    held = {c: Holdings() for c in COMMUNES}
    with house.database.session() as s:
        for role in accounts.ROLES:
            for commune in (*COMMUNES, None):
                name = user_of(role, commune)
                accounts.add_user(s, name, None, role, commune, display_name=name)
        snapshot = PopulationSnapshot(source="p.csv", sha256="0" * 64, state="current")
        s.add(snapshot)
        s.flush()
        s.add_all(Person(snapshot_id=snapshot.id, personal_id=f"{NUMBERS[c]}00000000", name=f"TRẦN {NAMES[c]}", birth_date="1985")
                  for c in COMMUNES)
        snapshot_id = snapshot.id
    for c in COMMUNES:
        for kind in KINDS:
            place = folder / f"{kind}.2017.dau-{c}"
            place.mkdir(parents=True)
            for n in (1, 2):
                (place / f"dau-{c}-{kind}-{n}.jpg").write_bytes(page_bytes(f"{c} {kind} {n}", (200, 280)))
            (place / f"dau-{c}-{kind}-bad.jpg").write_bytes(b"")
            taken = add_folder(house.database, house.services.ledger, place, commune=c,
                               declared={"loai": kind, "noiDangKy": f"Xã Dấu {c}", "nam": 2017})
            held[c].batches.append(taken.batch_id)
            _read(house, taken.batch_id, c, kind, snapshot_id, held[c])
        _dossier(house, folder / f"HS.dau-{c}", c, held[c])
    return held


def _read(house: House, batch_id: str, commune: str, kind: str, snapshot_id: int, held: Holdings) -> None:
    with house.database.session() as s:
        pages = s.scalars(sa.select(Page).where(Page.batch_id == batch_id, Page.state == "stored").order_by(Page.file)).all()
        for n, page in enumerate(pages):
            page.state, page.form, page.width, page.height = "read", f"{kind}2016", 200, 280
            page.quality = {"verdict": "good", "reasons": []}
            entry = Entry(page_id=page.id, kind=kind, form=f"{kind}2016", number=f"{n + 1}", year=2017, status="review", risk=1.0,
                          reasons=[["low_confidence", _NAME_FIELD[kind]]])
            entry.fields = [Field(code=c, value=v, raw=v, confidence=0.6, source="ocr", box=[10, 10, 60, 30]) for c, v in (
                (_NAME_FIELD[kind], f"Lê {NAMES[commune]}"), ("so", str(n + 1)), ("ghiChu", f"dau-{commune} ghi chú"),
                ("nycSoGiayToTuyThan", f"{NUMBERS[commune]}00000001"))]
            candidate = {"personal_id": f"{NUMBERS[commune]}00000000", "probability": 0.7, "evidence": [["name", "same", 3.0]]}
            entry.links = [Link(role="nks" if kind == "KS" else "nkt", decision="review", probability=0.7, snapshot_id=snapshot_id,
                                candidates=[candidate])]
            entry.findings = [EntryFinding(rule="demo", severity="soft", fields=[], message_vi=f"dau-{commune} mâu thuẫn", message_en="x")]
            s.add(entry)
            s.flush()
            held.pages.append(page.id)
            held.entries.append(entry.id)
            if n == 1 and kind == "KS":
                key = f"archive/KS/2017/{commune}/copy.pdf"
                package = ArchivePackage(id=f"5b3c0d6e-0000-4000-8000-0000000{commune}", subject=f"entry:{entry.id}",
                                         manifest_key=key + ".json", pdf_key=key, original_key=page.original_key)
                entry.status, entry.archive_id = "archived", package.id
                held.records.append(package.id)
                later = package, key
        s.flush()
    if kind == "KS":
        package, key = later
        house.services.ledger.put("archive", key, f"%PDF-1.7 dau-{commune}".encode(), "application/pdf")
        house.services.ledger.put("archive", key + ".json", b"{}", "application/json")
        with house.database.session() as s:
            s.add(package)
            s.flush()
            entry_id = int(package.subject.partition(":")[2])
            content = {"values": {_NAME_FIELD[kind]: f"Lê {NAMES[commune]}", "so": "2"}, "linked": "",
                       "received": "2026-03-02T02:00:00+00:00", "kind": kind, "units": {}, "book": "",
                       "office_code": commune, "personal_id": "", "copy_of": None,
                       "requester": {"name": "", "relation": "", "copies": 1}}
            push = MinistryPush(module="LTKS", dossier=f"dau-{commune}-gui-bo", entry_id=entry_id, content=content, state="dead",
                                problem="dossier_refused", said=[f"dau-{commune} sai"], decided_by="x")
            s.add(push)
            s.flush()
            held.pushes.append(push.id)


def _dossier(house: House, folder: Path, commune: str, held: Holdings) -> None:
    folder.mkdir()
    (folder / f"dau-{commune}-hs.jpg").write_bytes(page_bytes(f"HS {commune}", (200, 280)))
    taken = add_folder(house.database, house.services.ledger, folder, commune=commune, declared={"loai": "HS"})
    with house.database.session() as s:
        page = s.scalars(sa.select(Page).where(Page.batch_id == taken.batch_id)).one()
        page.state, page.width, page.height = "read", 200, 280
        value = {"value": f"dau-{commune} {NAMES[commune]}", "raw": "x", "confidence": 0.5, "box": None, "page": 0, "source": "ocr"}
        dossier = Dossier(batch_id=taken.batch_id, fields={"trichYeu": value})
        s.add(dossier)
        s.flush()
        held.dossiers.append(dossier.id)
        held.batches.append(taken.batch_id)
        held.pages.append(page.id)


def user_of(role: str, commune: str | None) -> str:
    return f"{role}.{commune or 'tinh'}".replace("_", "-")


# These change by signing in and by what a person does to their own account, by asking at all, and by the workers that look at pages and
# at the log.
SIGNING_IN = ("app_user", "second_factor", "recovery_code", "user_session", "sign_in_tries", "page_look", "api_pace", "api_token_key",
              "watch_state", "access_alert")


def digest(house: House, but: tuple[str, ...] = ("event", "event_subject", "cursor")) -> dict[str, str]:
    """By table, changes when any of its rows does, except of those that grow by looking (the log) or by signing in; leases do not count."""
    seen = {}
    with house.database.reading() as s:
        for table in Base.metadata.sorted_tables:
            if table.name not in (*but, *SIGNING_IN):
                columns = [c for c in table.columns if c.name not in ("lease_by", "lease_until", "updated_at")]
                rows = [tuple(row) for row in s.execute(sa.select(*columns).order_by(*table.primary_key.columns))]
                seen[table.name] = hashlib.sha256(repr(rows).encode()).hexdigest()
    return seen


def commune_of(house: House, batch_id: str) -> str | None:
    with house.database.reading() as s:
        return s.get_one(Batch, batch_id).commune_code
