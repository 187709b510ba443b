"""Writing one value of an entry as a person says it, and putting it back: what hangs on the value follows."""
from __future__ import annotations

import re
from typing import Any

from sqlalchemy.orm import Session

from records.forms import load_forms
from records.ministry.template import templates
from records.record import DraftRecord
from storage.models import Entry, Field
from storage.readings import entry_record
from storage.review_findings import renew_findings
from storage.review_steps import kept

_CODE = re.compile(r"^[a-z][A-Za-z]{1,59}$")
FIELD = ("value", "raw", "unit_code", "confidence", "source", "box", "evidence")     # a field's row, kept for undoing


def field_of(entry: Entry, code: str) -> Field | None:
    return next((f for f in entry.fields if f.code == code), None)


def writable(entry: Entry, code: str) -> bool:
    """Whether the entry has the field, or its form does."""
    if field_of(entry, code) is not None:
        return True
    form = load_forms().get(entry.form or "")
    return bool(_CODE.match(code)) and form is not None and code in {b.code for b in form.blanks} | {t.code for t in form.ticks}


def codes_of_kind(entry: Entry) -> frozenset[str]:
    """The field codes that a register of the entry's kind can have: the entry's own, those of every form of the kind, the Ministry's."""
    forms = [f for f in load_forms().values() if f.kind == entry.kind]
    printed = {b.code for f in forms for b in f.blanks if b.code} | {t.code for f in forms for t in f.ticks}
    return frozenset({f.code for f in entry.fields} | printed | set(templates()[-1].columns.get(entry.kind, ())))


def write_field(session: Session, entry: Entry, code: str, value: str, unit_code: str | None) -> tuple[Any, Any]:
    """The field's row (None: there was none) before and after. The reader's own text stays in `raw`."""
    with session.no_autoflush:          # the entry is written once
        record, row = entry_record(entry), field_of(entry, code)
    before = kept(row, FIELD)
    if row is None:
        row = Field(code=code, raw="", evidence=[])
        entry.fields.append(row)
    row.value, row.unit_code, row.confidence, row.source, row.evidence = value, unit_code, 1.0, "reviewer", ["reviewer"]
    _follow(session, entry, record)
    return before, kept(row, FIELD)


def restore_field(session: Session, entry: Entry, code: str, before: Any) -> None:
    """Undo `write_field`."""
    record, row = entry_record(entry), field_of(entry, code)
    if row is not None and before is None:
        entry.fields.remove(row)
    elif row is not None:
        for name, value in before.items():
            setattr(row, name, value)
    _follow(session, entry, record)


def _follow(session: Session, entry: Entry, before: DraftRecord) -> None:
    number, day = field_of(entry, "so"), field_of(entry, "ngayDangKy")
    if number is not None:
        entry.number = number.value[:32] or None
    if day is not None and re.match(r"^\d{4}", day.value):
        entry.year = int(day.value[:4])
    with session.no_autoflush:
        renew_findings(session, entry, before)
    session.flush()
