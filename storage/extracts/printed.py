"""What an extract's file shows, read back glyph by glyph in the font it embeds, not from a text layer that may say something else."""
from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import pikepdf

from storage.pdf_font import font_facts

_VALUE = "value."


@dataclass(frozen=True)
class Printed:
    """values: (field code, text) in the page's order. number, day: as the agency's signature shows them."""

    values: tuple[tuple[str, str], ...]
    check_code: str
    title: str
    number: str
    day: str


def read_printed(pdf: bytes) -> Printed | None:
    """None if it is no extract of this program: not readable, another font, or nothing marked."""
    try:
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            found = [piece for page in opened.pages for piece in _pieces(page)]
    except (pikepdf.PdfError, ValueError, KeyError, AttributeError, TypeError):
        return None
    said: dict[str, str] = {}
    for name, text in found:
        said[name] = said.get(name, "") + text if name != "check_code" else text        # that one stands on every page
    if "check_code" not in said:
        return None
    values = tuple((name.removeprefix(_VALUE), " ".join(text.split())) for name, text in said.items() if name.startswith(_VALUE))
    return Printed(values, said["check_code"].rpartition(":")[2].strip(), said.get("title", ""),
                   said.get("seal.number", "").rpartition(":")[2].strip(), said.get("seal.day", ""))


def _pieces(page: pikepdf.Page) -> Iterator[tuple[str, str]]:
    yield from _marked(page, page.obj.get("/Resources"))
    for annotation in page.obj.get("/Annots", ()):
        shown = annotation["/AP"].get("/N") if "/AP" in annotation else None
        if annotation.get("/FT") == "/Sig" and isinstance(shown, pikepdf.Stream):
            yield from _marked(shown, shown.get("/Resources"))


def _marked(stream: pikepdf.Page | pikepdf.Object, resources: pikepdf.Object | None) -> Iterator[tuple[str, str]]:
    if resources is None or "/Font" not in resources or not _is_ours(resources["/Font"].get("/F0")):
        return
    name = ""
    for instruction in pikepdf.parse_content_stream(stream):
        operator, operands = str(instruction.operator), instruction.operands
        if operator == "BDC" and operands[0] == "/SoGoc":
            name = str(operands[1]["/O"]).lstrip("/")
        elif operator == "EMC":
            name = ""
        elif operator == "Tj" and name:
            yield name, font_facts().decode(bytes(operands[0]))


def _is_ours(font: pikepdf.Object | None) -> bool:
    if font is None:
        return False
    program = font["/DescendantFonts"][0]["/FontDescriptor"]["/FontFile2"]
    return bool(program.read_bytes() == font_facts().data)
