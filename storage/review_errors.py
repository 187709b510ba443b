"""What can be refused in accounts and in review: a stable code, the evidence, and what the person can do."""
from __future__ import annotations

from storage.errors import StorageError


class AccountExists(StorageError):
    code = "account_exists"
    vi = "Đã có tài khoản {name}. Chọn tên khác."
    en = "There already is an account {name}. Choose another name."


class UnknownAccount(StorageError):
    code = "unknown_account"
    vi = "Không có tài khoản {name}."
    en = "There is no account {name}."


class BadAccount(StorageError):
    code = "bad_account"
    vi = "Không dùng được {what}. Tên chỉ gồm chữ thường không dấu, số, dấu . _ -"
    en = "Cannot use {what}. Names have lower-case ASCII letters, digits and . _ - only; see the list of roles and scopes."


class WeakPassword(StorageError):
    code = "weak_password"
    vi = "Mật khẩu cần ít nhất {length} ký tự, không lặp một chữ và không chứa tên đăng nhập."
    en = "A password needs at least {length} characters, more than one letter, and not the login name."


class NotAllowed(StorageError):
    code = "not_allowed"
    vi = "Tài khoản {actor} không có quyền làm việc này."
    en = "Account {actor} may not do this."


class NoSuchEntry(StorageError):
    code = "no_such_entry"
    vi = "Không có mục {entry}, hoặc mục thuộc đơn vị khác."
    en = "There is no entry {entry}, or it belongs to another unit."


class NoSuchDossier(StorageError):
    code = "no_such_dossier"
    vi = "Không có hồ sơ {dossier}, hoặc hồ sơ thuộc đơn vị khác."
    en = "There is no dossier {dossier}, or it belongs to another unit."


class LeasedByOther(StorageError):
    code = "leased_by_other"
    vi = "{holder} đang xem mục này đến {until}. Hãy làm mục khác."
    en = "{holder} is working on this entry until {until}. Take another one."


class ChangedMeanwhile(StorageError):
    code = "changed_meanwhile"
    vi = "Mục này vừa được thay đổi ở nơi khác. Tải lại trang rồi làm tiếp."
    en = "This entry was changed elsewhere in the meantime. Reload the page and go on."


class AlreadyDecided(StorageError):
    code = "already_decided"
    vi = "Mục này đã ở trạng thái {status}, không sửa được nữa. Hoàn tác trước nếu chưa lưu trữ."
    en = "This entry is {status} and cannot be changed. Undo first, while it is not archived."


class LinksUndecided(StorageError):
    code = "links_undecided"
    vi = "Chưa chọn người cho: {roles}."
    en = "No person chosen yet for: {roles}."


class FindingsOpen(StorageError):
    code = "findings_open"
    vi = "Còn {count} điều mâu thuẫn. Nếu trong sổ ghi đúng như vậy, xác nhận một lần nữa."
    en = "{count} contradictions are left. If the book really says so, confirm once more."


class NoSuchField(StorageError):
    code = "no_such_field"
    vi = "Không sửa được ô {field} của mục này."
    en = "Field {field} of this entry cannot be edited."


class NoSuchCandidate(StorageError):
    code = "no_such_candidate"
    vi = "Số định danh đã chọn không có trong dữ liệu dân cư đang dùng."
    en = "The chosen personal number is not in the current population data."


class BadReason(StorageError):
    code = "bad_reason"
    vi = "Hãy chọn một lý do trả lại trang."
    en = "Choose a reason for rejecting the page."


class NothingToUndo(StorageError):
    code = "nothing_to_undo"
    vi = "Không còn gì để hoàn tác, hoặc mục đã được lưu trữ."
    en = "There is nothing left to undo, or the entry has been archived."


class BadCheckPolicy(StorageError):
    code = "bad_check_policy"
    vi = "Quy định kiểm tra không dùng được: {what}."
    en = "This check policy cannot be used: {what}."


class NoSecondCheck(StorageError):
    code = "no_second_check"
    vi = "Mục {entry} không chờ kiểm tra lần hai, hoặc đã được kiểm tra xong."
    en = "Entry {entry} does not wait for a second check, or has had it."


class HadAHand(StorageError):
    code = "had_a_hand"
    vi = "Anh/chị đã làm hoặc đã xem bước trước của mục {entry}. Người khác phải kiểm tra mục này."
    en = "You did an earlier step of entry {entry}, or have seen it. Somebody else must check it."


class NoDifference(StorageError):
    code = "no_difference"
    vi = "Mục {entry} không có khác biệt nào chờ quyết định."
    en = "Entry {entry} has no difference that waits for a decision."


class DifferencesOpen(StorageError):
    code = "differences_open"
    vi = "Còn {count} ô khác nhau chưa chọn."
    en = "{count} differing fields are not decided yet."


class LaterStepStands(StorageError):
    code = "later_step_stands"
    vi = "Người sau đã kiểm tra mục {entry}. Người ấy phải hoàn tác bước của mình trước."
    en = "Somebody has checked entry {entry} after you. They must undo their step first."
