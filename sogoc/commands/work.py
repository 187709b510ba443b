"""sogoc run."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sogoc.commands.shared import Bars, services
from sogoc.errors import WrongUse
from sogoc.language import example, language, t


def register(app: Any) -> None:
    app.command(
        "run",
        help=t(
            "Xử lý mọi việc đang chờ: đọc trang, đối chiếu, xếp hàng rà soát, lưu trữ. Dừng lúc nào cũng được, chạy lại sẽ làm tiếp.",
            "Do all that waits: read pages, link, queue for review, archive. May be stopped at any moment and run again.",
        ),
        epilog=example("sogoc run", "sogoc run --batch KS.2017.01", "sogoc run --all"),
    )(run)


def run(
    batch: Annotated[
        list[str] | None, typer.Option("--batch", metavar="ID", help=t("Chỉ quyển này; lặp lại được.", "Only this batch; may be repeated."))
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help=t("Mọi quyển đang chờ (mặc định).", "All that waits (the default)."))] = False,
    retry: Annotated[
        bool,
        typer.Option(
            "--retry",
            help=t(
                "Đọc lại cả những trang mà chương trình đọc đã dừng hoặc quá chậm.",
                "Also read again pages on which the reader stopped or was too slow.",
            ),
        ),
    ] = False,
) -> None:
    if batch and all_:
        raise WrongUse("Chọn --batch hoặc --all, không cả hai.", "Choose --batch or --all, not both.")
    from pipelines.pending import pending_batches
    from sogoc.working import check_batches, reopen_pages, work_on

    with services() as s:
        if batch:
            check_batches(s, batch)
        if retry:
            reopen_pages(s, batch)
        waiting = [p.batch_id for p in pending_batches(s) if not batch or p.batch_id in batch]
        if not waiting:
            typer.echo(t("Không có việc nào đang chờ.", "Nothing is waiting."))
            return
        with Bars() as bars:
            good = work_on(s, waiting, bars, lambda line: typer.echo(line), language())
    if not good:
        raise typer.Exit(1)
