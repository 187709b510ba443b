"""The first look at the pages of a book, before they are read: how good each picture is, and whether its neighbour shows the same sheet."""
from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np

from ocr.errors import UnreadableFile
from ocr.first_look import first_look
from ocr.images import open_page
from ocr.page_likeness import same_sheet, sketch
from ocr.reading import PageImage
from pipelines.services import Services
from storage.errors import ObjectMissing
from storage.models import Page
from storage.page_looks import keep_look, to_look_at
from storage.page_order import book_pages

_BACK = 2                   # pages before one that it is compared with: who photographs a sheet twice does so in a row


def look_at(services: Services, batch_id: str, stopped: Callable[[], bool] = lambda: False) -> int:
    """Look at every page of the book nobody has looked at; how many. A page that cannot be opened is left to the reader, which says why."""
    with services.database.reading() as session:
        pages = book_pages(session, batch_id)
        waiting = to_look_at(session, pages)
    files = _Files(services)
    sketches: dict[int, np.ndarray | None] = {}
    done = 0
    for n, page in enumerate(pages):
        if page.id not in waiting:
            continue
        if stopped():
            break
        image = files.open(page)
        if image is None:
            continue
        known = waiting[page.id]
        look = dict(known) if known is not None and "turn" in known else first_look(image).as_json()
        if not look["blank"]:
            sketches[page.id] = sketch(image)
        look["like"] = []
        for before in pages[max(n - _BACK, 0):n]:
            if before.id not in sketches:
                other = files.open(before)
                sketches[before.id] = sketch(other) if other is not None else None
            mine, theirs = sketches.get(page.id), sketches[before.id]
            if mine is not None and theirs is not None and before.sha256 != page.sha256 and same_sheet(theirs, mine):
                look["like"].append(before.sha256)
        for old in pages[:max(n - _BACK, 0)]:
            sketches.pop(old.id, None)
        with services.database.session() as session:
            keep_look(session, page.sha256, page.frame, look)
        done += 1
    return done


class _Files:
    """Originals of the last files opened: the sheets of a PDF come one after another."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def open(self, page: Page) -> PageImage | None:
        if page.original_key is None or page.media_type is None:
            return None
        try:
            if page.original_key not in self._kept:
                self._kept[page.original_key] = self._services.objects.get("archive", page.original_key)
                while len(self._kept) > _BACK + 1:
                    self._kept.popitem(last=False)
            return open_page(self._kept[page.original_key], page.media_type, page.frame, self._services.reading.dpi)
        except (UnreadableFile, ObjectMissing):
            return None
