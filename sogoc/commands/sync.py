"""sogoc sync: sending books from a commune's node to the province's hub, and what proves that they arrived."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sogoc.commands.batch import folder_error
from sogoc.commands.shared import Bars, group, moment, services
from sogoc.errors import SogocError, WrongUse
from sogoc.language import example, t


def register(app: Any) -> None:
    family = group(app, "sync", t("Gửi sổ từ xã lên tỉnh qua mạng chập chờn.",
                                    "Send books from commune to province over a network that comes and goes."))
    family.command(
        "push",
        help=t(
            "Gửi một thư mục quét lên máy chủ tỉnh; đứt mạng thì tự thử lại, chạy lại lệnh thì gửi tiếp phần còn thiếu.",
            "Send a scanned folder to the hub; it tries again when the network drops, and run again it sends only what is lacking.",
        ),
        epilog=example("sogoc sync push quet/KS.2017.01 --to https://hotich.tinh.example --client xa-21139 --secret-file khoa.txt"),
    )(push_folder)
    family.command(
        "status", help=t("Các lần gửi từ máy này.", "What was sent from this home."), epilog=example("sogoc sync status")
    )(status)
    family.command(
        "check",
        help=t("Kiểm tra biên nhận: chữ ký, và thư mục nếu có.", "Check a receipt: its signature, and a folder if one is given."),
        epilog=example("sogoc sync check bien-nhan.json", "sogoc sync check bien-nhan.json --key KHÓA --folder quet/KS.2017.01"),
    )(check)
    family.command(
        "key",
        help=t("In khóa công khai dùng để kiểm tra biên nhận của máy này.",
               "Print the public key that receipts of this home are checked with."),
        epilog=example("sogoc sync key"),
    )(key)


def push_folder(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help=t("Thư mục quét, một quyển sổ.", "The scanned folder, one book."))],
    to: Annotated[str, typer.Option("--to", metavar="URL", help=t("Địa chỉ máy chủ tỉnh.", "Address of the hub."))],
    client: Annotated[str, typer.Option(metavar="ID", help=t("Mã phần mềm máy chủ cấp.", "Client id the hub gave."))],
    secret_file: Annotated[Path, typer.Option(metavar="FILE", help=t("Tệp chứa khóa bí mật.", "File holding the secret."))],
    rate: Annotated[
        int | None,
        typer.Option(metavar="KB/S", min=1, help=t("Gửi không quá chừng này KB mỗi giây.", "Send no faster than this, in KB a second.")),
    ] = None,
    patience: Annotated[
        int,
        typer.Option(
            metavar="MINUTES", min=0,
            help=t("Mất mạng thì chờ tối đa chừng này phút.", "Wait that long, at most, while there is no network."),
        ),
    ] = 60,
) -> None:
    from urllib.parse import urlsplit

    from sogoc.home import secret
    from sogoc.settings import load
    from sync.hub import Hub, push_to
    from sync.journal import Journal
    from sync.pace import Patience

    where = urlsplit(to)
    if where.scheme not in ("http", "https") or not where.hostname:
        raise WrongUse(f"Địa chỉ không đúng: {to}. Ví dụ: https://hotich.tinh.example", f"Not an address: {to}. Example: https://hub.example")
    if where.scheme == "http" and where.hostname not in ("127.0.0.1", "::1", "localhost"):
        typer.echo(t("Cảnh báo: đường truyền không mã hóa; hãy dùng https.", "Warning: the line is not encrypted; use https."), err=True)
    journal = Journal(load().home / "sync")
    with Bars() as bars:
        source, left_out = _scanned(folder, bars.callback(("Kiểm tra tệp", "Hashing")))
        for name, code in left_out:
            typer.echo(t(f"Không gửi {name} ({code}).", f"Not sent: {name} ({code})."), err=True)
        tell = bars.callback(("Gửi", "Sending"))
        entry, receipt = push_to(Hub(to, client, secret(secret_file), rate), journal, source, folder, Patience(give_up=patience * 60),
                                 lambda done, of: tell(done // 1024, of // 1024))
    outcome = receipt["outcome"]
    typer.echo(t(f"Đã gửi quyển {outcome['batch']}: {outcome['added']} trang mới, {outcome['known']} trang đã có.",
                 f"Book {outcome['batch']} sent: {outcome['added']} pages new, {outcome['known']} known."))
    for bad in outcome["refused"]:
        typer.echo(t(f"Để riêng: {bad['file']} ({bad['code']}).", f"Set aside: {bad['file']} ({bad['code']})."))
    typer.echo(t(f"Biên nhận: {entry.receipt_path}", f"Receipt: {entry.receipt_path}"))


def status() -> None:
    from sogoc.settings import load
    from sync.journal import Journal

    sent = Journal(load().home / "sync").entries()
    for e in sent:
        state = t("đã nhận", "received") if e.finished else t(f"đang gửi {e.percent} %", f"{e.percent} % sent")
        typer.echo(f"{e.name}  {state}  {e.url}  {e.folder}")
    if not sent:
        typer.echo(t("Chưa gửi quyển nào từ máy này.", "Nothing was sent from this home."))


def check(
    receipt: Annotated[Path, typer.Argument(metavar="RECEIPT", help=t("Tệp biên nhận (JSON).", "The receipt (JSON)."))],
    key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help=t("Khóa công khai của nơi nhận; bỏ trống: của máy này.", "Public key of the receiver; this home's if left out."),
        ),
    ] = None,
    folder: Annotated[Path | None, typer.Option(metavar="FOLDER", help=t("So với thư mục này.", "Compare with this folder."))] = None,
) -> None:
    import json
    from datetime import datetime

    from portal.exchange import receipt_key
    from sync.receipt import check_against, check_receipt

    try:
        said = json.loads(receipt.read_text("utf-8"))
    except (OSError, ValueError) as e:
        raise SogocError(f"Không đọc được biên nhận {receipt}.", f"Cannot read the receipt {receipt}.") from e
    if key is None:
        with services() as s:
            key = receipt_key(s).public
    good = check_receipt(said, key)
    if folder is not None:
        check_against(good, _scanned(folder)[0].manifest)
    files, size, book, at = (len(good["files"]), good["bytes"], good["outcome"]["batch"],
                             moment(datetime.fromisoformat(good["received_at"])))
    typer.echo(t(f"Biên nhận đúng: {files} tệp, {size} byte, quyển {book}, nhận lúc {at}.",
                 f"The receipt is good: {files} files, {size} bytes, book {book}, at {at}."))


def key() -> None:
    from portal.exchange import receipt_key
    from sync.receipt import fingerprint

    with services() as s:
        public = receipt_key(s).public
    typer.echo(public)
    typer.echo(t(f"Dấu vân tay: {fingerprint(public)}", f"Fingerprint: {fingerprint(public)}"), err=True)


def _scanned(folder: Path, progress: Any = None) -> Any:
    """sync.folder.scanned; a folder that cannot be taken is told as `sogoc batch add` tells it."""
    from storage.scan_folder import FolderError
    from sync.folder import scanned

    try:
        return scanned(folder, progress)
    except FolderError as e:
        raise folder_error(e) from e
