"""sogoc extract list, keys, new-key, revoked; sogoc verify: of any signed PDF, and of the code on an extract."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sogoc.commands.shared import group, services
from sogoc.errors import SogocError, WrongUse
from sogoc.language import count, example, language, t

if TYPE_CHECKING:
    from storage.extracts.keys import KeyFile


def register(app: Any) -> None:
    family = group(app, "extract", t("Bản sao trích lục hộ tịch: việc đến hạn, khóa của mã.",
                                   "Copies of extracts: what is due, keys of codes."))
    family.command(
        "list",
        help=t("Trích lục đang làm, việc đến hạn trước đứng trước.", "Extracts under way, what is due first first."),
        epilog=example("sogoc extract list", "sogoc extract list --late"),
    )(list_extracts)
    family.command(
        "keys",
        help=t(
            "Ghi tệp khóa công khai: máy khác dùng tệp này để kiểm tra mã và chữ ký, không cần mạng.",
            "Write the file of public keys with which another machine checks codes and signatures offline.",
        ),
        epilog=example("sogoc extract keys khoa-trich-luc.json"),
    )(keys)
    family.command(
        "new-key",
        help=t("Đổi khóa ký mã; mã đã cấp vẫn đúng. Sau đó phát lại tệp khóa.",
               "A new key for codes; earlier codes stay good. Hand out the key file anew."),
        epilog=example("sogoc extract new-key"),
    )(new_key)
    family.command(
        "revoked",
        help=t(
            "Ghi danh sách trích lục đã hủy hoặc không còn hiện hành, đã ký: máy kiểm tra ngoại tuyến mang theo. "
            "Cổng cũng phát danh sách này, không cần đăng nhập: /api/v1/extracts/revoked",
            "Write the signed list of extracts that were cancelled or are no longer current, for machines that check offline. "
            "The portal gives it out too, without login: /api/v1/extracts/revoked",
        ),
        epilog=example("sogoc extract revoked trich-luc-da-huy.cose"),
    )(revoked)
    app.command(
        "verify",
        help=t(
            "Kiểm tra chữ ký số của một tệp PDF, hoặc mã trên trích lục, nói rõ kết quả. "
            "Mã thoát: 0 tốt, 1 không đáng tin, 3 chưa ký hoặc danh sách hủy không dùng được, 4 không đọc được.",
            "Check the signatures of a PDF, or the code on an extract, and say plainly what they are worth. "
            "Exit: 0 good, 1 not to be relied on, 3 unsigned or the list of revoked extracts does not tell, 4 not readable.",
        ),
        epilog=example("sogoc verify ban-sao.pdf", "sogoc verify --qr anh-chup.jpg --keys khoa-trich-luc.json",
                       "sogoc verify --qr trich-luc.pdf --pdf trich-luc.pdf",
                       "sogoc verify --qr anh-chup.jpg --keys khoa-trich-luc.json --revoked trich-luc-da-huy.cose"),
    )(verify)


def list_extracts(late: Annotated[bool, typer.Option("--late", help=t("Chỉ việc quá hạn.", "Only what is overdue."))] = False) -> None:
    from storage.extracts.deadline import today
    from storage.extracts.listing import extracts, is_late
    from storage.models import utc_now
    from storage.policy import Actor

    day = today(utc_now())
    with services() as s, s.database.reading() as session:
        found = extracts(session, Actor("cli"), day, late=late, limit=1000)
    for line in found:
        x = line.extract
        typer.echo(f"{x.due_on.isoformat()}  {x.state:9}  {x.kind} {line.number or '?'}/{line.year or '?'}  {x.dossier}  {x.id}"
                   + (t("  QUÁ HẠN", "  OVERDUE") if is_late(x, day) else ""))
    typer.echo(t(f"{count(len(found))} trích lục.", f"{count(len(found))} extracts."), err=True)


def keys(out: Annotated[Path, typer.Argument(metavar="OUT.json", dir_okay=False, help=t("Tệp ghi ra.", "The file to write."))]) -> None:
    from storage.extracts.keys import export, fingerprint

    with services() as s:
        public = s.extract_office.keys.public()
        roots = [p.read_text("utf-8") for p in dict.fromkeys(s.signer.roots())]
        out.write_text(export(public, roots, s.extracts.agency.name), "utf-8")
    typer.echo(t(f"Đã ghi {out}: {len(public)} khóa. Dấu vân tay, đọc qua điện thoại để đối chiếu: {fingerprint(public)}",
                 f"{out} written: {len(public)} keys. Fingerprint, to be compared by telephone: {fingerprint(public)}"))


def new_key() -> None:
    from storage import events

    with services() as s:
        made = s.extract_office.keys.rotate()
        with s.database.session() as session:
            events.append(session, "cli", "extract.new_key", "archive", {"key": made.hex()})
    typer.echo(t(f"Khóa mới {made.hex()}. Chạy `sogoc extract keys` và phát lại tệp khóa.",
                 f"New key {made.hex()}. Run `sogoc extract keys` and hand out the key file anew."))


def revoked(out: Annotated[Path, typer.Argument(metavar="OUT", dir_okay=False, help=t("Tệp ghi ra.", "The file to write."))]) -> None:
    from storage.extracts.revocation import make, read

    with services() as s:
        office = s.extract_office
        data = make(office)
        told = read(data, office.keys.public())
    out.write_bytes(data)
    ended, changed = (sum(len(list(n)) for years in x.values() for n in years.values()) for x in (told.cancelled, told.changed))
    typer.echo(t(f"Đã ghi {out}: {count(ended)} trích lục đã hủy, {count(changed)} không còn hiện hành.",
                 f"{out} written: {count(ended)} extracts cancelled, {count(changed)} no longer current."))


def verify(
    file: Annotated[Path | None, typer.Argument(metavar="FILE.pdf", exists=True, dir_okay=False, help=t("Tệp PDF.", "The PDF."))] = None,
    qr: Annotated[
        str, typer.Option("--qr", metavar="FILE|TEXT", help=t("Mã trên trích lục: ảnh, PDF có mã, hoặc chữ đọc được từ mã (SG1:…).",
                                                             "The code on an extract: picture, PDF that shows it, or its text (SG1:…)."))
    ] = "",
    pdf: Annotated[
        Path | None, typer.Option("--pdf", metavar="FILE.pdf", exists=True, dir_okay=False,
                                  help=t("Với --qr: trích lục để so nội dung với mã.", "With --qr: the extract to compare with the code."))
    ] = None,
    keys_file: Annotated[
        Path | None, typer.Option("--keys", metavar="FILE.json", exists=True, dir_okay=False,
                                  help=t("Tệp khóa của nơi cấp; mặc định: của cơ sở này.", "The issuer's key file; this home's else."))
    ] = None,
    revoked_file: Annotated[
        Path | None, typer.Option("--revoked", metavar="FILE", exists=True, dir_okay=False,
                                  help=t("Với --qr: danh sách hủy của nơi cấp (/api/v1/extracts/revoked).",
                                         "With --qr: the issuer's list of revoked extracts (/api/v1/extracts/revoked)."))
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=365,
                          help=t("Danh sách hủy được coi là mới trong bấy nhiêu ngày.", "For how many days that list is fresh."))
    ] = 7,
    root: Annotated[
        list[Path] | None,
        typer.Option(metavar="PEM", help=t("Chứng thư gốc tin cậy; mặc định: của cơ sở này.", "Trusted root; this home's by default.")),
    ] = None,
) -> None:
    if bool(file) == bool(qr) or ((pdf is not None or revoked_file is not None) and not qr):
        raise WrongUse("Cho một tệp PDF, hoặc --qr (có thể kèm --pdf).", "Give a PDF, or --qr (perhaps with --pdf).")
    report: Any
    if qr:
        from storage.extracts.checking import check_code
        from storage.extracts.proof import PREFIX

        code: str | Path = qr if qr.strip().upper().startswith(PREFIX) else Path(qr)
        if isinstance(code, Path) and not code.is_file():
            raise WrongUse(f"Không có tệp {qr}, và đó không phải chữ của mã (SG1:…).", f"No file {qr}, and it is no code's text (SG1:…).")
        report = check_code(code, _keys(keys_file), pdf, root or (), revoked_file.read_bytes() if revoked_file is not None else None, days)
    else:
        from storage.signing import verify_pdf

        assert file is not None
        report = verify_pdf(file, root or _own_roots())
    for line in report.lines(language()):
        typer.echo(line)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def _own_roots() -> list[Path]:
    from sogoc.home import open_signer
    from sogoc.settings import load

    return open_signer(load()).roots()


def _keys(file: Path | None) -> KeyFile:
    """The keys of a file, or of this home."""
    from sogoc.settings import load
    from storage.extracts.keys import CodeKeys, KeyFile, read_key_file

    if file is None:
        folder = load().home / "secrets" / "extract-keys"
        if not folder.is_dir():
            raise WrongUse("Cơ sở này chưa có khóa trích lục: thêm --keys với tệp khóa của nơi cấp.",
                           "This home has no keys of extracts: add --keys with the issuer's key file.")
        return KeyFile(CodeKeys(folder).public(), tuple(p.read_text("utf-8") for p in _own_roots()))
    try:
        return read_key_file(file.read_text("utf-8"))
    except ValueError as e:
        raise SogocError(f"{file} không phải tệp khóa trích lục.", f"{file} is no key file of extracts.") from e
