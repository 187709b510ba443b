"""How the desk speaks: what is wrong with a page and what to do, what a book lacks, where it is. Each wording is a pair."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from portal.wording import Pair
from records.book_numbering import Run
from storage.completeness import Hole

Level = Literal["bad", "warn", "note"]


@dataclass(frozen=True)
class Remark:
    """short: for the thumbnail, a few words; long: what it is and what to do."""

    level: Level
    short: Pair
    long: Pair


SHORT: Mapping[str, Pair] = {       # ocr.quality.REASONS in two or three words
    "far_too_coarse": ("quá thưa, quét lại", "too coarse, scan again"), "very_blurred": ("mờ, chụp lại", "blurred, take again"),
    "very_faint": ("chữ quá nhạt", "far too faint"), "very_dark": ("quá tối, chụp lại", "too dark, take again"),
    "cut_left": ("thiếu mép trái", "left edge cut off"), "cut_top": ("thiếu mép trên", "top edge cut off"),
    "cut_right": ("thiếu mép phải", "right edge cut off"), "cut_bottom": ("thiếu mép dưới", "bottom edge cut off"),
    "no_text": ("không đọc được chữ", "no text could be read"), "coarse": ("hơi thưa", "rather coarse"),
    "blurred": ("hơi mờ", "somewhat blurred"), "faint": ("chữ nhạt", "faint"), "dark": ("hơi tối", "rather dark"),
    "uneven_light": ("có bóng che", "in shadow"), "skewed": ("nghiêng nhiều", "very crooked"), "blank": ("trang trắng?", "blank page?"),
}
UPSIDE_DOWN = Remark("note", ("ngược đầu", "upside down"),
                     ("Ảnh ngược đầu: máy tự xoay khi đọc. Muốn xoay ngay thì bấm R hai lần",
                      "Upside down: it is turned when read. Press R twice to turn it now"))
LYING = Remark("note", ("nằm ngang", "on its side"),
               ("Ảnh nằm ngang: máy tự xoay khi đọc. Muốn xoay ngay thì bấm R",
                "On its side: it is turned when read. Press R to turn it now"))
SPREAD = Remark("warn", ("hai trang trong một ảnh", "two pages in one picture"),
                ("Hai trang trong một ảnh: máy đọc cả hai; chụp riêng từng trang thì đọc rõ hơn",
                 "Two pages in one picture: both are read; one picture a page reads better"))
MARKS: Mapping[str, Pair] = {"blank": ("trang trắng", "blank page"), "void": ("đã hủy", "void"),
                             "cover_sheet": ("tờ bìa có mã", "printed sheet"), "replaced": ("đã chụp lại", "taken again")}
PARTS: Mapping[str, Pair] = {"cover": ("bìa", "cover"), "opening": ("trang mở sổ", "opening page"),
                             "closing": ("trang khóa sổ", "closing page")}
REASONS: Mapping[str, Pair] = {
    "lost": ("Trang mất trong sổ giấy", "The page is lost from the paper book"),
    "unused": ("Số bỏ trống trong sổ", "The number was left unused"),
    "slip": ("Sổ ghi nhầm số", "The book has the wrong number"),
    "unscannable": ("Giấy hỏng, không chụp rõ hơn được", "Damaged paper, cannot be clearer"),
    "other": ("Lý do khác (ghi rõ)", "Another reason (say which)"),
}
FITTING: Mapping[str, tuple[str, ...]] = {      # reasons that make sense for a kind of hole
    "missing": ("lost", "unused", "slip", "other"), "repeated": ("slip", "other"), "unnumbered": ("unscannable", "slip", "other"),
    "retake": ("unscannable", "other"), "aside": ("unscannable", "lost", "other"), "no_entry": ("other",), "alike": ("other",),
    "no_opening": ("lost", "other"), "no_closing": ("lost", "other"), "total": ("slip", "lost", "unused", "other"),
}
STATES: Mapping[str, Pair] = {
    "open": ("Đang làm", "Being worked on"), "sent": ("Đã gửi lên tỉnh", "Sent to the province"),
    "received": ("Tỉnh đã nhận", "Received by the province"), "returned": ("Tỉnh trả lại", "Returned by the province"),
    "done": ("Xong", "Done"),
}
MILESTONES: Mapping[str, Pair] = {
    "taken_in": ("Nhận", "Taken in"), "read": ("Đọc", "Read"), "returned": ("Trả lại", "Returned"), "sent": ("Gửi lên tỉnh", "Sent"),
    "received": ("Tỉnh nhận", "Received"), "reviewed": ("Rà soát", "Reviewed"), "checked": ("Kiểm tra", "Checked"),
    "archived": ("Lưu trữ", "Archived"),
}


def run_text(run: Run) -> str:
    return str(run.first) if run.first == run.last else f"{run.first}–{run.last}"


def year_text(year: int | None) -> Pair:
    return (f" năm {year}", f" of {year}") if year else ("", "")


def jump(run: Run) -> Remark:
    numbers, (vi, en) = run_text(run), year_text(run.year)
    return Remark("warn", (f"nhảy số: thiếu {numbers}", f"jump: {numbers} missing"),
                  (f"Nhảy số{vi}: thiếu {numbers} ngay trước trang này. Tìm trang còn sót rồi chụp bổ sung, hoặc ghi lý do",
                   f"Numbers jump: {numbers}{en} missing before this page. Find the page left out, or give a reason"))


def alike(other: int, exact: bool = False) -> Remark:
    return Remark("warn", (f"trùng trang {other}", f"same as page {other}"),
                  (f"Giống hệt trang {other}, có thể đã chụp hai lần. Nếu trùng thì bấm V để bỏ bớt một ảnh" if not exact else
                   f"Trùng hoàn toàn với trang {other}: đã bỏ ra, không cần làm gì",
                   f"Looks the same as page {other}, perhaps taken twice. If so, press V to leave one out" if not exact else
                   f"Exactly the same as page {other}: left out, nothing to do"))


def repeated(number: str, others: str) -> Remark:
    return Remark("warn", (f"trùng số {number}", f"number {number} twice"),
                  (f"Số {number} có ở cả trang {others}. Chụp hai lần thì bỏ bớt một ảnh (V); đọc sai số thì sửa trong Rà soát",
                   f"Number {number} is also on page {others}. Taken twice: leave one out (V); misread: correct it in review"))


def arrival_remarks(double: str | None) -> list[Pair]:
    """What is said of a page as it arrives, besides its quality. double: the file that is the same."""
    found = []
    if double is not None:
        found.append((f"Trùng với tệp {double}: bỏ bớt một tệp nếu chụp hai lần",
                      f"The same as {double}: leave one out if it was taken twice"))
    return found


def hole(item: Hole, numbers: Mapping[int, int]) -> Pair:
    """What is lacking, and what to do. numbers: page id -> its place in the book."""
    pages = ", ".join(str(numbers[p]) for p in item.pages if p in numbers) or "?"
    if item.code == "missing" and item.run is not None:
        n, (vi, en) = run_text(item.run), year_text(item.run.year)
        return f"Thiếu số {n}{vi}: chụp bổ sung trang còn sót.", f"Number {n}{en} is missing: add the page left out."
    said: Mapping[str, Pair] = {
        "reading": (f"Còn {item.text} trang chờ đọc: đợi máy đọc xong.",
                    f"{item.text} pages are waiting to be read: let the machine finish."),
        "repeated": (f"Số {item.text} có hai lần (trang {pages}): bỏ ảnh chụp hai lần, hoặc sửa số đọc sai.",
                     f"Number {item.text} occurs twice (pages {pages}): leave out a double picture, or correct a misread number."),
        "unnumbered": (f"Trang {pages}: chưa đọc được số. Sửa trong Rà soát.",
                       f"Page {pages}: the number was not read. Correct it in review."),
        "retake": (f"Trang {pages}: ảnh không đạt, chụp lại.", f"Page {pages}: the picture is not good enough, take it again."),
        "aside": (f"Trang {pages}: không dùng được ảnh này, chụp lại hoặc đánh dấu bỏ.",
                  f"Page {pages}: cannot be used; take it again or mark it."),
        "no_entry": (f"Trang {pages}: không thấy mục nào. Đánh dấu trang trắng, đã hủy, bìa, mở sổ hoặc khóa sổ.",
                     f"Page {pages}: no entry found. Mark it blank, void, cover, opening or closing page."),
        "alike": (f"Trang {pages}: hai ảnh giống nhau. Bỏ bớt một ảnh nếu chụp hai lần.",
                  f"Pages {pages} look the same. Leave one out if it was taken twice."),
        "no_opening": ("Chưa thấy trang mở sổ: chụp thêm, hoặc chọn trang rồi bấm «Trang mở sổ».",
                       "No opening page yet: add it, or choose the page and press “Opening page”."),
        "no_closing": ("Chưa thấy trang khóa sổ: chụp thêm, hoặc chọn trang rồi bấm «Trang khóa sổ».",
                       "No closing page yet: add it, or choose the page and press “Closing page”."),
    }
    if item.code == "total":
        declared, _, found = item.text.partition("/")
        return (f"Trang khóa sổ ghi {declared} sự kiện, máy thấy {found}: kiểm tra trang sót hoặc trang thừa.",
                f"The closing page says {declared} events, {found} were found: look for pages left out or too many.")
    return said[item.code]
