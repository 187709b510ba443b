"""A whole book settles its entries: numbers follow one another, days of registration do not run backwards, officers and communes return.

Every entry is decoded again from its kept lattices with what the others tell, so the result depends on the readings alone, not on
their order of arrival.
"""
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from ocr.decoding.closed import score_texts
from ocr.decoding.context import Context, Decoded
from ocr.decoding.dates import DateScores
from ocr.decoding.places import find_office
from ocr.decoding.record import decode_record, search_all_numbers
from ocr.decoding.record_dates import read_dates
from ocr.extraction import Expectation, timeliness
from ocr.lattice import Lattice
from ocr.recogniser import list_models
from records.filenames import parse_page_name
from records.forms import load_forms
from records.places import Unit, default_gazetteer
from records.record import DraftRecord, FieldValue

USUAL_GAP = 12.0        # days between neighbouring entries, where the book does not tell
BACKWARDS = 0.03        # share of entries registered before the one ahead of them
PLACE_WEIGHT = 0.3      # how much of a place's prior the book's own places make


@dataclass(frozen=True)
class BookItem:
    """One entry of a book: the file it stands in, its record as read from the page alone, its lattices by field code."""

    file: str
    record: DraftRecord
    lattices: Mapping[str, Lattice]


@dataclass(frozen=True)
class _Place:
    """Where an entry stands: year and number, as far as known; number_trust as ocr.decoding.context.Context."""

    year: int | None
    number: int | None
    trust: float


def settle_book(items: Sequence[BookItem], expected: Expectation | None = None) -> list[DraftRecord]:
    """The records of `items`, in their order, each decoded again with what the book tells. Entries without lattices or form come back
    as they are."""
    expected = expected or Expectation()
    readable = [i for i, item in enumerate(items) if item.lattices and item.record.form in load_forms()]
    if not readable:
        return [item.record for item in items]
    places = _places_in_book(items, readable, expected)
    office = _office(items, readable, expected)
    first = [_context(items[i], places[i], office, expected) for i in readable]
    dates = _registration_messages([_registration(items[i], c) for i, c in zip(readable, first, strict=True)],
                                   [places[i] for i in readable])
    habits = _place_habits(items, readable)
    ethnicities = _shares(items[i].record.fields[c] for i in readable for c in items[i].record.fields if c.endswith("DanToc"))
    signers = _signers([items[i] for i in readable], first[0])
    out = [item.record for item in items]
    for k, i in enumerate(readable):
        context = replace(first[k], registered=dates[k], places=habits, ethnicities=ethnicities, signers=signers)
        values = decode_record(_types(items[i]), items[i].lattices, context)
        out[i] = _with_values(items[i].record, values)
    return out


def _types(item: BookItem) -> dict:
    return {b.code: b.type for b in load_forms()[item.record.form or ""].blanks if b.code}


def _registration(item: BookItem, context: Context) -> DateScores | None:
    """Days of registration weighed by the entry alone."""
    types = _types(item)
    return read_dates(types, item.lattices, context, search_all_numbers(types, item.lattices))[1].get("ngayDangKy")


def _context(item: BookItem, place: _Place, office: Unit | None, expected: Expectation) -> Context:
    model = next(iter(item.lattices.values())).model
    card = next((c for c in list_models() if c.id == model), None)
    name = parse_page_name(item.file)
    book = expected.book_number or (name.book_number if name else None)
    return Context(item.record.kind, place.year, book, office, place.number, place.trust, temperatures=card.temperatures if card else {})


def _places_in_book(items: Sequence[BookItem], readable: Sequence[int], expected: Expectation) -> dict[int, _Place]:
    """Year and number of each entry: by file name, else by the sequence that most entries' own readings agree on."""
    names = {i: parse_page_name(items[i].file) for i in readable}
    votes: Counter[int] = Counter()
    own = {}
    for rank, i in enumerate(readable):
        so = items[i].record.fields.get("so")
        if so and so.value.isdigit():
            own[i] = int(so.value)
            votes[int(so.value) - rank] += 1
    offset, count = min(votes.items(), key=lambda ov: (-ov[1], ov[0])) if votes else (0, 0)
    years = Counter(f.value[:4] for i in readable if (f := items[i].record.fields.get("ngayDangKy")) and f.value[:4].isdigit())
    usual = int(min(years.items(), key=lambda yv: (-yv[1], yv[0]))[0]) if years else None
    out = {}
    for rank, i in enumerate(readable):
        name = names[i]
        digits = "".join(c for c in name.number if c.isdigit()) if name else ""
        year = (name.registered_year or expected.year or name.year) if name else expected.year or usual
        if digits:
            out[i] = _Place(year, int(digits), 0.97)
        elif count >= max(3, 0.4 * len(readable)) and offset + rank > 0:
            out[i] = _Place(year, offset + rank, 0.9)
        else:
            out[i] = _Place(year, None, 0.5)
    return out


def _office(items: Sequence[BookItem], readable: Sequence[int], expected: Expectation) -> Unit | None:
    """The registering commune: as declared, else the commune that stands most often in the book, if it does so in every third place."""
    on = date(expected.year, 7, 1) if expected.year else None
    declared = find_office(expected.registry_office, on)
    if declared is not None:
        return declared
    codes = Counter(f.unit_code for i in readable for f in items[i].record.fields.values() if f.unit_code and f.confidence > 0.5)
    if not codes:
        return None
    code, count = min(codes.items(), key=lambda cv: (-cv[1], cv[0]))
    return default_gazetteer().unit(code, on) if 3 * count >= sum(codes.values()) and count >= 3 else None


