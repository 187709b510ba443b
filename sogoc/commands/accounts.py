"""sogoc user, sogoc client: people and programs that may come in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sogoc.commands.shared import group, services
from sogoc.errors import SogocError, WrongUse
from sogoc.language import example, t


def register(app: Any) -> None:
    people = group(app, "user", t("Người dùng cổng web.", "People who use the portal."))
    people.command(
        "add",
        help=t("Thêm người dùng; mật khẩu được hỏi hoặc đọc từ tệp.", "Add a person; the password is asked for or read from a file."),
        epilog=example("sogoc user add tp.lan --role reviewer", "sogoc user add xa.hai --role commune_officer --commune 21139"),
    )(add_user)
    people.command("list", help=t("Liệt kê người dùng.", "List the people."), epilog=example("sogoc user list"))(list_users)
    people.command(
        "password",
        help=t("Đặt mật khẩu mới; mở khóa nếu bị khóa.", "Set a new password; lifts a lock."),
        epilog=example("sogoc user password tp.lan"),
    )(set_password)
    programs = group(app, "client", t("Phần mềm được gọi API (một cửa điện tử).", "Programs that may call the API (the one-stop system)."))
    programs.command(
        "add",
        help=t("Thêm phần mềm; khóa bí mật chỉ in một lần này.", "Add a program; its secret is printed this once."),
        epilog=example("sogoc client add mot-cua --scope KS:read --scope KS:copy --agency H21.129"),
    )(add_client)
    programs.command("list", help=t("Liệt kê phần mềm.", "List the programs."), epilog=example("sogoc client list"))(list_clients)


def password_of(file: Path | None) -> str:
    """The first line of the file, or asked for twice on the terminal."""
    if file is None:
        return str(typer.prompt(t("Mật khẩu", "Password"), hide_input=True, err=True,
                                confirmation_prompt=t("Nhập lại mật khẩu", "Repeat the password")))
    try:
        return file.read_text("utf-8").splitlines()[0]
    except (OSError, UnicodeDecodeError, IndexError) as e:
        raise SogocError(f"Không đọc được mật khẩu từ {file}.", f"Cannot read a password from {file}.") from e


def add_user(
    name: Annotated[str, typer.Argument(metavar="NAME", help=t("Tên đăng nhập.", "Login name."))],
    role: Annotated[str, typer.Option(metavar="ROLE", help="commune_officer reviewer archivist auditor administrator")] = "reviewer",
    commune: Annotated[
        str | None, typer.Option(metavar="CODE", help=t("Chỉ thấy sổ của xã này.", "Sees only this commune's books."))
    ] = None,
    display: Annotated[str, typer.Option(metavar="NAME", help=t("Họ tên hiển thị.", "Name shown."))] = "",
    password_file: Annotated[Path | None, typer.Option(metavar="FILE", help=t("Tệp chứa mật khẩu.", "File holding the password."))] = None,
) -> None:
    from storage import accounts, events

    if role not in accounts.ROLES:
        raise WrongUse(
            f"Không có vai trò {role}; chọn: {' '.join(accounts.ROLES)}.", f"There is no role {role}; choose: {' '.join(accounts.ROLES)}."
        )
    if role == "commune_officer" and commune is None:
        raise WrongUse("Vai trò commune_officer cần --commune.", "The role commune_officer needs --commune.")
    password = password_of(password_file)
    with services() as s, s.database.session() as session:
        accounts.add_user(session, name, password, role, commune, display)
        events.append(session, "cli", "user.add", f"user:{name}", {"role": role, "commune": commune})
    typer.echo(t(f"Đã thêm {name} ({role}).", f"{name} added ({role})."))


def list_users() -> None:
    from storage import accounts

    with services() as s, s.database.reading() as session:
        for u in accounts.users(session):
            typer.echo(f"{u.name}  {u.role}  {u.commune_code or '*'}  {u.display_name}{'' if u.active else '  ' + t('(đã tắt)', '(off)')}")


def set_password(
    name: Annotated[str, typer.Argument(metavar="NAME", help=t("Tên đăng nhập.", "Login name."))],
    password_file: Annotated[Path | None, typer.Option(metavar="FILE", help=t("Tệp chứa mật khẩu.", "File holding the password."))] = None,
) -> None:
    from storage import accounts, events

    password = password_of(password_file)
    with services() as s, s.database.session() as session:
        accounts.set_password(session, name, password)
        events.append(session, "cli", "user.password", f"user:{name}")
    typer.echo(t(f"Đã đổi mật khẩu của {name}.", f"The password of {name} is changed."))


def add_client(
    client_id: Annotated[str, typer.Argument(metavar="ID", help=t("Mã phần mềm.", "The program's id."))],
    scope: Annotated[
        list[str],
        typer.Option(
            metavar="KIND:RIGHT",
            help=t("Được phép gì, ví dụ KS:read, KS:copy, sync:21139; lặp lại được.",
                   "What it may do, for example KS:read, KS:copy, sync:21139; repeatable."),
        ),
    ],
    name: Annotated[str, typer.Option(metavar="NAME", help=t("Tên để người đọc hiểu.", "A name for people."))] = "",
    agency: Annotated[str, typer.Option(metavar="CODE", help=t("Mã định danh cơ quan.", "Agency identifier."))] = "",
) -> None:
    from storage import accounts, events

    wrong = accounts.unknown_scopes(scope)
    if wrong:
        raise WrongUse(
            f"Không có quyền {' '.join(wrong)}; ví dụ đúng: KS:read, KS:copy, sync:21139.",
            f"There is no scope {' '.join(wrong)}; for example: KS:read, KS:copy, sync:21139.",
        )
    with services() as s, s.database.session() as session:
        secret = accounts.add_client(session, client_id, scope, name, agency)
        events.append(session, "cli", "client.add", f"client:{client_id}", {"scopes": sorted(scope), "agency": agency})
    typer.echo(t(f"Đã thêm {client_id}. Khóa bí mật (chỉ hiện lần này):", f"{client_id} added. Its secret (shown this once):"), err=True)
    typer.echo(secret)


def list_clients() -> None:
    from storage import accounts

    with services() as s, s.database.reading() as session:
        for c in accounts.clients(session):
            typer.echo(f"{c.id}  {' '.join(c.scopes)}  {c.agency_code}  {c.name}{'' if c.active else '  ' + t('(đã tắt)', '(off)')}")
