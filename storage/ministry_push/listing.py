"""How far the dossiers for the Ministry's software are: one, the list, how many at which stage, for those who may decide them."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.ministry_push.errors import DossierRefused, NoSuchPush
from storage.models import Batch, Entry, MinistryPush, Page
from storage.policy import Actor, allowed

LINES = 50
STATES = ("waiting", "held", "sent", "done", "dead")       # of a row
NEEDS_SOMEBODY = ("refused", "stuck")
OPEN = (*NEEDS_SOMEBODY, "held", "waiting", "accepted")
STAGES = (*OPEN, "finished")
RESULT = ("soDangKy", "quyenSo", "trangSo", "ngayDangKy")       # of the Ministry's result what is nobody's own


@dataclass(frozen=True)
class Line:
    """A dossier in the list, with the register number of its entry."""

    push: MinistryPush
    kind: str
    number: str | None
    year: int | None

    @property
    def stage(self) -> str:
        return stage_of(self.push)


def stage_of(push: MinistryPush) -> str:
    """Of STAGES: refused by the Ministry for its data; stuck: given up for another reason; held by somebody; waiting to be sent; accepted
    there; finished, with a result."""
    if push.state == "dead":
        return "refused" if push.problem == DossierRefused.code else "stuck"
    return {"sent": "accepted", "done": "finished"}.get(push.state, push.state)


def pushes(session: Session, state: str | None = None, limit: int = 200) -> list[MinistryPush]:
    """All there are, the newest first, for the command line. state: as the row has it."""
    query = sa.select(MinistryPush).order_by(MinistryPush.id.desc()).limit(limit)
    return list(session.scalars(query.where(MinistryPush.state == state) if state else query))


def visible_push(session: Session, actor: Actor, push_id: int) -> Line:
    """Raises NoSuchPush either way it is not there for them."""
    row = session.execute(_seen(actor).where(MinistryPush.id == push_id)).first()
    if row is None:
        raise NoSuchPush(dossier=str(push_id))
    return Line(*row)


def listed(session: Session, actor: Actor, stage: str = "", start: int = 0, limit: int = LINES) -> Sequence[Line]:
    """Those the actor may decide: what needs somebody first, then the newest. Without a stage those that are not finished."""
    query = _seen(actor).where(_at(stage) if stage in STAGES else MinistryPush.state != "done")
    order = sa.case((MinistryPush.state == "dead", 0), (MinistryPush.state == "held", 1), (MinistryPush.state == "waiting", 2), else_=3)
    return [Line(*row) for row in session.execute(query.order_by(order, MinistryPush.id.desc()).offset(start).limit(limit))]


def of_entry(session: Session, actor: Actor, entry_id: int) -> Sequence[Line]:
    """The dossiers of one entry that the actor may decide, the newest first."""
    return [Line(*row) for row in session.execute(_seen(actor).where(MinistryPush.entry_id == entry_id).order_by(MinistryPush.id.desc()))]


def counts(session: Session, actor: Actor) -> dict[str, int]:
    """How many dossiers at each stage the actor may decide."""
    seen = _seen(actor).with_only_columns(MinistryPush.state, MinistryPush.problem, sa.func.count()).group_by(
        MinistryPush.state, MinistryPush.problem)
    found = dict.fromkeys(STAGES, 0)
    for state, problem, number in session.execute(seen):
        found[stage_of(MinistryPush(state=state, problem=problem))] += number
    return found


def push_of_dossier(session: Session, dossier: str, agency: str) -> MinistryPush | None:
    """For a program that was told the dossier's code. agency: the code of the program's agency, which is how its dossiers' codes and those
    of the offices below it begin; empty: of any."""
    if agency and not dossier.casefold().startswith((f"{agency}-".casefold(), f"{agency}.".casefold())):
        return None
    return session.scalar(sa.select(MinistryPush).where(MinistryPush.dossier == dossier))


def _seen(actor: Actor) -> sa.Select[Any]:
    columns: tuple[Any, ...] = (MinistryPush, Entry.kind, Entry.number, Entry.year)
    return sa.select(*columns).join(Entry, Entry.id == MinistryPush.entry_id).join(
        Page, Page.id == Entry.page_id).join(Batch, Batch.id == Page.batch_id).where(
        allowed(actor, "approve", Batch.commune_code, Entry.kind))


def _at(stage: str) -> sa.ColumnElement[bool]:
    dead = MinistryPush.state == "dead"
    if stage == "refused":
        return sa.and_(dead, MinistryPush.problem == DossierRefused.code)
    if stage == "stuck":
        return sa.and_(dead, MinistryPush.problem != DossierRefused.code)
    return MinistryPush.state == {"accepted": "sent", "finished": "done"}.get(stage, stage)
