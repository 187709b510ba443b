"""What is known of an entry before its fields are read: the book it stands in, its neighbours, the model's temperatures."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from records.places import Unit

DEFAULT_TEMPERATURE = 0.35


@dataclass(frozen=True)
class Context:
    """number: the entry's number by file name or sequence, number_trust how far that is believed.
    registered: weights of days on which it may have been registered, where the neighbours tell.
    places (unit code -> share), ethnicities (value -> share), signers (text -> share): what the rest of the book holds.
    temperatures: field type -> factor on log-likelihoods (ocr.recogniser.ModelCard)."""

    kind: str
    year: int | None = None
    book_number: str | None = None
    office: Unit | None = None
    number: int | None = None
    number_trust: float = 0.97
    registered: Mapping[date, float] = field(default_factory=dict)
    places: Mapping[str, float] = field(default_factory=dict)
    ethnicities: Mapping[str, float] = field(default_factory=dict)
    signers: Mapping[str, float] = field(default_factory=dict)
    temperatures: Mapping[str, float] = field(default_factory=dict)

    def temperature(self, kind: str) -> float:
        return self.temperatures.get(kind, self.temperatures.get("default", DEFAULT_TEMPERATURE))


@dataclass(frozen=True)
class Decoded:
    """A value with the probability that it is what is written, and what made it."""

    value: str
    confidence: float
    evidence: tuple[str, ...] = ("lattice",)
    unit_code: str | None = None
