"""How well print is read: Tesseract as it comes, after evening out the paper, after Sauvola's threshold, TrueOCR, and as the reading of
dossiers does it (level, coloured ink out, paper evened out, doubtful lines looked at again), on the same pages.

    python -m bench.print_reading [--pages N] [--trueocr FOLDER]

FOLDER: where the TrueOCR 0.1.1 wheel was unpacked or installed to; without it that column stays empty.
"""
from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

if not __package__:             # started by its path: the rooms lie beside bench/
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import cv2
import numpy as np
from rapidfuzz.distance import Levenshtein

from bench.print_pages import CONDITIONS, DPI, print_page
from bench.scoring import plain_text
from ocr.dossier_page import read_dossier_page
from ocr.reading import PageImage
from ocr.straighten import flatten
from ocr.tesseract import load_in_process, read_words, text_lines

Reader = Callable[[np.ndarray], str]


def sauvola(gray: np.ndarray, window: int = 31, k: float = 0.2) -> np.ndarray:
    """Black on white by Sauvola's local threshold m (1 + k (s / 128 - 1)), Pattern Recognition 33 (2000): uint8, 0 and 255."""
    g = gray.astype(np.float32)
    mean = cv2.boxFilter(g, -1, (window, window))
    deviation = np.sqrt(np.maximum(cv2.boxFilter(g * g, -1, (window, window)) - mean * mean, 0))
    return np.where(g > mean * (1 + k * (deviation / 128 - 1)), np.uint8(255), np.uint8(0))


def tesseract(prepare: Callable[[np.ndarray], np.ndarray]) -> Reader:
    """Tesseract on the whole page, in grey."""
    return lambda pixels: " ".join(text_lines(read_words(prepare(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)), psm=3)))


def as_dossier(pixels: np.ndarray) -> str:
    """The way a dossier's page is read."""
    return " ".join(text_lines(read_dossier_page(PageImage(pixels, round(DPI * pixels.shape[1] / 1654))).words))


def trueocr(folder: Path) -> Reader:
    """TrueOCR as its package reads a page, one thread."""
    sys.path.append(str(folder))
    from PIL import Image
    from trueocr import load_model  # type: ignore[import-not-found]

    model = load_model(threads=1)
    return lambda pixels: " ".join(line["text"] for line in model.predict(Image.fromarray(pixels)).lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=3)
    parser.add_argument("--trueocr", type=Path, metavar="FOLDER")
    options = parser.parse_args(arguments)
    load_in_process()
    readers: dict[str, Reader] = {"Tesseract": tesseract(lambda g: g), "evened out": tesseract(flatten), "Sauvola": tesseract(sauvola),
                                  "Sổ Gốc": as_dossier}
    if options.trueocr:
        readers["TrueOCR"] = trueocr(options.trueocr)
    seconds: defaultdict[str, float] = defaultdict(float)
    print(f"character error rate of {options.pages} composed pages of print, case and punctuation forgotten\n")
    print("| | " + " | ".join(readers) + " |\n|---|" + "---:|" * len(readers))
    for condition, spoil in CONDITIONS.items():
        edits: defaultdict[str, int] = defaultdict(int)
        letters = 0
        for number in range(options.pages):
            page = print_page(number)
            pixels, there = spoil(page.pixels), plain_text(" ".join(page.lines))
            letters += len(there)
            for name, read in readers.items():
                start = time.process_time()
                text = read(pixels)
                seconds[name] += time.process_time() - start
                edits[name] += Levenshtein.distance(there, plain_text(text))
        print(f"| {condition} | " + " | ".join(f"{100 * edits[n] / letters:.1f} %" for n in readers) + " |", flush=True)
    count = options.pages * len(CONDITIONS)
    print("| processor time a page | " + " | ".join(f"{seconds[n] / count:.2f} s" for n in readers) + " |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
