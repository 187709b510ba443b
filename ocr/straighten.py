"""The page upright, level, evenly lit and at a common scale: what every later step looks at, with the way back to the original."""
from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ocr.reading import PageImage, PrintedWord
from ocr.sheet import find_sheet
from ocr.tesseract import read_words
from records.record import Box

WORK_DPI = 200              # A4 is then 1654 x 2339
_A4_LONG_SIDE = 11.69       # inches; what a page of unknown resolution is taken for
_MOST_SKEW = 7.0            # degrees
_PAPER, _FAINT = 250, 105   # grey of flattened paper; darkest ink lighter than this is made darker
_LIKE_A4 = 0.14             # natural log of a sheet's sides, foreshortened as it is, against A4's
_MARGIN = 0.012             # of the sheet's longer side, kept around it: the corners are not found to the millimetre
_TABLE = 0.6                # of the paper's brightness: what is darker in that margin is the table
_EDGE = 0.014               # of the longer side: what lies nearer to the edge is the sheet's own edge and tells no line's direction
_RULE_SHAPE = 10            # a component this many times longer than wide is a ruled line


@dataclass(frozen=True)
class StraightPage:
    """gray: uint8 (height, width), paper even and near 255, ink dark. rgb: uint8 (height, width, 3), the same geometry, colours as scanned.

    to_original: 3x3, maps (x, y, 1) of this page to pixels of the original. rotation: degrees clockwise (0, 90, 180, 270)
    that turned the original upright; skew: further degrees clockwise that levelled its lines (of a photograph, once its sheet was laid
    flat). dpi: about that of this page.
    """

    gray: np.ndarray
    rgb: np.ndarray
    to_original: np.ndarray
    rotation: int = 0
    skew: float = 0.0
    dpi: float = WORK_DPI

    def box_to_original(self, box: tuple[float, float, float, float]) -> Box:
        """The upright rectangle in the original that holds all of `box`."""
        return box_through(self.to_original, box)


def box_through(matrix: np.ndarray, box: tuple[float, float, float, float]) -> Box:
    """The upright rectangle around the four corners of `box` taken through a 3x3 matrix, whole pixels."""
    x0, y0, x1, y1 = box
    corners = np.array([[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]], dtype=np.float64)
    out = cv2.perspectiveTransform(corners, matrix)[0]
    (left, top), (right, bottom) = out.min(axis=0), out.max(axis=0)
    return round(left), round(top), round(right), round(bottom)


def straighten(page: PageImage, rotation: int | None = None) -> StraightPage:
    """Turn, level, scale to about 200 dpi and even out the light; a photographed sheet is cut from the table it lies on.

    rotation: degrees clockwise if already known (a person said so); None finds it: lines of text lie level, and Tesseract
    reads more of a strip the right way up than upside down. Raises BrokenProgram where Tesseract is needed and missing.
    """
    straight = level(page, rotation)
    return turned_over(straight) if rotation is None and upside_down(straight.gray) else straight


