"""The change feed: what happened to archived records, and to the extracts a program asked for. Ids and codes, no personal data.

A line is written in the unit of work of what it tells of, under the number of its event in the log. `events.append` makes writers take
turns until their commit, so numbers are given in the order of commits: a reader that has seen line n has seen every line before it, and
none can still come up behind (tests/storage/test_change_feed.py does it with transactions that end in another order than they began).
"""
from __future__ import annotations

import base64
import binascii
import heapq
import struct
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, String, cast, func, literal, select
from sqlalchemy.orm import Session

from storage import events
from storage.errors import StorageError
from storage.models import ArchiveCorrection, ArchivePackage, Entry, Event, Extract, RecordChange

WHAT: Mapping[str, tuple[str, str]] = {     # what a line tells: Vietnamese, English
    "archived": ("đã lưu trữ", "archived"),
    "corrected": ("có phiên bản mới theo quyết định", "a later version by a decision"),
    "withdrawn": ("bị thu hồi, hủy bỏ theo quyết định", "withdrawn or annulled by a decision"),
}
EXTRACTS: Mapping[str, tuple[str, str]] = {     # the same of extracts, told to the program that asked for it alone
    "extract_requested": ("đã nhận yêu cầu trích lục", "an extract was asked for"),
    "extract_signed": ("trích lục đã ký", "signed by the competent person"),
    "extract_numbered": ("trích lục đã có số", "numbered and signed by the agency"),
    "extract_issued": ("trích lục đã phát hành", "issued: the document can be fetched"),
    "extract_delivered": ("trích lục đã giao", "handed over"),
    "extract_refused": ("yêu cầu trích lục bị từ chối", "refused; the extract says why"),
    "extract_cancelled": ("trích lục đã hủy", "cancelled; the extract says why"),
}
_STEPS = {"extract.request": "extract_requested", "extract.sign": "extract_signed", "extract.number": "extract_numbered",
          "extract.issue": "extract_issued", "extract.deliver": "extract_delivered", "extract.refuse": "extract_refused",
          "extract.cancel": "extract_cancelled"}
_WITHDRAWS = "thu_hoi_huy_bo"               # of storage.archive_subject.KINDS_OF_CORRECTION
_START = bytes(4)
_FORM = struct.Struct(">BQ4s")              # version of the cursor's form, seq, first bytes of the event's hash


class BadCursor(StorageError):
    code = "bad_cursor"
    vi = "Con trỏ không đúng dạng. Dùng nguyên văn giá trị next của lần trước, hoặc from=thời điểm."
    en = "The cursor is malformed. Send the `next` of the last answer as it came, or from=time."


class CursorElsewhere(StorageError):
    code = "cursor_elsewhere"
    vi = "Con trỏ này thuộc một lịch sử khác (cơ sở dữ liệu đã được khôi phục). Lấy lại từ một thời điểm trước đó: from=…"
    en = "This cursor belongs to another history (the database was restored). Replay from a time before that: from=…"


