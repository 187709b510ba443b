"""Pages drawn for the tests: a printed form with handwriting in known places, and what a careless scan does to it."""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw

from records.forms import Form, load_forms
from samples.hands import font_names, load_font
from samples.press import pixels, print_mask

TEXTS = {
    "name": "Nguyễn Thị Phượng", "date": "07/01/2013", "date_words": "Ngày mồng bảy tháng một năm hai nghìn", "year": "1985",
    "sex": "Nữ", "ethnicity": "Kinh", "nationality": "Việt Nam", "place": "Xã Tịnh Trà, Huyện Sơn Tịnh", "personal_number": "051313666764",
    "relation": "Cha", "time": "7 giờ 30", "signer": "Lê Văn Long, Chủ tịch", "text": "Ốm",
    "entry_number": "12/2013", "book_number": "01/2013", "page_number": "12",
}


@dataclass(frozen=True)
class DrawnPage:
    """pixels: uint8 RGB; boxes: (x0, y0, x1, y1) of the ink written into each blank, by code (the first of a code's blanks)."""

    pixels: np.ndarray
    boxes: dict[str, tuple[int, int, int, int]]


def drawn_page(form_id: str = "KS2016", dpi: float = 200.0, paper: tuple[int, int, int] = (236, 238, 228), ticked: int = 0) -> DrawnPage:
    """The form written full; blue handwriting starts right after its leader does."""
    form: Form = load_forms()[form_id]
    ink = Image.new("L", print_mask(form_id, dpi).shape[::-1], 0)
    draw = ImageDraw.Draw(ink)
    face = load_font(sorted(f for f in font_names() if "/" not in f)[-1], round(0.21 * dpi))
    boxes: dict[str, tuple[int, int, int, int]] = {}
    for blank in form.blanks:
        if blank.code is None or blank.code == "ghiChu":
            continue
        x, y = pixels(blank.x0, dpi) + 0.02 * dpi, pixels(blank.y, dpi) - 0.015 * dpi
        text = TEXTS[blank.type]
        while len(text) > 2 and face.getlength(text) > pixels(blank.x1 - blank.x0, dpi):
            text = text[:-1]
        draw.text((x, y), text, font=face, fill=255, anchor="ls")
        boxes.setdefault(blank.code, tuple(round(v) for v in draw.textbbox((x, y), text, font=face, anchor="ls")))
    if form.ticks:
        t = form.ticks[ticked]
        x0, y0, x1, y1 = (pixels(v, dpi) for v in (t.x, t.y, t.x + t.size, t.y + t.size))
        draw.line((x0, y0, x1, y1), fill=255, width=max(2, round(dpi / 80)))
        draw.line((x0, y1, x1, y0), fill=255, width=max(2, round(dpi / 80)))
    page = np.full((*print_mask(form_id, dpi).shape, 3), paper, np.float32)
    for mask, colour in ((print_mask(form_id, dpi), (45, 45, 48)), (np.asarray(ink), (40, 50, 120))):
        part = (mask.astype(np.float32) / 255)[:, :, None]
        page = page * (1 - part) + np.array(colour, np.float32) * part
    return DrawnPage(cv2.GaussianBlur(np.clip(page, 0, 255).astype(np.uint8), (0, 0), 0.6), boxes)


def turned(image: np.ndarray, degrees: float, fill: tuple[int, int, int] = (235, 235, 225)) -> tuple[np.ndarray, np.ndarray]:
    """(the image turned clockwise on a sheet that grows, the 3x3 matrix that did it)."""
    height, width = image.shape[:2]
    matrix = np.eye(3)
    matrix[:2] = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    c, s = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = round(width * c + height * s), round(width * s + height * c)
    matrix[0, 2] += (size[0] - width) / 2
    matrix[1, 2] += (size[1] - height) / 2
    return cv2.warpPerspective(image, matrix, size, flags=cv2.INTER_AREA, borderValue=fill), matrix


def leaned(image: np.ndarray, lean: float = 0.03) -> tuple[np.ndarray, np.ndarray]:
    """A photograph from a little aside, on a dark table: (image, matrix)."""
    h, w = image.shape[:2]
    corners = np.float32([[0, 0], [w, 0], [w, h], [0, h]])
    seen = np.float32([[w * (0.07 + lean), h * 0.06], [w * (1.07 - lean * 0.6), h * (0.06 + lean * 0.5)], [w * 1.08, h * 1.08],
                       [w * 0.05, h * (1.09 - lean * 0.4)]])
    matrix = cv2.getPerspectiveTransform(corners, seen).astype(np.float64)
    return cv2.warpPerspective(image, matrix, (int(w * 1.15), int(h * 1.15)), flags=cv2.INTER_AREA, borderValue=(40, 38, 35)), matrix


def shaded(image: np.ndarray) -> np.ndarray:
    """A shadow from the right and from below, as of a hand or a gutter."""
    h, w = image.shape[:2]
    return (image * np.linspace(1, 0.4, w)[None, :, None] * np.linspace(1, 0.75, h)[:, None, None]).astype(np.uint8)
