"""sogoc push: dossiers to the Ministry's civil-status software."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sogoc.commands.shared import group, one_of, services
from sogoc.errors import WrongUse
from sogoc.language import example, t

As = Annotated[str | None, typer.Option("--as", metavar="NAME", help=t("Tài khoản người quyết định.", "Account of who decides."))]
Dossier = Annotated[str, typer.Argument(metavar="DOSSIER", help=t("Mã hồ sơ một cửa.", "One-stop dossier code."))]


def register(app: Any) -> None:
    family = group(app, "push", t("Gửi hồ sơ sang phần mềm hộ tịch của Bộ Tư pháp.", "Dossiers to the Ministry's civil-status software."))
    family.command(
        "add",
        help=t("Đưa một mục đã lưu trữ vào danh sách gửi: đăng ký (LTKS, LTKT, LTKH) hoặc yêu cầu bản sao trích lục (BS).",
               "Put an archived entry on the list: a registration (LTKS, LTKT, LTKH) or a request for the copy of an extract (BS)."),
        epilog=example("sogoc push add 12 --dossier H21.129-260302-0001 --copy",
                       'sogoc push add 12 --dossier H21.129-260302-0002 --module BS --requester "Lê Văn Cường" --relation Cha'),
    )(add)
    family.command("run", help=t("Gửi ngay những hồ sơ đến hạn (dùng cho cron; `sogoc serve` tự làm việc này).",
                                 "Send what is due now (for cron; `sogoc serve` does it by itself)."),
                   epilog=example("sogoc push run"))(run)
    family.command("list", help=t("Liệt kê hồ sơ và lý do chưa gửi được.", "List dossiers, and why they were not sent."),
                   epilog=example("sogoc push list", "sogoc push list --state dead"))(list_pushes)
    family.command("retry", help=t("Gửi lại một hồ sơ không gửi được.", "Send a dossier again that could not be sent."),
                   epilog=example("sogoc push retry H21.129-260302-0001", "sogoc push retry H21.129-260302-0001 --corrected"))(retry)
    family.command("hold", help=t("Giữ lại một hồ sơ, không gửi cho đến khi có người cho gửi lại.",
                                  "Keep a dossier from being sent until somebody sends it again."),
                   epilog=example("sogoc push hold H21.129-260302-0001 --reason hold_correction"))(hold)


def add(
    entry: Annotated[int, typer.Argument(metavar="ENTRY", help=t("Số mục (xem cổng web).", "Number of the entry (see the portal)."))],
    dossier: Annotated[str, typer.Option(metavar="CODE", help=t("Mã hồ sơ một cửa.", "One-stop dossier code."))],
    module: Annotated[str, typer.Option(metavar="MODULE", help=t("LTKS LTKT LTKH BS; bỏ trống: theo loại sổ.",
                                                                "LTKS LTKT LTKH BS; by the kind of register if left out."))] = "",
    linked: Annotated[str, typer.Option(metavar="CODE", help=t("Mã hồ sơ liên thông, nếu khác.", "maHoSoLT, if another."))] = "",
    requester: Annotated[str, typer.Option(metavar="NAME", help=t("BS: họ tên người yêu cầu.", "BS: who asks."))] = "",
    relation: Annotated[str, typer.Option(metavar="TEXT", help=t("BS: quan hệ.", "BS: the relation."))] = "",
    copies: Annotated[int, typer.Option(min=1, max=99, help=t("BS: số bản.", "BS: how many copies."))] = 1,
    with_copy: Annotated[bool, typer.Option("--copy", help=t("Kèm bản sao có chữ ký số.", "With the signed copy."))] = False,
    as_user: As = None,
) -> None:
    from records.ministry.messages import REGISTRATION, Requester
    from sogoc.commands.review import actor
    from storage.ministry_push import decide_to_send
    from storage.review_queue import visible_entry

    with services() as s:
        who = actor(s, as_user)
        with s.database.session() as session:
            kind = visible_entry(session, who, entry, "approve").kind
            row = decide_to_send(session, who, entry, module.upper() or REGISTRATION.get(kind, kind), dossier, linked=linked,
                                 requester=Requester(requester, relation, copies) if requester else None, with_copy=with_copy)
            typer.echo(_line(row))


def run() -> None:
    from storage.ministry_push import Connection, Sender, load_endpoints
    from storage.ministry_push.errors import NotConnected

    with services() as s:
        if s.ministry is None:
            raise NotConnected()
        with Connection(s.ministry) as connection:
            done = Sender(s.database, s.ledger, connection, load_endpoints(s.ministry.endpoints)).run_once()
    typer.echo(t(f"Đã gửi {done.sent}, có kết quả {done.finished}, chờ gửi lại {done.later}, không gửi được {done.dead}.",
                 f"{done.sent} sent, {done.finished} have a result, {done.later} wait for another try, {done.dead} set aside."))
    if done.later or done.dead:
        raise typer.Exit(1)


def list_pushes(
    state: Annotated[str, typer.Option(metavar="STATE", help="waiting held sent done dead")] = "",
) -> None:
    from storage.ministry_push import pushes
    from storage.ministry_push.listing import STATES

    if state:
        one_of("--state", state, STATES)
    with services() as s, s.database.reading() as session:
        found = pushes(session, state or None)
        for row in found:
            typer.echo(_line(row))
            for said in row.said if row.state == "dead" else []:
                typer.echo(f"    {said}")
    if not found:
        typer.echo(t("Không có hồ sơ nào.", "There are no dossiers."))


def retry(
    dossier: Dossier,
    corrected: Annotated[
        bool, typer.Option("--corrected", help=t("Theo nội dung sổ lúc này.", "With what the register says now."))
    ] = False,
    as_user: As = None,
) -> None:
    from sogoc.commands.review import actor
    from storage.ministry_push import send_again, send_corrected

    with services() as s:
        who = actor(s, as_user)
        with s.database.session() as session:
            typer.echo(_line((send_corrected if corrected else send_again)(session, who, dossier)))


def hold(
    dossier: Dossier,
    reason: Annotated[str, typer.Option(metavar="REASON", help="hold_correction hold_papers hold_not_needed hold_other")] = "hold_other",
    as_user: As = None,
) -> None:
    from sogoc.commands.review import actor
    from storage.ministry_push import hold as hold_back
    from storage.ministry_push.decision import HOLDS

    if reason not in HOLDS:
        known = [", ".join(f"{code} ({words[n]})" for code, words in HOLDS.items()) for n in (0, 1)]
        raise WrongUse(f"--reason: không có lý do {reason}; chọn một trong: {known[0]}.",
                       f"--reason: there is no reason {reason}; choose one of: {known[1]}.")
    with services() as s:
        who = actor(s, as_user)
        with s.database.session() as session:
            typer.echo(_line(hold_back(session, who, dossier, reason)))


def _line(row: Any) -> str:
    """Codes and states; nobody's name."""
    from portal.push_wording import STAGES, why
    from storage.ministry_push.listing import stage_of

    because = why(row)
    return "  ".join(part for part in (row.dossier, row.module, t(*STAGES[stage_of(row)]), row.endpoint, t(*because) if because else "")
                     if part)
