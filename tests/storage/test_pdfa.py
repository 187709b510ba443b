from __future__ import annotations

import io
import re
import subprocess
import unicodedata
from datetime import UTC, datetime

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from storage.errors import ImageNotSupported
from storage.pdf_font import font_facts
from storage.pdf_image import jpeg_components
from storage.pdfa import DocumentInfo, PdfPage, build, check_pdfa

INFO = DocumentInfo("Sổ đăng ký khai sinh, số <1> & 2", "3f0a3b43-19f0-4a8e-9a8f-0c4f6f1b5a11", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
                    "UBND xã")


def image(kind: str = "JPEG", mode: str = "RGB", size: tuple[int, int] = (400, 600), **more) -> bytes:
    picture = Image.linear_gradient("L").resize(size).convert(mode)
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def page(data: bytes | None = None, words=(), **more) -> PdfPage:
    return PdfPage(data or image(), 400, 600, 100, words, **more)


def text_of(pdf: bytes) -> str:
    return subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True, timeout=30).stdout.decode()


def test_the_same_pages_give_the_same_bytes():
    pages = [page(words=[("Nguyễn", (10, 10, 90, 30))])]
    assert build(pages, INFO) == build(pages, INFO)


@pytest.mark.parametrize("kind, mode, more", [
    ("JPEG", "RGB", {}), ("JPEG", "L", {}), ("JPEG", "RGB", {"progressive": True}), ("JPEG", "CMYK", {}), ("PNG", "RGB", {}),
    ("PNG", "L", {}), ("PNG", "1", {}), ("PNG", "P", {}), ("PNG", "RGBA", {}), ("PNG", "LA", {}), ("PNG", "I;16", {}), ("TIFF", "RGB", {}),
])
def test_every_kind_of_image_makes_pdfa(kind, mode, more):
    """Two judges: our own check, and pikepdf's validator with the rules of veraPDF."""
    from pikepdf import pdfa as judge

    pdf = build([page(image(kind, mode, **more), [("Họ", (5, 5, 40, 20))])], INFO)
    assert check_pdfa(pdf) == []
    assert judge.validate_written(io.BytesIO(pdf), "2b").findings == []


def test_a_jpeg_keeps_its_bytes_and_a_png_its_pixels():
    jpeg = image()
    assert jpeg in build([page(jpeg)], INFO)
    png = image("PNG")
    with pikepdf.open(io.BytesIO(build([page(png)], INFO))) as pdf:
        found = pikepdf.PdfImage(pdf.pages[0].Resources.XObject.Im0).as_pil_image()
    assert found.tobytes() == Image.open(io.BytesIO(png)).tobytes()


def test_an_image_turned_by_exif_is_shown_upright():
    """A dark left edge, stored turned: shown at the left again, whatever the EXIF orientation."""
    upright = Image.new("L", (300, 400), 255)
    upright.paste(0, (0, 0, 60, 200))           # dark at the left, upper half
    for orientation, stored in ((1, upright), (3, upright.rotate(180)), (6, upright.rotate(90, expand=True)),
                                (8, upright.rotate(-90, expand=True)), (2, upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
                                (4, upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM)), (5, upright.transpose(Image.Transpose.TRANSPOSE)),
                                (7, upright.transpose(Image.Transpose.TRANSVERSE))):
        exif = Image.Exif()
        exif[0x0112] = orientation
        out = io.BytesIO()
        stored.save(out, "JPEG", exif=exif)
        pdf = build([PdfPage(out.getvalue(), 300, 400, 100)], INFO)
        drawn = subprocess.run(["pdftoppm", "-r", "20", "-gray", "-"], input=pdf, capture_output=True, check=True, timeout=30).stdout
        with Image.open(io.BytesIO(drawn)) as shown:
            assert shown.size == (60, 80)
            assert shown.getpixel((5, 20)) < 60 and shown.getpixel((5, 70)) > 200 and shown.getpixel((50, 20)) > 200, orientation


@pytest.mark.parametrize("rotation, size, place", [(0, (288, 432), (0.25, 0.1)), (90, (432, 288), (0.9, 0.25)),
                                                  (180, (288, 432), (0.75, 0.9)), (270, (432, 288), (0.1, 0.75))])
