"""Everything of one person: the archived records in which a number stands, or an accepted link names them, in whatever part."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from storage.policy import Actor
from storage.search import SUBJECT_ROLES, SearchHit, by_personal_number

_FAMILY = ("me", "cha", "vo", "chong")


@dataclass(frozen=True)
class PersonRecord:
    """own: the record is about the person, or about their child or spouse; of others (a declarant, a guardian's witness) only that it is
    there may be told."""

    hit: SearchHit
    own: bool


def person_records(session: Session, personal_id: str, kinds: Collection[str], *, actor: Actor | None = None) -> list[PersonRecord]:
    """In the order of years, 50 at most."""
    hits = by_personal_number(session, personal_id, kinds, actor=actor, all_roles=True)
    return [PersonRecord(h, any(r in SUBJECT_ROLES.get(h.kind, ()) or r in _FAMILY for r in h.roles)) for h in hits]
