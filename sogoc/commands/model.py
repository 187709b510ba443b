"""sogoc model list, use, evaluate, adapt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sogoc.commands.shared import Bars, group, services
from sogoc.language import count, example, t

if TYPE_CHECKING:
    from ocr.recogniser import ModelCard
    from train.adapt import Adapted

_TITLES = {"sogoc-tay-3": "chữ viết tay trong sổ hộ tịch", "asternet": "AsterNet (asterocr): chữ in và chữ viết tay tiếng Việt"}


def register(app: Any) -> None:
    family = group(app, "model", t("Các mô hình đọc chữ viết tay.", "The handwriting models."))
    family.command(
        "list",
        help=t(
            "Liệt kê các mô hình: có sẵn và dạy thêm tại chỗ; dấu * là mô hình đang đọc.",
            "List the models, those of the program and those adapted here; * marks the one that reads.",
        ),
        epilog=example("sogoc model list"),
    )(list_)
    family.command(
        "use",
        help=t(
            "Đọc bằng mô hình này từ nay; trang đã đọc giữ nguyên. Dùng để quay lại mô hình cũ.",
            "Read with this model from now on; pages that were read stay as they are. Also the way back to an earlier one.",
        ),
        epilog=example("sogoc model use sogoc-tay-3"),
    )(use)
    family.command(
        "evaluate",
        help=t(
            "Đo tỉ lệ lỗi ký tự (CER) trên các dòng có nhãn: path<TAB>writer<TAB>text.",
            "Measure the character error rate (CER) on labelled lines: path<TAB>writer<TAB>text.",
        ),
        epilog=example("sogoc model evaluate nhan.tsv", "sogoc model evaluate nhan.tsv --model asternet"),
    )(evaluate)
    family.command(
        "adapt",
        help=t(
            "Dạy thêm mô hình theo nét chữ của địa phương, từ các ô đã được người duyệt; chỉ đổi sang mô hình mới khi nó đọc đúng hơn.",
            "Adapt the model to the province's own hands, from the fields people verified; switches only to a model that reads better.",
        ),
        epilog=example("sogoc model adapt --dry-run", "sogoc model adapt --minutes 480"),
    )(adapt)


def list_() -> None:
    from ocr.recogniser import list_models

    reading = _reading()
    for card in list_models():
        mark = "*" if card.id == reading else " "
        title = t(_TITLES.get(card.id, card.title), card.title)
        typer.echo(f"{mark} {card.id} {card.version}  {title}  [{t(card.licence.replace('(see ', '(xem '), card.licence)}]")
        if card.parent:
            typer.echo("    " + _ancestry(card))


def use(
    model: Annotated[str, typer.Argument(metavar="ID", help=t("Mô hình (sogoc model list).", "The model (sogoc model list)."))],
) -> None:
    from sogoc.errors import SogocError, WrongUse
    from sogoc.home import open_database
    from sogoc.settings import load
    from storage.model_choice import choose_model

    settings = load()
    with open_database(settings) as database:
        before, cards = _reading(), _cards()
        if model not in cards:
            raise WrongUse(f"Không có mô hình {model}. Xem: sogoc model list", f"There is no model {model}. See: sogoc model list")
        if settings.reading.model:
            raise SogocError(
                f"Mô hình đã được cố định bằng thiết lập reading.model = {settings.reading.model}; bỏ thiết lập đó trước.",
                f"The setting reading.model = {settings.reading.model} fixes the model; remove it first.",
            )
        preferred = next(iter(cards))
        if model != before:
            with database.session() as session:
                choose_model(session, _actor(), None if model == preferred else model, before, model)
    typer.echo(t(f"Từ nay đọc bằng {model}.", f"{model} reads from now on."))


def evaluate(
    labels: Annotated[Path, typer.Argument(metavar="LABELS.tsv", exists=True, dir_okay=False, help=t("Tệp nhãn.", "The labels."))],
    model: Annotated[
        str | None, typer.Option(metavar="ID", help=t("Mô hình; mặc định là mô hình đang đọc.", "The model; by default the one reading."))
    ] = None,
    limit: Annotated[
        int, typer.Option(min=0, metavar="N", help=t("Chỉ N dòng đầu; 0 là tất cả.", "Only the first N lines; 0 for all."))
    ] = 0,
) -> None:
    from ocr.model_evaluation import LabelsUnreadable, evaluate_model
    from sogoc.errors import SogocError

    model = model or _reading()
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
    a = result.as_addresses
    typer.echo(t(f"Đọc như ô địa chỉ: CER {a.cer:.4f}; đúng cả dòng {a.exact:.4f}",
                 f"Read as addresses: CER {a.cer:.4f}; whole lines right {a.exact:.4f}"))


def adapt(
    minutes: Annotated[
        float, typer.Option(min=0.1, metavar="N", help=t("Học nhiều nhất N phút.", "Learn for N minutes at most."))
    ] = 360,
    min_crops: Annotated[
        int,
        typer.Option(min=1, metavar="N", help=t("Cần ít nhất N dòng chữ đã duyệt.", "At least N verified lines are needed.")),
    ] = 300,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help=t("Chỉ đếm, không mở trang nào.", "Only count; no page is opened.")),
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(metavar="ID", help=t("Mô hình để dạy thêm; mặc định là mô hình đang đọc.", "The model to start from.")),
    ] = None,
    threads: Annotated[
        int, typer.Option(min=0, metavar="N", help=t("Số nhân CPU; 0 là một nửa số nhân.", "CPU cores; 0 for half of them."))
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help=t("Số khởi đầu ngẫu nhiên.", "Seed of all chance."))] = 1,
) -> None:
    import os

    from sogoc.errors import WrongUse
    from sogoc.home import open_database
    from sogoc.model_adapting import adapt_model, count_ready, need_torch, parent_of
    from sogoc.settings import load

    reading = _reading()
    card = _cards().get(model or reading)
    if card is None:
        raise WrongUse(f"Không có mô hình {model}. Xem: sogoc model list", f"There is no model {model}. See: sogoc model list")
    if dry_run:
        with open_database(load()) as database:
            _say_ready(count_ready(database), min_crops, card.id)
    parent_of(card)
    need_torch()
    if dry_run:
        return
    with services() as s:
        os.nice(10)
        with Bars() as bars:
            result = adapt_model(s, _actor(), card, reading, minutes, min_crops, threads or max(1, (os.cpu_count() or 1) // 2), seed, bars)
    _say_result(card.id, result)


def _say_ready(ready: Any, least: int, model: str) -> None:
    kinds = ", ".join(f"{k} {count(n)}" for k, n in ready.kinds.items()) or "-"
    typer.echo(
        t(
            f"{count(ready.pages)} trang đã duyệt của {ready.books} quyển, {count(ready.fields)} ô chữ viết tay "
            f"({count(ready.corrected)} ô được sửa): {kinds}. Cần ít nhất {count(least)} dòng. Sẽ dạy thêm từ {model}.",
            f"{count(ready.pages)} verified pages of {ready.books} books, {count(ready.fields)} handwritten fields "
            f"({count(ready.corrected)} corrected): {kinds}. At least {count(least)} lines are needed. Would start from {model}.",
        )
    )


def _say_result(parent: str, result: Adapted) -> None:
    if result.verdict is None:
        typer.echo(
            t(
                f"Sau {result.passes} lượt, mô hình không đọc đúng hơn trên các dòng chừa ra; giữ nguyên mô hình đang đọc.",
                f"After {result.passes} passes nothing was read better on the lines set apart; the model that reads stays.",
            )
        )
        return
    h, g = result.verdict.held_out, result.verdict.general
    typer.echo(
        t(
            f"{len(h.new.edits)} dòng không dùng để học ({h.groups} quyển hoặc trang): CER {h.old.cer:.4f} -> {h.new.cer:.4f}, "
            f"đúng cả dòng {h.old.exact:.4f} -> {h.new.exact:.4f}; giảm chắc chắn ít nhất {h.bound:.4f} (tin cậy 95 %). "
            f"Chữ viết nói chung: CER {g.old.cer:.4f} -> {g.new.cer:.4f}.",
            f"{len(h.new.edits)} lines not learned from ({h.groups} books or pages): CER {h.old.cer:.4f} -> {h.new.cer:.4f}, whole lines "
            f"right {h.old.exact:.4f} -> {h.new.exact:.4f}; surely less by {h.bound:.4f} (95 %). "
            f"Hands in general: CER {g.old.cer:.4f} -> {g.new.cer:.4f}.",
        )
    )
    if result.model:
        typer.echo(
            t(
                f"Tốt hơn: từ nay đọc bằng {result.model}. Quay lại: sogoc model use {parent}",
                f"Better: {result.model} reads from now on. The way back: sogoc model use {parent}",
            )
        )
    else:
        typer.echo(
            t("Chưa chắc tốt hơn: giữ nguyên mô hình đang đọc.", "Not surely better: the model that reads stays.")
        )


def _ancestry(card: ModelCard) -> str:
    """What an adapted model came from and how it compares, from its card."""
    f, on = card.figures, card.trained_on
    return t(
        f"từ {card.parent}; học {on.get('lines', '?')} dòng; CER {f.get('held_out_cer_parent', '?')} -> {f.get('held_out_cer', '?')} "
        f"trên {f.get('held_out_lines', '?')} dòng chừa ra",
        f"from {card.parent}; learned {on.get('lines', '?')} lines; CER {f.get('held_out_cer_parent', '?')} -> "
        f"{f.get('held_out_cer', '?')} on {f.get('held_out_lines', '?')} lines held out",
    )


def _cards() -> dict[str, ModelCard]:
    from ocr.recogniser import list_models

    return {c.id: c for c in list_models()}


def _reading() -> str:
    """Id of the model that reads: the setting's, the chosen one, or the program's preferred one; the last where there is no home."""
    from ocr.recogniser import list_models
    from sogoc.home import model_that_reads
    from sogoc.settings import load

    return model_that_reads(load()) or list_models()[0].id


def _actor() -> Any:
    import getpass

    from storage.accounts import Actor

    return Actor(f"cli.{getpass.getuser()}")
