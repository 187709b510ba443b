"""Why a page was set aside, in words a clerk understands. `Page.reason` holds the code, `Page.detail` the evidence as JSON."""
from __future__ import annotations

import json
from typing import Any

from ocr.errors import BROKEN_PROGRAM, UNREADABLE, Language, Wording

INTAKE: dict[str, Wording] = {
    "symlink": Wording(
        "Đây là liên kết (symlink), không phải tệp", "Chép tệp ảnh thật vào thư mục.",
        "This is a symbolic link, not a file", "Copy the real image file into the folder."),
    "unsafe_name": Wording(
        "Tên tệp trỏ ra ngoài thư mục (có ../)", "Đổi tên tệp, ví dụ KS.2017.01.001.jpg, rồi nạp lại.",
        "The file name points outside the folder (it has ../)", "Rename it, for example KS.2017.01.001.jpg, and add the folder again."),
    "duplicate": Wording(
        "Trùng hoàn toàn với tệp {same_as}", "Không cần làm gì; nếu đây phải là trang khác thì quét lại.",
        "Exactly the same as {same_as}", "Nothing to do; if it should be another page, scan that page."),
    "name_conflict": Wording(
        "Trong sổ đã có trang tên {taken_by} với nội dung khác", "Trang mới thì đổi tên tệp; bản quét lại thì loại trang cũ trước.",
        "The book already has a page named {taken_by} with other content", "Rename a new page; for a rescan, reject the old page first."),
    "subfolder": Wording(
        "Thư mục con, không nạp ({files} tệp bên trong)", "Nạp thư mục con như một quyển sổ riêng.",
        "A folder inside the folder, not taken ({files} files in it)", "Add it as a book of its own."),
    "bad_batch_json": Wording(
        "Tệp batch.json không đúng: {problem}", "Sửa lại hoặc xóa batch.json rồi nạp lại.",
        "batch.json is not right: {problem}", "Mend or remove it and add the folder again."),
    "infected": Wording(
        "Máy quét vi-rút thấy «{name}» trong tệp; tệp không được mở",
        "Kiểm tra máy quét và USB bằng phần mềm diệt vi-rút, rồi quét lại trang này. Báo người phụ trách an toàn thông tin.",
        "The virus scanner found “{name}” in the file; it was not opened",
        "Check the scanner's computer and the USB stick for viruses, then scan the page again. Tell the security officer."),
    "virus_scan_missing": Wording(
        "Chưa quét được vi-rút ({why_vi}) nên tệp chưa được mở",
        "Chờ máy quét vi-rút chạy lại rồi nạp lại đúng tệp này; báo quản trị viên.",
        "No virus scan was possible ({why_en}), so the file was not opened",
        "Add the same file again once the scanner runs; tell the administrator."),
    "changed": Wording(
        "Tệp thay đổi trong khi đang nạp", "Chờ máy quét xong rồi nạp lại thư mục.",
        "The file changed while it was taken in", "Wait for the scanner to finish and add the folder again."),
}

READING: dict[str, Wording] = {
    "ink_without_text": Wording(
        "Trang có nét mực nhưng không đọc được chữ nào", "Quét lại rõ hơn, hoặc nhập tay trang này.",
        "The page has ink but no text could be read", "Scan it more clearly, or enter the page by hand."),
    "reader_stopped": Wording(
        "Chương trình đọc dừng đột ngột ở trang này ({detail})", "Quét lại thành JPEG 200–300 dpi; nếu vẫn lỗi thì báo người quản trị.",
        "The reader stopped at this page ({detail})", "Scan it as JPEG at 200–300 dpi; if it happens again tell the administrator."),
    "reader_too_slow": Wording(
        "Đọc trang này quá {seconds} giây", "Quét lại trang thành JPEG 200–300 dpi.",
        "Reading the page took more than {seconds} seconds", "Scan it as JPEG at 200–300 dpi."),
    "rejected": Wording(
        "Cán bộ rà soát đã loại trang: {note}", "Quét lại trang nếu cần.",
        "A reviewer rejected the page: {note}", "Scan it again if needed."),
}

DESK: dict[str, Wording] = {      # marks of storage.page_work: nothing is wrong
    "blank": Wording("Trang trắng", "Không cần làm gì.", "A blank page", "Nothing to do."),
    "void": Wording("Trang đã hủy hoặc ảnh thừa", "Không cần làm gì.", "Void, or a picture too many", "Nothing to do."),
    "cover_sheet": Wording("Tờ bìa có mã, không phải trang sổ", "Không cần làm gì.", "The printed sheet, no page of the book",
                           "Nothing to do."),
    "replaced": Wording("Đã có ảnh chụp lại thay", "Không cần làm gì.", "Taken again, another picture is in its place",
                        "Nothing to do."),
}

REASONS: dict[str, Wording] = {**UNREADABLE, **BROKEN_PROGRAM, **INTAKE, **READING, **DESK}


def evidence_text(evidence: dict[str, Any]) -> str:
    """The evidence as it is kept in `Page.detail`; never a person's data."""
    return json.dumps(evidence, ensure_ascii=False, sort_keys=True, default=str)


def explain(reason: str | None, detail: str | None, lang: Language = "vi") -> str:
    """One line: what happened and what to do. Free text in `detail` (a reviewer's note) is shown as it is."""
    try:
        evidence = json.loads(detail or "{}")
        if not isinstance(evidence, dict):
            evidence = {"note": detail}
    except ValueError:
        evidence = {"note": detail}
    wording = REASONS.get("rejected" if (reason or "").startswith("rejected") else reason or "")
    if wording is None:
        return f"{reason or '?'}: {detail or ''}".rstrip(": ")
    what, remedy = (wording.what_vi, wording.do_vi) if lang == "vi" else (wording.what_en, wording.do_en)
    known = _Known(evidence)
    return f"{what.format_map(known)}. {remedy.format_map(known)}"


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"
