"""The command tree. Command modules import what they need when they run, so that `sogoc --help` answers at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from sogoc import click_words, failures
from sogoc.commands import (
    accounts,
    archive,
    backup,
    batch,
    clients,
    demo,
    extract,
    form,
    home,
    log,
    match,
    model,
    population,
    push,
    records,
    report,
    review,
    serve,
    simulate,
    sync,
    work,
)
from sogoc.commands.shared import NO_ARGUMENTS
from sogoc.language import example, t

click_words.speak()
app = typer.Typer(
    name="sogoc",
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    **NO_ARGUMENTS,
    help=t(
        "Sổ Gốc: đọc sổ hộ tịch đã quét, đối chiếu dân cư, rà soát, lưu trữ và cấp bản sao. Chạy cả khi mất mạng.",
        "Sổ Gốc: reads scanned civil-status registers, links people, review, archive, signed copies. Works offline.",
    ),
    epilog=example("sogoc init", "sogoc population import dan-cu.csv", "sogoc batch add quet/KS.2017.01", "sogoc run", "sogoc serve"),
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"sogoc {version('sogoc')}")
        raise typer.Exit()


@app.callback()
def root(
    home_dir: Annotated[
        Path | None,
        typer.Option(
            "--home",
            metavar="DIR",
            help=t("Thư mục dữ liệu (thay cho SOGOC_HOME; mặc định ./var).", "The home (instead of SOGOC_HOME; default ./var)."),
        ),
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help=t("Khi lỗi, in toàn bộ dấu vết.", "On an error, print the whole traceback."))
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help=t("In phiên bản.", "Print the version."))
    ] = False,
) -> None:
    if home_dir is not None:
        os.environ["SOGOC_HOME"] = str(home_dir.expanduser().absolute())


for module in (
    home, population, batch, work, records, form, match, model, review, report, log, archive, backup, serve, extract, sync, push,
    accounts, clients, simulate, demo,
):
    module.register(app)


def run(arguments: list[str]) -> int:
    """Run a command line; the exit code. `--debug` may stand anywhere."""
    debug = "--debug" in arguments
    arguments = [a for a in arguments if a != "--debug"]
    try:
        code = app(args=arguments, prog_name="sogoc", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except BaseException as error:
        return failures.report(error, debug)
