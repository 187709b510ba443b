"""sogoc review status, export, import."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sogoc.commands import check_policy
from sogoc.commands.shared import group, services
from sogoc.errors import SogocError
from sogoc.language import example, language, t

if TYPE_CHECKING:
    from pipelines.services import Services
    from storage.accounts import Actor


def register(app: Any) -> None:
    family = group(app, "review", t("Rà soát: còn bao nhiêu; bằng bảng tính, cho ai thích thế.",
                                    "Review: how much is left; in a spreadsheet, for those who like one."))
    family.command(
        "status",
        help=t("Còn bao nhiêu liên kết cần người xem, và cam kết về liên kết máy tự nhận. Mã 1 khi cam kết không giữ được.",
               "How many links wait for people, and what is promised of accepted ones. Ends with 1 when the promise is broken."),
        epilog=example("sogoc review status", "sogoc review status --renew --policy chinh-sach.json"),
    )(status)
    check_policy.register(family)
    family.command(
        "export",
        help=t("Ghi hàng chờ rà soát ra tệp Excel.", "Write the review queue to an Excel file."),
        epilog=example("sogoc review export ra-soat.xlsx", "sogoc review export ra-soat.xlsx --batch KS.2017.01"),
    )(export)
    family.command(
        "import",
        help=t("Nạp lại tệp Excel đã điền cột gia_tri_dung.", "Take the Excel file back with its column gia_tri_dung filled in."),
        epilog=example("sogoc review import ra-soat.xlsx --as tp.lan"),
    )(import_)


def actor(s: Services, name: str | None) -> Actor:
    """Who decides: a user of the portal by name, with that user's rights, or this machine's own user. Raises UnknownAccount."""
    from storage.accounts import Actor, actor_of
    from storage.models import User
    from storage.review_errors import UnknownAccount

    if name is None:
        return Actor(f"cli.{getpass.getuser()}")
    with s.database.reading() as session:
        user = session.get(User, name)
        if user is None or not user.active:
            raise UnknownAccount(name=name)
        return actor_of(session, user)


def export(
    out: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help=t("Tệp ghi ra.", "The file to write."))],
    batch: Annotated[str | None, typer.Option(metavar="ID", help=t("Chỉ quyển này.", "Only this batch."))] = None,
    as_: Annotated[str | None, typer.Option("--as", metavar="USER", help=t("Ghi nhật ký dưới tên này.", "The name the log gives."))] = None,
) -> None:
    from storage.link_workload import workload
    from storage.review_sheet import export_queue

    with services() as s:
        count = export_queue(s.database, out, actor(s, as_), batch)
        with s.database.reading() as session:
            work = workload(session, actor(s, as_))
    typer.echo(t(f"Đã ghi {count} bản ghi đang chờ vào {out}.", f"{count} waiting entries written to {out}."))
    typer.echo(t(*work.line))


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.xlsx", exists=True, dir_okay=False, help=t("Tệp đã điền.", "The filled-in file."))],
    as_: Annotated[str | None, typer.Option("--as", metavar="USER", help=t("Người quyết định.", "Who decides."))] = None,
) -> None:
    from storage.review_sheet import SheetUnreadable, import_decisions

    with services() as s:
        try:
            done = import_decisions(s.database, file, actor(s, as_))
        except SheetUnreadable as e:
            raise SogocError(
                f"{file} không phải tệp do `sogoc review export` ghi ra: {e.evidence}.",
                f"{file} is not a file `sogoc review export` wrote: {e.evidence}.",
            ) from e
    typer.echo(
        t(
            f"{done.corrected} trường đã sửa, {done.decided} liên kết đã quyết, {done.verified} bản ghi đã xác nhận.",
            f"{done.corrected} fields corrected, {done.decided} links decided, {done.verified} entries verified.",
        )
    )
    for row, error in done.refused:
        typer.echo(t(f"  ! dòng {row}: {error.message('vi')}", f"  ! row {row}: {error.message(language())}"), err=True)
    if done.refused:
        raise typer.Exit(1)


def status(
    policy: Annotated[Path | None, typer.Option(metavar="FILE.json", help=t("Ghi chính sách hiện hành và lịch sử của nó ra tệp.",
                                                                            "Write the policy in use and its history to a file."))] = None,
    renew: Annotated[bool, typer.Option("--renew", help=t("Tính lại ngưỡng theo các lần kiểm tra trước đã.",
                                                          "Compute the thresholds anew from the checks first."))] = False,
) -> None:
    from storage.link_checks import renew as renew_policy
    from storage.link_policy import standing
    from storage.link_workload import workload
    from storage.promise_wording import promise_lines

    with services() as s:
        if renew:
            renew_policy(s.database)
        with s.database.reading() as session:
            now, work = standing(session), workload(session, actor(s, None))
    typer.echo(t(*work.line))
    for vietnamese, english in promise_lines(now):
        typer.echo(t(vietnamese, english))
    if policy is not None:
        policy.write_text(now.policy.as_json(), encoding="utf-8")
    if not now.promise.kept:
        raise typer.Exit(1)
