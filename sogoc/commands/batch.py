"""sogoc batch add, list, show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sogoc.commands.shared import Bars, group, known_commune, services
from sogoc.errors import SogocError, WrongUse
from sogoc.language import example, language, t


def register(app: Any) -> None:
    family = group(app, "batch", t("Các quyển sổ và hồ sơ đã quét.", "Scanned books and dossiers."))
    family.command(
        "add",
        help=t(
            "Nạp một hay nhiều thư mục quét; in mã từng quyển. Nạp lại cùng thư mục không sinh quyển mới.",
            "Take scanned folders in; prints the id of each. The same folder twice is one batch.",
        ),
        epilog=example("sogoc batch add quet/KS.2017.01", "sogoc batch add quet/so-cu --kind KS --year 2006 --commune 21139"),
    )(add)
    family.command(
        "list", help=t("Liệt kê các quyển và tình trạng.", "List the batches and how far they are."), epilog=example("sogoc batch list")
    )(list_)
    family.command(
        "show",
        help=t(
            "Tình trạng từng trang của một quyển, trang bị để riêng và lý do.", "The pages of a batch, those set aside with their reasons."
        ),
        epilog=example("sogoc batch show KS.2017.01"),
    )(show)


def add(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="FOLDER...", help=t("Thư mục chứa ảnh trang của một quyển.", "A folder with the page images of one book.")),
    ],
    commune: Annotated[
        str | None, typer.Option(metavar="CODE", help=t("Mã hoặc tên xã đang giữ sổ.", "Code or name of the commune that holds the book."))
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="KS|KH|KT|HS", help=t("Loại sổ; HS là hồ sơ hành chính.", "Kind of register; HS is an administrative dossier.")
        ),
    ] = None,
    form: Annotated[str | None, typer.Option(metavar="FORM", help=t("Mẫu sổ, ví dụ KS2016.", "Form, for example KS2016."))] = None,
    year: Annotated[int | None, typer.Option(metavar="YEAR", help=t("Năm đăng ký.", "Year of registration."))] = None,
    book: Annotated[
        str | None, typer.Option(metavar="NUMBER", help=t("Quyển số, ví dụ 01/2017.", "Book number as written, for example 01/2017."))
    ] = None,
    office: Annotated[str | None, typer.Option(metavar="NAME", help=t("Nơi đăng ký.", "The registering office."))] = None,
) -> None:
    from pipelines.take_in import limits_of
    from storage.intake import add_folder
    from storage.scan_folder import FolderError, check_declared
    from storage.set_aside import explain

    declared = {k: v for k, v in (("loai", kind), ("mau", form), ("nam", year), ("quyenSo", book), ("noiDangKy", office)) if v is not None}
    try:
        check_declared(declared)
    except ValueError as e:
        raise WrongUse(f"Thông tin quyển sổ không đúng: {e}", f"Wrong facts about the book: {e}") from e
    if commune is not None:
        commune = known_commune(commune)
    bad = 0
    with services() as s:
        for folder in folders:
            try:
                with Bars() as bars:
                    taken = add_folder(
                        s.database,
                        s.ledger,
                        folder,
                        limits=limits_of(s),
                        declared=declared,
                        commune=commune,
                        antivirus=s.antivirus,
                        progress=bars.callback(("Nạp " + folder.name, "Taking in " + folder.name)),
                    )
            except FolderError as e:
                raise folder_error(e) from e
            typer.echo(taken.batch_id)
            typer.echo(
                t(
                    f"  {taken.added} trang mới, {taken.known} trang đã có, {len(taken.set_aside)} trang để riêng.",
                    f"  {taken.added} pages added, {taken.known} already there, {len(taken.set_aside)} set aside.",
                ),
                err=True,
            )
            for page in taken.set_aside:
                typer.echo(f"  ! {page.file}: {explain(page.reason, page.detail, language())} [{page.reason}]", err=True)
            bad += len(taken.set_aside)
    if bad:
        raise typer.Exit(1)


def folder_error(error: Any) -> SogocError:
    """A folder that cannot be taken, in words: wrong use when it is not there, failed work otherwise."""
    path = error.path
    words = {
        "missing_folder": (f"Không có thư mục {path}.", f"There is no folder {path}."),
        "not_a_folder": (f"{path} không phải là thư mục.", f"{path} is not a folder."),
        "no_permission": (f"Không được phép đọc {path}.", f"{path} may not be read."),
        "no_pages_in_folder": (f"Thư mục {path} không có tệp nào.", f"There is no file in {path}."),
        "only_subfolders": (
            f"{path} chỉ có thư mục con; nạp từng thư mục con: sogoc batch add {path}/*",
            f"{path} holds only folders; add each: sogoc batch add {path}/*",
        ),
    }
    kind = WrongUse if error.code in ("missing_folder", "not_a_folder", "only_subfolders") else SogocError
    return kind(*words[error.code])


def list_() -> None:
    from storage.overview import batches

    with services() as s, s.database.reading() as session:
        for b in batches(session):
            head = f"{b.id}  {b.kind or '?'} {b.form or '?'}  {b.read}/{b.pages}"
            vi = f"{head} trang đã đọc, {b.set_aside} để riêng, {b.review} chờ rà soát, {b.archived} đã lưu trữ"
            en = f"{head} pages read, {b.set_aside} set aside, {b.review} to review, {b.archived} archived"
            typer.echo(t(vi, en))


def show(batch_id: Annotated[str, typer.Argument(metavar="BATCH", help=t("Mã quyển.", "The batch id."))]) -> None:
    import sqlalchemy as sa

    from storage.models import Page
    from storage.set_aside import explain

    with services() as s, s.database.reading() as session:
        pages = session.scalars(sa.select(Page).where(Page.batch_id == batch_id).order_by(Page.file, Page.frame)).all()
    if not pages:
        raise WrongUse(f"Không có quyển {batch_id}. Xem: sogoc batch list", f"There is no batch {batch_id}. See: sogoc batch list")
    for p in pages:
        name = p.file if not p.frame else f"{p.file}#{p.frame + 1}"
        verdict = (p.quality or {}).get("verdict", "")
        tail = (
            f"{explain(p.reason, p.detail, language())} [{p.reason}]"
            if p.state == "set_aside"
            else " ".join(x for x in (p.form, verdict) if x)
        )
        typer.echo(f"{name}  {p.state}  {tail}")
