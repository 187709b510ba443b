"""Visible text as PDF operators in the one embedded font, upright, strong or slanted; places in points from the lower left."""
from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from storage.pdf_font import font_facts

A4 = (595.28, 841.89)
_SLANT = 0.2126             # tangent of 12 degrees


@dataclass
class Drawing:
    """Operators of one page's content, or of an appearance. Text of a `name` is marked with it, so that it is found again (`printed`)."""

    operators: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, size: float, text: str, *, strong: bool = False, slanted: bool = False, name: str = "") -> None:
        """The text from x on the baseline y."""
        stroke = f"2 Tr {size * 0.028:.3f} w" if strong else "0 Tr"
        slant = _SLANT if slanted else 0
        shown = f"BT {stroke} /F0 {size:g} Tf 1 0 {slant:g} 1 {x:.2f} {y:.2f} Tm <{font_facts().encode(text).hex()}> Tj ET"
        self.operators.append(f"/SoGoc << /O /{name} >> BDC {shown} EMC" if name else shown)

    def centred(self, x: float, y: float, size: float, text: str, *, strong: bool = False, slanted: bool = False, name: str = "") -> None:
        """The text with its middle at x."""
        self.text(x - width(text, size) / 2, y, size, text, strong=strong, slanted=slanted, name=name)

    def rule(self, x0: float, x1: float, y: float) -> None:
        self.operators.append(f"0.6 w {x0:.2f} {y:.2f} m {x1:.2f} {y:.2f} l S")

    def squares(self, x: float, y: float, side: float, matrix: list[list[int]]) -> None:
        """Black squares of a code whose lower left corner is at x, y; rows from the top. A run of squares is one rectangle."""
        unit = side / len(matrix)
        for row, cells in enumerate(matrix):
            start = None
            for column, dark in enumerate([*cells, 0]):
                if dark and start is None:
                    start = column
                elif not dark and start is not None:
                    bottom = y + (len(matrix) - 1 - row) * unit
                    self.operators.append(f"{x + start * unit:.3f} {bottom:.3f} {(column - start) * unit:.3f} {unit * 1.02:.3f} re f")
                    start = None

    def content(self) -> bytes:
        return "\n".join(["q 0 g 0 G", *self.operators, "Q"]).encode()


def width(text: str, size: float) -> float:
    """How wide the text is, in points."""
    return _ems(text) * size


def wrapped(text: str, size: float, first: float, rest: float) -> list[str]:
    """The text in lines: the first no wider than `first`, others than `rest`. Broken at blanks, which stay at the end of their line; a
    word wider than a line is cut. The first line is empty when not even a word fits there."""
    lines, room = [""], first
    for word in text.split():
        while word:
            if width(f"{lines[-1]}{word}", size) <= room:
                lines[-1] += f"{word} "
                break
            if not lines[-1] and room >= rest:
                cut = max(n for n in range(1, len(word) + 1) if n == 1 or width(word[:n], size) <= room)
                lines[-1], word = word[:cut], word[cut:]
            lines.append("")
            room = rest
    lines[-1] = lines[-1].rstrip()
    return lines


@lru_cache(4096)
def _ems(text: str) -> float:
    return font_facts().width(text)
