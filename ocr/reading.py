"""What the reader gives for a page, and the page image it is given."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ocr.lattice import Lattice
from records.record import Box, DraftRecord


@dataclass(frozen=True)
class PageImage:
    """One page. pixels: uint8 RGB (height, width, 3), after EXIF orientation; dpi: None if unknown; frame: 0-based in its file."""

    pixels: np.ndarray
    dpi: int | None
    frame: int = 0

    @property
    def height(self) -> int:
        return self.pixels.shape[0]

    @property
    def width(self) -> int:
        return self.pixels.shape[1]


@dataclass(frozen=True)
class PrintedWord:
    """A word of print; box in pixels of the original page; confidence 0..1; line numbers words of one text line alike."""

    text: str
    box: Box
    confidence: float
    line: int = 0


@dataclass(frozen=True)
class PageReading:
    """Everything read of one page; all boxes are pixels of the original image, whatever was done to straighten it.

    form: id of the recognised form or None; form_score: 0..1, share of its labels found.
    records: one or more draft records; lattices: (row, field code) -> the handwriting lattice of that field.
    rotation: degrees clockwise (0, 90, 180, 270) that make the original upright.
    engine: programs, models and versions. seconds: time by stage.
    """

    form: str | None
    form_score: float
    records: tuple[DraftRecord, ...]
    words: tuple[PrintedWord, ...]
    lattices: Mapping[tuple[int, str], Lattice] = field(default_factory=dict)
    rotation: int = 0
    engine: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
