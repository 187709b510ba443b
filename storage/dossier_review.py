"""What a person makes of a dossier's fields: what is written by hand or could not be read is confirmed or mended before it is archived.

No lease: a dossier is one screen of work. Two people at once are told apart by the revision, which is a digest of the fields; the second
one reloads. Every step is an event with its values kept beside the log; the last one can be taken back until the dossier is archived.
"""
from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ocr.dossier import CONFIRM, FIELDS
from storage import events
from storage.access_log import REVIEW, log_access, told
from storage.changes import append_with_change, change_of
from storage.models import Batch, Dossier, Event, utc_now
from storage.policy import Actor, allowed, allows
from storage.review_errors import AlreadyDecided, ChangedMeanwhile, NoSuchDossier, NoSuchField, NothingToUndo

CONFIRMED = "daXacNhan"     # key of the list of fields that a person stood by
VERIFY, UNDO = "dossier.verify", "dossier.undo"
_MAX_VALUE = 2000           # characters of a field, and of a line of a list


@dataclass(frozen=True)
class WaitingDossier:
    """A dossier that a person must look at, without what it says. fields: codes to confirm."""

    dossier_id: int
    batch_id: str
    fields: tuple[str, ...]
    office: str | None


@dataclass(frozen=True)
class Step:
    """One step of a dossier's history. changed: fields whose value was another before; undone: it was taken back."""

    at: datetime
    actor: str
    changed: tuple[str, ...]
    undone: bool


def waiting(session: Session, actor: Actor, limit: int = 500) -> list[WaitingDossier]:
    """Dossiers with fields to confirm, oldest first, of the communes the actor may see."""
    query = sa.select(Dossier, Batch).join(Batch, Dossier.batch_id == Batch.id).where(Dossier.archive_id.is_(None))
    query = query.where(allowed(actor, "review", Batch.commune_code, Batch.kind))
    found = (WaitingDossier(d.id, b.id, tuple(d.fields[CONFIRM]), b.registry_office)
             for d, b in session.execute(query.order_by(Batch.created_at, Dossier.id)) if d.fields.get(CONFIRM))
    return [d for d, _ in zip(found, range(limit), strict=False)]


def next_dossier(session: Session, actor: Actor, after: int | None = None) -> int | None:
    """The next one that waits, after `after` if there is one, else from the beginning; `after` itself never."""
    ids = [d.dossier_id for d in waiting(session, actor) if d.dossier_id != after]
    return next((i for i in ids if after is not None and i > after), ids[0] if ids else None)


def visible_dossier(session: Session, actor: Actor, dossier_id: int, right: str = "review") -> Dossier:
    """Raises NoSuchDossier, also for one over which the actor has not the right."""
    dossier = session.get(Dossier, dossier_id)
    batch = session.get_one(Batch, dossier.batch_id) if dossier is not None else None
    if dossier is None or batch is None or not allows(actor, right, batch.commune_code, batch.kind):
        raise NoSuchDossier(dossier=dossier_id)
    return dossier


