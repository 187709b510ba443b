"""A whole book settles its entries: numbers follow one another, days of registration do not run backwards, officers and communes return.

Only what entries of a book share is weighed again, from the kept lattices and what each page said by itself, so the result depends on the
readings and on what people have verified alone, never on the order in which pages were read. What it cannot know better stays.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np

from ocr.book_days import DayEvidence, Days, settle_days
from ocr.book_facts import BookItem, book_years, day_of, event_gap, find_book_office, keep_verified, temperatures, with_values
from ocr.book_numbers import GREATEST, MARKS, file_trust, index_of, number_weights, written_number
from ocr.book_order import file_order
from ocr.book_places import PlaceField, settle_places
from ocr.book_recurring import Recurrence
from ocr.book_sequence import Followed, follow
from ocr.book_signers import Written, settle_signers, settle_titles, settle_volumes
from ocr.decoding.closed import ETHNICITIES, read_closed
from ocr.decoding.context import Context, Decoded
from ocr.decoding.places import read_place
from ocr.decoding.record import decode_record
from ocr.extraction import Expectation
from ocr.table_ditto import settle_dittos
from records.forms import load_forms
from records.record import DraftRecord, FieldValue

__all__ = ["BookItem", "settle_book"]

NUMBER, DAY, VOLUME, TITLE = "so", "ngayDangKy", "quyenSo", "chucVuNguoiKy"
NUMBER_SURE, DAY_SURE = 0.998, 0.995    # the most a sequence can make of a reading
SAME_FIGURE = 0.06              # how often neighbours agree on a day that an image leaves open because one hand writes its figures alike
# factors on log-likelihoods that make a number and a day honest where no other field has been heard yet (fitted on pages of writers whom
# the model had not seen: ln P of the true value is greatest there); a model's card may give its own under these names
TEMPERATURES = {"book_number": 0.9, "book_day": 0.75}
UNCLEAR = 0.97                  # a reading that is less sure may be told by the book
_PLACED = 0.6                   # a number at least so sure tells where its entry stands


def settle_book(items: Sequence[BookItem], expected: Expectation | None = None) -> list[DraftRecord]:
    """The records of `items`, in their order, with what the book tells. Entries without lattices or form come back as they are.

    Files count in the order of their places, then of their names (scan2 before scan10), entries of one file in the order in which
    they are given.
    """
    expected = expected or Expectation()
    out = [keep_verified(item) for item in items]
    kinds: defaultdict[str, list[int]] = defaultdict(list)
    for i, item in enumerate(items):
        if item.lattices and item.record.form in load_forms():
            kinds[item.record.kind].append(i)
    for kind in sorted(kinds):
        order = sorted(kinds[kind], key=lambda i: (items[i].place, file_order(items[i].file), i))
        for i, record in zip(order, settle_dittos(_Book([items[i] for i in order], expected).settle()), strict=True):
            out[i] = keep_verified(replace(items[i], record=record))
    return out


class _Book:
    """The entries of one kind of register in the order of their files."""

    def __init__(self, items: Sequence[BookItem], expected: Expectation):
        self.items, self.expected = items, expected
        self.context = Context(items[0].record.kind, temperatures=temperatures(items))
        self.years = book_years(items, expected)
        self.year = min(self.years, key=lambda y: (-self.years[y], y))
        self.office = find_book_office(items, expected, self.year)
        self.changes: list[dict[str, Decoded]] = [{} for _ in items]

    def settle(self) -> list[DraftRecord]:
        followed = self._numbers()
        days = self._days(followed)
        self._decode_misdated(days)
        self._signers()
        self._volumes()
        self._ethnicities()
        self._places()
        return [with_values(item, values) for item, values in zip(self.items, self.changes, strict=True)]

    def _honest(self, name: str) -> float:
        return self.context.temperatures.get(name, TEMPERATURES[name])

    def _tell(self, entry: int, code: str, value: str, confidence: float, evidence: tuple[str, ...], unit_code: str | None = None) -> None:
        if code not in self.items[entry].verified:
            self.changes[entry][code] = Decoded(value, confidence, evidence, unit_code)

    def _numbers(self) -> Followed | None:
        t, years = self._honest("book_number"), tuple(sorted(self.years, key=lambda y: (-self.years[y], y))[:3])
        named = [n.number if not item.is_row and (n := item.name) else None for item in self.items]
        greatest = max([GREATEST, *(int("".join(c for c in n if c.isdigit())) + 200 for n in named if n)])
        if not any(item.image(NUMBER) for item in self.items):
            return None
        images = [number_weights(x, years, t, greatest) if (x := item.image(NUMBER)) else None for item in self.items]
        files = [index_of(n, greatest) if n else None for n in named]
        trust = file_trust(images, files)
        weights = []
        for item, image, file in zip(self.items, images, files, strict=True):
            w = image
            if file is not None:
                w = np.zeros((greatest, len(MARKS))) if image is None else image - image.max()
                w = w + np.log((1 - trust) / greatest)
                w[file] = np.logaddexp(w[file], (0.0 if image is None else image[file] - image.max()) + np.log(trust))
            known = index_of(item.verified[NUMBER].value, greatest) if NUMBER in item.verified else None
            if known is not None:
                w = np.full((greatest, len(MARKS)), -1e3)
                w[known] = 0.0
            weights.append(w)
        found = follow(weights)
        for k, item in enumerate(self.items):
            if item.image(NUMBER) is None:
                continue
            place = np.unravel_index(int(found.posterior[k].argmax()), found.posterior[k].shape)
            p = float(found.posterior[k][place])
            evidence = ("lattice", *(("file-name",) if files[k] == place else ()), *(("sequence",) if len(self.items) > 1 else ()),
                        *(("out-of-sequence",) if found.astray[k] > 0.5 else ()))
            self._tell(k, NUMBER, written_number(int(place[0]), int(place[1])), min(NUMBER_SURE, p), evidence)
        return found

    def _days(self, followed: Followed | None) -> Days | None:
        if not any(item.image(DAY) for item in self.items):
            return None
        evidence = [DayEvidence(None if DAY in item.verified else item.image(DAY), day_of(item.verified.get(DAY)), event_gap(item),
                                place) for item, place in zip(self.items, self._order(followed), strict=True)]
        days = settle_days(evidence, self.years, self._honest("book_day"))
        for k, e in enumerate(evidence):
            if e.image is None:
                continue        # nothing is written, or a person has settled it
            day, p = days.best(k)
            alone = float(days.alone[k, (day - days.first).days])
            codes = ("lattice", *(("event-date",) if e.gap else ()), *(("book",) if len(self.items) > 1 else ()),
                     *(("out-of-sequence",) if days.out_of_line[k] > 0.5 else ()))
            self._tell(k, DAY, day.isoformat(), min(DAY_SURE, 1 - SAME_FIGURE * (1 - alone), p), codes)
        return days

    def _order(self, followed: Followed | None) -> list[tuple[int, int, int] | None]:
        """Where each entry stands: (year counted from the first, number, mark); None where its number is unsure."""
        if followed is None:
            return [(0, k, 0) for k in range(len(self.items))]
        out: list[tuple[int, int, int] | None] = []
        turn = 0
        for k in range(len(self.items)):
            turn += followed.restarts[k] > 0.5
            place = np.unravel_index(int(followed.posterior[k].argmax()), followed.posterior[k].shape)
            out.append((turn, int(place[0]), int(place[1])) if followed.posterior[k][place] > _PLACED else None)
        return out

    def _decode_misdated(self, days: Days | None) -> None:
        """Entries whose page was taken to be of another year are read anew: what their people may be born in depends on it."""
        for k, item in enumerate(self.items):
            told = self.changes[k].get(DAY)
            old = item.record.fields.get(DAY)
            if days is None or told is None or old is None or told.value[:4] == old.value[:4] or told.confidence < 0.5:
                continue
            number = self.changes[k].get(NUMBER)
            plain = "".join(c for c in number.value if c.isdigit()) if number else ""
            registered = {date.fromordinal(days.first.toordinal() + int(d)): float(days.posterior[k, d])
                          for d in np.flatnonzero(days.posterior[k] > 1e-6)}
            context = replace(self.context, year=int(told.value[:4]), office=self.office, book_number=self.expected.book_number,
                              number=int(plain) if plain else None, registered=registered)
            for code, value in decode_record(item.types, item.lattices, context).items():
                if code not in item.verified:
                    self.changes[k].setdefault(code, value)

    def _recurring(self, code: str, settle: Callable[[Sequence[Written]], Recurrence | None]) -> None:
        there = [k for k, item in enumerate(self.items) if item.image(code) and (item.value(code) or FieldValue("")).value]
        pages = [Written(item.lattices[code], item.record.fields[code].value if code in item.record.fields else "",
                         item.verified[code].value if code in item.verified else None) for item in (self.items[k] for k in there)]
        found = settle(pages) if pages else None
        for k, page, best in zip(there, pages, found.best if found else (), strict=bool(found)):
            if best is not None:
                self._tell(k, code, best[0], best[1], ("lattice", "book"))
            else:       # a page that holds none of the book's texts is less sure of its own
                own = self.items[k].record.fields[code]
                self._tell(k, code, page.value, min(own.confidence, 0.9), own.evidence)

    def _signers(self) -> None:
        t = self.context.temperature("name")
        for code in sorted({c for item in self.items for c, kind in item.types.items() if kind == "signer" and c != TITLE}):
            self._recurring(code, partial(settle_signers, temperature=t))
        self._recurring(TITLE, partial(settle_titles, temperature=t))

    def _volumes(self) -> None:
        self._recurring(VOLUME, partial(settle_volumes, years=self.years, declared=self.expected.book_number or self._named_volume(),
                                        temperature=self.context.temperature("number")))

    def _named_volume(self) -> str | None:
        volumes = {n.book_number for item in self.items if (n := item.name)}
        return volumes.pop() if len(volumes) == 1 else None

    def _codes(self, entry: int, kind: str) -> list[str]:
        item = self.items[entry]
        return [c for c, t in item.types.items() if t == kind and item.image(c) and c in item.record.fields and c not in item.verified]

    def _now(self, entry: int, code: str) -> Decoded:
        f = self.items[entry].record.fields[code]
        return self.changes[entry].get(code) or Decoded(f.value, f.confidence, f.evidence, f.unit_code)

    def _ethnicities(self) -> None:
        held: defaultdict[str, float] = defaultdict(float)
        for item in self.items:
            for code, kind in item.types.items():
                f = item.value(code)
                if kind == "ethnicity" and f and f.value:
                    held[f.value] += f.confidence
        total = sum(held.values())
        weights = {name: w + (3 * held.get(name, 0.0) / total if total else 0.0) for name, w in ETHNICITIES.items()}
        for k, item in enumerate(self.items):
            for code in self._codes(k, "ethnicity"):
                now = self._now(k, code)
                if now.value and now.confidence < UNCLEAR:
                    found = read_closed(item.lattices[code], weights, self.context.temperature("closed"))
                    if found is not None:
                        self._tell(k, code, found.value, min(0.985, found.probability), ("lattice", "list", "book"))

    def _places(self) -> None:
        if self.office is not None and not self.expected.registry_office:
            self._places_near_office()
        fields, where = [], []
        for k, item in enumerate(self.items):
            for code, kind in item.types.items():
                f = item.value(code)
                if kind != "place" or f is None:
                    continue
                now = Decoded(f.value, f.confidence, f.evidence, f.unit_code) if code in item.verified else self._now(k, code)
                fields.append(PlaceField(k, code, now.value, now.unit_code, now.confidence, item.image(code),
                                         "free-text" in now.evidence or now.unit_code is None, code in item.verified))
                where.append((k, code))
        for i, change in settle_places(fields, self.office, self.context.temperature("place")).items():
            self._tell(*where[i], change.value, change.confidence, ("lattice", "gazetteer", "book"), change.unit_code)

    def _places_near_office(self) -> None:
        """Nobody had said where the book is from when its pages were read: unclear places are read again now that it is known."""
        for k, item in enumerate(self.items):
            for code in self._codes(k, "place"):
                now = self._now(k, code)
                if now.value and now.confidence < UNCLEAR:
                    on = day_of(replace(FieldValue(""), value=self._now(k, DAY).value)) if DAY in item.record.fields else None
                    found = read_place([item.lattices[code]], on or date(self.year, 7, 1), self.office, self.context.temperature("place"))
                    if found is not None:
                        self._tell(k, code, found.choice.value, found.choice.probability, ("lattice", "gazetteer"), found.code)
