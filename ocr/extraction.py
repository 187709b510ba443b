"""A page image becomes a reading: straight, form found, blanks cleaned and read, values decoded, boxes back on the original."""
from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from ocr import cleaning
from ocr.cell_ink import own_ink, place_of_cell
from ocr.decoding.context import Context, Decoded
from ocr.decoding.places import find_office
from ocr.decoding.record import decode_record
from ocr.editions import choose_edition
from ocr.form_search import FoundPage, find_pages
from ocr.lattice import Lattice, pack, unpack
from ocr.reading import PageImage, PageReading, PrintedWord
from ocr.recogniser import Recogniser, load_model
from ocr.registration import FittedBlank, FormFit
from ocr.straighten import StraightPage, straighten
from ocr.table_grid import TableFit, find_known_table, find_table
from ocr.table_reading import read_table, tables_for
from ocr.tesseract import probe, read_words
from ocr.ticks import TickReading, chosen, read_ticks
from records.editions import layout_of
from records.forms import Form, load_forms, page_forms
from records.record import Box, DraftRecord, FieldValue
from records.text import nfc

ON_TIME_DAYS = 60           # Điều 15 Luật Hộ tịch 2014: a birth is registered within 60 days
FIGURES = frozenset(("entry_number", "book_number", "page_number", "date", "year", "personal_number", "time"))
BLANK_CONFIDENCE = 0.95     # that a blank without ink is empty
SURE_OF_YEAR = 0.9          # confidence in a day of registration whose year tells the form's edition
SURE_OF_FORM = 0.6          # share of a form's labels found above which a page is not looked at as a ruled table


@dataclass(frozen=True)
class Expectation:
    """What is known of a page before it is read, all of it optional. kind: KS KH KT; form: KS2016; year: of registration; book_number:
    01/2017; registry_office: UBND Xã …; file_number: the entry's number by the file's name ("12", "12a")."""

    kind: str | None = None
    form: str | None = None
    year: int | None = None
    book_number: str | None = None
    registry_office: str | None = None
    file_number: str | int | None = None


