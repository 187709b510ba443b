"""Every error the ocr room raises, each with a stable code, its evidence, and what the user can do; Vietnamese first, English second."""
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

Language = Literal["vi", "en"]


@dataclass(frozen=True)
class Wording:
    """What happened and what to do, in both languages; `{name}` places are filled from the error's evidence."""

    what_vi: str
    do_vi: str
    what_en: str
    do_en: str


UNREADABLE: dict[str, Wording] = {
    "missing_file": Wording(
        "Không tìm thấy tệp", "Kiểm tra lại thư mục hoặc cắm lại ổ đĩa rồi nạp lại.",
        "The file is not there", "Check the folder or reconnect the drive, then add it again."),
    "not_a_file": Wording(
        "Đây không phải là một tệp thông thường", "Chỉ đưa vào các tệp ảnh hoặc PDF.",
        "This is not an ordinary file", "Add image or PDF files only."),
    "no_permission": Wording(
        "Không được phép đọc tệp", "Cấp quyền đọc tệp cho người dùng chạy chương trình.",
        "The file may not be read", "Give the user running the program the right to read it."),
    "empty_file": Wording(
        "Tệp rỗng (0 byte)", "Quét lại trang này; lần chép hoặc lần quét trước đã hỏng.",
        "The file is empty (0 bytes)", "Scan this page again; the copy or the scan failed."),
    "file_too_big": Wording(
        "Tệp quá lớn: {size} byte, tối đa {limit} byte", "Quét lại ở 200–300 dpi hoặc tách thành nhiều tệp.",
        "The file is too big: {size} bytes, at most {limit} bytes", "Scan at 200–300 dpi or split it into several files."),
    "too_large": Wording(
        "Ảnh quá lớn: {width} × {height} điểm ảnh, tối đa {limit} điểm ảnh", "Quét lại ở 200–300 dpi; ảnh này không được mở.",
        "The image is too large: {width} × {height} pixels, at most {limit} pixels", "Scan at 200–300 dpi; the image was not opened."),
    "too_small": Wording(
        "Ảnh quá nhỏ: {width} × {height} điểm ảnh", "Đây không phải là một trang sổ; quét lại ở 200–300 dpi.",
        "The image is too small: {width} × {height} pixels", "This is no page; scan at 200–300 dpi."),
    "too_many_pages": Wording(
        "Tệp có quá nhiều trang: hơn {limit} trang", "Tách tệp thành từng quyển hoặc từng phần nhỏ hơn.",
        "The file has too many pages: more than {limit}", "Split it by book or into smaller parts."),
    "wrong_type": Wording(
        "Nội dung không phải JPEG, PNG, TIFF hay PDF (nhận ra: {found})",
        "Lưu lại dưới dạng JPEG, PNG, TIFF hoặc PDF; đổi đuôi tệp thôi thì không được.",
        "The content is not JPEG, PNG, TIFF or PDF (found: {found})", "Save it as JPEG, PNG, TIFF or PDF; renaming is not enough."),
    "bomb": Wording(
        "Tệp bung ra quá lớn so với dung lượng (kiểu “bom nén”), không được mở",
        "Quét lại trang này thành JPEG hoặc TIFF; hỏi người gửi tệp.",
        "The file unpacks to far more than its size (a “decompression bomb”); it was not opened",
        "Scan the page again as JPEG or TIFF; ask who sent the file."),
    "animated": Wording(
        "Ảnh động không phải là một trang sổ", "Lưu lại thành ảnh tĩnh JPEG, PNG hoặc TIFF.",
        "An animated image is no page", "Save it as a still JPEG, PNG or TIFF."),
    "truncated": Wording(
        "Tệp bị cụt, thiếu phần cuối", "Chép lại từ máy quét hoặc quét lại trang này.",
        "The file is cut short", "Copy it from the scanner again, or scan the page again."),
    "damaged": Wording(
        "Tệp bị hỏng, không mở được", "Quét lại trang này hoặc chép lại tệp gốc.",
        "The file is damaged and cannot be opened", "Scan the page again or copy the original file again."),
    "encrypted": Wording(
        "Tệp PDF đặt mật khẩu", "Lưu lại tệp PDF không có mật khẩu rồi nạp lại.",
        "The PDF asks for a password", "Save it without a password and add it again."),
    "no_pages": Wording(
        "Tệp PDF không có trang nào", "Kiểm tra lại tệp; quét lại nếu cần.",
        "The PDF has no page", "Check the file; scan again if needed."),
    "no_such_page": Wording(
        "Tệp không có trang thứ {frame}", "Kiểm tra lại tệp: nội dung đã thay đổi sau khi nạp.",
        "The file has no page {frame}", "Check the file: it changed after it was added."),
    "too_slow": Wording(
        "Mở trang quá lâu (hơn {seconds} giây)", "Tệp quá phức tạp; hãy quét lại trang thành JPEG hoặc TIFF.",
        "Opening the page took too long (over {seconds} seconds)", "The file is too complex; scan the page as JPEG or TIFF."),
}

