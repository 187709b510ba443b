"""Who looked at a person's records: from a personal number, or an entry and a role, to every line of the log that names one of them.

The index storage.event_subjects makes it a matter of the person's own lines, however long the log is; lines that lie in sealed segments are
read there. A look is any line about a record in which the person stands, whoever it is in it, or about a page that shows it; also an
answer to a search that named it, and an export that contained it. What the program does by itself is none.
"""
from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.access_log import Purpose, log_access
from storage.errors import ChainBroken, ObjectDiffers, ObjectMissing, ObjectStoreUnavailable
from storage.field_writing import codes_of_kind
from storage.models import Batch, Entry, Event, EventSubject, Field, Link, LogSegment
from storage.outbox import ObjectLedger
from storage.policy import Actor
from storage.review_errors import NoSuchEntry, NoSuchRole, NotAllowed
from storage.sealed_segments import read_segment

NUMBERS = ("SoDinhDanh", "SoGiayToTuyThan")     # how codes of fields end that hold a person's number
PROGRAM = ("sogoc", "portal")                   # its own steps: reading, linking, archiving
_CODES = sa.text("""with recursive c(code) as (
    select min(code) from field union all select (select min(f.code) from field f where f.code > c.code) from c where c.code is not null
) select code from c where code is not null""")     # every field code there is, by steps through the index: distinct would read it all
_TOGETHER = 500                                 # values in one condition of a query


