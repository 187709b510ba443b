"""What pushing to the Ministry's software can run into: a stable code, the evidence, and what the person can do."""
from __future__ import annotations

from collections.abc import Mapping

from storage.errors import StorageError


class PushError(StorageError):
    """Base of this page."""


class BadEndpoints(PushError):
    code = "bad_endpoints"
    vi = "Tệp địa chỉ kết nối {file} không đúng: {cause}."
    en = "The file of endpoints {file} is not right: {cause}."


class NoEndpoint(PushError):
    code = "no_endpoint"
    vi = "Ngày {day} chưa có địa chỉ nhận hồ sơ {module}. Hồ sơ vẫn được giữ; khi có địa chỉ mới, ghi vào tệp ministry.endpoints."
    en = "No endpoint takes {module} on {day}. Dossiers are kept; put the new address into the file ministry.endpoints."


class NotConnected(PushError):
    code = "ministry_not_connected"
    vi = "Chưa khai báo kết nối phần mềm hộ tịch của Bộ (ministry.url)."
    en = "The Ministry's software is not connected (ministry.url)."


class Unreachable(PushError):
    code = "ministry_unreachable"
    vi = "Phần mềm hộ tịch của Bộ chưa trả lời ({cause}). Chương trình sẽ tự gửi lại."
    en = "The Ministry's software does not answer ({cause}). It is tried again by itself."


class AccessRefused(PushError):
    code = "ministry_access"
    vi = "Phần mềm hộ tịch của Bộ không nhận tài khoản kết nối ({cause}). Kiểm tra ministry.account và ministry.secret_file."
    en = "The Ministry's software does not accept our account ({cause}). Check ministry.account and ministry.secret_file."


class DossierRefused(PushError):
    code = "dossier_refused"
    vi = "Phần mềm hộ tịch của Bộ không nhận hồ sơ: {lines}. Sửa rồi gửi lại: sogoc push retry {dossier}."
    en = "The Ministry's software refuses the dossier: {lines}. Mend it, then: sogoc push retry {dossier}."

    @property
    def lines(self) -> list[str]:
        return list(self.evidence["lines"])


class DossierKnown(PushError):
    code = "dossier_known"
    vi = "Mã hồ sơ {dossier} đã dùng cho mục khác hoặc việc khác. Mỗi mã hồ sơ chỉ gửi một lần."
    en = "Dossier {dossier} was used for another entry or another purpose. A dossier code is sent once."


class BadDossier(PushError):
    code = "bad_dossier"
    vi = "Không gửi được hồ sơ: {what}."
    en = "The dossier cannot be sent: {what}."


class NoSuchPush(PushError):
    code = "no_such_push"
    vi = "Không có hồ sơ {dossier} trong danh sách gửi Bộ."
    en = "There is no dossier {dossier} among those for the Ministry."


# What a row's `problem` says, short, without the evidence: Vietnamese, English.
PROBLEMS: Mapping[str, tuple[str, str]] = {
    NoEndpoint.code: ("chưa có địa chỉ nhận trong thời gian này", "no endpoint in force"),
    Unreachable.code: ("chưa kết nối được, sẽ tự gửi lại", "unreachable; tried again by itself"),
    AccessRefused.code: ("tài khoản kết nối không được nhận", "account refused"),
    DossierRefused.code: ("Bộ không nhận vì lỗi dữ liệu", "refused for its data"),
    BadDossier.code: ("thiếu tệp kèm theo", "a file is missing"),
}
