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
        result = import_population(s.database, file, s.population_columns, bars.callback(("Nạp dân cư", "Importing people")))
    typer.echo(
        t(
            f"Đã nạp {count(result.rows)} người từ {file.name}; {count(result.rejected)} dòng không nạp được.",
            f"{count(result.rows)} people imported from {file.name}; {count(result.rejected)} rows could not be taken.",
        )
    )
    if result.rejected:
        raise typer.Exit(1)
