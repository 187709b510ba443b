"""Searchable PDF/A-2b (ISO 19005-2) from page images and words: the scan as it is, the text unseen at its place.

Same input, same bytes.
"""
from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from records.record import Box
from storage.errors import NotPdfA
from storage.pdf_font import PART, FontFacts, add_font, font_facts
from storage.pdf_image import add_image
from storage.pdfa_check import check_pdfa

__all__ = ["DocumentInfo", "PdfPage", "build", "check_pdfa", "finish", "page_size"]

USUAL_DPI = 200             # for images that do not say, or say nonsense
PRODUCER = "Sổ Gốc"
_NARROWEST = 0.4            # share of its natural width to which text is squeezed before it is made smaller
_SMALLEST, _LARGEST = 3.0, 14400.0      # points, ISO 32000-1 annex C


@dataclass(frozen=True)
class PdfPage:
    """One page.

    image: JPEG or PNG bytes. width, height: its pixels after EXIF orientation. dpi: None if unknown.
    words: (text, box in those pixels); unplaced: lines that have no place on the page, kept findable at its foot.
    rotation: degrees clockwise (0, 90, 180, 270) that make it upright; boxes are still of the unrotated image.
    """

    image: bytes
    width: int
    height: int
    dpi: int | None = None
    words: Sequence[tuple[str, Box]] = ()
    unplaced: Sequence[str] = ()
    rotation: int = 0


@dataclass(frozen=True)
class DocumentInfo:
    """What the PDF says of itself. document_id: a UUID; created: the moment written into it (never the clock's)."""

    title: str
    document_id: str
    created: datetime
    creator: str = ""           # the agency
    subject: str = ""
    language: str = "vi-VN"


def build(pages: Iterable[PdfPage], info: DocumentInfo) -> bytes:
    """The PDF/A-2b file. Raises ImageNotSupported, or NotPdfA if our own check finds the result wrong (a fault of this program)."""
    pdf = pikepdf.new()
    font = add_font(pdf)
    for page in pages:
        _add_page(pdf, page, font)
    return finish(pdf, info)


def finish(pdf: pikepdf.Pdf, info: DocumentInfo) -> bytes:
    """The bytes of a PDF whose pages are drawn, with what PDF/A-2b asks of the whole file; as `build` raises."""
    profile = pdf.make_indirect(Stream(pdf, (PART / "srgb.icc").read_bytes(), N=3))
    root = pdf.Root
    root.OutputIntents = Array([pdf.make_indirect(Dictionary(
        Type=Name.OutputIntent, S=Name("/GTS_PDFA1"), OutputConditionIdentifier=pikepdf.String("sRGB IEC61966-2.1"),
        Info=pikepdf.String("sRGB IEC61966-2.1"), DestOutputProfile=profile))])
    root.Metadata = pdf.make_indirect(Stream(pdf, _xmp(info), Type=Name.Metadata, Subtype=Name.XML))
    root.Lang = pikepdf.String(info.language)
    root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    out = io.BytesIO()
    # Metadata stays readable without decompression, as archives expect; no object streams, so that any old reader follows.
    pdf.save(out, min_version="1.7", deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=True,
             stream_decode_level=pikepdf.StreamDecodeLevel.none)
    data = out.getvalue()
    violations = check_pdfa(data)
    if violations:
        raise NotPdfA(violations="; ".join(violations[:5]))
    return data


def page_size(page: PdfPage) -> tuple[float, float]:
    """Width and height in points of the upright page."""
    scale = 72 / _dpi(page)
    w, h = page.width * scale, page.height * scale
    return (h, w) if page.rotation % 180 else (w, h)


def _dpi(page: PdfPage) -> float:
    dpi = page.dpi if page.dpi and 50 <= page.dpi <= 2400 else USUAL_DPI
    longest, shortest = max(page.width, page.height) * 72 / dpi, min(page.width, page.height) * 72 / dpi
    return dpi * max(longest / _LARGEST, 1.0) if longest > _LARGEST else dpi * min(shortest / _SMALLEST, 1.0)


def _add_page(pdf: pikepdf.Pdf, page: PdfPage, font: pikepdf.Object) -> None:
    width, height = page_size(page)
    image = add_image(pdf, page.image)
    place = _times(_times(image.matrix, _TURNS[page.rotation % 360]), (width, 0, 0, height, 0, 0))
    content = ["q", " ".join(map(_number, place)) + " cm", "/Im0 Do", "Q"]
    content += _text_layer(page, width, height, font_facts())
    pdf.add_blank_page(page_size=(width, height))
    made = pdf.pages[-1]
    made.MediaBox = Array([0, 0, _decimal(width), _decimal(height)])
    made.Resources = Dictionary(XObject=Dictionary(Im0=image.xobject), Font=Dictionary(F0=font))
    made.Contents = pdf.make_indirect(Stream(pdf, "\n".join(content).encode()))


