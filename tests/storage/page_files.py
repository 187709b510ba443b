"""Small page files for tests, good and bad, made on the spot."""
from __future__ import annotations

import io
import struct
import zlib
from functools import cache
from pathlib import Path

import pikepdf
from PIL import Image, ImageDraw


def jpeg(number: int = 1, size: tuple[int, int] = (400, 560)) -> bytes:
    """A page with some ink; another number gives another page."""
    image = Image.new("L", size, 250)
    draw = ImageDraw.Draw(image)
    for line in range(8):
        draw.line((40, 60 + line * 50, size[0] - 40 - number * 7, 60 + line * 50), fill=20, width=4)
    draw.rectangle((40, 20, 40 + number * 20, 40), fill=10)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85, dpi=(200, 200))
    return out.getvalue()


def tiff(pages: int) -> bytes:
    """A TIFF of several pages."""
    frames = [Image.open(io.BytesIO(jpeg(n + 1))) for n in range(pages)]
    out = io.BytesIO()
    frames[0].save(out, "TIFF", save_all=True, append_images=frames[1:], compression="tiff_lzw")
    return out.getvalue()


def pdf_with_a_bad_page() -> bytes:
    """A PDF of three pages, the second without any area."""
    pdf = pikepdf.new()
    for _ in range(3):
        pdf.add_blank_page(page_size=(595, 842))
    pdf.pages[1].obj.MediaBox = pikepdf.Array([0, 0, 0, 0])
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def encrypted_pdf() -> bytes:
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(595, 842))
    out = io.BytesIO()
    pdf.save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
    return out.getvalue()


@cache
def huge_png(side: int = 50_000) -> bytes:
    """A real PNG of side x side pixels in a few hundred kilobytes: a bomb when decoded."""
    row = zlib.compress(b"\0" * ((side // 8 + 1) * side), 9) if side <= 1000 else _zeros(side)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", row) + chunk(b"IEND", b"")


def _zeros(side: int) -> bytes:
    packer, line = zlib.compressobj(9), b"\0" * (side // 8 + 1)
    return b"".join(packer.compress(line) for _ in range(side)) + packer.flush()


def hostile_folder(folder: Path, good: list[bytes]) -> Path:
    """The folder of bad files between good pages: one of each kind that a scanner, a stick or an enemy leaves behind."""
    folder.mkdir(parents=True)
    for number, data in enumerate(good, 1):
        (folder / f"KS.2017.01.{number:03d}.jpg").write_bytes(data)
    (folder / "KS.2017.01.090.jpg").write_bytes(b"")
    (folder / "KS.2017.01.091.jpg").write_bytes(jpeg(9)[: len(jpeg(9)) // 2])
    (folder / "KS.2017.01.092.pdf").write_text("đây là văn bản, không phải PDF\n", "utf-8")
    (folder / "KS.2017.01.093.pdf").write_bytes(encrypted_pdf())
    (folder / "KS.2017.01.094.png").write_bytes(huge_png())
    (folder / "..\\KS.2017.01.095.jpg").write_bytes(jpeg(8))
    (folder / "KS.2017.01.096.jpg").write_bytes(good[0])
    return folder
