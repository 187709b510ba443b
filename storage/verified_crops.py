"""What people verified, as lines to learn from: which fields, their lines cut as they were for reading, and what is written on them.

A crop is personal data. It is cut only for adapting the recogniser, each look is in the log, and it is kept in a folder of the home until
the work is done.
"""
from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from ocr.errors import UnreadableFile
from ocr.extraction import PageReader
from ocr.images import open_page
from ocr.written_forms import HANDWRITTEN, texts_of_lines
from records.forms import FieldType, load_forms
from records.record import Box
from storage.access_log import Purpose, log_access
from storage.database import Database
from storage.intake import original_key
from storage.models import Entry, Page
from storage.objects import ObjectStore
from storage.policy import Actor

Part = Literal["train", "check", "held_out"]
SETTLED = ("verified", "archived")
PURPOSE = "adapt"
LEAST_OVERLAP = 0.5         # of a field's box now and at reading: below it the line is not the one that was verified
MOST_PAGES = 600            # that crops are cut from: some 6,000 lines, 0.5 GB of memory
BOOKS_TO_SPLIT = 8          # fewer books than that are split by page
HELD_OUT, CHECK = 0.2, 0.12      # shares of books (or pages) kept for comparing, and for knowing when to stop
_SALT = "held out"          # a book's part is for ever the same, so that no model is ever tried on what an earlier one learned


@dataclass(frozen=True)
class VerifiedField:
    """A handwritten field whose value a person stood by. box: of its ink in the original page; corrected: the person changed the value."""

    entry_id: int
    code: str
    kind: FieldType
    value: str
    box: Box
    corrected: bool


@dataclass(frozen=True)
class VerifiedPage:
    """A page of one verified entry: where its original is, how to open it, and its fields."""

    page_id: int
    batch_id: str
    sha256: str
    media_type: str
    frame: int
    form: str
    fields: tuple[VerifiedField, ...]


@dataclass(frozen=True)
class Crop:
    """A written line. line: uint8 (height, width, layers) as the reader hands it to the model; text: what is written, small letters."""

    batch_id: str
    page_id: int
    code: str
    kind: str
    text: str
    corrected: bool
    line: np.ndarray


def verified_pages(session: Session) -> list[VerifiedPage]:
    """The pages people verified, in the order of their numbers; forms of one entry a page only: what a table's cell holds is not sure."""
    query = (sa.select(Entry).join(Page, Entry.page_id == Page.id).where(Entry.status.in_(SETTLED), Entry.verified_by.is_not(None))
             .options(selectinload(Entry.fields), selectinload(Entry.page)).order_by(Entry.page_id, Entry.row))
    forms, out = load_forms(), []
    for entry in session.scalars(query):
        form, page = forms.get(entry.form or ""), entry.page
        if form is None or form.table is not None or entry.row != 1:
            continue
        kinds = {b.code: b.type for b in form.blanks if b.code and b.type in HANDWRITTEN}
        fields = tuple(VerifiedField(entry.id, f.code, kinds[f.code], f.value, (f.box[0], f.box[1], f.box[2], f.box[3]),
                                     f.source == "reviewer")
                       for f in entry.fields if f.code in kinds and f.box and f.value.strip())
        if fields:
            out.append(VerifiedPage(page.id, page.batch_id, page.sha256, page.media_type or "", page.frame, form.id, fields))
    return out


def chosen_pages(pages: Sequence[VerifiedPage], most: int = MOST_PAGES) -> list[VerifiedPage]:
    """At most that many of the pages, as many of each book as can be, always the same ones."""
    by_book: defaultdict[str, list[VerifiedPage]] = defaultdict(list)
    for page in sorted(pages, key=lambda p: _place(f"{p.batch_id}/{p.page_id}")):
        by_book[page.batch_id].append(page)
    ranked = sorted((n, b, p.page_id, p) for b, found in by_book.items() for n, p in enumerate(found))
    return [p for *_, p in ranked[:most]]


