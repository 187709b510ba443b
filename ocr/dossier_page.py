"""The print of an administrative document's page: without seals and coloured signatures, with a second look at who signed and at lines
that a pen ran into, and with what the letterhead leaves to be written by hand."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import cv2
import numpy as np

from ocr.dossier_hand import read_hand
from ocr.label_search import letters
from ocr.reading import PageImage, PrintedWord
from ocr.recogniser import Recogniser
from ocr.straighten import StraightPage, flatten, straighten
from ocr.tesseract import read_words
from records.record import FieldValue

_COLOURED = 36              # difference of the evened-out colour channels beyond which ink is a seal or a pen, not print
_NAME_SCALES = (1.0, 1.6, 2.0)
_SURE, _DOUBTFUL = 0.75, 0.6        # confidence of a word that is taken, of one that is read again
_TALL = 1.5                 # of the sure words' height: a word beyond it holds more than print
_MOST_LOOKS = 16            # at single lines of a page; more of them are no print


@dataclass(frozen=True)
class DossierPage:
    """words: print; hand: what is written by hand in the letterhead (ocr.dossier_hand); boxes in pixels of the original page.
    rotation: degrees clockwise that made it upright."""

    words: tuple[PrintedWord, ...]
    rotation: int
    hand: Mapping[str, FieldValue] = field(default_factory=dict)


def read_dossier_page(page: PageImage, recogniser: Recogniser | None = None) -> DossierPage:
    """The words of one page of print, ready for `ocr.dossier.read_dossier`. recogniser: reads what is written by hand; without one that
    is left unread. Raises BrokenProgram as `ocr.tesseract.read_words`."""
    straight = straighten(page)
    gray = print_only(straight)
    words = read_words(gray, psm=3)
    hand = read_hand(straight, words, recogniser) if recogniser is not None else {}
    words = _without_pen(gray, words)
    start = next((b for a, b in pairwise(words) if letters(a.text) == "noi" and letters(b.text) == "nhan"), None)
    if start is not None:
        words = _look_again(gray, words, start)
    placed = tuple(PrintedWord(w.text, straight.box_to_original(w.box), w.confidence, w.line) for w in words)
    return DossierPage(placed, straight.rotation, hand)


def _without_pen(gray: np.ndarray, words: list[PrintedWord]) -> list[PrintedWord]:
    """Words whose boxes a pen's strokes below or above made too tall are read again from their line alone, cut to its print's height."""
    out: list[PrintedWord] = []
    looks = 0
    for run in _runs(words):
        sure = [w for w in run if w.confidence > _SURE and len(letters(w.text)) >= 2]
        height = float(np.median([w.box[3] - w.box[1] for w in sure or run]))
        pen = any(w.confidence < _DOUBTFUL and w.box[3] - w.box[1] > _TALL * height for w in run)
        if len(sure) < 2 or not pen or looks == _MOST_LOOKS:
            out += run
            continue
        looks += 1
        x0, x1 = max(0, min(w.box[0] for w in run) - 8), max(w.box[2] for w in run) + 8
        y0, y1 = max(0, min(w.box[1] for w in sure) - round(0.25 * height)), max(w.box[3] for w in sure) + round(0.2 * height)
        read = [replace(w, box=(x0 + w.box[0], y0 + w.box[1], x0 + w.box[2], y0 + w.box[3]), line=run[0].line)
                for w in read_words(gray[y0:y1, x0:x1], psm=7)]
        fresh = [w for w in read if w.confidence > _SURE and letters(w.text) and not any(_over(w, s) for s in sure)]
        kept = [w for w in run if w in sure or not any(_over(w, f) for f in fresh)]
        out += sorted([*kept, *fresh], key=lambda w: w.box[0])
    return out


def _runs(words: list[PrintedWord]) -> list[list[PrintedWord]]:
    """The words of each line, parted where a wide gap sets columns apart."""
    out: list[list[PrintedWord]] = []
    for word in words:
        last = out[-1][-1] if out else None
        if last is not None and last.line == word.line and word.box[0] - last.box[2] < 3 * min(_height(last), _height(word)):
            out[-1].append(word)
        else:
            out.append([word])
    return out


def _height(word: PrintedWord) -> int:
    return word.box[3] - word.box[1]


def _over(a: PrintedWord, b: PrintedWord) -> bool:
    """Whether two words of a line stand in the same place."""
    return min(a.box[2], b.box[2]) - max(a.box[0], b.box[0]) > 0.3 * min(a.box[2] - a.box[0], b.box[2] - b.box[0])


def print_only(page: StraightPage) -> np.ndarray:
    """The page in grey with its coloured ink (seal, stamps, a blue pen) taken for paper; black print under a seal stays. uint8."""
    even = np.stack([flatten(np.ascontiguousarray(page.rgb[..., i])) for i in range(3)], axis=-1)
    brightest, darkest = even.max(axis=-1), even.min(axis=-1)
    coloured = ((brightest - darkest) > _COLOURED) & (brightest > 80)
    coloured = cv2.dilate(coloured.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return np.where(coloured & (brightest > 90), np.uint8(250), brightest)


def _look_again(gray: np.ndarray, words: list[PrintedWord], start: PrintedWord) -> list[PrintedWord]:
    """Words right of "Nơi nhận:" read anew as one block: beside seal and signature a whole page's reading loses them."""
    height, width = gray.shape
    line = start.box[3] - start.box[1]
    x0, y0, y1 = round(0.47 * width), max(0, start.box[1] - 3 * line), min(height, start.box[3] + 22 * line)
    inside = [w for w in words if w.box[0] >= x0 and y0 <= w.box[1] and w.box[3] <= y1]
    block = [w for w in read_words(gray[y0:y1, x0:], psm=6, scale=0.6) if w.confidence > 0.5 and len(letters(w.text)) >= 2]
    if not block:
        return words
    rows: dict[int, list[PrintedWord]] = defaultdict(list)
    for word in block:
        rows[word.line].append(word)
    fresh: list[PrintedWord] = []
    for number, row in sorted(rows.items()):
        left, top = min(w.box[0] for w in row), min(w.box[1] for w in row)
        right, bottom = max(w.box[2] for w in row), max(w.box[3] for w in row)
        box = (x0 + max(0, left - line), max(0, y0 + top - line // 2), min(width, x0 + right + line), min(height, y0 + bottom + line // 2))
        fresh += [PrintedWord(text, (x0 + w.box[0], y0 + w.box[1], x0 + w.box[2], y0 + w.box[3]), w.confidence, 10_000 + number)
                  for w, text in zip(row, _voted(gray, box, row), strict=True)]
    return [w for w in words if w not in inside] + fresh


def _voted(gray: np.ndarray, box: tuple[int, int, int, int], row: list[PrintedWord]) -> list[str]:
    """Each word of a line as most confidence over three scales reads it: small marks (Chinh, Chỉnh) change with the scale."""
    ballots: list[dict[str, float]] = [defaultdict(float) for _ in row]
    for scale in _NAME_SCALES:
        words = [w for w in read_words(gray[box[1]:box[3], box[0]:box[2]], psm=7, scale=scale) if letters(w.text)]
        if len(words) == len(row):
            for ballot, word in zip(ballots, words, strict=True):
                ballot[word.text] += word.confidence
    return [max(b.items(), key=lambda kv: (kv[1], kv[0]))[0] if b else w.text for b, w in zip(ballots, row, strict=True)]
