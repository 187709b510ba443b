"""Which batches have work waiting, and which."""
from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from pipelines.archiving import due_entries
from pipelines.page_reading import DOSSIER
from pipelines.services import Services
from storage.dossier_review import ready_to_archive
from storage.intake import READ, RECEIVED, STORED
from storage.models import Batch, Dossier, Page, utc_now
from storage.population_links import batches_to_recheck
from storage.readings import current_snapshot, progress_of
from storage.verified_values import Decisions, decisions_of, has_open_entries

PAUSE = timedelta(seconds=60)      # without a decision in a book, after which the rest of it is settled again
MUCH = 40                           # decisions after which it is settled again without a pause


@dataclass(frozen=True)
class Pending:
    """why: what waits, some of take_in read settle link archive. mark: changes with what waits: a failed run is not begun for ever."""

    batch_id: str
    why: tuple[str, ...]
    mark: str


def pending_batches(services: Services, only: str | None = None) -> list[Pending]:
    """Batches with work waiting, oldest first."""
    due: dict[str, int] = {}
    for batch_id, _ in due_entries(services, only):
        due[batch_id] = due.get(batch_id, 0) + 1
    with services.database.reading() as session:
        query = sa.select(Batch).order_by(Batch.created_at, Batch.id)
        batches = session.scalars(query if only is None else query.where(Batch.id == only)).all()
        snapshot, again = current_snapshot(session), batches_to_recheck(session)
        counts: dict[str, dict[str, int]] = {}
        states_of = sa.select(Page.batch_id, Page.state, sa.func.count()).group_by(Page.batch_id, Page.state)
        for batch_id, state, number in session.execute(states_of):
            counts.setdefault(batch_id, {})[state] = number
        archived = set(session.scalars(sa.select(Dossier.batch_id).where(Dossier.archive_id.is_not(None))))
        archived |= {d.batch_id for d in session.scalars(sa.select(Dossier).where(Dossier.archive_id.is_(None)))
                     if not ready_to_archive(session, d, services.archive.undo_seconds)}        # a person comes first
        out = []
        for batch in batches:
            states, done = counts.get(batch.id, {}), progress_of(session, batch.id)
            why = [name for state, name in ((RECEIVED, "take_in"), (STORED, "read")) if states.get(state)]
            decided = decisions_of(session, batch.id)
            told = batch.kind != DOSSIER and _told_enough(decided, int(done.get("decisions", "0"))) and has_open_entries(session, batch.id)
            changed = done.get("changes", "0") != done.get("changes_heard", "0")
            if "read" in why or done.get("pages", "0") != str(states.get(READ, 0)) or told or changed:
                why.append("settle")
            elif batch.kind != DOSSIER and states.get(READ) and (
                    batch.id in again or done.get("linked") != link_mark(done, snapshot is not None)):
                why.append("link")
            if due.get(batch.id) or (batch.kind == DOSSIER and states.get(READ) and batch.id not in archived):
                why.append("archive")
            if why:
                waiting = (batch.content_hash, sorted(states.items()), done, snapshot.version if snapshot else 0, due.get(batch.id, 0),
                           decided.made if told else 0)
                out.append(Pending(batch.id, tuple(why), hashlib.sha256(repr(waiting).encode()).hexdigest()[:24]))
    return out


def _told_enough(decided: Decisions, heard: int) -> bool:
    """Whether what people decided since the book was settled last is to be heard now: settling takes seconds, so it waits until they pause
    or have decided much."""
    if decided.made == heard or decided.last is None:
        return False
    return decided.made - heard >= MUCH or utc_now() - decided.last >= PAUSE


def link_mark(done: dict[str, str], population: bool) -> str:
    """What all links of a batch depend on: its settled readings, and whether there is a population at all. What a new snapshot changes
    about single people is asked of `storage.population_links`."""
    return f"{done.get('settled')}/{'population' if population else ''}"
