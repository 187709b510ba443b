"""sogoc report list, write, renew, plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sogoc.commands.shared import day, group, known_commune, one_of, services
from sogoc.errors import WrongUse
from sogoc.language import example, language, t


def register(app: Any) -> None:
    family = group(app, "report", t("Báo cáo và kế hoạch số hóa.", "Reports, and the plan they are held against."))
    family.command("list", help=t("Liệt kê các báo cáo.", "List the reports."), epilog=example("sogoc report list"))(list_)
    family.command(
        "write",
        help=t("Ghi một báo cáo ra tệp Excel.", "Write a report to an Excel file."),
        epilog=example(
            "sogoc report write tien-do tien-do.xlsx --from 2026-01-01 --to 2026-06-30",
            "sogoc report write bao-cao-ky thang-8.xlsx --step month --from 2026-08-01 --commune 21139",
        ),
    )(write)
    family.command(
        "renew",
        help=t(
            "Tính lại bảng số liệu theo ngày, mà báo cáo của cơ sở lớn lấy từ đó; Dagster làm việc này mỗi đêm.",
            "Count the daily figures that reports of a large installation come from; Dagster does so every night.",
        ),
        epilog=example("sogoc report renew"),
    )(renew)
    family.command(
        "plan",
        help=t(
            "Nhận kế hoạch từ tệp Excel hoặc CSV: mã xã, loại sổ, kỳ, số quyển, số trường hợp.",
            "Take the plan in from Excel or CSV: commune code, kind, period, books, entries.",
        ),
        epilog=example("sogoc report plan ke-hoach.xlsx"),
    )(plan)


def list_() -> None:
    from portal.language import Words
    from portal.reports.catalogue import REPORTS

    words = Words(language())
    for report in REPORTS.values():
        typer.echo(f"{report.name:<12} {words.pick(report.title)}: {words.pick(report.about)}")


def write(
    name: Annotated[str, typer.Argument(metavar="NAME", help=t("Tên báo cáo (xem list).", "The report's name (see list)."))],
    out: Annotated[Path, typer.Argument(metavar="OUT.xlsx", help=t("Tệp ghi ra.", "The file to write."))],
    from_: Annotated[str, typer.Option("--from", metavar="DAY", help=t("Từ ngày, ví dụ 2026-08-01.", "First day, as 2026-08-01."))] = "",
    to: Annotated[str, typer.Option("--to", metavar="DAY", help=t("Đến ngày.", "Last day."))] = "",
    step: Annotated[str, typer.Option(metavar="STEP", help=t("week, month, quarter hoặc year.", "week, month, quarter or year."))] = "",
    commune: Annotated[str, typer.Option(metavar="CODE", help=t("Chỉ xã này.", "Only this commune."))] = "",
    kind: Annotated[str, typer.Option(metavar="KIND", help=t("Chỉ loại sổ này: KS, KH …", "Only this kind: KS, KH …"))] = "",
    as_: Annotated[
        str | None, typer.Option("--as", metavar="USER", help=t("Xuất với quyền của người này.", "With this user's rights."))
    ] = None,
) -> None:
    import os

    from portal.language import Words
    from portal.reports import sheets
    from portal.reports.catalogue import report
    from portal.reports.filters import Filters, described, scope_of
    from portal.reports.view import Ask
    from sogoc.commands.review import actor
    from storage import events
    from storage.models import utc_now
    from storage.policy import KINDS
    from storage.report_period import STEPS
    from storage.review_errors import NotAllowed
    from storage.watermark import VIETNAM, watermark

    if out.suffix.lower() != ".xlsx":
        raise WrongUse("Tên tệp kết thúc bằng .xlsx.", "The file's name ends in .xlsx.")
    day("--from", from_)
    day("--to", to)
    if step:
        one_of("--step", step, STEPS)
    if kind:
        one_of("--kind", kind, KINDS)
    if commune:
        commune = known_commune(commune)

    wanted, words, now = report(name), Words(language()), utc_now()
    with services() as s:
        who = actor(s, as_)
        if not (who.may("report.see") and who.may("report.export")):
            raise NotAllowed(actor=who.name)
        scope, length = scope_of(wanted, Filters(from_, to, step, commune, kind, day=from_), who, now.astimezone(VIETNAM).date())
        with s.database.reading() as session:
            ask = Ask(session, words, scope, length, now.astimezone(VIETNAM).date(), s.reports)
            view = wanted.build(ask)
            mark = watermark(who, now, f"{words.pick(wanted.title)} – {described(ask, wanted)}", words.lang)
            data = sheets.report_file(ask, wanted, view, mark)
        with s.database.session() as session:
            detail = {**sheets.export_detail(ask), "rows": sheets.rows(view), "channel": "cli"}
            events.append(session, who.name, "report.export", f"report:{name}", detail)
        temporary = out.with_name(f"{out.name}.{os.getpid()}.new")
        temporary.write_bytes(data)
        temporary.replace(out)
    typer.echo(view.headline)
    typer.echo(t(f"Đã ghi {sheets.rows(view)} dòng vào {out}.", f"{sheets.rows(view)} rows written to {out}."))


def renew() -> None:
    from storage.report_figures import renew as count

    with services() as s:
        done = count(s.database)
    typer.echo(t(f"Đã tính {done.rows} số liệu trong {done.seconds:.1f} giây.", f"{done.rows} figures counted in {done.seconds:.1f} s."))


def plan(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help=t("Tệp kế hoạch.", "The plan's file."))],
    as_: Annotated[str | None, typer.Option("--as", metavar="USER", help=t("Ai đặt kế hoạch.", "Who sets it."))] = None,
) -> None:
    from sogoc.commands.review import actor
    from storage.report_plan import parse_plan, set_plan

    lines = parse_plan(file.read_bytes())
    with services() as s:
        who = actor(s, as_)
        with s.database.session() as session:
            done = set_plan(session, who, lines)
    typer.echo(t(f"Đã nhận {done} dòng kế hoạch.", f"{done} lines of the plan taken in."))
