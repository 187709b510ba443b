"""The form pages in an image, upright and level, each with its form laid on it: one for a sheet, two for an open book.

The form that is expected is sought by the look of its labels first, which takes a tenth of the time of reading the print;
what matches weakly is read by Tesseract.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ocr.print_template import PrintMatch, match_print
from ocr.reading import PageImage, PrintedWord
from ocr.registration import FormFit, fit_form, lay_form, read_labels
from ocr.spreads import halves, may_be_spread
from ocr.straighten import StraightPage, level, turned_over, upside_down
from records.forms import Form

_SHARE, _KNOWN = 0.75, 0.65     # of a form's labels, and of those that set it apart, whose look is enough
_PLAIN = 0.92                   # share that no other form's page shows: the expected form need not be compared with others then
_EXPECTED = 0.1                 # what being expected adds to a share in such a comparison
_ERROR = 0.8                    # mm, greatest median distance of such labels from their places
_SPREAD = 0.6                   # share of its labels that a page of an open book must show
_OVER = 0.2                     # of its width that a form may lie outside the half of the picture that is its page


@dataclass(frozen=True)
class FoundPage:
    """straight: the page. fit: its form, None if it fits none. words: its print, boxes in the straight page: all that Tesseract read,
    or the labels alone where their look was enough."""

    straight: StraightPage
    fit: FormFit | None
    words: list[PrintedWord]


def find_pages(page: PageImage, forms: Sequence[Form], expected: str | None = None, rotation: int | None = None,
               tick: Callable[[str], None] = lambda stage: None) -> tuple[FoundPage, ...]:
    """The pages of the image in reading order, at least one. expected: id of the form that the book is said to be.

    rotation: degrees clockwise if a person said so. tick: called with the name of each stage as it ends.
    Raises BrokenProgram where Tesseract is needed and missing.
    """
    straight = level(page, rotation)
    tick("straighten")
    if may_be_spread(straight) and all(f.width < f.height for f in forms):
        both = _spread(straight, forms, expected, rotation is not None)
        tick("form")
        if both:
            return both
    found = _by_look(straight, forms, expected, rotation is not None)
    tick("form")
    if found is None and rotation is None:                    # a table's grain or a picture may lie about the lines' direction
        found = _by_look(level(page, 90 - straight.rotation), forms, expected, False)
        tick("form")
    if found is not None:
        return (found,)
    if rotation is None and upside_down(straight.gray):
        straight = turned_over(straight)
    tick("straighten")
    return (_by_reading(straight, forms, expected, tick),)


def _spread(page: StraightPage, forms: Sequence[Form], expected: str | None, settled: bool) -> tuple[FoundPage, ...]:
    """Both pages of an open book, if either shows a form well; empty if neither does."""
    parts = halves(page)
    found = [_by_look(p, forms, expected, settled) for p in parts]
    turns = {f.straight.rotation for f in found if f}
    if not turns and not settled and upside_down(page.gray):
        turns = {(page.rotation + 180) % 360}
    if turns and page.rotation not in turns:
        parts = halves(turned_over(page))
        found = [_by_look(p, forms, expected, True) for p in parts]
    left, right = (f or _by_reading(p, forms, expected) for f, p in zip(found, parts, strict=True))
    lines = 1 + max((w.line for w in left.words), default=0)          # lines do not run across the fold
    out = left, replace(right, words=[replace(w, line=w.line + lines) for w in right.words])
    return out if any(f.fit and f.fit.score >= _SPREAD for f in out) and all(f.fit is None or _inside(f, f.fit) for f in out) else ()


def _inside(found: FoundPage, fit: FormFit) -> bool:
    """Whether the form lies on this half of the picture and not across its middle."""
    left = float(np.median([f.baseline[0] - f.blank.x0 * fit.scale for f in fit.fitted]))
    width, half = fit.form.width * fit.scale, found.straight.gray.shape[1]
    return left > -_OVER * width and left + width < half + _OVER * width


def _by_look(page: StraightPage, forms: Sequence[Form], expected: str | None, settled: bool) -> FoundPage | None:
    """The form whose labels are seen where they belong, the expected one if it is; settled: the page is known to stand upright."""
    for over in (False,) if settled else (False, True):
        side = turned_over(page) if over else page
        scale = side.dpi / 25.4
        told = [m for f in forms if f.id == expected and (m := match_print(side.gray, f, scale)) and _sure(m)]
        if told and told[0].share >= _PLAIN:
            return _laid(side, told[0])
        matches = told + [m for f in forms if f.id != expected and (m := match_print(side.gray, f, scale)) and _sure(m)]
        if matches:
            return _laid(side, max(matches, key=lambda m: (m.share + _EXPECTED * (m in told), m.known, m.placement.form.id)))
    return None


def _sure(match: PrintMatch) -> bool:
    return match.share >= _SHARE and match.known >= _KNOWN and match.placement.error <= _ERROR


def _laid(page: StraightPage, match: PrintMatch) -> FoundPage:
    fit = lay_form(page, match.placement)
    words = [PrintedWord(label.text, box, round(match.placement.found[n].likeness, 3), n)
             for n, (label, box) in enumerate(fit.labels) if n in match.placement.found]
    return FoundPage(page, fit, words)


def _by_reading(page: StraightPage, forms: Sequence[Form], expected: str | None,
                tick: Callable[[str], None] = lambda stage: None) -> FoundPage:
    words = read_labels(page)
    tick("print")
    fit = fit_form(page, words, forms, expected)
    tick("form")
    return FoundPage(page, fit, words)
