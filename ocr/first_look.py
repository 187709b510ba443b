"""The first look at a page, within a second of its arrival and before it is read: quality, which way up, one page or two."""
from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ocr.quality import PageQuality, measure
from ocr.reading import PageImage
from ocr.spreads import has_fold
from ocr.straighten import level, upside_down


@dataclass(frozen=True)
class FirstLook:
    """turn: degrees clockwise (0 90 180 270) that would make it upright, as far as its writing tells; spread: an open book, two pages."""

    quality: PageQuality
    turn: int = 0
    spread: bool = False

    def as_json(self) -> dict[str, Any]:
        """Plain data: the measures of quality with `turn` and `spread` beside them."""
        return {**_plain(self.quality), "turn": self.turn, "spread": self.spread}


def measured(page: PageImage) -> dict[str, Any]:
    """The measures of quality alone, as plain data: what there is time for while a page is on its way."""
    return _plain(measure(page))


def _plain(quality: PageQuality) -> dict[str, Any]:
    return {**asdict(quality), "cut": list(quality.cut), "reasons": list(quality.reasons)}


def first_look(page: PageImage) -> FirstLook:
    """Needs Tesseract to tell a page from one on its head; without it pages count as standing upright."""
    from ocr.errors import BrokenProgram

    quality = measure(page)
    if quality.blank:
        return FirstLook(quality)
    straight = level(page)
    try:
        over = upside_down(straight.gray)
    except BrokenProgram:
        over = False
    return FirstLook(quality, (straight.rotation + (180 if over else 0)) % 360, has_fold(straight))
