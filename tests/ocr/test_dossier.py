"""Documents drawn as NĐ 30/2020 lays them out, read with the real Tesseract, and their fields found."""
from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ocr.dossier import CONFIRM, read_dossier, with_hand
from ocr.dossier_hand import day_strip, decode_day, decode_number, number_strip
from ocr.dossier_page import read_dossier_page
from ocr.reading import PageImage, PrintedWord
from ocr.text_segments import segments_of
from records.record import FieldValue
from samples.hands import load_font
from tests.ocr.lattices import clear

DPI = 200
RED = (200, 40, 45)


@dataclass(frozen=True)
class Letter:
    """What a drawn document says; number and day may be left out to be written by hand."""

    body: tuple[str, ...] = ("ỦY BAN NHÂN DÂN", "HUYỆN SƠN TỊNH")
    number: str = "142"
    notation: str = "UBND-TP"
    day: str = "05"
    title: str = ""
    subject: tuple[str, ...] = ("V/v số hóa sổ hộ tịch lưu tại", "Ủy ban nhân dân các xã, thị trấn")
    office: tuple[str, ...] = ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")
    signer: str = "Nguyễn Thị Hồng Vân"
    motto: bool = True
    hand: bool = False              # number 142 and day 05 in blue ink


def drawn(letter: Letter) -> PageImage:
    image = Image.new("RGB", (1654, 2339), (250, 250, 247))
    draw = ImageDraw.Draw(image)

    def put(text: str, x: float, y: float, size: float = 13, bold: bool = False, anchor: str = "ms") -> None:
        face = load_font("print/tinos-bold" if bold else "print/tinos-regular", round(size / 72 * DPI))
        draw.text((x, y), text, font=face, fill=(25, 25, 28), anchor=anchor)

    for i, line in enumerate(letter.body):
        put(line, 430, 210 + 44 * i, 12.5, bold=i > 0)
    if letter.motto:
        put("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 1130, 210, 12.5, bold=True)
        put("Độc lập - Tự do - Hạnh phúc", 1130, 256, 13, bold=True)
        draw.line((940, 274, 1320, 274), fill=(30, 30, 30), width=2)
    put(f"Số: {letter.number or '        '}/{letter.notation}", 430, 330)
    put(f"Sơn Tịnh, ngày {letter.day or '     '} tháng 8 năm 2020", 1130, 330)
    if letter.hand:
        pen = load_font("patrick-hand", 46)
        draw.text((362, 334), "142", font=pen, fill=(35, 45, 120), anchor="ls")
        draw.text((1052, 334), "05", font=pen, fill=(35, 45, 120), anchor="ls")
    y = 390
    if letter.title:
        put(letter.title, 827, y + 60, 14, bold=True)
        for i, line in enumerate(letter.subject):
            put(line, 827, y + 112 + 44 * i, 14, bold=True)
        y += 280
        put("CHỦ TỊCH ỦY BAN NHÂN DÂN HUYỆN", 827, y, 13, bold=True)
        put("Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2015;", 310, y + 70, anchor="ls")
    else:
        for i, line in enumerate(letter.subject):
            put(line, 430, y + 40 * i, 12)
        y += 190
        put("Kính gửi: Ủy ban nhân dân các xã, thị trấn.", 640, y, anchor="ls")
        put("Thực hiện kế hoạch của Ủy ban nhân dân tỉnh, đề nghị các xã, thị trấn rà soát sổ hộ tịch.", 310, y + 90, 12, anchor="ls")
    put("Trân trọng./.", 310, y + 180, anchor="ls")
    end = y + 320
    put("Nơi nhận:", 250, end, 12, bold=True, anchor="ls")
    for i, line in enumerate(("- Như trên;", "- Sở Tư pháp;", "- Phòng Tư pháp huyện, Công an", "huyện Sơn Tịnh;", "- Lưu: VT.")):
        put(line, 250, end + 40 + 36 * i, 11, anchor="ls")
    draw.ellipse((930, end + 20, 1210, end + 300), outline=RED, width=7)        # print stays dark through the seal's ink
    draw.ellipse((1000, end + 90, 1140, end + 230), outline=RED, width=5)
    for i, line in enumerate(letter.office):
        put(line, 1180, end + 46 * i, 13.5, bold=True)
    put(letter.signer, 1180, end + 380, 14, bold=True)
    return PageImage(np.asarray(image).copy(), DPI)


def fields_of(letter: Letter) -> dict[str, str | list[str]]:
    return read_dossier([read_dossier_page(drawn(letter)).words])


def test_an_official_letter() -> None:
    assert fields_of(Letter()) == {
        "soKyHieu": "142/UBND-TP", "ngayBanHanh": "2020-08-05", "coQuanBanHanh": "ỦY BAN NHÂN DÂN HUYỆN SƠN TỊNH", "loaiVanBan": "Công văn",
        "trichYeu": "số hóa sổ hộ tịch lưu tại Ủy ban nhân dân các xã, thị trấn", "nguoiKy": "Nguyễn Thị Hồng Vân",
        "chucVu": "KT. CHỦ TỊCH\nPHÓ CHỦ TỊCH",
        "noiNhan": ["Như trên", "Sở Tư pháp", "Phòng Tư pháp huyện, Công an huyện Sơn Tịnh", "Lưu: VT"]}


def test_a_decision_of_a_body_under_another() -> None:
    subject = ("Về việc ban hành kế hoạch số hóa sổ hộ tịch", "năm 2020 trên địa bàn tỉnh")
    fields = fields_of(Letter(body=("UBND TỈNH QUẢNG NGÃI", "SỞ TƯ PHÁP"), number="09", notation="QĐ-STP", title="QUYẾT ĐỊNH",
                              subject=subject, office=("GIÁM ĐỐC",), signer="Lê Văn Bình"))
    assert fields["soKyHieu"] == "09/QĐ-STP" and fields["loaiVanBan"] == "Quyết định"
    assert fields["coQuanBanHanh"] == "SỞ TƯ PHÁP", "the body that issues, not the one above it"
    assert fields["trichYeu"] == "Về việc ban hành kế hoạch số hóa sổ hộ tịch năm 2020 trên địa bàn tỉnh"
    assert fields["nguoiKy"] == "Lê Văn Bình" and fields["chucVu"] == "GIÁM ĐỐC"


def test_what_is_written_by_hand_is_left_open_not_guessed() -> None:
    fields = fields_of(Letter(number="", day=""))
    assert fields["soKyHieu"] == "…/UBND-TP" and fields["ngayBanHanh"] == "2020-08"


def test_a_page_without_the_motto_is_no_document() -> None:
    assert fields_of(Letter(motto=False)) == {}
    assert read_dossier([]) == {} and read_dossier([[]]) == {}


def test_the_signature_page_may_come_later() -> None:
    words = list(read_dossier_page(drawn(Letter())).words)
    cut = next(w.box[1] for a, w in pairwise(words) if a.text.startswith("Trân") and w.text.startswith("trọng"))
    first, second = [w for w in words if w.box[1] < cut], [w for w in words if w.box[1] >= cut]
    assert read_dossier([first, second]) == read_dossier([words])
    assert "nguoiKy" not in read_dossier([first])


def test_words_in_any_order_and_without_line_numbers_give_the_same() -> None:
    words = read_dossier_page(drawn(Letter())).words
    bare = [PrintedWord(w.text, w.box, 1.0, 0) for w in reversed(words)]
    assert read_dossier([bare]) == read_dossier([words])


@pytest.mark.parametrize("gap", [30, 80])
def test_columns_stay_apart_and_words_together(gap: int) -> None:
    words = [PrintedWord(t, (x, y, x + 60, y + 24), 1.0) for t, x, y in (
        ("Nơi", 100, 100), ("nhận:", 174, 102), ("CHỦ", 234 + gap, 104), ("TỊCH", 304 + gap, 105), ("dưới", 100, 140))]
    texts = [s.text for s in segments_of(words)]
    assert texts == (["Nơi nhận:", "CHỦ TỊCH", "dưới"] if gap == 80 else ["Nơi nhận: CHỦ TỊCH", "dưới"])


HEAD = [PrintedWord(t, box, c, line) for t, box, c, line in (
    ("Số:", (250, 200, 295, 230), 0.97, 0), ("#74?", (317, 195, 383, 226), 0.15, 0), ("/UBND-SGDĐT", (432, 203, 679, 233), 0.9, 0),
    ("Nẵng,", (900, 200, 983, 240), 0.97, 1), ("ngày", (996, 207, 1065, 242), 0.93, 1), ("Jÿtháng", (1074, 205, 1193, 245), 0.3, 1),
    ("10", (1203, 209, 1237, 234), 0.97, 1), ("năm", (1246, 209, 1306, 235), 0.97, 1), ("2023", (1315, 209, 1385, 235), 0.97, 1))]


def test_where_a_letterhead_is_written_by_hand() -> None:
    number, day = number_strip(HEAD), day_strip(HEAD)
    assert number is not None and number[0] >= 295 and number[2] <= 432
    assert day is not None and day[1:] == (10, 2023) and 1100 < day[0][2] < 1125, "the day ends where the printed word begins"
    printed = [replace(w, text="5710", confidence=0.95) if w.text == "#74?" else w for w in HEAD]
    assert number_strip(printed) is None
    assert number_strip([replace(w, text="12/UBND-TP") if "/" in w.text else w for w in HEAD]) is None


def test_a_hands_digits_are_decoded_as_what_they_must_be() -> None:
    assert (found := decode_number(clear("57i0"), 0.5)) is not None and found.value == "5710"
    assert (found := decode_day(clear("3l"), 10, 2023, 0.5)) is not None and found.value == "31"
    assert (found := decode_day(clear("31"), 2, 2023, 0.5)) is not None and found.value != "31"


def test_doubt_is_left_to_a_person() -> None:
    printed = {"soKyHieu": "…/UBND-TP", "ngayBanHanh": "2020-08"}
    sure = {"so": FieldValue("142", "142", 0.4), "ngay": FieldValue("05", "05", 0.9)}
    assert with_hand(printed, sure) == {"soKyHieu": "142/UBND-TP", "ngayBanHanh": "2020-08-05", CONFIRM: ["soKyHieu", "ngayBanHanh"]}
    unsure = {"so": FieldValue("142", "l4", 0.4), "ngay": FieldValue("05", "05", 0.4)}
    assert with_hand(printed, unsure) == {**printed, CONFIRM: ["soKyHieu", "ngayBanHanh"]}
    assert with_hand({"soKyHieu": "9/QĐ-STP", "ngayBanHanh": "2020-08-05"}, sure) == {"soKyHieu": "9/QĐ-STP", "ngayBanHanh": "2020-08-05"}


def test_a_place_in_the_letterhead_gets_its_marks() -> None:
    fields = fields_of(Letter(body=("ỦY BAN NHÂN DÂN", "THÀNH PHỐ ĐÁ NÀNG")))
    assert fields["coQuanBanHanh"] == "ỦY BAN NHÂN DÂN THÀNH PHỐ ĐÀ NẴNG"
