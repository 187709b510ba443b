"""Personal numbers: the 12-digit số định danh (also on the căn cước card) and the 9-digit CMND before it.

Twelve digits: 3 province or country of birth registration, 1 century and sex, 2 year of birth, 6 random (NĐ 137/2015 Điều 13, TT 07/2016).
There is no check digit. The province table changed its meaning on 1 July 2025, so a prefix is decoded with a date; old numbers keep theirs.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal

from records.places import TWO_TIERS, default_gazetteer, split_kind

Kind = Literal["so_dinh_danh", "cmnd"]
# TT 07/2016/TT-BCA, appendix: the three digits are the statistics office's province code until June 2025.
PROVINCES_2016: Mapping[str, str] = MappingProxyType({
    "001": "Hà Nội", "002": "Hà Giang", "004": "Cao Bằng", "006": "Bắc Kạn", "008": "Tuyên Quang", "010": "Lào Cai",
    "011": "Điện Biên", "012": "Lai Châu", "014": "Sơn La", "015": "Yên Bái", "017": "Hòa Bình", "019": "Thái Nguyên",
    "020": "Lạng Sơn", "022": "Quảng Ninh", "024": "Bắc Giang", "025": "Phú Thọ", "026": "Vĩnh Phúc", "027": "Bắc Ninh",
    "030": "Hải Dương", "031": "Hải Phòng", "033": "Hưng Yên", "034": "Thái Bình", "035": "Hà Nam", "036": "Nam Định",
    "037": "Ninh Bình", "038": "Thanh Hóa", "040": "Nghệ An", "042": "Hà Tĩnh", "044": "Quảng Bình", "045": "Quảng Trị",
    "046": "Thừa Thiên Huế", "048": "Đà Nẵng", "049": "Quảng Nam", "051": "Quảng Ngãi", "052": "Bình Định", "054": "Phú Yên",
    "056": "Khánh Hòa", "058": "Ninh Thuận", "060": "Bình Thuận", "062": "Kon Tum", "064": "Gia Lai", "066": "Đắk Lắk",
    "067": "Đắk Nông", "068": "Lâm Đồng", "070": "Bình Phước", "072": "Tây Ninh", "074": "Bình Dương", "075": "Đồng Nai",
    "077": "Bà Rịa - Vũng Tàu", "079": "Hồ Chí Minh", "080": "Long An", "082": "Tiền Giang", "083": "Bến Tre", "084": "Trà Vinh",
    "086": "Vĩnh Long", "087": "Đồng Tháp", "089": "An Giang", "091": "Kiên Giang", "092": "Cần Thơ", "093": "Hậu Giang",
    "094": "Sóc Trăng", "095": "Bạc Liêu", "096": "Cà Mau",
})
_FIRST_CARD = date(2012, 1, 1)          # before it nobody had twelve digits
_CENTURIES = {0: 1900, 1: 1900, 2: 2000, 3: 2000, 4: 2100, 5: 2100, 6: 2200, 7: 2200, 8: 2300, 9: 2300}


@dataclass(frozen=True)
class NumberProblem:
    """What is wrong with a number, in words; code: length, letters, province, century, sex, year, future."""

    code: str
    severity: Literal["hard", "soft"]
    message_vi: str
    message_en: str


@dataclass(frozen=True)
class PersonalNumber:
    """A number by its digits. `birth_year` and `sex` are what the digits say; None for a CMND, which holds neither."""

    digits: str
    kind: Kind

    def __str__(self) -> str:
        return self.digits

    @property
    def province_code(self) -> str | None:
        """The first three digits of a số định danh (000..999)."""
        return self.digits[:3] if self.kind == "so_dinh_danh" else None

    @property
    def sex(self) -> str | None:
        return ("Nam", "Nữ")[int(self.digits[3]) % 2] if self.kind == "so_dinh_danh" else None

    @property
    def birth_year(self) -> int | None:
        return _CENTURIES[int(self.digits[3])] + int(self.digits[4:6]) if self.kind == "so_dinh_danh" else None

    def province(self, on: date | None = None) -> str | None:
        """Name of the province of birth registration, without its kind; None for a CMND, a country or an unknown code.

        on: the day of registration. From July 2025 the codes in use since then are tried first, those of 2016 after them.
        """
        names = self.provinces(on)
        return names[0] if names else None

    def provinces(self, on: date | None = None) -> tuple[str, ...]:
        """Every province the prefix may mean for a number given on that day, likeliest first."""
        code = self.province_code
        if code is None:
            return ()
        old = PROVINCES_2016.get(code)
        new = province_name_since_2025(code) if on is not None and on >= TWO_TIERS else None
        return tuple(dict.fromkeys(n for n in (new, old) if n))


def province_name_since_2025(code: str) -> str | None:
    """Name of one of the 34 provinces by three digits, "052" -> "Gia Lai"."""
    if not code.startswith("0"):
        return None
    unit = default_gazetteer().unit(code[1:], TWO_TIERS)
    return split_kind(unit.name)[1] if unit else None


def digits_of(text: str) -> str:
    """The digits alone: spaces, dots and dashes between them dropped."""
    return re.sub(r"[\s.\-–_]", "", text)


def parse_personal_number(text: str) -> PersonalNumber | None:
    """A number of 12 or 9 digits, separators allowed; a spreadsheet's lost leading zero is put back (11 digits that then make sense).
    None if it is neither."""
    digits = digits_of(text)
    if not digits.isascii() or not digits.isdigit():
        return None
    if len(digits) == 11 and "0" + digits[:2] in PROVINCES_2016:
        digits = "0" + digits
    if len(digits) == 12:
        return PersonalNumber(digits, "so_dinh_danh")
    return PersonalNumber(digits, "cmnd") if len(digits) == 9 else None


def check_personal_number(text: str, sex: str | None = None, birth_year: int | None = None, on: date | None = None) -> list[NumberProblem]:
    """What is wrong with the number beside the person's sex ("Nam", "Nữ") and year of birth, where known; [] if nothing is.

    on: the day the number was written; it must not hold a year of birth after it.
    """
    digits = digits_of(text)
    if not digits:
        return []
    if not digits.isascii() or not digits.isdigit():
        return [NumberProblem("letters", "hard", f"Số “{text}” có ký tự không phải chữ số.", f"The number “{text}” is not digits alone.")]
    if len(digits) not in (9, 12):
        return [NumberProblem("length", "hard", f"Số giấy tờ có {len(digits)} chữ số; số định danh có 12, CMND có 9.",
                              f"The number has {len(digits)} digits; a personal number has 12, an old identity card 9.")]
    if len(digits) == 9:
        return []
    number = PersonalNumber(digits, "so_dinh_danh")
    out = []
    if not number.provinces(on or TWO_TIERS) and not "100" <= digits[:3] <= "999":
        out.append(NumberProblem("province", "soft", f"Ba chữ số đầu {digits[:3]} không phải mã tỉnh, thành phố nào.",
                                 f"The first three digits {digits[:3]} are no province's code."))
    if int(digits[3]) > 3:
        out.append(NumberProblem("century", "hard", f"Chữ số thứ tư là {digits[3]}: người sinh sau năm 2099.",
                                 f"The fourth digit is {digits[3]}: born after 2099."))
    elif sex in ("Nam", "Nữ") and sex != number.sex:
        told = "female" if number.sex == "Nữ" else "male"
        out.append(NumberProblem("sex", "hard", f"Chữ số thứ tư của số định danh ({digits[3]}) là {number.sex}, giới tính lại ghi {sex}.",
                                 f"The fourth digit ({digits[3]}) says {told}, the sex written says otherwise."))
    if birth_year is not None and number.birth_year != birth_year and int(digits[3]) <= 3:
        out.append(NumberProblem("year", "hard", f"Theo số định danh thì sinh năm {number.birth_year}, ngày sinh lại ghi năm {birth_year}.",
                                 f"The number says born in {number.birth_year}, the date of birth says {birth_year}."))
    if on is not None and number.birth_year is not None and number.birth_year > on.year and int(digits[3]) <= 3:
        out.append(NumberProblem("future", "hard", f"Số định danh ghi năm sinh {number.birth_year}, sau ngày đăng ký.",
                                 f"The number says born in {number.birth_year}, after the registration."))
    if on is not None and on < _FIRST_CARD:
        out.append(NumberProblem("too_early", "soft", "Số 12 chữ số chỉ có từ năm 2012.",
                                 "Numbers of twelve digits exist since 2012 only."))
    return out


def number_prefix(province_code: str, sex: str, birth_year: int) -> str:
    """The first six digits of a person's số định danh. province_code: three digits; ValueError outside 1900..2399 or for another sex."""
    if sex not in ("Nam", "Nữ") or not 1900 <= birth_year <= 2399:
        raise ValueError(f"no number for sex {sex!r}, year {birth_year}")
    return f"{province_code}{(birth_year - 1900) // 100 * 2 + (sex == 'Nữ')}{birth_year % 100:02d}"
