"""Dying at every point where a kill matters, one after another: for tests that fork."""
from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from storage.database import Database
from storage.objects import ObjectStore


def die_at(point: int, url: sa.URL, store: ObjectStore, writes: tuple[str, ...], work: Callable[[Database, ObjectStore], Any]) -> None:
    """In a forked child: work(a database of its own, the store), SIGKILL at the given point; exit 0 if it was not reached, 3 on any error.

    Points are the commits, and the moments before and after each call of the store's methods `writes`.
    """
    seen = 0

    def here() -> None:
        nonlocal seen
        if seen == point:
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1

    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kw: Any) -> Any:
            here()
            result = function(*args, **kw)
            here()
            return result
        return counted

    try:
        database = Database(url.render_as_string(hide_password=False))
        sa.event.listen(database.engine, "commit", lambda _: here())
        for name in writes:
            setattr(store, name, around(getattr(store, name)))
        work(database, store)
        os._exit(0)
    except BaseException:
        os._exit(3)
