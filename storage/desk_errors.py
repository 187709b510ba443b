"""What the commune's desk can refuse: a stable code, the evidence, and what the person can do."""
from __future__ import annotations

from storage.errors import StorageError


class BookSent(StorageError):
    code = "book_sent"
    vi = "Quyển {batch} đã gửi lên tỉnh nên đang khóa. Muốn sửa, đề nghị tỉnh trả lại quyển."
    en = "Book {batch} has been sent to the province and is locked. To change it, ask the province to return it."


class BookElsewhere(StorageError):
    """Whoever may see a book hangs on its commune, so taking its pages in once more does not change it."""

    code = "book_elsewhere"
    vi = ("Quyển {batch} đã thuộc xã khác ({commune}) hoặc đã có mục lưu trữ, nên không chuyển sang xã {asked}. Chưa thay đổi gì; "
          "bỏ --commune để nạp thêm trang.")
    en = "Book {batch} belongs to another commune ({commune}) or has archived entries and is not moved to {asked}. Nothing was changed."


class PageDecided(StorageError):
    code = "page_decided"
    vi = "Trang này có mục số {numbers} đã được người sửa hoặc xác nhận, nên không đọc lại. Hoàn tác trong Rà soát rồi làm lại."
    en = "A person has corrected or verified entry {numbers} of this page, so it is not read anew. Undo that in review first."


class NoPageChange(StorageError):
    code = "no_page_change"
    vi = "Không làm được với trang này: {what}."
    en = "That cannot be done to this page: {what}."


class NothingToTakeBack(StorageError):
    code = "nothing_to_take_back"
    vi = "Không còn thay đổi nào của quyển này để hoàn tác."
    en = "No change of this book is left to undo."


class WrongStep(StorageError):
    code = "wrong_step"
    vi = "Quyển đang ở bước «{state}», không làm được việc này. Tải lại trang để xem bước hiện tại."
    en = "The book stands at “{state}”, so this cannot be done. Reload the page to see where it is."


class BookIncomplete(StorageError):
    code = "book_incomplete"
    vi = "Chưa gửi được: còn {count} chỗ chưa rõ. Xem mục «Đã đủ chưa», chụp bổ sung hoặc ghi lý do từng chỗ."
    en = "Not sent: {count} things are open. See “Is it complete”: add the pages, or give a reason for each."


class ReasonNeeded(StorageError):
    code = "reason_needed"
    vi = "Hãy ghi lý do để người nhận biết phải làm gì."
    en = "Give a reason, so that whoever gets it knows what to do."


class BookExists(StorageError):
    code = "book_exists"
    vi = "Đã có quyển {batch}. Mở quyển đó để thêm trang, hoặc đặt tên khác."
    en = "There already is a book {batch}. Open it to add pages, or choose another name."
