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
