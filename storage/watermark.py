"""Who took data out, when, and what: on every sheet of a spreadsheet that leaves the system, on paper and on screen."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from openpyxl import Workbook

from storage.policy import Actor

VIETNAM = timezone(timedelta(hours=7), "+07")


@dataclass(frozen=True)
class Watermark:
    """who: account name; name: as people call them; what: title and filters of what was exported, in words."""

    who: str
    name: str
    at: datetime
    what: str
    lang: Literal["vi", "en"] = "vi"

    @property
    def line(self) -> str:
        """`Xuất bởi Trần Thị Lan (tp.lan), 14:05 ngày 05/8/2026`."""
        t = self.at.astimezone(VIETNAM)
        who = f"{self.name} ({self.who})" if self.name and self.name != self.who else self.who
        if self.lang == "en":
            return f"Exported by {who}, {t:%H:%M} on {t:%Y-%m-%d}"
        return f"Xuất bởi {who}, {t:%H:%M} ngày {vietnamese_day(t)}"


def watermark(actor: Actor, at: datetime, what: str, lang: str = "vi") -> Watermark:
    return Watermark(actor.name, actor.display_name, at, what, "en" if lang == "en" else "vi")


def vietnamese_day(day: Any) -> str:
    """05/8/2026: days under 10 and the months 1 and 2 have a 0 before them (NĐ 30/2020, phụ lục I, II.4)."""
    return f"{day.day:02d}/{day.month:02d}/{day.year}" if day.month < 3 else f"{day.day:02d}/{day.month}/{day.year}"


def stamp(book: Workbook, mark: Watermark) -> None:
    """The mark in the header and footer of every sheet, so that each printed page has it, and in the file's properties."""
    for sheet in book.worksheets:
        sheet.oddHeader.center.text = _plain(mark.line)
        sheet.oddHeader.center.size, sheet.oddHeader.center.color = 9, "808080"
        sheet.oddFooter.left.text = _plain(mark.what)
        sheet.oddFooter.left.size = 8
        sheet.oddFooter.right.text = "&P / &N"
    book.properties.creator, book.properties.description, book.properties.title = mark.who, mark.line, mark.what[:200]


def _plain(text: str) -> str:
    """Not a code of header and footer; they may have 255 characters together."""
    return text.replace("&", "&&")[:110]
