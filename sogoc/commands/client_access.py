"""sogoc client …: secrets, token keys, gateway pairs, quotas and alerts of the programs that call the API."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from sogoc.commands.shared import group, moment, one_of, services
from sogoc.errors import WrongUse
from sogoc.language import example, t

ClientId = Annotated[str, typer.Argument(metavar="ID", help=t("Mã phần mềm.", "The program's id."))]


def register(programs: Any) -> None:
    programs.command(
        "secret",
        help=t("Cấp khóa bí mật mới; khóa cũ còn dùng được thêm một thời gian.", "Make a new secret; the old one stays good for a while."),
        epilog=example("sogoc client secret mot-cua --grace 72"),
    )(new_secret)
    programs.command(
        "scopes",
        help=t("Đặt lại phạm vi, có hiệu lực ngay.", "Set a program's scopes anew, at once."),
        epilog=example("sogoc client scopes mot-cua --scope KS:read.nhanthan --scope KS:copy"),
    )(set_scopes)
    programs.command(
        "quota",
        help=t("Đặt hạn mức mỗi ngày hoặc mỗi tháng.", "Set how much a program may ask in a day or a month."),
        epilog=example("sogoc client quota mot-cua --of searches --per day --most 2000"),
    )(quota)
    programs.command(
        "usage", help=t("Đã dùng bao nhiêu hôm nay và tháng này.", "How much was asked today and this month."),
        epilog=example("sogoc client usage"),
    )(usage)
    programs.command(
        "alerts", help=t("Cảnh báo tra cứu bất thường còn chờ xử lý.", "Open alerts about how somebody asks."),
        epilog=example("sogoc client alerts"),
    )(show_alerts)
    keys = group(programs, "keys", t("Khóa ký mã truy cập.", "Keys that sign access tokens."))
    keys.command(
        "rotate",
        help=t("Đổi khóa ký ngay; mã đã cấp vẫn dùng đến lúc hết hạn.", "Change the key now; tokens stay good until they expire."),
        epilog=example("sogoc client keys rotate"),
    )(rotate_keys)
    keys.command("list", help=t("Liệt kê khóa.", "List the keys."), epilog=example("sogoc client keys list"))(list_keys)
    pairs = group(programs, "gateway", t("Cặp AccessKey, SecretKey của trục LGSP.", "AccessKey, SecretKey pairs of the province's LGSP."))
    pairs.command(
        "add",
        help=t("Đăng ký một cặp cho phần mềm.", "Register a pair for a program."),
        epilog=example("sogoc client gateway add mot-cua --access-key AK01 --secret-file lgsp-secret.txt --partner-code 000.00.19.H21"),
    )(add_pair)
    pairs.command("list", help=t("Liệt kê các cặp.", "List the pairs."), epilog=example("sogoc client gateway list"))(list_pairs)
    pairs.command("remove", help=t("Gỡ một cặp.", "Remove a pair."), epilog=example("sogoc client gateway remove AK01"))(remove_pair)


def new_secret(
    client_id: ClientId,
    grace: Annotated[
        float, typer.Option(min=0, metavar="HOURS", help=t("Khóa cũ còn dùng được bấy nhiêu giờ.", "Hours the old secret stays good."))
    ] = 72.0,
) -> None:
    from storage import events
    from storage.client_secrets import new_secret

    with services() as s, s.database.session() as session:
        secret = new_secret(session, client_id, timedelta(hours=grace))
        events.append(session, "cli", "client.secret", f"client:{client_id}", {"hours": grace})
    typer.echo(t(f"Khóa bí mật mới của {client_id} (chỉ hiện lần này):", f"The new secret of {client_id} (shown this once):"), err=True)
    typer.echo(secret)


def set_scopes(
    client_id: ClientId,
    scope: Annotated[list[str], typer.Option(metavar="SCOPE", help=t("Phạm vi, lặp lại được.", "A scope; repeatable."))],
) -> None:
    from storage import events
    from storage.clients import set_scopes, unknown_scopes

    wrong = unknown_scopes(scope)
    if wrong:
        raise WrongUse(f"Không có quyền {' '.join(wrong)}.", f"There is no scope {' '.join(wrong)}.")
    with services() as s, s.database.session() as session:
        set_scopes(session, client_id, scope)
        events.append(session, "cli", "client.scopes", f"client:{client_id}", {"scopes": sorted(scope)})
    typer.echo(t(f"Đã đặt phạm vi của {client_id}.", f"Scopes of {client_id} set."))


def quota(
    client_id: ClientId,
    of: Annotated[str, typer.Option(metavar="searches|records|copies", help=t("Hạn mức của việc gì.", "What is limited."))],
    per: Annotated[str, typer.Option(metavar="day|month", help=t("Trong một ngày hay một tháng.", "In a day or a month."))],
    most: Annotated[
        int | None,
        typer.Option(
            min=0, help=t("Nhiều nhất; 0: không giới hạn; bỏ trống: theo thiết lập.", "At most; 0: no limit; left out: the settings'.")
        ),
    ] = None,
) -> None:
    from storage import events
    from storage.clients import MEASURES, SPANS, set_quota

    one_of("--of", of, MEASURES)
    one_of("--per", per, SPANS)
    with services() as s, s.database.session() as session:
        set_quota(session, client_id, of, per, most)
        events.append(session, "cli", "client.quota", f"client:{client_id}", {"by": of, "step": per, "count": most})
    typer.echo(t(f"Đã đặt hạn mức của {client_id}.", f"Quota of {client_id} set."))


def usage() -> None:
    from datetime import datetime

    from storage.clients import MEASURES, clients
    from storage.rates import uses
    from storage.watermark import VIETNAM

    with services() as s, s.database.reading() as session:
        now = datetime.now(VIETNAM)
        spans = {"day": f"{now:%Y-%m-%d}", "month": f"{now:%Y-%m}"}
        used = {span: uses(session, name) for span, name in spans.items()}
        for c in clients(session):
            for measure in MEASURES:
                limits = {**s.api.quotas.get(measure, {}), **c.quotas.get(measure, {})}
                said = [f"{name} {used[span].get((c.id, measure), 0)}/{limits.get(span) or '-'}" for span, name in spans.items()]
                typer.echo(f"{c.id}  {measure}  {'  '.join(said)}")


def show_alerts() -> None:
    from storage.watch_alerts import alerts

    with services() as s, s.database.reading() as session:
        found = alerts(session)
        for a in found:
            typer.echo(f"{a.id}  {moment(a.last_at)}  {a.actor}  {a.rule}  {a.detail['count']}/{a.detail['of']}"
                       + (t("  (đã tạm ngừng)", "  (switched off)") if a.suspended else ""))
    if not found:
        typer.echo(t("Không có cảnh báo nào.", "There are no alerts."))


def rotate_keys(
    revoke: Annotated[
        bool, typer.Option("--revoke", help=t("Khóa cũ bị lộ: mọi mã đã cấp hết hiệu lực.", "The old key leaked: all tokens end."))
    ] = False,
) -> None:
    from portal.keys import portal_key
    from storage import events
    from storage.token_keys import rotate

    with services() as s, s.database.session() as session:
        kid = rotate(session, portal_key(s.secrets, "api-tokens"), timedelta(seconds=s.portal.token_seconds + 60), revoke=revoke)
        events.append(session, "cli", "client.keys", "portal", {"revoked": revoke})
    typer.echo(t(f"Khóa ký mới: {kid}", f"The new key: {kid}"))


def list_keys() -> None:
    from storage.token_keys import live_keys

    with services() as s, s.database.reading() as session:
        for k in live_keys(session):
            state = t("đang ký", "signs") if k.ends_at is None else t(f"chỉ kiểm tra đến {moment(k.ends_at)}",
                                                                      f"checked until {moment(k.ends_at)}")
            typer.echo(f"{k.kid}  {moment(k.made_at)}  {state}")


def add_pair(
    client_id: ClientId,
    access_key: Annotated[str, typer.Option(metavar="KEY", help=t("AccessKey do LGSP cấp.", "The AccessKey that the LGSP gave."))],
    secret_file: Annotated[Path, typer.Option(metavar="FILE", help=t("Tệp chứa SecretKey.", "File holding the SecretKey."))],
    app_name: Annotated[str, typer.Option(help=t("AppName phải có trong tiêu đề.", "AppName that the header must have."))] = "",
    partner_code: Annotated[str, typer.Option(help=t("PartnerCode phải có.", "PartnerCode that it must have."))] = "",
    partner_code_cus: Annotated[str, typer.Option(help=t("PartnerCodeCus phải có.", "PartnerCodeCus that it must have."))] = "",
) -> None:
    from portal.keys import portal_key
    from sogoc.home import secret
    from storage import events
    from storage.gateway_keys import GatewayHeader, add_gateway_key

    given = GatewayHeader(access_key, secret(secret_file), app_name, partner_code, partner_code_cus)
    with services() as s, s.database.session() as session:
        add_gateway_key(session, client_id, given, portal_key(s.secrets, "gateway"))
        events.append(session, "cli", "client.gateway", f"client:{client_id}", {"action": "client.add"})
    typer.echo(t(f"Đã đăng ký cặp khóa LGSP cho {client_id}.", f"LGSP pair registered for {client_id}."))


def list_pairs() -> None:
    from storage.gateway_keys import gateway_keys

    with services() as s, s.database.reading() as session:
        found = gateway_keys(session)
        for k in found:
            typer.echo("  ".join((k.access_key, k.client_id, k.app_name or "-", k.partner_code or "-", k.partner_code_cus or "-")))
    if not found:
        typer.echo(t("Chưa có cặp khóa nào.", "There are no pairs."))


def remove_pair(access_key: Annotated[str, typer.Argument(metavar="KEY", help="AccessKey")]) -> None:
    from storage import events
    from storage.gateway_keys import remove_gateway_key

    with services() as s, s.database.session() as session:
        client_id = remove_gateway_key(session, access_key)
        events.append(session, "cli", "client.gateway", f"client:{client_id}", {"action": "client.disable"})
    typer.echo(t("Đã gỡ.", "Removed."))
