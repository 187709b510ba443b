"""The report "ai đã xem hồ sơ của tôi" on paper, for the citizen who asked: A4 after NĐ 30/2020, table, what is not covered, signatures.

The person is not named in it: the office writes the name on the line that is left for it.
"""
from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, LongTable, Paragraph, SimpleDocTemplate, Spacer

from portal.access_report import LookAnswer, brief, silent
from portal.language import Words
from storage.access_log import Purpose
from storage.extracts.layout import day_in_words
from storage.pdf_font import as_printed, printing_font
from storage.person_access import AccessReport
from storage.report_overdue import ReportOptions
from storage.watermark import VIETNAM, Watermark, vietnamese_day

MOST = 2000                 # looks on paper, some 150 pages; the spreadsheet has all
_LEFT, _RIGHT, _TOP, _BOTTOM = 25 * mm, 17 * mm, 20 * mm, 20 * mm
_PAD = 6                    # points that a frame keeps free inside itself
_WIDTH = A4[0] - _LEFT - _RIGHT
_COLUMNS = tuple(w * mm for w in (10, 21, 36, 29, 36, 36))
_BLANK = "…" * 12         # to be written on by hand; fits into the column of the agency


@dataclass(frozen=True)
class Question:
    """What the citizen asked and the office answers by. first, last: days, None without bound."""

    purpose: Purpose
    first: date | None
    last: date | None


def paper(found: Iterable[LookAnswer], report: AccessReport, asked: Question, office: ReportOptions, words: Words,
          mark: Watermark, *, numbered: bool) -> bytes:
    """The PDF. found: at most MOST looks; mark: who made it and when, on every page; numbered: officers stand in `found` as numbers."""
    font = printing_font()
    body = ParagraphStyle("body", fontName=font, fontSize=12, leading=16, spaceAfter=3)
    cell = ParagraphStyle("cell", fontName=font, fontSize=9, leading=11, splitLongWords=1)
    head = ParagraphStyle("head", parent=cell, alignment=1)
    day = mark.at.astimezone(VIETNAM).date()

    def said(text: str, style: ParagraphStyle = body) -> Paragraph:
        return Paragraph("<br/>".join(escape(as_printed(line)) for line in text.split("\n")), style)

    story: list[Flowable] = [_Letterhead(office, day, words), _Title(asked.purpose.dossier, words)]
    rows = list(found)
    story += [said(line) for line in _facts(report, asked, words)]
    story += [Spacer(1, 3 * mm), *_table(rows, words, said, cell, head), Spacer(1, 4 * mm)]
    story += [said(line) for line in (*silent(report, words), *_notes(words, numbered and bool(rows)))]
    story += [Spacer(1, 4 * mm), _Signatures(words)]
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=_LEFT - _PAD, rightMargin=_RIGHT - _PAD, topMargin=_TOP, bottomMargin=_BOTTOM, invariant=1,
        initialFontName=font, title=words("Ai đã xem hồ sơ hộ tịch"), author=office.agency or "Sổ Gốc", lang=words.lang)
    document.build(story, canvasmaker=lambda *a, **k: _Numbered(mark, words, *a, **k))
    return out.getvalue()


def _facts(report: AccessReport, asked: Question, words: Words) -> Sequence[str]:
    first = vietnamese_day(asked.first) if asked.first else words("ngày đầu tiên của nhật ký")
    last = vietnamese_day(asked.last) if asked.last else words("ngày lập")
    return (f"{words('Kính gửi')}: {words('Ông (bà)')} {2 * _BLANK}",
            words("Thời gian: từ {first} đến hết {last}.", first=first, last=last),
            words("Căn cứ: {basis}.", basis=asked.purpose.basis.rstrip(".")),
            words("Có {n} bản ghi hộ tịch có tên ông (bà) trong hệ thống; {looks} lượt xem, sửa hoặc tra cứu, mới nhất trước.",
                  n=len(report.entries), looks=len(report.looks)))


def _table(rows: Sequence[LookAnswer], words: Words, said: Callable[..., Paragraph], cell: ParagraphStyle, head: ParagraphStyle
           ) -> list[Flowable]:
    if not rows:
        return [said(words("Không có lượt xem nào trong thời gian này."))]
    titles = (words("STT"), words("Lúc"), words("Ai"), words("Việc"), words("Đã xem phần nào"), words("Để làm gì"))
    lines = [[said(t, head) for t in titles]]
    for n, r in enumerate(rows, 1):
        told = brief(r, words)
        cells = ("\n".join(part) for part in (told.who, told.what, told.seen, told.why))
        lines.append([said(t, cell) for t in (str(n), r.at.replace(" ", "\n"), *cells)])
    return [LongTable(lines, colWidths=_COLUMNS, repeatRows=1, style=[
        ("GRID", (0, 0), (-1, -1), 0.5, colors.Color(0.45, 0.45, 0.45)), ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("BACKGROUND", (0, 0), (-1, 0), colors.Color(0.92, 0.92, 0.92)), ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3), ("TOPPADDING", (0, 0), (-1, -1), 2), ("BOTTOMPADDING", (0, 0), (-1, -1), 3)])]


