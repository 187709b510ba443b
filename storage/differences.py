"""A third person settles what two have written differently: both versions beside the image, without names, and which side is whose changes
from field to field."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy.orm import Session

from storage import events
from storage.changes import change_of
from storage.check_policy import draw
from storage.entry_versions import Values, keep_version, values_of, version, withdraw
from storage.field_differences import FIELD, LINK, same, still_open
from storage.field_writing import restore_field, writable, write_field
from storage.links import one_at_a_time
from storage.models import CheckHand, Entry, Event, SecondCheck, utc_now
from storage.policy import Actor
from storage.review_errors import DifferencesOpen, HadAHand, NoDifference, NoSuchField, NotAllowed
from storage.review_links import name_person, undo_link
from storage.review_queue import LEASE_TIME, lease, release
from storage.review_steps import append, hold
from storage.second_check_queue import may_settle
from storage.verified_values import note_decision

Side = Literal["left", "right", "other"]
_MAX_VALUE = 2000


@dataclass(frozen=True)
class Difference:
    """key: `field:CODE` or `link:ROLE`. left, right: the two versions; for a person the number, None: nobody."""

    key: str
    left: str | None
    right: str | None

    @property
    def is_link(self) -> bool:
        return self.key.startswith(LINK)

    @property
    def name(self) -> str:
        """The field's code, or the role."""
        return self.key.partition(":")[2]


@dataclass(frozen=True)
class Pick:
    """What the third person says of one difference. value: only for `other`; a person's number, None: nobody."""

    side: Side
    value: str | None = None


def take(session: Session, actor: Actor, entry_id: int, duration: timedelta = LEASE_TIME) -> tuple[Entry, tuple[Difference, ...]]:
    """Hold an entry whose versions differ. Raises NoDifference, HadAHand, NotAllowed and what `lease` raises."""
    entry = lease(session, actor, entry_id, duration)
    return entry, _differences(session, _differing(session, actor, entry))


def settle(session: Session, actor: Actor, entry_id: int, picks: Mapping[str, Pick], *, revision: int | None = None,
           now: datetime | None = None) -> Entry:
    """Make the picks the entry's values; every difference needs one. Raises DifferencesOpen, NoSuchField, NoSuchCandidate and as `take`."""
    one_at_a_time(session)
    now = now or utc_now()
    entry = hold(session, actor, entry_id, revision, ("verified",))
    check = _differing(session, actor, entry)
    differences = _differences(session, check)
    unknown = sorted(set(picks) - {d.key for d in differences})
    if unknown:
        raise NoSuchField(entry=entry_id, field=unknown[0][:60])
    left = [d for d in differences if d.key not in picks]
    if left:
        raise DifferencesOpen(entry=entry_id, count=len(left))
    first, second = _two(session, entry_id)
    written: dict[str, Any] = {}
    outcome, said_links = dict(check.outcome), []
    for d in differences:
        value = _value(d, picks[d.key])
        outcome[d.key] = _whose(d, value, first, second)
        if d.is_link:
            if value != first.links.get(d.name):
                said_links.append(name_person(session, actor, entry, d.name, value).seq)
        elif outcome[d.key] != "first":
            if not writable(entry, d.name) or len(value or "") > _MAX_VALUE:
                raise NoSuchField(entry=entry_id, field=d.name[:60])
            written[d.name], _ = write_field(session, entry, d.name, value or "", None)
    check.outcome, check.state, check.settled_by, check.done_at = outcome, "settled", actor.name, now
    note_decision(session, entry)
    settled = values_of(entry)
    event = append(session, actor, "difference.settle", entry, {"settled": [d.name for d in differences]},
                   {"fields": written, "link_events": said_links}, settled.as_dict())
    keep_version(session, entry_id, "settled", actor.name, now, settled, event.seq)
    session.flush()
    release(session, actor, entry_id)
    return entry


def undo_settle(session: Session, entry: Entry, event: Event, before: Any) -> None:
    """Put the values back as the first person had them; the differences wait again."""
    check = session.get_one(SecondCheck, entry.id)
    for code, row in reversed(before["fields"].items()):
        restore_field(session, entry, code, row)
    for seq in reversed(before["link_events"]):
        said = session.get_one(Event, seq)
        undo_link(session, entry, said, change_of(session, said)["before"])
        events.append(session, event.actor, "decision.undo", f"entry:{entry.id}",
                      {"undoes": seq, "action": said.action, "revision": entry.revision})
    check.outcome = {key: "open" if key.partition(":")[2] in event.detail["settled"] and what in ("first", "second", "other") else what
                     for key, what in check.outcome.items()}
    check.state, check.settled_by, check.done_at = "differs", None, None
    withdraw(session, entry.id, "settled")


def _differing(session: Session, actor: Actor, entry: Entry) -> SecondCheck:
    check = session.get(SecondCheck, entry.id, populate_existing=True)
    if check is None or check.state != "differs" or entry.status != "verified":
        raise NoDifference(entry=entry.id)
    if not may_settle(actor, entry):
        raise NotAllowed(actor=actor.name)
    if session.get(CheckHand, (entry.id, actor.name)) is not None:
        raise HadAHand(entry=entry.id)
    return check


def _differences(session: Session, check: SecondCheck) -> tuple[Difference, ...]:
    first, second = _two(session, check.entry_id)
    out = []
    for key in still_open(check.outcome):
        name = key.partition(":")[2]
        sides = [v.links.get(name) if key.startswith(LINK) else v.fields.get(name, "") for v in (first, second)]
        if draw(session, f"side:{check.entry_id}:{key}") < 0.5:
            sides.reverse()
        out.append(Difference(key, *sides))
    return tuple(out)


def _two(session: Session, entry_id: int) -> tuple[Values, Values]:
    first, second = version(session, entry_id, "check1"), version(session, entry_id, "check2")
    assert first is not None and second is not None
    return first.values, second.values


def _value(d: Difference, pick: Pick) -> str | None:
    return d.left if pick.side == "left" else d.right if pick.side == "right" else (pick.value or None) if d.is_link else pick.value or ""


def _whose(d: Difference, value: str | None, first: Values, second: Values) -> str:
    """Whose version the settled value is, also where it was typed anew."""
    for whose, values in (("first", first), ("second", second)):
        if d.is_link:
            if values.links.get(d.name) == value:
                return whose
        elif same(values.fields.get(d.name, ""), value or ""):
            return whose
    return "other"


__all__ = ["FIELD", "LINK", "Difference", "Pick", "settle", "take", "undo_settle"]
