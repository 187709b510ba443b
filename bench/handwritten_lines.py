"""Lines of handwriting by writers never seen in training: character error rate, and milliseconds a line on one core."""
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from rapidfuzz.distance import Levenshtein

from bench.scoring import plain_text
from ocr.model_evaluation import read_labels
from train.split import held_out_writers

STATED_HEIGHT = 32          # pixels; a line's width is stated for this height


@dataclass(frozen=True)
class LineSet:
    """Lines and their texts. writers: how many hands wrote them; images: uint8 RGB (height, width, 3)."""

    images: tuple[np.ndarray, ...]
    texts: tuple[str, ...]
    writers: int


@dataclass(frozen=True)
class LineFigures:
    """cer: edits per letter of the label, letter case, punctuation and the tone mark's place forgotten. milliseconds: processor time of
    each line."""

    cer: float
    exact: float
    milliseconds: tuple[float, ...]
    widths: tuple[int, ...]

    @property
    def median(self) -> float:
        return float(np.median(self.milliseconds))

    @property
    def p90(self) -> float:
        return float(np.percentile(self.milliseconds, 90))


def find_labels(data: Path) -> Path | None:
    """labels.tsv of the handwriting that belongs to a data folder: in it or beside it."""
    places = (data / "handwriting", data, data.parent / "handwriting")
    return next((p / "labels.tsv" for p in places if (p / "labels.tsv").is_file()), None)


def load_lines(labels: Path, every_writer: bool = False, most: int = 0) -> LineSet:
    """Lines of the writers kept apart from training, or of all writers of a set that training never saw.

    most: so many lines at most, spread evenly over the set; 0 for all.
    """
    rows = list(read_labels(labels))
    if not every_writer:
        kept = held_out_writers(writer for _, writer, _ in rows)
        rows = [r for r in rows if r[1] in kept]
    if most and len(rows) > most:
        rows = [rows[round(i * (len(rows) - 1) / (most - 1))] for i in range(most)] if most > 1 else rows[:1]
    images = tuple(np.asarray(Image.open(path).convert("RGB")) for path, _, _ in rows)
    return LineSet(images, tuple(text for _, _, text in rows), len({writer for _, writer, _ in rows}))


def measure(lines: LineSet, prepare: Callable[[np.ndarray], np.ndarray], read: Callable[[np.ndarray], str],
            tell: Callable[[int], None] | None = None) -> LineFigures:
    """Read every line: prepare makes of it what the reader wants, and is not timed. tell: called with the lines done."""
    edits = letters = right = 0
    seconds: list[float] = []
    widths: list[int] = []
    if lines.images:
        read(prepare(lines.images[0]))          # what is loaded at first use is not the line's time
    for done, (image, text) in enumerate(zip(lines.images, lines.texts, strict=True), 1):
        line = prepare(image)
        start = time.process_time()             # of one thread, whatever else the machine does
        found = read(line)
        seconds.append(time.process_time() - start)
        widths.append(round(line.shape[1] * STATED_HEIGHT / line.shape[0]))
        there, seen = plain_text(text), plain_text(found)
        away = Levenshtein.distance(there, seen)
        edits, letters, right = edits + away, letters + len(there), right + (away == 0)
        if tell:
            tell(done)
    return LineFigures(edits / max(1, letters), right / max(1, len(lines.texts)), tuple(1000 * s for s in seconds), tuple(widths))
