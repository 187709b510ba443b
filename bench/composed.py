"""Register books in the ink of writers that the recogniser never saw, in the shape of samples/ (books/, truth.jsonl, boxes.jsonl).

    python -m bench.composed DATA OUT [--fonts FOLDER] [--books 2] [--pages 10] [--seed 1]

DATA holds words/ (index.tsv, words.bin: single words of real writers as alpha masks) and names/tokens.tsv (how often a name token occurs).
Every word is set from the book's writer, else from another writer of the held-out ones, else drawn with a font of FONTS (the samples'
own, if none is given: those a model may have been tuned on). The people are simulated, their names drawn from DATA's counts.
"""
from __future__ import annotations

import argparse
import csv
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from records.forms import load_forms
from samples.compose import compose_book, draw_clerk
from samples.districts import find_district
from samples.entries import entry_of
from samples.hands import FONT_FOLDER, Hand, WordSource, draw_hand, font_names, load_font
from samples.people import World, simulate
from train.ink import BASELINE, RealInk, Word
from train.split import held_out_writers

X_HEIGHT = 17.0                     # of the word masks, pixels, typical
FORMS = {"KS2006": range(2008, 2015), "KS2016": range(2016, 2020), "KH2016": range(2016, 2020), "KT2016": range(2016, 2020)}
DISTRICTS = ("Huyện Quảng Ninh, Quảng Bình", "Huyện Phú Ninh, Quảng Nam", "Huyện Yên Mỹ, Hưng Yên", "Huyện Châu Thành, An Giang",
             "Huyện Đức Trọng, Lâm Đồng", "Huyện Yên Khánh, Ninh Bình", "Huyện Long Thành, Đồng Nai", "Huyện Thạch Hà, Hà Tĩnh")


def unseen_writers(data: Path) -> list[str]:
    """The writers of DATA/words that are kept from training."""
    return list(held_out_writers(r.split("\t")[2] for r in (data / "words" / "index.tsv").read_text("utf-8").splitlines()))


@dataclass
class Penman:
    """Words for one book's hand (samples.hands.WordSource). writers: whose ink is taken first; strange: share of words taken from any
    other held-out writer although the own one wrote it; singles: how often a number of real single digits is put together."""

    ink: RealInk
    writers: tuple[str, ...]
    font: str
    strange: float = 0.1
    singles: float = 0.5

    def __call__(self, word: str, x_height: float, rng: np.random.Generator) -> tuple[np.ndarray, int, int, float] | None:
        scale = x_height / X_HEIGHT * rng.uniform(0.9, 1.1)
        pieces = [p for p in re.findall(r"\d+|[^\W\d_]+(?:['’-][^\W\d_]+)*|.", word)]
        drawn = [m for p in pieces for m in self._piece(p, scale, rng)]
        if not any(real for _, real in drawn):
            return None
        height = max(m.shape[0] for m, _ in drawn)
        out = np.zeros((height, sum(m.shape[1] for m, _ in drawn) + 2 * len(drawn)), np.uint8)
        x = 0
        for mask, _ in drawn:
            out[:mask.shape[0], x:x + mask.shape[1]] = mask
            x += mask.shape[1] + int(rng.integers(0, 3))
        return out, 0, round(BASELINE * scale), float(x)

    def _piece(self, text: str, scale: float, rng: np.random.Generator) -> list[tuple[np.ndarray, bool]]:
        mask = self._real(text, rng)
        if mask is None and text.isdigit() and len(text) <= 4 and rng.random() < self.singles:
            parts = [self._real(c, rng) for c in text]
            if all(p is not None for p in parts):
                return [(_scaled(_trim(p), scale), True) for p in parts if p is not None]
        if mask is not None:
            return [(_scaled(mask, scale), True)]
        return [(self._font(text, scale), False)]

    def _real(self, text: str, rng: np.random.Generator) -> np.ndarray | None:
        found: list[Word] = self.ink.by_text.get(text.lower(), [])
        own = [w for w in found if w.writer in self.writers]
        pool = own if own and rng.random() >= self.strange else found
        return self.ink.mask(pool[int(rng.integers(len(pool)))]) if pool else None

    def _font(self, text: str, scale: float) -> np.ndarray:
        """The text by font in a mask whose baseline lies as the real words' does."""
        up = -load_font(self.font, 200).getbbox("xnoae", anchor="ls")[1]
        face = load_font(self.font, max(8, round(200 * X_HEIGHT * scale / max(1, up))))
        from PIL import Image, ImageDraw
        image = Image.new("L", (max(2, round(face.getlength(text)) + 2), max(2, round(64 * scale))), 0)
        ImageDraw.Draw(image).text((1, round(BASELINE * scale)), text, font=face, fill=255, anchor="ls")
        return np.asarray(image)


