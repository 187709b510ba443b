"""Which edition of a form a page is: editions share one layout, so it is told by the code printed on the page, else by the year."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from rapidfuzz import fuzz

from ocr.reading import PrintedWord
from ocr.straighten import StraightPage
from ocr.tesseract import read_words, text_lines
from records.editions import editions_of
from records.forms import Form

_STRIP = 16.0               # mm at the head and at the foot of the page where a form's code is printed
_DPI = 150                  # at which the small print of a code is read
_LIKE = 75                  # of 100, that a code is seen in a line of print: one letter or two of it misread


def choose_edition(form: Form, said: str | None, year: int | None, page: StraightPage, words: Sequence[PrintedWord]) -> Form:
    """The edition of the found form.

    said: id of the form that the book is said to be; year: of registration, None if unknown; words: print of the page that has been read.
    What a person said holds, then the printed code. Without either the year decides; in the year in which an edition came into force the
    books at hand were still filled, so the edition before is taken.
    """
    editions = editions_of(form)
    told = next((e for e in editions if e.id == said), None)
    if told is not None or len(editions) == 1:
        return told or form
    possible = [e for e in editions if year is None or e.valid_from.year <= year]
    later = [e for e in possible if e.printed_code]
    for lines in chain((_lines(words),), _edges(page)) if later else ():
        if (printed := _printed(later, lines)) is not None:
            return printed
    begun = [e for e in possible if year is not None and e.valid_from.year < year]
    return begun[-1] if begun else editions[0]


def _printed(editions: Sequence[Form], lines: Sequence[str]) -> Form | None:
    """The edition whose code stands in a line of print."""
    likeness, n = max((_likeness(e, line), n) for n, e in enumerate(editions) for line in (*lines, ""))
    return editions[n] if likeness >= _LIKE else None


def _likeness(edition: Form, line: str) -> float:
    """0..100; the figures of the code, which tell the year, must be there as they are."""
    code, text = _code_letters(edition.printed_code), _code_letters(line)
    figures = "".join(c for c in edition.printed_code if c.isdigit())
    return fuzz.partial_ratio(code, text) if figures in text and len(text) >= len(code) - 1 else 0.0


def _code_letters(text: str) -> str:
    """Letters and digits; what print readers mix up in codes made alike."""
    return "".join(c for c in text.upper() if c.isalnum()).translate(str.maketrans("OIL", "011"))


def _lines(words: Sequence[PrintedWord]) -> list[str]:
    """The print's lines, no spaces between words."""
    return ["".join(line.split()) for line in text_lines(words)]


def _edges(page: StraightPage) -> Iterator[list[str]]:
    """The print at the head, then at the foot of the page."""
    height = round(_STRIP / 25.4 * page.dpi)
    for strip in (page.gray[:height], page.gray[-height:]):
        yield _lines(read_words(strip, psm=11, scale=min(1.0, _DPI / page.dpi)))
