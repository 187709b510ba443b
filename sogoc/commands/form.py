"""sogoc form list, check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sogoc.commands.shared import group
from sogoc.language import example, language, t

if TYPE_CHECKING:
    from sogoc.form_trial import Trial


def register(app: Any) -> None:
    family = group(app, "form", t("Các mẫu sổ.", "The forms of register books."))
    family.command(
        "list",
        help=t("Liệt kê các mẫu sổ, kể cả mẫu riêng của đơn vị.", "List the forms, one's own included."),
        epilog=example("sogoc form list"),
    )(list_)
    family.command(
        "check",
        help=t(
            "Kiểm tra một tệp mẫu sổ; với --pages, thử trên trang quét và vẽ lên trang nhãn, ô tìm được.",
            "Check a form file; with --pages try it on scanned pages and draw on them the labels and blanks that were found.",
        ),
        epilog=example("sogoc form check forms/GH2016B.toml", "sogoc form check forms/GH2016B.toml --pages quet/mau --out /tmp/xem"),
    )(check)


def list_() -> None:
    from records.forms import load_forms, own_folder
    from sogoc.home import use_forms
    from sogoc.settings import load

    use_forms(load())
    for form in load_forms().values():
        until = str(form.valid_to.year) if form.valid_to else ""
        typer.echo(f"{form.id:10} {form.kind:4} {form.valid_from.year}–{until:4}  {form.title}")
    if own_folder() is not None:
        typer.echo(t(f"Mẫu riêng: {own_folder()}", f"One's own: {own_folder()}"))


def check(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help=t("Tệp mẫu sổ (.toml).", "The form file (.toml)."))
    ],
    pages: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", exists=True, file_okay=False, help=t("Thư mục ảnh trang theo mẫu này.", "Folder of pages of this form.")
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help=t("Nơi ghi ảnh đã vẽ; mặc định: thư mục này.", "Where drawings go; default: the current folder.")),
    ] = None,
) -> None:
    from records.form_file import FormFileError, look_alikes, read_form

    try:
        form = read_form(file)
    except FormFileError as e:
        for problem in e.problems:
            typer.echo(f"{problem.where}: {problem.vi if language() == 'vi' else problem.en}")
        raise typer.Exit(1) from e
    labels, blanks, squares = len(form.labels), len(form.blanks), len(form.ticks)
    typer.echo(
        t(
            f"{form.id}: {labels} nhãn, {blanks} ô, {squares} ô vuông; không có lỗi.",
            f"{form.id}: {labels} labels, {blanks} blanks, {squares} squares; no mistake found.",
        )
    )
    for text, other in look_alikes(form):
        typer.echo(t(f"known_by «{text}»: mẫu {other} cũng có nhãn này.", f"known_by “{text}”: form {other} has this label too."))
    if pages is None:
        return
    from sogoc.form_trial import try_form

    bad = 0
    for trial in try_form(form, pages, out or Path()):
        typer.echo(_said(trial))
        bad += not trial.recognised
    if bad:
        raise typer.Exit(1)


def _said(trial: Trial) -> str:
    name = trial.file.name
    if trial.reason is not None:
        return f"{name}: {t(*trial.reason)}"
    rival = f"{trial.other} {trial.other_score:.2f}"
    if not trial.recognised:
        return t(
            f"{name}: không nhận ra mẫu (điểm {trial.score:.2f}, cần {trial.least:.2f}; mẫu khác cao nhất {rival})",
            f"{name}: not recognised (score {trial.score:.2f}, wanted {trial.least:.2f}; best other {rival})",
        )
    return t(
        f"{name}: nhận ra, điểm {trial.score:.2f} (mẫu khác cao nhất {rival}), lệch {trial.error:.1f} mm; "
        f"thấy {trial.labels}/{trial.all_labels} nhãn, {trial.leaders}/{trial.dotted} dòng chấm; {trial.drawing}",
        f"{name}: recognised, score {trial.score:.2f} (best other {rival}), {trial.error:.1f} mm off; "
        f"{trial.labels}/{trial.all_labels} labels, {trial.leaders}/{trial.dotted} dotted lines seen; {trial.drawing}",
    )
