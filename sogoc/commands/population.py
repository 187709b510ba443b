"""sogoc population import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sogoc.commands.shared import Bars, group, services
from sogoc.language import count, example, t


def register(app: Any) -> None:
    family = group(app, "population", t("Dữ liệu dân cư dùng để đối chiếu.", "The population data that entries are linked to."))
    family.command(
        "import",
        help=t(
            "Nạp bản chụp dữ liệu dân cư (CSV, XLSX); nạp lại sẽ thay bản cũ, liên kết đã có được giữ.",
            "Import a snapshot of the population (CSV, XLSX); a new one replaces the old, links survive.",
        ),
        epilog=example("sogoc population import dan-cu.csv"),
    )(import_file)
    family.command(
        "ask",
        help=t(
            "Hỏi CSDL quốc gia về dân cư về một người trong mục; trả lời được giữ bên cạnh, không sửa sổ.",
            "Ask the national population database about a person of an entry; the answer is kept beside, the register is not changed.",
        ),
        epilog=example("sogoc population ask 12 nks --service 2.000635 --officer cb.hoa --dossier H21.129-250812-0035"),
    )(ask)
    family.command(
        "send",
        help=t("Gửi các câu hỏi đang chờ mạng (`sogoc serve` tự làm việc này).", "Send questions that wait (`sogoc serve` does it)."),
        epilog=example("sogoc population send"),
    )(send_kept)


def ask(
    entry: Annotated[int, typer.Argument(metavar="ENTRY", help=t("Số mục (xem cổng web).", "Number of the entry (see the portal)."))],
    role: Annotated[str, typer.Argument(metavar="ROLE", help="nks me cha vo chong nkt …")],
    service: Annotated[str, typer.Option(metavar="CODE", help=t("Mã dịch vụ công.", "Public service code."))],
    officer: Annotated[str, typer.Option(metavar="NAME", help=t("Cán bộ hỏi, theo tệp tài khoản.", "Who asks, as in the officers' file."))],
    dossier: Annotated[str, typer.Option(metavar="CODE", help=t("Mã hồ sơ một cửa.", "One-stop dossier code."))],
    as_user: Annotated[str | None, typer.Option("--as", metavar="USER", help=t("Làm với tư cách tài khoản này.",
                                                                             "Do it as this account."))] = None,
) -> None:
    from sogoc.commands.review import actor
    from storage.models import Entry
    from storage.population_query import QueryConnection, WhatFor, answers, ask_about
    from storage.population_query import send as send_question
    from storage.population_query.beside import LABELS, beside
    from storage.population_query.errors import PROBLEMS, QueryNotConnected

    with services() as s:
        if s.population_query is None:
            raise QueryNotConnected()
        s.population_query.officer(officer)
        who = actor(s, as_user)
        with s.database.session() as session:
            row = ask_about(session, who, entry, role, WhatFor(service, officer, dossier))
        with QueryConnection(s.population_query) as connection:
            row = send_question(s.database, connection, row.id)
        if row.state != "answered":
            problem = row.problem or ""
            why = t(*PROBLEMS[problem]) if problem in PROBLEMS else problem
            typer.echo(t(f"Chưa có trả lời: {row.said or why}.", f"No answer: {row.said or why}."), err=True)
            raise typer.Exit(1)
        with s.database.session() as session:
            row = next(r for r in answers(session, who, entry) if r.id == row.id)
            written = {f.code: f.value for f in session.get_one(Entry, entry).fields}
    typer.echo(t(f"{len(row.answer)} người.", f"{len(row.answer)} people."))
    for person in row.answer:
        for line in beside(row.role, written, person):
            mark = {None: " ", True: "=", False: "≠"}[line.same]
            typer.echo(f"{mark} {line.code or t(*LABELS[line.value])}: {line.told}" + (f"  |  {line.written}" if line.written else ""))


def send_kept() -> None:
    from storage.population_query import QueryConnection, send_waiting
    from storage.population_query.errors import QueryNotConnected

    with services() as s:
        if s.population_query is None:
            raise QueryNotConnected()
        with QueryConnection(s.population_query) as connection:
            done = send_waiting(s.database, connection)
    typer.echo(t(f"{done} câu hỏi có trả lời.", f"{done} questions answered."))


def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=t("Tệp CSV hoặc XLSX.", "A CSV or XLSX file."), exists=True, dir_okay=False)],
) -> None:
    from storage.population import import_population

    with services() as s, Bars() as bars:
        s.scratch.mkdir(parents=True, exist_ok=True)
        result = import_population(s.database, file, s.population_columns, bars.callback(("Nạp dân cư", "Importing people")), s.scratch)
    typer.echo(
        t(
            f"Đã nạp {count(result.rows)} người từ {file.name}; {count(result.rejected)} dòng không nạp được.",
            f"{count(result.rows)} people imported from {file.name}; {count(result.rejected)} rows could not be taken.",
        )
    )
    if result.came or result.changed or result.renumbered or result.went:
        typer.echo(
            t(
                f"So với bản trước: {count(result.came)} người mới, {count(result.changed)} người có thay đổi, "
                f"{count(result.renumbered)} người đổi số định danh, {count(result.went)} người không còn.",
                f"Against the snapshot before: {count(result.came)} came, {count(result.changed)} changed, "
                f"{count(result.renumbered)} got another number, {count(result.went)} went.",
            )
        )
    if result.links_rechecked or result.links_without_person:
        typer.echo(
            t(
                f"{count(result.links_rechecked)} liên kết sẽ được đối chiếu lại (chạy `sogoc run`); các liên kết khác giữ nguyên. "
                f"{count(result.links_without_person)} liên kết do người quyết định nay không còn người trong dữ liệu dân cư.",
                f"{count(result.links_rechecked)} links will be made again (`sogoc run`); all others stay. "
                f"{count(result.links_without_person)} links that people decided now point to nobody in the population data.",
            )
        )
    if result.rejected:
        raise typer.Exit(1)
