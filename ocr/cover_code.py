"""The code on a printed cover sheet, found on a scanned or photographed page."""
from __future__ import annotations

import cv2
import numpy as np

from ocr.reading import PageImage
from records.book_label import BookLabel, parse_label

_WIDTHS = (1000, 1700, 600)     # pixels: codes are found at one scale and not at another, depending on blur


def read_label(page: PageImage) -> BookLabel | None:
    """What the page's code says, if it has one of a cover sheet. Some 50 ms for a page without."""
    gray = cv2.cvtColor(page.pixels, cv2.COLOR_RGB2GRAY)
    finder = cv2.QRCodeDetector()
    for width in _WIDTHS:
        scale = width / page.width
        if scale > 1.5:
            continue
        small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        for text in _texts(finder, small):
            label = parse_label(text)
            if label is not None:
                return label
    return None


def _texts(finder: cv2.QRCodeDetector, gray: np.ndarray) -> tuple[str, ...]:
    try:
        text, _, _ = finder.detectAndDecode(gray)
    except (cv2.error, UnicodeDecodeError):     # not one of ours: ours is ASCII
        return ()
    return (text,) if text else ()
