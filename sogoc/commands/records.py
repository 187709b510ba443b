"""sogoc records export, import."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from sogoc.commands import ministry
from sogoc.commands.shared import group, services
from sogoc.language import example, language, t

Format = Literal["jsonl", "xlsx", "moj"]


def register(app: Any) -> None:
    family = group(app, "records", t("Bản ghi đã đọc.", "What was read."))
    family.command(
        "export",
        help=t("Xuất bản ghi ra tệp JSONL, Excel, hoặc bộ giao nộp của Bộ (moj: mỗi quyển một Excel và một ZIP).",
               "Write the records to a JSONL or Excel file, or as the Ministry's delivery (moj: one Excel and one ZIP a book)."),
        epilog=example(
            "sogoc records export --format jsonl ban-ghi.jsonl", "sogoc records export --format xlsx --batch KS.2017.01 so.xlsx",
            "sogoc records export --format moj giao-nop/",
        ),
    )(export)
    ministry.register(family)


def export(
    out: Annotated[Path, typer.Argument(metavar="OUT", help=t("Tệp ghi ra; với moj là thư mục.", "The file to write; a folder for moj."))],
    format_: Annotated[Format, typer.Option("--format", help=t("Định dạng.", "The format."))] = "jsonl",
    batch: Annotated[str | None, typer.Option(metavar="ID", help=t("Chỉ quyển này.", "Only this batch."))] = None,
    drafts: Annotated[bool, typer.Option(
        "--drafts", help=t("moj: cả bản ghi chưa xác nhận, để thử.", "moj: unverified records too, to try."))] = False,
    allow_findings: Annotated[bool, typer.Option("--allow-findings", help=t("moj: vẫn ghi khi còn điểm chưa đạt.",
                                                                           "moj: write though something falls short."))] = False,
    bare_numbers: Annotated[bool, typer.Option("--bare-numbers", help=t("moj: cột so không kèm năm (24, không phải 24/2007).",
                                                                       "moj: so without its year (24, not 24/2007)."))] = False,
    pdf_names: Annotated[Literal["long", "short"], typer.Option(help=t("moj: tên PDF có ngày đăng ký (long) hay không (short).",
                                                                      "moj: PDF names with the day of registration or without."))] = "long",
) -> None:
    from sogoc.errors import WrongUse
    from sogoc.working import check_batches
    from storage.access_log import EXPORT, log_access
    from storage.export import export_jsonl, export_xlsx
    from storage.models import utc_now
    from storage.policy import Actor
    from storage.watermark import watermark

    if format_ != "moj" and (drafts or allow_findings or bare_numbers or pdf_names != "long"):
        raise WrongUse("--drafts, --allow-findings, --bare-numbers, --pdf-names chỉ dùng với --format moj.",
                       "--drafts, --allow-findings, --bare-numbers, --pdf-names go with --format moj only.")
    with services() as s:
        if batch is not None:
            check_batches(s, [batch])
        if format_ == "moj":
            from storage.ministry.delivery import Options

            ministry.deliver_books(s, out, Options(batch, drafts, allow_findings, not bare_numbers, pdf_names))
            return
        by, what = getpass.getuser(), t("Bản ghi hộ tịch", "Civil-status records") + (f", {batch}" if batch is not None else "")
        if format_ == "jsonl":
            count = export_jsonl(s.database, out, batch=batch)
        else:       # the headings stay in the first row: programs read it
            mark = watermark(Actor(by), utc_now(), what, language())
            count = export_xlsx(s.database, out, batch=batch, mark=mark, above=False)
        with s.database.session() as session:
            subject = f"batch:{batch}" if batch is not None else "records"
            log_access(session, Actor("cli"), "records.export", subject, EXPORT, count=count, format=format_, by=by)
    typer.echo(t(f"Đã ghi {count} bản ghi vào {out}.", f"{count} records written to {out}."))
