"""What commands have in common: opening the home, progress bars, how help looks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sogoc.errors import WrongUse
from sogoc.language import t

if TYPE_CHECKING:
    from datetime import date, datetime

    from pipelines.services import Services

NO_ARGUMENTS: dict[str, Any] = {
    "no_args_is_help": False,
    "context_settings": {"help_option_names": ["--help", "-h"], "max_content_width": 110},
}

_SUGGESTED = 3          # communes named where none fits


def group(app: Any, name: str, help_text: str) -> Any:
    """A family of commands under one name."""
    import typer

    family = typer.Typer(rich_markup_mode=None, help=help_text, **NO_ARGUMENTS)
    app.add_typer(family, name=name)
    return family


@contextmanager
def services() -> Iterator[Services]:
    """The opened home of this command."""
    from sogoc.home import open_services
    from sogoc.settings import load

    with open_services(load()) as opened:
        yield opened


def one_of(option: str, value: str, known: Iterable[str]) -> None:
    """Raises WrongUse for a value of an option that is none of `known`, and names those."""
    known = tuple(known)
    if value not in known:
        raise WrongUse(f"{option}: không có {value}; chọn một trong: {', '.join(known)}.",
                       f"{option}: there is no {value}; choose one of: {', '.join(known)}.")


def known_commune(said: str) -> str:
    """The code of the commune that `said` names: its code, or its name as books write it, today's or a former one. Raises WrongUse, with
    the nearest communes, where no commune or several are meant."""
    from rapidfuzz.distance import Levenshtein

    from records.places import default_gazetteer, written

    gazetteer, text = default_gazetteer(), said.strip()
    if not text:
        raise WrongUse("--commune: chưa ghi mã hoặc tên xã.", "--commune: neither a code nor a name was given.")
    if any(u.level == "commune" for u in gazetteer.units(text)):
        return text
    if text.isascii() and text[0].isdigit():
        meant = int("".join(c for c in text if c.isdigit())[:9])
        codes = sorted({u.code for u in gazetteer.communes if Levenshtein.distance(u.code, text) == 1}, key=lambda c: abs(int(c) - meant))
        near = [f"{code} ({written(gazetteer.units(code)[-1])})" for code in codes[:_SUGGESTED]]
        raise WrongUse(f"--commune: không có xã nào mang mã {text}, nay cũng như trước; mã xã có 5 chữ số."
                       + (f" Gần nhất: {'; '.join(near)}." if near else ""),
                       f"--commune: no commune has or had the code {text}; a code has 5 digits."
                       + (f" Nearest: {'; '.join(near)}." if near else ""))
    found = [m for m in gazetteer.find(text, limit=8 * _SUGGESTED) if m.unit.level == "commune"]
    exact = [m for m in found if m.score == 1.0]
    first = {m.unit.code: m for m in reversed(exact or found)}              # a code once, by its best name
    if exact and len(first) == 1:
        return exact[0].unit.code
    near = [f"{m.unit.code} ({m.written})" for m in sorted(first.values(), key=lambda m: -m.score)[:_SUGGESTED]]
    raise WrongUse(
        f"--commune: {'có nhiều' if exact else 'không có'} xã tên {text}; hãy ghi mã xã. Gần nhất: {'; '.join(near) or 'không có'}.",
        f"--commune: there {'are several communes' if exact else 'is no commune'} named {text}; give the code. "
        f"Nearest: {'; '.join(near) or 'none'}.")


def ask_hidden(asked: str, instead: str, repeat: str = "") -> str:
    """What a person types without its being shown, twice if `repeat` asks for it again. instead: what to give where nobody can type.
    Raises WrongUse."""
    import typer

    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        if not sys.stdin.isatty():
            raise WrongUse(f"Không có bàn phím để nhập kín “{asked}”; hãy dùng {instead}.",
                           f"There is no terminal to type “{asked}” on unseen; use {instead}.") from None
    return str(typer.prompt(asked, hide_input=True, err=True, confirmation_prompt=repeat or False))


def moment(at: datetime) -> str:
    """The day and time on the Vietnamese clock, for people: 05/08/2026 14:05."""
    from storage.watermark import VIETNAM

    there = at.astimezone(VIETNAM)
    return t(f"{there:%d/%m/%Y %H:%M}", f"{there:%Y-%m-%d %H:%M}")


def day(option: str, text: str) -> date | None:
    """The day that an option names; None where it names none. Raises WrongUse."""
    from datetime import date

    try:
        return date.fromisoformat(text) if text else None
    except ValueError as e:
        shaped = len(text) == 10 and text[4] == text[7] == "-" and text.replace("-", "").isdigit()
        raise WrongUse(
            f"{option}: không có ngày {text} trong lịch." if shaped else f"{option}: ngày viết dạng 2026-08-01, không phải {text}.",
            f"{option}: there is no day {text}." if shaped else f"{option}: a day is written 2026-08-01, not {text}.") from e


class Bars:
    """Progress on standard error: bars on a terminal, else one plain line a stage. A pipelines.progress.Progress too."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        console = Console(stderr=True)
        self._live = console.is_terminal
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not self._live,
        )
        self._task: Any = None
        self._name, self._total, self._done = "", 0, 0
        self.label = ""

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        self._progress.stop()

    def stage(self, name: tuple[str, str], total: int) -> None:
        """Begin a count of `total`; a stage of nothing is not shown."""
        self._close()
        if total <= 0:
            return
        self._name, self._total, self._done = " ".join(x for x in (self.label, t(*name)) if x), total, 0
        self._task = self._progress.add_task(self._name, total=total)

    def advance(self, done: int = 1) -> None:
        self._done += done
        if self._task is not None:
            self._progress.update(self._task, advance=done)

    def callback(self, name: tuple[str, str]) -> Any:
        """A function (done, of) that keeps one stage."""

        def tell(done: int, of: int) -> None:
            if self._task is None and of:
                self.stage(name, of)
            if self._task is not None:
                self._progress.update(self._task, completed=done, total=of)
                self._done, self._total = done, of

        return tell

    def _close(self) -> None:
        if self._task is not None and not self._live:
            print(f"{self._name}: {self._done}/{self._total}", file=sys.stderr, flush=True)
        self._task = None
