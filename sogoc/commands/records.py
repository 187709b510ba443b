"""sogoc records export."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from sogoc.commands.shared import group, services
from sogoc.language import example, t

Format = Literal["jsonl", "xlsx"]


def register(app: Any) -> None:
    family = group(app, "records", t("Bản ghi đã đọc.", "What was read."))
    family.command(
        "export",
        help=t("Xuất bản ghi ra tệp JSONL hoặc Excel.", "Write the records to a JSONL or Excel file."),
        epilog=example(
            "sogoc records export --format jsonl ban-ghi.jsonl", "sogoc records export --format xlsx --batch KS.2017.01 so.xlsx"
        ),
    )(export)


def export(
    out: Annotated[Path, typer.Argument(metavar="OUT", help=t("Tệp ghi ra.", "The file to write."))],
    format_: Annotated[Format, typer.Option("--format", help=t("Định dạng.", "The format."))] = "jsonl",
    batch: Annotated[str | None, typer.Option(metavar="ID", help=t("Chỉ quyển này.", "Only this batch."))] = None,
) -> None:
    from sogoc.working import check_batches
    from storage.access_log import log_access
    from storage.export import export_jsonl, export_xlsx
    from storage.policy import Actor

    with services() as s:
        if batch is not None:
            check_batches(s, [batch])
        count = (export_jsonl if format_ == "jsonl" else export_xlsx)(s.database, out, batch=batch)
        with s.database.session() as session:
            subject = f"batch:{batch}" if batch is not None else "records"
            log_access(session, Actor("cli"), "records.export", subject, count=count, format=format_, by=getpass.getuser())
    typer.echo(t(f"Đã ghi {count} bản ghi vào {out}.", f"{count} records written to {out}."))
