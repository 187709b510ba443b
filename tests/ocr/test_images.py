"""Page files, good, damaged and hostile."""
from __future__ import annotations

import hashlib
import io
import os
import pickle
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image

from ocr.errors import BROKEN_PROGRAM, UNREADABLE, BrokenProgram, UnreadableFile
from ocr.images import JPEG, PDF, PNG, TIFF, Limits, check_content, check_frames, inspect, open_page
from ocr.pdf_pages import probe_poppler

SMALL = Limits(bytes=5_000_000, pixels=2_000_000, frames=4)


def picture(width: int = 300, height: int = 400, mark: tuple[int, int] = (10, 20)) -> Image.Image:
    """White, with a red square near the top left corner."""
    image = Image.new("RGB", (width, height), "white")
    image.paste((200, 0, 0), (*mark, mark[0] + 60, mark[1] + 60))
    return image


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def pdf(pages: int = 2, size: tuple[int, int] = (595, 842), **save: object) -> bytes:
    document = pikepdf.new()
    for _ in range(pages):
        document.add_blank_page(page_size=size)
    buffer = io.BytesIO()
    document.save(buffer, **save)
    return buffer.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that would unpack to width x height grey pixels."""
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows = zlib.compress(b"\0" * 3_000_000, 9)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def code_of(data: bytes, limits: Limits = SMALL) -> str:
    with pytest.raises(UnreadableFile) as error:
        check_content(data, limits)
    assert error.value.what("vi") and error.value.remedy("vi") and error.value.what("en") and error.value.remedy("en")
    assert "{" not in error.value.message("vi") + error.value.message("en")
    return error.value.code


@pytest.mark.parametrize(("kind", "media_type"), [("JPEG", JPEG), ("PNG", PNG), ("TIFF", TIFF)])
def test_an_image_is_known_by_content_and_opened(tmp_path: Path, kind: str, media_type: str) -> None:
    path = tmp_path / "trang.pdf"       # the name lies
    path.write_bytes(saved(picture(600, 800), kind, dpi=(150, 150)))
    facts = inspect(path, SMALL)
    assert (facts.media_type, facts.frames, facts.size) == (media_type, 1, path.stat().st_size)
    assert facts.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    page = open_page(path.read_bytes(), facts.media_type)
    assert page.pixels.shape == (800, 600, 3) and page.pixels.dtype == np.uint8 and page.dpi == 150
    assert abs(page.pixels[40, 30].astype(int) - (200, 0, 0)).max() < 12 and page.pixels[700, 500].min() > 250


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(orientation: int) -> None:
    undo = {2: [0], 3: [3], 4: [1], 5: [5], 6: [2], 7: [6], 8: [4]}       # Pillow's transpositions that a camera would have applied
    stored = picture()
    for method in undo.get(orientation, []):
        stored = stored.transpose(Image.Transpose(method))
    exif = Image.Exif()
    exif[0x0112] = orientation
    page = open_page(saved(stored, "JPEG", exif=exif, quality=95), JPEG)
    assert page.pixels.shape == (400, 300, 3)
    assert page.pixels[50, 40, 1] < 40, "the red square is not where it was"


def test_pages_of_a_tiff() -> None:
    frames = [picture(300, 400, (10 + 40 * i, 20)) for i in range(3)]
    data = saved(frames[0], "TIFF", save_all=True, append_images=frames[1:], compression="tiff_lzw")
    assert check_content(data, SMALL) == (TIFF, 3)
    assert open_page(data, TIFF, 2).pixels[50, 110, 1] == 0 and open_page(data, TIFF, 0).pixels[50, 110, 1] == 255
    with pytest.raises(UnreadableFile, match="no_such_page"):
        open_page(data, TIFF, 3)


def test_pages_of_a_pdf() -> None:
    image = picture(1200, 1600, (100, 200))
    buffer = io.BytesIO()
    image.save(buffer, "PDF", resolution=200, save_all=True, append_images=[image.rotate(180)])
    assert check_content(buffer.getvalue(), SMALL) == (PDF, 2)
    page = open_page(buffer.getvalue(), PDF, 0, dpi=100)
    assert abs(page.width - 600) <= 1 and abs(page.height - 800) <= 1 and page.dpi == 100
    assert page.pixels[115, 65, 1] < 60
    assert open_page(buffer.getvalue(), PDF, 1, dpi=100).pixels[115, 65, 1] > 200


def test_one_bad_page_of_a_tiff_does_not_spoil_the_others() -> None:
    frames = [picture(300, 400, (10 + 40 * i, 20)) for i in range(3)]
    data = bytearray(saved(frames[0], "TIFF", save_all=True, append_images=frames[1:], compression="tiff_adobe_deflate"))
    with Image.open(io.BytesIO(bytes(data))) as image:
        image.seek(1)
        start, length = image.tag_v2[273][0], image.tag_v2[279][0]
    data[start:start + length] = b"\xff" * length
    content = check_frames(bytes(data), SMALL)
    assert (content.frames, {n: e.code for n, e in content.bad.items()}) == (3, {1: "damaged"})
    assert open_page(bytes(data), TIFF, 2).pixels[50, 110, 1] == 0
    with pytest.raises(UnreadableFile, match="damaged"):
        open_page(bytes(data), TIFF, 1)


def test_one_bad_page_of_a_pdf_does_not_spoil_the_others() -> None:
    document = pikepdf.open(io.BytesIO(pdf(3)))
    document.pages[1].obj.MediaBox = pikepdf.Array([0, 0, 0, 0])
    buffer = io.BytesIO()
    document.save(buffer)
    content = check_frames(buffer.getvalue(), SMALL)
    assert (content.frames, {n: e.code for n, e in content.bad.items()}) == (3, {1: "damaged"})
    assert open_page(buffer.getvalue(), PDF, 2, dpi=50).width == pytest.approx(413, abs=1)
    with pytest.raises(UnreadableFile, match="damaged"):
        open_page(buffer.getvalue(), PDF, 1)


@pytest.mark.parametrize(("mode", "value", "expected"), [
    ("1", 0, 0), ("L", 100, 100), ("LA", (100, 255), 100), ("RGBA", (9, 9, 9, 0), 255), ("P", 0, 0), ("I;16", 40000, 156),
    ("CMYK", (0, 0, 0, 255), 0)])
def test_every_pixel_mode_becomes_rgb(mode: str, value: object, expected: int) -> None:
    kind = "TIFF" if mode in ("CMYK", "I;16") else "PNG"
    image = Image.new(mode, (80, 80), value)
    if mode == "P":
        image.putpalette([0, 0, 0, 255, 255, 255])
    pixels = open_page(saved(image, kind), TIFF if kind == "TIFF" else PNG).pixels
    assert pixels.shape == (80, 80, 3) and abs(int(pixels[40, 40, 1]) - expected) <= 1


def test_a_dpi_that_cannot_be_true_is_dropped() -> None:
    assert open_page(saved(picture(1000, 1400), "JPEG", dpi=(200, 200)), JPEG).dpi == 200
    assert open_page(saved(Image.new("RGB", (1000, 2000)), "JPEG", dpi=(72, 72)), JPEG).dpi is None      # 28 inches high
    assert open_page(saved(picture(), "PNG"), PNG).dpi is None


def test_bad_content_has_its_own_code() -> None:
    jpeg, png, tiff = (saved(picture(), kind) for kind in ("JPEG", "PNG", "TIFF"))
    assert code_of(b"") == "empty_file"
    assert code_of(jpeg[:len(jpeg) // 2]) == "truncated"
    assert code_of(jpeg[:-2]) == "truncated"
    assert code_of(png[:len(png) // 2]) in ("truncated", "damaged")
    assert code_of(tiff[:len(tiff) // 2]) in ("truncated", "damaged")
    assert code_of(b"II*\0\xff\xff\xff\xff" + b"\0" * 600) == "damaged"
    assert code_of("Kính gửi: Ủy ban nhân dân xã".encode()) == "wrong_type"
    assert code_of(b"GIF89a" + b"\0" * 99) == "wrong_type"
    assert code_of(b"PK\x03\x04" + b"\0" * 99) == "wrong_type"
    assert code_of(saved(picture(), "PNG", save_all=True, append_images=[picture(mark=(90, 90))])) == "animated"
    assert code_of(saved(picture(20, 20), "PNG")) == "too_small"
    frames = [picture(100, 100, (i, i)) for i in range(6)]
    assert code_of(saved(frames[0], "TIFF", save_all=True, append_images=frames[1:])) == "too_many_pages"


def test_bad_pdfs_have_their_own_codes() -> None:
    assert code_of(pdf(encryption=pikepdf.Encryption(user="mật khẩu", owner="khác"))) == "encrypted"
    assert code_of(pdf()[:200]) == "truncated"
    assert code_of(b"%PDF-1.7\nrubbish without objects\n%%EOF") == "damaged"
    assert code_of(pdf(5)) == "too_many_pages"
    assert code_of(pdf(0)) in ("no_pages", "damaged")
    locked = pdf(encryption=pikepdf.Encryption(user="", owner="khác"))        # may be read, must not be printed
    assert check_content(locked, SMALL) == (PDF, 2)


def test_what_the_reader_itself_holds_in_memory_makes_no_file_a_bomb() -> None:
    held = bytearray(b"x" * 600_000_000)        # more than what makes a damaged file suspicious
    assert code_of(b"%PDF-1.7\nrubbish without objects\n%%EOF") == "damaged"
    del held


def test_a_bomb_is_refused_from_its_header() -> None:
    started = time.perf_counter()
    assert code_of(huge_png(50_000, 50_000), Limits()) == "too_large"
    assert code_of(huge_png(12_000, 12_000), Limits()) == "too_large"         # below Pillow's own limit
    assert time.perf_counter() - started < 2


def test_a_bomb_inside_a_pdf_is_refused_unopened() -> None:
    document = pikepdf.new()
    page = document.add_blank_page()
    name = pikepdf.Name
    image = pikepdf.Stream(document, zlib.compress(b"\0" * 1000), Type=name.XObject, Subtype=name.Image, Width=60_000, Height=60_000,
                           ColorSpace=name.DeviceGray, BitsPerComponent=8, Filter=name.FlateDecode)
    page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=document.make_indirect(image)))
    buffer = io.BytesIO()
    document.save(buffer)
    assert code_of(buffer.getvalue()) == "too_large"


def test_a_wall_sized_pdf_page_is_rendered_small() -> None:
    page = open_page(pdf(1, (7200, 7200)), PDF, 0, dpi=300, limits=SMALL)
    assert page.width * page.height <= 1.05 * SMALL.pixels and page.dpi < 300


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, code in ((tmp_path / "none.jpg", "missing_file"), (tmp_path, "not_a_file"), (tmp_path / "pipe", "not_a_file")):
        with pytest.raises(UnreadableFile) as error:
            inspect(path)
        assert error.value.code == code
    (tmp_path / "big.jpg").write_bytes(b"\xff\xd8\xff" + b"\0" * 5_000_001)
    with pytest.raises(UnreadableFile, match="file_too_big"):
        inspect(tmp_path / "big.jpg", SMALL)


def test_a_slow_pdf_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    slow = tmp_path / "pdftoppm"
    slow.write_text("#!/bin/sh\n[ \"$1\" = -v ] && { echo pdftoppm version 22.12.0 >&2; exit; }\nexec sleep 20\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    started = time.perf_counter()
    with pytest.raises(UnreadableFile, match="too_slow"):
        open_page(pdf(), PDF, 0, limits=Limits(seconds=1))
    assert time.perf_counter() - started < 8


def test_no_poppler_is_the_machines_fault_not_the_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert probe_poppler()[0].isdigit()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrokenProgram, match="program_missing"):
        open_page(pdf(), PDF, 0)
    with pytest.raises(BrokenProgram, match="program_missing"):
        probe_poppler()


def test_errors_speak_both_languages_and_survive_pickling() -> None:
    for codes in (UNREADABLE, BROKEN_PROGRAM):
        for code, wording in codes.items():
            assert code == code.lower() and all((wording.what_vi, wording.do_vi, wording.what_en, wording.do_en))
    error = pickle.loads(pickle.dumps(UnreadableFile("too_large", width=5, height=6, limit=7)))
    assert (error.code, error.evidence) == ("too_large", {"width": 5, "height": 6, "limit": 7})
    assert "5 × 6" in error.message("vi")
    with pytest.raises(KeyError):
        UnreadableFile("no_such_code")
