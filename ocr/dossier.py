"""An administrative document's fields from its printed words, by where NĐ 30/2020/NĐ-CP (Phụ lục I) puts them.

Only what stands there is taken: what could not be read (a number or day written by hand) is left out or shown as "…".
"""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from rapidfuzz import fuzz

from ocr.label_search import letters
from ocr.reading import PrintedWord
from ocr.text_segments import Segment, segments_of
from records.names import common_tokens
from records.places import default_gazetteer
from records.record import FieldValue
from records.text import nfc, strip_marks

UNREAD = "…"
CONFIRM = "canXacNhan"      # key of the list of fields that a person must look at: written by hand, read with doubt or not at all
_SURE_DAY = 0.6             # a day written by hand is given from this confidence on; below it the month stands alone
FIELDS = ("soKyHieu", "ngayBanHanh", "coQuanBanHanh", "loaiVanBan", "trichYeu", "nguoiKy", "chucVu", "noiNhan")
_MOTTO = ("conghoaxahoichunghiavietnam", "doclaptudohanhphuc")
_TYPES: Mapping[str, str] = {      # base letters of the title -> name; NĐ 30/2020 Điều 7
    "nghiquyet": "Nghị quyết", "quyetdinh": "Quyết định", "chithi": "Chỉ thị", "quyche": "Quy chế", "quydinh": "Quy định",
    "thongcao": "Thông cáo", "thongbao": "Thông báo", "huongdan": "Hướng dẫn", "chuongtrinh": "Chương trình", "kehoach": "Kế hoạch",
    "phuongan": "Phương án", "dean": "Đề án", "duan": "Dự án", "baocao": "Báo cáo", "bienban": "Biên bản", "totrinh": "Tờ trình",
    "hopdong": "Hợp đồng", "congdien": "Công điện", "bangghinho": "Bản ghi nhớ", "banthoathuan": "Bản thỏa thuận",
    "giayuyquyen": "Giấy ủy quyền", "giaymoi": "Giấy mời", "giaygioithieu": "Giấy giới thiệu", "giaynghiphep": "Giấy nghỉ phép",
    "phieugui": "Phiếu gửi", "phieuchuyen": "Phiếu chuyển", "phieubao": "Phiếu báo", "thucong": "Thư công",
}
_BY_NOTATION = {"NQ": "Nghị quyết", "QĐ": "Quyết định", "CT": "Chỉ thị", "TB": "Thông báo", "KH": "Kế hoạch", "BC": "Báo cáo",
                "TTr": "Tờ trình", "BB": "Biên bản", "GM": "Giấy mời", "HD": "Hướng dẫn", "CĐ": "Công điện"}
_BODY_HEADS = ("uyban", "ubnd", "hoidong", "hdnd", "so", "bo", "cuc", "chicuc", "tongcuc", "phong", "ban", "congan", "toaan", "vien", "van",
               "trung", "chinhphu", "thanhtra", "truong", "tinhuy", "thanhuy", "huyenuy")
_INCOMPLETE_BODIES = ("uybannhandan", "hoidongnhandan", "ubnd", "hdnd")
_PHRASES = ("ỦY BAN NHÂN DÂN", "HỘI ĐỒNG NHÂN DÂN", "THÀNH PHỐ", "THỊ TRẤN", "PHÓ CHỦ TỊCH", "CHỦ TỊCH", "PHÓ GIÁM ĐỐC", "GIÁM ĐỐC")
_DATE = re.compile(r"ngày\s*(.{0,4}?)\s*tháng\s*(\d{1,2})\s*năm\s*(\d{4})", re.IGNORECASE)
_NOTATION = re.compile(r"/\s*([0-9]{4}\s*/\s*)?([A-ZĐ][A-ZĐa-zr0-9]*(?:\s*-\s*[A-ZĐ][A-ZĐ0-9]*)*)")
_PLACE_KINDS = ("th", "ti", "hu", "qu", "xa", "ph")      # thành phố, thị xã, thị trấn; tỉnh; huyện; quận; xã; phường
_ON_BEHALF = ("TM", "KT", "TL", "TUQ", "Q")


