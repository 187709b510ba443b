"""Composed lines of register values in the samples' handwriting fonts: what an adapted model must not forget, and is checked with."""
from __future__ import annotations

import cv2
import numpy as np

from ocr.cleaning import clean_line, darkness, layers
from samples.hands import draw_hand, font_names
from samples.lines import render_line
from samples.texts import draw_value
from train.data import ALPHABET, ROOM, SCALE, as_label
from train.sample import Sample


def draw_samples(count: int, seed: int, fonts: tuple[str, ...] = ()) -> list[Sample]:
    """`count` lines drawn from the seed, always the same ones; every line is a group of its own. fonts: of `samples.hands`; all of them if
    none is named."""
    cv2.setNumThreads(1)
    names = fonts or font_names()
    out: list[Sample] = []
    rng = np.random.default_rng(seed)
    while len(out) < count:
        text = draw_value(rng)
        hand = draw_hand(rng, font=str(rng.choice(names)))
        dark = darkness(render_line(text, rng, hand), SCALE)
        clean = clean_line(dark, SCALE)
        label = as_label(text)
        if clean.box is not None and set(label) <= set(ALPHABET) and min(clean.box[2] - clean.box[0], clean.box[3] - clean.box[1]) > 6:
            out.append(Sample(layers(dark, clean, ("cleaned", "plain"), SCALE, ROOM), label, f"line {len(out)}"))
    return out