def _place_habits(items: Sequence[BookItem], readable: Sequence[int]) -> dict[str, float]:
    weights: defaultdict[str, float] = defaultdict(float)
    for i in readable:
        for f in items[i].record.fields.values():
            if f.unit_code:
                weights[f.unit_code] += f.confidence
    total = sum(weights.values())
    return {c: PLACE_WEIGHT * w / total for c, w in sorted(weights.items())} if total else {}


def _shares(values) -> dict[str, float]:
    weights: defaultdict[str, float] = defaultdict(float)
    for f in values:
        if f.value:
            weights[f.value] += f.confidence
    total = sum(weights.values())
    return {v: w / total for v, w in sorted(weights.items())} if total else {}


def _signers(items: Sequence[BookItem], context: Context) -> dict[str, float]:
    """Texts of who signed that explain the whole book's images best, with shares; few officers sign one book."""
    lattices = [item.lattices["nguoiKy"] for item in items if "nguoiKy" in item.lattices]
    texts = sorted({f.value for item in items if (f := item.record.fields.get("nguoiKy")) and f.value})
    if len(lattices) < 3 or not texts:
        return {}
    t = context.temperature("name")
    fit = np.stack([t * score_texts(x, texts) for x in lattices])
    fit -= np.logaddexp.reduce(fit, axis=1, keepdims=True)
    shares = np.full(len(texts), 1 / len(texts))
    for _ in range(30):         # mixture of signers, by expectation maximisation
        each = fit + np.log(shares)
        each = np.exp(each - np.logaddexp.reduce(each, axis=1, keepdims=True))
        shares = np.maximum(each.mean(axis=0), 1e-6)
        shares /= shares.sum()
    order = np.argsort(-shares, kind="stable")[:6]
    return {texts[k]: float(shares[k]) for k in order if shares[k] > 1e-3}


def _registration_messages(scores: Sequence[DateScores | None], places: Sequence[_Place]) -> list[dict[date, float]]:
    """For each entry, what the others tell of its day of registration: forward and backward messages of a chain in the order of numbers."""
    order = sorted((i for i, s in enumerate(scores) if s is not None and len(s.dates)),
                   key=lambda i: (places[i].year or 0, places[i].number or 0, i))
    out: list[dict[date, float]] = [{} for _ in scores]
    if len(order) < 3:
        return out
    days = sorted({day for i in order for d in scores[i].dates if (day := d.to_date())})      # type: ignore[union-attr]
    if len(days) > 2000:        # nothing is known of the year: each entry by itself
        return out
    index = {day: k for k, day in enumerate(days)}
    emit = np.full((len(order), len(days)), -60.0)
    for n, i in enumerate(order):
        s = scores[i]
        top = s.weights.max()      # type: ignore[union-attr]
        for d, w in zip(s.dates, s.weights, strict=True):      # type: ignore[union-attr]
            day = d.to_date()
            if day is not None:
                emit[n, index[day]] = max(-60.0, w - top)
    emit = np.logaddexp(emit, np.log(2e-3))       # any one reading may be wrong altogether
    p = np.exp(emit)
    ordinals = np.array([d.toordinal() for d in days])
    gap = ordinals[None, :] - ordinals[:, None]
    forward, backward = np.ones_like(p), np.ones_like(p)
    for n in range(1, len(order)):
        message = (forward[n - 1] * p[n - 1]) @ _moves(gap, places[order[n - 1]], places[order[n]])
        forward[n] = message / message.sum()
    for n in range(len(order) - 2, -1, -1):
        message = _moves(gap, places[order[n]], places[order[n + 1]]) @ (backward[n + 1] * p[n + 1])
        backward[n] = message / message.sum()
    for n, i in enumerate(order):
        prior = forward[n] * backward[n]
        year = np.array([1.0 if places[i].year in (None, d.year) else 0.05 for d in days])
        prior = prior / prior.sum() * year + 1e-6
        out[i] = {day: float(w) for day, w in zip(days, prior, strict=True)}
    return out


def _moves(gap: np.ndarray, a: _Place, b: _Place) -> np.ndarray:
    """P(day of b | day of a): later by some days for every number between them, seldom earlier."""
    steps = max(1, b.number - a.number) if a.number and b.number and a.year == b.year else 3
    mean = USUAL_GAP * steps
    return np.where(gap >= 0, (1 - BACKWARDS) * np.exp(-np.maximum(gap, 0) / mean) / mean, 0.0) + BACKWARDS / len(gap)


def _with_values(record: DraftRecord, values: Mapping[str, Decoded]) -> DraftRecord:
    fields = dict(record.fields)
    for code, v in values.items():
        old = fields.get(code, FieldValue(""))
        fields[code] = replace(old, value=v.value, confidence=round(v.confidence, 4), evidence=v.evidence, unit_code=v.unit_code,
                               source="ocr")
    late = timeliness(fields)
    if late is not None and fields.get("loaiDangKy", late).source == "rule" and record.kind == "KS":
        form = load_forms().get(record.form or "")
        if form is not None and not form.ticks:
            fields["loaiDangKy"] = late
    return replace(record, fields=fields)
