"""The rows of the review queue: each waiting entry with one sentence that says why it is here, whose book it is, and since when it waits.

The sentence names no person and no number of one: the list is read over somebody's shoulder, and looking at it is not logged as looking
at a record.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import wording
from portal.comparison import COMPARED, compare
from portal.wording import VIETNAM, Pair
from records.places import default_gazetteer
from storage.link_states import waiting
from storage.models import Field, Link, Person, PopulationSnapshot, utc_now
from storage.review import QueueItem

_MOST_FIELDS = 4       # named in a sentence
_NOTHING: Pair = ("Đọc rõ, chỉ cần xác nhận", "Read well, only to be confirmed")


@dataclass(frozen=True)
class QueueRow:
    item: QueueItem
    why: Pair
    commune: str
    waited: Pair


def queue_rows(session: Session, items: Sequence[QueueItem], now: datetime | None = None) -> tuple[QueueRow, ...]:
    """Three questions to the database, however many rows."""
    likely = _best_candidates(session, [i.entry_id for i in items if any(r and r[0] == "link_review" for r in i.reasons)])
    today = now or utc_now()
    return tuple(QueueRow(i, why_here(i.reasons, likely.get(i.entry_id)), commune_name(i.commune_code), waited(i.came, today))
                 for i in items)


def why_here(reasons: Iterable[Sequence[str]], likely: tuple[str, Pair] | None) -> Pair:
    """One sentence. likely: a role that waits for a person and how its best candidate compares ("điểm 0,71: cùng mẹ, năm sinh lệch 1")."""
    parts: list[Pair] = []
    for reason in reasons:
        said = _doubtful(reason[1:]) if reason and reason[0] == "low_confidence" else wording.reason(list(reason))
        if likely is not None and reason and reason[0] == "link_review":
            one = len(reason) < 3
            role = ("", "") if one else tuple(f"{x.lower()}: " for x in wording.ROLES.get(likely[0], (likely[0], likely[0])))
            said = f"{said[0]} ({role[0]}{likely[1][0]})", f"{said[1]} ({role[1]}{likely[1][1]})"
        parts.append(said)
    if not parts:
        return _NOTHING
    return _joined([p[0] for p in parts]), _joined([p[1] for p in parts])


def _doubtful(codes: Sequence[str]) -> Pair:
    """The doubtful fields by person, each person named once: "mẹ – ngày sinh, nơi cư trú"."""
    shown, said = wording.sections(codes[:_MOST_FIELDS]), []
    for n in (0, 1):
        people = [(f"{wording.ROLES[s.role][n].lower()} – " if s.role not in ("", "sign") else "")
                  + ", ".join(wording.field_label(c)[n].lower() for c in s.codes) for s in shown]
        said.append("; ".join(people))
    more = len(codes) - _MOST_FIELDS
    return (f"Đọc chưa chắc: {said[0]}{f' và {more} ô khác' if more > 0 else ''}",
            f"Read with doubt: {said[1]}{f' and {more} more' if more > 0 else ''}")


def _joined(parts: Sequence[str]) -> str:
    return "; ".join([parts[0], *(p[:1].lower() + p[1:] for p in parts[1:])])


def _best_candidates(session: Session, entries: Sequence[int]) -> dict[int, tuple[str, Pair]]:
    """Entry -> (role, how the best candidate of its most doubtful open link compares). Links drawn for a blind check say nothing."""
    if not entries:
        return {}
    links: dict[int, tuple[Link, Mapping]] = {}
    for link in session.scalars(select(Link).where(Link.entry_id.in_(entries), waiting(), ~Link.blind).order_by(Link.entry_id, Link.id)):
        best = max(link.candidates or (), key=lambda c: c["probability"], default=None)
        if best is not None and (link.entry_id not in links or link.probability < links[link.entry_id][0].probability):
            links[link.entry_id] = link, best
    written: dict[int, dict[str, str]] = {}
    fields = select(Field.entry_id, Field.code, Field.value).where(Field.entry_id.in_(links), Field.code.in_(COMPARED))
    for entry_id, code, value in session.execute(fields):
        written.setdefault(entry_id, {})[code] = value
    people = {p.personal_id: p for p in session.scalars(
        select(Person).join(PopulationSnapshot, Person.snapshot_id == PopulationSnapshot.id)
        .where(PopulationSnapshot.state == "current", Person.personal_id.in_({best["personal_id"] for _, best in links.values()})))}
    out = {}
    for entry_id, (link, best) in links.items():
        why = compare(link.role, written.get(entry_id, {}), [best], people).rows[0].why
        if why is not None:
            out[entry_id] = link.role, why
    return out


def commune_name(code: str | None) -> str:
    """What people call the commune, with its district where it had one; the code itself where no list has it."""
    unit = default_gazetteer().unit(code) if code else None
    if unit is None:
        return code or ""
    return f"{unit.name}, {unit.district}" if unit.district else unit.name


def waited(came: datetime, now: datetime) -> Pair:
    """How long since the book came in, by the days of the Vietnamese calendar."""
    days = max((now.astimezone(VIETNAM).date() - came.astimezone(VIETNAM).date()).days, 0)
    if days == 0:
        return "hôm nay", "today"
    if days < 60:
        return f"{days} ngày", f"{days} day{'s' if days > 1 else ''}"
    return f"{days // 30} tháng", f"{days // 30} months"


def grouped(n: int, lang: str) -> str:
    """A count as it is written: 812.345, in English 812,345."""
    return f"{n:,}".replace(",", ".") if lang == "vi" else f"{n:,}"
