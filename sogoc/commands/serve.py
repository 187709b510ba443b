"""sogoc serve."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sogoc.language import example, t


def register(app: Any) -> None:
    app.command(
        "serve",
        help=t(
            "Mở cổng web và API (cùng kho tệp kèm theo). Dừng bằng Ctrl-C.",
            "Serve portal and API (and the embedded object store). Stop with Ctrl-C.",
        ),
        epilog=example("sogoc serve", "sogoc serve --host 0.0.0.0 --port 8080"),
    )(serve)


def serve(
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help=t("Địa chỉ lắng nghe.", "Address to listen on."))] = None,
    port: Annotated[int | None, typer.Option(metavar="PORT", min=1, max=65535, help=t("Cổng.", "Port."))] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help=t("Không in từng lượt truy cập.", "Do not print each request."))] = False,
) -> None:
    from sogoc.serving import serve_portal
    from sogoc.settings import load

    serve_portal(load(), host, port, quiet)