def level(page: PageImage, rotation: int | None = None) -> StraightPage:
    """As `straighten`, but with `rotation` None the page may still stand on its head: which way up it lies is not asked."""
    small, first, dpi = _sheet_at_work_scale(page)
    gray = flatten(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
    times = faintness(gray)
    if times > 1.0:
        gray, small = strengthen(gray, times), _strengthen_colours(small, times)
    mask = skew_mask(gray)
    if rotation is None:
        rotation = 90 if find_skew(_turn(mask, 90), fine=False)[1] > find_skew(mask, fine=False)[1] else 0
    skew = find_skew(_turn(mask, rotation))[0]
    levelled, matrix = _rotated(_turn(gray, rotation), skew, 255)
    rgb, _ = _rotated(_turn(small, rotation), skew, _paper_colour(small))
    to_original = np.linalg.inv(matrix @ _turn_matrix(rotation, small.shape[1], small.shape[0]) @ first)
    return StraightPage(levelled, rgb, to_original, rotation, skew, dpi)


def turned_over(page: StraightPage) -> StraightPage:
    """The page turned by 180°."""
    height, width = page.gray.shape
    return replace(page, gray=_turn(page.gray, 180), rgb=_turn(page.rgb, 180), rotation=(page.rotation + 180) % 360,
                   to_original=page.to_original @ _turn_matrix(180, width, height))


def part_of(page: StraightPage, x0: int, x1: int, enlarge: float = 1.0) -> StraightPage:
    """The columns x0 to x1 of a page as a page of its own, levelled anew and `enlarge` times as large."""
    gray, rgb = page.gray[:, x0:x1], page.rgb[:, x0:x1]
    skew = find_skew(skew_mask(gray))[0]
    grown = np.diag((enlarge, enlarge, 1.0))
    if enlarge != 1.0:
        gray, rgb = (cv2.resize(v, None, fx=enlarge, fy=enlarge, interpolation=cv2.INTER_LINEAR) for v in (gray, rgb))
        grown = np.diag((gray.shape[1] / (x1 - x0), gray.shape[0] / page.gray.shape[0], 1.0))
    gray, matrix = _rotated(np.ascontiguousarray(gray), skew, 255)
    rgb, _ = _rotated(np.ascontiguousarray(rgb), skew, _paper_colour(rgb))
    shift = np.array([[1, 0, -x0], [0, 1, 0], [0, 0, 1.0]])
    return replace(page, gray=gray, rgb=rgb, skew=page.skew + skew, to_original=page.to_original @ np.linalg.inv(matrix @ grown @ shift))


def _sheet_at_work_scale(page: PageImage) -> tuple[np.ndarray, np.ndarray, float]:
    """(RGB of the sheet at about 200 dpi, 3x3 matrix from the original to it, its dpi)."""
    scale, dpi = work_scale(page)
    corners = find_sheet(page.pixels)
    if corners is None:
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = page.pixels if scale == 1.0 else cv2.resize(page.pixels, None, fx=scale, fy=scale, interpolation=how)
        return small, np.diag([small.shape[1] / page.width, small.shape[0] / page.height, 1.0]), dpi
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    width, height = (sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2
    if page.dpi is None:                                      # the sheet, not the picture, is as long as an A4 page
        if abs(np.log(max(width, height) / min(width, height) / 2 ** 0.5)) < _LIKE_A4:
            width, height = (max(width, height), max(width, height) / 2 ** 0.5)[::1 if width > height else -1]
        dpi = float(WORK_DPI)
        scale = _A4_LONG_SIDE * WORK_DPI / max(width, height)
    margin = _MARGIN * max(width, height) * scale
    width, height = width * scale, height * scale
    flat = np.array([(0, 0), (width, 0), (width, height), (0, height)]) + margin
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), flat.astype(np.float32)).astype(float)
    size = round(width + 2 * margin), round(height + 2 * margin)
    source, reduce = page.pixels, min(1.0, 1.5 * scale)
    if reduce < 0.7:                                          # else small print would alias
        source = cv2.resize(source, None, fx=reduce, fy=reduce, interpolation=cv2.INTER_AREA)
    back = np.diag((page.width / source.shape[1], page.height / source.shape[0], 1.0))
    small = cv2.warpPerspective(source, matrix @ back, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    paper, frame = _paper_colour(small), np.ones(small.shape[:2], bool)
    edge = max(1, round(margin))
    frame[edge:-edge, edge:-edge] = False
    small[frame & (small.max(axis=2) < _TABLE * max(paper))] = paper
    return small, matrix, dpi


def flatten(gray: np.ndarray) -> np.ndarray:
    """Divide by the local paper brightness, so that shade, a gutter's shadow or tinted paper end near 250; uint8 in and out.

    What is no paper (a dark table around a photographed page, black scanner edges) becomes white.
    """
    height, width = gray.shape
    step = max(1, round(max(height, width) / 300))
    small = cv2.resize(gray, (max(1, width // step), max(1, height // step)), interpolation=cv2.INTER_AREA)
    paper = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))      # ink is darker and narrower than this
    surround = (paper < 0.35 * np.percentile(paper, 90)).astype(np.uint8)
    paper[surround > 0] = np.median(paper[surround == 0]) if (surround == 0).any() else 255
    paper = cv2.GaussianBlur(cv2.medianBlur(paper, 5), (0, 0), 4)
    paper = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    even = cv2.divide(gray, np.maximum(paper, 1), scale=250)
    if surround.any():
        surround = cv2.dilate(surround, np.ones((5, 5), np.uint8))
        even[cv2.resize(surround, (width, height), interpolation=cv2.INTER_NEAREST) > 0] = 250
    return even


def faintness(even: np.ndarray) -> float:
    """By how much a flattened page's ink must be multiplied to be as dark as usual; 1 where it is, or where there is no ink at all."""
    dark = float(np.percentile(even[::2, ::2], 0.4))
    return (_PAPER - _FAINT) / (_PAPER - dark) if _FAINT < dark < _PAPER - 25 else 1.0


def strengthen(even: np.ndarray, times: float) -> np.ndarray:
    """A flattened page, its ink `times` as dark."""
    return cv2.LUT(even, np.clip(_PAPER - (_PAPER - np.arange(256)) * times, 0, 255).astype(np.uint8)) if times > 1.0 else even


def _strengthen_colours(rgb: np.ndarray, times: float) -> np.ndarray:
    """The same for the page as scanned, whose paper keeps its colour and its shade."""
    small = cv2.resize(rgb, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    paper = cv2.GaussianBlur(cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8)), (0, 0), 3)
    paper = cv2.resize(paper, rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.addWeighted(rgb, times, paper, 1.0 - times, 0.0)


def find_skew(mask: np.ndarray, fine: bool = True) -> tuple[float, float]:
    """(degrees clockwise that level the text of an ink mask, sharpness of its lines then); the angle lies within ±7°.

    The row profile of level text has the steepest edges (Postl's criterion: sum of squared differences of row sums). Profiles are
    made from the inked pixels alone, each shared between the two rows it falls on. fine: to 0.02°, else to half a degree.
    """
    ys, xs = np.nonzero(mask > 0.08)
    if not len(ys):
        return 0.0, 0.0
    weights = mask[ys, xs].astype(np.float64)
    y, x = ys - mask.shape[0] / 2, xs - mask.shape[1] / 2
    middle = int(np.hypot(*mask.shape) / 2) + 2

    def sharpness(angle: float) -> float:
        row = y * np.cos(np.radians(angle)) + x * np.sin(np.radians(angle)) + middle
        whole = row.astype(np.intp)
        above = weights * (row - whole)
        profile = np.bincount(whole, weights - above, 2 * middle)
        profile[1:] += np.bincount(whole, above, 2 * middle)[:-1]
        return float(np.square(np.diff(profile)).sum())

    best, sharp = 0.0, -1.0
    for step, reach in ((0.5, _MOST_SKEW), (0.1, 0.5), (0.02, 0.1))[:3 if fine else 1]:
        for angle in np.arange(best - reach, best + reach + step / 2, step):
            value = sharpness(float(angle))
            if value > sharp * (1 + 1e-9):
                sharp, found = value, float(angle)
        best = found
    return round(best, 3), sharp


def work_scale(page: PageImage) -> tuple[float, float]:
    """(factor that brings the page to about 200 dpi, the dpi it has then); without a stated dpi the image is taken for an A4 page."""
    longest = max(page.height, page.width)
    dpi = page.dpi or longest / _A4_LONG_SIDE
    scale = WORK_DPI / dpi
    if 0.9 <= scale <= 1.12:
        scale = 1.0
    scale = min(scale, 2.0, 5200 / longest)
    return scale, dpi * scale


def skew_mask(gray: np.ndarray) -> np.ndarray:
    """Ink of a flattened page, about 75 dpi, without what is large both ways (frames, stamps, dark surrounds) and without long rules, which
    would have a table's columns taken for its lines: float32 0..1."""
    scale = 880 / max(gray.shape)
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else gray
    ink = (small < 205).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    least = 0.12 * min(small.shape)
    across, down = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    large = (across > least) & (down > least)
    longer = np.maximum(across, down)
    large |= (longer > 0.4 * least) & (longer > _RULE_SHAPE * np.minimum(across, down))
    large[0] = True
    weight = (255 - small).astype(np.float32) / 255
    weight[large[labels]] = 0
    edge = round(_EDGE * max(small.shape))
    weight[:edge], weight[-edge:], weight[:, :edge], weight[:, -edge:] = 0, 0, 0, 0
    return weight


def _turn(image: np.ndarray, rotation: int) -> np.ndarray:
    return np.ascontiguousarray(np.rot90(image, k=-(rotation // 90)))


def _turn_matrix(rotation: int, width: int, height: int) -> np.ndarray:
    """Pixel coordinates of a width x height image to those of it turned clockwise."""
    return {
        0: np.eye(3),
        90: np.array([[0, -1, height], [1, 0, 0], [0, 0, 1]], dtype=float),
        180: np.array([[-1, 0, width], [0, -1, height], [0, 0, 1]], dtype=float),
        270: np.array([[0, 1, 0], [-1, 0, width], [0, 0, 1]], dtype=float),
    }[rotation % 360]


def _rotated(image: np.ndarray, degrees: float, fill: int | tuple[int, ...], expand: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """The image turned by `degrees` clockwise about its centre, and the 3x3 matrix that did it; the sheet grows to keep its corners."""
    height, width = image.shape[:2]
    matrix = np.eye(3)
    if abs(degrees) < 1e-3:
        return image, matrix
    matrix[:2] = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    new_width, new_height = width, height
    if expand:
        c, s = abs(matrix[0, 0]), abs(matrix[0, 1])
        new_width, new_height = round(width * c + height * s), round(width * s + height * c)
        matrix[0, 2] += (new_width - width) / 2
        matrix[1, 2] += (new_height - height) / 2
    out = cv2.warpAffine(image, matrix[:2], (new_width, new_height), flags=cv2.INTER_LINEAR, borderValue=fill)
    return out, matrix


def _paper_colour(rgb: np.ndarray) -> tuple[int, int, int]:
    red, green, blue = np.median(rgb[::16, ::16].reshape(-1, 3), axis=0).astype(int)
    return int(red), int(green), int(blue)


def upside_down(gray: np.ndarray) -> bool:
    """Whether Tesseract reads the inkiest strips better when they are turned over.

    Level strips of register pages gave 66 to 85 sure letters, turned ones 0 to 8: one reading is enough where it goes well.
    """
    for strip in _inky_strips(gray):
        upright = _legible(read_words(strip, psm=11, scale=0.6))
        if upright >= 30:
            return False
        over = _legible(read_words(_turn(strip, 180), psm=11, scale=0.6))
        if max(upright, over) >= 12 and max(upright, over) > 1.6 * min(upright, over):
            return over > upright
    return False


def _inky_strips(gray: np.ndarray) -> list[np.ndarray]:
    """The three of the sheet's five bands with most ink, the inkiest first."""
    height = gray.shape[0] // 5
    bands = [gray[i * height:(i + 1) * height] for i in range(5)]
    return sorted(bands, key=lambda b: -int((b < 140).sum()))[:3]


def _legible(words: list[PrintedWord]) -> float:
    """Letters in words that are surely read."""
    return sum(sum(c.isalpha() for c in w.text) for w in words if w.confidence > 0.75 and sum(c.isalpha() for c in w.text) >= 2)
