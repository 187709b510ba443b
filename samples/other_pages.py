"""Pages that lie among a book's scans and are no register page: its cover, its closing page, a letter, a certificate, an empty sheet.

They hold much of the words that register pages hold; a reader must not take them for one.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw

from samples.hands import load_font
from samples.press import draw_dots, pixels
from samples.texts import draw_person, draw_place
from samples.wear import book_wear, draw_wear, placement, press_ink, scan, shade, sheet

# (text, x in mm or None for centred, y of the baseline in mm, size in points, bold); "…" becomes dots to the right margin
Line = tuple[str, float | None, float, float, bool]
WIDTH, HEIGHT, MARGIN = 210.0, 297.0, 20.0
_HEAD: tuple[Line, ...] = (
    ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", None, 26, 13, True), ("Độc lập - Tự do - Hạnh phúc", None, 33, 13, True))


def _cover(rng: np.random.Generator) -> Sequence[Line]:
    title = str(rng.choice(("KHAI SINH", "KẾT HÔN", "KHAI TỬ", "GIÁM HỘ", "NHẬN CHA, MẸ, CON")))
    return (*_HEAD, ("BỘ TƯ PHÁP", None, 70, 14, True), ("SỔ", None, 115, 30, True), (f"ĐĂNG KÝ {title}", None, 132, 26, True),
            ("Cơ quan đăng ký hộ tịch: …", 30, 180, 14, False), ("Quyển số: …", 70, 215, 14, False), ("Mở ngày: …", 70, 228, 14, False),
            ("Khóa ngày: …", 70, 241, 14, False))


def _closing(rng: np.random.Generator) -> Sequence[Line]:
    return (("KHÓA SỔ", None, 50, 16, True), ("Quyển sổ này có tổng số trang đã đăng ký: …", 25, 75, 13, False),
            ("Tổng số trường hợp đã đăng ký: …", 25, 88, 13, False), ("Số trang bỏ trống: …", 25, 101, 13, False),
            ("Ngày, tháng, năm khóa sổ: …", 25, 114, 13, False), ("Người thực hiện", 40, 150, 13, True),
            ("TM. ỦY BAN NHÂN DÂN", 115, 150, 13, True), ("CHỦ TỊCH", 130, 158, 13, True))


def _letter(rng: np.random.Generator) -> Sequence[Line]:
    body = ("Thực hiện kế hoạch số hóa sổ hộ tịch trên địa bàn tỉnh, Ủy ban nhân dân đề nghị",
            "các đơn vị rà soát sổ đăng ký khai sinh, sổ đăng ký kết hôn và sổ đăng ký khai tử",
            "hiện đang lưu giữ, thống kê số quyển, số trang và tình trạng của từng quyển sổ;",
            "báo cáo kết quả về Phòng Tư pháp trước ngày 30 tháng 9 để tổng hợp theo quy định.",
            f"Mọi vướng mắc liên hệ ông {draw_person(rng)}, công chức tư pháp - hộ tịch.",
            f"Nơi nhận: như trên; {draw_place(rng)}; lưu văn thư.")
    lines: list[Line] = [("ỦY BAN NHÂN DÂN", 25, 26, 13, True), (f"Số: {rng.integers(3, 900)}/UBND-TP", 28, 40, 13, False),
                         ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 92, 26, 12, True), ("Độc lập - Tự do - Hạnh phúc", 108, 33, 13, True),
                         ("Kính gửi: Ủy ban nhân dân các xã, phường, thị trấn", 50, 62, 14, False)]
    lines += [(text, 25 if n else 33, 80 + 9.0 * n, 13, False) for n, text in enumerate((*body[:4], *body[:4], *body))]
    return [*lines, ("KT. CHỦ TỊCH", 135, 235, 13, True), ("PHÓ CHỦ TỊCH", 134, 242, 13, True)]


def _certificate(rng: np.random.Generator) -> Sequence[Line]:
    """A birth certificate: the labels of the birth book, elsewhere on the sheet and in another order."""
    texts = ("Họ, chữ đệm, tên: …", "Ngày, tháng, năm sinh: …", "ghi bằng chữ: …", "Giới tính: …", "Dân tộc: …", "Quốc tịch: …",
             "Nơi sinh: …", "Quê quán: …", "Số định danh cá nhân: …", "Họ, chữ đệm, tên người mẹ: …", "Năm sinh: …", "Nơi cư trú: …",
             "Họ, chữ đệm, tên người cha: …", "Năm sinh: …", "Nơi cư trú: …", "Họ, chữ đệm, tên người đi khai sinh: …",
             "Giấy tờ tùy thân: …")
    return (*_HEAD, ("GIẤY KHAI SINH", None, 55, 22, True), ("Số: …", 150, 64, 12, False),
            *((text, 28.0, 80 + 9.5 * n, 13, False) for n, text in enumerate(texts)),
            ("Nơi đăng ký khai sinh: …", 28, 246, 13, False), ("Ngày, tháng, năm đăng ký: …", 28, 255, 13, False),
            ("NGƯỜI KÝ GIẤY KHAI SINH", 120, 268, 13, True))


PAGES: Mapping[str, Callable[[np.random.Generator], Sequence[Line]]] = {
    "cover": _cover, "closing": _closing, "letter": _letter, "certificate": _certificate, "empty": lambda rng: ()}


def other_page(name: str, rng: np.random.Generator, wear: int = 2, dpi: float = 200.0) -> bytes:
    """The scanned page as JPEG. name: one of `PAGES`; wear: 0 clean … 3 a phone's photograph, as books have it."""
    look = book_wear(draw_wear(rng, wear), draw_wear(rng, wear))
    shape = int(pixels(HEIGHT, dpi)), int(pixels(WIDTH, dpi))
    image = Image.new("L", shape[::-1], 0)
    draw = ImageDraw.Draw(image)
    for text, x, y, size, bold in PAGES[name](rng):
        face = load_font("print/tinos-bold" if bold else "print/tinos-regular", round(size / 72 * dpi))
        printed, dotted = text.removesuffix("…"), text.endswith("…")
        left = pixels(x, dpi) if x is not None else (shape[1] - face.getlength(printed)) / 2
        draw.text((left, pixels(y, dpi)), printed, font=face, fill=255, anchor="ls")
        if dotted: draw_dots(draw, left + face.getlength(printed), pixels(WIDTH - MARGIN, dpi), pixels(y, dpi), dpi)
    page = sheet(shape, look, rng)
    press_ink(page, np.asarray(image), (45, 45, 48), float(rng.uniform(0.8, 1.0)))
    shade(page, look, rng)
    return scan(page, placement(shape, look, rng), look, rng, dpi)
