"""sogoc demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sogoc.language import example, t


def register(app: Any) -> None:
    app.command(
        "demo",
        help=t(
            "Đi trọn đường với sổ mẫu: từ trang quét đến bản sao có chữ ký, kiểm tra được.",
            "The whole way with the sample books: from scanned pages to a signed copy, checked.",
        ),
        epilog=example("sogoc demo", "sogoc demo --no-serve"),
    )(demo)


def demo(
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help=t("Để cổng web chạy tiếp sau báo cáo.", "Leave the portal running afterwards."))
    ] = True,
    samples: Annotated[Path | None, typer.Option(metavar="DIR", help=t("Thư mục sổ mẫu.", "The folder of samples."))] = None,
) -> None:
    from sogoc.demo import run_demo
    from sogoc.settings import load

    run_demo(load(), samples, serve)
