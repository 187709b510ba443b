"""Is this page image good enough to read? Measures, a verdict (good, poor, retake) and its reasons in words a clerk understands."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from ocr.errors import Language
from ocr.reading import PageImage
from ocr.straighten import WORK_DPI, find_skew, flatten, skew_mask, work_scale

Verdict = Literal["good", "poor", "retake"]
Side = Literal["left", "top", "right", "bottom"]

_HASH_ROWS, _HASH_COLUMNS = 40, 32
_BLEED = 0.08               # contrast up to which it is the back of the sheet shining through
SAME_SCAN = 0.042           # of the bits: a scan saved again differs by up to 0.027, pages of one book by 0.063 or more


@dataclass(frozen=True)
class PageQuality:
    """Measures of one page.

    dpi: stated by the file, else what an A4 page filling the image would have. sharpness: steepest stroke edges, as the
    share of the ink's contrast passed within 1/200 inch (a good scan 0.2 to 0.5). contrast: ink against paper, 0..1.
    light: paper in the darkest corner against paper in the brightest, 0..1. brightness: of the paper, 0..255.
    skew: degrees clockwise that would level it. ink: share of the page that is dark. letters: pieces of ink of a letter's size.
    cut: sides where writing runs off the image. hash: see `same_scan`. reasons: codes of `REASONS`, the gravest first.
    """

    width: int
    height: int
    dpi: int
    sharpness: float
    contrast: float
    light: float
    brightness: float
    skew: float
    ink: float
    letters: int
    blank: bool
    cut: tuple[Side, ...]
    hash: str
    verdict: Verdict
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Reason:
    verdict: Verdict
    vi: str
    en: str


REASONS: dict[str, Reason] = {
    "far_too_coarse": Reason("retake", "Độ phân giải quá thấp, không đọc được: quét lại ở 200–300 dpi",
                             "Resolution far too low to read: scan at 200–300 dpi"),
    "very_blurred": Reason("retake", "Ảnh mờ, nhòe: lau kính máy quét hoặc giữ chắc máy ảnh rồi chụp lại",
                           "Blurred: clean the scanner glass or hold the camera still, and take it again"),
    "very_faint": Reason("retake", "Chữ quá nhạt so với giấy: tăng độ đậm của máy quét rồi quét lại",
                         "Ink hardly darker than the paper: raise the scanner's contrast and scan again"),
    "very_dark": Reason("retake", "Ảnh quá tối: thêm ánh sáng rồi chụp lại", "Far too dark: add light and take it again"),
    "cut_left": Reason("retake", "Mất chữ ở mép trái: đặt lại trang giấy rồi quét lại",
                       "Writing is cut off at the left: place the page again"),
    "cut_top": Reason("retake", "Mất chữ ở mép trên: đặt lại trang giấy rồi quét lại",
                       "Writing is cut off at the top: place the page again"),
    "cut_right": Reason("retake", "Mất chữ ở mép phải: đặt lại trang giấy rồi quét lại",
                       "Writing is cut off at the right: place the page again"),
    "cut_bottom": Reason("retake", "Mất chữ ở mép dưới: đặt lại trang giấy rồi quét lại",
                       "Writing is cut off at the bottom: place the page again"),
    "no_text": Reason("retake", "Có nét mực nhưng hầu như không đọc được chữ nào: quét lại rõ hơn, hoặc nhập tay",     # told by the reader
                      "There is ink but hardly any text could be read: scan it more clearly, or enter it by hand"),
    "coarse": Reason("poor", "Độ phân giải thấp: nên quét ở 200–300 dpi", "Low resolution: 200–300 dpi is better"),
    "blurred": Reason("poor", "Ảnh hơi mờ: nên lau kính máy quét hoặc giữ chắc máy ảnh", "Somewhat blurred: clean the glass or hold still"),
    "faint": Reason("poor", "Chữ nhạt: nên tăng độ đậm của máy quét", "Faint ink: raise the scanner's contrast"),
    "dark": Reason("poor", "Ảnh tối: nên thêm ánh sáng", "Dark: more light is better"),
    "uneven_light": Reason("poor", "Có bóng che một phần trang: nên chiếu sáng đều", "Part of the page lies in shadow: light it evenly"),
    "skewed": Reason("poor", "Trang bị nghiêng nhiều: nên đặt ngay ngắn", "Very crooked: place the page straight"),
    "blank": Reason("poor", "Trang trắng, không có chữ: kiểm tra xem có quét nhầm mặt không",
                    "Blank page: check that the right side was scanned"),
}


def measure(page: PageImage) -> PageQuality:
    """Measures and verdict of a page; some 0.15 s for A4 at 200 dpi."""
    scale, dpi = work_scale(page)
    gray = cv2.cvtColor(page.pixels, cv2.COLOR_RGB2GRAY)
    if scale != 1.0:
        gray = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    per_mm = dpi / 25.4
    even = flatten(gray)
    contrast, sharpness = _strokes(even)
    pieces = _letter_pieces(even, per_mm, contrast)
    brightness, light = _light(gray)
    ink = float((even < _ink_level(contrast)).mean())
    blank = contrast < _BLEED or len(pieces) < 12
    skew = 0.0 if blank else _skew(even)
    cut = () if blank else _cut_sides(pieces, even.shape)
    own_dpi = page.dpi or round(max(page.width, page.height) / 11.69)
    reasons = _reasons(own_dpi, sharpness, contrast, light, brightness, skew, blank, cut)
    verdicts = [REASONS[r].verdict for r in reasons]
    verdict: Verdict = "retake" if "retake" in verdicts else "poor" if verdicts else "good"
    return PageQuality(
        width=page.width, height=page.height, dpi=own_dpi, sharpness=round(sharpness, 3), contrast=round(contrast, 3),
        light=round(light, 3), brightness=round(brightness, 1), skew=skew, ink=round(ink, 5), letters=len(pieces),
        blank=blank, cut=cut, hash=_fingerprint(even), verdict=verdict, reasons=reasons)


def describe(reasons: Iterable[str], lang: Language = "vi") -> list[str]:
    """The reasons as sentences; a code of a later version is shown as it is."""
    return [(REASONS[r].vi if lang == "vi" else REASONS[r].en) if r in REASONS else r for r in reasons]


def same_scan(one: str, other: str, most: float = SAME_SCAN) -> bool:
    """Whether two `hash` values are of one scan saved twice: re-encoded, resized, lightened.

    Two scans of one sheet are not told from two sheets of one book, whose pages are alike but for some words: that takes
    the entry number, once it is read.
    """
    return len(one) == len(other) and one != "" and difference(one, other) <= most


def difference(one: str, other: str) -> float:
    """Share of differing bits, 0..1."""
    return (int(one, 16) ^ int(other, 16)).bit_count() / (4 * len(one))


def _reasons(dpi: int, sharpness: float, contrast: float, light: float, brightness: float, skew: float, blank: bool,
             cut: tuple[Side, ...]) -> tuple[str, ...]:
    if blank:
        return ("blank",)
    found = {
        "far_too_coarse": dpi < 90, "very_blurred": sharpness < 0.11, "very_faint": contrast < 0.22, "very_dark": brightness < 35,
        **{f"cut_{side}": side in cut for side in ("left", "top", "right", "bottom")},
        "coarse": 90 <= dpi < 140, "blurred": 0.11 <= sharpness < 0.17, "faint": 0.22 <= contrast < 0.35, "dark": 35 <= brightness < 75,
        "uneven_light": light < 0.35, "skewed": abs(skew) > 4.0,
    }
    return tuple(code for code, holds in found.items() if holds)


def _ink_level(contrast: float) -> float:
    """Grey below which an evened-out page counts as ink: half way from its paper (250) to its darkest ink."""
    return 250 * (1 - 0.5 * max(contrast, _BLEED))


def _letter_pieces(even: np.ndarray, per_mm: float, contrast: float) -> np.ndarray:
    """Boxes (x, y, w, h) of dark connected pieces between 0.9 and 9 mm in their larger extent, int (n, 4)."""
    _, _, stats, _ = cv2.connectedComponentsWithStats((even < _ink_level(contrast)).astype(np.uint8), connectivity=8)
    extent = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    letters = (extent > 0.9 * per_mm) & (extent < 9 * per_mm) & (stats[:, cv2.CC_STAT_AREA] > 0.12 * per_mm * per_mm)
    letters[0] = False
    return stats[letters][:, :4]


def _strokes(even: np.ndarray) -> tuple[float, float]:
    """(contrast 0..1, sharpness: steepest edges over contrast, a pixel of 1/200 inch)."""
    dark = np.percentile(even, 0.05)   # some letters suffice
    contrast = max(0.0, 250.0 - float(dark)) / 250.0
    if contrast < 0.04:
        return contrast, 0.0
    dx = cv2.Sobel(even, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    dy = cv2.Sobel(even, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    steep = np.hypot(dx, dy)
    edges = steep[steep > 0.1 * float(steep.max())]
    return contrast, float(np.percentile(edges, 95)) / (250.0 * contrast) if edges.size else 0.0


def _light(gray: np.ndarray) -> tuple[float, float]:
    """(brightness of the paper, darkest paper over brightest paper). The paper of each of 8 x 6 tiles is its 80th percentile."""
    small = cv2.resize(gray, (480, 640), interpolation=cv2.INTER_AREA)
    tiles = small.reshape(8, 80, 6, 80).transpose(0, 2, 1, 3).reshape(48, -1)
    paper = np.sort(np.percentile(tiles, 80, axis=1))
    paper = paper[paper > 0.18 * paper[-1]] if paper[-1] > 0 else paper     # darker is no paper but the table around it
    return float(np.median(paper)), float(paper[1] / max(paper[-2], 1.0)) if len(paper) > 3 else 1.0


def _skew(even: np.ndarray) -> float:
    mask = skew_mask(even)
    (level, across), (turned, down) = find_skew(mask), find_skew(np.ascontiguousarray(np.rot90(mask, -1)))
    return turned if down > across else level


def _cut_sides(pieces: np.ndarray, shape: tuple[int, ...]) -> tuple[Side, ...]:
    """Sides where three or more letter-sized pieces of ink touch the image's edge."""
    height, width = shape
    x, y, w, h = pieces.T
    touching: dict[Side, np.ndarray] = {"left": x <= 1, "top": y <= 1, "right": x + w >= width - 1, "bottom": y + h >= height - 1}
    return tuple(side for side, at in touching.items() if at.sum() >= 3)


def _fingerprint(even: np.ndarray) -> str:
    """Perceptual hash, 1280 bits as hex: which cells of a 40 x 32 grid over the image have more ink than the cells around them."""
    small = cv2.resize(even, (_HASH_COLUMNS * 16, _HASH_ROWS * 16), interpolation=cv2.INTER_AREA)
    ink = cv2.GaussianBlur(250 - np.minimum(small, 250).astype(np.float32), (0, 0), 6)
    cells = cv2.resize(ink, (_HASH_COLUMNS, _HASH_ROWS), interpolation=cv2.INTER_AREA)
    return np.packbits(cells > cv2.GaussianBlur(cells, (0, 0), 2) + 2).tobytes().hex()


assert WORK_DPI == 200     # the measures above are stated for this scale
