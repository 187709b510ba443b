"""Our own check of the PDF/A-2b clauses that our files rely on. It is not a full validator: it says what it looked at and no more."""
from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pikepdf
from pikepdf import Name

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_PDFAID = "{http://www.aiim.org/pdfa/ns/id/}"
_FILTERS = {"/FlateDecode", "/DCTDecode", "/CCITTFaxDecode", "/RunLengthDecode",
            "/ASCIIHexDecode", "/ASCII85Decode", "/JPXDecode", "/JBIG2Decode"}
_ACTIONS = {"/Launch", "/Sound", "/Movie", "/ResetForm", "/ImportData", "/Hide",
            "/SetOCGState", "/Rendition", "/Trans", "/GoTo3DView", "/JavaScript"}


def check_pdfa(data: bytes) -> list[str]:
    """Violations found by our own check, each `clause of ISO 19005-2: what` ; empty: none found among the clauses we look at.

    Looked at: 6.1.2 header, 6.1.3 trailer ID and no encryption, 6.1.7 stream filters, 6.2.2 and 6.2.3 output intent, 6.2.4.3 device
    colours, 6.2.8 images, 6.2.10 transparency (none used), 6.2.11 fonts embedded, widths and no .notdef, 6.3 annotations, 6.4 forms,
    6.5 actions, 6.6.2 and 6.6.4 metadata, 6.8 embedded files (none).
    """
    found: list[str] = []
    if not re.match(rb"%PDF-1\.[0-7][\r\n]+%[\x80-\xff]{4}", data):
        found.append("6.1.2: header without version 1.0-1.7 and a comment of four high bytes")
    try:
        pdf = pikepdf.open(io.BytesIO(data))
    except pikepdf.PdfError as e:
        return [*found, f"6.1: not a readable PDF ({type(e).__name__})"]
    with pdf:
        if pdf.is_encrypted or "/Encrypt" in pdf.trailer:
            found.append("6.1.3: encrypted")
        if "/ID" not in pdf.trailer:
            found.append("6.1.3: no ID in the trailer")
        found += _metadata(pdf)
        found += _output_intent(pdf)
        found += _objects(pdf)
        for n, page in enumerate(pdf.pages, start=1):
            found += [f"{v} (page {n})" for v in _page(page.obj)]
        found += _catalog(pdf.Root)
    return found


def _metadata(pdf: pikepdf.Pdf) -> Iterator[str]:
    stream = pdf.Root.get("/Metadata")
    if not isinstance(stream, pikepdf.Stream):
        yield "6.6.2.1: no metadata stream"
        return
    try:
        tree = ElementTree.fromstring(stream.read_bytes())
    except ElementTree.ParseError:
        yield "6.6.2.1: metadata is not well-formed XML"
        return
    part = [e.text for e in tree.iter(_PDFAID + "part")] + [e.get(_PDFAID + "part") for e in tree.iter(_RDF + "Description")]
    level = [e.text for e in tree.iter(_PDFAID + "conformance")] + [e.get(_PDFAID + "conformance") for e in tree.iter(_RDF + "Description")]
    if [p for p in part if p] != ["2"] or [c for c in level if c] not in (["B"], ["U"], ["A"]):
        yield "6.6.4: metadata does not say PDF/A part 2"


def _output_intent(pdf: pikepdf.Pdf) -> Iterator[str]:
    intents = [i for i in pdf.Root.get("/OutputIntents", []) if i.get("/S") == Name("/GTS_PDFA1")]
    if len(intents) != 1 or "/DestOutputProfile" not in intents[0]:
        yield "6.2.3: not exactly one PDF/A output intent with a profile"
        return
    profile = intents[0].DestOutputProfile.read_bytes()
    if profile[36:40] != b"acsp" or profile[16:20] != b"RGB " or profile[12:16] not in (b"mntr", b"prtr") or profile[8] > 4:
        yield "6.2.3: the output profile is no RGB output ICC profile of version 2 or 4"


def _objects(pdf: pikepdf.Pdf) -> Iterator[str]:
    for obj in pdf.objects:
        if isinstance(obj, pikepdf.Stream):
            if any(k in obj for k in ("/F", "/FFilter", "/FDecodeParms")):
                yield "6.1.7.1: a stream in another file"
            filters: Any = obj.get("/Filter", [])
            for f in [filters] if isinstance(filters, Name) else list(filters):
                if str(f) not in _FILTERS:
                    yield f"6.1.7.2: filter {f}"
        if isinstance(obj, pikepdf.Dictionary):
            if obj.get("/Type") == Name.Filespec and "/EF" in obj:
                yield "6.8: an embedded file"
            if str(obj.get("/S", "")) in _ACTIONS and obj.get("/Type", Name.Action) == Name.Action and "/Nums" not in obj:
                yield f"6.5.1: action {obj.get('/S')}"
            if obj.get("/Type") == Name.Font:
                yield from _font(obj)


def _font(font: Any) -> Iterator[str]:
    if font.get("/Subtype") == Name.Type0:
        descendant = font.DescendantFonts[0]
        if font.get("/Encoding") not in (Name("/Identity-H"), Name("/Identity-V")):
            yield "6.2.11.3.3: a composite font without Identity encoding"
        if "/CIDToGIDMap" not in descendant:
            yield "6.2.11.3.2: a CIDFontType2 without CIDToGIDMap"
        return
    if font.get("/Subtype") == Name.Type3:
        return
    descriptor = font.get("/FontDescriptor")
    if descriptor is None or not any(k in descriptor for k in ("/FontFile", "/FontFile2", "/FontFile3")):
        yield f"6.2.11.4.1: font {font.get('/BaseFont')} is not embedded"


