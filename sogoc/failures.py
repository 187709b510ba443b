"""What went wrong, as one line on standard error, and the exit code it means."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback

import click

from sogoc.language import language, t


def report(error: BaseException, debug: bool) -> int:
    """Print the line (with --debug the traceback first); returns 1 for failed work, 2 for wrong use."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(bool(error.code))
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if debug and not isinstance(error, click.ClickException):
        traceback.print_exception(error)
    if isinstance(error, BrokenPipeError):  # `sogoc … | head`
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    if isinstance(error, KeyboardInterrupt | click.Abort):
        say(t("Đã dừng theo yêu cầu; chạy lại lệnh để làm tiếp.", "Stopped; run the command again to go on."))
        return 1
    if isinstance(error, click.ClickException):
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
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError | NotADirectoryError | FileExistsError) and error.filename:
        return t(f"Không mở được {error.filename}: {error.strerror}.", f"Cannot open {error.filename}: {error.strerror}.")
    if isinstance(error, OSError) and error.errno == 28:
        return t("Ổ đĩa đầy; giải phóng chỗ rồi chạy lại.", "The disk is full; free some space and run again.")
    hint = "" if debug else t(" Thêm --debug để xem chi tiết.", " Add --debug to see more.")
    return t(f"Lỗi chương trình: {type(error).__name__}: {error}.{hint}", f"Program error: {type(error).__name__}: {error}.{hint}")


def wrong_use(error: click.ClickException) -> str:
    """What was wrong with the command line, and where to read how it is used."""
    context = getattr(error, "ctx", None)
    where = f"{context.command_path} --help" if context is not None else "sogoc --help"
    where = t(f"Xem: {where}", f"See: {where}")
    if isinstance(error, click.NoSuchOption):
        what = t(f"Không có tùy chọn {error.option_name}.", f"There is no option {error.option_name}.")
    elif isinstance(error, click.MissingParameter):
        name = error.param.human_readable_name if error.param is not None else error.param_hint or "?"
        if error.param is not None and error.param.param_type_name == "option":
            name = error.param.opts[0]
        what = t(f"Thiếu {name}.", f"{name} is missing.")
    elif isinstance(error, click.BadParameter):
        name = error.param.human_readable_name if error.param is not None else error.param_hint or "?"
        what = t(f"Giá trị của {name} không hợp lệ: {error.message}", f"Wrong value for {name}: {error.message}")
    else:
        what = t(f"Sai cách dùng: {error.format_message()}", f"Wrong use: {error.format_message()}")
    return one_line(f"{what} {where}")


def one_line(text: str) -> str:
    return " ".join(text.split())


def say(text: str) -> None:
    """A line on standard error."""
    print(f"sogoc: {text}", file=sys.stderr, flush=True)
