"""The table on a page: which form it is, where its heading ends, its columns, and which rules part its entries."""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ocr.reading import PageImage, PrintedWord
from ocr.straighten import StraightPage, straighten
from ocr.table_columns import ColumnFit, fit_columns
from ocr.table_rules import Rule, erase_rules, find_rules
from ocr.tesseract import read_words
from records.forms import Form

LEAST_HEADINGS = 0.5        # mean likeness of headings that makes a form known by them
LEAST_WIDTHS = 0.55         # agreement of widths, where a book's form is known and its headings are not printed
_FIRM = 0.6                 # strength of a rule against that of the page's best: guides of a notebook are fainter, writing too
_GUIDE_PITCH = 5.0, 12.0    # mm between a notebook's guides
_HEADING = 5.0, 62.0        # mm from the table's top to where its heading may end
_NUMBERS = 13.0             # mm: a row of column numbers is no higher
_HEADING_DPI = 160
_LOW = 0.5                  # of the usual row's height: a lower first row, if it is that low, bears the columns' numbers
_UNBROKEN = 0.72            # share of a rule that is inked, against that of the page's other rules
_ON_ITS_SIDE = 0.1          # of the score, that a table loses where the sheet's longer side is not the form's
_ACROSS = 0.6               # of the table's width that a rule between rows spans; what follows a line of writing is shorter
_BEYOND = 6.0               # mm that a rule may lie beyond the ends of the upright ones and still be the table's


@dataclass(frozen=True)
class TableFit:
    """A table on a straight page. columns: the form's columns as placed; head: where the heading ends; separators: rules below it that
    part rows, from top to bottom; bottom: where the upright rules end; erased: all that was ruled, the guides of the paper included;
    words: the print about the heading."""

    fit: ColumnFit
    head: Rule
    separators: tuple[Rule, ...]
    bottom: float
    erased: tuple[tuple[Rule, ...], tuple[Rule, ...]]
    words: tuple[PrintedWord, ...] = ()

    @property
    def form(self) -> Form:
        return self.fit.form


def find_table(page: StraightPage, forms: Sequence[Form], known: bool) -> TableFit | None:
    """The ruled table on the page and which of `forms` it is, None if there is no such table. known: the book is said to be one of
    these, so that columns of the right widths are enough where no heading is printed."""
    scale = page.dpi / 25.4
    horizontal, vertical = find_rules(page.gray, scale)
    vertical = _firm(vertical)
    if len(vertical) < 4:
        return None
    top = float(np.median([r.span[0] for r in vertical]))
    bottom = float(np.percentile([r.span[1] for r in vertical], 75))
    guides = _guides(horizontal, scale)
    level = [r for r in horizontal if r not in guides]
    across = _ACROSS * (_middle(vertical[-1]) - _middle(vertical[0]))
    level = [r for r in level if top - _BEYOND * scale <= _middle(r) <= bottom + _BEYOND * scale and r.span[1] - r.span[0] >= across]
    level = _firm(level)
    erased = (*level, *guides), tuple(vertical)
    words = _heading_words(page, top, erased, scale)
    width = page.gray.shape[1]
    start = Rule(np.array([0.0, width - 1.0]), np.array([top, top]), 0.0, 0.0)
    fits = [(fit, head) for head in _heads(level, top, scale) for form in forms
            if (fit := fit_columns(form, vertical, _above(words, head), _middle(head), scale, width)) is not None]
    fits = [f for f in fits if f[0].headings >= LEAST_HEADINGS]
    if not fits and known:      # no headings on this page, or written by hand: the columns begin at once
        fits = [(fit, start) for form in forms if (fit := fit_columns(form, vertical, [], top, scale, width)) is not None]
        fits = [f for f in fits if f[0].widths >= LEAST_WIDTHS]
    if not fits:
        return None
    fit, head = max(fits, key=lambda f: (_rank(f[0], scale), f[0].form.id))
    below = tuple(r for r in level if _middle(r) > _middle(head) + 2 * scale)
    return _past_numbers(TableFit(fit, head, below, bottom, erased, tuple(words)), scale)


