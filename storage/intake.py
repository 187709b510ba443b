"""Takes a scanned folder in: one batch by content, every file a row of the page ledger, every original stored before it is opened.

Killed at any moment and run again it goes on where it was: the rows are made in one transaction, an original is known by
its hash, and a row says whether its original is stored.
"""
from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ocr.errors import UnreadableFile
from ocr.images import Content, Limits, check_frames, sniff
from records.filenames import PageName, parse_folder_name, parse_page_name
from storage import events
from storage.antivirus import Antivirus, Verdict
from storage.book_way import check_open
from storage.database import Database
from storage.desk_errors import BookElsewhere
from storage.file_checks import keep_check, log_check
from storage.models import Batch, Entry, Page
from storage.outbox import ObjectLedger
from storage.scan_folder import Source, check_declared, read_source, safe_name, scan, unique
from storage.set_aside import evidence_text

RECEIVED, STORED, READ, SET_ASIDE = "received", "stored", "read", "set_aside"
_NO_SCANNER = Antivirus()
Progress = Callable[[int, int], None]       # files done, files in all
_PASSING = ("changed", "missing_file", "no_permission", "virus_scan_missing")         # reasons that may be gone the next time
_INTAKE_LOCK = 0x5060B                      # pg_advisory_xact_lock number: one batch is identified at a time


@dataclass(frozen=True)
class SetAside:
    """A page that was not taken; `explain(reason, detail)` of storage.set_aside says it in words."""

    file: str
    frame: int
    reason: str
    detail: str


@dataclass(frozen=True)
class Intake:
    """What came of it. created: a new batch; added: pages taken now; known: good pages it had; set_aside: every bad page of this folder."""

    batch_id: str
    created: bool
    added: int
    known: int
    set_aside: tuple[SetAside, ...]


@dataclass(frozen=True)
class _Hashed:
    source: Source
    sha256: str = ""
    size: int = 0


def add_folder(database: Database, ledger: ObjectLedger, path: Path, *, limits: Limits | None = None,
               declared: Mapping[str, Any] | None = None, commune: str | None = None, actor: str = "cli",
               progress: Progress | None = None, antivirus: Antivirus = _NO_SCANNER) -> Intake:
    """Take the folder in. `declared` overrides its batch.json (same keys).

    Raises scan_folder.FolderError when there is nothing to take, ValueError for a wrong `declared`; single bad files never raise.
    """
    folder = scan(path)
    both = {**folder.declared, **check_declared(dict(declared or {}))}
    return add_files(database, ledger, folder.name, folder.sources, folder=str(folder.path), limits=limits, declared=both,
                     commune=commune, actor=actor, progress=progress, antivirus=antivirus)


def add_files(database: Database, ledger: ObjectLedger, name: str, sources: Iterable[Source], *, folder: str = "",
              limits: Limits | None = None, declared: Mapping[str, Any] | None = None, commune: str | None = None, actor: str = "cli",
              progress: Progress | None = None, antivirus: Antivirus = _NO_SCANNER, into: str | None = None, replaces: int | None = None
              ) -> Intake:
    """Take files in as the book `name`, or into the book `into` (which keeps what is declared of it); names of `sources` are safe and
    unique (scan_folder.safe_name, unique). replaces: id of the page that the file is taken again for.

    A file in which `antivirus` finds something, or must have looked and could not, is set aside and never opened. Raises BookSent where a
    book that is with the province would grow, BookElsewhere where it would get another commune.
    """
    limits = limits or Limits()
    hashed = [hash_source(s, limits) for s in sorted(sources, key=lambda s: s.name)]
    with database.session() as session:
        if not database.is_sqlite:
            session.execute(sa.select(sa.func.pg_advisory_xact_lock(_INTAKE_LOCK)))
        batch, created = (session.get_one(Batch, into), False) if into else find_batch(session, safe_name(name)[:100], hashed)
        if created:
            batch.folder, batch.commune_code, batch.created_by = folder, commune, actor
            session.add(batch)
        rows, added = enter_rows(session, batch, hashed)
        if added and not created:
            check_open(session, batch.id, session.get(Page, replaces) if replaces is not None else None)
        if declared and not into:
            batch.declared = dict(declared)
        if commune and not into and commune != batch.commune_code:
            _move(session, batch, commune, actor)
        describe(batch, [r.file for r in rows.values() if r.state != SET_ASIDE])
        batch_id = batch.id
        if created or added:
            events.append(session, actor, "batch.add", f"batch:{batch_id}", {"files": len(hashed), "added": added})
    # Also rows an earlier, interrupted call left behind.
    waiting = [(rows[h.source.name], h) for h in hashed if rows[h.source.name].state == RECEIVED]
    for done, (row, item) in enumerate(waiting):
        if progress:
            progress(done, len(waiting))
        store_original(database, ledger, row.id, item, limits, antivirus, actor)
    if progress:
        progress(len(waiting), len(waiting))
    now, mine = {row.file for row, _ in waiting}, {row.file for row in rows.values()}
    with database.reading() as session:
        pages = session.scalars(sa.select(Page).where(Page.batch_id == batch_id).order_by(Page.file, Page.frame)).all()
        good = Counter(p.file in now for p in pages if p.file in mine and p.state != SET_ASIDE)
        aside = tuple(SetAside(p.file, p.frame, p.reason or "", p.detail or "") for p in pages if p.file in mine and p.state == SET_ASIDE)
    return Intake(batch_id, created, added=good[True], known=good[False], set_aside=aside)


