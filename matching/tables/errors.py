"""What can go wrong with a table or a model of one: a stable code, the evidence, and what to do (Vietnamese first)."""
from __future__ import annotations

from typing import Any, ClassVar


class TablesError(ValueError):
    """Base of the errors of linking tables. `code` is stable; `evidence` is plain data without anybody's values."""

    code: ClassVar[str] = "tables_error"
    vi: ClassVar[str] = "Lỗi so bảng."
    en: ClassVar[str] = "Linking tables failed."

    def __init__(self, **evidence: Any) -> None:
        self.evidence = evidence
        super().__init__(f"{self.code}: {self.message('en')}")

    def __reduce__(self) -> tuple:
        return _restore, (type(self), self.evidence)

    def message(self, lang: str = "vi") -> str:
        """One line for a person: what happened and what to do, in `vi` or `en`."""
        return (self.vi if lang == "vi" else self.en).format(**self.evidence)


def _restore(kind: type[TablesError], evidence: dict[str, Any]) -> TablesError:
    return kind(**evidence)


class TableUnreadable(TablesError):
    """evidence: table, cause."""

    code = "table_unreadable"
    vi = "Không đọc được bảng {table}: {cause}. Lưu lại thành CSV (UTF-8) hoặc Parquet."
    en = "Cannot read the table {table}: {cause}. Save it as CSV (UTF-8) or Parquet."


class ColumnMissing(TablesError):
    """evidence: table, column, found."""

    code = "column_missing"
    vi = "Bảng {table} không có cột “{column}”; các cột có: {found}. Sửa tên cột trong bảng hoặc trong mô hình."
    en = "The table {table} has no column “{column}”; it has: {found}. Rename it in the table or in the model."


class ModelMalformed(TablesError):
    """evidence: cause."""

    code = "table_model_malformed"
    vi = "Mô hình so bảng không dùng được: {cause}. Sửa tệp JSON của mô hình."
    en = "The model of the tables cannot be used: {cause}. Mend its JSON file."


class NothingToCompare(TablesError):
    """evidence: keys."""

    code = "nothing_to_compare"
    vi = "Không khóa nào ({keys}) đưa hai dòng lại với nhau. Khai thêm khóa, hoặc kiểm tra cột có giá trị."
    en = "None of the keys ({keys}) brings two rows together. Declare more keys, or check that the columns hold values."