class PageReader:
    """Reads pages with one handwriting model (the preferred one by default). Keep it: loading takes a second."""

    def __init__(self, model_id: str | None = None):
        self._recogniser = load_model(model_id)
        facts = probe()
        self._engine = {**self._recogniser.engine, "tesseract": facts.version}

    @property
    def recogniser(self) -> Recogniser:
        return self._recogniser

    def read(self, page: PageImage, expected: Expectation | None = None, rotation: int | None = None) -> PageReading:
        """Everything on the page. A page that fits no form gives its words and no record. rotation: degrees clockwise if a person said
        so."""
        expected = expected or Expectation()
        clock = _Clock()
        tables, known = tables_for(expected.kind, expected.form, expected.year)
        found = None
        if known:
            straight = straighten(page, rotation)
            clock.tick("straighten")
            found = find_known_table(page, straight, tables, rotation is not None)
            clock.tick("form")
        if found is not None:
            return self._read_table(*found, expected, clock)
        forms = [f for f in page_forms() if expected.kind in (None, f.kind)]
        pages = find_pages(page, forms or page_forms(), layout_of(expected.form), rotation, clock.tick)
        straight, fit, words = pages[0].straight, pages[0].fit, pages[0].words
        unsure = not known and len(pages) == 1 and (fit is None or fit.score < SURE_OF_FORM)
        table = find_table(straight, tables, known) if unsure else None
        clock.tick("form")
        if table is not None and (fit is None or table.fit.score > fit.score):
            return self._read_table(straight, table, expected, clock)
        if len(pages) == 1 and fit is None:
            words = read_words(straight.gray, psm=3)
            clock.tick("print")
            return PageReading(None, 0.0, (), _back(words, straight), rotation=straight.rotation, engine=self._engine,
                               seconds=clock.seconds)
        return self._read_pages(pages, expected, clock)

    def _read_pages(self, pages: tuple[FoundPage, ...], expected: Expectation, clock: _Clock) -> PageReading:
        """The entries of one page, or of the two of an open book: the left one is row 1, the right one row 2."""
        if len(pages) > 1:
            expected = replace(expected, file_number=None)
        records: list[DraftRecord] = []
        lattices: dict[tuple[int, str], Lattice] = {}
        for row, found in enumerate(pages, 1):
            if found.fit is not None:
                record, own = self._read_entry(found.straight, found.fit, expected, clock)
                edition = choose_edition(found.fit.form, expected.form, expected.year or _year_of(record), found.straight, found.words)
                clock.tick("form")
                records.append(replace(record, row=row, form=edition.id))
                lattices |= {(row, code): lattice for code, lattice in own.items()}
        fits = [found.fit for found in pages if found.fit is not None]
        words = tuple(w for found in pages for w in _back(found.words, found.straight))
        return PageReading(records[0].form, min(f.score for f in fits), tuple(records), words, lattices, pages[0].straight.rotation,
                           self._engine, clock.seconds)

    def _read_table(self, straight: StraightPage, table: TableFit, expected: Expectation, clock: _Clock) -> PageReading:
        context = replace(context_of(table.form, expected, self._recogniser.card.temperatures), number=None)
        records, lattices = read_table(straight, table, self._recogniser, context, clock.tick)
        return PageReading(table.form.id, table.fit.score, tuple(records), _back(list(table.words), straight), lattices, straight.rotation,
                           self._engine, clock.seconds)

    def _read_entry(self, straight: StraightPage, fit: FormFit, expected: Expectation,
                    clock: _Clock) -> tuple[DraftRecord, dict[str, Lattice]]:
        dark = cleaning.darkness(straight.rgb, fit.scale)
        lines, boxes = self._lines_by_code(dark, fit)
        clock.tick("clean")
        read = iter(self._recogniser.read([x for v in lines.values() for x in v]))
        raw = {(1, code): self._recogniser.join([next(read) for _ in v], sign_between(fit.form, code)) for code, v in lines.items()}
        # as it will be kept: settling a book later sees the same
        lattices = {code: lattice for (_, code), lattice in unpack(pack(raw)).items()}
        clock.tick("handwriting")
        ticks = read_ticks(dark, fit.ticks, fit.scale)
        context = context_of(fit.form, expected, self._recogniser.card.temperatures)
        values = decode_record({b.code: b.type for b in fit.form.blanks if b.code}, lattices, context)
        record = build_record(fit.form, values, lattices, {c: straight.box_to_original(b) for c, b in boxes.items()}, ticks, straight)
        clock.tick("decode")
        return record, lattices

    def _lines_by_code(self, dark: np.ndarray, fit: FormFit) -> tuple[dict[str, list[np.ndarray]], dict[str, Box]]:
        """A field's lines in the order of writing, and where its ink lies on the straight page; a field without ink has only a box."""
        lines: dict[str, list[np.ndarray]] = {}
        boxes: dict[str, Box] = {}
        ink: dict[str, bool] = {}
        for fitted, (line, box) in zip(fit.fitted, self.lines_of(dark, fit), strict=True):
            code = fitted.blank.code
            if code is None:
                continue
            if line is not None:
                lines.setdefault(code, []).append(line)
            if line is not None or code not in boxes:
                boxes[code] = _around(boxes[code], box) if ink.get(code) else box
            ink[code] = ink.get(code, False) or line is not None
        return lines, boxes

    def field_lines(self, page: PageImage, form: Form, rotation: int | None = None) -> dict[str, tuple[list[np.ndarray], Box]]:
        """The written lines of every field of a page known to be of `form` (one entry a page), as `read` hands them to the model, with the
        box of their ink in the original; {} where the form's labels are not found. rotation: as `read` was given it."""
        form = load_forms().get(form.layout or "", form)
        found = find_pages(page, [form], form.id, rotation)
        straight, fit = found[0].straight, found[0].fit
        if fit is None or len(found) > 1:
            return {}
        lines, boxes = self._lines_by_code(cleaning.darkness(straight.rgb, fit.scale), fit)
        return {code: (found, straight.box_to_original(boxes[code])) for code, found in lines.items()}

    def lines_of(self, dark: np.ndarray, fit: FormFit) -> list[tuple[np.ndarray | None, Box]]:
        """For every blank its line as the model wants it (None if there is no ink) and where the ink lies on the straight page.

        Lines with many free dots are cleaned first: their pitch helps where ink covers most of a short leader.
        """
        around = [_surroundings(f) for f in fit.fitted]
        crops = [dark[f.box[1]:f.box[3], f.box[0]:f.box[2]] for f in fit.fitted]
        cleaned = [cleaning.clean_line(c, fit.scale, a) if min(c.shape) >= 4 else None for c, a in zip(crops, around, strict=True)]
        pitches = [p for c in cleaned if c is not None and (p := cleaning.leader_pitch(c.dots, fit.scale)) is not None]
        pitch = float(np.median(pitches)) if pitches else None
        out = []
        for fitted, crop, near, clean in zip(fit.fitted, crops, around, cleaned, strict=True):
            if clean is not None and pitch is not None and len(clean.dots) < 9 and fitted.leader:
                clean = cleaning.clean_line(crop, fit.scale, replace(near, pitch=pitch))
            if clean is not None and not fitted.blank.dotted:
                clean = own_ink(clean, place_of_cell(fit.form, fitted, fit.scale), fit.scale)
            out.append(self._line(crop, clean, fitted, fit.scale))
        return out

    def _line(self, crop: np.ndarray, clean: cleaning.CleanLine | None, fitted: FittedBlank, scale: float) -> tuple[np.ndarray | None, Box]:
        if clean is None or clean.box is None:
            return None, fitted.box
        card, (x0, y0, _, _) = self._recogniser.card, fitted.box
        left, top, right, bottom = clean.box
        room = card.digit_room if fitted.blank.type in FIGURES else card.room
        line = cleaning.layers(crop, clean, card.layers, scale, room)
        return line, (x0 + left, y0 + top, x0 + right, y0 + bottom)


