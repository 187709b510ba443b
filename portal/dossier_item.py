"""Everything the dossier page shows, gathered into plain values; and what is typed there, made the values that are kept."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from ocr.dossier import CONFIRM, FIELDS, UNREAD
from portal.page_images import UprightBox, upright_box
from portal.wording import Pair
from records.dates import parse_typed
from records.field_text import BadValue
from records.text import nfc
from storage.dossier_review import Step, history, revision
from storage.models import Batch, Dossier, Page
from storage.readings import draft_records

LABELS: Mapping[str, Pair] = {
    "soKyHieu": ("Số, ký hiệu", "Number and symbol"), "ngayBanHanh": ("Ngày ban hành", "Issued on"),
    "coQuanBanHanh": ("Cơ quan ban hành", "Issued by"), "loaiVanBan": ("Loại văn bản", "Kind of document"),
    "trichYeu": ("Trích yếu", "Subject"), "nguoiKy": ("Người ký", "Signed by"), "chucVu": ("Chức vụ", "Office held"),
    "noiNhan": ("Nơi nhận (mỗi dòng một nơi)", "Recipients (one a line)"),
}
LONG = ("trichYeu", "noiNhan")              # fields of several lines
_HAND = {"soKyHieu": "so", "ngayBanHanh": "ngay"}      # under which ocr.dossier_hand keeps what is written by hand
_KIND = "HS"


@dataclass(frozen=True)
class DossierField:
    """shown: as it is read and typed; confirm: a person must look at it; box: where it is written by hand, on the first page; raw: as read
    there."""

    code: str
    label: Pair
    shown: str
    confirm: bool
    box: UprightBox | None
    raw: str

    @property
    def long(self) -> bool:
        return self.code in LONG


@dataclass(frozen=True)
class DossierItem:
    dossier_id: int
    revision: str
    batch_id: str
    office: str | None
    archived: bool
    pages: tuple[tuple[int, str], ...]      # id, file
    fields: tuple[DossierField, ...]
    steps: tuple[Step, ...]

    @property
    def to_confirm(self) -> int:
        return sum(f.confirm for f in self.fields)


def dossier_item(session: Session, dossier: Dossier) -> DossierItem:
    """The dossier as its page shows it: all fields a document may have, those not found empty."""
    batch = session.get_one(Batch, dossier.batch_id)
    pages = session.scalars(select(Page).where(Page.batch_id == batch.id, Page.state == "read").order_by(Page.file, Page.frame)).all()
    hand = next((r.fields for p in pages[:1] for r in draft_records(p) if r.kind == _KIND), {})
    confirm = set(dossier.fields.get(CONFIRM, ()))
    fields = []
    for code in FIELDS:
        written = hand.get(_HAND.get(code, ""))
        box = upright_box(written.box, pages[0].width, pages[0].height, pages[0].rotation) if written is not None else None
        fields.append(DossierField(code, LABELS[code], shown(code, dossier.fields.get(code)), code in confirm, box,
                                   written.raw if written is not None and code in confirm else ""))
    names = tuple((p.id, p.file if p.frame == 0 else f"{p.file} · {p.frame + 1}") for p in pages)
    return DossierItem(dossier.id, revision(dossier), batch.id, batch.registry_office, dossier.archive_id is not None, names, tuple(fields),
                       history(session, dossier.id))


def shown(code: str, value: object) -> str:
    """A kept value as it is read and typed."""
    if isinstance(value, list):
        return "\n".join(str(v) for v in value)
    text = "" if value is None else str(value)
    if code == "ngayBanHanh" and text:
        return "/".join(reversed(text.split("-")))
    return text


def parsed(code: str, text: str) -> str | list[str]:
    """What was typed as it is kept. Raises BadValue for a number with its unread mark left in, and for no date."""
    if code == "noiNhan":
        return [line for x in text.replace(";", "\n").split("\n") if (line := " ".join(nfc(x).split()))]
    text = " ".join(nfc(text).split())
    if code == "soKyHieu" and UNREAD in text:
        raise BadValue(f"Thay dấu {UNREAD} bằng số viết tay trên văn bản.", f"Put the handwritten number in the place of {UNREAD}.")
    if code == "ngayBanHanh" and text:
        found = parse_typed(text, latest=date.today().year)
        if found is None:
            raise BadValue("Ngày viết như 05/08/2020, hoặc 08/2020 nếu không có ngày.",
                           "Write the date as 05/08/2020, or 08/2020 without a day.")
        return str(found)
    return text