def find_known_table(page: PageImage, straight: StraightPage, forms: Sequence[Form],
                     turned: bool) -> tuple[StraightPage, TableFit] | None:
    """The table that the page's book is said to hold, and the page as it must be turned for it: a spread of writing without print may have
    been laid on its side. turned: a person said how the page lies."""
    found = find_table(straight, forms, known=True)
    wide = forms[0].width > forms[0].height
    level = (straight.gray.shape[1] > straight.gray.shape[0]) == wide
    if turned or level or (found is not None and found.fit.headings >= LEAST_HEADINGS):
        return (straight, found) if found is not None else None
    tries = [(found.fit.score - _ON_ITS_SIDE, straight, found)] if found is not None else []
    for rotation in (0, 180) if (page.width > page.height) == wide else (90, 270):
        other = straighten(page, rotation)
        table = find_table(other, forms, known=True)
        if table is not None:
            tries.append((table.fit.score, other, table))
    return max(tries, key=lambda t: t[0])[1:] if tries else None


def _above(words: Sequence[PrintedWord], head: Rule) -> list[PrintedWord]:
    return [w for w in words if (w.box[1] + w.box[3]) / 2 < head.at((w.box[0] + w.box[2]) / 2)]


def _rank(fit: ColumnFit, scale: float) -> float:
    """The score, lowered a little where the form is larger or smaller than the sheet: books of two times may have the same columns."""
    return fit.score - 0.1 * abs(math.log(fit.scale / scale))


def _firm(rules: Sequence[Rule]) -> list[Rule]:
    """Rules about as dark and as unbroken as the best of them: lines of writing are traced too, but are neither."""
    best = sorted(rules, key=lambda r: -r.seen)[:max(1, len(rules) // 4)]
    if not best:
        return []
    strength, seen = float(np.median([r.strength for r in best])), float(np.median([r.seen for r in best]))
    return [r for r in rules if r.strength >= _FIRM * strength and r.seen >= _UNBROKEN * seen]


def _guides(rules: Sequence[Rule], scale: float) -> list[Rule]:
    """The faint, evenly spaced lines of a school notebook: at least six, each at the usual distance from another."""
    if len(rules) < 6:
        return []
    faint = [r for r in rules if r.strength < 0.6 * max(x.strength for x in rules)] or list(rules)
    heights = np.array([_middle(r) for r in faint])
    gaps = np.diff(heights)
    usual = gaps[(gaps > _GUIDE_PITCH[0] * scale) & (gaps < _GUIDE_PITCH[1] * scale)]
    if len(usual) < 5:
        return []
    pitch = float(np.median(usual))
    even = np.abs(gaps - pitch) < 0.12 * pitch
    return [r for n, r in enumerate(faint) if (n and even[n - 1]) or (n < len(even) and even[n])] if even.sum() >= 5 else []


def _middle(rule: Rule) -> float:
    return rule.at((rule.along[0] + rule.along[-1]) / 2)


def _heads(level: Sequence[Rule], top: float, scale: float) -> list[Rule]:
    """Rules that may end the heading."""
    return [r for r in level if top + _HEADING[0] * scale <= _middle(r) <= top + _HEADING[1] * scale]


def _heading_words(page: StraightPage, top: float, erased: tuple[Sequence[Rule], Sequence[Rule]], scale: float) -> list[PrintedWord]:
    """The print about the table's head, its rules taken out first: Tesseract takes words between them for pictures."""
    y0, y1 = max(0, round(top - 25 * scale)), min(page.gray.shape[0], round(top + _HEADING[1] * scale))
    band = erase_rules(page.gray, *erased, scale=scale, paper=255)[y0:y1]
    factor = min(1.0, _HEADING_DPI / page.dpi)
    words = read_words(np.ascontiguousarray(cv2.medianBlur(band, 1)), psm=11, scale=factor)
    return [PrintedWord(w.text, (w.box[0], w.box[1] + y0, w.box[2], w.box[3] + y0), w.confidence, w.line) for w in words]


def _past_numbers(table: TableFit, scale: float) -> TableFit:
    """The table with the row (1) (2) (3) … under its headings counted to the heading."""
    if not table.separators:
        return table
    nxt = table.separators[0]
    if not 2 * scale < _middle(nxt) - _middle(table.head) <= _NUMBERS * scale:
        return table
    between = [w for w in table.words if table.head.at(w.box[0]) < (w.box[1] + w.box[3]) / 2 < nxt.at(w.box[0])]
    others = np.diff([_middle(r) for r in table.separators])
    low = len(others) >= 3 and _middle(nxt) - _middle(table.head) < _LOW * float(np.median(others))
    right = 0
    for word in between:
        digits = "".join(c for c in word.text if c.isdigit())
        middle = (word.box[0] + word.box[2]) / 2
        own = next((c.number for c in table.fit.columns if c.left.at(word.box[1]) <= middle <= c.right.at(word.box[1])), None)
        right += own is not None and digits == str(own + 1)
    if right < 3 and not low:
        return table
    return replace(table, head=nxt, separators=table.separators[1:])