@dataclass(frozen=True)
class _Sheet:
    """A page's segments, and where its two header columns part: x of the middle, y of the first line under the motto."""

    segments: list[Segment]
    middle: float
    motto: Segment | None

    @property
    def heading(self) -> Segment:
        """The motto of a sheet that has one; only such sheets are searched for a letterhead."""
        if self.motto is None:
            raise ValueError("a sheet without the national motto has no letterhead")
        return self.motto

    def left_below(self, y: float) -> list[Segment]:
        return [s for s in self.segments if s.y0 > y and s.centre < self.middle]


def read_dossier(pages: Sequence[Sequence[PrintedWord]]) -> dict[str, str | list[str]]:
    """The fields of `FIELDS` found on a document's pages (words of each, in reading order of pages); absent keys were not found.

    Dates are EDTF, a month where the day is unreadable; `soKyHieu` has "…" for an unreadable number; `noiNhan` is a list.
    A text without the national motto at its head is no administrative document: nothing is found in it.
    """
    sheets = [_sheet(words) for words in pages]
    if not sheets or sheets[0].motto is None:
        return {}
    head, out = sheets[0], {}
    number = _number_line(head)
    out["soKyHieu"] = _notation(number, head) if number else ""
    out["ngayBanHanh"] = _date(head)
    out["coQuanBanHanh"] = _body(head, number)
    title = _title(head)
    out["trichYeu"] = _subject(head, number, title)
    out["loaiVanBan"] = _kind(out["soKyHieu"], title)
    signed = next(((s, line) for s in sheets if (line := _recipients_line(s))), None)
    found: dict[str, str | list[str]] = {k: v for k, v in out.items() if v}
    if signed is not None:
        found.update({k: v for k, v in _end(*signed).items() if v})
    return {k: found[k] for k in FIELDS if k in found}


def with_hand(fields: Mapping[str, str | list[str]], hand: Mapping[str, FieldValue]) -> dict[str, str | list[str]]:
    """The fields with what is written by hand in the letterhead (ocr.dossier_hand) put where print left it open. All that print did not
    tell is listed under CONFIRM. A number is given where the recogniser's free reading and its best number are the same."""
    out, confirm = dict(fields), []
    notation, day = fields.get("soKyHieu"), fields.get("ngayBanHanh")
    if isinstance(notation, str) and notation.startswith(UNREAD):
        confirm.append("soKyHieu")
        number = hand.get("so")
        if number is not None and number.raw.strip(" .").lstrip("0") == number.value:
            out["soKyHieu"] = number.value + notation.removeprefix(UNREAD)
    if isinstance(day, str) and len(day) == len("2023-10"):
        confirm.append("ngayBanHanh")
        written = hand.get("ngay")
        if written is not None and written.confidence >= _SURE_DAY:
            out["ngayBanHanh"] = f"{day}-{written.value}"
    return out | ({CONFIRM: confirm} if confirm else {})


def _sheet(words: Sequence[PrintedWord]) -> _Sheet:
    segments = segments_of(words)
    if not segments:
        return _Sheet([], 0.0, None)
    top = min(s.y0 for s in segments)
    depth = max(s.y1 for s in segments) - top
    motto = None
    for s in segments:
        if s.y0 < top + 0.25 * max(depth, 1) and any(fuzz.ratio(letters(s.text), m) > 72 for m in _MOTTO):
            motto = s if motto is None or s.x0 < motto.x0 else motto
    left, right = min(s.x0 for s in segments), max(s.x1 for s in segments)
    return _Sheet(segments, (motto.x0 if motto else (left + right) / 2) - 2, motto)


def _number_line(head: _Sheet) -> Segment | None:
    """"Số: …/…" in the left column; a misread first word is passed where a colon and a stroke follow."""
    column = [s for s in head.segments if s.centre < head.middle and s.y0 > head.heading.y0 - s.height]
    exact = (s for s in column if re.match(r"so\s*[:;.]", strip_marks(s.text).lower()))
    return next(exact, None) or next((s for s in column if re.match(r"S\S{0,2}\s*[:;.].*/", s.text)), None)


