"""The check sheet that goes with a delivery: what falls short, entry by entry, in the words of the office. It holds no person's values."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill

from records.ministry.checks import CheckFinding
from storage.ministry.files import replacing
from storage.sheet_file import text_cell

FILE_NAME = "kiem-tra.xlsx"
SHOWN = 20                  # findings a command prints before it points at the sheet
_LEVEL = {False: "Chưa đạt", True: "Lưu ý"}


@dataclass(frozen=True)
class Remark:
    """A finding of one entry: the book's name, the numbers a clerk finds it by, its PDF."""

    book: str
    number: str
    book_number: str
    pdf: str
    entry_id: int
    finding: CheckFinding

    def line(self, lang: str = "vi") -> str:
        columns = f" ({', '.join(self.finding.columns)})" if self.finding.columns else ""
        return f"{self.book}, {'số' if lang == 'vi' else 'no.'} {self.number or '?'}: {self.finding.message(lang)}{columns}"


@dataclass
class Report:
    """remarks of all books; counts: (book, office, book number, entries, entries that fall short)."""

    remarks: list[Remark] = field(default_factory=list)
    counts: list[tuple[str, str, str, int, int]] = field(default_factory=list)

    @property
    def short(self) -> list[Remark]:
        """What holds a delivery back."""
        return [r for r in self.remarks if not r.finding.is_note]

    @property
    def entries_short(self) -> int:
        return len({r.entry_id for r in self.short})


def write_report(report: Report, out: Path) -> None:
    """Three sheets: the books with their counts, what falls short, what the template cannot hold."""
    book = Workbook(write_only=True)
    _sheet(book, "Tổng hợp", ("Quyển (tên tệp)", "Nơi đăng ký", "Quyển số", "Số bản ghi", "Số bản ghi chưa đạt"), (22, 48, 14, 14, 20),
           [(n, o, q, str(e), str(s)) for n, o, q, e, s in report.counts])
    for title, notes in (("Chưa đạt", False), ("Lưu ý", True)):
        rows = [(r.book, r.book_number, r.number, _LEVEL[notes], r.finding.message("vi"), ", ".join(r.finding.columns), r.pdf)
                for r in report.remarks if r.finding.is_note == notes]
        _sheet(book, title, ("Quyển (tên tệp)", "Quyển số", "Số", "Mức", "Nội dung", "Cột", "Tệp PDF"), (22, 12, 12, 10, 62, 40, 36), rows)
    with replacing(out) as temporary:
        book.save(temporary)


def _sheet(book: Workbook, title: str, head: tuple[str, ...], widths: tuple[int, ...], rows: Sequence[tuple[str, ...]]) -> None:
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for letter, width in zip("ABCDEFG", widths, strict=False):
        sheet.column_dimensions[letter].width = width
    fill = PatternFill("solid", fgColor="E8E4DA")
    sheet.append([text_cell(sheet, h, font=Font(bold=True), fill=fill, alignment=Alignment(wrap_text=True)) for h in head])
    for row in rows:
        sheet.append([text_cell(sheet, v, alignment=Alignment(wrap_text=True, vertical="top")) for v in row])
    if not rows:
        sheet.append([text_cell(sheet, "Không có.")])
