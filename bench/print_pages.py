"""Printed pages with known text, and what careless scanning does to them."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw

from records.forms import load_forms
from records.places import default_gazetteer
from samples.hands import load_font

DPI = 200
_LEFT, _TOP, _PITCH, _LINES = 165, 190, 58, 34
_SAYINGS = (
    "Căn cứ Luật Hộ tịch ngày 20 tháng 11 năm 2014 và các văn bản hướng dẫn thi hành,",
    "Thực hiện kế hoạch số hóa sổ hộ tịch trên địa bàn tỉnh, Ủy ban nhân dân đề nghị",
    "các cơ quan, đơn vị rà soát, thống kê, phân loại sổ theo từng năm đăng ký;",
    "việc bàn giao phải lập biên bản, có chữ ký của người giao và người nhận.",
    "Trong quá trình thực hiện nếu có vướng mắc thì báo cáo về Sở Tư pháp để được xem xét.",
)


@dataclass(frozen=True)
class PrintPage:
    """pixels: uint8 RGB (height, width, 3) at 200 dpi, dark print on light paper; lines: its text from top to bottom."""

    pixels: np.ndarray
    lines: tuple[str, ...]


def print_page(seed: int) -> PrintPage:
    """A page of officials' prose, form labels, places, dates and numbers in the face of official print."""
    rng = np.random.default_rng([seed, 1437])
    communes = default_gazetteer().communes
    labels = sorted({label.text.rstrip(":. ") for form in load_forms().values() for label in form.labels if len(label.text) > 14})
    lines: list[str] = []
    image = Image.new("L", (1654, 2339), 244)
    draw = ImageDraw.Draw(image)
    for row in range(_LINES):
        kind = int(rng.integers(4))
        commune = communes[int(rng.integers(len(communes)))].name
        text = (_SAYINGS[int(rng.integers(len(_SAYINGS)))],
                f"{labels[int(rng.integers(len(labels)))]}: {commune}",
                f"- {commune}: {int(rng.integers(3, 900))} trang, quyển {int(rng.integers(1, 12)):02d}/{int(rng.integers(1999, 2020))}",
                f"Ngày {int(rng.integers(1, 29)):02d}/{int(rng.integers(1, 13)):02d}/{int(rng.integers(1956, 2020))}, số "
                f"{int(rng.integers(1, 999))}/QĐ-UBND, {labels[int(rng.integers(len(labels)))]}")[kind]
        size = round(float(rng.choice([11, 12, 13])) / 72 * DPI)
        face = load_font("print/tinos-bold" if rng.random() < 0.2 else "print/tinos-regular", size)
        while face.getlength(text) > 1654 - 2 * _LEFT and " " in text:
            text = text.rsplit(" ", 1)[0]
        draw.text((_LEFT, _TOP + row * _PITCH), text, font=face, fill=35, anchor="ls")
        lines.append(text)
    return PrintPage(np.dstack([cv2.GaussianBlur(np.asarray(image), (0, 0), 0.6)] * 3), tuple(lines))


def shaded(pixels: np.ndarray) -> np.ndarray:
    """Light that falls off towards the binding and a corner, as under a lifted lid: a fifth of it is left in the dark."""
    height, width = pixels.shape[:2]
    x, y = np.arange(width, dtype=np.float32)[None] / width, np.arange(height, dtype=np.float32)[:, None] / height
    light = np.clip(0.2 + 0.8 * (1 - np.exp(-x / 0.25)), 0, 1) * np.clip(1.15 - 0.75 * np.maximum(0, x + y - 1.1), 0.2, 1)
    return np.clip(pixels * light[..., None], 0, 255).astype(np.uint8)


def faint(pixels: np.ndarray) -> np.ndarray:
    """A carbon copy or a spent ribbon: print a fifth as dark, on grained paper."""
    grain = np.random.default_rng(3).normal(0, 3.0, pixels.shape[:2]).astype(np.float32)
    paper = 244 - 0.2 * (244 - pixels.astype(np.float32)) + cv2.GaussianBlur(grain, (0, 0), 0.8)[..., None]
    return np.clip(paper, 0, 255).astype(np.uint8)


def at_150_dpi(pixels: np.ndarray) -> np.ndarray:
    return cv2.resize(pixels, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)


def at_jpeg_40(pixels: np.ndarray) -> np.ndarray:
    out = cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR)
    return np.asarray(out)


def sealed(pixels: np.ndarray) -> np.ndarray:
    """The rings of a red seal across the print, which stays dark through them."""
    ink = np.zeros(pixels.shape[:2], np.uint8)
    for radius in (135, 122, 80):
        cv2.circle(ink, (pixels.shape[1] // 2, pixels.shape[0] // 2), radius, 255, 5)
    red = pixels * np.array([0.8, 0.25, 0.28], np.float32)
    return np.where((ink > 0)[..., None], red, pixels).astype(np.uint8)


CONDITIONS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "clean": lambda p: p,
    "shading": shaded,
    "faint": faint,
    "150 dpi": at_150_dpi,
    "JPEG 40": at_jpeg_40,
    "red seal": sealed,
    "all of them": lambda p: at_jpeg_40(at_150_dpi(shaded(sealed(faint(p))))),
}
