"""sogoc client: programs that may call the API."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sogoc.commands import client_access
from sogoc.commands.shared import group, moment, services
from sogoc.errors import WrongUse
from sogoc.language import example, t


def register(app: Any) -> None:
    programs = group(app, "client", t("Phần mềm được gọi API (một cửa điện tử).", "Programs that may call the API (the one-stop system)."))
    programs.command(
        "add",
        help=t("Thêm phần mềm; khóa bí mật chỉ in một lần này.", "Add a program; its secret is printed this once."),
        epilog=example("sogoc client add mot-cua --scope KS:read --scope KS:copy --agency H21.129"),
    )(add_client)
    programs.command("list", help=t("Liệt kê phần mềm.", "List the programs."), epilog=example("sogoc client list"))(list_clients)
    programs.command(
        "disable",
        help=t("Ngừng một phần mềm, có hiệu lực ngay.", "Switch a program off, at once."),
        epilog=example("sogoc client disable mot-cua"),
    )(disable)
    programs.command("enable", help=t("Dùng lại phần mềm.", "Switch a program on."), epilog=example("sogoc client enable mot-cua"))(enable)
    client_access.register(programs)


def add_client(
    client_id: Annotated[str, typer.Argument(metavar="ID", help=t("Mã phần mềm.", "The program's id."))],
    scope: Annotated[
        list[str],
        typer.Option(
            metavar="KIND:RIGHT",
            help=t("Được phép gì, ví dụ KS:read, KS:read.nhanthan, KS:copy, person:vault, sync:21139; lặp lại được.",
                   "What it may do, for example KS:read, KS:read.nhanthan, KS:copy, person:vault, sync:21139; repeatable."),
        ),
    ],
    name: Annotated[str, typer.Option(metavar="NAME", help=t("Tên để người đọc hiểu.", "A name for people."))] = "",
    agency: Annotated[str, typer.Option(metavar="CODE", help=t("Mã định danh cơ quan.", "Agency identifier."))] = "",
) -> None:
    from storage import events
    from storage.clients import add_client, unknown_scopes

    wrong = unknown_scopes(scope)
    if wrong:
        raise WrongUse(
            f"Không có quyền {' '.join(wrong)}; ví dụ đúng: KS:read, KS:copy, sync:21139.",
            f"There is no scope {' '.join(wrong)}; for example: KS:read, KS:copy, sync:21139.",
        )
    with services() as s, s.database.session() as session:
        secret = add_client(session, client_id, scope, name, agency)
        events.append(session, "cli", "client.add", f"client:{client_id}", {"scopes": sorted(scope), "agency": agency})
    typer.echo(t(f"Đã thêm {client_id}. Khóa bí mật (chỉ hiện lần này):", f"{client_id} added. Its secret (shown this once):"), err=True)
    typer.echo(secret)


def list_clients() -> None:
    from storage.client_secrets import live_secrets
    from storage.clients import clients

    with services() as s, s.database.reading() as session:
        secrets = live_secrets(session)
        for c in clients(session):
            typer.echo(f"{c.id}  {' '.join(c.scopes)}  {c.agency_code}  {c.name}{'' if c.active else '  ' + t('(đã tắt)', '(off)')}")
            for row in secrets.get(c.id, ()):
                until = t("đang dùng", "in force") if row.ends_at is None else t(f"còn đến {moment(row.ends_at)}",
                                                                                  f"until {moment(row.ends_at)}")
                typer.echo(f"    {t('khóa cấp', 'secret of')} {moment(row.made_at)}, {until}")


def disable(client_id: Annotated[str, typer.Argument(metavar="ID", help=t("Mã phần mềm.", "The program's id."))]) -> None:
    _set(client_id, False)
    typer.echo(t(f"Đã ngừng {client_id}.", f"{client_id} is switched off."))


def enable(client_id: Annotated[str, typer.Argument(metavar="ID", help=t("Mã phần mềm.", "The program's id."))]) -> None:
    _set(client_id, True)
    typer.echo(t(f"{client_id} dùng lại được.", f"{client_id} is switched on."))


def _set(client_id: str, active: bool) -> None:
    from storage import events
    from storage.clients import set_client_active

    with services() as s, s.database.session() as session:
        set_client_active(session, client_id, active)
        events.append(session, "cli", "client.enable" if active else "client.disable", f"client:{client_id}", {})
