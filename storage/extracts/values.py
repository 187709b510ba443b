"""What an extract prints: the record's values of today, as text, in the form's order; what corrections changed stands in the notes."""
from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from records.date_words import in_words
from records.dates import in_figures
from records.field_text import code_list, read_out
from records.partial_date import PartialDate
from storage.archive_subject import KINDS_OF_CORRECTION, field_labels
from storage.corrections import current_values, versions
from storage.extracts.form import ExtractForm
from storage.models import ArchiveCorrection, Batch, Entry, Page
from storage.pdf_font import as_printed
from storage.watermark import vietnamese_day

EMPTY = "(để trống)"            # nobody can write into a blank
_WORDS = "BangChu"
_ABOUT = {"": "", "~": "khoảng ", "?": "không rõ, có thể "}

Values = Mapping[str, str]


def printed_values(session: Session, entry: Entry, form: ExtractForm) -> dict[str, str]:
    """Field code -> the text printed for it, in the form's order."""
    corrections = [v.correction for v in versions(session, entry.id) if v.correction]
    labels = field_labels(entry.form, (code for c in corrections for code in c.fields))
    values = current_values(session, entry)
    if not values.get("noiDangKy"):
        values["noiDangKy"] = session.get_one(Batch, session.get_one(Page, entry.page_id).batch_id).registry_office or ""
    notes = [values.get("ghiChu", ""), *(_correction(c, labels, entry) for c in corrections)]
    values["ghiChu"] = "; ".join(n.strip().rstrip(".;") for n in notes if n.strip())
    return {item.code: as_printed(_text(item.code, values) or EMPTY) for item in form.items()}


def hint(values: Values, form: ExtractForm) -> str:
    """The least that lets a person see that a code belongs to a paper: initials and birth year of those it is about, `LTL 2017`."""
    told = []
    for role in form.subjects:
        initials = "".join(word[0] for word in values[f"{role}HoTen"].split()) if values[f"{role}HoTen"] != EMPTY else "?"
        told.append(f"{initials[:8].upper()} {_year(values[f'{role}NgaySinh'])}".strip())
    return "; ".join(told)


def digest(values: Sequence[tuple[str, str]], check_code: str) -> bytes:
    """HMAC-SHA-256 over the printed (code, text) pairs in their order, keyed with the printed check code: whoever has the paper can make
    it again, whoever has the code alone cannot try out values."""
    said = json.dumps([[code, text] for code, text in values], ensure_ascii=False, separators=(",", ":"))
    return hmac.new(check_code.encode(), said.encode(), hashlib.sha256).digest()


def _text(code: str, values: Mapping[str, str]) -> str:
    if code.endswith(_WORDS):
        day = _date(values.get(code.removesuffix(_WORDS), ""))      # never the words of a day that was corrected since
        return in_words(day) if day and day.precision == "day" and not day.qualifier else values.get(code, "")
    value = " ".join(values.get(code, "").split())
    day = _date(value) if "Ngay" in code or code.startswith("ngay") else None
    return f"{_ABOUT[day.qualifier]}{in_figures(day)}" if day else value


def _date(value: str) -> PartialDate | None:
    try:
        day = PartialDate.parse(value)
    except ValueError:
        return None
    return day if day.year is not None else None


def _year(text: str) -> str:
    """`01/03/2017`, `khoảng 2017` -> 2017; of an age or nothing, nothing."""
    found = re.search(r"(?<!\d)\d{4}$", text)
    return found[0] if found else ""


def _correction(c: ArchiveCorrection, labels: Mapping[str, str], entry: Entry) -> str:
    def said_of(code: str, value: object) -> str:
        listed = code_list(code, entry.kind) is not None
        return (read_out(code, str(value), entry.kind, entry.form)[0] if listed else _text(code, {code: str(value)})) or EMPTY

    changed = [f"{labels.get(code, code)} từ {said_of(code, x['before'])} thành {said_of(code, x['after'])}"
               for code, x in c.fields.items() if code != "ghiChu"]
    said = ", ".join(changed) or c.note
    return (f"{KINDS_OF_CORRECTION[c.kind][0]}: {said} (theo quyết định số {c.number} ngày {vietnamese_day(c.decided_on)} của {c.agency})")
