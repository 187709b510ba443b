"""How well a handwriting model reads labelled lines: character error rate, in all and by writer."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image
from rapidfuzz.distance import Levenshtein

from ocr import cleaning
from ocr.decoding.addresses import read_address
from ocr.recogniser import ModelCard, load_model
from records.text import fold

LINE_PITCH = 10.2       # mm from one line of a register to the next; what a picture of one line shows


class LabelsUnreadable(ValueError):
    """The label file or a line's image cannot be used; evidence names the row."""

    def __init__(self, evidence: str) -> None:
        super().__init__(evidence)
        self.evidence = evidence


@dataclass(frozen=True)
class ErrorRate:
    """cer: edits / characters of the labels; exact: share of lines without an error."""

    lines: int
    characters: int
    edits: int
    right: int

    @property
    def cer(self) -> float:
        return self.edits / self.characters if self.characters else 0.0

    @property
    def exact(self) -> float:
        return self.right / self.lines if self.lines else 0.0

    def __add__(self, other: ErrorRate) -> ErrorRate:
        return ErrorRate(self.lines + other.lines, self.characters + other.characters, self.edits + other.edits, self.right + other.right)


@dataclass(frozen=True)
class Evaluation:
    """total, by_writer: of the first guess. as_addresses: the same lines read as fields that hold an address, units and words known."""

    model: str
    total: ErrorRate
    by_writer: dict[str, ErrorRate]
    as_addresses: ErrorRate


def read_labels(path: Path) -> Iterator[tuple[Path, str, str]]:
    """(image, writer, text) a row of `path<TAB>writer<TAB>text`; paths are relative to the file. Raises LabelsUnreadable."""
    try:
        rows = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as e:
        raise LabelsUnreadable(str(e)) from None
    for number, row in enumerate(rows, 1):
        if not row.strip() or (number == 1 and row.lower().startswith("path\t")):
            continue
        cells = row.split("\t")
        if len(cells) != 3:
            raise LabelsUnreadable(f"{path.name}:{number}: path<TAB>writer<TAB>text")
        yield path.parent / cells[0], cells[1], cells[2]


def evaluate_model(labels: Path, model_id: str | None = None, limit: int = 0,
                   progress: Callable[[int, int], None] | None = None) -> Evaluation:
    """Read every line with the model's first guess, and as an address, and compare as fields are compared: case folded, one place for
    the tone mark, no punctuation. limit: 0 for all lines.

    Raises LabelsUnreadable, ocr.recogniser.ModelError.
    """
    rows = list(read_labels(labels))[:limit or None]
    if not rows:
        raise LabelsUnreadable(f"{labels.name}: 0")
    recogniser = load_model(model_id)
    none = ErrorRate(0, 0, 0, 0)
    by_writer: dict[str, ErrorRate] = {}
    as_addresses = none
    for done, (image, writer, text) in enumerate(rows):
        try:
            pixels = np.asarray(Image.open(image).convert("RGB"))
        except OSError as e:
            raise LabelsUnreadable(f"{image}: {e}") from None
        wanted, lattice = fold(text), recogniser.read([line_of(pixels, recogniser.card)])[0]
        by_writer[writer] = by_writer.get(writer, none) + _rate(wanted, fold(lattice.best_text()))
        address = read_address(lattice, recogniser.card.temperature("address"))
        as_addresses += _rate(wanted, fold(address.text) if address else "")
        if progress:
            progress(done + 1, len(rows))
    return Evaluation(recogniser.card.id, sum(by_writer.values(), none), by_writer, as_addresses)


def _rate(wanted: str, read: str) -> ErrorRate:
    edits = Levenshtein.distance(wanted, read)
    return ErrorRate(1, len(wanted), edits, edits == 0)


def line_of(pixels: np.ndarray, card: ModelCard) -> np.ndarray:
    """A photographed line (uint8 RGB or grey, its height about one line's pitch) as the model wants it."""
    scale = pixels.shape[0] / LINE_PITCH
    dark = cleaning.darkness(pixels, scale)
    clean = cleaning.clean_line(dark, scale)
    if clean.box is None:
        clean = replace(clean, box=(0, 0, pixels.shape[1], pixels.shape[0]))
    return cleaning.layers(dark, clean, card.layers, scale, card.room)
