"""Where things stand on the page of an extract; A4, margins after NĐ 30/2020 (left 30 mm, right 20 mm). Points from the lower left."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from storage.extracts.drawing import A4, Drawing, width, wrapped
from storage.extracts.errors import DoesNotFit
from storage.extracts.form import SUBTITLE, ExtractForm
from storage.extracts.options import Agency, CompetentSigner

MM = 72 / 25.4
LEFT, RIGHT = 30 * MM, A4[0] - 20 * MM
_LEFT_COLUMN, _RIGHT_COLUMN = LEFT + 88, RIGHT - 128
_SIZE, _LEADING, _INDENT, _GAP = 12.5, 19.5, 16.0, 18.0
_BOTTOM = 24 * MM
_MOST_PAGES = 4
# The agency's signature shows number, code and day in this box of page 1; it is empty until the number is given.
SEAL_BOX = (round(LEFT), 640, round(RIGHT), 748)
CODE_SIDE = 33 * MM             # with its white margin
PERSON_SIZE = (200, 46)


@dataclass
class Pages:
    """person_box: where the competent person's signature is shown, on the last page."""

    drawings: list[Drawing] = field(default_factory=list)
    person_box: tuple[int, int, int, int] = (0, 0, 0, 0)


def laid_out(form: ExtractForm, values: dict[str, str], agency: Agency, signer: CompetentSigner, check_code: str, draft: bool) -> Pages:
    """The pages without number, code and day; a draft says there that it is one. Raises DoesNotFit."""
    pages = Pages([Drawing()])
    _head(pages.drawings[0], form, agency)
    if draft:
        pages.drawings[0].text(LEFT, 736, 16, "BẢN NHÁP – CHƯA KÝ", strong=True)
    y = _rows(pages, form, values)
    _signature(pages, signer, y)
    for n, drawing in enumerate(pages.drawings, start=1):
        _foot(drawing, check_code, n, len(pages.drawings))
    return pages


def seal(number: str, day: date, agency: Agency, matrix: Sequence[Sequence[int]]) -> Drawing:
    """What the agency's signature shows, in the coordinates of its box: number (left), place and day (right), the code."""
    drawing, x0, top = Drawing(), SEAL_BOX[0], SEAL_BOX[3] - SEAL_BOX[1]
    drawing.centred(_LEFT_COLUMN - x0, top - 12, 12.5, f"Số: {number}", name="seal.number")
    said = day_in_words(day)
    drawing.centred(_RIGHT_COLUMN - x0, top - 12, 12.5, f"{agency.place}, {said}" if agency.place else said.capitalize(), slanted=True,
                    name="seal.day")
    drawing.squares(0, 0, CODE_SIDE, [list(row) for row in matrix])
    return drawing


def day_in_words(day: date) -> str:
    """`ngày 05 tháng 8 năm 2026` (NĐ 30/2020, phụ lục I, II.4)."""
    month = f"{day.month:02d}" if day.month < 3 else str(day.month)
    return f"ngày {day.day:02d} tháng {month} năm {day.year}"


def _head(drawing: Drawing, form: ExtractForm, agency: Agency) -> None:
    y = 790.0
    for text, strong in ((agency.parent, False), (agency.name, True)):
        for line in wrapped(text.upper(), 12, 200, 200) if text else ():
            drawing.centred(_LEFT_COLUMN, y, 12, line.rstrip(), strong=strong)
            y -= 15
    drawing.rule(_LEFT_COLUMN - 32, _LEFT_COLUMN + 32, y + 9)
    drawing.centred(_RIGHT_COLUMN, 790, 12, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", strong=True)
    drawing.centred(_RIGHT_COLUMN, 775, 13, "Độc lập - Tự do - Hạnh phúc", strong=True)
    half = width("Độc lập - Tự do - Hạnh phúc", 13) / 2
    drawing.rule(_RIGHT_COLUMN - half, _RIGHT_COLUMN + half, 770)
    middle = (LEFT + CODE_SIDE + RIGHT) / 2
    lines = wrapped(form.title, 15, RIGHT - LEFT - CODE_SIDE, RIGHT - LEFT - CODE_SIDE)
    for n, line in enumerate(lines):
        drawing.centred(middle, 695 - 19 * n, 15, line, strong=True, name="title")
    drawing.centred(middle, 695 - 19 * len(lines), 13, SUBTITLE, strong=True, name="subtitle")


def _rows(pages: Pages, form: ExtractForm, values: dict[str, str]) -> float:
    y = 616.0
    for row in form.rows:
        x = LEFT
        for item in row:
            label, value = f"{item.label}: ", values[item.code]
            whole = width(label, _SIZE) + width(value, _SIZE) * 1.03
            if x > LEFT and x + whole > RIGHT:
                x, y = LEFT, _down(pages, y)
            pages.drawings[-1].text(x, y, _SIZE, label)
            at = x + width(label, _SIZE)
            for n, line in enumerate(wrapped(value, _SIZE, (RIGHT - at) / 1.03, (RIGHT - LEFT - _INDENT) / 1.03)):
                if n:
                    at, y = LEFT + _INDENT, _down(pages, y)
                if line:
                    pages.drawings[-1].text(at, y, _SIZE, line, strong=item.code.endswith("HoTen"), name=f"value.{item.code}")
                x = at + width(line, _SIZE) + _GAP
        y = _down(pages, y)
    return y


def _signature(pages: Pages, signer: CompetentSigner, y: float) -> None:
    needed = 15 * len(signer.capacity) + PERSON_SIZE[1] + 46
    if y - needed < _BOTTOM:
        y = _new_page(pages)
    drawing, middle = pages.drawings[-1], _RIGHT_COLUMN
    y -= 12
    for line in ("NGƯỜI KÝ TRÍCH LỤC", *signer.capacity):
        drawing.centred(middle, y, 12.5, line.upper(), strong=True)
        y -= 15
    top = round(y + 9)
    pages.person_box = (round(middle - PERSON_SIZE[0] / 2), top - PERSON_SIZE[1], round(middle + PERSON_SIZE[0] / 2), top)
    drawing.centred(middle, top - PERSON_SIZE[1] - 14, 13, signer.name, strong=True, name="signer")


def _down(pages: Pages, y: float) -> float:
    """The next line; on a new page when this one is full."""
    return y - _LEADING if y - _LEADING >= _BOTTOM else _new_page(pages)


def _new_page(pages: Pages) -> float:
    if len(pages.drawings) >= _MOST_PAGES:
        raise DoesNotFit(pages=_MOST_PAGES)
    pages.drawings.append(Drawing())
    return A4[1] - 25 * MM


def _foot(drawing: Drawing, check_code: str, number: int, of: int) -> None:
    drawing.rule(LEFT, RIGHT, 52)
    drawing.text(LEFT, 40, 9.5, f"Mã đối chiếu: {check_code}", name="check_code")
    drawing.text(LEFT, 28, 8.5, "Bản điện tử có chữ ký số. Quét mã ở đầu trang bằng Sổ Gốc (sogoc verify) để kiểm tra, không cần mạng.")
    if of > 1:
        drawing.centred(RIGHT - 30, 40, 9.5, f"Trang {number}/{of}")
