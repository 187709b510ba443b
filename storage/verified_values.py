"""What people have settled in a batch's entries: it never changes, and it tells the rest of the book."""
from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from records.record import FieldValue
from storage.readings import SETTLED_STATES, batch_entries, entry_record, touched

Verified = Mapping[tuple[int, int], Mapping[str, FieldValue]]      # (page id, row) -> field code -> value


def verified_values(session: Session, batch_id: str) -> Verified:
    """Every value of an entry that a person has verified, and of other entries the values that a person has written."""
    out: dict[tuple[int, int], Mapping[str, FieldValue]] = {}
    for entry in batch_entries(session, batch_id):
        if not touched(entry):
            continue
        whole = entry.status in SETTLED_STATES
        values = {code: f for code, f in entry_record(entry).fields.items() if f.source == "reviewer" or (whole and f.value)}
        if values:
            out[entry.page_id, entry.row] = values
    return out
