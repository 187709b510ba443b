"""Values such as stand in a register's blanks, drawn for single lines: names, places, dates, numbers, short words."""
from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from records.date_words import in_words
from records.partial_date import PartialDate
from samples.naming import draw_name, draw_surname

_UNITS = ("Xã", "Xã", "Xã", "Phường", "Thị trấn")
_DISTRICTS = ("Huyện", "Huyện", "Thị xã", "Thành phố", "Quận")
_SHORT = (
    "Nam", "Nữ", "Kinh", "Việt Nam", "Cha", "Mẹ", "Ông nội", "Bà ngoại", "Tày", "Mông", "Hrê", "Khmer", "Ê Đê", "Già yếu", "Ung thư",
    "Bệnh", "Tai nạn giao thông",
)
_PEOPLES = ("Kinh", "Kinh", "Kinh", "Kinh", "Kinh", "Kinh", "Tày", "Mông", "Cơ Tu", "Ê Đê", "Thái", "Gia Rai", "Cơ Ho")
_SYLLABLES = tuple("""
    An Bình Cẩm Châu Đông Đức Gia Hà Hải Hòa Hưng Khánh Kim Lộc Long Mỹ Nam Nghĩa Ninh Phong Phú Phước Quang Quảng Sơn Tân Tây Thạch Thanh
    Thịnh Thọ Thuận Thủy Tiên Triệu Trung Tư Văn Vĩnh Xuân Yên Kỳ Lâm Lệ Ngọc Nhơn Tịnh Trà Vân Việt Bắc Điện Duy Đại Hiệp Liên Minh Thắng
    Trạch Giang
""".split())  # noqa: SIM905


def _day(rng: np.random.Generator) -> date:
    return date(1930, 1, 1) + timedelta(int(rng.integers(0, 33000)))


def draw_person(rng: np.random.Generator) -> str:
    """A name as it could stand in a book."""
    people = str(rng.choice(_PEOPLES))
    return draw_name(draw_surname(people, rng), "Nam" if rng.random() < 0.5 else "Nữ", people, int(rng.integers(1940, 2020)), rng)


def draw_place(rng: np.random.Generator) -> str:
    """Commune, district, province, made of usual syllables: mostly places that do not exist, so that no reader learns them by heart."""
    commune, district, province = (" ".join(str(s) for s in rng.choice(_SYLLABLES, 2, replace=False)) for _ in range(3))
    text = f"{rng.choice(_UNITS)} {commune}, {rng.choice(_DISTRICTS)} {district}, {province}"
    roll = rng.random()
    if roll < 0.15: text = f"Thôn {rng.integers(1, 13)}, {text}"
    elif roll < 0.25: text = text.split(", ")[0]
    return text


def draw_value(rng: np.random.Generator) -> str:
    """A value of a kind drawn at random: a name (35 %), a place (25 %), dates in figures and words, numbers, short words."""
    roll = rng.random()
    if roll < 0.35: return draw_person(rng)
    if roll < 0.6: return draw_place(rng)
    d = _day(rng)
    if roll < 0.72:
        sep = str(rng.choice(["/", "/", "-", "."]))
        return sep.join((f"{d.day:02d}", f"{d.month:02d}", str(d.year)) if rng.random() < 0.6 else (str(d.day), str(d.month), str(d.year)))
    if roll < 0.8: return in_words(PartialDate(d.year, d.month, d.day))
    if roll < 0.88: return "0" + "".join(str(n) for n in rng.integers(0, 10, 11))
    if roll < 0.92:
        number = int(rng.integers(1, 400))
        return str(rng.choice([f"{number}/{d.year}", f"{number % 3 + 1:02d}/{d.year}", str(d.year), str(number)]))
    return str(rng.choice(_SHORT))