def test_words_turn_with_the_page(rotation, size, place):
    box = (90, 30, 110, 90) if rotation % 180 else (70, 50, 130, 70)
    pdf = build([page(words=[("Loan", box)], rotation=rotation)], INFO)
    found = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=pdf, capture_output=True, check=True, timeout=30).stdout.decode()
    width, height = map(float, re.search(r'page width="([\d.]+)" height="([\d.]+)"', found).groups())
    x0, y0, x1, y1 = map(float, re.search(r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">Loan', found).groups())
    assert (round(width), round(height)) == size
    assert abs((x0 + x1) / 2 / width - place[0]) < 0.04 and abs((y0 + y1) / 2 / height - place[1]) < 0.04
    if rotation == 0:
        assert abs(x0 - 70 * 0.72) < 1 and abs(x1 - 130 * 0.72) < 3


def test_every_vietnamese_letter_is_in_the_font():
    letters = {unicodedata.normalize("NFC", base + mark)
               for base in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY" for mark in ("", *"\u0300\u0301\u0303\u0309\u0323")}
    assert {c for c in letters | set("đĐƀČčĭŏŭ’ʼ–…") if ord(c) not in font_facts().glyphs} == set()


def test_the_text_comes_back_as_it_went_in():
    words = ["Trần Thị Mẫu", "K'Brơi", "Y-Bluih Niê", "Ngưỡng Ẩm Ửng", "Số: 12/2017"]
    text = text_of(build([page(words=[(w, (20, 20 + 40 * n, 300, 45 + 40 * n)) for n, w in enumerate(words)])], INFO))
    for word in words:
        assert word in text


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30), st.tuples(*[st.integers(-50, 700)] * 4))
def test_no_text_and_no_box_breaks_the_page(text, box):
    assert check_pdfa(build([page(words=[(text, box)], unplaced=[text])], INFO)) == []


def test_what_is_no_image_is_refused():
    for data in (b"", b"\xff\xd8\xff", b"hello", image()[:300]):
        if jpeg_components(data) is None:
            with pytest.raises(ImageNotSupported):
                build([page(data or b" ")], INFO)


def test_the_check_finds_what_it_claims_to():
    good = build([page(words=[("Họ", (5, 5, 40, 20))])], INFO)

    def changed(change) -> list[str]:
        with pikepdf.open(io.BytesIO(good)) as pdf:
            change(pdf)
            out = io.BytesIO()
            pdf.save(out)
        return check_pdfa(out.getvalue())

    def no_intent(pdf): del pdf.Root.OutputIntents
    def no_metadata(pdf): del pdf.Root.Metadata
    def script(pdf): pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("x"))
    def loose_font(pdf): pdf.pages[0].Resources.Font.F1 = pdf.make_indirect(
        pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Courier))
    def cmyk(pdf): pdf.pages[0].Resources.XObject.Im0.ColorSpace = pikepdf.Name.DeviceCMYK
    def notdef(pdf): pdf.pages[0].Contents = pdf.make_stream(b"BT /F0 9 Tf <0000> Tj ET")
    def glass(pdf): pdf.pages[0].Resources.ExtGState = pikepdf.Dictionary(G=pikepdf.Dictionary(ca=0.5))
    def note(pdf): pdf.pages[0].Annots = pikepdf.Array([pikepdf.Dictionary(Subtype=pikepdf.Name.Text, Rect=pikepdf.Array([0, 0, 9, 9]))])
    def part3(pdf): pdf.Root.Metadata.write(pdf.Root.Metadata.read_bytes().replace(b"part>2", b"part>3"))

    for change, clause in ((no_intent, "6.2.3"), (no_metadata, "6.6.2"), (script, "6.5"), (loose_font, "6.2.11.4"), (cmyk, "6.2.4"),
                           (notdef, "6.2.11.8"), (glass, "6.2.10"), (note, "6.3"), (part3, "6.6.4")):
        assert any(clause in violation for violation in changed(change)), clause
    assert changed(lambda pdf: None) == []
    with pikepdf.open(io.BytesIO(good)) as pdf:
        out = io.BytesIO()
        pdf.save(out, encryption=pikepdf.Encryption(owner="x", user=""))
    assert any("encrypted" in v for v in check_pdfa(out.getvalue()))
    assert check_pdfa(b"not a pdf")
