"""The form pages in an image, upright and level, each with its form laid on it: one for a sheet, two for an open book."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ocr.reading import PageImage, PrintedWord
from ocr.registration import FormFit, fit_form, read_labels
from ocr.straighten import StraightPage, straighten
from records.forms import Form


@dataclass(frozen=True)
class FoundPage:
    """straight: the page. fit: its form, None if it fits none. words: its print, boxes in the straight page."""

    straight: StraightPage
    fit: FormFit | None
    words: list[PrintedWord]


def find_pages(page: PageImage, forms: Sequence[Form], expected: str | None = None, rotation: int | None = None,
               tick: Callable[[str], None] = lambda stage: None) -> tuple[FoundPage, ...]:
    """The pages of the image in reading order, at least one. expected: id of the form that the book is said to be.

    rotation: degrees clockwise if a person said so. tick: called with the name of each stage as it ends.
    """
    straight = straighten(page, rotation)
    tick("straighten")
    words = read_labels(straight)
    tick("print")
    fit = fit_form(straight, words, forms, expected)
    tick("form")
    return (FoundPage(straight, fit, words),)
