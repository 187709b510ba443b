"""What a value rests on, in words for the person who checks it: the evidence ids of the reader (records.record.FieldValue.evidence)."""
from __future__ import annotations

from collections.abc import Iterable, Mapping

Pair = tuple[str, str]
EVIDENCE: Mapping[str, Pair] = {
    "lattice": ("nét chữ", "the handwriting"),
    "free-text": ("chữ đọc được, không có trong danh mục", "the letters alone, on no list"),
    "list": ("danh mục", "a list of values"),
    "name-tokens": ("tên thường gặp", "names in use"),
    "name": ("họ tên của người đó", "the person's name"),
    "same-person": ("cùng người với ô khác", "the same person in another field"),
    "gazetteer": ("danh mục địa danh", "the list of places"),
    "address": ("cách ghi địa chỉ", "how addresses are written"),
    "structure": ("cấu tạo của số", "how such numbers are made up"),
    "personal-number": ("số định danh", "the personal number"),
    "date-words": ("ngày ghi bằng chữ", "the date in words"),
    "event-date": ("ngày xảy ra việc", "the day of the event"),
    "registration-date": ("ngày đăng ký", "the day of registration"),
    "dates": ("hai ngày trong mục", "two dates of the entry"),
    "file-name": ("tên tệp", "the file's name"),
    "declared": ("thông tin khai khi nộp sổ", "what was said of the book"),
    "sequence": ("thứ tự các mục trong sổ", "the order of entries in the book"),
    "out-of-sequence": ("lệch thứ tự các mục bên cạnh", "out of order with the entries beside it"),
    "book": ("các mục khác trong sổ", "other entries of the book"),
    "ditto": ("như dòng trên", "as in the row above"),
    "tick": ("ô đánh dấu", "a ticked square"),
    "no-ink": ("không có nét mực", "no ink"),
    "struck-out": ("bị gạch bỏ", "struck out"),
    "unconfirmed": ("cần người xác nhận", "for a person to confirm"),
    "reviewer": ("người đã xem", "a person"),
}


def evidence_words(ids: Iterable[str]) -> tuple[Pair, ...]:
    """The words in the order of the ids; an id of another version that has none here is shown as it is."""
    return tuple(dict.fromkeys(EVIDENCE.get(i, (i, i)) for i in ids))
