"""Dates in words, as registers write them: "Ngày mồng bảy tháng một năm hai nghìn không trăm mười ba".

The words beside the figures are the best check-sum of a birth record. Several spellings of one date are all right (mồng/mùng, linh/lẻ,
nghìn/ngàn, tư/bốn, lăm/nhăm/năm, bảy/bẩy); `all_word_forms` lists them, `parse_words` reads them, slips of the pen and the reader included.
"""
from __future__ import annotations

from functools import cache, lru_cache
from itertools import product

from rapidfuzz.distance import Levenshtein

from records.partial_date import PartialDate
from records.text import fold, strip_marks

_UNITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_FIRST_YEAR, _LAST_YEAR = 1850, 2049
_MINIMUM, _MARGIN = 0.72, 0.02


def _with_bay(forms: list[str]) -> tuple[str, ...]:
    """Also with bẩy, the northern spelling of bảy; doubles dropped, order kept."""
    return tuple(dict.fromkeys([*forms, *(f.replace("bảy", "bẩy") for f in forms if "bảy" in f)]))


def _tens(n: int) -> list[str]:
    """1..99, commonest first."""
    ten, unit = divmod(n, 10)
    if ten == 0:
        return [_UNITS[n]]
    stem = "mười" if ten == 1 else f"{_UNITS[ten]} mươi"
    if unit == 0:
        return [stem]
    irregular = {1: ["mốt", "một"], 4: ["bốn", "tư"], 5: ["lăm", "nhăm", "năm"]}
    ends = [_UNITS[unit]] if ten == 1 and unit != 5 else irregular.get(unit, [_UNITS[unit]])
    forms = [f"{stem} {e}" for e in ends]
    if ten > 1 and unit in (1, 4, 5):
        forms.append(f"{_UNITS[ten]} {({1: 'mốt', 4: 'tư', 5: 'lăm'})[unit]}")
    return forms


@cache
def day_words(day: int) -> tuple[str, ...]:
    """Spellings of a day of the month (1..31), commonest first."""
    if day <= 10:
        ends = ["bốn", "tư"] if day == 4 else _tens(day)
        forms = [f"{m} {e}" for m in ("mồng", "mùng") for e in ends] + ends
        return _with_bay(forms if day < 10 else ["mười", "mồng mười", "mùng mười"])
    forms = _tens(day)
    if 20 < day < 30:
        forms += [f.replace("hai mươi", "hăm") for f in forms if f.startswith("hai mươi")]
    return _with_bay(forms)


@cache
def month_words(month: int) -> tuple[str, ...]:
    """Spellings of a month (1..12), commonest first; giêng and chạp where people use them for January and December."""
    return _with_bay({1: ["một", "giêng"], 4: ["tư", "bốn"], 12: ["mười hai", "chạp"]}.get(month) or _tens(month))


@cache
def year_words(year: int) -> tuple[str, ...]:
    """Spellings of a year (1000..2999), commonest first."""
    thousand, rest = divmod(year, 1000)
    hundred, tens = divmod(rest, 100)
    forms: list[str] = []
    for word in ("nghìn", "ngàn"):
        heads = [f"{_UNITS[thousand]} {word} {_UNITS[hundred]} trăm"]
        if hundred == 0:
            heads = [heads[0], f"{_UNITS[thousand]} {word}"]
        if tens == 0:
            forms += heads if hundred else heads[::-1]
        elif tens < 10:
            ends = ["bốn", "tư"] if tens == 4 else [_UNITS[tens]]
            forms += [f"{h} {zero} {e}" for h in heads for zero in ("linh", "lẻ") for e in ends]
        else:
            forms += [f"{h} {t}" for h in heads for t in _tens(tens)]
    return _with_bay(forms)


def _known(d: PartialDate) -> tuple[int, int, int]:
    if d.calendar == "lunar" or d.year is None or d.month is None or d.day is None:
        raise ValueError("only a whole solar date has words")
    return d.year, d.month, d.day


def in_words(d: PartialDate) -> str:
    """The date in the words most registers use. ValueError unless year, month and day are known and solar."""
    year, month, day = _known(d)
    return f"Ngày {day_words(day)[0]} tháng {month_words(month)[0]} năm {year_words(year)[0]}"


