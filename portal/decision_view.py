"""Which decisions made later versions of an archived entry, and what they say is to be read instead of the register's words."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from portal.wording import Pair, full_label
from records.field_text import read_out
from storage.corrections import KINDS, versions
from storage.models import Entry


@dataclass(frozen=True)
class DecisionView:
    """One later version and its decision. changes: field, what was read before, what is to be read since."""

    version: int
    kind: Pair
    number: str
    decided_on: date
    agency: str
    note: str
    changes: tuple[tuple[Pair, Pair, Pair], ...]
    codes: tuple[str, ...]


def decision_views(session: Session, entry: Entry) -> tuple[DecisionView, ...]:
    """Every decision on the entry, the newest first."""
    def read(code: str, value: str) -> Pair:
        return read_out(code, value, entry.kind, entry.form)

    made = [v.correction for v in versions(session, entry.id) if v.correction is not None]
    return tuple(DecisionView(
        c.version, KINDS[c.kind], c.number, c.decided_on, c.agency, c.note,
        tuple((full_label(code), read(code, change["before"]), read(code, change["after"])) for code, change in c.fields.items()),
        tuple(c.fields)) for c in reversed(made))
