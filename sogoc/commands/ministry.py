"""sogoc records export --format moj, sogoc records import: the Ministry's Excel and ZIP, out and in."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sogoc.commands.shared import Bars, services
from sogoc.language import example, language, t

if TYPE_CHECKING:
    from pipelines.services import Services
    from storage.ministry.delivery import Options
    from storage.policy import Actor

STAGE = ("Ghi bộ giao nộp", "Writing the delivery")


def register(family: Any) -> None:
    family.command(
        "import",
        help=t("Nhập sổ đã gõ theo mẫu Excel của Bộ, gắn bản chụp PDF theo tên tệp.",
               "Take in books typed in the Ministry's Excel, and bind their PDFs by name."),
        epilog=example("sogoc records import KS.2007.01.xlsx --zip KS.2007.01.zip",
                       "sogoc records import KH-2001.xlsx --kind KH --commune 21250"),
    )(import_)


def deliver_books(s: Services, out: Path, options: Options) -> None:
    """Write the delivery, or say what falls short."""
    from storage.access_log import EXPORT, log_access
    from storage.ministry.delivery import deliver
    from storage.ministry.errors import DeliveryFallsShort
    from storage.ministry.report import SHOWN

    with Bars() as bars:
        try:
            made = deliver(s.database, s.ledger, out, options, bars.callback(STAGE))
        except DeliveryFallsShort as e:
            say_some([r.line(language()) for r in e.report.short], SHOWN)
            raise
    with s.database.session() as session:
        subject = f"batch:{options.batch}" if options.batch is not None else "records"
        log_access(session, actor(), "records.export", subject, EXPORT, count=made.entries, format="moj", by=getpass.getuser(),
                   drafts=options.drafts, findings=len(made.report.short))
    say_some([r.line(language()) for r in made.report.short], SHOWN)
    typer.echo(t(f"Đã ghi {made.entries} bản ghi của {made.books} quyển vào {out}; xem {made.report_file}.",
                 f"{made.entries} records of {made.books} books written to {out}; see {made.report_file}."))
    typer.echo(t(f"Trang PDF lớn nhất {made.largest_page / 1000:.0f} kB.", f"The largest PDF page has {made.largest_page / 1000:.0f} kB."))
    if made.left_out:
        typer.echo(t(f"{made.left_out} bản ghi không thuộc quyển nào của mẫu (chưa rõ loại sổ) nên không ghi.",
                     f"{made.left_out} records belong to no book of the template (kind not known) and were left out."))


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.xlsx", exists=True, dir_okay=False, help=t("Tệp Excel.", "The Excel file."))],
    zip_: Annotated[list[Path] | None, typer.Option(
        "--zip", metavar="FILE.zip", exists=True, dir_okay=False,
        help=t("ZIP các PDF; nêu được nhiều lần.", "ZIP of the PDFs; may be given again."))] = None,
    kind: Annotated[str | None, typer.Option(
        metavar="KS|KH|KT…", help=t("Loại sổ, khi tiêu đề không nói.", "The kind, where headings do not tell."))] = None,
    commune: Annotated[str | None, typer.Option(
        metavar="CODE", help=t("Mã xã giữ sổ.", "Code of the commune that holds the book."))] = None,
    status: Annotated[Literal["review", "verified"], typer.Option(
        help=t("review: chờ rà soát; verified: đã xác nhận (không đối chiếu dân cư nữa).",
               "review: waits for review; verified: as confirmed (no longer linked to people)."))] = "review",
    typed_by: Annotated[str, typer.Option("--typed-by", metavar="USER", help=t("Ai đã nhập.", "Who typed them."))] = "",
) -> None:
    from records.codes import KIND_ALIASES
    from sogoc.errors import SogocError, WrongUse
    from storage.ministry.errors import TypistUnknown
    from storage.ministry.importing import import_workbook
    from storage.ministry.report import SHOWN

    said = KIND_ALIASES.get(kind.upper(), kind.upper()) if kind else None
    if status == "verified" and not typed_by.strip():
        raise WrongUse(TypistUnknown().message("vi"), TypistUnknown().message("en"))
    with services() as s:
        done = import_workbook(s.database, s.ledger, file, zip_ or (), actor=actor(), kind=said, status=status, typed_by=typed_by,
                               commune=commune, antivirus=s.antivirus)
    say_some([a.text(language()) for a in done.aside], SHOWN)
    say_some([a.text(language()) for a in done.bound.aside], SHOWN)
    if done.unknown:
        typer.echo(t(f"Bỏ qua các cột: {', '.join(done.unknown)}.", f"Columns left out: {', '.join(done.unknown)}."))
    books, bound = f" ({', '.join(done.batches)})" if done.batches else "", done.bound
    typer.echo(t(f"Nhận {done.added} bản ghi mới{books}, {done.known} đã có, để riêng {len(done.aside)} hàng.",
                 f"{done.added} new records{books}, {done.known} known, {len(done.aside)} rows set aside."))
    typer.echo(t(f"Gắn {bound.bound} bản chụp, {bound.known} đã gắn trước, còn {bound.without} bản ghi chưa có bản chụp.",
                 f"{bound.bound} images bound, {bound.known} bound before, {bound.without} records without one."))
    if not done.added and not done.known:
        raise SogocError("Không nhận được hàng nào.", "No row was taken in.")


def actor() -> Actor:
    """This machine's own user."""
    from storage.policy import Actor

    return Actor(f"cli.{getpass.getuser()}")


def say_some(lines: Sequence[str], most: int) -> None:
    """The first lines, and how many more there are, on standard error."""
    for line in lines[:most]:
        typer.echo(line, err=True)
    if len(lines) > most:
        typer.echo(t(f"… và {len(lines) - most} điểm nữa.", f"… and {len(lines) - most} more."), err=True)
