"""What a signature shows on page 1 (NĐ 30/2020, Phụ lục I: top right, agency, ISO time, Times New Roman 10 black upright, no seal)."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from storage.pdf_font import FONT_NAME, font_facts

# Fields of the two signatures on an extract: the competent person's, and the agency's with the number.
PERSON_FIELD, AGENCY_FIELD = "NguoiKyTrichLuc", "CoQuanCapSo"
_SIZE, _LEADING, _MARGIN = 10.0, 11.5, 14.0     # points


@dataclass(frozen=True)
class SignaturePlace:
    """A signature that stands elsewhere and shows something else. field: its name in the form, one of its own in the document; label: for
    people; name: who signs; page: from 0, -1 the last; box: points from the lower left of the page; shown: PDF operators in the box's
    coordinates, our font being /F0."""

    field: str
    label: str
    name: str
    page: int
    box: tuple[int, int, int, int]
    shown: bytes


def appearance(writer: Any, lines: list[str]) -> tuple[tuple[int, int, int, int] | None, Any]:
    """Box at the top right of page 1 and a stamp style that writes the lines in the document's own embedded font."""
    page = _first_page(writer)
    font = _our_font(page)
    if font is None:
        return None, None
    facts = font_facts()
    x0, y0, x1, y1 = (float(v) for v in page["/MediaBox"])
    width = max(facts.width(line) for line in lines) * _SIZE
    height = _LEADING * len(lines)
    shown = [b"BT 0 g /F0 %d Tf %.2f TL 0 %.2f Td" % (_SIZE, _LEADING, height - _SIZE * facts.ascent / 1000 + 1)]
    shown += [b"<" + facts.encode(line).hex().encode() + b"> Tj T*" for line in lines] + [b"ET"]

    right, top = x1 - _MARGIN, y1 - _MARGIN
    box = (round(max(right - width - 1, x0)), round(max(top - height, y0)), round(right), round(top))
    return (box, _style(font, shown)) if box[0] < box[2] and box[1] < box[3] else (None, None)


def placed(writer: Any, place: SignaturePlace) -> tuple[tuple[int, int, int, int] | None, Any]:
    """Box and stamp style of a signature that shows what its place says; no appearance for a PDF without our font."""
    font = _our_font(_first_page(writer))
    return (place.box, _style(font, [place.shown])) if font is not None else (None, None)


def _first_page(writer: Any) -> Any:
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    while page["/Type"] == "/Pages":
        page = page["/Kids"][0].get_object()
    return page


def _our_font(page: Any) -> Any:
    """The reference to our font on that page, or None."""
    try:
        font = page["/Resources"].get("/Font", {}).raw_get("/F0")
        return font if font.get_object()["/BaseFont"] == "/" + FONT_NAME else None
    except (KeyError, AttributeError):
        return None


def _style(font: Any, shown: list[bytes]) -> Any:
    """A stamp style whose appearance is these operators, with our font as /F0."""
    from pyhanko.pdf_utils import content, generic
    from pyhanko.stamp.base import BaseStamp, BaseStampStyle

    class Stamp(BaseStamp):
        def _render_inner_content(self) -> list[bytes]:
            self.set_resource(content.ResourceType.FONT, generic.pdf_name("/F0"), font)
            return shown

    class Style(BaseStampStyle):
        def create_stamp(self, writer: Any, box: Any, text_params: dict[str, Any]) -> Any:
            return Stamp(writer, self, box)

    return Style(background=None, border_width=0)
