"""The page behind a corrected copy: what was decided, by whom, what is to be read now. Drawn, and findable as text."""
from __future__ import annotations

import io
import textwrap
from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from storage.aip.description import LegalBasis
from storage.pdfa import PdfPage

DPI, WIDTH, HEIGHT = 200, 1654, 2339            # A4
_LEFT, _TOP, _SIZE, _LEADING, _COLUMNS = 236, 200, 38, 58, 64      # pixels (30 mm, 25 mm, 13.7 pt); letters a line


def note_page(title: str, basis: LegalBasis, fields: Mapping[str, Mapping[str, Any]], labels: Mapping[str, str],
              read: Callable[[str, str], str], version: int) -> PdfPage:
    """One page; what does not fit is still in the text layer and in the package's record."""
    lines = [(basis.title.upper(), True), (title, False), ("", False),
             (f"Quyết định số {basis.number}, ngày {'.'.join(reversed(basis.date.split('-')))}, của {basis.agency}.", False),
             *([(basis.note, False)] if basis.note else []), ("", False)]
    for code, change in fields.items():
        lines += [(f"{labels.get(code, code)}:", True),
                  (f"    ghi trong sổ (hoặc lần trước): {read(code, change['before']) or 'để trống'}", False),
                  (f"    nay đọc là: {read(code, change['after']) or 'để trống'}", False)]
    lines += [("", False), (f"Bản sao phiên bản {version}. Trang sổ gốc ở trước được giữ nguyên như đã ghi.", False)]
    with resources.as_file(resources.files("storage.pdf_parts") / "serif.ttf") as place:
        font = ImageFont.truetype(str(place), _SIZE, layout_engine=ImageFont.Layout.BASIC)
    image = Image.new("1", (WIDTH, HEIGHT), 1)
    draw = ImageDraw.Draw(image)
    words: list[tuple[str, tuple[int, int, int, int]]] = []
    unplaced: list[str] = []
    y = _TOP
    for text, strong in lines:
        for part in textwrap.wrap(text, _COLUMNS, subsequent_indent="    ") or [""]:
            if y > HEIGHT - _TOP:
                unplaced.append(part)
                continue
            draw.text((_LEFT, y), part, font=font, fill=0, stroke_width=1 if strong else 0)
            if part.strip():
                words.append((part, (_LEFT, y, _LEFT + round(font.getlength(part)), y + _SIZE + 8)))
            y += _LEADING
    out = io.BytesIO()
    image.save(out, "PNG")
    return PdfPage(out.getvalue(), WIDTH, HEIGHT, DPI, words, unplaced[:60])
