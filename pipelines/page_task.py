"""What is handed to a reading process and what comes back: plain values that can be pickled."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ocr.extraction import Expectation
from ocr.page_cut import Corners
from ocr.reading import PageReading


@dataclass(frozen=True)
class PageTask:
    """One page to read. sha256: which of the chunk's files; dpi: what a PDF sheet is drawn at; print_only: a dossier, no register form.

    turn: degrees clockwise that a person said make it upright; corners: the part a person cut out (ocr.page_cut)."""

    page_id: int
    sha256: str
    media_type: str
    frame: int
    dpi: int
    expectation: Expectation
    print_only: bool = False
    turn: int | None = None
    corners: Corners | None = None


@dataclass(frozen=True)
class PageResult:
    """A page's reading (its lattices packed apart), or why it cannot be read. width, height: pixels of the original page.

    seconds: time by stage, opening and measuring the page included.
    """

    page_id: int
    reading: PageReading | None = None
    lattices: bytes | None = None
    quality: Mapping[str, Any] | None = None
    width: int = 0
    height: int = 0
    dpi: int | None = None
    reason: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ProgramBroken:
    """A program the reader needs is missing or broken: no page is to blame, the work stops. message: (Vietnamese, English)."""

    code: str
    message: tuple[str, str]