def revision(dossier: Dossier) -> str:
    """What the fields say, as a short digest: changes whenever they do."""
    text = json.dumps(dossier.fields, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def log_view(session: Session, actor: Actor, dossier: Dossier) -> None:
    """Write down that the dossier was looked at: which fields and what for, never their values."""
    log_access(session, actor, "record.view", f"dossier:{dossier.id}", REVIEW, fields=(f for f in FIELDS if dossier.fields.get(f)))


def confirm(session: Session, actor: Actor, dossier_id: int, values: Mapping[str, str | Sequence[str]], said: str) -> Dossier:
    """A person says: this is what the document says. values: of all fields that are to change, dates EDTF, `noiNhan` a list, "" or an empty
    list for what the document does not have; said: the revision that was looked at.

    Nothing is left to confirm afterwards. Raises NoSuchDossier, NoSuchField, ChangedMeanwhile, AlreadyDecided once it is archived.
    """
    dossier = _held(session, actor, dossier_id, said)
    for code, value in values.items():
        texts = [value] if isinstance(value, str) else list(value)
        if code not in FIELDS or (code == "noiNhan") == isinstance(value, str) or any(len(t) > _MAX_VALUE for t in texts):
            raise NoSuchField(entry=dossier_id, field=code[:60])
    before = dict(dossier.fields)
    typed = {c: v if isinstance(v, str) else list(v) for c, v in values.items()}
    after: dict[str, Any] = {c: v for c, v in (before | typed).items() if v}
    changed = sorted(c for c in FIELDS if after.get(c) != before.get(c))
    stood_by = {*before.get(CONFIRMED, ()), *after.pop(CONFIRM, ()), *changed}
    after[CONFIRMED] = sorted(stood_by)
    dossier.fields = after
    append_with_change(session, actor.name, VERIFY, f"dossier:{dossier_id}", {**told(actor), "fields": changed}, before, after)
    return dossier


def undo(session: Session, actor: Actor, dossier_id: int) -> Dossier:
    """Take back the actor's last confirmation of this dossier. Raises NothingToUndo, NoSuchDossier."""
    dossier = session.execute(sa.select(Dossier).where(Dossier.id == visible_dossier(session, actor, dossier_id).id)
                              .with_for_update().execution_options(populate_existing=True)).scalar_one()
    steps = _steps(session, dossier_id)
    undone = {e.detail["undoes"] for e in steps if e.action == UNDO}
    last = next((e for e in reversed(steps) if e.action == VERIFY and e.seq not in undone), None)
    if dossier.archive_id is not None or last is None or last.actor != actor.name:
        raise NothingToUndo(entry=dossier_id)
    change = change_of(session, last)
    if change["after"] != dossier.fields:
        raise ChangedMeanwhile(entry=dossier_id)
    dossier.fields = change["before"]
    events.append(session, actor.name, UNDO, f"dossier:{dossier_id}", {**told(actor), "undoes": last.seq, "action": VERIFY})
    return dossier


def history(session: Session, dossier_id: int) -> tuple[Step, ...]:
    """Who confirmed it when, oldest first."""
    steps = _steps(session, dossier_id)
    undone = {e.detail["undoes"] for e in steps if e.action == UNDO}
    return tuple(Step(e.at, e.actor, tuple(e.detail.get("fields", ())), e.seq in undone) for e in steps if e.action == VERIFY)


def kept_by_people(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """A dossier's new reading with what people stood by in the old one."""
    mine = [c for c in old.get(CONFIRMED, ()) if c in FIELDS]
    if not mine:
        return dict(new)
    out = {c: v for c, v in new.items() if c not in mine} | {c: old[c] for c in mine if old.get(c)}
    left = [c for c in new.get(CONFIRM, ()) if c not in mine]
    return {c: v for c, v in out.items() if c != CONFIRM} | ({CONFIRM: left} if left else {}) | {CONFIRMED: sorted(mine)}


def ready_to_archive(session: Session, dossier: Dossier, undo_seconds: float, now: datetime | None = None) -> bool:
    """Whether nothing is left to confirm and the time to take the last confirmation back is over."""
    if dossier.fields.get(CONFIRM):
        return False
    last = next((e for e in reversed(_steps(session, dossier.id)) if e.action == VERIFY), None)
    return last is None or (now or utc_now()) - last.at >= timedelta(seconds=undo_seconds)


def _held(session: Session, actor: Actor, dossier_id: int, said: str) -> Dossier:
    found = visible_dossier(session, actor, dossier_id)
    dossier = session.execute(sa.select(Dossier).where(Dossier.id == found.id).with_for_update()
                              .execution_options(populate_existing=True)).scalar_one()
    if dossier.archive_id is not None:
        raise AlreadyDecided(entry=dossier_id, status="archived")
    if said != revision(dossier):
        raise ChangedMeanwhile(entry=dossier_id)
    return dossier


def _steps(session: Session, dossier_id: int) -> list[Event]:
    query = sa.select(Event).where(Event.subject == f"dossier:{dossier_id}", Event.action.in_((VERIFY, UNDO))).order_by(Event.seq)
    return list(session.scalars(query))
