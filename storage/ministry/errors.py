"""The errors of the Ministry's delivery and import."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage.errors import StorageError

if TYPE_CHECKING:
    from storage.ministry.report import Report


class DeliveryFallsShort(StorageError):
    """The check sheet is written, nothing else is. report: what it says."""

    code = "delivery_falls_short"
    vi = "Chưa giao nộp được: {entries} bản ghi còn {findings} điểm chưa đạt. Xem {file}; sửa rồi xuất lại, hoặc thêm --allow-findings."
    en = "Not delivered: {entries} records fall short in {findings} points. See {file}; mend and export again, or add --allow-findings."

    def __init__(self, report: Report, **evidence: Any) -> None:
        super().__init__(**evidence)
        self.report = report


class NothingToDeliver(StorageError):
    code = "nothing_to_deliver"
    vi = "Chưa có bản ghi nào đã xác nhận để giao nộp. Xác nhận trong cổng rà soát trước, hoặc thêm --drafts để thử."
    en = "No record is verified, so there is nothing to deliver. Verify in the review pages first, or add --drafts to try."


class NotMinistrySheet(StorageError):
    code = "not_ministry_sheet"
    vi = "Tệp {file} không phải Excel hộ tịch theo mẫu của Bộ: {cause}. Hàng tiêu đề phải có các mã cột như so, quyenSo, nksHoTen."
    en = "{file} is not an Excel of the Ministry's template: {cause}. The heading row must have column codes such as so, quyenSo, nksHoTen."


class ZipUnreadable(StorageError):
    code = "zip_unreadable"
    vi = "Không mở được tệp ZIP {file}: {cause}. Chép lại tệp rồi chạy lại; các hàng Excel chưa bị thay đổi gì."
    en = "Cannot open the ZIP {file}: {cause}. Copy it again and run once more; nothing was changed."


class TypistUnknown(StorageError):
    code = "typist_unknown"
    vi = "Nhập ở trạng thái đã xác nhận thì phải nêu ai đã nhập và đối chiếu: --typed-by."
    en = "To take records in as verified, say who typed and compared them: --typed-by."


ALL_MINISTRY_ERRORS = (DeliveryFallsShort, NothingToDeliver, NotMinistrySheet, ZipUnreadable, TypistUnknown)