@dataclass(frozen=True)
class Place:
    """A place in the feed: behind the line `seq`; 0 is before the first. mark: which history the number is of."""

    seq: int = 0
    mark: bytes = _START

    def cursor(self) -> str:
        """As clients keep it; they cannot and need not read it."""
        return base64.urlsafe_b64encode(_FORM.pack(1, self.seq, self.mark)).rstrip(b"=").decode()

    @classmethod
    def of(cls, cursor: str) -> Place:
        """Raises BadCursor."""
        try:
            form, seq, mark = _FORM.unpack(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        except (binascii.Error, struct.error, ValueError):
            raise BadCursor() from None
        if form != 1 or seq >= 2**63 or (seq == 0) != (mark == _START):
            raise BadCursor()
        return cls(seq, mark)


@dataclass(frozen=True)
class Reach:
    """What a reader is told of: records of these kinds, and of these kinds the extracts that `owner` asked for."""

    kinds: Collection[str] = ()
    owner: str = ""
    extract_kinds: Collection[str] = ()


@dataclass(frozen=True)
class FeedPage:
    """Lines in order; `next` is behind the last line looked at, those of others too; more: whether there is a next page now."""

    changes: tuple[RecordChange, ...]
    next: Place
    more: bool


def publish(session: Session, event: Event, what: str, kind: str, record: str, version: int = 1, previous: str | None = None) -> None:
    """Add the line of this event, in the unit of work that appended it; what: a key of WHAT. One line an event."""
    if what not in WHAT:
        raise ValueError(f"the feed does not tell {what}")
    session.add(RecordChange(seq=event.seq, at=event.at, mark=event.hash[:8], what=what, kind=kind, record=record, version=version,
                             previous=previous))
    session.flush()


def publish_extract(session: Session, event: Event, extract: Extract, what: str = "") -> None:
    """Add the line of the state that an extract has come to, as `publish`; what: a key of EXTRACTS, else by its state of now."""
    what = what or f"extract_{extract.state}"
    if what not in EXTRACTS:
        raise ValueError(f"the feed does not tell {what}")
    session.add(RecordChange(seq=event.seq, at=event.at, mark=event.hash[:8], what=what, kind=extract.kind, record=extract.package_id,
                             extract=extract.id, owner=extract.requested_by))
    session.flush()


def what_of(basis: str | None) -> str:
    """What a version tells by the kind of decision it rests on; None: the first one."""
    return "archived" if basis is None else "withdrawn" if basis == _WITHDRAWS else "corrected"


def read(session: Session, reach: Reach, after: Place, limit: int) -> FeedPage:
    """The lines behind a place, at most `limit`. session: one snapshot (`Database.reading`). Raises CursorElsewhere."""
    _must_be_here(session, after)
    head = session.execute(_newest()).first()
    records = _behind(session, after, limit + 1, RecordChange.owner.is_(None), RecordChange.kind.in_(sorted(reach.kinds)))
    own = _behind(session, after, limit + 1, RecordChange.owner == reach.owner, RecordChange.kind.in_(sorted(reach.extract_kinds)))
    rows = tuple(heapq.merge(records, own, key=lambda r: r.seq))
    if len(rows) > limit:
        return FeedPage(rows[:limit], _place(rows[limit - 1].seq, rows[limit - 1].mark), True)
    return FeedPage(rows, _place(head.seq, head.mark) if head is not None else after, False)


def newest(session: Session) -> int:
    """Number of the last line of any kind, 0 without one: cheap enough to ask twice a second."""
    return session.scalar(select(func.max(RecordChange.seq))) or 0


def place_at(session: Session, when: datetime) -> Place:
    """The place before the first line at or after that time: the same page may then bring lines a little older, never leave one out."""
    first = session.scalar(select(func.min(RecordChange.seq)).where(RecordChange.at >= when))
    query = _newest() if first is None else _newest().where(RecordChange.seq < first)
    row = session.execute(query).first()
    return _place(row.seq, row.mark) if row is not None else Place()


def rebuild(session: Session, actor: str) -> int:
    """Write the lines that are missing, after a restore: from the log's events, and for what the log's tail was lost of, under an event of
    its own. How many were written."""
    return _rebuild_records(session, actor) + _rebuild_extracts(session, actor)


def _rebuild_records(session: Session, actor: str) -> int:
    have = set(session.scalars(select(RecordChange.record)))
    bases = {c.package_id: c.kind for c in session.scalars(select(ArchiveCorrection))}
    told = {str(e.detail.get("package")): e for e in session.scalars(
        select(Event).where(Event.action.in_(("entry.archive", "entry.correct"))).order_by(Event.seq))}
    written = 0
    of_entry = ArchivePackage.subject == literal("entry:") + cast(Entry.id, String)
    packages = session.execute(select(ArchivePackage, Entry.kind).join(Entry, of_entry)
                               .order_by(ArchivePackage.created_at, ArchivePackage.version))
    before: dict[str, str] = {}
    for package, kind in packages.all():
        previous = before.get(package.subject)
        before[package.subject] = package.id
        if package.id in have:
            continue
        event = told.get(package.id) or events.append(session, actor, "archive.restore", package.subject, {"package": package.id})
        publish(session, event, what_of(bases.get(package.id)), kind, package.id, package.version, previous)
        written += 1
    return written


def _rebuild_extracts(session: Session, actor: str) -> int:
    have = {c.seq: c for c in session.scalars(select(RecordChange).where(RecordChange.owner.is_not(None)))}
    extracts = {x.id: x for x in session.scalars(select(Extract).order_by(Extract.received_at, Extract.id))}
    told = {c.extract: c.what for _, c in sorted(have.items())}
    written = 0
    for event in session.scalars(select(Event).where(Event.action.in_(_STEPS)).order_by(Event.seq)):
        extract = extracts.get(str(event.detail.get("extract")))
        if extract is not None and event.seq not in have:
            publish_extract(session, event, extract, _STEPS[event.action])
            told[extract.id] = _STEPS[event.action]
            written += 1
    for extract in extracts.values():
        if told.get(extract.id) != f"extract_{extract.state}":
            event = events.append(session, actor, "archive.restore", f"entry:{extract.entry_id}", {"extract": extract.id})
            publish_extract(session, event, extract)
            written += 1
    return written


def _behind(session: Session, after: Place, limit: int, *which: ColumnElement[bool]) -> Sequence[RecordChange]:
    return session.scalars(select(RecordChange).where(RecordChange.seq > after.seq, *which).order_by(RecordChange.seq).limit(limit)).all()


def _newest() -> Select[int, str]:
    return select(RecordChange.seq, RecordChange.mark).order_by(RecordChange.seq.desc()).limit(1)


def _place(seq: int, mark: str) -> Place:
    return Place(seq, bytes.fromhex(mark))


def _must_be_here(session: Session, place: Place) -> None:
    if place.seq and session.scalar(select(RecordChange.mark).where(RecordChange.seq == place.seq)) != place.mark.hex():
        raise CursorElsewhere()
