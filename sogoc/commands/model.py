"""sogoc model list, evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sogoc.commands.shared import Bars, group
from sogoc.language import example, t


def register(app: Any) -> None:
    family = group(app, "model", t("Các mô hình đọc chữ viết tay.", "The handwriting models."))
    family.command("list", help=t("Liệt kê các mô hình có sẵn.", "List the models there are."), epilog=example("sogoc model list"))(list_)
    family.command(
        "evaluate",
        help=t(
            "Đo tỉ lệ lỗi ký tự (CER) trên các dòng có nhãn: path<TAB>writer<TAB>text.",
            "Measure the character error rate (CER) on labelled lines: path<TAB>writer<TAB>text.",
        ),
        epilog=example("sogoc model evaluate nhan.tsv", "sogoc model evaluate nhan.tsv --model asternet"),
    )(evaluate)


def list_() -> None:
    from ocr.recogniser import list_models

    for number, card in enumerate(list_models()):
        mark = "*" if number == 0 else " "
        typer.echo(f"{mark} {card.id} {card.version}  {card.title}  [{card.licence}]")


def evaluate(
    labels: Annotated[Path, typer.Argument(metavar="LABELS.tsv", exists=True, dir_okay=False, help=t("Tệp nhãn.", "The labels."))],
    model: Annotated[
        str | None, typer.Option(metavar="ID", help=t("Mô hình; mặc định là mô hình ưu tiên.", "The model; the preferred one by default."))
    ] = None,
    limit: Annotated[
        int, typer.Option(min=0, metavar="N", help=t("Chỉ N dòng đầu; 0 là tất cả.", "Only the first N lines; 0 for all."))
    ] = 0,
) -> None:
    from ocr.model_evaluation import LabelsUnreadable, evaluate_model
    from sogoc.errors import SogocError

    try:
        with Bars() as bars:
            result = evaluate_model(labels, model, limit, bars.callback(("Đọc dòng", "Reading lines")))
    except LabelsUnreadable as e:
        raise SogocError(f"Không đọc được {labels}: {e.evidence}.", f"Cannot read {labels}: {e.evidence}.") from e
    for writer, rate in sorted(result.by_writer.items()):
        typer.echo(f"{writer}\t{rate.cer:.4f}\t{rate.lines}")
    r = result.total
    vi = f"CER {r.cer:.4f} trên {r.lines} dòng, {r.characters} ký tự; đúng cả dòng {r.exact:.4f} ({result.model})"
    en = f"CER {r.cer:.4f} on {r.lines} lines, {r.characters} characters; whole lines right {r.exact:.4f} ({result.model})"
    typer.echo(t(vi, en))