@dataclass(frozen=True)
class Look:
    """One line of the log. records: pseudonyms of the person's records that it names."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    records: tuple[str, ...]


@dataclass(frozen=True)
class Registered:
    """What an entry is called outside this program: kind of register, number in the book, year, number of the book."""

    entry: int
    kind: str
    number: str | None
    year: int | None
    book: str | None


@dataclass(frozen=True)
class AccessReport:
    """entries: numbers of the person's entries; looks: the newest first; more: there are older ones than were asked for;
    unread: (from, to) of times whose lines lie in a segment that could not be read, so that the report is silent about them;
    called: what a look's records are, by pseudonym (`entry:12`, `page:3`, `batch:…`): those of the person's entries that each has."""

    entries: tuple[int, ...]
    looks: tuple[Look, ...]
    more: bool = False
    unread: tuple[tuple[datetime, datetime], ...] = ()
    called: Mapping[str, Sequence[Registered]] = field(default_factory=dict)


def entries_of_person(session: Session, personal_id: str) -> tuple[int, ...]:
    """Entries in which the person stands in any role: an accepted link says so, or the number is written there."""
    linked = sa.select(Link.entry_id).where(Link.personal_id == personal_id, Link.decision == "accept")
    codes = [c for c in session.scalars(_CODES) if c.endswith(NUMBERS)]
    written = sa.select(Field.entry_id).where(Field.code.in_(codes), Field.value == personal_id)
    return tuple(sorted(set(session.scalars(linked)) | set(session.scalars(written))))


def roles_in(session: Session, entry_id: int) -> tuple[str, ...]:
    """The people that an entry of this kind can have (nks, me, nyc …). Raises NoSuchEntry."""
    entry = session.get(Entry, entry_id)
    if entry is None:
        raise NoSuchEntry(entry=entry_id)
    named = {c.removesuffix("HoTen") for c in codes_of_kind(entry) if c.endswith("HoTen")}
    return tuple(sorted(named | {x.role for x in entry.links}))


def entries_with(session: Session, entry_id: int, role: str = "") -> tuple[int, ...]:
    """All entries of the person who stands in this role of this entry; the entry alone where nobody knows who that is, or without a role.
    Raises NoSuchEntry, NoSuchRole."""
    roles = roles_in(session, entry_id)
    if not role:
        return (entry_id,)
    if role not in roles:
        raise NoSuchRole(entry=entry_id, role=role[:40], roles=", ".join(roles))
    number = session.scalar(sa.select(Link.personal_id).where(Link.entry_id == entry_id, Link.role == role, Link.decision == "accept"))
    if number is None:
        number = session.scalar(sa.select(Field.value).where(Field.entry_id == entry_id, Field.code.in_([role + n for n in NUMBERS]),
                                                             Field.value != ""))
    return tuple(sorted({entry_id, *(entries_of_person(session, number) if number else ())}))


def names_of(session: Session, entries: Collection[int]) -> dict[str, list[Registered]]:
    """Everything by which a line of the log may name these entries: themselves, their pages and their books, each with those it has; and
    exports of all (`records`)."""
    found: dict[str, list[Registered]] = {"records": []} if entries else {}
    for part in _parts(sorted(entries)):
        for i, page, second, batch, kind, number, year, book in session.execute(
                sa.select(Entry.id, Entry.page_id, Entry.second_page_id, Entry.batch_id, Entry.kind, Entry.number, Entry.year,
                          Batch.book_number).outerjoin(Batch, Batch.id == Entry.batch_id).where(Entry.id.in_(part)).order_by(Entry.id)):
            for name in (f"entry:{i}", f"page:{page}", f"batch:{batch}", *([f"page:{second}"] if second is not None else [])):
                found.setdefault(name, []).append(Registered(i, kind, number, year, book))
    return found


def looks_at(ledger: ObjectLedger, entries: Collection[int], first: datetime | None = None, last: datetime | None = None,
             limit: int = 10_000, before: int = 0) -> AccessReport:
    """Every look at these entries from `first` on and before `last`, the newest `limit` of those with a number under `before` (0: all).

    Raises ChainBroken where the index knows of a line that is neither in the database nor in a sealed segment.
    """
    with ledger.database.reading() as session:
        called = names_of(session, entries)
        named = _named(session, called, before)
        here = {e.seq: e for part in _parts(sorted(named)) for e in session.scalars(sa.select(Event).where(Event.seq.in_(part)))}
        segments = session.scalars(sa.select(LogSegment).where(LogSegment.pruned_at.is_not(None)).order_by(LogSegment.last_seq)).all()
    unread = []
    for segment, seqs in _outside(segments, sorted(named.keys() - here.keys())):
        if (first is not None and segment.last_at < first) or (last is not None and segment.first_at >= last):
            continue
        try:
            here |= {e.seq: e for e in read_segment(ledger, segment) if e.seq in seqs}
        except (ChainBroken, ObjectMissing, ObjectDiffers, ObjectStoreUnavailable):
            unread.append((segment.first_at, segment.last_at))
    looks = [Look(e.seq, e.at, e.actor, e.action, e.subject, e.detail, tuple(sorted(named[e.seq])))
             for e in sorted(here.values(), key=lambda e: e.seq, reverse=True)
             if e.actor not in PROGRAM and (first is None or e.at >= first) and (last is None or e.at < last)]
    return AccessReport(tuple(sorted(entries)), tuple(looks[:limit]), len(looks) > limit, tuple(unread), called)


def person_report(ledger: ObjectLedger, actor: Actor, entries: Collection[int], purpose: Purpose, first: datetime | None = None,
                  last: datetime | None = None, limit: int = 10_000, before: int = 0, form: str = "") -> AccessReport:
    """`looks_at`, for one who may ask it, and the line that says they did; that line names the entries, so the next report has it.

    purpose: why, with the legal basis. form: page, xlsx, api, jsonl. Raises NotAllowed, ChainBroken.
    """
    if not (actor.may("log.see") or actor.may("api.report")):
        raise NotAllowed(actor=actor.name)
    report = looks_at(ledger, entries, first, last, limit, before)
    with ledger.database.session() as session:
        log_access(session, actor, "log.person", "log", purpose, records=[f"entry:{i}" for i in report.entries], count=len(report.looks),
                   format=form, **{k: v.date().isoformat() for k, v in (("from", first), ("to", last)) if v is not None})
    return report


def _named(session: Session, records: Collection[str], before: int) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for part in _parts(sorted(records)):
        query = sa.select(EventSubject.seq, EventSubject.record).where(EventSubject.record.in_(part))
        for seq, record in session.execute(query.where(EventSubject.seq < before) if before else query):
            found.setdefault(seq, set()).add(record)
    return found


def _outside(segments: Sequence[LogSegment], seqs: Sequence[int]) -> Iterator[tuple[LogSegment, frozenset[int]]]:
    """Each segment that holds some of these lines, with which."""
    ends = [s.last_seq for s in segments]
    wanted: dict[int, set[int]] = {}
    for seq in seqs:
        at = bisect_left(ends, seq)
        if at == len(segments) or seq < segments[at].first_seq:
            raise ChainBroken(seq=seq, cause="a line that the index knows is nowhere")
        wanted.setdefault(at, set()).add(seq)
    return ((segments[at], frozenset(lines)) for at, lines in wanted.items())


def _parts(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[i:i + _TOGETHER] for i in range(0, len(values), _TOGETHER))
