"""The beginning of a batch: finish an intake that was cut off, settle the outbox, take in what lies in the inbox."""
from __future__ import annotations

import time
from pathlib import Path

from ocr.images import Limits
from pipelines.page_reading import LedgerCount, count_pages
from pipelines.services import Services
from storage.intake import Intake, add_folder
from storage.models import Batch
from storage.scan_folder import FolderError

QUIET_SECONDS = 20.0        # a folder nothing was written to for that long is taken to be complete


def limits_of(services: Services) -> Limits:
    return Limits(bytes=services.intake.max_file_bytes, pixels=services.intake.max_pixels, frames=services.intake.max_frames)


def finish_intake(services: Services, batch_id: str) -> LedgerCount:
    """Store the originals an interrupted intake did not come to, if their folder is still there; returns the ledger afterwards."""
    services.ledger.recover()
    count = count_pages(services, batch_id)
    if count.received:
        with services.database.reading() as session:
            folder = session.get_one(Batch, batch_id).folder
        if folder and Path(folder).is_dir():
            try:
                add_folder(services.database, services.ledger, Path(folder), limits=limits_of(services), actor="sogoc",
                           antivirus=services.antivirus)
            except FolderError:
                return count
            count = count_pages(services, batch_id)
    return count


def quiet_folders(inbox: Path, now: float | None = None) -> list[Path]:
    """Folders in the inbox to which nothing was written for QUIET_SECONDS, by name. Links are left alone."""
    if not inbox.is_dir():
        return []
    now = time.time() if now is None else now
    out = []
    for entry in sorted(inbox.iterdir()):
        if entry.is_symlink() or not entry.is_dir() or entry.name.startswith("."):
            continue
        times = [entry.stat().st_mtime, *(f.lstat().st_mtime for f in entry.iterdir())]
        if len(times) > 1 and now - max(times) >= QUIET_SECONDS:
            out.append(entry)
    return out


def stamp(folder: Path) -> str:
    """Changes when the folder's files do: their names, sizes and times."""
    facts = sorted((f.name, f.lstat().st_size, f.lstat().st_mtime_ns) for f in folder.iterdir())
    return str(hash_text(repr(facts)))


def hash_text(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:24]


def take_in_folder(services: Services, folder: Path) -> Intake:
    """Take one folder of the inbox in. It stays where it is: the same folder again is the same batch."""
    return add_folder(services.database, services.ledger, folder, limits=limits_of(services), actor="inbox", antivirus=services.antivirus)