def _scaled(mask: np.ndarray, scale: float) -> np.ndarray:
    size = max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale))
    return cv2.resize(mask, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _trim(mask: np.ndarray) -> np.ndarray:
    """Without empty columns left and right: single digits stand close."""
    cols = np.flatnonzero((mask > 60).any(axis=0))
    return mask[:, max(0, cols[0] - 1):cols[-1] + 2] if len(cols) else mask


class Names:
    """Names by the counts of DATA/names/tokens.tsv (part, sex, token, count); words that are `known` are preferred: real ink."""

    def __init__(self, path: Path, known: set[str], preference: float = 0.7):
        tables: defaultdict[tuple[str, str], dict[str, float]] = defaultdict(dict)
        for row in csv.DictReader(path.open(encoding="utf-8"), delimiter="\t"):
            for sex in ("Nam", "Nữ") if row["sex"] not in ("Nam", "Nữ") else (row["sex"],):
                tables[row["part"], sex][row["token"]] = tables[row["part"], sex].get(row["token"], 0.0) + float(row["count"])
        self._tables = {}
        for key, table in tables.items():
            words, counts = list(table), np.array(list(table.values()))
            written = counts * [all(p.lower() in known for p in w.split()) for w in words]
            share = preference * written / max(1e-9, written.sum()) + (1 - preference) * counts / counts.sum()
            self._tables[key] = words, share / share.sum()

    def draw(self, part: str, sex: str, rng: np.random.Generator) -> str:
        words, share = self._tables[part, sex]
        return words[int(rng.choice(len(words), p=share))]

    def rename(self, world: World, rng: np.random.Generator) -> None:
        """New names for everybody of the Kinh, children by the surname of the father, or the mother without one."""
        for p in world.people:
            lead = p.father if p.father is not None else p.mother
            if p.ethnicity != "Kinh":
                continue
            p.surname = world.people[lead].surname if lead is not None else self.draw("surname", p.sex, rng)
            middle = " ".join(self.draw("middle", p.sex, rng) for _ in range(int(rng.choice([0, 1, 2], p=[0.06, 0.72, 0.22])))).split()
            p.name = " ".join([p.surname, *dict.fromkeys(middle[:2]), self.draw("given", p.sex, rng)])


def compose(data: Path, out: Path, fonts: list[str], books: int, pages: int, seed: int, writers: Sequence[str] | None = None) -> int:
    """Write `books` books of each form with `pages` pages each under `out`, in the ink of `writers` (the held-out ones, if None); returns
    how many pages were written."""
    held_out = unseen_writers(data) if writers is None else list(writers)
    ink = RealInk(data / "words", set(held_out))
    names = Names(data / "names" / "tokens.tsv", set(ink.by_text))
    total = made = 0
    for number in range(books):
        for form, years in FORMS.items():
            rng = np.random.default_rng([seed, number, sum(map(ord, form))])
            place = find_district(DISTRICTS[(made + seed) % len(DISTRICTS)])
            district = replace(place, settled=3)
            world = simulate(district, 3500, seed * 100 + made)
            names.rename(world, rng)
            year = int(rng.choice(years))
            total += _book(form, year, f"{made + 1:02d}", world, ink, held_out, fonts, pages, seed * 100 + made, out, rng)
            made += 1
            print(f"{made} books, {total} pages", flush=True)
    return total


def _book(form: str, year: int, tag: str, world: World, ink: RealInk, writers: list[str], fonts: list[str], pages: int, seed: int,
          out: Path, rng: np.random.Generator) -> int:
    shape = load_forms()[form]
    commune = max(world.district.communes[:3], key=lambda c: len(world.of_book(shape.kind, year, c)))
    events = world.of_book(shape.kind, year, commune)
    first = int(rng.integers(0, max(1, len(events) - pages)))
    adults = [p for p in world.people if 28 <= year - p.born.year <= 58 and p.died is None]
    officials = [adults[i].name for i in rng.choice(len(adults), 2, replace=False)]
    font = str(rng.choice(fonts))
    own = tuple(str(w) for w in rng.choice(writers, 1 if rng.random() < 0.6 else 2, replace=False))
    words: WordSource = Penman(ink, own, font)
    hand: Hand = replace(draw_hand(rng, font=font, capitals=False), joined=True, slant=0.0, words=words)
    hand = replace(hand, restless=min(hand.restless, 0.6))
    clerk = draw_clerk(rng, officials, hand)
    entries = [entry_of(e, first + i + 1, world, shape, clerk, f"01/{year}", rng) for i, e in enumerate(events[first:first + pages])]
    compose_book(form, year, entries, seed, out / "books", office=f"UBND {commune}", wear=int(rng.choice([1, 2, 2, 3])),
                 folder=f"{shape.kind}.{year}.01.{tag}", hand=hand, truth_dir=out)
    return len(entries)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--fonts", type=Path, help="folder of .ttf files for words nobody wrote (default: the samples' own fonts)")
    parser.add_argument("--books", type=int, default=2, help="books of each form (default 2)")
    parser.add_argument("--pages", type=int, default=10, help="pages a book (default 10)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    files = sorted(options.fonts.rglob("*.ttf")) if options.fonts else []
    fonts = [str(f.resolve().with_suffix("")) for f in files] or [str(FONT_FOLDER / n) for n in font_names()]
    options.out.mkdir(parents=True, exist_ok=True)
    return 0 if compose(options.data, options.out, fonts, options.books, options.pages, options.seed) else 1


if __name__ == "__main__":
    raise SystemExit(main())
