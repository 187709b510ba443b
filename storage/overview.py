"""Figures about what is kept: batches, pages, entries, links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.models import ArchivePackage, Batch, Entry, Link, Page, StoredObject


@dataclass(frozen=True)
class BatchFigures:
    """review: entries that wait for a person, those read clearly that only need confirming included."""

    id: str
    kind: str | None
    form: str | None
    pages: int
    read: int
    set_aside: int
    review: int
    verified: int
    archived: int


@dataclass(frozen=True)
class Figures:
    """Over all batches. accepted, to_review: links; objects: in the store; packages: in the archive."""

    batches: int
    pages: int
    read: int
    set_aside: int
    entries: int
    accepted: int
    to_review: int
    verified: int
    archived: int
    objects: int
    packages: int


def batches(session: Session) -> list[BatchFigures]:
    """One row a batch, oldest first."""
    pages = _grouped(session, sa.select(Page.batch_id, Page.state, sa.func.count()).group_by(Page.batch_id, Page.state))
    entries = _grouped(
        session,
        sa.select(Page.batch_id, Entry.status, sa.func.count()).join(Page, Entry.page_id == Page.id).group_by(Page.batch_id, Entry.status),
    )
    out = []
    for batch in session.scalars(sa.select(Batch).order_by(Batch.created_at, Batch.id)):
        p, e = pages.get(batch.id, {}), entries.get(batch.id, {})
        out.append(
            BatchFigures(
                batch.id,
                batch.kind,
                batch.form,
                sum(p.values()),
                p.get("read", 0),
                p.get("set_aside", 0),
                e.get("review", 0) + e.get("draft", 0),
                e.get("verified", 0),
                e.get("archived", 0),
            )
        )
    return out


def figures(session: Session) -> Figures:
    """Sums over everything."""
    rows = batches(session)

    def count(query: sa.Select[Any]) -> int:
        return session.scalar(query) or 0

    links = sa.select(sa.func.count()).select_from(Link)
    return Figures(
        batches=len(rows),
        pages=sum(r.pages for r in rows),
        read=sum(r.read for r in rows),
        set_aside=sum(r.set_aside for r in rows),
        entries=count(sa.select(sa.func.count()).select_from(Entry)),
        accepted=count(links.where(Link.decision == "accept")),
        to_review=count(links.where(Link.decision == "review")),
        verified=sum(r.verified for r in rows),
        archived=sum(r.archived for r in rows),
        objects=count(sa.select(sa.func.count()).select_from(StoredObject).where(StoredObject.state == "stored")),
        packages=count(sa.select(sa.func.count()).select_from(ArchivePackage)),
    )


def _grouped(session: Session, query: sa.Select[*tuple[Any, ...]]) -> dict[str, dict[str, int]]:
    out: dict[str, dict[str, int]] = {}
    for batch_id, state, number in session.execute(query).tuples():
        out.setdefault(batch_id, {})[state] = number
    return out