def _surroundings(fitted: FittedBlank) -> cleaning.Surroundings:
    x0, y0, x1, y1 = fitted.baseline
    slope = (y1 - y0) / max(1.0, x1 - x0)
    return cleaning.Surroundings(slope, y0 + slope * (fitted.box[0] - x0) - fitted.box[1], None, fitted.blank.label is not None)


def sign_between(form: Form, code: str) -> str:
    """What joins the writing of a field's blanks: the print between day, month and year, hour and minute, stands for the stroke that is
    written there elsewhere; lines follow one another with a space."""
    blanks = [b for b in form.blanks if b.code == code]
    return "/" if blanks and blanks[0].type in ("date", "time") and len({b.y for b in blanks}) == 1 else " "


class _Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def tick(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = round(self.seconds.get(stage, 0.0) + now - self._last, 3)
        self._last = now


def context_of(form: Form, expected: Expectation, temperatures: Mapping[str, float]) -> Context:
    """What the expectation tells the decoders."""
    on = date(expected.year, 7, 1) if expected.year else None
    digits = "".join(c for c in str(expected.file_number or "") if c.isdigit())
    return Context(form.kind, expected.year, expected.book_number, find_office(expected.registry_office, on),
                   int(digits) if digits else None, temperatures=temperatures)


def build_record(form: Form, values: Mapping[str, Decoded], lattices: Mapping[str, Lattice], boxes: Mapping[str, Box],
                 ticks: list[TickReading], straight: StraightPage | None) -> DraftRecord:
    """The draft record: decoded values, empty blanks, ticks, and what follows from other fields."""
    fields: dict[str, FieldValue] = {}
    for blank in form.blanks:
        code = blank.code
        if code is None or code in fields:
            continue
        if code in values:
            v = values[code]
            fields[code] = FieldValue(v.value, nfc(lattices[code].best_text()), round(v.confidence, 4), "ocr", boxes.get(code),
                                      v.evidence, v.unit_code)
        elif blank.type != "text":
            fields[code] = FieldValue("", "", BLANK_CONFIDENCE, "ocr", boxes.get(code), ("no-ink",))
    for code in dict.fromkeys(t.code for t in form.ticks):
        mark = chosen(ticks, code)
        if mark is not None:
            box = straight.box_to_original(mark.box) if straight else mark.box
            fields[code] = FieldValue(str(mark.tick.value), mark.tick.label, round(mark.confidence, 4), "ocr", box, ("tick",))
    late = timeliness(fields)
    if late is not None and "loaiDangKy" not in fields and form.kind == "KS" and not form.ticks:
        fields["loaiDangKy"] = late
    return DraftRecord(form.kind, form.id, 1, fields)


def _year_of(record: DraftRecord) -> int | None:
    """The year of registration as it was read, where that is fairly sure."""
    day = record.fields.get("ngayDangKy")
    return int(day.value[:4]) if day and day.value[:4].isdigit() and day.confidence >= SURE_OF_YEAR else None


def timeliness(fields: Mapping[str, FieldValue]) -> FieldValue | None:
    """loaiDangKy of a birth on forms without squares: 1 on time, 4 late, by the two dates; None without them."""
    born, registered = fields.get("nksNgaySinh"), fields.get("ngayDangKy")
    if not born or not registered:
        return None
    try:
        days = (date.fromisoformat(registered.value) - date.fromisoformat(born.value)).days
    except ValueError:
        return None
    confidence = round(born.confidence * registered.confidence, 4)
    return FieldValue("1" if days <= ON_TIME_DAYS else "4", "", max(confidence, 0.5), "rule", None, ("dates",))


def _around(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _back(words: list[PrintedWord], straight: StraightPage) -> tuple[PrintedWord, ...]:
    """Words with their boxes in the original."""
    return tuple(PrintedWord(w.text, straight.box_to_original(w.box), w.confidence, w.line) for w in words)
