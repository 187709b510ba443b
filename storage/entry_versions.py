"""What an entry said at each stage: as the machine read it, after the first check, after the second, as settled.

Versions are kept for entries that had, or wait for, a second check. For any other the log says the same: every change by a person has its
values before and after beside it (storage.changes).
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.changes import change_of
from storage.field_writing import FIELD
from storage.link_states import waits
from storage.models import Entry, EntryVersion, Event, Link
from storage.review_links import LINK
from storage.review_steps import kept

STAGES = ("entry", "check1", "check2", "settled")
_CHANGES = ("field.correct", "link.decide", "link.exclude")


@dataclass(frozen=True)
class Values:
    """What is written, by field code, and who the people are, by role (None: nobody in the population)."""

    fields: Mapping[str, str]
    links: Mapping[str, str | None]

    def as_dict(self) -> dict[str, Any]:
        return {"fields": dict(self.fields), "links": dict(self.links)}


@dataclass(frozen=True)
class Version:
    stage: str
    by: str
    at: datetime
    values: Values


@dataclass(frozen=True)
class FirstReading:
    """The machine's reading before any person: rows of fields and links as dicts. first_seq: the log's row of the first change."""

    fields: Mapping[str, Mapping[str, Any]]
    links: Mapping[str, Mapping[str, Any]]
    first_seq: int | None

    @property
    def values(self) -> Values:
        return Values({c: f["value"] for c, f in self.fields.items()},
                      {r: x["personal_id"] if x["decision"] == "accept" else None for r, x in self.links.items()})

    @property
    def risk(self) -> float:
        """Expected number of errors in it: what an entry is weighed by when people's work on easy and hard ones is compared."""
        open_links = [x for x in self.links.values() if x["decision"] == "review"]
        return round(sum(1.0 - f["confidence"] for f in self.fields.values()) + sum(1.0 - x["probability"] for x in open_links), 4)


def first_reading(session: Session, entry: Entry) -> FirstReading:
    """Raises ValueError if the log's kept values were altered."""
    query = sa.select(Event).where(Event.subject == f"entry:{entry.id}", Event.action.in_(_CHANGES)).order_by(Event.seq)
    fields: dict[str, Mapping[str, Any] | None] = {f.code: kept(f, FIELD) for f in entry.fields}
    links: dict[str, Mapping[str, Any] | None] = {x.role: kept(x, LINK) for x in entry.links}
    seen: set[tuple[str, str]] = set()
    first_seq = None
    for event in session.scalars(query):
        first_seq = first_seq or event.seq
        key = ("field", event.detail["field"]) if event.action == "field.correct" else ("link", event.detail["role"])
        if key not in seen:
            seen.add(key)
            (fields if key[0] == "field" else links)[key[1]] = change_of(session, event)["before"]
    return FirstReading({c: f for c, f in fields.items() if f is not None}, {r: x for r, x in links.items() if x is not None}, first_seq)


def values_of(entry: Entry) -> Values:
    """What the entry says now."""
    return Values({f.code: f.value for f in entry.fields}, {x.role: answer_of(x) for x in entry.links})


def answer_of(link: Link) -> str | None:
    """Whom a link names; None where it names nobody, or nobody has said yet."""
    return link.personal_id if link.decision == "accept" and not waits(link) else None


def keep_version(session: Session, entry_id: int, stage: str, by: str, at: datetime, values: Values, seq: int) -> None:
    session.add(EntryVersion(entry_id=entry_id, stage=stage, by=by, at=at, event_seq=seq, values=values.as_dict()))


def withdraw(session: Session, entry_id: int, *stages: str) -> None:
    """These stages were taken back; their versions stay, marked."""
    session.execute(sa.update(EntryVersion).where(EntryVersion.entry_id == entry_id, EntryVersion.stage.in_(stages))
                    .values(withdrawn=True))


def version(session: Session, entry_id: int, stage: str) -> Version | None:
    """The stage's version that holds."""
    return next((v for v in kept_versions(session, entry_id) if v.stage == stage), None)


def kept_versions(session: Session, entry_id: int) -> Sequence[Version]:
    rows = session.scalars(sa.select(EntryVersion).where(EntryVersion.entry_id == entry_id, ~EntryVersion.withdrawn)
                           .order_by(EntryVersion.id))
    return [Version(r.stage, r.by, r.at, Values(r.values["fields"], r.values["links"])) for r in rows]


def versions(session: Session, entry: Entry) -> Sequence[Version]:
    """The entry at each of its stages so far, oldest first, whether or not it was asked to be checked twice."""
    rows = kept_versions(session, entry.id)
    if rows:
        return rows
    out = [Version("entry", "sogoc", entry.page.updated_at, first_reading(session, entry).values)]
    if entry.verified_by is not None and entry.verified_at is not None:
        out.append(Version("check1", entry.verified_by, entry.verified_at, values_of(entry)))
    return out
