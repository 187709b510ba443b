"""Every error of the storage room, on one page: a stable code, the evidence, and what the user can do (Vietnamese first)."""
from __future__ import annotations

from typing import Any, ClassVar, NamedTuple


class Words(NamedTuple):
    """Evidence that is words itself, in both languages."""

    vi: str
    en: str


class StorageError(Exception):
    """Base of all storage errors. `code` is stable; `evidence` is plain data without personal values."""

    code: ClassVar[str] = "storage_error"
    vi: ClassVar[str] = "Lỗi lưu trữ."
    en: ClassVar[str] = "Storage error."

    def __init__(self, **evidence: Any) -> None:
        self.evidence = evidence
        super().__init__(f"{self.code}: {self.message('en')}")

    def message(self, lang: str = "vi") -> str:
        """One line for a person: what happened and what to do, in `vi` or `en`."""
        template = self.vi if lang == "vi" else self.en
        said = {k: (v.vi if lang == "vi" else v.en) if isinstance(v, Words) else v for k, v in self.evidence.items()}
        return template.format_map(_Evidence(said))


class _Evidence(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


class DatabaseUnavailable(StorageError):
    code = "database_unavailable"
    vi = "Không mở được cơ sở dữ liệu {url}: {cause}. Kiểm tra máy chủ đang chạy, tên và mật khẩu trong sogoc.toml."
    en = "Cannot open the database {url}: {cause}. Check that the server runs, and the name and password in sogoc.toml."


class DatabaseTooNew(StorageError):
    code = "database_too_new"
    vi = "Cơ sở dữ liệu do phiên bản mới hơn tạo ra (bước {found}). Hãy cài phiên bản Sổ Gốc mới hơn."
    en = "The database was made by a newer version (revision {found}). Install the newer Sổ Gốc."


class ObjectStoreUnavailable(StorageError):
    code = "object_store_unavailable"
    vi = "Kho tệp {endpoint} không trả lời: {cause}. Chạy 'sogoc doctor' để kiểm tra."
    en = "The object store {endpoint} does not answer: {cause}. Run 'sogoc doctor'."


class ObjectMissing(StorageError):
    code = "object_missing"
    vi = "Không có tệp {bucket}/{key} trong kho. Chạy 'sogoc archive verify'."
    en = "There is no object {bucket}/{key} in the store. Run 'sogoc archive verify'."


class ObjectDiffers(StorageError):
    code = "object_differs"
    vi = "Tệp {bucket}/{key} khác với sổ ghi: cần {expected}, thấy {found}. Chạy 'sogoc archive verify' và khôi phục từ bản sao."
    en = "Object {bucket}/{key} is not what was recorded: expected {expected}, found {found}. Run 'sogoc archive verify'; restore a copy."


class NoObjectLock(StorageError):
    code = "no_object_lock"
    vi = "Kho {bucket} không khóa được tệp (object lock), nên không gọi là lưu trữ. Dùng kho S3 có object lock và versioning."
    en = "Bucket {bucket} cannot lock objects, so nothing there may be called archived. Use an S3 store with object lock and versioning."


class EmbeddedStoreFailed(StorageError):
    code = "embedded_store_failed"
    vi = "Kho tệp kèm theo không khởi động được: {cause}. Xem {log}; kiểm tra ổ đĩa còn trống."
    en = "The embedded object store did not start: {cause}. See {log}; check free disk space."


class ChainBroken(StorageError):
    code = "event_chain_broken"
    vi = "Nhật ký bị sửa hoặc thiếu tại dòng {seq}: {cause}. Báo người phụ trách an toàn thông tin; khôi phục từ bản sao."
    en = "The event log was changed or lacks a row at {seq}: {cause}. Tell the security officer; restore a copy."


class NotReadyToArchive(StorageError):
    code = "not_ready_to_archive"
    vi = "{subject} chưa lưu trữ được: {cause}."
    en = "{subject} cannot be archived yet: {cause}."


class NoFondsCode(StorageError):
    code = "no_fonds_code"
    vi = ("Chưa có mã phông lưu trữ ({found}), nên chưa lưu trữ được. Hỏi cơ quan lưu trữ mã phông rồi đặt archive.fonds_code "
          "trong sogoc.toml.")
    en = "There is no fonds code ({found}), so nothing can be archived. Ask the archive for it and set archive.fonds_code in sogoc.toml."


class CorrectionRefused(StorageError):
    code = "correction_refused"
    vi = "Không lập được phiên bản mới của {subject}: {cause}."
    en = "No later version of {subject} can be made: {cause}."


class WrongCorrection(CorrectionRefused):
    """What the correction says cannot be: no such kind or field, a value that the field cannot hold."""

    code = "wrong_correction"
    exit_code = 2


class RestoreRefused(StorageError):
    code = "restore_refused"
    vi = "Không khôi phục: {cause}. Chỉ khôi phục vào cơ sở dữ liệu trống (máy mới, chạy 'sogoc init' trước)."
    en = "Not restored: {cause}. Restore only into an empty database (a new machine after 'sogoc init')."


class NoSuchPackage(StorageError):
    code = "no_such_package"
    exit_code = 2
    vi = "Không có gói lưu trữ {package}. Xem các gói của một mục: sogoc archive list SỐ-MỤC"
    en = "There is no package {package}. See the packages of an entry: sogoc archive list ENTRY"


class HoldRefused(StorageError):
    code = "hold_refused"
    vi = "Không đặt hoặc gỡ được lệnh giữ gói {package}: {cause}."
    en = "The hold on package {package} cannot be placed or lifted: {cause}."


class PackageFlawed(StorageError):
    code = "package_flawed"
    vi = "Không xuất được gói {package}: {cause}. Chạy 'sogoc archive verify'."
    en = "Package {package} cannot be handed out: {cause}. Run 'sogoc archive verify'."


class BackupFailed(StorageError):
    code = "backup_failed"
    vi = "Sao lưu hoặc phục hồi cơ sở dữ liệu không xong ({file}): {cause}."
    en = "The backup of the database failed ({file}): {cause}."


class SigningFailed(StorageError):
    code = "signing_failed"
    vi = "Không ký được tệp: {cause}. Kiểm tra tệp khóa, mật khẩu khóa và chứng thư."
    en = "The file could not be signed: {cause}. Check the key file, its passphrase and the certificate."


class NotPdfA(StorageError):
    code = "not_pdfa"
    vi = "Tệp PDF làm ra không đúng PDF/A-2b: {violations}. Đây là lỗi chương trình, hãy báo lại."
    en = "The PDF made is not PDF/A-2b: {violations}. This is a fault of the program; please report it."


class ImageNotSupported(StorageError):
    code = "image_not_supported"
    vi = "Ảnh trang không đưa được vào PDF: {cause}."
    en = "The page image cannot be put into a PDF: {cause}."


class PopulationFileUnreadable(StorageError):
    code = "population_file_unreadable"
    vi = "Không nhập được tệp dân cư {file}: {cause}. Dữ liệu dân cư đang dùng không đổi."
    en = "The population file {file} cannot be imported: {cause}. The population in use is unchanged."


class NoPopulation(StorageError):
    code = "no_population"
    vi = "Chưa có dữ liệu dân cư. Chạy 'sogoc population import TỆP.csv' trước."
    en = "There is no population yet. Run 'sogoc population import FILE.csv' first."


ALL_ERRORS: tuple[type[StorageError], ...] = (
    StorageError, DatabaseUnavailable, DatabaseTooNew, ObjectStoreUnavailable, ObjectMissing, ObjectDiffers, NoObjectLock,
    EmbeddedStoreFailed, ChainBroken, NotReadyToArchive, NoFondsCode, CorrectionRefused, WrongCorrection, RestoreRefused,
    NoSuchPackage, HoldRefused, PackageFlawed, BackupFailed, SigningFailed, NotPdfA, ImageNotSupported, PopulationFileUnreadable,
    NoPopulation,
)
