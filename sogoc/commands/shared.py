"""What commands have in common: opening the home, progress bars, how help looks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sogoc.language import t

if TYPE_CHECKING:
    from pipelines.services import Services

NO_ARGUMENTS: dict[str, Any] = {
    "no_args_is_help": False,
    "context_settings": {"help_option_names": ["--help", "-h"], "max_content_width": 110},
}


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