def _page(page: Any) -> Iterator[str]:
    if "/Group" in page or "/AA" in page:
        yield "6.2.10 / 6.5.2: transparency group or additional actions"
    yield from _resources(page.get("/Resources", pikepdf.Dictionary()), depth=0)
    yield from _glyphs(page)
    for annotation in page.get("/Annots", []):
        flags = int(annotation.get("/F", 0))
        invisible = all(float(v) == 0 for v in (annotation.Rect[0] - annotation.Rect[2], annotation.Rect[1] - annotation.Rect[3]))
        if annotation.get("/Subtype") not in (Name.Widget, Name.Link, Name.Popup):
            yield f"6.3.1: annotation {annotation.get('/Subtype')}"
        if "/F" not in annotation or not flags & 4 or flags & (1 | 2 | 32 | 256):
            yield "6.3.2: an annotation that is hidden or not printed"
        if not invisible and annotation.get("/Subtype") != Name.Popup and "/N" not in annotation.get("/AP", pikepdf.Dictionary()):
            yield "6.3.3: an annotation without normal appearance"
        if annotation.get("/Subtype") == Name.Widget and ("/A" in annotation or "/AA" in annotation):
            yield "6.4.1: a form field with an action"
        normal = annotation.get("/AP", pikepdf.Dictionary()).get("/N")
        if isinstance(normal, pikepdf.Stream):
            yield from _resources(normal.get("/Resources", pikepdf.Dictionary()), depth=1)


def _resources(resources: Any, depth: int) -> Iterator[str]:
    for state in dict(resources.get("/ExtGState", {})).values():
        clear = float(state.get("/ca", 1)) != 1 or float(state.get("/CA", 1)) != 1
        if clear or "/TR" in state or state.get("/SMask", Name("/None")) != Name("/None"):
            yield "6.2.5 / 6.2.10: transfer function or transparency"
    for x in dict(resources.get("/XObject", {})).values():
        if x.get("/Subtype") == Name.PS or "/Ref" in x:
            yield "6.2.9: PostScript or reference XObject"
        if x.get("/Subtype") == Name.Form and depth < 8:
            yield from _resources(x.get("/Resources", pikepdf.Dictionary()), depth + 1)
        if x.get("/Subtype") == Name.Image:
            if "/Alternates" in x or "/OPI" in x or x.get("/Interpolate", False):
                yield "6.2.8.1: alternates, OPI or interpolation in an image"
            if "/SMask" in x:
                yield "6.2.10: a soft mask"
            if x.get("/ColorSpace") not in (Name.DeviceRGB, Name.DeviceGray):
                yield f"6.2.4.3: an image in colour space {x.get('/ColorSpace')}, which the sRGB output intent does not cover"


def _glyphs(page: Any) -> Iterator[str]:
    """.notdef and widths in text shown with composite fonts, two bytes a glyph."""
    fonts = dict(page.get("/Resources", pikepdf.Dictionary()).get("/Font", {}))
    known = {name: _widths(f) for name, f in fonts.items() if f.get("/Subtype") == Name.Type0}
    current: str | None = None
    for instruction in pikepdf.parse_content_stream(page, "Tf Tj TJ ' \""):
        operands, operator = instruction.operands, instruction.operator
        if str(operator) == "Tf":
            current = str(operands[0])
            if current not in fonts:
                yield f"6.2.2: font {current} is not among the page's resources"
        elif current in known:
            parts = operands[-1] if str(operator) == "TJ" else [operands[-1]]
            codes = b"".join(bytes(p) for p in parts if isinstance(p, pikepdf.String))
            cids = {int.from_bytes(codes[i:i + 2], "big") for i in range(0, len(codes), 2)}
            if 0 in cids or not cids <= known[current]:
                yield "6.2.11.8: text shows a glyph that the font does not have"


def _widths(font: Any) -> set[int]:
    w, out, i = list(font.DescendantFonts[0].get("/W", [])), set(), 0
    while i < len(w):
        if isinstance(w[i + 1], pikepdf.Array):
            out |= set(range(int(w[i]), int(w[i]) + len(w[i + 1])))
            i += 2
        else:
            out |= set(range(int(w[i]), int(w[i + 1]) + 1))
            i += 3
    return out


def _catalog(root: Any) -> Iterator[str]:
    for key, clause in (("/AA", "6.5.2"), ("/OpenAction", "6.5.1 (we write none)"), ("/Requirements", "6.10")):
        if key in root:
            yield f"{clause}: {key} in the catalog"
    if "/JavaScript" in root.get("/Names", pikepdf.Dictionary()) or "/EmbeddedFiles" in root.get("/Names", pikepdf.Dictionary()):
        yield "6.5.1 / 6.8: scripts or embedded files"
    form = root.get("/AcroForm")
    if form is not None and (form.get("/NeedAppearances", False) or "/XFA" in form):
        yield "6.4.1: a form that needs appearances or has XFA"
