"""What went wrong, as one line on standard error, and the exit code it means."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sys
import traceback
from typing import Any

from sogoc.click_words import what_is_wrong
from sogoc.language import language, t

_SYSTEM = {errno.ENOENT: "không có tệp hoặc thư mục này", errno.EACCES: "không được phép", errno.EPERM: "không được phép",
           errno.EEXIST: "đã có sẵn", errno.ENOTDIR: "có phần không phải là thư mục", errno.EISDIR: "đó là thư mục, không phải tệp",
           errno.EROFS: "ổ đĩa chỉ cho đọc", errno.ENAMETOOLONG: "tên quá dài"}
_TEMPORARY = re.compile(r"(\.\d+)?\.new$")      # what a file is called until all of it is written


def report(error: BaseException, debug: bool) -> int:
    """Print the line (with --debug the traceback first); returns 1 for failed work, 2 for wrong use."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(bool(error.code))
    if is_kind(error, "Exit"):
        return int(getattr(error, "exit_code", 0))
    if debug and not is_kind(error, "ClickException"):
        traceback.print_exception(error)
    if isinstance(error, BrokenPipeError):  # `sogoc … | head`
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    if isinstance(error, KeyboardInterrupt) or is_kind(error, "Abort"):
        say(t("Đã dừng theo yêu cầu; chạy lại lệnh để làm tiếp.", "Stopped; run the command again to go on."))
        return 1
    if is_kind(error, "ClickException"):
        say(wrong_use(error))
        return 2
    say(one_line(describe(error, debug)))
    return int(getattr(error, "exit_code", 1))


def describe(error: BaseException, debug: bool) -> str:
    """The error's own words where it has them (every error of this program does), else its kind."""
    message = getattr(error, "message", None)
    if callable(message):
        return str(message(language()))
    if isinstance(message, tuple) and len(message) == 2:
        return str(message[0 if language() == "vi" else 1])
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return t("Ổ đĩa đầy; giải phóng chỗ rồi chạy lại.", "The disk is full; free some space and run again.")
    if isinstance(error, OSError) and error.errno in _SYSTEM and error.filename:
        name = _TEMPORARY.sub("", str(error.filename))
        return t(f"Không mở hoặc ghi được {name}: {_SYSTEM[error.errno]}.", f"Cannot open or write {name}: {error.strerror}.")
    hint = "" if debug else t(" Thêm --debug để xem chi tiết.", " Add --debug to see more.")
    return t(f"Lỗi chương trình: {type(error).__name__}: {error}.{hint}", f"Program error: {type(error).__name__}: {error}.{hint}")


def is_kind(error: BaseException, name: str) -> bool:
    """Whether the error is one of click's, by class name: typer carries its own click, other versions use the package."""
    return any(c.__name__ == name and c.__module__.split(".")[0] in ("click", "typer") for c in type(error).__mro__)


def wrong_use(error: Any) -> str:
    """What was wrong with the command line (an error of click), and where to read how it is used."""
    context = getattr(error, "ctx", None)
    where = f"{context.command_path} --help" if context is not None else "sogoc --help"
    where = t(f"Xem: {where}", f"See: {where}")
    said = str(error.message).strip().rstrip(".")
    missing = re.fullmatch(r"No such command ('.*?')\.?(?: Did you mean (.+?)\?)?", said)
    if is_kind(error, "NoSuchOption"):
        what = t(f"Không có tùy chọn {error.option_name}.", f"There is no option {error.option_name}.")
    elif is_kind(error, "MissingParameter"):
        what = t(f"Thiếu {parameter(error)}.", f"{parameter(error)} is missing.")
    elif is_kind(error, "BadParameter"):
        said = what_is_wrong(said)
        what = t(f"Giá trị của {parameter(error)} không hợp lệ: {said}.", f"Wrong value for {parameter(error)}: {said}.")
    elif said == "Missing command":
        what = t("Thiếu tên lệnh.", "The command is missing.")
    elif missing:
        name, close = missing.groups()
        what = t(f"Không có lệnh {name}.", f"There is no command {name}.")
        what += t(f" Có phải {close}?", f" Did you mean {close}?") if close else ""
    else:
        said = what_is_wrong(said)
        what = t(f"Sai cách dùng: {said}.", f"Wrong use: {said}.")
    return one_line(f"{what} {where}")


def parameter(error: Any) -> str:
    """The parameter as the help shows it."""
    if error.param is None:
        return str(error.param_hint or "?")
    name = error.param.opts[0] if error.param.param_type_name == "option" else error.param.metavar or error.param.human_readable_name
    return str(name).removesuffix("...")


def one_line(text: str) -> str:
    return " ".join(text.split())


def say(text: str) -> None:
    """A line on standard error."""
    print(f"sogoc: {text}", file=sys.stderr, flush=True)
