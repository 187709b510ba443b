"""Charts as static SVG: no script, no style attribute or element (the content security policy refuses them), readable in black and white.

Kinds are told apart by hatching and by words beside them, never by colour alone; the colours are Okabe and Ito's for the colour-blind. A
library was looked for: pygal writes a style element and scripts into each chart, matplotlib is heavy for bars and lines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 900, 64, 20, 30, 30
Write = Callable[[float], str]
# fill, hatching: path of an 8 x 8 tile, or none
_LOOKS = {
    "main": ("#0e5a5e", ""),
    "second": ("#56b4e9", "M0 8L8 0M-2 2L2 -2M6 10L10 6"),
    "doubt": ("#e69f00", "M0 4H8"),
    "bad": ("#fffefb", "M0 0L8 8M-2 6L2 10M6 -2L10 2"),
    "rest": ("#d9d4c8", "M2 2h1v1h-1zM6 6h1v1h-1z"),
    "plan": ("none", ""),
}
_INK, _LINE = "#17202b", "#ddd6c8"


@dataclass(frozen=True)
class Series:
    """look: one of _LOOKS. values: None where there is nothing to show."""

    name: str
    values: tuple[float | None, ...]
    look: str = "main"


def columns(title: str, labels: Sequence[str], series: Sequence[Series], write: Write, stacked: bool = False, height: int = 250) -> Markup:
    """Upright bars by period; a plan is an outline around its bar. stacked: the series stand on each other."""
    solid = [s for s in series if s.look != "plan"]
    sums = [sum(s.values[n] or 0 for s in solid) for n in range(len(labels))]
    tops = sums if stacked else [v or 0 for s in solid for v in s.values]
    top = _nice(max([*tops, *(v or 0 for s in series if s.look == "plan" for v in s.values)], default=0))
    frame = _Frame(title, height, top, write)
    slot = frame.width / max(1, len(labels))
    bar = min(46.0, slot * 0.62) / (1 if stacked else max(1, len(solid)))
    for n in range(len(labels)):
        middle = LEFT + slot * (n + 0.5)
        below = 0.0
        for k, s in enumerate(solid):
            value = s.values[n] or 0
            x = middle - bar / 2 if stacked else middle + (k - len(solid) / 2) * bar
            frame.bar(x, bar, below if stacked else 0, value, s.look, f"{labels[n]} – {s.name}: {write(value)}")
            below += value if stacked else 0
            if not stacked and value and len(labels) * len(solid) <= 26:
                frame.text(x + bar / 2, frame.y(value) - 4, write(value), "middle", "value")
        if stacked and sums[n] and len(labels) <= 16:
            frame.text(middle, frame.y(sums[n]) - 4, write(sums[n]), "middle", "value")
        for s in series:
            if s.look == "plan" and s.values[n]:
                frame.bar(
                    middle - slot * 0.4, slot * 0.8, 0, s.values[n] or 0, "plan", f"{labels[n]} – {s.name}: {write(s.values[n] or 0)}"
                )
    frame.axis(labels, slot)
    frame.legend(series if len(series) > 1 else ())
    return frame.done()


def lines(title: str, labels: Sequence[str], series: Sequence[Series], write: Write, height: int = 230) -> Markup:
    """Lines by period, each with its name and last value at its end; a plan is dashed."""
    top = _nice(max((v or 0 for s in series for v in s.values), default=0))
    frame = _Frame(title, height, top, write, right=190)
    slot = frame.width / max(1, len(labels))
    ends: list[float] = []
    for s in series:
        points = [(LEFT + slot * (n + 0.5), frame.y(v)) for n, v in enumerate(s.values) if v is not None]
        if not points:
            continue
        dash = ' stroke-dasharray="7 5"' if s.look == "plan" else ' stroke-dasharray="2 3"' if s.look == "doubt" else ""
        colour = {"plan": "#56606c", "doubt": "#a35f00"}.get(s.look, "#0e5a5e")
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        frame.add(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{2 if dash else 3}"{dash}/>')
        frame.parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{2.5 if dash else 3.5}" fill="{colour}"/>' for x, y in points]
        x, y = points[-1]
        while any(abs(y - other) < 15 for other in ends):
            y -= 15
        ends.append(y)
        last = next(v for v in reversed(s.values) if v is not None)
        frame.text(x + 9, y + 4, f"{s.name}: {write(last)}", "start", "value")
    frame.axis(labels, slot)
    return frame.done()


def bars(title: str, items: Sequence[tuple[str, float, str]], height: int = 26) -> Markup:
    """Lying bars, one a line: label, value, what is written at its end."""
    top = max((v for _, v, _ in items), default=0) or 1
    frame = _Frame(title, 14 + height * len(items), top, str, bare=True)
    start, room = 330, WIDTH - 330 - 150
    for n, (label, value, said) in enumerate(items):
        y = 8 + n * height
        frame.text(start - 8, y + height * 0.62, label if len(label) <= 46 else label[:45] + "…", "end", "label", label)
        frame.add(
            f'<rect x="{start}" y="{y}" width="{max(1.5, room * value / top):.1f}" height="{height - 8}" fill="{_LOOKS["main"][0]}"/>'
        )
        frame.text(start + max(1.5, room * value / top) + 7, y + height * 0.62, said, "start", "value")
    return frame.done()


def _nice(value: float) -> float:
    """A round number at or above the value: the top of an axis with four equal steps."""
    if value <= 4:
        return 4
    size = 10 ** (len(str(int(value))) - 1)
    return next(size * m for m in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5, 6, 8, 10, 12) if size * m >= value and size * m % 4 == 0)


class _Frame:
    """One chart being drawn."""

    def __init__(self, title: str, height: int, top: float, write: Write, right: int = RIGHT, bare: bool = False) -> None:
        self.title, self.height, self.top, self.write, self.parts = title, height, top, write, []  # type: ignore[var-annotated]
        self.width = WIDTH - LEFT - right
        self.id = "c" + hashlib.sha256(title.encode()).hexdigest()[:8]
        if not bare:
            for n in range(5):
                value = top * n / 4
                self.add(f'<path d="M{LEFT} {self.y(value):.1f}H{LEFT + self.width}" stroke="{_INK if n == 0 else _LINE}"/>')
                self.text(LEFT - 7, self.y(value) + 4, write(value), "end", "tick")

    def y(self, value: float) -> float:
        return self.height - BOTTOM - (self.height - BOTTOM - TOP) * value / self.top

    def add(self, part: str) -> None:
        self.parts.append(part)

    def text(self, x: float, y: float, said: str, anchor: str, name: str, whole: str = "") -> None:
        title = f"<title>{escape(whole)}</title>" if whole else ""
        self.add(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{name}">{escape(said)}{title}</text>')

    def fill(self, look: str) -> str:
        return f"url(#{self.id}-{look})" if _LOOKS[look][1] else _LOOKS[look][0]

    def bar(self, x: float, width: float, below: float, value: float, look: str, said: str) -> None:
        if value <= 0:
            return
        y, height = self.y(below + value), self.y(below) - self.y(below + value)
        outline = f'stroke="{_INK}"' + (' stroke-width="1.5" stroke-dasharray="5 3"' if look == "plan" else ' stroke-width="0.6"')
        self.add(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{self.fill(look)}" {outline}>'
            f"<title>{escape(said)}</title></rect>"
        )

    def axis(self, labels: Sequence[str], slot: float) -> None:
        every = max(1, -(-len(labels) * 58 // self.width))
        for n in range(0, len(labels), int(every)):
            self.text(LEFT + slot * (n + 0.5), self.height - 10, labels[n], "middle", "tick")

    def legend(self, series: Sequence[Series]) -> None:
        x = float(LEFT)
        for s in series:
            dash = ' stroke-dasharray="4 2"' if s.look == "plan" else ""
            self.add(f'<rect x="{x:.0f}" y="4" width="18" height="12" fill="{self.fill(s.look)}" stroke="{_INK}"{dash}/>')
            self.text(x + 24, 14, s.name, "start", "label")
            x += 46 + 7.4 * len(s.name)

    def done(self) -> Markup:
        tiles = "".join(
            f'<pattern id="{self.id}-{look}" width="8" height="8" patternUnits="userSpaceOnUse"><rect width="8" height="8" '
            f'fill="{fill}"/><path d="{path}" stroke="{_INK}" stroke-width="1.1"/></pattern>'
            for look, (fill, path) in _LOOKS.items()
            if path
        )
        return Markup(
            f'<svg class="chart" viewBox="0 0 {WIDTH} {self.height}" role="img" aria-labelledby="{self.id}">'
            f'<title id="{self.id}">{escape(self.title)}</title><defs>{tiles}</defs>{"".join(self.parts)}</svg>'
        )
