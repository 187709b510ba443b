"""Checks every part of an installation and says how to mend what is wrong."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sogoc.settings import FILE_NAME, Settings
from storage.errors import StorageError

Text = tuple[str, str]  # Vietnamese, English
_FREE_BYTES = 2_000_000_000
_BUILT = 1_790_000_000  # a clock before this time (September 2026) is wrong: signatures would be dated wrongly
_STORE = {"answers": ("trả lời", "answers"), "archive_versioning": ("giữ phiên bản", "versioning"),
          "archive_lock": ("khóa tệp lưu trữ", "object lock"), "lock_refuses_delete": ("không cho xóa tệp đã khóa", "lock refuses deletes"),
          "wrong_key_refused": ("từ chối khóa sai", "wrong key refused"), "if_none_match": ("không ghi đè", "if-none-match"),
          "range_get": ("đọc từng phần", "range reads")}      # facts of ObjectStore.probe


@dataclass(frozen=True)
class Finding:
    part: Text
    good: bool
    text: Text
    remedy: Text = ("", "")


def examine(settings: Settings) -> Iterator[Finding]:
    """One finding a part, in the order a newcomer meets them; a part that raises is a bad finding, never an exception."""
    parts: list[tuple[Text, Callable[[Settings], Finding]]] = [
        (("Python", "Python"), _python),
        (("Tesseract", "Tesseract"), _tesseract),
        (("Poppler", "Poppler"), _poppler),
        (("Mô hình chữ viết tay", "Handwriting models"), _models),
        (("Ổ đĩa", "Disk"), _disk),
        (("Đồng hồ", "Clock"), _clock),
        (("Thư mục dữ liệu", "Home"), _home),
    ]
    if (settings.home / FILE_NAME).exists():
        from sogoc.connection_checks import connections

        parts += [
            (("Cơ sở dữ liệu", "Database"), _database),
            (("Kho tệp", "Object store"), _objects),
            (("Nhật ký", "Event log"), _events),
            (("Hàng chờ rà soát", "Review queue"), _queue),
            (("Chữ ký số", "Signing"), _signing),
            (("Quét vi-rút", "Virus scanner"), _antivirus),
            (("Mã phông", "Fonds code"), _fonds),
            (("Kiểm tra toàn vẹn", "Fixity audit"), _fixity),
            *connections(),
        ]
    for name, check in parts:
        try:
            yield check(settings)
        except Exception as e:
            message = getattr(e, "message", None)
            both = (str(message("vi")), str(message("en"))) if callable(message) else (f"{type(e).__name__}: {e}",) * 2
            yield Finding(
                name,
                False,
                both,
                ("Chạy `sogoc init`; nếu vẫn lỗi, chạy lại với --debug.", "Run `sogoc init`; if it stays, run with --debug."),
            )


def _python(_: Settings) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        ("Python", "Python"),
        sys.version_info >= (3, 11),
        (version, version),
        ("Cần Python 3.11 trở lên.", "Python 3.11 or newer is needed."),
    )


def _tesseract(_: Settings) -> Finding:
    from ocr.errors import BrokenProgram
    from ocr.tesseract import probe

    name = ("Tesseract", "Tesseract")
    try:
        facts = probe()
    except BrokenProgram as e:
        return Finding(name, False, (e.what("vi"), e.what("en")), ("apt-get install tesseract-ocr tesseract-ocr-vie",) * 2)
    return Finding(name, True, (f"{facts.version}, có tiếng Việt", f"{facts.version}, Vietnamese installed"))


def _poppler(_: Settings) -> Finding:
    found = shutil.which("pdftoppm")
    return Finding(
        ("Poppler", "Poppler"),
        found is not None,
        (found or "không thấy pdftoppm", found or "pdftoppm not found"),
        ("apt-get install poppler-utils",) * 2,
    )


def _models(settings: Settings) -> Finding:
    from ocr.recogniser import list_models
    from sogoc.home import model_that_reads

    wanted = model_that_reads(settings)
    ids = [m.id for m in list_models()]
    name = ("Mô hình chữ viết tay", "Handwriting models")
    if wanted and wanted not in ids:
        return Finding(
            name,
            False,
            (f"thiếu mô hình đang chọn {wanted}", f"the chosen model {wanted} is missing"),
            ("Chọn mô hình khác: sogoc model use ID, hoặc bỏ reading.model", "Choose another: sogoc model use ID, or remove reading.model"),
        )
    return Finding(
        name,
        bool(ids),
        (", ".join(ids) or "không có", ", ".join(ids) or "none"),
        ("Cài lại chương trình: pip install -r requirements.lock", "Install again: pip install -r requirements.lock"),
    )


def _home(settings: Settings) -> Finding:
    name, home = ("Thư mục dữ liệu", "Home"), settings.home
    if not (home / FILE_NAME).exists():
        return Finding(name, False, (f"{home} chưa được tạo", f"{home} is not made"), ("Chạy `sogoc init`.", "Run `sogoc init`."))
    if not os.access(home, os.W_OK):
        return Finding(
            name,
            False,
            (f"không ghi được vào {home}", f"{home} cannot be written"),
            ("Cấp quyền ghi cho người dùng này.", "Let this user write there."),
        )
    open_to_others = (home / "secrets").stat().st_mode & 0o077
    return Finding(name, not open_to_others, (str(home),) * 2, (f"chmod 700 {home / 'secrets'}",) * 2)


def _disk(settings: Settings) -> Finding:
    place = settings.home
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    text = (f"còn {free / 1e9:.1f} GB", f"{free / 1e9:.1f} GB free")
    return Finding(
        ("Ổ đĩa", "Disk"),
        free >= _FREE_BYTES,
        text,
        ("Giải phóng ít nhất 2 GB; một quyển 200 trang cần khoảng 0,5 GB.", "Free at least 2 GB; a book of 200 pages takes about 0.5 GB."),
    )


def _clock(_: Settings) -> Finding:
    now = time.time()
    text = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    return Finding(
        ("Đồng hồ", "Clock"),
        now >= _BUILT,
        (text, text),
        (
            "Đặt lại giờ máy (timedatectl set-ntp true); ngày ký sẽ sai nếu giờ sai.",
            "Set the clock (timedatectl set-ntp true); signatures would be dated wrongly.",
        ),
    )


def _database(settings: Settings) -> Finding:
    from sogoc.home import database_url
    from storage.database import Database

    name = ("Cơ sở dữ liệu", "Database")
    facts = Database(database_url(settings)).probe()
    text = f"{facts['backend']} {facts['version']}, {facts['round_trip_ms']} ms, {facts['revision']}"
    return Finding(name, bool(facts["up_to_date"]), (text, text), ("Chạy `sogoc init` để nâng cấp.", "Run `sogoc init` to upgrade."))


def _objects(settings: Settings) -> Finding:
    from sogoc.home import object_config
    from storage.objects import ObjectStore

    name = ("Kho tệp", "Object store")
    facts = ObjectStore(object_config(settings)).probe()
    wanted = ("answers", "archive_versioning", "archive_lock", "lock_refuses_delete", "wrong_key_refused")
    text = [f"{facts['endpoint']}: " + ", ".join(f"{words[n]} {'✓' if facts.get(k) else '✗'}" for k, words in _STORE.items())
            for n in (0, 1)]
    good = all(facts.get(k) for k in wanted)
    return Finding(
        name,
        good,
        (text[0], text[1]),
        (
            "Kho không khóa được tệp hoặc không giữ phiên bản: dùng kho S3 có versioning và object lock.",
            "The store does not lock or version: use an S3 with versioning and object lock.",
        ),
    )


def _events(settings: Settings) -> Finding:
    from sogoc.home import database_url
    from storage import events
    from storage.database import Database

    with Database(database_url(settings)).reading() as session:
        head = events.verify_chain(session)
    return Finding(("Nhật ký", "Event log"), True, (f"chuỗi băm nguyên vẹn, {head.seq} dòng", f"hash chain whole, {head.seq} rows"))


def _queue(settings: Settings) -> Finding:
    from sogoc.home import database_url
    from storage.database import Database
    from storage.queue_check import mend_queue, queue_drift

    database, name = Database(database_url(settings)), ("Hàng chờ rà soát", "Review queue")
    with database.reading() as session:
        drift = queue_drift(session)
    if drift.none:
        return Finding(name, True, ("khớp với sổ và trang", "agrees with books and pages"))
    with database.session() as session:
        mend_queue(session)
    return Finding(
        name,
        False,
        (
            f"{len(drift.entries)} mục, {drift.sums} con số không khớp với sổ và trang; đã sửa",
            f"{len(drift.entries)} entries and {drift.sums} counts did not agree with books and pages; mended",
        ),
        ("Chạy lại `sogoc doctor`; nếu lại lệch, có chương trình khác ghi vào cơ sở dữ liệu.",
         "Run `sogoc doctor` again; if it comes back, another program writes to the database."),
    )


def _fonds(settings: Settings) -> Finding:
    code, name = settings.archive.fonds_code, ("Mã phông", "Fonds code")
    remedy = (
        "Chưa có mã phông thì chưa lưu trữ được gì: hỏi cơ quan lưu trữ, rồi đặt archive.fonds_code trong sogoc.toml.",
        "Nothing is archived without it: ask the archive and set archive.fonds_code in sogoc.toml.",
    )
    return Finding(name, bool(code), (code or "chưa đặt", code or "not set"), remedy)


def _fixity(settings: Settings) -> Finding:
    from datetime import UTC, datetime

    from sogoc.home import database_url
    from storage.database import Database
    from storage.fixity import findings, last_pass

    name = ("Kiểm tra toàn vẹn", "Fixity audit")
    database = Database(database_url(settings))
    said, open_findings = last_pass(database), findings(database)
    if not said:
        return Finding(name, True, ("chưa chạy lần nào", "not run yet"))
    age = (datetime.now(UTC) - datetime.fromisoformat(said["started"])).days
    end = (said.get("finished") or "")[:10]
    text = (
        f"lượt gần nhất bắt đầu {said['started'][:10]}, {'xong ' + end if end else 'đang chạy tiếp'}; {len(open_findings)} sai khác",
        f"last pass began {said['started'][:10]}, {'ended ' + end if end else 'still going on'}; {len(open_findings)} differences",
    )
    return Finding(
        name,
        not open_findings and age < 92,
        text,
        ("Chạy `sogoc archive verify` và xem từng tệp bị nêu tên.", "Run `sogoc archive verify` and look at what it names."),
    )


def _signing(settings: Settings) -> Finding:
    from sogoc.home import open_database, open_signer
    from storage.signature_upkeep import below_level

    signer = open_signer(settings)
    facts = signer.certificate()
    name, until = ("Chữ ký số", "Signing"), facts["valid_to"].date().isoformat()
    left = facts["valid_to"].timestamp() - time.time()
    demo_vi, demo_en = (" (chứng thư THỬ NGHIỆM)", " (DEMO certificate)") if facts["demo"] else ("", "")
    kind_vi, kind_en = _KEYS[facts["key"]]
    text = (f"{kind_vi}: {facts['subject']}, đến {until}{demo_vi}; mức {signer.level}",
            f"{kind_en}: {facts['subject']}, until {until}{demo_en}; level {signer.level}")
    if left <= 0:
        return Finding(name, False, text, ("Chứng thư hết hạn: xin chứng thư mới và đặt vào secrets/signing hoặc sửa [signing].",
                                           "The certificate is over: put a new one into secrets/signing or change [signing]."))
    if signer.level != "B-B":
        try:
            signer.evidence().probe()
        except StorageError as e:
            said = (f"{text[0]}; {e.message('vi')}", f"{text[1]}; {e.message('en')}")
            return Finding(name, False, said, _LATER[settings.signing.when_unreachable])
    with open_database(settings) as database, database.reading() as session:
        low = below_level(session, signer.level)
    if low:
        return Finding(name, False, (f"{text[0]}; {low} bản sao chưa đạt mức này", f"{text[1]}; {low} copies are below that level"),
                       ("Chạy `sogoc archive renew-timestamps`.", "Run `sogoc archive renew-timestamps`."))
    return Finding(name, True, text)


_KEYS = {"pem": ("khóa trong secrets/signing", "key in secrets/signing"), "pkcs12": ("khóa trong tệp PKCS#12", "key in a PKCS#12 file"),
         "pkcs11": ("khóa trên thiết bị PKCS#11", "key on a PKCS#11 token")}
_LATER = {"wait": ("Mục đã xác nhận chờ đến khi có lại dịch vụ (signing.when_unreachable = wait).",
                   "Verified entries wait until the service is back (signing.when_unreachable = wait)."),
          "upgrade": ("Bản sao tạm ký mức B-B; khi có lại dịch vụ, chạy `sogoc archive renew-timestamps`.",
                      "Copies are signed B-B meanwhile; when the service is back, run `sogoc archive renew-timestamps`.")}


EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"     # harmless; in two parts, so that
# a scanner of this machine leaves this file alone


def _antivirus(settings: Settings) -> Finding:
    from sogoc.home import open_antivirus
    from storage.antivirus import NOT_SCANNED_WHY

    name, antivirus = ("Quét vi-rút", "Virus scanner"), open_antivirus(settings)
    remedy = ("apt-get install clamav-daemon, chờ freshclam tải xong dữ liệu nhận dạng; [antivirus] trong sogoc.toml: docs/vi/an-toan.md",
              "apt-get install clamav-daemon, wait for freshclam's signatures; [antivirus] in sogoc.toml: docs/security.md")
    if antivirus.scanner is None:
        off = ("tắt", "off") if not antivirus.required else ("bắt buộc quét nhưng chưa chọn engine", "required, but no engine is chosen")
        return Finding(name, not antivirus.required, off, remedy)
    found = antivirus.scanner.probe()
    if found.why:
        return Finding(name, False, NOT_SCANNED_WHY.get(found.why, (found.why, found.why)), remedy)
    eicar = antivirus.scan(EICAR)
    said = ", ".join(filter(None, (found.engine, found.signatures)))
    if eicar.verdict != "infected":
        blind = (f"{said}: không nhận ra tệp thử EICAR ({eicar.verdict})", f"{said}: does not know EICAR ({eicar.verdict})")
        return Finding(name, False, blind, remedy)
    must_vi, must_en = (", bắt buộc", ", required") if antivirus.required else ("", "")
    return Finding(name, True, (f"{said}, nhận ra tệp thử EICAR{must_vi}", f"{said}, knows the test file EICAR{must_en}"))