def _notation(number: Segment, head: _Sheet) -> str:
    """"5710/UBND-SGDĐT": digits as read, "…" if they are no digits, and the notation."""
    beside = [s.text for s in head.segments if s.centre < head.middle and s is not number and number.level_with(s) and s.x0 > number.x0]
    text = re.sub("Đ+", "Đ", " ".join([number.text, *beside]).replace("Ð", "Đ"))      # Tesseract likes the Icelandic letter, and doubles it
    match = _NOTATION.search(text)
    if match is None:
        return ""
    before = re.sub(r"^\s*\S{1,3}\s*[:;.]\s*", "", text[:match.start()])
    digits = before.strip(" ._-")
    shown = digits if re.fullmatch(r"\d{1,6}[a-zA-Z]?", digits) else UNREAD
    return shown + "".join(match.group(0).split())


def _date(head: _Sheet) -> str:
    right = [s for s in head.segments if s.x1 > head.middle]
    for s in right:
        row = " ".join(o.text for o in right if o is s or (o.level_with(s) and o.x0 > s.x0))     # a day left blank parts the line
        if match := _DATE.search(nfc(row)):
            day, month, year = match.group(1).strip(" ."), int(match.group(2)), match.group(3)
            if not 1 <= month <= 12:
                return ""
            if re.fullmatch(r"\d{1,2}", day) and 1 <= int(day) <= 31:
                return f"{year}-{month:02d}-{int(day):02d}"
            return f"{year}-{month:02d}"
    return ""


def _body(head: _Sheet, number: Segment | None) -> str:
    """The issuing body: the last of the names over the number; "ỦY BAN NHÂN DÂN" is never whole without the line below it."""
    bottom = number.y0 if number else head.heading.y1 + 3 * head.heading.height
    column = [s for s in head.segments if s.centre < head.middle]
    lines = [s for s in column if s.y1 <= bottom + 0.3 * s.height and s.y0 > head.heading.y0 - 2 * s.height]
    bodies: list[str] = []
    for line in lines:
        text, base = _letterhead(line.text), letters(line.text)
        if len(base) < 2 or not text.isupper():
            continue
        if bodies and (letters(bodies[-1]) in _INCOMPLETE_BODIES or not base.startswith(_BODY_HEADS)):
            bodies[-1] += " " + text
        else:
            bodies.append(text)
    return _with_place(bodies[-1]) if bodies else ""


def _with_place(body: str) -> str:
    """The body's name with the marks of its place mended, where only one place of Vietnam is spelled with these letters."""
    words = body.split()
    for i, word in enumerate(words):
        if letters(word)[:2] in _PLACE_KINDS:
            names = _place_names().get(letters("".join(words[i:])), frozenset())
            if len(names) == 1:
                return " ".join([*words[:i], next(iter(names)).upper()])
    return body


@cache
def _place_names() -> dict[str, frozenset[str]]:
    """Base letters -> spellings of provinces, districts and communes, kind included."""
    gazetteer = default_gazetteer()
    out: dict[str, set[str]] = {}
    for unit in (*gazetteer.provinces, *gazetteer.former_provinces, *gazetteer.districts, *gazetteer.communes):
        out.setdefault(letters(unit.name), set()).add(unit.name)
    return {k: frozenset(v) for k, v in out.items()}


def _letterhead(text: str) -> str:
    """Capitals, with the marks mended in the phrases that letterheads share; a lone word is never mended, for it may be a place's."""
    words = nfc(text).strip(" .,-_").split()
    base = [strip_marks(w).upper() for w in words]
    for phrase in _PHRASES:
        right = phrase.split()
        plain = [strip_marks(w) for w in right]
        for i in range(len(words) - len(right) + 1):
            if base[i:i + len(right)] == plain and all(w.isupper() for w in words[i:i + len(right)]):
                words[i:i + len(right)] = right
    return " ".join(words)


def _title(head: _Sheet) -> Segment | None:
    """The line that names the type of document: capitals, alone on its line, below the motto."""
    for s in head.segments:
        base = letters(s.text)
        if s.y0 > head.heading.y1 and s.text.isupper() and any(base.startswith(t) and len(base) < len(t) + 4 for t in _TYPES):
            return s
    return None