def _move(session: Session, batch: Batch, commune: str, actor: str) -> None:
    """Give a book that has none its commune. Raises BookElsewhere."""
    archived = sa.select(Entry.id).where(Entry.batch_id == batch.id, Entry.status == "archived").limit(1)
    if batch.commune_code or session.scalar(archived) is not None:
        raise BookElsewhere(batch=batch.id, commune=batch.commune_code or "–", asked=commune)
    batch.commune_code = commune
    events.append(session, actor, "book.describe", f"batch:{batch.id}", {"fields": ["commune"], "commune": commune})


def hash_source(source: Source, limits: Limits) -> _Hashed:
    """The source with its hash, or refused with the reason it could not be read."""
    if source.path is None:
        return _Hashed(source)
    try:
        data = read_source(source.path, limits)
    except UnreadableFile as e:
        return _Hashed(replace(source, path=None, code=e.code, evidence=e.evidence))
    if not data:
        return _Hashed(replace(source, path=None, code="empty_file"))
    return _Hashed(source, hashlib.sha256(data).hexdigest(), len(data))


def find_batch(session: Session, name: str, hashed: Iterable[_Hashed]) -> tuple[Batch, bool]:
    """The batch these files belong to, and whether it is new.

    The same files are the same batch under any name. A batch whose files are all among these has grown, one that has all
    of these is sent in part; files sharing a page with the batch of the same name go on with it (a bad page scanned anew).
    """
    hashes = {h.sha256 for h in hashed if h.sha256}
    sharing: set[str] = set()
    for part in _chunks(sorted(hashes)):
        sharing.update(session.scalars(sa.select(Page.batch_id).where(Page.sha256.in_(part)).distinct()))
    best, most = None, 0
    for batch in session.scalars(sa.select(Batch).where(Batch.id.in_(sharing)).order_by(Batch.created_at, Batch.id)) if sharing else ():
        had = _hashes(session, batch)
        same_name = name in (batch.id, batch.id.rpartition("~")[0])
        if (same_name or had <= hashes or hashes <= had) and len(had & hashes) > most:
            best, most = batch, len(had & hashes)
    if best is not None:
        return best, False
    if not hashes:      # nothing readable: the batch of that name and path, if it has nothing readable either
        for batch in session.scalars(sa.select(Batch).where(Batch.id == name)):
            if not _hashes(session, batch):
                return batch, False
    return Batch(id=unique(name, set(session.scalars(sa.select(Batch.id)))), content_hash="", folder=""), True


def enter_rows(session: Session, batch: Batch, hashed: Iterable[_Hashed]) -> tuple[dict[str, Page], int]:
    """Ledger rows for all files of the batch: (offered name -> its row, rows made or opened again)."""
    session.flush()
    by_name: dict[str, list[Page]] = {}
    first_of: dict[str, str] = {}           # content -> the file that brought it
    for page in session.scalars(sa.select(Page).where(Page.batch_id == batch.id).order_by(Page.file, Page.frame)):
        by_name.setdefault(page.file, []).append(page)
        if page.sha256 and page.reason not in ("duplicate", "name_conflict"):
            first_of.setdefault(page.sha256, page.file)
    rows: dict[str, Page] = {}
    touched = 0
    for item in hashed:
        name, source = item.source.name, item.source
        known = by_name.get(name)
        if known and (known[0].sha256 != item.sha256 or (known[0].reason in _PASSING and source.code is None)):
            if may_replace(session, known):
                for page in known[1:]:
                    session.delete(page)
                row, known = known[0], None
            else:
                if not (known[0].reason or "").startswith("rejected") and source.code is None:
                    source = replace(source, code="name_conflict", evidence={"taken_by": name})
                row = Page(batch_id=batch.id, file=conflict_name(name, item.sha256))       # after a rejection: the page scanned again
                known = by_name.get(row.file)
        else:
            row = Page(batch_id=batch.id, file=name)
        if known:
            rows[name] = known[0]
            continue
        touched += 1
        if source.code is None and first_of.setdefault(item.sha256, row.file) != row.file:
            source = replace(source, code="duplicate", evidence={"same_as": first_of[item.sha256]})
        row.sha256, row.size, row.original_key = item.sha256, item.size, None
        row.state, row.reason = (RECEIVED, None) if source.code is None else (SET_ASIDE, source.code)
        row.detail = None if source.code is None else evidence_text(dict(source.evidence))
        session.add(row)
        rows[name] = row
    session.flush()
    batch.content_hash = hashlib.sha256("\n".join(sorted(_hashes(session, batch))).encode()).hexdigest()
    return rows, touched


