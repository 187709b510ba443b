"""How pages look, measured as soon as they are here, before they are read: kept by content, so that a page is looked at once."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ocr.quality import SAME_SCAN
from storage.models import Page, PageLook
from storage.page_work import work_of

_MOST_COMPARED = 600        # pages of a book compared each with each; beyond that with their neighbours only
_NEIGHBOURS = 12


@dataclass(frozen=True)
class Look:
    """What is known of a page's picture now: as it was read, else as it arrived. measured: there is anything to say at all."""

    measured: bool = False
    verdict: str | None = None          # good poor retake
    reasons: tuple[str, ...] = ()       # codes of ocr.quality.REASONS
    turn: int = 0                       # how the machine turned it, 0 if a person did
    spread: bool = False
    hash: str = ""
    like: frozenset[str] = field(default_factory=frozenset)         # content of pages near it that show the same sheet


def looks_of(session: Session, pages: Sequence[Page]) -> Mapping[int, Look]:
    """Page id -> look, for each of the pages."""
    kept = {(row.sha256, row.frame): row.look for row in _rows(session, {p.sha256 for p in pages})}
    work = work_of(session, [p.id for p in pages])
    return {p.id: _look(p, kept.get((p.sha256, p.frame)), p.id in work and (work[p.id].turn is not None or work[p.id].corners is not None))
            for p in pages}


def to_look_at(session: Session, pages: Iterable[Page]) -> dict[int, Mapping[str, Any] | None]:
    """Ids of the pages still to be looked at or compared with their neighbours -> what is kept of their look already."""
    pages = [p for p in pages if p.original_key is not None and p.media_type is not None]
    kept = {(row.sha256, row.frame): row.look for row in _rows(session, {p.sha256 for p in pages})}
    looks = {p.id: kept.get((p.sha256, p.frame)) for p in pages}
    return {i: look for i, look in looks.items() if look is None or "like" not in look}


def keep_look(session: Session, sha256: str, frame: int, look: Mapping[str, Any]) -> None:
    """Kept once for its content; a look with more in it (`like`) takes the place of one with less."""
    row = session.get(PageLook, (sha256, frame))
    if row is None:
        session.add(PageLook(sha256=sha256, frame=frame, look=dict(look)))
    elif set(look) > set(row.look):
        row.look = dict(look)
    session.flush()


def look_alikes(pages: Sequence[Page], looks: Mapping[int, Look]) -> list[tuple[int, int]]:
    """(earlier, later) ids of pages that seem to show one sheet, each later page once: one scan saved twice, or photographed twice in a
    row. `pages` in the order of the book."""
    bits = [int(looks[p.id].hash, 16) if looks[p.id].hash else None for p in pages]
    pairs = []
    reach = len(pages) if len(pages) <= _MOST_COMPARED else _NEIGHBOURS
    for n, page in enumerate(pages):
        mine, size = bits[n], 4 * len(looks[page.id].hash)
        for m in range(max(n - reach, 0), n):
            other = bits[m]
            same = mine is not None and other is not None and (mine ^ other).bit_count() <= SAME_SCAN * size
            if page.sha256 != pages[m].sha256 and (same or pages[m].sha256 in looks[page.id].like):
                pairs.append((pages[m].id, page.id))
                break
    return pairs


def _rows(session: Session, hashes: set[str]) -> list[PageLook]:
    wanted = sorted(hashes - {""})
    rows: list[PageLook] = []
    for start in range(0, len(wanted), 500):
        rows += session.scalars(sa.select(PageLook).where(PageLook.sha256.in_(wanted[start:start + 500]))).all()
    return rows


def _look(page: Page, kept: Mapping[str, Any] | None, worked: bool) -> Look:
    arrived: Mapping[str, Any] = kept or {}
    now: Mapping[str, Any] = page.quality or ({} if worked else arrived)        # a page cut or turned is judged anew when it is read
    turn = 0 if worked else page.rotation if page.state == "read" else int(arrived.get("turn", 0))
    blank = bool(now.get("blank"))
    return Look(bool(now), now.get("verdict"), tuple(now.get("reasons") or ()), turn, bool(arrived.get("spread")) and not worked,
                "" if blank else str(arrived.get("hash", "")), frozenset(arrived.get("like") or ()))
