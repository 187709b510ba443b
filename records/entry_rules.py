"""Rules about an entry's numbers, dates and places (domain rules 1-6, 10, 13)."""
from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from records.codes import registration_list
from records.dates import parse_words
from records.personal_number import check_personal_number, digits_of, parse_personal_number
from records.places import split_kind
from records.record import Finding
from records.rule_facts import Facts, days_between, spoken, surely_before
from records.rule_registry import rule
from records.text import fold

_EVENT = {"KS": ("nksNgaySinh", "ngày sinh", "birth"), "KT": ("nktNgayChet", "ngày chết", "death")}
_LAW_2014, _DECREE_158, _DECREE_83 = date(2016, 1, 1), date(2006, 4, 1), date(1999, 1, 1)
_PASSPORT = re.compile(r"[A-Za-z]\d{6,8}")


@rule()
def numbers_and_dates_are_there(f: Facts) -> Iterator[Finding]:
    """so and ngayDangKy may not be empty (vendors' import check); so must be a number, trangSo one or empty; dates must exist."""
    for code, vi, en in (("so", "số", "entry number"), ("ngayDangKy", "ngày đăng ký", "date of registration")):
        if not f.has(code):
            yield Finding("missing-value", "hard", (code,), f"Chưa có {vi}.", f"The {en} is missing.")
    if f.has("so") and f.number is None:
        yield Finding("not-a-number", "hard", ("so",), f"Số “{f.text('so')}” không đúng dạng (ví dụ 12, 12a, 123/2007).",
                      f"“{f.text('so')}” is no entry number (as 12, 12a, 123/2007).")
    if f.has("trangSo") and not f.text("trangSo").isdigit():
        yield Finding("not-a-number", "soft", ("trangSo",), "Trang số phải là chữ số.", "The page number must be digits.")
    for code in f.record.fields:
        is_date = code.startswith("ngay") or re.search(r"Ngay(?:Sinh|Chet|DangKy|Cap\w*)?$|ThoiGianCuTru(?:Tu|Den)$", code) is not None
        if is_date and f.has(code) and f.date_of(code) is None and not re.search(r"\d\s*(?:t\b|tuổi)", fold(f.text(code))):
            yield Finding("no-such-date", "hard", (code,), f"“{f.text(code)}” không phải là ngày có thật.",
                          f"“{f.text(code)}” is no date of the calendar.")


@rule()
def personal_numbers_fit(f: Facts) -> Iterator[Finding]:
    """Domain rule 1: twelve digits, the fourth agrees with the sex, the fifth and sixth with the year of birth. Soft after a correction."""
    for code in sorted(f.record.fields):
        role = next((code.removesuffix(e) for e in ("SoDinhDanh", "SoGiayToTuyThan") if code.endswith(e)), None)
        text = f.text(code)
        if role is None or not text or (code.endswith("SoGiayToTuyThan") and _PASSPORT.fullmatch(digits_of(text))):
            continue
        years = f.birth_years(role)
        year = years[0] if years and years[0] == years[1] else None
        for p in check_personal_number(text, f.sex(role), year, f.registered_day):
            other_paper = code.endswith("SoGiayToTuyThan") and p.code in ("length", "letters")
            yield Finding(f"personal-number-{p.code.replace('_', '-')}", "soft" if other_paper or f.corrected else p.severity, (code,),
                          p.message_vi, p.message_en)


@rule("KS")
def number_of_the_registering_province(f: Facts) -> Iterator[Finding]:
    """Domain rule 2: the first three digits are the province of birth registration at that date."""
    number = parse_personal_number(f.text("nksSoDinhDanh"))
    office = f.text("noiDangKy") or f.office
    if number is None or number.kind != "so_dinh_danh" or not office or f.registered_day is None:
        return
    found = f.gazetteer.find(office, on=f.registered_day, limit=1)
    if not found or found[0].score < 0.9:
        return
    province = split_kind(found[0].unit.province)[1]
    if fold(province) not in {fold(p) for p in number.provinces(f.registered_day)}:
        said = number.province(f.registered_day) or number.digits[:3]
        yield Finding("personal-number-other-province", "soft", ("nksSoDinhDanh",),
                      f"Ba chữ số đầu của số định danh là của {said}, nơi đăng ký thuộc {province}.",
                      f"The number's first three digits are those of {said}, the office is in {province}.")


@rule()
def same_number_twice(f: Facts) -> Iterator[Finding]:
    """Two people of one entry never share a number (child, father, mother; husband, wife)."""
    seen: dict[str, str] = {}
    for code in sorted(f.record.fields):
        if code.startswith("nyc") or not code.endswith(("SoDinhDanh", "SoGiayToTuyThan")):
            continue
        number = parse_personal_number(f.text(code))
        if number is None:
            continue
        role = code.removesuffix("SoDinhDanh").removesuffix("SoGiayToTuyThan")
        if seen.setdefault(number.digits, role) != role:
            yield Finding("personal-number-shared", "hard", (code,), "Hai người trong cùng một trường hợp có cùng một số giấy tờ.",
                          "Two people of one entry have the same number.")


