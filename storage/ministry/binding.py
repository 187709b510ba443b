"""Binds the PDFs of a ZIP to entries by their names: each becomes the original of its entry's page, checked like any file that comes in."""
from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from ocr.errors import UnreadableFile
from ocr.images import Limits, check_frames, open_page
from records.filenames import parse_book_number
from records.ministry.names import key_of_name
from storage.antivirus import Antivirus
from storage.database import Database
from storage.file_checks import keep_check, log_check
from storage.intake import READ, SET_ASIDE, original_key, sniffed
from storage.ministry.errors import ZipUnreadable
from storage.models import Batch, Entry, Page
from storage.outbox import ObjectLedger
from storage.set_aside import evidence_text, explain

_MOST_FILES = 100_000
WORDING: dict[str, tuple[str, str]] = {
    "no_entry": ("Không có hàng Excel nào ứng với tên tệp", "No row of the Excel fits the file's name"),
    "several": ("Tên tệp ứng với nhiều bản ghi", "The file's name fits several records"),
    "has_another": ("Bản ghi đã có bản chụp khác; không ghi đè", "The record has another image; not overwritten"),
}


@dataclass(frozen=True)
class PdfAside:
    """A file that was not bound. reason: of WORDING or of storage.set_aside."""

    name: str
    reason: str
    detail: str = "{}"

    def text(self, lang: str = "vi") -> str:
        vi = lang == "vi"
        if self.reason in WORDING:
            return f"{self.name}: {WORDING[self.reason][0 if vi else 1]}."
        return f"{self.name}: {explain(self.reason, self.detail, 'vi' if vi else 'en')}"


@dataclass(frozen=True)
class Bound:
    """bound: PDFs bound now; known: bound before, the same bytes; without: entries of the Excel that still have no image."""

    bound: int = 0
    known: int = 0
    aside: tuple[PdfAside, ...] = ()
    without: int = 0


class Pdfs:
    """The files of some ZIPs, read one at a time within the limits. Opening raises ZipUnreadable."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._zips: list[zipfile.ZipFile] = []
        for path in paths:
            try:
                self._zips.append(zipfile.ZipFile(path))
            except (OSError, zipfile.BadZipFile, ValueError) as e:
                self.__exit__(None, None, None)
                raise ZipUnreadable(file=path.name, cause=type(e).__name__) from None

    def __enter__(self) -> Pdfs:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for pack in self._zips:
            pack.close()

    def names(self) -> Iterator[tuple[str, zipfile.ZipFile, zipfile.ZipInfo]]:
        """(base name, where), of files; folders inside a ZIP do not count."""
        for pack in self._zips:
            for info in pack.infolist()[:_MOST_FILES]:
                if not info.is_dir():
                    yield info.filename.replace("\\", "/").rsplit("/", 1)[-1], pack, info

    @staticmethod
    def read(pack: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits) -> bytes:
        """Raises UnreadableFile; never reads more than the limit, whatever the ZIP says of the size."""
        try:
            with pack.open(info) as stream:
                data = stream.read(limits.bytes + 1)
        except RuntimeError:            # a password is asked for
            raise UnreadableFile("encrypted") from None
        except (OSError, zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as e:
            raise UnreadableFile("damaged", detail=type(e).__name__) from None
        if len(data) > limits.bytes:
            raise UnreadableFile("file_too_big", size=len(data), limit=limits.bytes)
        return data


def bind(database: Database, ledger: ObjectLedger, pdfs: Pdfs, ids: Mapping[Any, int], actor: str, antivirus: Antivirus,
         limits: Limits | None = None) -> Bound:
    """Bind what has a name of one of these entries; a transaction a file, so that a cut-off run goes on where it was."""
    limits = limits or Limits()
    by_file, by_key = _places(database, sorted(set(ids.values())))
    bound = known = 0
    aside: list[PdfAside] = []
    for name, pack, info in pdfs.names():
        found = by_file.get(name.lower()) or _by_rule(name, by_key)
        if len(found) != 1:
            aside.append(PdfAside(name, "several" if found else "no_entry"))
            continue
        try:
            outcome = _bind_one(database, ledger, next(iter(found)), Pdfs.read(pack, info, limits), limits, antivirus, actor)
        except UnreadableFile as e:
            aside.append(PdfAside(name, e.code, evidence_text(dict(e.evidence))))
            continue
        bound, known = bound + (outcome == "bound"), known + (outcome == "known")
        if outcome not in ("bound", "known"):
            aside.append(PdfAside(name, outcome))
    with database.reading() as session:
        without = sum(session.get_one(Entry, i).page.original_key is None for i in set(ids.values()))
    return Bound(bound, known, tuple(aside), without)


_Key = tuple[str, int, str, str]        # kind, the book's year, book, number


def _places(database: Database, ids: Sequence[int]) -> tuple[dict[str, set[int]], dict[_Key, dict[int, int | None]]]:
    """Entries by their page's file name, and by what a name says: key -> entry -> year of registration."""
    by_file: dict[str, set[int]] = {}
    by_key: dict[_Key, dict[int, int | None]] = {}
    with database.reading() as session:
        for entry_id in ids:
            entry = session.get_one(Entry, entry_id)
            batch = session.get_one(Batch, entry.page.batch_id)
            book = parse_book_number(batch.book_number or "")
            number = (entry.number or "").replace(" ", "").lower()
            by_file.setdefault(entry.page.file.lower(), set()).add(entry_id)
            key = (entry.kind, batch.year or 0, f"{book.number}{book.suffix}" if book else "0", number)
            by_key.setdefault(key, {})[entry_id] = entry.year
    return by_file, by_key


