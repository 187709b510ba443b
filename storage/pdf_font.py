"""The one font that PDFs embed: what its glyphs are called, how wide they are, and its PDF objects."""
from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

PART = resources.files("storage.pdf_parts")
FONT_NAME = "SGVIET+SoGocSerif"         # six letters and a plus sign: a subset (ISO 32000-1, 9.6.4)
_MISSING = "□"


@dataclass(frozen=True)
class FontFacts:
    """glyphs: glyph id by code point; widths: advance by glyph id; ascent, descent, bbox; all lengths in 1/1000 em."""

    data: bytes
    glyphs: dict[int, int]
    widths: tuple[int, ...]
    ascent: int
    descent: int
    bbox: tuple[int, int, int, int]

    def encode(self, text: str) -> bytes:
        """The text as glyph ids, two bytes each (Identity-H). A letter the font lacks is taken apart, else becomes □; never .notdef,
        which PDF/A-2 forbids (ISO 19005-2, 6.2.11.8)."""
        return b"".join(g.to_bytes(2, "big") for g in self._ids(text))

    def width(self, text: str) -> float:
        """Advance of the text in ems."""
        return sum(self.widths[g] for g in self._ids(text)) / 1000

    def decode(self, code: bytes) -> str:
        """What glyph ids (as `encode` makes them) show; each glyph as its lowest code point. Unknown ids are left out."""
        return "".join(chr(self.letters[g]) for g in (int.from_bytes(code[n:n + 2], "big") for n in range(0, len(code) - 1, 2))
                       if g in self.letters)

    @cached_property
    def letters(self) -> dict[int, int]:
        """Glyph id -> its lowest code point."""
        return {glyph: code for code, glyph in sorted(self.glyphs.items(), reverse=True) if glyph}

    def _ids(self, text: str) -> list[int]:
        out: list[int] = []
        for c in unicodedata.normalize("NFC", text):
            if ord(c) in self.glyphs:
                out.append(self.glyphs[ord(c)])
                continue
            parts = [p for p in unicodedata.normalize("NFKD", c) if ord(p) in self.glyphs]
            if parts:
                out += [self.glyphs[ord(p)] for p in parts]
            elif not unicodedata.category(c).startswith("C"):
                out.append(self.glyphs[ord(_MISSING)])
        return out


@cache
def font_facts() -> FontFacts:
    """The embedded font, read once."""
    from reportlab.pdfbase.ttfonts import TTFontFile

    data = (PART / "serif.ttf").read_bytes()
    face = TTFontFile(str(PART / "serif.ttf"), validate=0)
    widths = tuple(round(w) for w in (face.hmetrics[g][0] * 1000 / face.unitsPerEm for g in range(face.numGlyphs)))
    bbox = tuple(int(v) for v in face.bbox)
    return FontFacts(data, dict(face.charToGlyph), widths, round(face.ascent), round(face.descent), bbox)  # type: ignore[arg-type]


@cache
def printing_font() -> str:
    """The font under the name by which reportlab knows it."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    pdfmetrics.registerFont(TTFont("SoGocSerif", str(PART / "serif.ttf")))
    return "SoGocSerif"


def as_printed(text: str) -> str:
    """The text as it can be read off the page again: in the font's letters, one blank between words."""
    facts = font_facts()
    return " ".join(facts.decode(facts.encode(" ".join(text.split()))).split())


def add_font(pdf: pikepdf.Pdf) -> pikepdf.Object:
    """The font as objects of `pdf`: composite, Identity-H, glyph id = CID, with a map back to Unicode. Returns the indirect Font."""
    facts = font_facts()
    program = pdf.make_indirect(Stream(pdf, facts.data, Length1=len(facts.data)))
    descriptor = pdf.make_indirect(Dictionary(
        Type=Name.FontDescriptor, FontName=Name("/" + FONT_NAME), Flags=4 | 2, FontBBox=Array(list(facts.bbox)), ItalicAngle=0,
        Ascent=facts.ascent, Descent=facts.descent, CapHeight=662, StemV=80, FontFile2=program))
    descendant = pdf.make_indirect(Dictionary(
        Type=Name.Font, Subtype=Name.CIDFontType2, BaseFont=Name("/" + FONT_NAME), CIDToGIDMap=Name.Identity, FontDescriptor=descriptor,
        CIDSystemInfo=Dictionary(Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("Identity"), Supplement=0),
        DW=1000, W=Array([0, Array(list(facts.widths))])))
    return pdf.make_indirect(Dictionary(
        Type=Name.Font, Subtype=Name.Type0, BaseFont=Name("/" + FONT_NAME), Encoding=Name("/Identity-H"),
        DescendantFonts=Array([descendant]), ToUnicode=pdf.make_indirect(Stream(pdf, _to_unicode(facts)))))


def _to_unicode(facts: FontFacts) -> bytes:
    """A ToUnicode CMap: glyph id -> its lowest code point."""
    by_glyph = facts.letters
    lines = [f"<{g:04X}> <{by_glyph[g]:04X}>" for g in sorted(by_glyph)]
    blocks = [lines[n:n + 100] for n in range(0, len(lines), 100)]
    body = "".join(f"{len(b)} beginbfchar\n" + "\n".join(b) + "\nendbfchar\n" for b in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        f"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n{body}endcmap\n"
        "CMapName currentdict /CMap defineresource pop\nend\nend\n").encode()
