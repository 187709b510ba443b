"""Lines of the log as a spreadsheet that says on every page who took it out, when, and what was asked for."""
from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from portal import log_wording
from portal.language import Words
from portal.notation import local_time
from storage.models import Event

_WIDTHS = (9, 20, 22, 26, 24, 90, 20)


def log_sheet(rows: Iterable[Event], words: Words, who: str, at: datetime, filters: str, cut: bool) -> bytes:
    """An XLSX file; the head rows and the printed footer are the watermark. cut: there were more lines than fit."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(words("Nhật ký"))
    mark = words("Người xuất: {who} · Lúc: {at} · Lọc theo: {filters}", who=who, at=local_time(at, "%d/%m/%Y %H:%M:%S"), filters=filters)
    sheet.oddFooter.left.text = mark.replace("&", "&&")[:200]
    sheet.oddFooter.right.text = "&P/&N"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:3"
    sheet.freeze_panes = "A4"
    for letter, width in zip("ABCDEFG", _WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.append([_text(sheet, mark, bold=True)])
    note = words("Chỉ dùng cho việc kiểm tra; không chuyển tiếp.")
    sheet.append([_text(sheet, f"{note} {words('Còn dòng nữa: hãy chọn khoảng ngày ngắn hơn.')}" if cut else note)])
    heads = ("#", words("Lúc"), words("Người làm"), words("Việc"), words("Đối tượng"), words("Chi tiết"), words("Mã dòng (SHA-256)"))
    sheet.append([_text(sheet, h, bold=True) for h in heads])
    for e in rows:
        told = "; ".join(f"{name}: {whole or short}" for name, short, whole in log_wording.particulars(e.detail, words.lang))
        said = (words.pick(log_wording.actor(e.actor)),
                words.pick(log_wording.action(e.action)), words.pick(log_wording.subject(e.subject)))
        sheet.append([e.seq, *(_text(sheet, t) for t in (local_time(e.at, "%d/%m/%Y %H:%M:%S"), *said, told[:32000], e.hash))])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _text(sheet: object, value: str, bold: bool = False) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"                # never a formula, whatever it begins with
    if bold:
        cell.font = Font(bold=True)
    return cell
