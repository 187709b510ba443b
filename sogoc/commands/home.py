"""sogoc init, sogoc doctor."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sogoc.language import example, t


def register(app: Any) -> None:
    app.command(
        "init",
        help=t("Tạo hoặc nâng cấp thư mục dữ liệu; chạy lại bao nhiêu lần cũng được.", "Make or upgrade the home; safe to repeat."),
        epilog=example("sogoc init", "SOGOC_HOME=/srv/sogoc sogoc init"),
    )(init)
    app.command(
        "doctor",
        help=t("Kiểm tra mọi bộ phận và chỉ cách sửa.", "Check every part and say how to mend it."),
        epilog=example("sogoc doctor", "sogoc doctor --settings"),
    )(doctor)


def init() -> None:
    from sogoc.home import create
    from sogoc.settings import load

    settings = load()
    made = create(settings)
    for path in made.new:
        typer.echo(t(f"Đã tạo {path}", f"Made {path}"))
    typer.echo(t(f"Sẵn sàng: {settings.home} (cơ sở dữ liệu {made.revision}).", f"Ready: {settings.home} (database {made.revision})."))


def doctor(
    show: Annotated[
        bool,
        typer.Option("--settings", help=t("Chỉ in mọi thiết lập và nguồn của nó.", "Only print every setting and where it came from.")),
    ] = False,
) -> None:
    from sogoc.settings import load
    from sogoc.settings import show as show_settings

    settings = load()
    if show:
        for s in show_settings(settings):
            typer.echo(f"{s.name} = {s.value!r}    # {s.source}; {s.description}")
        return
    from sogoc.doctor import examine

    bad = 0
    for finding in examine(settings):
        bad += not finding.good
        typer.echo(f"{'OK ' if finding.good else 'LỖI' if t('v', 'e') == 'v' else 'BAD'}  {t(*finding.part)}: {t(*finding.text)}")
        if not finding.good:
            typer.echo(f"     → {t(*finding.remedy)}")
    if bad:
        raise typer.Exit(1)
