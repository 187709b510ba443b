"""The sheet printed for a book: says in large letters which book it is, and in a code for the machine (records.book_label)."""
from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime

import segno
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from records.book_label import BookLabel
from storage.models import Batch
from storage.pdf_font import printing_font

_CODE_MM = 78.0
_LEFT, _RIGHT = 22 * mm, A4[0] - 22 * mm


def label_of(batch: Batch, pages: int) -> BookLabel:
    """pages: how many the book has now."""
    return BookLabel(batch.id, batch.commune_code or "", batch.kind or "", batch.year, batch.book_number or "", pages,
                     (batch.content_hash or "0" * 10)[:10])


def cover_sheet(label: BookLabel, title: str, facts: Sequence[tuple[str, str]], notes: Sequence[str], printed_at: datetime) -> bytes:
    """One A4 page as PDF. title: the book in large letters; facts: (name, value) lines; notes: what to do with the sheet."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=True)
    canvas.setTitle(f"{title} – {label.batch}")
    canvas.setAuthor("Sổ Gốc")
    y = A4[1] - 30 * mm
    for line in simpleSplit(title, printing_font(), 30, _RIGHT - _LEFT):
        canvas.setFont(printing_font(), 30)
        canvas.drawString(_LEFT, y, line)
        y -= 13 * mm
    y -= 4 * mm
    for name, value in facts:
        canvas.setFont(printing_font(), 11)
        canvas.setFillGray(0.35)
        canvas.drawString(_LEFT, y, name)
        canvas.setFillGray(0)
        for line in simpleSplit(value, printing_font(), 15, _RIGHT - _LEFT - 52 * mm):
            canvas.setFont(printing_font(), 15)
            canvas.drawString(_LEFT + 52 * mm, y, line)
            y -= 7.5 * mm
        y -= 2 * mm
    _draw_code(canvas, str(label), (A4[0] - _CODE_MM * mm) / 2, y - _CODE_MM * mm - 6 * mm)
    y -= (_CODE_MM + 18) * mm
    for note in notes:
        for line in simpleSplit(note, printing_font(), 11, _RIGHT - _LEFT):
            canvas.setFont(printing_font(), 11)
            canvas.drawString(_LEFT, y, line)
            y -= 5.6 * mm
        y -= 1.5 * mm
    canvas.setFont(printing_font(), 8)
    canvas.setFillGray(0.35)
    canvas.drawString(_LEFT, 14 * mm, f"Sổ Gốc · {label.batch} · {label.digest} · {printed_at:%d/%m/%Y %H:%M}")
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _draw_code(canvas: Canvas, text: str, x: float, y: float) -> None:
    """The code as black squares, error correction H: a third of it may be dirty."""
    code = segno.make_qr(text, error="h")
    matrix = list(code.matrix_iter(border=4))
    side = _CODE_MM * mm / len(matrix)
    canvas.setFillGray(0)
    for row, cells in enumerate(matrix):
        for column, dark in enumerate(cells):
            if dark:
                canvas.rect(x + column * side, y + (len(matrix) - 1 - row) * side, side * 1.02, side * 1.02, stroke=0, fill=1)
