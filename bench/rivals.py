"""The readers Sổ Gốc is set beside: Tesseract and AsterNet, each given the exact box of every value and left to itself.

Neither is helped by our cleaning, lexicons or rules; dates in figures are parsed and numbers cut out for them, since a program that
reads lines cannot be asked for ISO dates.
"""
from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from bench.scoring import group_of
from ocr.images import inspect, open_page, read_file
from ocr.reading import PageImage
from ocr.recogniser import Recogniser, list_models
from ocr.registration import fit_form, read_labels
from ocr.straighten import straighten
from ocr.tesseract import load_in_process, read_words
from records.dates import parse_figures
from records.forms import load_forms
from records.record import Box

_MARGIN = 6                 # pixels around a value's box, so that no stroke is cut
RIVALS = ("Tesseract", "AsterNet")


@dataclass(frozen=True)
class RivalReading:
    """Code -> text by each reader, and seconds each took for all boxes of the entry."""

    texts: Mapping[str, Mapping[str, str]]
    seconds: Mapping[str, float]


def read_page(path: str, form: str, boxes: Mapping[str, Sequence[int]] | None) -> RivalReading:
    """Every box of one entry read by both. boxes: code -> x0, y0, x1, y1 in pixels of the page; None: where our form fitting puts them."""
    load_in_process()
    page = open_page(read_file(path), inspect(path).media_type)
    crops = given_crops(page, boxes) if boxes is not None else found_crops(page, form)
    texts: dict[str, dict[str, str]] = {}
    seconds: dict[str, float] = {}
    for name, read in (("Tesseract", tesseract_line), ("AsterNet", asternet_line)):
        start = time.perf_counter()
        texts[name] = {code: read(crop) for code, crop in crops.items()}
        seconds[name] = time.perf_counter() - start
    return RivalReading(texts, seconds)


def given_crops(page: PageImage, boxes: Mapping[str, Sequence[int]]) -> dict[str, np.ndarray]:
    """Code -> grey crop of the page at the value's own box."""
    gray = as_gray(page.pixels)
    return {code: _crop(gray, tuple(box)) for code, box in boxes.items() if box[2] > box[0] and box[3] > box[1]}


def found_crops(page: PageImage, form: str) -> dict[str, np.ndarray]:
    """Code -> grey crop where the form's blank was found; for data whose boxes are not known."""
    straight = straighten(page)
    fit = fit_form(straight, read_labels(straight), [load_forms()[form]], form)
    out: dict[str, np.ndarray] = {}
    for blank, box in fit.blanks if fit else []:
        if blank.code and blank.code not in out:
            out[blank.code] = _crop(straight.gray, box)
    return out


def tesseract_line(gray: np.ndarray) -> str:
    """Tesseract, one line (psm 7), as it comes."""
    return " ".join(w.text for w in read_words(gray, psm=7)) if min(gray.shape) > 2 else ""


def asternet_line(gray: np.ndarray) -> str:
    """AsterNet's first guess for a line prepared as its own package does: 32 pixels high, nothing else."""
    return asternet().read([gray])[0].best_text() if min(gray.shape) > 2 else ""


@cache
def asternet() -> Recogniser:
    """The network alone: no slants averaged, no stretch, no room added, which are ours."""
    card = next(c for c in list_models() if c.id == "asternet")
    return Recogniser(replace(card, slants=(0.0,), stretch=1.0))


def as_value(code: str, text: str) -> str:
    """What a plain program would make of the text: a date in figures as ISO, a number's figures, else the text."""
    group = group_of(code)
    if group == "date":
        day = parse_figures(text)
        return str(day) if day else text
    if group == "number":
        kept = re.sub(r"[^\d/]", "", text)
        return kept.split("/")[0] if code == "so" else kept
    return text


def as_gray(pixels: np.ndarray) -> np.ndarray:
    """uint8 RGB (height, width, 3) as uint8 (height, width)."""
    return np.rint(pixels @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)


def _crop(gray: np.ndarray, box: Sequence[int] | Box) -> np.ndarray:
    x0, y0, x1, y1 = box
    return np.ascontiguousarray(gray[max(0, y0 - _MARGIN):y1 + _MARGIN, max(0, x0 - _MARGIN):x1 + _MARGIN])
