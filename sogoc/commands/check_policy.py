"""sogoc review policy show, set: how many people check an entry, by kind of register."""

from __future__ import annotations

import getpass
from datetime import datetime
from typing import Annotated, Any

import typer

from sogoc.commands.shared import group, moment, services
from sogoc.language import example, t


def register(review: Any) -> None:
    family = group(review, "policy", t("Mỗi loại sổ cần mấy người kiểm tra trước khi lưu trữ.",
                                       "How many people check each kind of register before it is archived."))
    family.command(
        "show",
        help=t("Quy định đang áp dụng và các bản trước.", "The policy in force and the versions before it."),
        epilog=example("sogoc review policy show"),
    )(show)
    family.command(
        "set",
        help=t("Đặt quy định mới cho một loại sổ. Mục đã xác nhận giữ quy định cũ.",
               "Set a new policy for one kind of register. Entries already verified keep the old one."),
        epilog=example("sogoc review policy set --kind KS --checks 2", "sogoc review policy set --checks 1 --sample 10",
                       "sogoc review policy set --kind KH --checks 2 --open --second approve --from 2027-01-01"),
    )(set_)


def show() -> None:
    from storage.check_policy import history, in_force

    with services() as s, s.database.reading() as session:
        now = in_force(session)
        for version in history(session):
            p, mark = version.policy, "*" if now.get(version.kind) == version else " "
            since = moment(version.from_at) if version.from_at else t("từ đầu", "from the beginning")
            blind = t("không thấy bản trước", "blind") if p.blind else t("thấy bản trước", "open")
            fields = " ".join(p.fields) or t("mọi ô", "every field")
            people = t(", cả người đã chọn", ", and the people chosen") if p.links else ""
            how = t(f"{p.checks} người kiểm tra, {blind}, mẫu {p.sample:.1%}", f"{p.checks} check(s), {blind}, sample {p.sample:.1%}")
            typer.echo(f"{mark} {version.version:3}  {version.kind or '*':3}  {since}  {version.by or 'sogoc'}: {how}; {fields}{people}")


def set_(
    checks: Annotated[int, typer.Option(min=1, max=2, help=t("Số người kiểm tra mỗi mục.", "How many people check each entry."))],
    kind: Annotated[str, typer.Option(metavar="KS|KH|…", help=t("Loại sổ; bỏ trống: mọi loại khác.",
                                                                "Kind of register; none: every other kind."))] = "",
    blind: Annotated[bool, typer.Option("--blind/--open", help=t("Người thứ hai không thấy, hay thấy bản trước.",
                                                                 "Whether the second person sees the first version."))] = True,
    sample: Annotated[float, typer.Option(min=0, max=100, help=t("Phần trăm lấy mẫu khi một người kiểm tra.",
                                                                 "Per cent drawn for a second opinion where one person checks."))] = 5.0,
    fields: Annotated[str, typer.Option(metavar="CODES", help=t("Mã các ô phải giống nhau, cách nhau dấu phẩy; bỏ trống: mọi ô.",
                                                                "Codes of fields that must agree, by commas; none: all."))] = "",
    links: Annotated[bool, typer.Option("--links/--no-links", help=t("Người đã chọn cũng phải giống nhau.",
                                                                     "Whether the people chosen must agree too."))] = True,
    second: Annotated[str, typer.Option(metavar="review|approve", help=t("Ai được kiểm tra lần hai.",
                                                                        "Who may do the second check."))] = "review",
    from_: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help=t("Từ ngày; bỏ trống: từ bây giờ.",
                                                                                          "From that day; none: from now."))] = None,
) -> None:
    from storage.accounts import Actor
    from storage.check_policy import KindPolicy, set_policy

    wanted = KindPolicy(checks, blind, sample / 100, tuple(c.strip() for c in fields.split(",") if c.strip()), links, second)
    with services() as s, s.database.session() as session:
        made = set_policy(session, Actor(f"cli.{getpass.getuser()}"), kind, wanted, from_.astimezone() if from_ else None)
    typer.echo(t(f"Đã đặt quy định bản {made.version}.", f"Policy version {made.version} is set."))
