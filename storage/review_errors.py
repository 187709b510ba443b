"""What can be refused in accounts and in review: a stable code, the evidence, and what the person can do."""
from __future__ import annotations

from typing import ClassVar

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
    exit_code = 2
    vi = "Không dùng được {what}."
    en = "Cannot use {what}."


class BadName(BadAccount):
    code = "bad_name"
    vi = "Không dùng được {what}. Tên chỉ gồm chữ thường không dấu, số, dấu . _ -"
    en = "Cannot use {what}. Names have lower-case ASCII letters, digits and . _ - only."


class NoSuchGrant(BadAccount):
    code = "no_such_grant"
    vi = "Tài khoản {name} không có quyền số {number}. Xem số của các quyền: sogoc user list"
    en = "Account {name} has no right number {number}. See the rights' numbers: sogoc user list"


class AccountNotBound(StorageError):
    code = "account_not_bound"
    vi = "Tên {name} chưa được phép đăng nhập một lần ở đây. Đề nghị người quản trị tạo tài khoản đăng nhập một lần cho anh/chị."
    en = "{name} may not sign in by single sign-on here yet. Ask the administrator for a single sign-on account."


class WrongPassword(StorageError):
    code = "wrong_password"
    vi = "Mật khẩu hiện tại không đúng."
    en = "The present password is not right."


class ScopeMissing(StorageError):
    code = "scope_missing"
    vi = "Hãy chọn cả tỉnh, hoặc chọn ít nhất một xã."
    en = "Choose the whole province, or at least one commune."


class AccountOff(StorageError):
    code = "account_off"
    vi = "Tài khoản {name} đã ngừng. Hãy hỏi người quản trị."
    en = "Account {name} is switched off. Ask the administrator."


class OwnAccount(StorageError):
    code = "own_account"
    vi = "Không tự ngừng tài khoản hay bớt quyền của chính mình. Nhờ một người quản trị khác."
    en = "Nobody switches off their own account or takes away their own rights. Ask another administrator."


class LastAdministrator(StorageError):
    code = "last_administrator"
    vi = "Đây là người quản trị cuối cùng. Hãy trao quyền quản trị toàn tỉnh cho người khác trước."
    en = "This is the last administrator. Make somebody else an administrator of the whole province first."


class WeakPassword(StorageError):
    """reason: short, repeated, sequence, name, common or used_before."""

    code = "weak_password"
    vi = "{why} Mật khẩu cần ít nhất {length} ký tự, không chứa tên, không phải từ nhiều người dùng. Nên ghép vài từ không liên quan."
    en = "{why} A password needs at least {length} characters, no name in it, and no word that many use. Take a few unrelated words."

    _WHY: ClassVar[dict[str, tuple[str, str]]] = {
        "short": ("Mật khẩu quá ngắn.", "The password is too short."),
        "repeated": ("Mật khẩu lặp lại một đoạn.", "The password repeats itself."),
        "sequence": ("Mật khẩu là dãy phím hay dãy số liền nhau.", "The password is a row of keys or figures."),
        "name": ("Mật khẩu chứa tên của anh/chị.", "The password has your name in it."),
        "common": ("Nhiều người dùng mật khẩu này.", "Many people use this password."),
        "used_before": ("Mật khẩu này đã dùng trước đây.", "This password was used before."),
    }

    def message(self, lang: str = "vi") -> str:
        why = self._WHY.get(str(self.evidence.get("reason")), ("Mật khẩu này không dùng được.", "This password cannot be used."))
        self.evidence["why"] = why[0 if lang == "vi" else 1]
        return super().message(lang)


class NotAllowed(StorageError):
    code = "not_allowed"
    vi = "Tài khoản {actor} không có quyền làm việc này."
    en = "Account {actor} may not do this."


class NoSuchAlert(StorageError):
    code = "no_such_alert"
    vi = "Không có cảnh báo {alert}, hoặc cảnh báo này đã xử lý xong."
    en = "There is no alert {alert}, or it is closed already."


class GatewayKeyTaken(StorageError):
    code = "gateway_key_taken"
    vi = "Mã AccessKey {key} đã đăng ký cho hệ thống {client}. Gỡ ra trước: sogoc client gateway remove {key}."
    en = "AccessKey {key} is registered for client {client}. Remove it first: sogoc client gateway remove {key}."


class SeveralCommunes(StorageError):
    code = "several_communes"
    vi = "Tài khoản {actor} làm cho nhiều xã: hãy chọn xã của quyển sổ này."
    en = "Account {actor} works for several communes: choose the commune of this book."


class OtherKind(StorageError):
    code = "other_kind"
    vi = "Hãy chọn loại sổ. Tài khoản này chỉ đưa vào được sổ loại: {kinds}."
    en = "Say what kind of register it is. This account may bring in only: {kinds}."


class NoSuchEntry(StorageError):
    code = "no_such_entry"
    vi = "Không có mục {entry}, hoặc mục thuộc đơn vị khác."
    en = "There is no entry {entry}, or it belongs to another unit."


class NoSuchRole(StorageError):
    code = "no_such_role"
    exit_code = 2
    vi = "Mục {entry} không có người nào là “{role}”; có: {roles}."
    en = "Entry {entry} has nobody who is “{role}”; there are: {roles}."


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


class PageSetAside(StorageError):
    code = "page_set_aside"
    vi = "Trang của mục này đã được để riêng, không sửa được nữa. Nếu loại nhầm, người đã loại bấm hoàn tác."
    en = "The page of this entry was set aside, so the entry cannot be changed. Whoever rejected it by mistake can undo it."


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


class NotProposed(StorageError):
    code = "not_proposed"
    vi = "Người đứng đầu danh sách đã đổi, hoặc phải tự chọn. Hãy xem lại rồi bấm số để chọn."
    en = "The person listed first has changed, or has to be chosen. Look again and press a number."


class EmptyComment(StorageError):
    code = "empty_comment"
    vi = "Ghi chú còn trống."
    en = "The note is empty."


class DecisionOfAnother(StorageError):
    code = "decision_of_another"
    vi = "Quyết định này do người khác gửi, không gửi lại được."
    en = "This decision was sent by somebody else and cannot be sent again."


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