def may_replace(session: Session, pages: list[Page]) -> bool:
    """Whether the rows of a file may give way to new content: all set aside, and no entry was ever read from them."""
    entries = sa.select(Entry.id).where(Entry.page_id.in_([p.id for p in pages])).limit(1)
    return all(p.state == SET_ASIDE for p in pages) and session.scalar(entries) is None


def store_original(database: Database, ledger: ObjectLedger, page_id: int, item: _Hashed, limits: Limits,
                   antivirus: Antivirus = _NO_SCANNER, actor: str = "cli") -> None:
    """Put the original in the store, untouched; only then look for viruses, open it, and say what it is or why it is set aside.

    Of a file with several pages only the bad ones are set aside.
    """
    assert item.source.path is not None
    content, key = Content("", 0, {}), None
    code: str | None = None
    evidence: Mapping[str, Any] = {}
    verdict: Verdict | None = None
    try:
        data = read_source(item.source.path, limits)
        if hashlib.sha256(data).hexdigest() != item.sha256:
            code = "changed"
        else:
            key = ledger.put("archive", original_key(item.sha256), data, sniffed(data))
            verdict = antivirus.scan(data)
            refused = antivirus.refusal(verdict)
            if refused is None:
                content = check_frames(data, limits)
            else:
                code, evidence = refused
    except UnreadableFile as e:
        code, evidence = e.code, e.evidence
    with database.session() as session:
        page = session.get_one(Page, page_id)
        page.original_key = key
        if verdict is not None:
            keep_check(session, item.sha256, verdict, content.active)
            log_check(session, actor, page.batch_id, item.sha256, verdict, content.active)
        if code is not None:
            page.state, page.reason, page.detail = SET_ASIDE, code, evidence_text(dict(evidence))
            return
        pages = [page] + [Page(batch_id=page.batch_id, file=page.file, frame=n, sha256=page.sha256, size=page.size, original_key=key)
                          for n in range(1, content.frames)]
        for p in pages:
            p.state, p.media_type = STORED, content.media_type
            if p.frame in content.bad:
                bad = content.bad[p.frame]
                p.state, p.reason, p.detail = SET_ASIDE, bad.code, evidence_text(bad.evidence)
        session.add_all(pages[1:])


def original_key(sha256: str) -> str:
    return f"originals/{sha256[:2]}/{sha256}"


def sniffed(data: bytes) -> str:
    """Media type by content, application/octet-stream for what is no page."""
    try:
        return sniff(data)
    except UnreadableFile:
        return "application/octet-stream"


def describe(batch: Batch, files: Iterable[str]) -> None:
    """Fill what the declaration, else the names of folder and pages, say of the book; what is already known stays."""
    names: list[PageName] = [n for n in map(parse_page_name, files) if n is not None]
    said, folder = batch.declared, parse_folder_name(batch.id.partition("~")[0])

    def usual(values: Iterable[Any]) -> Any:
        counts = Counter(v for v in values if v not in (None, ""))
        return min(counts, key=lambda v: (-counts[v], str(v))) if counts else None

    batch.kind = said.get("loai") or usual(n.kind for n in names) or (folder.kind if folder else None) or batch.kind
    batch.form = said.get("mau") or batch.form
    batch.year = said.get("nam") or usual(n.year for n in names) or (folder.year if folder else None) or batch.year
    batch.book_number = said.get("quyenSo") or usual(n.book_number for n in names) or batch.book_number
    batch.registry_office = said.get("noiDangKy") or batch.registry_office


def conflict_name(name: str, sha256: str) -> str:
    """The row name of a file whose own name is taken by other content; the same each time it is offered."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}~{sha256[:8] or 'x'}{dot}{suffix}" if dot else f"{name}~{sha256[:8] or 'x'}"


def _hashes(session: Session, batch: Batch) -> set[str]:
    return set(session.scalars(sa.select(Page.sha256).where(Page.batch_id == batch.id, Page.sha256 != "")))


def _chunks(values: list[str], size: int = 500) -> Iterable[list[str]]:
    return (values[i:i + size] for i in range(0, len(values), size))
