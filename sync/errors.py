"""Every error of the sync room, on one page: a stable code, the evidence, and what the user can do (Vietnamese first)."""
from __future__ import annotations

from typing import Any, ClassVar


class SyncError(Exception):
    """Base of all sync errors. `code` is stable and goes over the wire; `evidence` is plain data without personal values."""

    code: ClassVar[str] = "sync_error"
    vi: ClassVar[str] = "Lỗi gửi nhận tệp."
    en: ClassVar[str] = "The exchange failed."

    def __init__(self, **evidence: Any) -> None:
        self.evidence = evidence
        super().__init__(f"{self.code}: {self.message('en')}")

    def message(self, lang: str = "vi") -> str:
        """One line for a person, in `vi` or `en`."""
        return (self.vi if lang == "vi" else self.en).format_map(_Evidence(self.evidence))


class _Evidence(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


class BadManifest(SyncError):
    code = "bad_manifest"
    vi = "Danh sách tệp gửi lên không hợp lệ ({what}). Bắt đầu lại."
    en = "The list of files is not valid ({what}). Start again."


class TooManyFiles(SyncError):
    code = "too_many_files"
    vi = "Quá nhiều tệp trong một lần gửi ({found}, nhiều nhất {most}). Chia thành nhiều lần."
    en = "Too many files at once ({found}, at most {most}). Split them."


class UploadTooBig(SyncError):
    code = "upload_too_big"
    vi = "Tổng dung lượng quá lớn ({found} byte, nhiều nhất {most}). Chia thành nhiều lần gửi."
    en = "Too much at once ({found} bytes, at most {most}). Split it."


class FileTooBig(SyncError):
    code = "file_too_big"
    vi = "Tệp {file} quá lớn ({found} byte, nhiều nhất {most}). Quét lại ở 200–300 dpi hoặc tách thành nhiều tệp."
    en = "File {file} is too big ({found} bytes, at most {most}). Scan at 200–300 dpi or split it."


class TooManyUploads(SyncError):
    code = "too_many_uploads"
    vi = "Đang có {found} lần gửi dở dang. Gửi xong hoặc hủy bớt rồi gửi tiếp."
    en = "{found} uploads are unfinished. Finish or cancel some first."


class UnknownUpload(SyncError):
    code = "unknown_upload"
    vi = "Lần gửi này không còn trên máy chủ (quá hạn hoặc đã hủy). Gửi lại danh sách tệp để tiếp tục."
    en = "This upload is no longer there (expired or cancelled). Send the manifest again to go on."


class UnknownChunk(SyncError):
    code = "unknown_chunk"
    vi = "Đoạn tệp gửi lên không có trong danh sách đã thống nhất."
    en = "That chunk is not in the agreed manifest."


class DamagedChunk(SyncError):
    code = "damaged_chunk"
    vi = "Đoạn tệp bị hỏng trên đường gửi (cần {expected}, nhận {found}). Gửi lại đoạn này."
    en = "The chunk was damaged on its way (expected {expected}, got {found}). Send it again."


class Incomplete(SyncError):
    code = "incomplete"
    vi = "Còn thiếu {missing} đoạn. Gửi nốt rồi kết thúc lại."
    en = "{missing} chunks are missing. Send them, then finish again."


class ManifestWrong(SyncError):
    code = "manifest_wrong"
    vi = "Tệp số {number} ghép lại không đúng mã đã khai. Tệp đã thay đổi khi đang gửi: chọn lại tệp rồi gửi."
    en = "File {number} put together is not what the manifest says. It changed while being sent: choose it again."


class DiskFull(SyncError):
    code = "disk_full"
    vi = "Máy chủ hết chỗ lưu. Báo người quản trị."
    en = "The server is out of space. Tell the administrator."


class SourceChanged(SyncError):
    code = "source_changed"
    vi = "Tệp {file} thay đổi khi đang gửi. Đợi quét xong rồi chạy lại lệnh."
    en = "File {file} changed while being sent. Let the scanner finish, then run the command again."


class Unreachable(SyncError):
    """The other side does not answer; worth trying again."""

    code = "unreachable"
    vi = "Không liên lạc được với {url}: {cause}. Phần đã gửi vẫn còn; chạy lại lệnh để gửi tiếp."
    en = "Cannot reach {url}: {cause}. What was sent is kept; run the command again to go on."


class Refused(SyncError):
    """The other side said no; trying again does not help. other: its code."""

    code = "refused"
    vi = "Máy chủ từ chối ({other}): {said}"
    en = "The server refused ({other}): {said}"


class BadReceipt(SyncError):
    code = "bad_receipt"
    vi = "Biên nhận không hợp lệ: {why}"
    en = "The receipt is not valid: {why}"


class CollectorAway(SyncError):
    """The collector of logs did not take what was sent to it; it is sent again."""

    code = "collector_away"
    vi = "Máy thu nhật ký {where} không nhận: {cause}. Chưa dòng nào mất; sẽ gửi lại."
    en = "The log collector {where} did not take it: {cause}. Nothing is lost; it is sent again."
