"""What exactly is written on a line whose value is known: of the ways to write the value, the one that the line shows.

A register's values are kept in one form (dates as ISO 8601, numbers as digits); a page has them as the clerk wrote them. To learn from a
verified field one must know which it was. Where the line does not tell one way clearly from the others, nothing is said.
"""
from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise, product

from rapidfuzz.distance import Levenshtein

from ocr.decoding.dates import figure_forms
from ocr.lattice import Lattice
from records.dates import PartialDate
from records.forms import FieldType
from records.places import split_kind
from records.text import nfc, split_tone
from records.times import split_time

HANDWRITTEN: frozenset[FieldType] = frozenset((
    "name", "place", "date", "date_words", "year", "entry_number", "book_number", "page_number", "personal_number", "time"))
SEPARATORS = "/-. "
MARGIN = 3.0            # nats by which one way of writing must beat the next (odds of 20)
LEAST_ALIKE = 0.3       # of the text and the model's own reading: below it the line is taken for another field's, or a stamp
_MOST_LINES = 3
_YEARS = range(1956, 2031)


def texts_of_lines(kind: FieldType, value: str, lattices: Sequence[Lattice]) -> tuple[str, ...] | None:
    """The text of each line of a field, small letters, in the model's alphabet; None where it cannot be known.

    kind: of the field; value: as a person confirmed it; lattices: of the field's lines, in the order of writing.
    """
    if not 1 <= len(lattices) <= _MOST_LINES or kind not in HANDWRITTEN or not value.strip():
        return None
    ways = _in_parts(kind, value, len(lattices)) if len(lattices) > 1 else [(t,) for t in ways_to_write(kind, value)]
    letters = lattices[0].alphabet
    ways = [w for w in dict.fromkeys(ways) if all(t and set(t) <= set(letters) for t in w)]
    if not ways:
        return None
    known = [{t: s for t, s in zip(texts, x.scores(texts), strict=True)}
             for x, texts in zip(lattices, (sorted({w[k] for w in ways}) for k in range(len(lattices))), strict=True)]
    ranked = sorted(((float(sum(known[k][t] for k, t in enumerate(w))), w) for w in ways), reverse=True)
    best, text = ranked[0]
    rival = next((s for s, w in ranked[1:] if _tones_apart(w) != _tones_apart(text)), float("-inf"))
    if best == float("-inf") or best - rival < MARGIN:
        return None
    alike = [Levenshtein.normalized_similarity(x.best_text().lower(), t) for x, t in zip(lattices, text, strict=True)]
    return text if min(alike) >= LEAST_ALIKE else None


def ways_to_write(kind: FieldType, value: str) -> list[str]:
    """Small-letter texts that a line may hold if its field has this value; [] where the value does not tell what is written."""
    value = nfc(value).lower()
    if kind == "name":
        return list(dict.fromkeys((value, _tones_moved(value))))
    if kind == "place":
        return _place_forms(value)
    if kind == "personal_number":
        return [value]
    if kind in ("book_number", "page_number"):
        return list(dict.fromkeys((value, value.lstrip("0") or value, value.partition("/")[0])))
    if kind == "entry_number":
        plain = [value, *(value.zfill(n) for n in (2, 3) if value.isdigit() and len(value) < n)]
        return [*plain, *(f"{n}/{y}" for n in plain for y in _YEARS if value.isdigit())]
    if kind == "date_words":
        return [value]
    if kind == "time":
        ways = list(product(*_clock_parts(value))) if _clock_parts(value) else []
        return list(dict.fromkeys(s.join(way) for way in ways for s in (":", "h", "g", " giờ ", "/", ".")))
    date = _plain_date(value)
    if date is None:
        return []
    forms = [t for t, _ in figure_forms(date)]
    out = [t.replace("/", s) for t in forms for s in SEPARATORS]
    if date.day is not None:
        out += [f"ngày {d} tháng {m} năm {date.year}" for d in _figures(date.day) for m in _figures(date.month)]
    return list(dict.fromkeys(out))


def _in_parts(kind: FieldType, value: str, lines: int) -> list[tuple[str, ...]]:
    """Ways to write the value on several lines: a date as day, month and year between print, a text broken between words."""
    if kind == "date":
        date = _plain_date(value)
        if date is None or date.year is None:
            return []
        years = [str(date.year), f"{date.year % 100:02d}"]
        parts = [_figures(date.day), _figures(date.month), years] if date.day is not None else [_figures(date.month), years]
        if len(parts) != lines:
            return []
        return list(product(*parts))
    if kind == "time":
        clock = _clock_parts(value)
        return list(product(*clock)) if len(clock) == lines else []
    out = []
    for text in ways_to_write(kind, value) if kind in ("name", "place", "date_words") else []:
        words = text.split()
        for cuts in combinations(range(1, len(words)), lines - 1):
            ends = (0, *cuts, len(words))
            out.append(tuple(" ".join(words[a:b]) for a, b in pairwise(ends)))
    return out


def _place_forms(value: str) -> list[str]:
    """A place with and without what kind of unit each part is, its parts set apart in the usual ways."""
    parts = [p.strip() for p in value.split(",") if p.strip()]
    each = [list(dict.fromkeys((p, split_kind(p)[1]))) for p in parts[:4]]
    texts = [s.join(way) for way in product(*each) for s in (", ", " - ", " ")] if len(parts) <= 4 else [value]
    return list(dict.fromkeys((value, *texts, *map(_tones_moved, texts))))


def _plain_date(value: str) -> PartialDate | None:
    """The date of an EDTF value that says no more than day, month and year; None for lunar and doubtful ones."""
    try:
        date = PartialDate.parse(value.upper())
    except ValueError:
        return None
    return date if date.calendar == "solar" and not date.qualifier and date.year is not None else None


def _clock_parts(value: str) -> list[list[str]]:
    """Ways to write the hour and the minute of a time, [] if it is none."""
    try:
        return [_figures(n) for n in split_time(value) if n is not None]
    except ValueError:
        return []


def _figures(number: int | None) -> list[str]:
    return [] if number is None else list(dict.fromkeys((f"{number}", f"{number:02d}")))


def _tones_apart(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Syllables and their tones, wherever the mark stands: hoà and hòa are one."""
    return tuple(split_tone(w) for t in texts for w in t.split())


def _tones_moved(text: str) -> str:
    """The text with the tone of oa, oe and uy on the other vowel: hòa for hoà, hoà for hòa."""
    out = []
    for word in text.split(" "):
        bare, tone = split_tone(word)
        if tone and bare[-2:] in ("oa", "oe", "uy") and not bare.startswith("qu"):
            first, last = nfc(bare[:-1] + tone) + bare[-1], nfc(bare + tone)
            word = first if word == last else last
        out.append(word)
    return " ".join(out)
