"""The entries of a book as settling is given them, and what is known of the book beforehand: its years, its office."""
from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from ocr.decoding.context import Decoded
from ocr.decoding.dates import gap_log_prior
from ocr.decoding.places import find_office
from ocr.decoding.record_dates import EVENTS
from ocr.extraction import Expectation, timeliness
from ocr.lattice import Lattice
from ocr.recogniser import list_models
from ocr.table_ditto import DITTO
from records.filenames import PageName, parse_entry_number, parse_page_name
from records.forms import FieldType, load_forms
from records.places import Unit, default_gazetteer
from records.record import DraftRecord, FieldValue

_OTHER_YEAR = 0.05          # weight of a neighbouring year where one year was declared
_ENOUGH = 0.6               # of summed confidence for a year that nobody declared to be taken up
_LONGEST = 12               # years a book may span
DEFAULT_YEAR = 2018


@dataclass(frozen=True)
class BookItem:
    """One entry of a book: the file it stands in, its record as read from the page alone, its lattices by field code, and the values that
    a person has settled (they never change and inform the others). place: before file names, where the pages' order is known."""

    file: str
    record: DraftRecord
    lattices: Mapping[str, Lattice]
    verified: Mapping[str, FieldValue] = field(default_factory=dict)
    place: int = 0

    @property
    def name(self) -> PageName | None:
        return parse_page_name(self.file)

    @property
    def types(self) -> dict[str, FieldType]:
        """Kind of field by code, as the form has it."""
        form = load_forms().get(self.record.form or "")
        return {b.code: b.type for b in form.blanks if b.code} if form else {}

    @property
    def is_row(self) -> bool:
        """Whether it is a row of a table: the number in its file's name is then the page's, not the entry's."""
        form = load_forms().get(self.record.form or "")
        return form is not None and form.table is not None

    def image(self, code: str) -> Lattice | None:
        """The field's lattice, if what is written there is the value: not where it says "as above", nor where nothing is written."""
        f = self.record.fields.get(code)
        return None if f is not None and DITTO in f.evidence else self.lattices.get(code)

    def value(self, code: str) -> FieldValue | None:
        return self.verified.get(code) or self.record.fields.get(code)


def temperatures(items: Sequence[BookItem]) -> Mapping[str, float]:
    """Of the model that read the book."""
    model = next((x.model for item in items for x in item.lattices.values()), None)
    card = next((c for c in list_models() if c.id == model), None)
    return card.temperatures if card else {}


def book_years(items: Sequence[BookItem], expected: Expectation) -> dict[int, float]:
    """Years of registration that the book may hold, with weights: as declared, as files are named, as pages say."""
    votes: defaultdict[int, float] = defaultdict(float)
    for item in items:
        day, name = item.value("ngayDangKy"), item.name
        if day and re.match(r"\d{4}", day.value):
            votes[int(day.value[:4])] += day.confidence
        if name and name.registered_year:
            votes[name.registered_year] += 1.0
        number = parse_entry_number(item.record.fields["so"].raw) if "so" in item.record.fields else None
        if number and number.year:
            votes[number.year] += 0.5
    named = Counter(n.year for item in items if (n := item.name))
    declared = expected.year or (min(named, key=lambda y: (-named[y], y)) if named else None)
    total = sum(votes.values())
    kept = {y: w for y, w in votes.items() if w >= max(_ENOUGH, 0.02 * total)}
    if declared is not None:
        kept[declared] = kept.get(declared, 0.0) + max(1.0, total)
    if not kept:
        kept = dict(votes) or {DEFAULT_YEAR: 1.0}
    best = min(kept, key=lambda y: (-kept[y], y))
    kept = {y: w for y, w in kept.items() if abs(y - best) <= _LONGEST // 2}
    return dict(sorted(kept.items()))


def find_book_office(items: Sequence[BookItem], expected: Expectation, year: int) -> Unit | None:
    """The registering commune: as declared, else the one that stands most often in the book, if it is a third of all places."""
    declared = find_office(expected.registry_office, date(year, 7, 1))
    if declared is not None:
        return declared
    codes = Counter(f.unit_code for item in items for c in item.record.fields
                    if (f := item.value(c)) and f.unit_code and f.confidence > 0.5)
    if not codes:
        return None
    code, count = min(codes.items(), key=lambda cv: (-cv[1], cv[0]))
    return default_gazetteer().unit(code, date(year, 7, 1)) if 3 * count >= sum(codes.values()) and count >= 3 else None


def day_of(f: FieldValue | None) -> date | None:
    """The day a field says, None if it says none wholly."""
    try:
        return date.fromisoformat(f.value) if f else None
    except ValueError:
        return None


def event_gap(item: BookItem) -> Callable[[np.ndarray], np.ndarray] | None:
    """ln of how likely days of registration are by the event that is registered, as far as the page is sure of that."""
    for code, (usual, limit, late, same) in EVENTS.items():
        f, day = item.value(code), day_of(item.value(code))
        if f is not None and day is not None and f.confidence > 0.3:
            sure = 0.999 if code in item.verified else min(f.confidence, 0.97)

            def gap(ordinals: np.ndarray, day: date = day, sure: float = sure, usual: float = usual, limit: float = limit,
                    late: float = late, same: float = same) -> np.ndarray:
                days = np.maximum(ordinals - day.toordinal(), -1)
                likely = gap_log_prior(days, usual, limit, late, same)
                return np.logaddexp(np.log(sure) + likely, np.log((1 - sure) / 3650))
            return gap
    return None


def keep_verified(item: BookItem) -> DraftRecord:
    """The record as read, with what a person settled."""
    return replace(item.record, fields={**item.record.fields, **item.verified}) if item.verified else item.record


def with_values(item: BookItem, values: Mapping[str, Decoded]) -> DraftRecord:
    """The record with new values, what a person settled untouched, and what follows from them renewed."""
    fields = dict(item.record.fields)
    for code, v in values.items():
        old = fields.get(code, FieldValue(""))
        if DITTO in old.evidence:
            continue            # follows the row above, once that is settled
        fields[code] = replace(old, value=v.value, confidence=round(v.confidence, 4), evidence=v.evidence, unit_code=v.unit_code,
                               source="ocr")
    fields.update(item.verified)
    late = timeliness(fields)
    form = load_forms().get(item.record.form or "")
    told = form is None or form.ticks or form.table is not None or "loaiDangKy" in item.verified
    if late is not None and item.record.kind == "KS" and not told:
        fields["loaiDangKy"] = late
    return replace(item.record, fields=fields)
