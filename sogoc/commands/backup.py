"""sogoc backup write, read: the database's own backup."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sogoc.commands.shared import group
from sogoc.language import example, t


def register(app: Any) -> None:
    family = group(app, "backup", t("Sao lưu cơ sở dữ liệu (nháp, tài khoản, dân cư).",
                                    "Backups of the database (drafts, accounts, people)."))
    family.command(
        "write",
        help=t("Sao lưu khi chương trình vẫn chạy; mặc định vào thư mục backups.",
               "Back up while the program works; into backups by default."),
        epilog=example("sogoc backup write", "sogoc backup write --into /mnt/usb"),
    )(write)
    family.command(
        "read",
        help=t("Phục hồi vào cơ sở dữ liệu trống, có kiểm tra.", "Restore into an empty database, checked."),
        epilog=example("sogoc init", "sogoc backup read backups/sogoc-20261130T143000.sqlite.gz"),
    )(read)


def write(
    into: Annotated[Path | None, typer.Option(metavar="FOLDER", file_okay=False, help=t("Thư mục đích.", "Where to."))] = None,
) -> None:
    from sogoc.home import open_database
    from sogoc.settings import load
    from storage.backup import write_backup

    settings = load()
    with open_database(settings) as database:
        typer.echo(str(write_backup(database, into or settings.home / "backups")))


def read(file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help=t("Tệp sao lưu.", "The backup."))]) -> None:
    from sogoc.home import open_database
    from sogoc.settings import load
    from storage.backup import read_backup

    with open_database(load()) as database:
        facts = read_backup(database, file)
    rows = facts["events"]["seq"]
    typer.echo(t(f"Đã phục hồi; nhật ký nguyên vẹn, {rows} dòng.", f"Restored; the log is whole, {rows} rows."))
