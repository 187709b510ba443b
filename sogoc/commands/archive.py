"""sogoc archive verify, sogoc verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sogoc.commands.shared import Bars, group, services
from sogoc.language import example, language, t


def register(app: Any) -> None:
    family = group(app, "archive", t("Kho lưu trữ.", "The archive."))
    family.command(
        "verify",
        help=t(
            "Băm lại mọi tệp lưu trữ và nêu đúng tệp nào khác hoặc thiếu.",
            "Hash every archived object again and name what differs or is missing.",
        ),
        epilog=example("sogoc archive verify"),
    )(verify)
    app.command(
        "verify",
        help=t("Kiểm tra chữ ký số của một bản sao PDF.", "Check the signature of a PDF copy."),
        epilog=example("sogoc verify ban-sao.pdf"),
    )(verify_file)


def verify() -> None:
    from storage.archive import verify_archive
    from storage.overview import figures

    with services() as s:
        with Bars() as bars:
            differences = verify_archive(s.database, s.objects, bars.callback(("Băm lại", "Hashing")))
        with s.database.reading() as session:
            total = figures(session)
    for d in differences:
        typer.echo(f"! {d.message(language())}")
    vi = f"{total.packages} gói lưu trữ, {total.objects} tệp, {len(differences)} sai khác."
    typer.echo(t(vi, f"{total.packages} packages, {total.objects} objects, {len(differences)} differences."))
    if differences:
        raise typer.Exit(1)


def verify_file(
    file: Annotated[Path, typer.Argument(metavar="FILE.pdf", exists=True, dir_okay=False, help=t("Bản sao PDF.", "The PDF copy."))],
    root: Annotated[
        list[Path] | None,
        typer.Option(metavar="PEM", help=t("Chứng thư gốc tin cậy; mặc định: của cơ sở này.", "Trusted root; this home's by default.")),
    ] = None,
) -> None:
    from sogoc.home import open_signer
    from sogoc.settings import load
    from storage.signing import verify_pdf

    report = verify_pdf(file, root or open_signer(load()).roots())
    for line in report.lines(language()):
        typer.echo(line)
    if not report.valid:
        raise typer.Exit(1)
