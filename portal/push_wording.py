"""How far a dossier for the Ministry's software is, and what is to be done about it, in words."""
from __future__ import annotations

import re
from collections.abc import Mapping

from portal.wording import Pair, full_label
from storage.ministry_push import errors
from storage.ministry_push.decision import HOLDS
from storage.ministry_push.listing import stage_of
from storage.models import MinistryPush

_CODE = re.compile(r"\b[a-z]+[A-Z]\w*")
STAGES: Mapping[str, Pair] = {
    "refused": ("Bộ không nhận", "Refused by the Ministry"), "stuck": ("Cần người xử lý", "Needs somebody"),
    "held": ("Đang giữ lại", "Held back"), "waiting": ("Chờ gửi", "Waits"), "accepted": ("Đã được tiếp nhận", "Taken by the Ministry"),
    "finished": ("Đã có kết quả", "Has a result"),
}
MODULES: Mapping[str, Pair] = {
    "LTKS": ("Đăng ký khai sinh", "Registration of a birth"), "LTKT": ("Đăng ký khai tử", "Registration of a death"),
    "LTKH": ("Đăng ký kết hôn", "Registration of a marriage"), "BS": ("Xin bản sao trích lục", "Copy of an extract asked for"),
}
RESULT: Mapping[str, Pair] = {
    "soDangKy": ("Số đăng ký", "Number"), "quyenSo": ("Quyển số", "Book"), "trangSo": ("Trang số", "Page"),
    "ngayDangKy": ("Ngày đăng ký", "Day"),
}
_TO_DO: Mapping[str, Pair] = {
    "refused": ("Đọc lý do của Bộ. Nếu sổ ghi sai: lập phiên bản mới của mục theo quyết định cải chính. Nếu danh mục hoặc cấu hình "
                "sai: báo người quản trị. Sửa xong, bấm Gửi lại: máy gửi theo nội dung của sổ lúc đó.",
                "Read the Ministry's reason. If the register is wrong, make a later version of the entry by a decision; if a list or a "
                "setting is, tell the administrator. Then send again: what the register says at that time is sent."),
    "held": ("Máy không gửi hồ sơ này. Khi gửi được, bấm Gửi lại.", "It is not sent. Send again when it can be."),
    "waiting": ("Máy tự gửi; anh/chị không phải làm gì. Cần dừng thì bấm Giữ lại.", "It is sent by itself. Hold it back if need be."),
    "accepted": ("Bộ đã tiếp nhận. Máy tự hỏi kết quả; không gửi lại.", "The Ministry has it; its result is asked for by itself."),
    "finished": ("Không phải làm gì nữa.", "Nothing is left to do."),
}
_STUCK: Mapping[str, Pair] = {
    errors.AccessRefused.code: ("Bộ không nhận tài khoản kết nối. Báo người quản trị kiểm tra ministry.account và ministry.secret_file, "
                                "rồi bấm Gửi lại.", "The account is refused: have ministry.account and ministry.secret_file checked, then "
                                "send again."),
    errors.BadDossier.code: ("Không còn bản sao có chữ ký số để gửi kèm. Báo người quản trị kiểm tra gói lưu trữ của mục, rồi bấm Gửi lại.",
                             "Its signed copy is not there: have the entry's archive package checked, then send again."),
}
_NOT_CONNECTED: Pair = ("Hỏi người quản trị: chưa cấu hình kết nối với phần mềm của Bộ, nên chưa gửi gì. Kết nối xong, máy tự gửi.",
                        "Ask the administrator: the connection is not configured, so nothing was sent. Once it is, it is sent by itself.")
DONE: Mapping[str, Pair] = {        # what was done on the dossier's page
    "decided": ("Đã đưa vào danh sách gửi.", "It is on the list."),
    "again": ("Đã xếp hồ sơ lên đầu hàng gửi.", "The dossier is first in the line."),
    "hold": ("Đã giữ lại hồ sơ.", "The dossier is held back."),
}
_UNREACHABLE: Pair = ("Đã thử nhiều lần mà Bộ không trả lời. Báo người quản trị kiểm tra mạng và ministry.url, rồi bấm Gửi lại.",
                      "It was tried many times: have the network and ministry.url checked, then send again.")


def reasons(push: MinistryPush) -> list[Pair]:
    """The Ministry's own lines, with the name of each field before its code: `Người được khai sinh: dân tộc (nksDanToc) …`."""
    return [(_named(str(line), 0), _named(str(line), 1)) for line in push.said]


def _named(line: str, at: int) -> str:
    def name(found: re.Match[str]) -> str:
        label = full_label(found[0])[at]
        return found[0] if label == found[0] else f"{label} ({found[0]})"
    return _CODE.sub(name, line)


def to_do(push: MinistryPush, connected: bool = True) -> Pair:
    """What a person is to do about it; connected: to the Ministry's software."""
    stage = stage_of(push)
    if stage == "waiting" and not connected:
        return _NOT_CONNECTED
    return _STUCK.get(push.problem or "", _UNREACHABLE) if stage == "stuck" else _TO_DO[stage]


def why(push: MinistryPush) -> Pair | None:
    """Why it is where it is, short; None where there is nothing to say. The Ministry's own lines are not in it."""
    code = push.problem or ""
    if stage_of(push) == "stuck" and code == errors.Unreachable.code:       # it is not tried again by itself
        return "đã thử nhiều lần, Bộ không trả lời", "tried many times without an answer"
    return HOLDS.get(code) or errors.PROBLEMS.get(code)
