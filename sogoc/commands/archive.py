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
    family.command(
        "renew-timestamps",
        help=t(
            "Nâng các bản sao chưa đạt mức chữ ký đã đặt và gia hạn dấu thời gian sắp hết hạn; chạy lại lúc nào cũng được.",
            "Raise copies below the level that is set, and renew time stamps before they end; may be run again at any time.",
        ),
        epilog=example("sogoc archive renew-timestamps"),
    )(renew_timestamps)
    app.command(
        "verify",
        help=t(
            "Kiểm tra chữ ký số của một tệp PDF, nói rõ kết quả. Mã thoát: 0 tốt, 1 không đáng tin, 3 chưa ký, 4 không phải PDF đọc được.",
            "Check the signatures of a PDF and say plainly what they are worth. Exit: 0 good, 1 not to be relied on, 3 unsigned, 4 no PDF.",
        ),
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
    file: Annotated[Path, typer.Argument(metavar="FILE.pdf", exists=True, dir_okay=False, help=t("Tệp PDF.", "The PDF."))],
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
        raise typer.Exit(report.exit_code)


def renew_timestamps() -> None:
    from sogoc.settings import load
    from storage.signature_upkeep import upkeep

    settings = load()
    with services() as s, Bars() as bars:
        done = upkeep(s.database, s.ledger, s.signer, s.archive, "sogoc", renew_days=settings.signing.renew_days,
                      progress=bars.callback(("Chữ ký", "Signatures")))
    for package, error in done.failed:
        typer.echo(f"! {package}: {error.message(language())}")
    level = s.signer.level
    typer.echo(t(f"Mức {level}: {done.raised} bản sao được nâng, {done.renewed} dấu thời gian được gia hạn, lỗi {len(done.failed)}.",
                 f"Level {level}: {done.raised} copies raised, {done.renewed} time stamps renewed, {len(done.failed)} failed."))
    if done.waiting is not None:
        typer.echo(done.waiting.message(language()), err=True)
    if done.failed or done.waiting is not None:
        raise typer.Exit(1)
