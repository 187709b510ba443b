"""The extract as PDF/A-2b, before anybody signs it. Same input, same bytes."""
from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pikepdf
from pikepdf import Array, Dictionary, Stream

from storage.extracts.drawing import A4
from storage.extracts.form import SUBTITLE, ExtractForm
from storage.extracts.layout import laid_out
from storage.extracts.options import Agency, CompetentSigner
from storage.pdf_font import add_font
from storage.pdfa import DocumentInfo, finish


def document(extract_id: str, form: ExtractForm, values: dict[str, str], agency: Agency, signer: CompetentSigner, check_code: str,
             made: datetime, draft: bool = False) -> tuple[bytes, tuple[int, int, int, int]]:
    """The PDF, and the box on its last page for the person's signature. made: the moment written into it. Raises DoesNotFit."""
    pages = laid_out(form, values, agency, signer, check_code, draft)
    pdf = pikepdf.new()
    font = add_font(pdf)
    for drawing in pages.drawings:
        pdf.add_blank_page(page_size=A4)
        page = pdf.pages[-1]
        page.MediaBox = Array([0, 0, Decimal("595.28"), Decimal("841.89")])
        page.Resources = Dictionary(Font=Dictionary(F0=font))
        page.Contents = pdf.make_indirect(Stream(pdf, drawing.content()))
    title = f"{form.title} {SUBTITLE}"
    return finish(pdf, DocumentInfo(title, extract_id, made, agency.name)), pages.person_box
