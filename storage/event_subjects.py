"""Which records a line of the log names: the index by which everybody who saw a record is found among millions of lines."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from storage.models import Event

KINDS = ("entry", "page", "dossier")            # a line about one of these is about a person
EXPORT = "records.export"                       # of a book (batch:…) or of everything (records): each record in it was looked at
_LONGEST = 120


def named(action: str, subject: str, detail: Mapping[str, Any]) -> frozenset[str]:
    """Pseudonyms of the records that the line is about or that its answer named (`found`)."""
    found = detail.get("found")
    records = {r for r in found if isinstance(r, str) and len(r) <= _LONGEST} if isinstance(found, list) else set()
    kind = subject.partition(":")[0]
    if kind in KINDS or (action == EXPORT and kind in ("batch", "records")):
        records.add(subject)
    return frozenset(records)


def index_rows(event: Event) -> list[dict[str, Any]]:
    """The rows of the index (EventSubject) that belong to this line; insert them in its unit of work."""
    return [{"record": r, "seq": event.seq} for r in sorted(named(event.action, event.subject, event.detail))]
