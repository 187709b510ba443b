"""Words of a page as runs of text: what stands on one line without a wide gap, so that two columns side by side stay apart."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ocr.reading import PrintedWord

_WIDE_GAP = 1.7        # of the words' height; justified text keeps below it


@dataclass(frozen=True)
class Segment:
    """A run of words and the rectangle around them, pixels."""

    text: str
    x0: int
    y0: int
    x1: int
    y1: int
    height: float       # of its words, median

    @property
    def centre(self) -> float:
        return (self.x0 + self.x1) / 2

    def level_with(self, other: Segment) -> bool:
        return min(self.y1, other.y1) - max(self.y0, other.y0) > 0.4 * min(self.y1 - self.y0, other.y1 - other.y0)


def segments_of(words: Sequence[PrintedWord]) -> list[Segment]:
    """The page's segments from top to bottom, then left to right. Order and line numbers of `words` play no part."""
    heights = sorted(w.box[3] - w.box[1] for w in words)
    if not heights:
        return []
    usual = heights[len(heights) // 2]
    usable = [w for w in words if w.box[3] - w.box[1] < 3 * usual]      # taller is a signature or a stamp taken for a word
    lines: list[list[PrintedWord]] = []
    for word in sorted(usable, key=lambda w: ((w.box[1] + w.box[3]) / 2, w.box[0])):
        middle = (word.box[1] + word.box[3]) / 2
        line = next((ln for ln in reversed(lines[-4:]) if abs(_level(ln, word) - middle) < 0.45 * usual), None)
        if line is None:
            lines.append([word])
        else:
            line.append(word)
    segments = []
    for line in lines:
        run: list[PrintedWord] = []
        for word in sorted(line, key=lambda w: (w.box[0], w.box[1])):
            if run and word.box[0] - run[-1].box[2] > _WIDE_GAP * usual:
                segments.append(_segment(run))
                run = []
            run.append(word)
        segments.append(_segment(run))
    return sorted(segments, key=lambda s: (round((s.y0 + s.y1) / 2 / usual), s.x0))


def _level(line: Sequence[PrintedWord], word: PrintedWord) -> float:
    """Height of the line's middle at its word nearest to `word`: lines of a scan are never quite level."""
    nearest = min(line, key=lambda w: abs(w.box[0] - word.box[0]))
    return (nearest.box[1] + nearest.box[3]) / 2


def _segment(run: Sequence[PrintedWord]) -> Segment:
    heights = sorted(w.box[3] - w.box[1] for w in run)
    return Segment(" ".join(w.text for w in run), run[0].box[0], min(w.box[1] for w in run), max(w.box[2] for w in run),
                   max(w.box[3] for w in run), float(heights[len(heights) // 2]))
