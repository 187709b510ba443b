"""Files made to harm are refused with a reason or shown without what harms; honest odd ones stay accepted."""
from __future__ import annotations

import io
import resource
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from hostile_files import (
    acting_pdf,
    bytes_of,
    drawing_without_end,
    object_stream_bomb,
    png_with,
    scan_pdf,
    tiff_of_empty_pages,
)
from PIL import Image, ImageDraw

from ocr import pdf_inspection
from ocr.errors import UnreadableFile
from ocr.images import JPEG, PDF, PNG, TIFF, Limits, check_content, check_frames, open_page
from ocr.jpeg_parts import bare
from ocr.pdf_active import CODES
from ocr.pdf_pages import inert_pdf, inspect_pdf
from storage.file_checks import ACTIVE


def ink(mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", (300, 400), "white")
    ImageDraw.Draw(image).rectangle((50, 60, 200, 120), fill=(10, 20, 30))
    return image.convert(mode)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def refusal(data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(UnreadableFile) as error:
        check_content(data, limits or Limits())
    assert "{" not in error.value.message("vi") + error.value.message("en")
    return error.value.code


def test_what_acts_in_a_pdf_is_found_and_is_not_in_what_is_processed():
    data = acting_pdf()
    assert b"EVIL-MARK" in data
    content = check_frames(data)
    assert set(content.active) == {"javascript", "launch", "uri", "sends_data", "other_file", "media", "on_event", "on_opening", "xfa",
                                   "embedded_file"}
    mended = inert_pdf(data, inspect_pdf(data, 10, 10**8))
    with pikepdf.open(io.BytesIO(mended)) as pdf:
        everything = bytes_of(pdf, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
                              object_stream_mode=pikepdf.ObjectStreamMode.disable)
    for trace in (b"EVIL-MARK", b"/JavaScript", b"/JS", b"/Launch", b"/EmbeddedFile", b"/XFA", b"/RichMedia", b"/URI", b"/AA",
                  b"/OpenAction"):
        assert trace not in everything, trace
    assert check_frames(mended).active == {}
    page = open_page(data, PDF, dpi=50)
    with scan_pdf() as clean:
        assert np.array_equal(page.pixels[:500], open_page(bytes_of(clean), PDF, dpi=50).pixels[:500])    # the picture is untouched


def test_an_honest_pdf_is_not_touched():
    with scan_pdf(2) as pdf:
        pdf.Root.OpenAction = pikepdf.Array([pdf.pages[0].obj, pikepdf.Name.Fit])       # which page to open at: every scanner writes it
        data = bytes_of(pdf)
    facts = inspect_pdf(data, 10, 10**8)
    assert facts.active == {} and inert_pdf(data, facts) is data


def test_names_that_are_spelled_out_do_not_hide_a_script():
    data = acting_pdf().replace(b"/JavaScript", b"/Java#53cript")
    assert check_frames(data).active["javascript"] >= 3


def test_scripts_in_deep_nests_do_not_get_through():
    with scan_pdf() as pdf:
        nest = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("x"))
        for _ in range(60):
            nest = pikepdf.Dictionary(K=nest)
        pdf.Root.Perms = nest
        data = bytes_of(pdf)
    facts = inspect_pdf(data, 10, 10**8)
    assert "nested" in facts.active and b"JavaScript" not in inert_pdf(data, facts)


def test_every_code_of_what_acts_has_words():
    assert set(CODES) | {"other_file_inside"} == set(ACTIVE)


def test_an_object_stream_that_unpacks_without_end_ends_in_its_own_process():
    data = object_stream_bomb()
    assert len(data) < 100_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UnreadableFile, match="bomb"):
        pdf_inspection.inspect(data, 10, 10**8, memory=400_000_000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000         # kilobytes, in this process


def test_a_pdf_that_takes_too_long_to_open_is_given_up():
    with pytest.raises(UnreadableFile, match="too_slow"):
        pdf_inspection.inspect(object_stream_bomb(), 10, 10**8, memory=4_000_000_000, seconds=1)


def test_drawing_without_end_ends_by_the_clock():
    data, start = drawing_without_end(), time.monotonic()
    with pytest.raises(UnreadableFile, match=r"too_slow|damaged"):
        open_page(data, PDF, limits=Limits(seconds=2))
    assert time.monotonic() - start < 20


def test_popplers_bounds_are_those_of_the_child():
    import subprocess

    from ocr.pdf_pages import _BOUNDED
    for name in ("pdftoppm", "pdfinfo"):
        text = (Path(_BOUNDED) / name).read_text()
        assert text.count("ulimit") == 4
        asking = text.replace(f'exec {name} "$@"', "ulimit -v; ulimit -t")
        said = subprocess.run(["sh", "-c", asking], capture_output=True, text=True, check=True)
        assert said.stdout.split() == ["2621440", "150"]


def test_a_tiff_of_thousands_of_empty_pages_is_a_bomb():
    data = tiff_of_empty_pages(400)
    assert len(data) < 100_000
    assert refusal(data, Limits(all_pixels=500_000_000)) == "bomb"
    assert refusal(data, Limits(all_seconds=0)) == "too_slow"
    assert refusal(tiff_of_empty_pages(2001, 64)) == "too_many_pages"
    assert check_content(tiff_of_empty_pages(40, 500)) == (TIFF, 40)


def test_pages_that_point_back_at_each_other_end():
    data = bytearray(tiff_of_empty_pages(3, 500))
    first = int.from_bytes(data[4:8], "little")
    data[-4:] = first.to_bytes(4, "little")
    assert check_content(bytes(data)) == (TIFF, 3)


@pytest.mark.parametrize(("chunk", "body"), [
    (b"zTXt", b"k\0\0" + zlib.compress(b"\0" * 50_000_000, 9)), (b"iCCP", b"k\0\0" + zlib.compress(b"\0" * 50_000_000, 9)),
    (b"iTXt", b"k\0\1\0\0\0" + zlib.compress(b"\0" * 50_000_000, 9))])
def test_texts_of_a_png_do_not_fill_the_memory(chunk, body):
    assert refusal(png_with(chunk, body)) == "bomb"


def test_a_jpeg_of_endless_scans_is_refused():
    data = saved(ink(), "JPEG", progressive=True)
    scan = data[data.rindex(b"\xff\xda"):-2]
    assert refusal(data[:-2] + scan * 500 + data[-2:]) == "bomb"
    assert check_content(data) == (JPEG, 1)


def test_a_jpeg_with_much_exif_is_a_page_and_its_copy_goes_without():
    data = saved(ink(), "JPEG", quality=90, comment=b"<script>alert(1)</script>")
    exif = b"\xff\xe1\xff\xffExif\0\0" + b"\xff" * 65527
    heavy = data[:2] + exif * 40 + data[2:]
    assert check_content(heavy) == (JPEG, 1)
    assert bare(heavy) == bare(data) and len(bare(heavy)) < len(data) and b"script" not in bare(data)
    assert np.array_equal(open_page(bare(heavy), JPEG).pixels, open_page(data, JPEG).pixels)
    plain = saved(ink(), "JPEG", progressive=True)
    assert bare(plain) == plain and bare(plain + b"PK\x03\x04 more") == plain
    for end in (3, 20, 200, len(plain) - 1):
        assert bare(plain[:end]) == plain[:end]


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("evil.txt", "x")
    return out.getvalue()


def test_files_that_are_two_things_at_once():
    jpeg = saved(ink(), "JPEG")
    for inside in (archive(), b"<html><script>alert(1)</script></html>", b"%PDF-1.7 ", b"<?php system($_GET[0]);"):
        assert check_frames(jpeg + inside).active == {"other_file_inside": 1}, inside
        assert inside[:4] not in bare(jpeg + inside)
    assert check_frames(jpeg).active == {} == check_frames(jpeg + b"\0" * 500).active
    with scan_pdf() as pdf:
        good = bytes_of(pdf)
    assert refusal(b"<html><script>alert(1)</script>" + good) == "wrong_type"
    assert refusal(b"MZ" + good) == "wrong_type"
    assert check_content(b"\r\n\0scanner" + good) == (PDF, 1)        # odd bytes before the header, as some scanners write


@pytest.mark.parametrize(("data", "found"), [
    (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "SVG"),
    (b"<svg onload=alert(1)>", "SVG"),
    (b"\n <!DOCTYPE html><script>alert(1)</script>", "HTML"), (b"<?php phpinfo();", "PHP"),
    (archive(), "ZIP"), (b"GIF89a" + b"\0" * 99, "GIF")])
def test_the_name_does_not_make_a_page(data, found):
    with pytest.raises(UnreadableFile) as error:
        check_content(data)
    assert error.value.code == "wrong_type" and str(error.value.evidence["found"]).startswith(found)


@pytest.mark.parametrize(("mode", "kind", "media_type"), [
    ("CMYK", "JPEG", JPEG), ("L", "JPEG", JPEG), ("I;16", "PNG", PNG), ("I;16", "TIFF", TIFF), ("CMYK", "TIFF", TIFF), ("1", "TIFF", TIFF),
    ("P", "PNG", PNG), ("RGBA", "PNG", PNG), ("LA", "PNG", PNG), ("F", "TIFF", TIFF), ("LAB", "TIFF", TIFF)])
def test_honest_pictures_of_every_kind_are_pages(mode, kind, media_type):
    image = Image.fromarray(np.asarray(ink("L"), np.uint16) * 257) if mode == "I;16" else ink("RGB" if mode == "LAB" else mode)
    if mode == "LAB":
        from PIL import ImageCms
        image = ImageCms.profileToProfile(image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB")
    data = saved(image, kind)
    assert check_content(data) == (media_type, 1)
    page = open_page(data, media_type)
    assert page.pixels.shape == (400, 300, 3) and page.pixels[90, 100].max() < 90 < 180 < page.pixels[300, 250].min()


def test_an_animated_picture_is_no_page():
    assert refusal(saved(ink(), "PNG", save_all=True, append_images=[ink().rotate(180)])) == "animated"
