"""A page with the form that was laid on it drawn over: found labels, blanks with their codes, squares. For whoever writes a form file."""
from __future__ import annotations

import cv2
import numpy as np

from ocr.registration import FormFit
from ocr.straighten import StraightPage

LABEL, MISSED, BLANK, TICK, SIGNATURE = (0, 130, 0), (210, 0, 0), (0, 80, 220), (200, 90, 0), (130, 130, 130)     # RGB


def draw_overlay(page: StraightPage, fit: FormFit, seen: frozenset[int] | None = None) -> bytes:
    """The straight page as PNG: labels green (red those whose number is not in `seen`), blanks blue with their writing line and code,
    squares orange, signatures grey."""
    image = np.ascontiguousarray(page.rgb.copy())
    thick = max(1, round(0.25 * fit.scale))
    for n, (label, box) in enumerate(fit.labels):
        _rectangle(image, box, LABEL if seen is None or n in seen or not label.text.strip() else MISSED, thick)
    for fitted in fit.fitted:
        colour = BLANK if fitted.blank.code else SIGNATURE
        _rectangle(image, fitted.box, colour, thick)
        x0, y0, x1, y1 = (round(v) for v in fitted.baseline)
        cv2.line(image, (x0, y0), (x1, y1), colour, thick)
        if fitted.blank.code:       # field codes are plain letters: OpenCV's own face draws them
            at = fitted.box[0] + thick, fitted.box[1] + round(2.2 * fit.scale)
            cv2.putText(image, fitted.blank.code, at, cv2.FONT_HERSHEY_SIMPLEX, 0.07 * fit.scale, colour, thick, cv2.LINE_AA)
    for _, box in fit.ticks:
        _rectangle(image, box, TICK, thick)
    done, data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    if not done:
        raise ValueError("the overlay could not be written as PNG")
    return data.tobytes()


def _rectangle(image: np.ndarray, box: tuple[int, int, int, int], colour: tuple[int, int, int], thick: int) -> None:
    cv2.rectangle(image, box[:2], box[2:], colour, thick)
