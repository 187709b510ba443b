"""What is known of a book before its entries are settled: its order, its years, its office."""
from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from ocr.decoding.places import find_office
from ocr.extraction import Expectation
from ocr.lattice import Lattice
from ocr.recogniser import list_models
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
    a person has settled (they never change and inform the others)."""

    file: str
    record: DraftRecord
    lattices: Mapping[str, Lattice]
    verified: Mapping[str, FieldValue] = field(default_factory=dict)

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
