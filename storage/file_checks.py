"""What was found in files besides their pages: kept a content, told a book, in words."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from storage import events
from storage.antivirus import INFECTED, NOT_SCANNED, NOT_SCANNED_WHY, Verdict
from storage.models import FileCheck, Page, utc_now

Pair = tuple[str, str]              # Vietnamese, English
ACTIVE: Mapping[str, Pair] = {      # the codes of ocr.pdf_active, and of pictures
    "javascript": ("mã lệnh JavaScript", "JavaScript"), "launch": ("lệnh mở chương trình", "an action that starts a program"),
    "uri": ("liên kết ra ngoài", "links to elsewhere"), "sends_data": ("lệnh gửi hoặc lấy dữ liệu", "actions that send or fetch data"),
    "other_file": ("lệnh mở tệp khác", "actions that open another file"), "media": ("âm thanh, phim hoặc hình 3D", "sound, film or 3D"),
    "on_event": ("lệnh tự chạy khi xem trang", "actions that run when a page is looked at"),
    "on_opening": ("lệnh tự chạy khi mở tệp", "an action that runs on opening"), "xfa": ("biểu mẫu XFA", "an XFA form"),
    "embedded_file": ("tệp đính kèm", "attached files"), "nested": ("cấu trúc lồng nhau bất thường", "unusually nested structure"),
    "other_file_inside": ("dữ liệu của loại tệp khác", "data of another kind of file"),
}


@dataclass(frozen=True)
class FileNote:
    """What a person should know of one file. removed: what was left out of what is shown and read; scan: set unless it was found clean."""

    file: str
    removed: tuple[Pair, ...] = ()
    scan: Pair | None = None


@dataclass(frozen=True)
class BookChecks:
    """Of a book's files: notes on single files, how many were called clean and by what, how many nobody scanned and why."""

    notes: tuple[FileNote, ...] = ()
    clean: int = 0
    engine: str = ""
    not_scanned: int = 0
    whys: tuple[Pair, ...] = field(default_factory=tuple)


def keep_check(session: Session, sha256: str, verdict: Verdict, active: Mapping[str, int]) -> None:
    """The newest check of a content; two intakes of one file at a time do not get in each other's way."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    said = {"verdict": verdict.verdict, "name": verdict.name, "engine": verdict.engine, "signatures": verdict.signatures,
            "checked_at": utc_now(), "active": dict(active)}
    session.execute(insert(FileCheck).values(sha256=sha256, **said).on_conflict_do_update(index_elements=["sha256"], set_=said))


def log_check(session: Session, actor: str, batch_id: str, sha256: str, verdict: Verdict, active: Mapping[str, int]) -> None:
    """What was found goes into the log; a file without anything does not."""
    if verdict.verdict == INFECTED:
        events.append(session, actor, "file.infected", f"batch:{batch_id}",
                      {"sha256": sha256, "virus": verdict.name, "engine": verdict.engine})
    if active:
        events.append(session, actor, "file.stripped", f"batch:{batch_id}", {"sha256": sha256, "active": sorted(active)})


def book_checks(session: Session, batch_id: str) -> BookChecks:
    """What the page of a book says of its files."""
    rows = session.execute(
        sa.select(Page.file, FileCheck).join(FileCheck, FileCheck.sha256 == Page.sha256)
        .where(Page.batch_id == batch_id, Page.frame == 0).order_by(Page.file)).all()
    notes = [FileNote(file, tuple(ACTIVE.get(c, (c, c)) for c in sorted(check.active)), _scan_note(check))
             for file, check in rows if check.active or check.verdict == INFECTED]
    clean = [check for _, check in rows if check.verdict == "clean"]
    missed = [check for _, check in rows if check.verdict == NOT_SCANNED]
    engine = max(clean, key=lambda c: c.checked_at) if clean else None
    return BookChecks(tuple(notes), len(clean), ", ".join(filter(None, (engine.engine, engine.signatures))) if engine else "", len(missed),
                      tuple(_whys(c.name for c in missed)))


def _scan_note(check: FileCheck) -> Pair | None:
    if check.verdict != INFECTED:
        return None
    return f"Có vi-rút: {check.name}", f"Virus found: {check.name}"


def _whys(codes: Iterable[str]) -> Iterable[Pair]:
    return (NOT_SCANNED_WHY.get(code, (code, code)) for code in sorted(set(codes)))
