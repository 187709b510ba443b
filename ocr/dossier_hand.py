"""What an official wrote by hand into a printed letterhead: the number before "/UBND-…" and the day between "ngày" and "tháng".

Each is read by the handwriting recogniser and decoded as what it must be. The values are for a person to confirm: they stand apart
from what print says, with their confidence.
"""
from __future__ import annotations

import calendar
import math
import re
from collections.abc import Sequence

import numpy as np

from ocr import cleaning
from ocr.decoding.choice import Choice, Scored, choose
from ocr.decoding.folding import fold_digits
from ocr.label_search import letters
from ocr.lattice import Lattice
from ocr.reading import PrintedWord
from ocr.recogniser import Recogniser
from ocr.straighten import StraightPage
from ocr.trie import Trie
from records.record import FieldValue
from records.text import nfc

NUMBER, DAY = "so", "ngay"
_GREATEST = 19_999          # numbers an office gives out in a year, hardly ever more
_HIGH = 0.3                 # share of the sheet's height in which a letterhead stands
_SURE = 0.8                 # print that is read so surely is no handwriting
_CEILING = 0.97             # nobody has checked the hand of an unknown official against anything
_MONTH_TO_DAY = 1.143       # length of "tháng" over that of "ngày" in the face of official print

Strip = tuple[int, int, int, int]


def read_hand(page: StraightPage, words: Sequence[PrintedWord], recogniser: Recogniser) -> dict[str, FieldValue]:
    """NUMBER and DAY as far as they are written by hand; boxes in pixels of the original page. words: print of the straight page."""
    head = sorted((w for w in words if w.box[3] < _HIGH * page.gray.shape[0]), key=lambda w: (w.line, w.box[0]))
    temperature = recogniser.card.temperature("number")
    out: dict[str, FieldValue] = {}
    strip = number_strip(head)
    if strip is not None and (lattice := _read(page, strip, recogniser)) is not None:
        out |= _field(NUMBER, decode_number(lattice, temperature), lattice, page, strip)
    found = day_strip(head)
    if found is not None and (lattice := _read(page, found[0], recogniser)) is not None:
        out |= _field(DAY, decode_day(lattice, found[1], found[2], temperature), lattice, page, found[0])
    return out


def number_strip(head: Sequence[PrintedWord]) -> Strip | None:
    """Where a number written by hand may stand: between "Số:" and the stroke of the notation; None where print fills the place."""
    for first in (w for w in head if letters(w.text) in ("so", "s") and w.text.rstrip()[-1:] in ":;."):
        row = [w for w in head if w is not first and _level(first, w) and w.box[0] >= first.box[2] - 4]
        notation = next((w for w in sorted(row, key=lambda w: w.box[0]) if re.search(r"/\s*[A-ZĐ]", w.text)), None)
        if notation is None or re.search(r"\d\w?/", notation.text):
            continue
        between = [w for w in row if w.box[0] < notation.box[0] and w is not notation]
        if any(w.confidence > _SURE and any(c.isdigit() for c in w.text) for w in between):
            continue
        stroke = notation.box[0] + round((notation.box[2] - notation.box[0]) * notation.text.index("/") / len(notation.text))
        return _strip(first, first.box[2] + 3, stroke - 2)
    return None


def day_strip(head: Sequence[PrintedWord]) -> tuple[Strip, int, int] | None:
    """(where a day written by hand may stand, the month, the year) of "ngày … tháng 10 năm 2023"; None where the day is printed."""
    for first in (w for w in head if letters(w.text) == "ngay"):
        row = sorted((w for w in head if _level(first, w) and w.box[0] > first.box[2] - 4), key=lambda w: w.box[0])
        said = re.search(r"tháng\s*(\d{1,2})\s*năm\s*(\d{4})", nfc(" ".join(w.text for w in row)))
        month = next((w for w in row if nfc(w.text).endswith("tháng")), None)
        if said is None or month is None or not 1 <= int(said[1]) <= 12:
            continue
        if any(w.confidence > _SURE and any(c.isdigit() for c in w.text) for w in row if w.box[0] < month.box[0]):
            continue
        start = month.box[0]
        if letters(month.text) != "thang":          # the hand was taken for a part of the word
            start = max(start, round(month.box[2] - _MONTH_TO_DAY * (first.box[2] - first.box[0])))
        return _strip(first, first.box[2] + 3, start - 1), int(said[1]), int(said[2])
    return None


def decode_number(lattice: Lattice, temperature: float) -> Choice | None:
    """Any number up to what an office gives out in a year, smaller ones a little likelier (Benford's law of first digits aside)."""
    numbers = range(1, _GREATEST + 1)
    texts = [text for n in numbers for text in dict.fromkeys((str(n), f"{n:02d}"))]
    folded = fold_digits(lattice)
    scores = Trie(texts).scores(folded.log_probs, folded.alphabet)
    best = np.argsort(-scores, kind="stable")[:400]
    return choose([Scored(str(int(texts[i])), texts[i], float(scores[i]), -0.5 * math.log(int(texts[i]))) for i in best], temperature)


def decode_day(lattice: Lattice, month: int, year: int, temperature: float) -> Choice | None:
    """A day of that month, written with one or two figures."""
    last = calendar.monthrange(year, month)[1] if 1 <= year <= 9999 else 31
    texts = [text for n in range(1, last + 1) for text in dict.fromkeys((str(n), f"{n:02d}"))]
    folded = fold_digits(lattice)
    scores = Trie(texts).scores(folded.log_probs, folded.alphabet)
    return choose([Scored(f"{int(t):02d}", t, float(s)) for t, s in zip(texts, scores, strict=True)], temperature)


def _read(page: StraightPage, strip: Strip, recogniser: Recogniser) -> Lattice | None:
    """The handwriting in the strip; None where it holds no ink to speak of."""
    x0, y0, x1, y1 = strip
    if x1 - x0 < 8 or y1 - y0 < 8:
        return None
    scale, card = page.dpi / 25.4, recogniser.card
    top, left = max(0, y0 - 60), max(0, x0 - 60)
    around = cleaning.darkness(page.rgb[top:y1 + 60, left:x1 + 60], scale)
    dark = around[y0 - top:y1 - top, x0 - left:x1 - left]
    clean = cleaning.clean_line(dark, scale)
    if clean.box is None or clean.box[3] - clean.box[1] < 0.3 * (y1 - y0):
        return None
    return recogniser.read([cleaning.layers(dark, clean, card.layers, scale, card.digit_room)])[0]


def _field(name: str, choice: Choice | None, lattice: Lattice, page: StraightPage, strip: Strip) -> dict[str, FieldValue]:
    if choice is None:
        return {}
    confidence, box = round(min(_CEILING, choice.probability), 4), page.box_to_original(strip)
    return {name: FieldValue(choice.value, nfc(lattice.best_text()), confidence, "ocr", box, ("lattice", "unconfirmed"))}


def _strip(first: PrintedWord, x0: int, x1: int) -> Strip:
    """The row of `first` between two columns, with room for what hands need above and below print."""
    height = first.box[3] - first.box[1]
    return x0, max(0, first.box[1] - round(0.4 * height)), x1, first.box[3] + round(0.35 * height)


def _level(a: PrintedWord, b: PrintedWord) -> bool:
    return min(a.box[3], b.box[3]) - max(a.box[1], b.box[1]) > 0.5 * min(a.box[3] - a.box[1], b.box[3] - b.box[1])
