"""What a fixity audit can find, in words."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was recorded. code: stable; where: a key, entry:12, package id or event number."""

    code: str
    where: str
    expected: str = ""
    found: str = ""

    def message(self, lang: str = "vi") -> str:
        vi, en = _WORDS[self.code]
        return (vi if lang == "vi" else en).format(where=self.where, expected=self.expected, found=self.found)


_WORDS = {
    "object_missing": ("Thiếu tệp {where}: sổ ghi có, kho không có.", "Object {where} is missing from the store."),
    "object_changed": ("Tệp {where} đã bị thay đổi: cần {expected}, thấy {found}.",
                       "Object {where} changed: expected {expected}, found {found}."),
    "object_unreadable": (
        "Tệp {where} hỏng trên đĩa: kho vẫn trả lời mà không đọc được tệp này ({found}). Lấy lại tệp từ bản sao dự phòng.",
        "Object {where} is damaged on the disk: the store answers and cannot read it ({found}). Restore it from a copy."),
    "object_replaced": ("Tệp {where} có phiên bản khác đè lên: cần {expected}, thấy {found}.",
                        "Object {where} was overlaid by another version: expected {expected}, found {found}."),
    "object_unlocked": ("Tệp {where} không còn khóa đến {expected} (thấy: {found}).",
                        "Object {where} is not locked until {expected} (found: {found})."),
    "object_without_row": ("Tệp {where} có trong kho mà sổ không ghi.", "Object {where} has no row."),
    "object_unfinished": ("Tệp {where} đang ghi dở; chạy lại 'sogoc run'.", "Object {where} is unfinished; run 'sogoc run' again."),
    "manifest_unreadable": ("Bản kê {where} không đọc được.", "Manifest {where} cannot be read."),
    "manifest_differs": ("Bản kê {where} khác sổ ghi: cần {expected}, thấy {found}.",
                         "Manifest {where}: expected {expected}, found {found}."),
    "package_file_changed": ("Trong gói {where}: tệp bị thay đổi (cần {expected}, thấy {found}).",
                             "Inside package {where}: a file changed (expected {expected}, found {found})."),
    "package_missing": ("{where} ghi là đã lưu trữ nhưng không có gói {expected}.",
                        "{where} is marked archived but package {expected} is missing."),
    "package_unclaimed": ("Gói {where} không thuộc bản ghi nào (ghi: {expected}).",
                          "Package {where} belongs to nothing (says {expected})."),
    "event_chain_broken": ("Nhật ký đứt tại dòng {where}: {found}.",
                           "The event log is broken at {where}: {found}."),
    "event_head_lost": ("Nhật ký không còn dòng mà gói {where} đã ghi nhận ({expected}).",
                        "The event log lacks the row that package {where} noted ({expected})."),
}
