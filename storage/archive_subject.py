"""What is to be archived, read at one moment: an entry of a register, or an administrative dossier."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from records.field_names import field_label, full_label
from records.field_text import read_out
from records.forms import load_forms
from storage.aip.description import LegalBasis
from storage.archive_package import PackageName, package_name
from storage.catalogue import dossier_rows, entry_rows
from storage.dossier_review import CONFIRMED
from storage.dossier_review import revision as dossier_revision
from storage.export import entry_line
from storage.models import ArchiveCorrection, Batch, Dossier, Entry, Event, Field, Page, User

TITLES = {"KS": "Sổ đăng ký khai sinh", "KH": "Sổ đăng ký kết hôn", "KT": "Sổ đăng ký khai tử", "NCM": "Sổ đăng ký nhận cha, mẹ, con",
          "CMC": "Sổ đăng ký nhận cha, mẹ, con", "GH": "Sổ đăng ký giám hộ", "CN": "Sổ đăng ký nuôi con nuôi", "CC": "Sổ đăng ký cải chính",
          "HN": "Sổ cấp giấy xác nhận tình trạng hôn nhân", "HS": "Hồ sơ"}
# Why a later version may be made: code -> (Vietnamese, English).
KINDS_OF_CORRECTION: Mapping[str, tuple[str, str]] = {
    "cai_chinh": ("Cải chính hộ tịch", "Correction"), "thay_doi": ("Thay đổi hộ tịch", "Change"),
    "bo_sung": ("Bổ sung thông tin hộ tịch", "Addition"), "xac_dinh_lai_dan_toc": ("Xác định lại dân tộc", "Ethnicity determined anew"),
    "xac_dinh_lai_gioi_tinh": ("Xác định lại giới tính", "Sex determined anew"),
    "ghi_chu": ("Ghi vào sổ việc thay đổi hộ tịch theo bản án, quyết định", "Noted by a judgment or decision"),
    "thu_hoi_huy_bo": ("Thu hồi, hủy bỏ giấy tờ hộ tịch", "Withdrawn or annulled"),
}
# Whose value it is, where a form prints the same label for several people.
_PEOPLE: Mapping[str, str] = {"nks": "người được khai sinh", "nkt": "người chết", "chong": "chồng", "vo": "vợ", "cha": "cha", "me": "mẹ",
                              "nyc": "người yêu cầu"}


@dataclass(frozen=True)
class Subject:
    """subject: entry:12 or dossier:3. created: when its content was settled; written into the PDF. about: what the manifest says of it.

    record: the data as it is handed on; catalogue: the rows of the database; history: the log's rows about it.
    """

    subject: str
    name: PackageName
    title: str
    book_title: str
    kind: str
    year: int | None
    date: str
    created: datetime
    about: Mapping[str, Any]
    batch: Batch
    pages: Sequence[Page]
    record: Mapping[str, Any]
    catalogue: Mapping[str, Any]
    history: Sequence[Event]
    roles: Mapping[str, str]                # account name -> role
    fields: Sequence[Field] = field(default=())
    labels: Mapping[str, str] = field(default_factory=dict)
    version: int = 1
    previous: str | None = None             # package id
    basis: LegalBasis | None = None
    form: str | None = None

    def read(self, code: str, value: str) -> str:
        """A value as people read it: words for codes, 05/08/2007 for days."""
        return read_out(code, value, self.kind, self.form)[0]


def load_entry(session: Session, entry_id: int) -> Entry:
    """The entry with all that archiving needs of it."""
    query = sa.select(Entry).where(Entry.id == entry_id).options(
        joinedload(Entry.page).joinedload(Page.batch), selectinload(Entry.fields), selectinload(Entry.links), selectinload(Entry.findings))
    return session.execute(query).unique().scalar_one()


def of_entry(session: Session, entry: Entry, corrections: Collection[ArchiveCorrection] = (), basis: LegalBasis | None = None,
             said: str = "") -> Subject:
    """An entry; with corrections (all up to this version, the newest last, whose package id is set here) a later version of it.

    said: a digest of what the newest correction says, part of the later package's identity.
    """
    page, batch = entry.page, entry.page.batch
    second = session.get(Page, entry.second_page_id) if entry.second_page_id else None
    pages = [page, *([second] if second else [])]
    values = {f.code: f.value for f in entry.fields}
    book, year = values.get("quyenSo") or batch.book_number, entry.year or batch.year
    number = entry.number or values.get("so") or ""
    siblings = session.scalar(sa.select(sa.func.count()).select_from(Entry).where(Entry.page_id == page.id)) or 1
    verified_at = entry.verified_at or page.updated_at
    newest = [*corrections][-1] if corrections else None
    name = package_name(entry.kind, year, book, number, "entry", page.sha256, batch.id, page.file, page.frame, entry.row, entry.revision,
                        verified_at.isoformat(), *([newest.previous_id, said] if newest else []))
    if newest is not None:
        newest.package_id = name.id
    form = load_forms().get(entry.form or "")
    book_title = form.title if form is not None else TITLES.get(entry.kind, entry.kind)
    title = f"{book_title}, số {number or '?'}, quyển {book or '?'}, năm {year or '?'}"
    about = {"kind": entry.kind, "year": year, "book": book, "number": number, "batch": batch.id, "file": page.file, "page": page.frame + 1,
             "row": entry.row}
    history = _events(session, f"entry:{entry.id}", *(f"page:{p.id}" for p in pages), f"batch:{batch.id}")
    record = {**entry_line(entry, siblings, second.file if second else None),
              "verified": {"by": entry.verified_by, "name": _display_name(session, entry.verified_by), "at": verified_at.isoformat()},
              "history": _history(e for e in history if e.subject == f"entry:{entry.id}")}
    if newest is not None:
        record["corrections"] = [correction_line(c) for c in corrections]
    return Subject(
        f"entry:{entry.id}", name, title, f"{book_title}, quyển {book or '?'}, năm {year or '?'}", entry.kind, year,
        values.get("ngayDangKy") or "", newest.created_at if newest else verified_at, about, batch, pages, record,
        entry_rows(session, entry, pages, corrections), history, _roles(session, history), list(entry.fields),
        field_labels(entry.form, [*values, *(code for c in corrections for code in c.fields)]),
        newest.version if newest else 1, newest.previous_id if newest else None, basis, entry.form)


def of_dossier(session: Session, dossier: Dossier) -> Subject:
    """An administrative dossier with all its pages."""
    batch = session.get_one(Batch, dossier.batch_id)
    pages = session.scalars(sa.select(Page).where(Page.batch_id == batch.id, Page.state == "read").order_by(Page.file, Page.frame)).all()
    issued = str(dossier.fields.get("ngayBanHanh") or "")
    year = int(issued[:4]) if issued[:4].isdigit() else batch.year
    name = package_name("HS", year, batch.id, str(dossier.fields.get("soKyHieu") or "").replace("/", "-"), "dossier", batch.id,
                        *[f"{p.sha256}:{p.frame}" for p in pages], *([dossier_revision(dossier)] if dossier.fields.get(CONFIRMED) else []))
    parts = [dossier.fields.get(k) for k in ("loaiVanBan", "soKyHieu", "trichYeu")]
    about = {"kind": "HS", "year": year, "batch": batch.id, "files": [p.file for p in pages if p.frame == 0]}
    history = _events(session, f"batch:{batch.id}", f"dossier:{dossier.id}")
    record = {"batch": batch.id, "loai": "HS", "fields": dict(dossier.fields), "history": _history(iter(history))}
    title = ", ".join(str(p) for p in parts if p) or f"Hồ sơ {batch.id}"
    return Subject(f"dossier:{dossier.id}", name, title, f"Hồ sơ {batch.id}", "HS", year, issued, batch.created_at, about, batch,
                   list(pages), record, dossier_rows(dossier, batch, pages), history, _roles(session, history))


def correction_line(c: ArchiveCorrection) -> dict[str, Any]:
    """A correction as the record tells of it."""
    return {"version": c.version, "kind": c.kind, "title": KINDS_OF_CORRECTION[c.kind][0], "number": c.number,
            "date": c.decided_on.isoformat(), "agency": c.agency, "note": c.note, "fields": dict(c.fields), "previous": c.previous_id}


def field_labels(form_id: str | None, codes: Iterable[str] = ()) -> dict[str, str]:
    """Field code -> what the form prints before it, with whose it is where several have the same; then those of `codes` that it prints
    nothing before (squares to tick, what stands on the cover, old forms), by their usual names."""
    form = load_forms().get(form_id or "")
    printed: dict[str, str] = {}
    if form is not None:
        for b in form.blanks:
            if b.code and b.label is not None:
                printed.setdefault(b.code, form.labels[b.label].text.strip(" :."))
    told = list(printed.values())
    of = {code: next((words for prefix, words in _PEOPLE.items() if code.startswith(prefix)), "") for code in printed}
    found = {code: f"{label} ({of[code]})" if of[code] and told.count(label) > 1 else label for code, label in printed.items()}
    for code in codes:
        if code not in found:
            short = field_label(code)[0]
            found[code] = full_label(code)[0] if short in found.values() else short
    return found


def _display_name(session: Session, user: str | None) -> str:
    found = session.get(User, user) if user else None
    return found.display_name if found is not None else ""


def _events(session: Session, *subjects: str) -> list[Event]:
    """What was done to it; who only looked is in the log, not in the package."""
    rows = session.scalars(sa.select(Event).where(Event.subject.in_(subjects)).order_by(Event.seq))
    return [e for e in rows if not e.action.startswith(("record.", "copy.")) and "view" not in e.action]


def _history(events: Any) -> list[dict[str, Any]]:
    return [{"seq": e.seq, "at": e.at.isoformat(), "actor": e.actor, "action": e.action} for e in events]


def _roles(session: Session, events: Sequence[Event]) -> dict[str, str]:
    names = {e.actor for e in events}
    return {name: role for name, role in session.execute(sa.select(User.name, User.role).where(User.name.in_(names)))}