BROKEN_PROGRAM: dict[str, Wording] = {
    "program_missing": Wording(
        "Chưa cài chương trình {program}", "Cài bằng lệnh: apt-get install {package}",
        "The program {program} is not installed", "Install it: apt-get install {package}"),
    "language_missing": Wording(
        "Tesseract thiếu ngôn ngữ {language}", "Cài bằng lệnh: apt-get install tesseract-ocr-{language}",
        "Tesseract lacks the language {language}", "Install it: apt-get install tesseract-ocr-{language}"),
    "program_timeout": Wording(
        "{program} chạy quá {seconds} giây", "Máy có thể đang quá tải; chạy lại, hoặc tăng thời gian chờ trong cài đặt.",
        "{program} ran longer than {seconds} seconds", "The machine may be overloaded; run again or raise the time limit in the settings."),
    "program_failed": Wording(
        "{program} báo lỗi: {detail}", "Chạy `sogoc doctor` để kiểm tra máy.",
        "{program} failed: {detail}", "Run `sogoc doctor` to check the machine."),
}


class OcrError(Exception):
    """Base of the room's errors. `code` is stable, `evidence` holds what was found (never a person's data)."""

    wordings: ClassVar[dict[str, Wording]] = {}

    def __init__(self, code: str, **evidence: object) -> None:
        if code not in self.wordings:
            raise KeyError(f"unknown error code {code!r}")
        self.code = code
        self.evidence = dict(evidence)
        super().__init__(f"{code}: {self.what('en')}")

    def __reduce__(self) -> tuple:
        return _restore, (type(self), self.code, self.evidence)

    def _fill(self, text: str) -> str:
        return text.format_map(_Known(self.evidence))

    def what(self, lang: Language = "vi") -> str:
        """What happened, one clause without a full stop."""
        w = self.wordings[self.code]
        return self._fill(w.what_vi if lang == "vi" else w.what_en)

    def remedy(self, lang: Language = "vi") -> str:
        """What the user can do, one sentence."""
        w = self.wordings[self.code]
        return self._fill(w.do_vi if lang == "vi" else w.do_en)

    def message(self, lang: Language = "vi") -> str:
        """What happened and what to do, one line."""
        return f"{self.what(lang)}. {self.remedy(lang)}"


class UnreadableFile(OcrError):
    """A file that is set aside: the codes of `UNREADABLE`."""

    wordings = UNREADABLE


class BrokenProgram(OcrError):
    """An external program (tesseract, poppler) is missing, hung or failed: the codes of `BROKEN_PROGRAM`. The page is not to blame."""

    wordings = BROKEN_PROGRAM


class _Known(dict):
    def __missing__(self, key: str) -> str:
        return "?"


def _restore(kind: type[OcrError], code: str, evidence: dict) -> OcrError:
    return kind(code, **evidence)
