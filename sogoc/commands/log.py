"""sogoc log person, export, verify, seal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TextIO

import typer

from sogoc.commands.shared import ask_hidden, day, group, services
from sogoc.errors import SogocError, WrongUse
from sogoc.language import example, language, t

First = Annotated[str, typer.Option("--since", metavar="DAY", help=t("Từ ngày, ví dụ 2026-08-01.", "First day, as 2026-08-01."))]
Last = Annotated[str, typer.Option("--until", metavar="DAY", help=t("Đến hết ngày.", "Last day."))]
As = Annotated[str | None, typer.Option("--as", metavar="USER", help=t("Với quyền của người này.", "With this user's rights."))]


def register(app: Any) -> None:
    family = group(app, "log", t("Nhật ký: ai đã xem, xuất, niêm phong, kiểm tra.", "The log: who looked, export, seal, verify."))
    family.command(
        "person",
        help=t(
            "Lập báo cáo ai đã xem hồ sơ của một người. Số định danh được hỏi, hoặc đọc từ tệp, không đứng trên dòng lệnh.",
            "Write who looked at a person's records. The personal number is asked for or read from a file, never on the command line.",
        ),
        epilog=example(
            "sogoc log person ai-da-xem.pdf --basis 'Điều 14 Luật 91/2025/QH15' --request 12/ĐN",
            "sogoc log person ai-da-xem.xlsx --entry 12 --role nks --basis 'Điều 14 Luật 91/2025/QH15'",
        ),
    )(person)
    family.command(
        "export",
        help=t("Xuất nhật ký cho trung tâm giám sát (CEF) hoặc để lưu (JSON Lines).", "Write the log for a SOC (CEF) or as JSON Lines."),
        epilog=example("sogoc log export --format cef --since 2026-08-01 --out nhat-ky.cef",
                       "sogoc log export --format jsonl --after 1200"),
    )(export)
    family.command(
        "verify",
        help=t(
            "Chứng thực cả nhật ký từ dòng đầu, kể cả các đoạn đã niêm phong trong kho.",
            "Prove the whole log from its first line, sealed segments in the store included.",
        ),
        epilog=example("sogoc log verify"),
    )(verify)
    family.command(
        "seal",
        help=t(
            "Niêm phong các tháng cũ vào kho lưu trữ và đưa lượt xem của chúng ra khỏi cơ sở dữ liệu; Dagster làm việc này mỗi đêm.",
            "Seal old months in the archive store and move their looks out of the database; Dagster does so every night.",
        ),
        epilog=example("sogoc log seal", "sogoc log seal --months 12 --keep-lines"),
    )(seal)


def person(
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT", help=t("Tệp ghi ra: .pdf để đưa người hỏi, .xlsx.", "The file: .pdf for the citizen, or .xlsx.")),
    ],
    basis: Annotated[str, typer.Option(metavar="TEXT", help=t("Căn cứ: điều luật.", "Legal basis: the article."))],
    request: Annotated[str, typer.Option(metavar="CODE", help=t("Số văn bản đề nghị.", "Number of the written request."))] = "",
    number_file: Annotated[Path | None, typer.Option(metavar="FILE", help=t("Tệp có số định danh.", "File with the number."))] = None,
    entry: Annotated[int | None, typer.Option(metavar="N", help=t("Thay vì số định danh: số mục.", "Instead: an entry's number."))] = None,
    role: Annotated[str, typer.Option(metavar="ROLE", help=t("Người nào trong mục: nks, me, cha …", "Who in it: nks, me …"))] = "",
    since: First = "",
    until: Last = "",
    as_: As = None,
) -> None:
    from portal.access_report import plain, rows, sheet, silent
    from portal.access_report_pdf import MOST, Question, paper
    from portal.language import Words
    from sogoc.commands.review import actor
    from storage.access_log import Purpose
    from storage.models import utc_now
    from storage.person_access import entries_of_person, entries_with, person_report
    from storage.watermark import watermark

    if entry is not None and number_file is not None:
        raise WrongUse("Chỉ dùng một trong hai: --number-file hoặc --entry.", "Give either --number-file or --entry, not both.")
    if role and entry is None:
        raise WrongUse("--role chỉ dùng cùng --entry.", "--role goes with --entry only.")
    number = "" if entry is not None else plain(_number(number_file))
    if entry is None and not (number.isdigit() and len(number) in (9, 12)):
        raise WrongUse("Số định danh có 12 chữ số (số cũ: 9).", "A personal number has 12 digits (an old one 9).")
    form = out.suffix.lower().lstrip(".")
    if form not in ("pdf", "xlsx"):
        raise WrongUse("Tên tệp kết thúc bằng .pdf hoặc .xlsx.", "The file's name ends in .pdf or .xlsx.")
    first, last = _times(since, until)
    words, purpose = Words(language()), Purpose("person_report", dossier=request, basis=basis)
    with services() as s:
        who = actor(s, as_)
        with s.database.reading() as session:
            entries = entries_with(session, entry, role) if entry is not None else entries_of_person(session, number)
        report = person_report(s.ledger, who, entries, purpose, first, last, MOST if form == "pdf" else 10_000, form=form)
        mark = watermark(who, utc_now(), f"{words('Ai đã xem hồ sơ')} – {request} – {basis}", words.lang)
        told = rows(report, words, s.log.show_officers)
        if form == "pdf":
            data = paper(told, report, Question(purpose, day("--since", since), day("--until", until)), s.reports, words, mark,
                         numbered=not s.log.show_officers)
        else:
            data = sheet(told, report, words, mark)
    temporary = out.with_name(f"{out.name}.{os.getpid()}.new")
    temporary.write_bytes(data)
    temporary.replace(out)
    for line in silent(report, words):
        typer.echo(line, err=True)
    count, looks = len(report.entries), len(report.looks)
    typer.echo(t(f"{count} bản ghi, {looks} lượt xem, ghi vào {out}.", f"{count} records, {looks} looks, written to {out}."))


def export(
    format_: Annotated[Literal["cef", "jsonl"], typer.Option("--format", help=t("cef hoặc jsonl.", "cef or jsonl."))] = "cef",
    since: First = "",
    until: Last = "",
    after: Annotated[int, typer.Option(metavar="N", min=0, help=t("Chỉ dòng sau số này.", "Only lines after this number."))] = 0,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help=t("Tệp ghi ra; không có: màn hình.", "Else standard output."))] = None,
    as_: As = None,
) -> None:
    from portal.soc.cef import cef
    from sogoc.commands.review import actor
    from storage.access_log import log_access
    from storage.event_segments import line_of
    from storage.log_stream import stream
    from storage.review_errors import NotAllowed

    first, last = _times(since, until)
    count = reached = 0
    with services() as s:
        who = actor(s, as_)
        if not who.may("log.see"):
            raise NotAllowed(actor=who.name)
        with _written(out) as file:
            for event in stream(s.ledger, after, first, last):
                file.write(f"{cef(event)}\n" if format_ == "cef" else line_of(event))
                count, reached = count + 1, event.seq
        with s.database.session() as session:
            log_access(session, who, "log.export", "log", count=count, format=format_, since=since or None)
    typer.echo(t(f"Đã xuất {count} dòng, đến dòng {reached}.", f"{count} lines written, up to line {reached}."), err=True)


def verify() -> None:
    from storage.log_verify import verify_log

    with services() as s:
        proof = verify_log(s.ledger, s.signer)
    lines = proof.head.seq
    typer.echo(t(f"Nhật ký nguyên vẹn từ dòng đầu: {lines} dòng.", f"The log is complete from its first line: {lines} lines."))
    typer.echo(
        t(
            f"{proof.sealed} đoạn đã niêm phong, đoạn nào cũng đúng chữ ký và mã băm; {proof.outside} dòng chỉ còn ở đó.",
            f"{proof.sealed} sealed segments, each with its signature and digest right; {proof.outside} lines lie only there.",
        )
    )
    typer.echo(f"SHA-256 {proof.head.hash}")


def seal(
    months: Annotated[int | None, typer.Option(metavar="N", min=3, help=t("Thay log.keep_months.", "In place of log.keep_months."))] = None,
    keep_lines: Annotated[
        bool, typer.Option("--keep-lines", help=t("Chỉ niêm phong, không đưa dòng nào ra.", "Seal only; no line leaves the database."))
    ] = False,
) -> None:
    from storage.log_keeping import keep

    with services() as s:
        wanted = months or s.log.keep_months
        if not wanted:
            raise WrongUse("Đặt log.keep_months trong sogoc.toml, hoặc --months.", "Set log.keep_months in sogoc.toml, or give --months.")
        done = keep(s.ledger, s.signer, s.archive, wanted, "cli", prune=not keep_lines, forwarded=s.soc is not None)
    typer.echo(
        t(
            f"Đã niêm phong {done.segments} đoạn; {done.pruned} dòng ra khỏi cơ sở dữ liệu.",
            f"{done.segments} segments sealed; {done.pruned} lines left the database.",
        )
    )


def _number(file: Path | None) -> str:
    if file is None:
        return ask_hidden(t("Số định danh", "Personal number"), t("--number-file TỆP", "--number-file FILE"))
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as e:
        raise SogocError(f"Không đọc được {file}.", f"Cannot read {file}.") from e


def _times(since: str, until: str) -> tuple[datetime | None, datetime | None]:
    from storage.log_search import midnight

    first, last = day("--since", since), day("--until", until)
    return midnight(first) if first else None, midnight(last + timedelta(days=1)) if last else None


@contextmanager
def _written(out: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that is there only when all of it is."""
    if out is None:
        yield sys.stdout
        return
    temporary = out.with_name(f"{out.name}.{os.getpid()}.new")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            yield file
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
