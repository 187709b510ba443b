"""After a person changed an entry's fields: its own contradictions are found anew, those of the whole book stay."""
from __future__ import annotations

from sqlalchemy.orm import Session

from records import rules
from records.forms import load_forms
from records.record import DraftRecord, Finding
from storage.models import Entry, EntryFinding
from storage.readings import entry_record
from storage.review_need import assess, page_quality


def renew_findings(session: Session, entry: Entry, before: DraftRecord) -> None:
    """Drop the findings that `before` (the entry as it was) broke by itself and no longer does, add new ones, and renew why it is asked."""
    gone, now = _own(before), _own(entry_record(entry))
    kept = [f for f in entry.findings if _key(f.rule, f.message_vi) not in gone or _key(f.rule, f.message_vi) in now]
    there = {_key(f.rule, f.message_vi) for f in kept}
    added = [EntryFinding(rule=f.rule, severity=f.severity, fields=list(f.fields), message_vi=f.message_vi, message_en=f.message_en)
             for key, f in now.items() if key not in there]
    entry.findings = [*kept, *added]
    need = assess(entry, page_quality(session, entry))
    entry.risk, entry.reasons = need.risk, [list(r) for r in need.reasons]


def _own(record: DraftRecord) -> dict[tuple[str, str], Finding]:
    form = load_forms().get(record.form or "")
    return {_key(f.rule, f.message_vi): f for f in rules.check(record, form)}


def _key(rule: str, message: str) -> tuple[str, str]:
    return rule, message