# Unit square (y up) turned clockwise.
_TURNS: dict[int, tuple[float, ...]] = {0: (1, 0, 0, 1, 0, 0), 90: (0, -1, 1, 0, 0, 1), 180: (-1, 0, 0, -1, 1, 1), 270: (0, 1, -1, 0, 1, 0)}


def _times(m: Sequence[float], n: Sequence[float]) -> tuple[float, ...]:
    """Matrix product m · n in PDF's row form: first m, then n."""
    a, b, c, d, e, f = m
    g, h, i, j, k, l = n
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + l)


def _text_layer(page: PdfPage, width: float, height: float, font: FontFacts) -> list[str]:
    """Invisible text (rendering mode 3): each word as large as its box is high and stretched to its width."""
    out = ["BT", "3 Tr"]
    for text, box in page.words:
        x0, y0, x1, y1 = _upright(box, page, width, height)
        out += _line(text, x0, y0, max(x1 - x0, 0.5), max(y1 - y0, 0.5), font)
    for n, text in enumerate(page.unplaced):
        out += _line(text, 4.0, 2.0 + 3.0 * n, None, 2.0, font)
    return [*out, "ET"] if len(out) > 2 else []


def _line(text: str, x: float, y: float, width: float | None, height: float, font: FontFacts) -> list[str]:
    code, natural = font.encode(text), font.width(text)
    if not code or natural <= 0:
        return []
    size = height * 1000 / (font.ascent - font.descent)
    if width is not None:                       # letters squeezed to slivers are not found again as words
        size = min(size, width / natural / _NARROWEST)
    stretch = 100.0 if width is None else min(100 * width / (natural * size), 3000.0)
    baseline = y - font.descent / 1000 * size
    # The blank after a word is what keeps it apart from the next one when text is taken out.
    shown = (code + font.encode(" ")).hex()
    return [f"/F0 {_number(size)} Tf {_number(stretch)} Tz 1 0 0 1 {_number(x)} {_number(baseline)} Tm <{shown}> Tj"]


def _upright(box: Box, page: PdfPage, width: float, height: float) -> tuple[float, float, float, float]:
    """Box of the unrotated image (pixels, y down) -> x0 y0 x1 y1 in points on the upright page (y up)."""
    x0, x1 = sorted((min(max(box[0] / page.width, 0.0), 1.0), min(max(box[2] / page.width, 0.0), 1.0)))
    y0, y1 = sorted((min(max(box[1] / page.height, 0.0), 1.0), min(max(box[3] / page.height, 0.0), 1.0)))
    a, b, c, d, e, f = _TURNS[page.rotation % 360]
    corners = [(a * x + c * y + e, b * x + d * y + f) for x, y in ((x0, 1 - y1), (x1, 1 - y0))]
    xs, ys = sorted(c[0] * width for c in corners), sorted(c[1] * height for c in corners)
    return xs[0], ys[0], xs[1], ys[1]


def _number(value: float) -> str:
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _decimal(value: float) -> object:
    from decimal import Decimal

    return Decimal(_number(value))


def _xmp(info: DocumentInfo) -> bytes:
    when = info.created.astimezone(UTC).replace(microsecond=0).isoformat()
    title, creator, subject, ident = (escape(t) for t in (info.title, info.creator, info.subject, info.document_id))
    author = f"<dc:creator><rdf:Seq><rdf:li>{creator}</rdf:li></rdf:Seq></dc:creator>" if creator else ""
    about = f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{subject}</rdf:li></rdf:Alt></dc:description>' if subject else ""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        '<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/">\n'
        "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>\n"
        f"<dc:format>application/pdf</dc:format><dc:identifier>{ident}</dc:identifier>"
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>{author}{about}'
        f"<dc:language><rdf:Bag><rdf:li>{escape(info.language)}</rdf:li></rdf:Bag></dc:language>\n"
        f"<xmp:CreatorTool>{PRODUCER}</xmp:CreatorTool><xmp:CreateDate>{when}</xmp:CreateDate><xmp:ModifyDate>{when}</xmp:ModifyDate>"
        f"<xmp:MetadataDate>{when}</xmp:MetadataDate>\n<pdf:Producer>{PRODUCER}</pdf:Producer>\n"
        f"<xmpMM:DocumentID>uuid:{ident}</xmpMM:DocumentID><xmpMM:InstanceID>uuid:{ident}</xmpMM:InstanceID>\n"
        '</rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="w"?>').encode()
