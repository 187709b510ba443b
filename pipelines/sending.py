"""A book that the commune sent goes from its node to the hub: files and what was done to them, by the exchange of sync; and what the
province then makes of it comes back."""
from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from pydantic import ValidationError

from pipelines.services import HubOptions, Services
from storage.book_making import ABOUT
from storage.book_news import MOST_BOOKS, BookNews, books_at_hub, take_news
from storage.book_transfer import WORK_FILE, pages_to_send, told_of
from storage.book_way import note_step, state_of, step
from storage.models import Batch, BookStep, BookWork
from sync.errors import Refused
from sync.http_transport import HttpTransport
from sync.hub import Hub, push_to
from sync.journal import Journal
from sync.pace import Patience
from sync.sender import Source, source_of

BY = "sogoc"


def send_to_hub(services: Services, hub: HubOptions, batch_id: str, patience: Patience | None = None,
                progress: Callable[[int, int], None] | None = None) -> bool:
    """Push the book and note the hub's receipt; False if it is not on its way. Killed and begun again it sends only what is lacking.

    Raises SyncError when patience ends or the hub refuses, OSError for the secret's file.
    """
    with services.database.reading() as session:
        if state_of(session, batch_id) != "sent":
            return False
    folder = services.scratch / "send" / hashlib.sha256(batch_id.encode()).hexdigest()[:24]
    source = stage(services, batch_id, folder)
    where = _hub(hub)
    _, receipt = push_to(where, Journal(services.home / "sync"), source, folder, patience or Patience(), progress)
    shutil.rmtree(folder, ignore_errors=True)
    with services.database.session() as session:
        if state_of(session, batch_id) == "sent":
            note_step(session, batch_id, "pushed", BY, str(receipt["outcome"]["batch"]))      # what the hub calls it
            step(session, batch_id, "received", BY)
    return True


def hear_from_hub(services: Services, hub: HubOptions) -> int:
    """Ask what became of the books the hub has, and note it here; how many came back or are done. Raises SyncError, OSError."""
    with services.database.reading() as session:
        books = sorted(books_at_hub(session))
    if not books:
        return 0
    where, changed = _hub(hub), 0
    for start in range(0, len(books), MOST_BOOKS):
        with HttpTransport(where.url, where.client, where.secret) as transport:
            said = transport.ask("/sync/books", {"books": books[start:start + MOST_BOOKS]})
        try:
            news = [BookNews.model_validate(n) for n in said["books"]]
        except (ValidationError, KeyError, TypeError):
            raise Refused(other="books", said="") from None
        with services.database.session() as session:
            changed += take_news(session, news, BY)
    return changed


def _hub(hub: HubOptions) -> Hub:
    return Hub(hub.url, hub.client, hub.secret_file.read_text("utf-8").strip(), hub.kilobytes_per_second)


def stage(services: Services, batch_id: str, folder: Path) -> Source:
    """The book as files in `folder`, the same each time; a file with several pages once."""
    folder.mkdir(parents=True, exist_ok=True)
    with services.database.reading() as session:
        batch = session.get_one(Batch, batch_id)
        files = {p.file: (p.original_key or "", p.size) for p in pages_to_send(session, batch_id)}
        told = told_of(session, batch_id)
        known = {"loai": batch.kind, "nam": batch.year, "quyenSo": batch.book_number, "noiDangKy": batch.registry_office, "mau": batch.form}
        about = {k: batch.declared.get(k) or known[k] for k in ABOUT if batch.declared.get(k) or known[k]}
    paths: dict[str, Path] = {}
    for file, (key, size) in sorted(files.items()):
        path = folder / hashlib.sha256(file.encode()).hexdigest()[:32]
        if not path.exists() or path.stat().st_size != size:
            part = path.with_suffix(".part")
            part.write_bytes(services.objects.get("archive", key))
            part.replace(path)
        paths[file] = path
    work = folder / WORK_FILE
    work.write_text(json.dumps(told, ensure_ascii=False, sort_keys=True), "utf-8")
    return source_of(batch_id, {**paths, WORK_FILE: work}, about)


def books_on_their_way(services: Services) -> list[str]:
    """Books sent and not yet received, the oldest first: what a node goes on with after a restart."""
    with services.database.reading() as session:
        sent = sa.select(BookStep.batch_id, sa.func.max(BookStep.id).label("at")).where(BookStep.what == "sent")
        first = sent.group_by(BookStep.batch_id).subquery()
        query = sa.select(BookWork.batch_id).join(first, first.c.batch_id == BookWork.batch_id).where(BookWork.state == "sent")
        return list(session.scalars(query.order_by(first.c.at)))
