"""What can be refused in extracts: a stable code, the evidence, and what the person can do."""
from __future__ import annotations

from storage.errors import StorageError


class NoSuchExtract(StorageError):
    code = "no_such_extract"
    vi = "Không có trích lục {extract}, hoặc thuộc nơi khác."
    en = "There is no extract {extract}, or it belongs elsewhere."


class NoSuchRecord(StorageError):
    code = "no_such_record"
    vi = "Không tìm thấy đúng một mục đã lưu trữ với các thông tin này (thấy {found}). Kiểm tra loại sổ, số, ngày đăng ký, họ tên."
    en = "Not exactly one archived record fits (found {found}). Check kind, number, date of registration and name."


class NoFormInForce(StorageError):
    code = "no_form_in_force"
    vi = "Chưa có mẫu trích lục cho loại sổ {kind} vào ngày {day}. Chỉ cấp cho khai sinh, kết hôn, khai tử, nhận cha, mẹ, con."
    en = "There is no form of extract for kind {kind} on {day}. Extracts are of births, marriages, deaths and parentage only."


class RequestDiffers(StorageError):
    code = "request_differs"
    vi = "Khóa yêu cầu này đã dùng cho một yêu cầu khác. Gửi lại với khóa mới (Idempotency-Key)."
    en = "This key was used for another request. Send it with a new Idempotency-Key."


class WrongState(StorageError):
    code = "wrong_state"
    vi = "Không làm được bước này vì trích lục đang ở bước khác ({state}). Tải lại trang."
    en = "This step cannot be done: the extract is at another one ({state}). Load the page again."


class NotASigner(StorageError):
    code = "not_a_signer"
    vi = "Tài khoản {actor} chưa được khai báo là người ký trích lục. Nhờ người quản trị ghi vào [extracts.signers] trong sogoc.toml."
    en = "Account {actor} is not set up as a signer of extracts. Ask the administrator for an entry in [extracts.signers] of sogoc.toml."


class RecordChanged(StorageError):
    code = "record_changed"
    vi = "Bản ghi đã có phiên bản mới (cải chính, thay đổi) sau khi ký. Hủy trích lục này rồi lập lại."
    en = "The record got a later version (a correction) after signing. Cancel this extract and make it anew."


class ReasonNeeded(StorageError):
    code = "reason_needed"
    vi = "Hãy ghi lý do từ chối hoặc hủy (5 đến 500 ký tự)."
    en = "Say why it is refused or cancelled (5 to 500 characters)."


class NoAgency(StorageError):
    code = "no_extract_agency"
    vi = "Chưa khai báo cơ quan cấp trích lục (tên và mã). Đặt archive.agency_name, archive.agency_code hoặc [extracts.agencies]."
    en = "The agency that issues extracts has no name or code. Set archive.agency_name, archive.agency_code or [extracts.agencies]."


class DoesNotFit(StorageError):
    code = "extract_does_not_fit"
    vi = "Trích lục dài hơn {pages} trang, không lập được. Kiểm tra các ô có nội dung quá dài."
    en = "The extract would be longer than {pages} pages. Check the record for values that are too long."