def gather(database: Database, objects: ObjectStore, reader: PageReader, folder: Path, actor: Actor, dpi: int,
           progress: Callable[[int, int], None] = lambda done, of: None) -> list[Crop]:
    """The crops of every verified page, page by page into `folder` (made, for its owner only), so that a killed run goes on where it was.

    Every entry that is looked at is written into the log as the actor's look before its page is opened. dpi: PDF sheets are drawn at.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with database.reading() as session:
        pages = chosen_pages(verified_pages(session))
    crops: list[Crop] = []
    for done, page in enumerate(pages, 1):
        path = folder / f"{page.page_id}-{_fingerprint(page, reader)}.npz"
        if not path.exists():
            with database.session() as session:
                for entry_id, codes in _by_entry(page.fields).items():
                    log_access(session, actor, "record.view", f"entry:{entry_id}", Purpose(PURPOSE), fields=codes)
            _write(path, crops_of(page, objects.get("archive", original_key(page.sha256)), reader, dpi))
        crops += read_crops(path)
        progress(done, len(pages))
    return crops


def crops_of(page: VerifiedPage, data: bytes, reader: PageReader, dpi: int) -> list[Crop]:
    """The page's lines that are surely what the person saw. A page that cannot be opened or no longer shows its form gives none."""
    try:
        image = open_page(data, page.media_type, page.frame, dpi)
    except UnreadableFile:
        return []
    found = reader.field_lines(image, load_forms()[page.form])
    out = []
    for f in page.fields:
        lines, box = found.get(f.code, ([], None))
        if box is None or _overlap(box, f.box) < LEAST_OVERLAP:
            continue
        texts = texts_of_lines(f.kind, f.value, reader.recogniser.read(lines))
        if texts is not None:
            out += [Crop(page.batch_id, page.page_id, f.code, f.kind, t, f.corrected, x) for t, x in zip(texts, lines, strict=True)]
    return out


def split(crops: Sequence[Crop]) -> dict[Part, list[Crop]]:
    """Crops to learn from, to stop by, and to compare with, by book where there are enough of them, else by page: never a page in two
    parts."""
    books = {c.batch_id for c in crops}
    by_book = len(books) >= BOOKS_TO_SPLIT
    out: dict[Part, list[Crop]] = {"train": [], "check": [], "held_out": []}
    parts = _parts({c.batch_id if by_book else f"{c.batch_id}/{c.page_id}" for c in crops})
    for c in crops:
        out[parts[c.batch_id if by_book else f"{c.batch_id}/{c.page_id}"]].append(c)
    return out


def _parts(units: Iterable[str]) -> Mapping[str, Part]:
    """Which part each book or page belongs to, by its name alone."""
    return {u: "held_out" if (p := _place(u)) < HELD_OUT else "check" if p < HELD_OUT + CHECK else "train" for u in units}


def _place(name: str) -> float:
    """A number in 0..1 that is the same for a name on every machine."""
    return int.from_bytes(hashlib.sha256(f"{_SALT}:{name}".encode()).digest()[:6]) / 2**48


def read_crops(path: Path) -> list[Crop]:
    """The crops of one page as they were kept."""
    with np.load(path, allow_pickle=False) as z:
        return [Crop(str(b), int(p), str(c), str(k), str(t), bool(int(r)), z[f"line{n}"])
                for n, (b, p, c, k, t, r) in enumerate(z["about"])]


def _write(path: Path, crops: Sequence[Crop]) -> None:
    about = np.array([[c.batch_id, str(c.page_id), c.code, c.kind, c.text, str(int(c.corrected))] for c in crops]).reshape(-1, 6)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
        np.savez_compressed(f, about=about, **{f"line{n}": c.line for n, c in enumerate(crops)})      # type: ignore[arg-type]
        f.flush()
        os.fsync(f.fileno())
    temporary.replace(path)


def _fingerprint(page: VerifiedPage, reader: PageReader) -> str:
    """Changes when the page's values do or another model is adapted, so that an older cut is not taken for this one."""
    return hashlib.sha256(repr((page, reader.recogniser.card.id, reader.recogniser.card.sha256)).encode()).hexdigest()[:12]


def _by_entry(fields: Iterable[VerifiedField]) -> dict[int, list[str]]:
    out: defaultdict[int, list[str]] = defaultdict(list)
    for f in fields:
        out[f.entry_id].append(f.code)
    return {k: sorted(v) for k, v in out.items()}


def _overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(0, wide) * max(0, high)
    return both / max(1, (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)