def _by_rule(name: str, by_key: Mapping[_Key, Mapping[int, int | None]]) -> set[int]:
    said = key_of_name(name)
    if said is None:
        return set()
    fitting = by_key.get(said[:4], {})
    return {i for i, year in fitting.items() if said[4] is None or year == said[4]}


def _bind_one(database: Database, ledger: ObjectLedger, entry_id: int, data: bytes, limits: Limits, antivirus: Antivirus,
              actor: str) -> str:
    sha = hashlib.sha256(data).hexdigest()
    with database.reading() as session:
        page = session.get_one(Entry, entry_id).page
        batch_id = page.batch_id
        if page.original_key is not None:
            return "known" if page.sha256 == sha else "has_another"
    key = ledger.put("archive", original_key(sha), data, sniffed(data))
    verdict = antivirus.scan(data)
    refused = antivirus.refusal(verdict)
    content = None if refused else check_frames(data, limits)
    with database.session() as session:
        keep_check(session, sha, verdict, content.active if content else {})
        log_check(session, actor, batch_id, sha, verdict, content.active if content else {})
        if content is not None:
            entry = session.get_one(Entry, entry_id)
            first = entry.page
            first.sha256, first.size, first.original_key, first.media_type = sha, len(data), key, content.media_type
            pages = [first] + [Page(batch_id=batch_id, file=first.file, frame=n, sha256=sha, size=len(data), original_key=key,
                                    media_type=content.media_type, draft=[], engine=first.engine) for n in range(1, content.frames)]
            session.add_all(pages[1:])
            for page in pages:
                _measure(page, data, content.bad.get(page.frame))
            session.flush()
            if len(pages) > 1 and pages[1].state == READ:
                entry.second_page_id = pages[1].id
    if refused is not None:
        raise UnreadableFile(refused[0], **dict(refused[1]))
    return "bound"


def _measure(page: Page, data: bytes, bad: UnreadableFile | None) -> None:
    """Size in pixels of a good page; a bad one is set aside, except the first, which carries the entry."""
    if bad is None:
        image = open_page(data, page.media_type or "", page.frame)
        page.state, page.width, page.height, page.dpi = READ, image.width, image.height, image.dpi
    elif page.frame:
        page.state, page.reason, page.detail = SET_ASIDE, bad.code, evidence_text(dict(bad.evidence))
