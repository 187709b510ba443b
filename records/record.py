"""What was read of one register entry: field values, findings, the draft record. Plain frozen values, no images, no database."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Source = Literal["ocr", "rule", "reviewer", "typed"]      # typed: by hand in an Excel, before this program
Box = tuple[int, int, int, int]     # x0, y0, x1, y1 in pixels of the original page, x to the right, y down


@dataclass(frozen=True)
class FieldValue:
    """A value as it is written on the page.

    value: the best reading after lexicon, rules and sequence; dates ISO 8601 / EDTF, personal numbers digits only.
    raw: the reader's own text, before any of that.
    confidence: 0..1, the estimated probability that `value` is what is written.
    evidence: short codes of what made the value, e.g. ("lattice", "date-words").
    unit_code: the administrative unit's code, where a place was recognised.
    """

    value: str
    raw: str = ""
    confidence: float = 0.0
    source: Source = "ocr"
    box: Box | None = None
    evidence: tuple[str, ...] = ()
    unit_code: str | None = None


@dataclass(frozen=True)
class Finding:
    """A consistency rule that the values break; hard: impossible by law or nature, soft: a person should look."""

    rule: str
    severity: Literal["hard", "soft"]
    fields: tuple[str, ...]
    message_vi: str
    message_en: str


@dataclass(frozen=True)
class DraftRecord:
    """One entry as read: `kind` KS/KH/KT…, `form` the form's id, `row` 1-based place on the page."""

    kind: str
    form: str | None
    row: int = 1
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