def all_word_forms(d: PartialDate) -> tuple[str, ...]:
    """Every spelling of the date, commonest first (the first is `in_words`); ValueError as there. No two dates share a spelling."""
    year, month, day = _known(d)
    parts = [list(enumerate(words)) for words in (day_words(day), month_words(month), year_words(year))]
    ranked = sorted(product(*parts), key=lambda c: sum(rank for rank, _ in c))
    return tuple(f"Ngày {a} tháng {b} năm {c}" for (_, a), (_, b), (_, c) in ranked)


@cache
def _lexicon(part: str) -> tuple[tuple[int, str, str], ...]:
    """(value, folded spelling, the same without marks) of every day, month or year."""
    words, values = {"day": (day_words, range(1, 32)), "month": (month_words, range(1, 13)),
                     "year": (year_words, range(_FIRST_YEAR, _LAST_YEAR + 1))}[part]
    return tuple((v, fold(w), strip_marks(fold(w))) for v in values for w in words(v))


@cache
def _exact(part: str) -> dict[str, int]:
    return {text: v for v, text, _ in _lexicon(part)}


@lru_cache(maxsize=8192)
def _read(part: str, text: str) -> tuple[tuple[int, float], ...]:
    """The likeliest values of one part, with similarity 0..1 (half letters with marks, half without; without alone where
    the text has no marks), best first; at most four."""
    if text.isdigit():
        value = int(text)
        good = {"day": 1 <= value <= 31, "month": 1 <= value <= 12, "year": _FIRST_YEAR <= value <= _LAST_YEAR}[part]
        return ((value, 1.0),) if good else ()
    if text in _exact(part):
        return ((_exact(part)[text], 1.0),)
    bare = strip_marks(text)
    best: dict[int, float] = {}
    for value, spelled, plain in _lexicon(part):
        if abs(len(plain) - len(bare)) > 0.6 * max(len(plain), len(bare)):
            continue
        near = Levenshtein.normalized_similarity(plain, bare)
        if near < 0.6:
            continue
        score = 0.95 * near if bare == text else (near + Levenshtein.normalized_similarity(spelled, text)) / 2
        if score > best.get(value, 0.0):
            best[value] = score
    return tuple(sorted(best.items(), key=lambda vs: (-vs[1], vs[0]))[:4])


def _like(word: str, keyword: str) -> bool:
    return Levenshtein.distance(strip_marks(word), keyword) <= 1 and len(word) >= 3


def parse_words(text: str) -> PartialDate | None:
    """The date that `text` spells out, or None. Tolerates a wrong letter or mark here and there, figures for a part, a missing "Ngày";
    a month and year, or a year alone, give a partial date. None where two readings are about as near: it never guesses."""
    words = fold(text).split()
    if words and _like(words[0], "ngay"):
        words = words[1:]
    best: tuple[float, PartialDate] | None = None
    second = 0.0
    for j, word in enumerate(words):
        if not _like(word, "nam") or j == len(words) - 1:
            continue
        years = _read("year", " ".join(words[j + 1:]))
        if not years or years[0][1] < _MINIMUM:
            continue
        for i in [k for k in range(j - 1) if _like(words[k], "thang")] or [-1]:
            if i < 0 and j > 0:
                continue
            months = _read("month", " ".join(words[i + 1:j])) if i >= 0 else ((None, 1.0),)
            days = _read("day", " ".join(words[:i])) if i > 0 else ((None, 1.0),)
            for (y, sy), (m, sm), (d, sd) in product(years, months, days):
                score = (sy + sm + sd) / 3
                if min(sy, sm, sd) < _MINIMUM - 0.12 or score < _MINIMUM:
                    continue
                try:
                    found = PartialDate(y, m, d)
                except ValueError:
                    continue
                if best is None or score > best[0]:
                    second = best[0] if best and best[1] != found else second
                    best = (score, found)
                elif found != best[1]:
                    second = max(second, score)
    return best[1] if best and best[0] - second >= _MARGIN / 3 else None
