"""Whether what the queue repeats of entries, pages and books is what they say, and mending it: for `sogoc doctor` and for tests."""
from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.models import Batch, Entry, Page, QueueTally
from storage.models.ledger import REASON_BITS

_TOGETHER = 5_000
_DRAFTS = 1_000_000.0


@dataclass(frozen=True)
class QueueDrift:
    """entries: ids (the first hundred) of those whose place or filters are wrong; sums: how many of the sums are."""

    entries: tuple[int, ...]
    sums: int

    @property
    def none(self) -> bool:
        return not self.entries and not self.sums


def queue_drift(session: Session) -> QueueDrift:
    """Reads every entry: a second or two for a hundred thousand."""
    wrong: list[int] = []
    after = 0
    while len(wrong) < 100:
        rows = session.execute(
            sa.select(Entry.id, Entry.status, Entry.risk, Entry.reasons, Entry.batch_id, Entry.commune_code, Entry.set_aside,
                      Entry.reason_bits, Entry.queue_place, Page.batch_id.label("book"), Page.state, Batch.commune_code.label("commune"))
            .join(Page, Entry.page_id == Page.id).join(Batch, Page.batch_id == Batch.id)
            .where(Entry.id > after).order_by(Entry.id).limit(_TOGETHER)).all()
        if not rows:
            break
        wrong += [r.id for r in rows if (r.batch_id, r.commune_code, r.set_aside, r.reason_bits, r.queue_place) != _derived(r)]
        after = rows[-1].id
    return QueueDrift(tuple(wrong[:100]), _sums_off(session))


def _derived(r: sa.Row) -> tuple[str, str | None, bool, int, float | None]:
    aside = r.state == "set_aside"
    bits = sum(REASON_BITS.get(code, 0) for code in {reason[0] for reason in r.reasons or () if reason})
    place = -r.risk if r.status == "review" else _DRAFTS - r.risk if r.status == "draft" else None
    return r.book, r.commune, aside, bits, None if aside else place


def _sums_off(session: Session) -> int:
    commune = sa.func.coalesce(Entry.commune_code, "")
    seen = (commune, Entry.kind, Entry.status, Entry.reason_bits)
    counted = {tuple(r[:4]): r[4] for r in session.execute(
        sa.select(*seen, sa.func.count()).where(Entry.queue_place.is_not(None)).group_by(*seen))}
    kept = (QueueTally.commune_code, QueueTally.kind, QueueTally.status, QueueTally.reason_bits)
    said = {tuple(r[:4]): int(r[4]) for r in session.execute(sa.select(*kept, sa.func.sum(QueueTally.n)).group_by(*kept))}
    return sum(counted.get(key, 0) != said.get(key, 0) for key in counted.keys() | said.keys())


def mend_queue(session: Session) -> None:
    """Make the columns and sums anew from entries, pages and books. For a database whose triggers were off: it rewrites every entry."""
    session.execute(sa.text("""update entry set batch_id = (select batch_id from page where page.id = entry.page_id),
        commune_code = (select b.commune_code from page p join batch b on b.id = p.batch_id where p.id = entry.page_id),
        set_aside = (select state = 'set_aside' from page where page.id = entry.page_id)"""))       # triggers do the rest
    session.execute(sa.delete(QueueTally))
    seen = (sa.func.coalesce(Entry.commune_code, ""), Entry.kind, Entry.status, Entry.reason_bits)
    session.execute(sa.insert(QueueTally).from_select(
        ["commune_code", "kind", "status", "reason_bits", "n"],
        sa.select(*seen, sa.func.count()).where(Entry.queue_place.is_not(None)).group_by(*seen)))
