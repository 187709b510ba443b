"""An administrative dossier: its fields from its printed words, then its package in the archive."""
from __future__ import annotations

import sqlalchemy as sa

from ocr.reading import PrintedWord
from pipelines.page_reading import DOSSIER
from pipelines.services import Services
from storage import archive, events
from storage.dossier_review import kept_by_people, ready_to_archive
from storage.models import Batch, Dossier, Page
from storage.readings import draft_records, fingerprint, mark_progress, progress_of, read_pages


def page_words(page: Page) -> list[PrintedWord]:
    """The printed words of a page as they are kept."""
    return [PrintedWord(text, (int(x0), int(y0), int(x1), int(y1)), 1.0, 0) for text, x0, y0, x1, y1 in page.text or []]


def settle_dossier(services: Services, batch_id: str) -> dict[str, object]:
    """Find the dossier's fields and keep them; the same pages give the same fields. An archived dossier is left as it is."""
    from ocr.dossier import read_dossier, with_hand

    with services.database.reading() as session:
        before = progress_of(session, batch_id)
        pages = read_pages(session, batch_id)
        mark = fingerprint(pages)
        row = session.scalar(sa.select(Dossier).where(Dossier.batch_id == batch_id))
        changes = before.get("changes", "0")
    if row is not None and (before.get("settled") == mark or row.archive_id is not None):
        if before.get("changes_heard", "0") != changes:
            with services.database.session() as session:
                mark_progress(session, batch_id, changes_heard=changes)
        return dict(row.fields)
    hand = next((r.fields for p in pages[:1] for r in draft_records(p) if r.kind == DOSSIER), {})
    fields: dict[str, object] = dict(with_hand(read_dossier([page_words(p) for p in pages]), hand))
    with services.database.session() as session:
        row = session.scalar(sa.select(Dossier).where(Dossier.batch_id == batch_id)) or Dossier(batch_id=batch_id)
        row.fields = fields = kept_by_people(row.fields or {}, fields)
        session.add(row)
        session.get_one(Batch, batch_id).kind = DOSSIER
        mark_progress(session, batch_id, settled=mark, pages=str(len(pages)), changes_heard=changes)
        events.append(session, "sogoc", "dossier.settle", f"batch:{batch_id}", {"fields": sorted(k for k, v in fields.items() if v)})
    return fields


def archive_dossier(services: Services, batch_id: str) -> int:
    """Archive the dossier if it is not yet and no person is needed first; how many packages it has."""
    with services.database.reading() as session:
        row = session.scalar(sa.select(Dossier).where(Dossier.batch_id == batch_id))
        if row is None or (row.archive_id is None and not ready_to_archive(session, row, services.archive.undo_seconds)):
            return 0
    if row.archive_id is None:
        archive.archive_dossier(services.database, services.ledger, services.signer, services.archive, row.id, "sogoc")
    return 1
