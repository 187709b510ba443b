"""What can be refused in reports and plans: a stable code, the evidence, and what the person can do."""
from __future__ import annotations

from storage.errors import StorageError


class BadPeriod(StorageError):
    code = "bad_period"
    exit_code = 2
    vi = "Không hiểu khoảng thời gian {period}. Viết 2026, 2026-Q3, 2026-08, hoặc chọn từ ngày trước đến ngày sau."
    en = "The period {period} is not understood. Write 2026, 2026-Q3, 2026-08, or choose an earlier and a later day."


class NoSuchReport(StorageError):
    code = "no_such_report"
    exit_code = 2
    vi = "Không có báo cáo {name}. Xem danh sách: sogoc report list."
    en = "There is no report {name}. See the list: sogoc report list."


class BadPlan(StorageError):
    code = "bad_plan"
    vi = "Dòng {row} của kế hoạch: {what} không dùng được. Cần mã xã, loại sổ (hoặc để trống), kỳ, số quyển, số trường hợp."
    en = "Row {row} of the plan: {what} cannot be used. Give commune code, kind (or nothing), period, books, entries."


class PlanOverlaps(StorageError):
    code = "plan_overlaps"
    vi = "Xã {commune} đã có kế hoạch {period} trùng thời gian và loại sổ. Bỏ kế hoạch đó trước (ghi 0 quyển, 0 trường hợp)."
    en = "Commune {commune} already has a plan {period} for that time and kind. Remove it first (0 books, 0 entries)."


class PlanUnreadable(StorageError):
    code = "plan_unreadable"
    vi = "Không đọc được tệp kế hoạch: {cause}. Dùng tệp Excel (.xlsx) hoặc CSV có năm cột: xã, loại sổ, kỳ, số quyển, số trường hợp."
    en = "The plan file cannot be read: {cause}. Use Excel (.xlsx) or CSV with five columns: commune, kind, period, books, entries."
