"""Reads the pages of a batch that wait to be read: out to the reading processes, each result into the ledger as it comes."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from ocr.extraction import Expectation
from ocr.page_cut import Corners, parse_corners
from pipelines.page_pool import PagePool
from pipelines.page_task import PageResult, PageTask
from pipelines.progress import Progress
from pipelines.services import Services
from records.filenames import parse_folder_name, parse_page_name
from storage.intake import READ, RECEIVED, SET_ASIDE, STORED, original_key
from storage.models import Batch, Page, PageWork
from storage.page_work import work_of
from storage.readings import lattice_key, save_reading, set_page_aside

DOSSIER = "HS"
STAGE = ("Đọc trang", "Reading pages")


@dataclass(frozen=True)
class LedgerCount:
    """Pages of a batch by state."""

    received: int
    stored: int
    read: int
    set_aside: int

    @property
    def total(self) -> int:
        return self.received + self.stored + self.read + self.set_aside


def count_pages(services: Services, batch_id: str) -> LedgerCount:
    with services.database.reading() as session:
        rows = session.execute(sa.select(Page.state, sa.func.count()).where(Page.batch_id == batch_id).group_by(Page.state))
        counts = Counter({state: number for state, number in rows})
    return LedgerCount(counts[RECEIVED], counts[STORED], counts[READ], counts[SET_ASIDE])


def read_batch(services: Services, batch_id: str, progress: Progress) -> LedgerCount:
    """Read every stored page of the batch; returns the ledger afterwards. Raises page_pool.ReaderBroken when no page is to blame."""
    tasks = list(waiting_tasks(services, batch_id))
    progress.stage(STAGE, len(tasks))
    load = partial(load_original, services)
    if tasks:
        asked = {t.page_id: t for t in tasks}
        with PagePool(services.reading, load) as pool:
            for result in pool.read(tasks):
                keep(services, result, asked[result.page_id])
                progress.advance()
    return count_pages(services, batch_id)


def waiting_tasks(services: Services, batch_id: str) -> Iterator[PageTask]:
    """One task a stored page, in the order of the book, so that sheets of one file travel together."""
    with services.database.reading() as session:
        batch = session.get_one(Batch, batch_id)
        waiting = sa.select(Page).where(Page.batch_id == batch_id, Page.state == STORED)
        pages = session.scalars(waiting.order_by(Page.file, Page.frame)).all()
        wanted = work_of(session, [p.id for p in pages])
    for page in pages:
        turn, corners = _wanted(wanted.get(page.id))
        yield PageTask(page.id, page.sha256, page.media_type or "", page.frame, services.reading.dpi, expect(batch, page.file),
                       print_only=batch.declared.get("loai") == DOSSIER, turn=turn, corners=corners)


def _wanted(work: PageWork | None) -> tuple[int | None, Corners | None]:
    """How a person wants the page read: turned, and which part of it."""
    return (None, None) if work is None else (work.turn, parse_corners(work.corners) if work.corners else None)


def expect(batch: Batch, file: str) -> Expectation:
    """What is known of a page before it is read: only what a person declared and what its own name says.

    Never what other pages gave, so that a page reads the same whenever it is read.
    """
    said, name, folder = batch.declared, parse_page_name(file), parse_folder_name(batch.id.partition("~")[0])
    kind = said.get("loai") or (name.kind if name else folder.kind if folder else None)
    year = (name.registered_year if name else None) or said.get("nam") or (name.year if name else folder.year if folder else None)
    book_number = said.get("quyenSo") or (name.book_number if name else None)
    return Expectation(kind=kind, form=said.get("mau") or None, year=year, book_number=book_number,
                       registry_office=said.get("noiDangKy") or None, file_number=name.number if name else None)


def load_original(services: Services, sha256: str) -> bytes:
    return services.objects.get("archive", original_key(sha256))


def keep(services: Services, result: PageResult, task: PageTask) -> None:
    """Put the page's lattices in the store, then its result in the ledger in one transaction; a page that was turned or cut anew while it
    was being read stays waiting."""
    key = None
    if result.lattices is not None:
        key = services.ledger.put("work", lattice_key(result.lattices), result.lattices, "application/x-npz")
    with services.database.session() as session:
        if _wanted(work_of(session, [task.page_id]).get(task.page_id)) != (task.turn, task.corners):
            return
        if result.reading is None:
            set_page_aside(session, result.page_id, result.reason or "damaged", result.evidence, result.quality)
        else:
            save_reading(session, result.page_id, result.reading, width=result.width, height=result.height, dpi=result.dpi,
                         quality=result.quality, lattices=key)
