"""The command-line library's own words (headings of the help, what is wrong with a command line) in the language of messages."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperCommand

from sogoc.language import language

_HEADINGS = {"Arguments": "Tham số", "Options": "Tùy chọn", "Commands": "Các lệnh"}
_USAGE = {"[OPTIONS]": "[TÙY CHỌN]", "COMMAND [ARGS]...": "LỆNH [THAM SỐ]..."}
_HELP = {
    "Show this message and exit.": "In phần trợ giúp này.",
    "[required]": "[bắt buộc]", "; required]": "; bắt buộc]", "[default: ": "[mặc định: ",
}
_TYPE = re.compile(r" <[\w \[\]]+>$")   # NAME <str>, <int range>, <list[Path]>: says nothing to a clerk
_WRONG = tuple((re.compile(pattern), said) for pattern, said in (
    (r"Option '(.+)' requires an argument", r"tùy chọn \1 cần một giá trị"),
    (r"Option '(.+)' requires (\d+) arguments", r"tùy chọn \1 cần \2 giá trị"),
    (r"Option '(.+)' does not take a value", r"tùy chọn \1 không nhận giá trị"),
    (r"Argument '(.+)' takes (\d+) values", r"tham số \1 cần \2 giá trị"),
    (r"Got unexpected extra argument\(?s?\)? \((.+)\)", r"thừa tham số \1"),
    (r"(?:file|dir|path) '(.+)' does not exist", r"không có “\1”"),
    (r"(?:file|dir|path) '(.+)' is a directory", r"“\1” là thư mục, không phải tệp"),
    (r"(?:file|dir|path) '(.+)' is a file", r"“\1” là tệp, không phải thư mục"),
    (r"(?:file|dir|path) '(.+)' is not readable", r"không được phép đọc “\1”"),
    (r"(?:file|dir|path) '(.+)' is not writable", r"không được phép ghi “\1”"),
    (r"(?:Value error, )?'(.+)' does not match the formats? '%Y-%m-%d'", r"“\1” không phải một ngày; viết như 2026-08-01"),
    (r"(?:Value error, )?'(.*)' is not one of (.+)", r"“\1” không thuộc danh sách \2"),
    (r"Input should be greater than or equal to (\S+)", r"phải từ \1 trở lên"),
    (r"Input should be less than or equal to (\S+)", r"phải không quá \1"),
    (r"Input should be greater than (\S+)", r"phải lớn hơn \1"),
    (r"Input should be less than (\S+)", r"phải nhỏ hơn \1"),
    (r"Input should be a valid (?:integer|number).*", r"phải là một số"),
    (r"Input should be a valid boolean.*", r"phải là true hoặc false"),
))
_Formatter: Any = TyperCommand.context_class.formatter_class


class HelpText(_Formatter):
    """The library's help page; in Vietnamese where that is the language of messages."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, _replaced(args, _USAGE), prefix or ("Cách dùng: " if language() == "vi" else None))

    def write_heading(self, heading: str) -> None:
        super().write_heading(_replaced(heading, _HEADINGS))

    def write_dl(self, rows: Any, *args: Any, **named: Any) -> None:
        if language() == "vi":
            rows = [(_TYPE.sub("", first), _replaced(second, _HELP)) for first, second in rows]
        super().write_dl(rows, *args, **named)


def speak() -> None:
    """Every help page of this process is a HelpText from now on."""
    TyperCommand.context_class.formatter_class = HelpText


def what_is_wrong(said: str) -> str:
    """The library's message, without its full stop, in the language of messages; one that is not known here stays as it is."""
    if language() == "vi":
        for pattern, ours in _WRONG:
            found = pattern.fullmatch(said)
            if found:
                return found.expand(ours)
    return said.removeprefix("Value error, ")


def _replaced(text: str, words: dict[str, str]) -> str:
    if language() == "vi":
        for theirs, ours in words.items():
            text = text.replace(theirs, ours)
    return text
