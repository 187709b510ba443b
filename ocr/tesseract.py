"""Printed words, read by Tesseract: the one place that runs it, with a time limit and a probe.

The program is started for every image (through pytesseract), unless the process asked to keep the engine loaded.
"""
from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pytesseract

from ocr.errors import BrokenProgram
from ocr.reading import PrintedWord
from ocr.tesseract_library import TesseractLibrary, find_library

LANGUAGE = "vie"
PROGRAM = "tesseract"

# One thread: Tesseract's own threads cost more than they bring on a page, and pages are read side by side.
os.environ.setdefault("OMP_THREAD_LIMIT", "1")

_COLUMNS = ("level", "page_num", "block_num", "par_num", "line_num", "word_num", "left", "top", "width", "height", "conf", "text")
_loaded: TesseractLibrary | None = None


@dataclass(frozen=True)
class TesseractFacts:
    version: str
    languages: tuple[str, ...]


def probe(language: str = LANGUAGE) -> TesseractFacts:
    """Version and languages; BrokenProgram program_missing, language_missing or program_failed."""
    try:
        version = str(pytesseract.get_tesseract_version())
        languages = tuple(sorted(pytesseract.get_languages()))
    except pytesseract.TesseractNotFoundError:
        raise BrokenProgram("program_missing", program=PROGRAM, package=f"tesseract-ocr tesseract-ocr-{language}") from None
    except (pytesseract.TesseractError, OSError, SystemExit) as error:
        raise BrokenProgram("program_failed", program=PROGRAM, detail=str(error)[:200]) from None
    if language not in languages:
        raise BrokenProgram("language_missing", language=language)
    return TesseractFacts(version, languages)


def load_in_process() -> bool:
    """Keep the engine in this process from now on: the same words, a quarter of a second a page sooner. For processes that only read
    pages and may be replaced, since a fault of the engine ends them. False where the installed program has no library of its version.
    """
    global _loaded
    _loaded = find_library(probe().version)
    return _loaded is not None


def read_words(gray: np.ndarray, psm: int = 11, scale: float = 1.0, language: str = LANGUAGE, seconds: float = 60.0,
               least_confidence: float = 0.0) -> list[PrintedWord]:
    """Words of a uint8 (height, width) image, dark print on light paper; boxes in its pixels.

    psm: Tesseract's page segmentation mode: 11 sparse text, 4 one column of lines, 6 one block, 7 one line.
    scale: the image is resized by this first (below 1 is faster; print wants capitals some 12 pixels high or more).
    Raises BrokenProgram: program_missing language_missing program_timeout program_failed.
    """
    if gray.size == 0:
        return []
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = gray if scale == 1.0 else cv2.resize(gray, None, fx=scale, fy=scale, interpolation=how)
    fx, fy = gray.shape[1] / small.shape[1], gray.shape[0] / small.shape[0]
    table = _run(small, psm, language, seconds)
    words: list[PrintedWord] = []
    lines: dict[tuple[int, int, int], int] = {}
    for row in table:
        text, confidence = row["text"].strip(), row["conf"] / 100
        if not text or confidence < least_confidence:
            continue
        x, y, w, h = row["left"], row["top"], row["width"], row["height"]
        line = lines.setdefault((row["block_num"], row["par_num"], row["line_num"]), len(lines))
        box = (round(x * fx), round(y * fy), round((x + w) * fx), round((y + h) * fy))
        words.append(PrintedWord(text, box, max(0.0, confidence), line))
    return words


def legible_letters(words: Sequence[PrintedWord], least_confidence: float = 0.5) -> int:
    """Letters in words of two and more that were read with some confidence: next to none on a page that was not read at all, whatever
    scraps were made of its ink."""
    return sum(n for w in words if w.confidence >= least_confidence and (n := sum(c.isalpha() for c in w.text)) >= 2)


def text_lines(words: Sequence[PrintedWord]) -> list[str]:
    """The words' lines as text, top to bottom as Tesseract numbered them."""
    lines: dict[int, list[PrintedWord]] = {}
    for word in words:
        lines.setdefault(word.line, []).append(word)
    return [" ".join(w.text for w in sorted(line, key=lambda w: w.box[0])) for _, line in sorted(lines.items())]


def _run(gray: np.ndarray, psm: int, language: str, seconds: float) -> list[dict]:
    table = _loaded.table(gray, psm, language, seconds) if _loaded is not None else _run_program(gray, psm, language, seconds)
    rows = []
    for line in table.splitlines()[_loaded is None:]:           # the program writes a heading
        cells = line.split("\t", len(_COLUMNS) - 1)
        if len(cells) == len(_COLUMNS):
            row: dict = {name: int(cell) for name, cell in zip(_COLUMNS, cells[:10], strict=False)}
            rows.append(row | {"conf": float(cells[10]), "text": cells[11]})
    return rows


def _run_program(gray: np.ndarray, psm: int, language: str, seconds: float) -> str:
    try:
        return str(pytesseract.image_to_data(gray, lang=language, config=f"--psm {psm} -c tessedit_do_invert=0", timeout=seconds))
    except pytesseract.TesseractNotFoundError:
        raise BrokenProgram("program_missing", program=PROGRAM, package=f"tesseract-ocr tesseract-ocr-{language}") from None
    except pytesseract.TesseractError as error:
        if "Failed loading language" in str(error):
            raise BrokenProgram("language_missing", language=language) from None
        raise BrokenProgram("program_failed", program=PROGRAM, detail=str(error)[:200]) from None
    except RuntimeError:    # pytesseract's word for a timeout
        raise BrokenProgram("program_timeout", program=PROGRAM, seconds=seconds) from None