def _notes(words: Words, numbered: bool) -> Sequence[str]:
    return (*([words("Mỗi cán bộ mang một số riêng trong báo cáo này.")] if numbered else []),
            words("Nhật ký ghi phần đã xem, không ghi nội dung."),
            words("Thấy lượt xem nào không rõ lý do, ông (bà) có thể đề nghị cơ quan này giải thích."))


class _Letterhead(Flowable):
    """Agency left, Quốc hiệu right; below, the number and the place with the day."""

    def __init__(self, office: ReportOptions, day: date, words: Words) -> None:
        super().__init__()
        self._office, self._day, self._words = office, day, words
        self._agency = _cut(office.agency.upper(), 12, 66 * mm) or [_BLANK]

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        return _WIDTH, 26 * mm + 5 * mm * len(self._agency)

    def draw(self) -> None:
        height, left, right = self.wrap(0, 0)[1], 33 * mm, _WIDTH - 45 * mm
        y = height - 5 * mm
        _centred(self.canv, right, y, 12, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", strong=True)
        motto = "Độc lập - Tự do - Hạnh phúc"
        _centred(self.canv, right, y - 5.5 * mm, 13, motto, strong=True)
        half = stringWidth(motto, printing_font(), 13) / 2
        self.canv.line(right - half, y - 7.2 * mm, right + half, y - 7.2 * mm)
        lines = [(line, False) for line in _cut(self._office.parent_agency.upper(), 12, 66 * mm)] + [(line, True) for line in self._agency]
        for line, strong in lines:
            _centred(self.canv, left, y, 12, line, strong=strong)
            y -= 5 * mm
        self.canv.line(left - 12 * mm, y + 3.2 * mm, left + 12 * mm, y + 3.2 * mm)
        words, place = self._words, self._office.place
        said = day_in_words(self._day) if words.lang == "vi" else f"{self._day:%Y-%m-%d}"
        _centred(self.canv, left, 3 * mm, 12, words("Số: {number}", number="…………"))
        _centred(self.canv, right, 3 * mm, 12, f"{place}, {said}" if place else said.capitalize())


class _Title(Flowable):
    def __init__(self, request: str, words: Words) -> None:
        super().__init__()
        self._below = words("(trả lời văn bản đề nghị {number})", number=as_printed(request)) if request else ""
        self._title = words("BÁO CÁO AI ĐÃ XEM HỒ SƠ HỘ TỊCH")

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        return _WIDTH, (24 if self._below else 17) * mm

    def draw(self) -> None:
        at = self.wrap(0, 0)[1]
        _centred(self.canv, _WIDTH / 2, at - 11 * mm, 15, self._title, strong=True)
        _centred(self.canv, _WIDTH / 2, at - 17 * mm, 12, self._below)


class _Signatures(Flowable):
    """Room for two to sign; never parted from its words."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        return _WIDTH, 38 * mm

    def draw(self) -> None:
        for x, who in ((_WIDTH * 0.25, self._words("NGƯỜI LẬP")), (_WIDTH * 0.75, self._words("THỦ TRƯỞNG CƠ QUAN"))):
            _centred(self.canv, x, 32 * mm, 12, who, strong=True)
            _centred(self.canv, x, 27 * mm, 11, self._words("(ký, ghi rõ họ tên)"))


class _Numbered(Canvas):
    """Pages know how many they are only at the end."""

    def __init__(self, mark: Watermark, words: Words, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self._mark, self._words = mark, words
        self._states: list[dict[str, object]] = []

    def showPage(self) -> None:
        self._states.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        states = self._states
        for n, state in enumerate(states, 1):
            self.__dict__.update(state)
            self.setFont(printing_font(), 9)
            self.drawString(_LEFT, 12 * mm, as_printed(self._mark.line))
            self.drawRightString(A4[0] - _RIGHT, 12 * mm, self._words("Trang {n}/{of}", n=n, of=len(states)))
            super().showPage()
        super().save()


def _centred(canvas: Canvas, x: float, y: float, size: float, text: str, *, strong: bool = False) -> None:
    """The text with its middle at x; strong: outlined too, since the one font has no bold cut."""
    font = printing_font()
    shown = canvas.beginText(x - stringWidth(text, font, size) / 2, y)
    shown.setFont(font, size)
    if strong:
        shown.setTextRenderMode(2)
        canvas.setLineWidth(size * 0.028)
    shown.textOut(text)
    shown.setTextRenderMode(0)
    canvas.drawText(shown)
    canvas.setLineWidth(0.6)


def _cut(text: str, size: float, room: float) -> list[str]:
    """The text in lines that fit."""
    return [line for line in simpleSplit(as_printed(text), printing_font(), size, room) if line]
