"""sogoc user: people who may come in, and what each may do where."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sogoc.commands.shared import ask_hidden, group, known_commune, services
from sogoc.errors import SogocError, WrongUse
from sogoc.language import example, t

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from storage.policy import Grant

Name = Annotated[str, typer.Argument(metavar="NAME", help=t("Tên đăng nhập.", "Login name."))]
Communes = Annotated[
    list[str] | None,
    typer.Option("--commune", metavar="CODE", help=t("Chỉ sổ của xã này; lặp lại được.", "Only this commune's books; repeatable.")),
]
Kinds = Annotated[
    list[str] | None,
    typer.Option("--kind", metavar="KIND", help=t("Chỉ loại sổ này, như KS; lặp lại được.", "Only this kind, such as KS; repeatable.")),
]
PasswordFile = Annotated[Path | None, typer.Option(metavar="FILE", help=t("Tệp chứa mật khẩu.", "File holding the password."))]
Roles = "commune_officer commune_head reviewer approver archivist auditor administrator"


def register(app: Any) -> None:
    people = group(app, "user", t("Người dùng cổng web.", "People who use the portal."))
    people.command(
        "add",
        help=t("Thêm người dùng; mật khẩu được hỏi hoặc đọc từ tệp.", "Add a person; the password is asked for or read from a file."),
        epilog=example("sogoc user add tp.lan --role reviewer", "sogoc user add xa.hai --role commune_officer --commune 21139 --kind KS"),
    )(add_user)
    people.command("list", help=t("Liệt kê người dùng và quyền.", "List the people and their rights."), epilog=example("sogoc user list"))(
        list_users
    )
    people.command(
        "grant",
        help=t("Trao thêm một quyền: vai trò, xã, loại sổ.", "Give another right: role, communes, kinds."),
        epilog=example("sogoc user grant xa.hai --role commune_head --commune 21139"),
    )(grant)
    people.command(
        "revoke",
        help=t("Thu hồi một quyền (số ở sogoc user list).", "Take a right away (its number is in sogoc user list)."),
        epilog=example("sogoc user revoke xa.hai 3"),
    )(revoke)
    people.command(
        "disable",
        help=t("Ngừng tài khoản; mọi phiên đang mở kết thúc.", "Switch an account off; its open sessions end."),
        epilog=example("sogoc user disable xa.hai"),
    )(disable)
    people.command("enable", help=t("Dùng lại tài khoản.", "Switch an account on."), epilog=example("sogoc user enable xa.hai"))(enable)
    people.command(
        "password",
        help=t("Đặt mật khẩu mới; mở khóa nếu bị khóa.", "Set a new password; lifts a lock."),
        epilog=example("sogoc user password tp.lan"),
    )(set_password)
    people.command(
        "reset-code",
        help=t("Bỏ mã xác thực của người mất điện thoại.", "Drop the one-time passwords of somebody whose telephone is lost."),
        epilog=example("sogoc user reset-code tp.lan"),
    )(reset_code)


def password_of(file: Path | None) -> str:
    """The first line of the file, or asked for twice on the terminal."""
    if file is None:
        return ask_hidden(t("Mật khẩu", "Password"), t("--password-file TỆP", "--password-file FILE"),
                          t("Nhập lại mật khẩu", "Repeat the password"))
    try:
        return file.read_text("utf-8").splitlines()[0]
    except (OSError, UnicodeDecodeError, IndexError) as e:
        raise SogocError(f"Không đọc được mật khẩu từ {file}.", f"Cannot read a password from {file}.") from e


def grant_said(role: str, communes: list[str] | None, kinds: list[str] | None) -> Grant:
    """The grant of the options. Raises WrongUse."""
    from storage.policy import KINDS, ROLES, Grant

    if role not in ROLES:
        raise WrongUse(f"Không có vai trò {role}; chọn: {' '.join(ROLES)}.", f"There is no role {role}; choose: {' '.join(ROLES)}.")
    if role in ("commune_officer", "commune_head") and not communes:
        raise WrongUse(f"Vai trò {role} cần --commune.", f"The role {role} needs --commune.")
    communes = [known_commune(commune) for commune in communes or ()]
    wrong = sorted(set(kinds or ()) - set(KINDS))
    if wrong:
        named, known = " ".join(wrong), " ".join(KINDS)
        raise WrongUse(f"Không có loại sổ {named}; chọn: {known}.", f"There is no kind {named}; choose: {known}.")
    return Grant(role, frozenset(communes) if communes else None, frozenset(kinds) if kinds else None)


@contextmanager
def changing(action: str, name: str, **said: Any) -> Iterator[Session]:
    """One unit of work that is logged under `action` with what was said."""
    from storage.access_log import log_access
    from storage.policy import Actor

    with services() as s, s.database.session() as session:
        yield session
        log_access(session, Actor("cli"), action, f"user:{name}", by=getpass.getuser(), **said)


def told(found: Grant) -> dict[str, Any]:
    return {"granted": found.role, "communes": found.communes and sorted(found.communes), "kinds": found.kinds and sorted(found.kinds)}


def add_user(
    name: Name,
    role: Annotated[str, typer.Option(metavar="ROLE", help=Roles)] = "reviewer",
    commune: Communes = None,
    kind: Kinds = None,
    display: Annotated[str, typer.Option(metavar="NAME", help=t("Họ tên hiển thị.", "Name shown."))] = "",
    password_file: PasswordFile = None,
    must_change: Annotated[
        bool, typer.Option("--must-change", help=t("Phải đổi mật khẩu khi đăng nhập.", "It must be changed at the first sign-in."))
    ] = False,
    sso: Annotated[
        bool, typer.Option("--sso", help=t("Đăng nhập một lần, không có mật khẩu.", "Comes in by single sign-on, without a password."))
    ] = False,
) -> None:
    from storage.accounts import add_user, give

    found = grant_said(role, commune, kind)
    password = None if sso else password_of(password_file)
    with changing("user.add", name, **told(found)) as session:
        add_user(session, name, password, None, display_name=display, must_change=must_change)
        give(session, name, found, by="cli")
    typer.echo(t(f"Đã thêm {name} ({role}).", f"{name} added ({role})."))


def list_users() -> None:
    from storage import accounts

    with services() as s, s.database.reading() as session:
        for u in accounts.users(session):
            marks = ([] if u.active else [t("(đã tắt)", "(off)")]) + ([] if u.password_hash else ["(sso)"])
            typer.echo("  ".join([u.name, u.display_name, *marks]).rstrip())
            for number, found, source in accounts.grants_of(session, u.name):
                communes = ",".join(sorted(found.communes)) if found.communes is not None else "*"
                kinds = ",".join(sorted(found.kinds)) if found.kinds is not None else "*"
                typer.echo(f"  {number}  {found.role}  {communes}  {kinds}{'  (sso)' if source == 'sso' else ''}")


def grant(
    name: Name,
    role: Annotated[str, typer.Option(metavar="ROLE", help=Roles)],
    commune: Communes = None,
    kind: Kinds = None,
) -> None:
    from storage.accounts import give

    found = grant_said(role, commune, kind)
    with changing("user.grant", name, **told(found)) as session:
        give(session, name, found, by="cli")
    typer.echo(t(f"Đã trao {role} cho {name}.", f"{name} now is {role}."))


def revoke(
    name: Name,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help=t("Số của quyền.", "The right's number."))],
) -> None:
    from storage.accounts import grants_of, revoke

    with services() as s, s.database.reading() as session:
        found = next((g for n, g, _ in grants_of(session, name) if n == number), None)
    with changing("user.revoke", name, **(told(found) if found else {})) as session:
        revoke(session, name, number)
    typer.echo(t(f"Đã thu hồi quyền số {number} của {name}.", f"Right {number} of {name} is taken away."))


def disable(name: Name) -> None:
    from storage.accounts import set_active

    with changing("user.disable", name) as session:
        set_active(session, name, False)
    typer.echo(t(f"Đã ngừng {name}.", f"{name} is switched off."))


def enable(name: Name) -> None:
    from storage.accounts import set_active

    with changing("user.enable", name) as session:
        set_active(session, name, True)
    typer.echo(t(f"{name} dùng lại được.", f"{name} is switched on."))


def set_password(
    name: Name,
    password_file: PasswordFile = None,
    must_change: Annotated[
        bool, typer.Option("--must-change", help=t("Phải đổi khi đăng nhập.", "It must be changed at the next sign-in."))
    ] = False,
) -> None:
    from storage.accounts import set_password

    password = password_of(password_file)
    with changing("user.password", name) as session:
        set_password(session, name, password, must_change=must_change)
    typer.echo(t(f"Đã đổi mật khẩu của {name}.", f"The password of {name} is changed."))


def reset_code(name: Name) -> None:
    from storage.accounts import reset_second_factor

    with changing("user.second_factor", name, outcome="off") as session:
        reset_second_factor(session, name)
    typer.echo(t(f"Đã bỏ mã xác thực của {name}.", f"The one-time passwords of {name} are dropped."))
