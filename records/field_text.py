"""Between a field's canonical value (ISO dates, codes) and what a person reads and types for it."""
from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from records.codes import SEX, CodeList, list_for_field, registration_list
from records.dates import parse_age, parse_typed
from records.field_names import Pair
from records.forms import load_forms
from records.text import nfc
from records.times import parse_time

_DATE_CODES = re.compile(r"(^ngay[A-Z]|NgaySinh$|NgayChet$|[a-z]Ngay(DangKy)?$|NgayCap|ThoiGianCuTru(Tu|Den)$)")
_NUMBER_CODES = re.compile(r"(SoDinhDanh|SoGiayToTuyThan)$")
_TIME_CODES = re.compile(r"GioPhut[A-Z][a-z]+$")
_AGE = re.compile(r"\d{1,3}\s*(t|tuổi)\.?", re.IGNORECASE)
_FIGURES = re.compile(r"^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?([~?]?)$")
_ENGLISH: Mapping[str, str] = {
    "Không có thông tin": "No information", "Đúng hạn": "In time", "Quá hạn": "Late", "Đăng ký lại": "Registered again",
    "Ghi vào sổ việc đã đăng ký ở nước ngoài": "Registered abroad", "Đăng ký mới": "Registered here", "Kết hôn lần đầu": "First marriage",
    "Ghi chú kết hôn": "Noted in the book", "Có đủ cha mẹ": "Both parents", "Chưa xác định được mẹ": "Mother unknown",
    "Chưa xác định được cha": "Father unknown", "Chưa xác định được cả cha và mẹ": "Parents unknown", "Trẻ bị bỏ rơi": "Abandoned child",
    "Nam": "Male", "Nữ": "Female", "Chưa xác định": "Undetermined",
}


class BadValue(ValueError):
    """What was typed is no value of that field; `vi` and `en` say what would be."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.pair = (vi, en)


def is_date(code: str) -> bool:
    return bool(_DATE_CODES.search(code)) and not code.endswith("BangChu")


def choices(code: str, kind: str, form: str | None) -> tuple[tuple[str, Pair], ...]:
    """The values a field may have, with their wording; empty for free text. The form's own tick boxes come before the Ministry's list."""
    if code.endswith("GioiTinh"):
        return tuple((words, _pair(words)) for words in SEX.words.values())
    listed = code_list(code, kind) if code in ("loaiDangKy", "nksLoaiKhaiSinh") else None
    known = {str(key): _pair(words) for key, words in listed.words.items()} if listed is not None else {}
    page = load_forms().get(form or "")
    for tick in page.ticks if page is not None else ():
        if tick.code == code:
            known.setdefault(str(tick.value), (tick.label, tick.label))
    return tuple(known.items())


def code_list(code: str, kind: str) -> CodeList | None:
    """The Ministry's list of the field in books of a kind, None for free text."""
    if code != "loaiDangKy":
        return list_for_field(code)
    try:
        return registration_list(kind)
    except ValueError:
        return None


def _pair(words: str) -> Pair:
    return words, _ENGLISH.get(words, words)


def shown(code: str, value: str) -> str:
    """The value as it is read and typed: dates as 05/08/2007, 08/2007 or 2007; all else as it is."""
    match = _FIGURES.match(value) if is_date(code) else None
    if match is None:
        return value
    return "/".join(part for part in (match[3], match[2], match[1]) if part) + match[4]


def read_out(code: str, value: str, kind: str, form: str | None) -> Pair:
    """The value as it is read: the words of its code where the field has a list, else as `shown`."""
    words = dict(choices(code, kind, form)).get(value)
    listed = code_list(code, kind) if words is None and value.isascii() and value.isdigit() else None
    if listed is not None and int(value) in listed.words:
        words = _pair(listed.words[int(value)])
    text = shown(code, value)
    return words or (text, text)


def parsed(code: str, text: str) -> str:
    """The canonical value of what was typed; "" for an empty blank. Raises BadValue."""
    text = " ".join(nfc(text).split())
    if not text:
        return ""
    if is_date(code):
        found = parse_typed(text, latest=date.today().year)
        if found is not None:
            return str(found)
        if code in ("meNgaySinh", "chaNgaySinh") and _AGE.fullmatch(text) and parse_age(text) is not None:
            return f"{parse_age(text)}T"
        raise BadValue(
            "Ô này chỉ ghi ngày, tháng, năm có trong lịch: 05/08/2007; sổ không ghi đủ thì 08/2007, 2007 hoặc khoảng 1950; "
            "để trống nếu trong sổ để trống hoặc ghi không rõ.",
            "Only a date of the calendar: 05/08/2007; where the book has less, 08/2007, 2007 or khoảng 1950; leave it empty if the book "
            "does or says that it is not known.")
    if _TIME_CODES.search(code):
        time = parse_time(text)
        if time is None:
            raise BadValue("Giờ viết như 17:05, 5 giờ 30 phút hoặc 5 giờ; để trống nếu trong sổ để trống.",
                           "Write the time as 17:05 or 5 giờ 30 phút; leave it empty if the book does.")
        return time
    if code.endswith("SoDinhDanh"):
        digits = re.sub(r"[\s.]", "", text)
        if not re.fullmatch(r"\d{12}", digits):
            raise BadValue("Số định danh có đúng 12 chữ số.", "A personal number has exactly 12 digits.")
        return digits
    if _NUMBER_CODES.search(code) and re.fullmatch(r"[\d\s.]+", text):
        return re.sub(r"[\s.]", "", text)
    if code == "so" and not re.fullmatch(r"\d{1,5}\s?[A-Za-z]{0,3}(/\d{4})?", text):
        raise BadValue("Số viết như 12, 12a hoặc 12/2017.", "Write the number as 12, 12a or 12/2017.")
    if code == "so":
        return text.partition("/")[0].strip().lstrip("0") or "0"
    return text


def allowed(code: str, text: str, kind: str, form: str | None) -> str:
    """As `parsed`, and of a field with a list of values (sex, boxes to tick) only one of them, by its code or its Vietnamese words.
    Raises BadValue."""
    value, listed = parsed(code, text), choices(code, kind, form)
    if not value or not listed:
        return value
    for key, words in listed:
        if value.casefold() in (key.casefold(), words[0].casefold()):
            return key
    named = ["; ".join(key if key == words[n] else f"{key} ({words[n]})" for key, words in listed) for n in (0, 1)]
    raise BadValue(f"Chọn một trong: {named[0]}.", f"Choose one of: {named[1]}.")
