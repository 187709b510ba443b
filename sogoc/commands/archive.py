"""sogoc archive verify, list, export, correct, hold, release, restore."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from sogoc.commands.shared import Bars, group, moment, services
from sogoc.errors import WrongUse
from sogoc.language import count, example, language, t


def register(app: Any) -> None:
    family = group(app, "archive", t("Kho lưu trữ.", "The archive."))

    def add(name: str, function: Any, vi: str, en: str, *examples: str) -> None:
        family.command(name, help=t(vi, en), epilog=example(*examples))(function)

    add("verify", verify, "Băm lại mọi tệp lưu trữ và nêu đúng tệp nào khác hoặc thiếu.",
        "Hash every archived object again and name what differs or is missing.", "sogoc archive verify", "sogoc archive verify --continue")
    add("list", list_versions, "Các phiên bản của một mục đã lưu trữ.", "The versions of an archived entry.", "sogoc archive list 12")
    add("export", export, "Xuất một gói lưu trữ ra thư mục (E-ARK CSIP) hoặc túi BagIt, có kiểm tra.",
        "Write a package as a folder (E-ARK CSIP) or a BagIt bag, checked.", 
        "sogoc archive export 5f0c… ra/", "sogoc archive export 5f0c… ra/ --bag")
    add("correct", correct, "Lập phiên bản mới của mục đã lưu trữ theo quyết định cải chính, thay đổi, bổ sung; không sửa gói cũ.",
        "Write a later version of an archived entry by a decision; nothing is rewritten.",
        "sogoc archive correct 12 --kind cai_chinh --number 12/QĐ-UBND --date 2026-05-06 --agency 'UBND xã …' --set nksHoTen='Lê Thị Loan'")
    add("hold", hold, "Đặt lệnh giữ một gói: không ai xóa được cho tới khi gỡ.",
        "Hold a package: nobody can remove it until the hold is lifted.",
        "sogoc archive hold 5f0c… --reason 'Thanh tra số 5'", "sogoc archive hold --list")
    add("release", release, "Gỡ lệnh giữ một gói.", "Lift the hold on a package.", "sogoc archive release 5f0c… --reason 'Thanh tra xong'")
    add("restore", restore, "Dựng lại toàn bộ danh mục từ kho tệp trên máy mới (cơ sở dữ liệu trống).",
        "Rebuild the whole catalogue from the object store on a new machine (empty database).", "sogoc init", "sogoc archive restore")
    add("renew-timestamps", renew_timestamps,
        "Nâng các bản sao chưa đạt mức chữ ký đã đặt và gia hạn dấu thời gian sắp hết hạn; chạy lại lúc nào cũng được.",
        "Raise copies below the level that is set, and renew time stamps before they end; may be run again at any time.",
        "sogoc archive renew-timestamps")


PackageId = Annotated[str, typer.Argument(metavar="PACKAGE", help=t("Mã gói.", "Package id."))]
Reason = Annotated[str, typer.Option(metavar="TEXT", help=t("Lý do, được ghi nhật ký.", "Why; it is logged."))]
EntryId = Annotated[int, typer.Argument(metavar="ENTRY", help=t("Số của mục.", "Number of the entry."))]
As = Annotated[str | None, typer.Option("--as", metavar="USER", help=t("Làm với tư cách tài khoản này.", "Do it as this account."))]


def verify(
    go_on: Annotated[bool, typer.Option("--continue", help=t("Làm tiếp lượt đang dở.", "Go on with the pass that was begun."))] = False,
) -> None:
    from storage.fixity import run_pass
    from storage.fixity_options import FixityOptions
    from storage.overview import figures

    with services() as s:
        options = FixityOptions(s.fixity.threads, s.fixity.megabytes_per_second)
        with Bars() as bars:
            report = run_pass(s.database, s.objects, options, bars.callback(("Băm lại", "Hashing")), anew=not go_on)
        with s.database.reading() as session:
            total = figures(session)
    for d in report.differences:
        typer.echo(f"! {d.message(language())}")
    speed = report.bytes / 1e6 / max(report.seconds, 1e-3)
    vi = f"{total.packages} gói lưu trữ, {total.objects} tệp, {len(report.differences)} sai khác ({speed:.0f} MB/giây)."
    typer.echo(t(vi, f"{total.packages} packages, {total.objects} objects, {len(report.differences)} differences ({speed:.0f} MB/s)."))
    if report.differences:
        raise typer.Exit(1)


def list_versions(entry: EntryId) -> None:
    from storage.corrections import KINDS, versions

    with services() as s, s.database.reading() as session:
        found = versions(session, entry)
        for v in found:
            why = t("lần đầu", "first") if v.correction is None else f"{t(*KINDS[v.correction.kind])}, {v.correction.number}"
            typer.echo(f"{v.package.version}  {v.package.id}  {moment(v.package.created_at)}  {why}")
    if not found:
        typer.echo(t(f"Mục {entry} chưa được lưu trữ.", f"Entry {entry} is not archived."))
        raise typer.Exit(1)


def export(
    package: PackageId,
    into: Annotated[Path, typer.Argument(metavar="FOLDER", file_okay=False, help=t("Thư mục đích.", "Where to."))],
    bag: Annotated[bool, typer.Option("--bag", help=t("Bọc trong túi BagIt để chuyển giao.", "In a BagIt bag, for the way."))] = False,
) -> None:
    from storage.transfer import export_package

    with services() as s:
        typer.echo(str(export_package(s.ledger, package, into, bag)))


def correct(
    entry: EntryId,
    kind: Annotated[str, typer.Option(metavar="KIND", help="cai_chinh thay_doi bo_sung xac_dinh_lai_dan_toc xac_dinh_lai_gioi_tinh ghi_chu "
                                                           "thu_hoi_huy_bo")],
    number: Annotated[str, typer.Option(metavar="TEXT", help=t("Số quyết định.", "Number of the decision."))],
    date: Annotated[
        datetime, typer.Option(metavar="YYYY-MM-DD", formats=["%Y-%m-%d"], help=t("Ngày quyết định.", "Date of the decision.")),
    ],
    agency: Annotated[str, typer.Option(metavar="TEXT", help=t("Cơ quan ra quyết định.", "Who decided."))],
    values: Annotated[
        list[str] | None, typer.Option("--set", metavar="CODE=VALUE", help=t("Trường nay đọc là.", "What a field reads now.")),
    ] = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help=t("Ghi chú.", "A note."))] = "",
    as_user: As = None,
) -> None:
    from sogoc.commands.review import actor
    from storage.book_archive import close_book
    from storage.corrections import Correction, correct_archived
    from storage.models import Entry, Page

    fields = {}
    for value in values or []:
        code, equals, text = value.partition("=")
        if not equals:
            raise WrongUse(f"--set {value}: viết là MÃ=GIÁ TRỊ.", f"--set {value}: write CODE=VALUE.")
        fields[code.strip()] = text.strip()
    with services() as s:
        said = Correction(kind, number, date.date(), agency, fields, note)
        package = correct_archived(s.database, s.ledger, s.signer, s.archive, actor(s, as_user), entry, said)
        with s.database.reading() as session:
            batch = session.get_one(Page, session.get_one(Entry, entry).page_id).batch_id
        close_book(s.database, s.ledger, s.signer, s.archive, batch, "sogoc")
    typer.echo(t(f"Phiên bản {package.version}: {package.id}", f"Version {package.version}: {package.id}"))


def hold(
    package: Annotated[str, typer.Argument(metavar="PACKAGE", help=t("Mã gói.", "Package id."))] = "",
    reason: Reason = "",
    show: Annotated[bool, typer.Option("--list", help=t("Liệt kê các lệnh giữ.", "List the holds."))] = False,
) -> None:
    from sogoc.commands.review import actor
    from storage.holds import holds, place_hold

    with services() as s:
        if show:
            with s.database.reading() as session:
                found = holds(session)
            for held, why, by, since in found:
                typer.echo("  ".join((held, why, by, moment(since))))
            if not found:
                typer.echo(t("Không có lệnh giữ nào.", "There are no holds."))
            return
        if not package:
            raise WrongUse("Cho biết mã gói, hoặc --list.", "Give a package id, or --list.")
        keys = place_hold(s.ledger, package, reason, actor(s, None).name)
    typer.echo(t(f"Đã giữ {len(keys)} tệp.", f"{count(len(keys))} objects held."))


def release(package: PackageId, reason: Reason = "") -> None:
    from sogoc.commands.review import actor
    from storage.holds import release_hold

    with services() as s:
        keys = release_hold(s.ledger, package, reason, actor(s, None).name)
    typer.echo(t(f"Đã gỡ lệnh giữ {len(keys)} tệp.", f"{count(len(keys))} objects released."))


def restore() -> None:
    from storage.restore import restore_catalogue

    with services() as s, Bars() as bars:
        out = restore_catalogue(s.database, s.objects, "cli", bars.callback(("Dựng lại danh mục", "Rebuilding")),
                                s.extract_office.keys.adopt)
    for where, why in out.problems:
        typer.echo(f"! {where}: {why}")
    typer.echo(t(
        f"{out.batches} quyển, {out.entries} mục, {out.dossiers} hồ sơ, {out.packages} gói, {out.books} gói khép quyển, "
        f"{out.extracts} trích lục, {out.events} dòng nhật ký; {len(out.problems)} tệp bỏ lại. "
        "Chạy `sogoc archive verify` để băm lại mọi tệp.",
        f"{out.batches} books, {out.entries} entries, {out.dossiers} dossiers, {out.packages} packages, {out.books} closing packages, "
        f"{out.extracts} extracts, {out.events} log rows; {len(out.problems)} left out. Run `sogoc archive verify` to hash every object."))
    if out.adopted:
        typer.echo(t(f"Đã nhận lại {out.adopted} khóa công khai của mã trích lục. Khóa ký không nằm trong kho: từ nay ký bằng khóa mới; "
                     "chạy `sogoc extract keys` và phát lại tệp khóa.",
                     f"{out.adopted} public keys of codes came back. Private keys are not in the store: a new one signs from now on; run "
                     "`sogoc extract keys` and hand out the key file anew."))
    if out.problems:
        raise typer.Exit(1)


def renew_timestamps() -> None:
    from storage.signature_upkeep import upkeep

    with services() as s, Bars() as bars:
        done = upkeep(s.database, s.ledger, s.signer, s.archive, "sogoc", renew_days=s.archive.renew_days,
                      progress=bars.callback(("Chữ ký", "Signatures")))
    for package, error in done.failed:
        typer.echo(f"! {package}: {error.message(language())}")
    level = s.signer.level
    typer.echo(t(f"Mức {level}: {done.raised} bản sao được nâng, {done.renewed} dấu thời gian được gia hạn, lỗi {len(done.failed)}.",
                 f"Level {level}: {done.raised} copies raised, {done.renewed} time stamps renewed, {len(done.failed)} failed."))
    if done.waiting is not None:
        typer.echo(done.waiting.message(language()), err=True)
    if done.failed or done.waiting is not None:
        raise typer.Exit(1)