def _kind(notation: str, title: Segment | None) -> str:
    if title is not None:
        return next(name for t, name in _TYPES.items() if letters(title.text).startswith(t))
    abbreviation = notation.rsplit("/", 1)[-1].split("-")[0] if notation else ""
    return _BY_NOTATION.get(abbreviation, "Công văn" if notation else "")


def _subject(head: _Sheet, number: Segment | None, title: Segment | None) -> str:
    """Trích yếu: after "V/v" under the number, or the lines under the title of the document."""
    if title is not None:
        following = [s for s in head.segments if s.y0 > title.y1 - 0.2 * title.height]
        return _paragraph(following, title, stop=("cancu", "kinhgui", "dieu1", "uyban", "chutich", "hoidong"))
    below = head.left_below(number.y0) if number else []
    start = next((s for s in below if letters(s.text).startswith("vv")), None)
    if start is None:
        return ""
    lines = [s for s in below if s.y0 >= start.y0]
    return re.sub(r"^\s*V\s*/\s*v\s*:?\s*", "", _paragraph(lines, None, stop=("kinhgui",)), flags=re.IGNORECASE)


def _paragraph(lines: Sequence[Segment], above: Segment | None, stop: tuple[str, ...]) -> str:
    """Lines joined as long as they follow closely, up to one that begins with a stop word; six lines at most."""
    taken: list[Segment] = []
    for line in lines:
        last = taken[-1] if taken else above
        if not letters(line.text):
            continue
        if letters(line.text).startswith(stop):
            break
        if last is not None and line.y0 - last.y1 > (1.0 if taken else 1.6) * max(line.height, last.height):
            break
        taken.append(line)
        if len(taken) == 6:
            break
    return nfc(" ".join(s.text for s in taken)).rstrip(" .;,")


def _recipients_line(sheet: _Sheet) -> Segment | None:
    return next((s for s in sheet.segments if fuzz.ratio(letters(s.text)[:9], "noinhan") > 80), None)


def _end(sheet: _Sheet, start: Segment) -> dict[str, str | list[str]]:
    """Recipients at the left below `start`, office and name of who signed at the right of them."""
    left, right = min(s.x0 for s in sheet.segments), max(s.x1 for s in sheet.segments)
    middle = max(left + 0.42 * (right - left), start.x1)
    recipients: list[str] = []
    for s in sheet.segments:
        if s.y0 <= start.y0 or s.x0 >= middle:
            continue
        text = nfc(s.text)
        if re.match(r"[-–—•+]", text):
            recipients.append(text.lstrip("-–—•+ "))
        elif recipients and s.x0 < left + 0.3 * (right - left):
            recipients[-1] += " " + text
        if letters(s.text).startswith("luu"):
            break
    beside = [s for s in sheet.segments if s.x0 > middle - 0.1 * (right - left) and s.y1 > start.y0 - 4 * start.height]
    offices = [_letterhead(s.text) for s in beside if _is_office(s.text)]
    names = [name for s in beside if (name := _person(s.text))]
    trimmed = [r.rstrip(" .;,") for r in recipients]
    return {"noiNhan": [r for r in trimmed if r], "chucVu": "\n".join(offices), "nguoiKy": names[-1] if names else ""}


def _is_office(text: str) -> bool:
    words = nfc(text).strip(" .,").split()
    capital = bool(words) and all(w.isupper() or w in "./-" for w in words)
    return capital and (words[0].rstrip(".") in _ON_BEHALF or len(letters(text)) >= 6) and any(c.isalpha() for c in text)


def _person(text: str) -> str:
    """A name as signed: two to five capitalised syllables, a title before them dropped, the first a surname (its marks mended)."""
    text = re.sub(r"^(?:(?:GS|PGS|TS|ThS|BS|CN|KS|LS)\.?\s*)+", "", nfc(text)).strip(" .,_-—")
    parts = text.split()
    if not 2 <= len(parts) <= 5 or not all(p.isalpha() and p[0].isupper() and p[1:].islower() for p in parts if len(p) > 1):
        return ""
    surnames = common_tokens("surname")
    if parts[0] not in surnames:
        alike = [s for s in surnames if strip_marks(s) == strip_marks(parts[0])]
        if not alike:
            return ""
        parts[0] = max(alike, key=lambda s: surnames[s])
    return " ".join(parts)