@rule()
def registered_while_the_book_was_open(f: Facts) -> Iterator[Finding]:
    """Domain rule 3: the day of registration lies between opening and closing; rule 4: its year is the number's, the book's no later."""
    r = f.registered
    if r is None or (bounds := r.bounds()) is None:
        return
    if f.opened and bounds[1] < f.opened:
        yield Finding("before-opening", "hard", ("ngayDangKy",), f"Ngày đăng ký {spoken(r)} trước ngày mở sổ {f.opened:%d/%m/%Y}.",
                      f"Registered {spoken(r)}, before the book was opened on {f.opened:%d/%m/%Y}.")
    if f.closed and bounds[0] > f.closed:
        yield Finding("after-closing", "hard", ("ngayDangKy",), f"Ngày đăng ký {spoken(r)} sau ngày khóa sổ {f.closed:%d/%m/%Y}.",
                      f"Registered {spoken(r)}, after the book was closed on {f.closed:%d/%m/%Y}.")
    if f.number and f.number.year and r.year and f.number.year != r.year:
        yield Finding("number-year", "hard", ("so", "ngayDangKy"), f"Số ghi năm {f.number.year}, ngày đăng ký ghi năm {r.year}.",
                      f"The entry number says {f.number.year}, the date of registration {r.year}.")
    if f.book and f.book.year and r.year and r.year < f.book.year:
        yield Finding("before-book-year", "soft", ("quyenSo", "ngayDangKy"), f"Đăng ký năm {r.year} nhưng quyển sổ của năm {f.book.year}.",
                      f"Registered in {r.year} in a book of {f.book.year}.")


@rule("KS", "KT")
def registered_after_the_event(f: Facts) -> Iterator[Finding]:
    """Domain rule 3: nothing is registered before it happened."""
    code, vi, en = _EVENT[f.record.kind]
    event = f.date_of(code)
    if event and f.registered and surely_before(f.registered, event):
        yield Finding("before-event", "hard", ("ngayDangKy", code), f"Ngày đăng ký {spoken(f.registered)} trước {vi} {spoken(event)}.",
                      f"Registered {spoken(f.registered)}, before the {en} on {spoken(event)}.")


@rule("KS", "KT")
def in_time(f: Facts) -> Iterator[Finding]:
    """Domain rule 5: birth within 60 days, death within 15 (Luật Hộ tịch 2014 Điều 15, 33; NĐ 158/2005); NĐ 83/1998: birth 30, or 60 in
    remote places. The ticked box should agree."""
    event = f.date_of(_EVENT[f.record.kind][0])
    days = days_between(event, f.registered) if event and f.registered else None
    day = f.registered_day
    if days is None or day is None or days < 0 or day < _DECREE_83 or f.registration_kind not in (1, 4):
        return
    surely_late = 60 if f.record.kind == "KS" else 15
    surely_timely = (60 if day >= _DECREE_158 else 30) if f.record.kind == "KS" else (15 if day >= _DECREE_158 else 2)
    ticked = registration_list(f.record.kind).from_code(f.registration_kind)
    if (f.registration_kind == 1 and days > surely_late) or (f.registration_kind == 4 and days <= surely_timely):
        yield Finding("in-time", "soft", ("loaiDangKy", "ngayDangKy"), f"Đăng ký sau {days} ngày nhưng ô được đánh dấu là “{ticked}”.",
                      f"Registered after {days} days, but the box says “{ticked}”.")


@rule("KS", "KT", "KH")
def registered_again_only_before_2016(f: Facts) -> Iterator[Finding]:
    """Domain rule 6: Đăng ký lại is for events before 1 January 2016 (NĐ 123/2015 Điều 24)."""
    event = f.date_of(_EVENT[f.record.kind][0]) if f.record.kind in _EVENT else f.date_of("ngayXacNhan")
    bounds = event.bounds() if event else None
    if f.registration_kind == 2 and bounds and bounds[0] >= _LAW_2014:
        yield Finding("registered-again", "soft", ("loaiDangKy",), "Đăng ký lại chỉ áp dụng cho việc xảy ra trước ngày 01/01/2016.",
                      "Registering again is for events before 1 January 2016.")


@rule("KS")
def figures_and_words_agree(f: Facts) -> Iterator[Finding]:
    """Domain rule 10: the date of birth in words is the best check of the one in figures."""
    if not f.has("nksNgaySinhBangChu"):
        return
    words = parse_words(f.text("nksNgaySinhBangChu"))
    figures = f.date_of("nksNgaySinh")
    if words is None:
        yield Finding("date-words-unread", "soft", ("nksNgaySinhBangChu",), "Không đọc được ngày sinh ghi bằng chữ.",
                      "The date of birth in words could not be understood.")
    elif figures is not None and not words.agrees(figures):
        yield Finding("date-words-differ", "hard", ("nksNgaySinh", "nksNgaySinhBangChu"),
                      f"Ngày sinh ghi bằng số là {spoken(figures)}, ghi bằng chữ là {spoken(words)}.",
                      f"The date of birth is {spoken(figures)} in figures and {spoken(words)} in words.")


@rule()
def places_existed(f: Facts) -> Iterator[Finding]:
    """Domain rule 13: a unit stood in the lists at the registration, or one of that name did. Only for places surely recognised."""
    day = f.registered_day
    if day is None:
        return
    for code in sorted(f.record.fields):
        value = f.record.fields[code]
        if not code.endswith(("NoiSinh", "NoiCuTru", "NoiChet", "NoiDangKy")) or not value.value:
            continue
        found = f.gazetteer.find(value.value, on=day, limit=1)
        if found and found[0].score >= 0.95 and not found[0].unit.existed(day) and not f.gazetteer.has_name(found[0].unit, day):
            yield Finding("place-at-that-time", "soft", (code,), f"“{found[0].written}” không có trong danh mục hành chính lúc đăng ký.",
                          f"“{found[0].written}” did not exist on the day of registration.")
