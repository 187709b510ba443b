"""Whose hand: the handwriting fonts, and a writer's habits drawn from a seed."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from PIL import ImageFont

FONT_FOLDER = Path(__file__).parent / "fonts"
_FONTS = ("allison", "bad-script", "borel", "grape-nuts", "mali-italic", "ms-madi", "mynerve", "patrick-hand")
_JOINED = frozenset(("allison", "borel", "ms-madi", "bad-script"))
# ballpoint and fountain-pen inks as they scan: blue, blue-black, black, violet
_INKS = ((38, 52, 140), (30, 40, 110), (52, 60, 150), (45, 45, 60), (35, 35, 45), (70, 60, 140), (20, 62, 128))


@cache
def font_names() -> tuple[str, ...]:
    """Names of the handwriting fonts, as `Hand.font` takes them."""
    return _FONTS


@cache
def load_font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A font of `samples/fonts` (name without .ttf) at `size` pixels; basic layout, so that every machine sets it alike."""
    return ImageFont.truetype(str(FONT_FOLDER / f"{name}.ttf"), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _em_per_x(name: str) -> float:
    top = load_font(name, 200).getbbox("xnoae", anchor="ls")[1]
    return 200 / max(1.0, -top)


# word, height of a lower-case x in pixels, rng -> mask (uint8, ink = 255), column of the pen's start, row of the baseline, advance in
# pixels; None where the source does not have the word
WordSource = Callable[[str, float, np.random.Generator], tuple[np.ndarray, int, int, float] | None]


@dataclass(frozen=True)
class Hand:
    """A writer's habits. Lengths are in millimetres on paper, angles as shear (dx per dy). `words`: where this hand's words come from
    before the font is asked, as ink cut from real writing."""

    font: str
    x_height: float          # height of a lower-case x
    slant: float             # mean shear, to the right
    ink: tuple[int, int, int]
    pressure: float          # 0.6 faint … 1 firm
    thickness: float         # −1 thin … +1 thick
    word_gap: float          # in x-heights
    restless: float          # 0 steady … 1: how much baseline, size and slant move from word to word
    date_separator: str
    capitals: bool           # names in capitals
    joined: bool
    words: WordSource | None = field(default=None, compare=False)

    def font_size(self, dpi: float) -> int:
        """Pixels of the em square that give this hand's x-height at `dpi`."""
        return max(8, round(self.x_height / 25.4 * dpi * _em_per_x(self.font)))


def draw_hand(rng: np.random.Generator, font: str | None = None, capitals: bool | None = None) -> Hand:
    """A writer, all habits drawn from `rng`; `font` and `capitals` fix those two."""
    name = font or str(rng.choice(_FONTS))
    joined = name in _JOINED
    r, g, b = (int(np.clip(c + rng.normal(0, 8), 0, 200)) for c in _INKS[rng.integers(len(_INKS))])
    large = rng.normal(2.05, 0.22)
    return Hand(
        font=name, x_height=float(np.clip(large, 1.75, 2.6)), slant=float(rng.normal(0.05, 0.1)), ink=(r, g, b),
        pressure=float(rng.uniform(0.72, 1.0)), thickness=float(rng.uniform(-0.5, 0.9)), word_gap=float(rng.uniform(0.7, 1.3)),
        restless=float(rng.beta(2, 3)), date_separator=str(rng.choice(["/", "/", "-", "."])),
        capitals=bool(rng.random() < 0.12) if capitals is None else capitals, joined=joined,
    )
