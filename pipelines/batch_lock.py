"""One worker on a batch at a time, over processes and machines; a killed holder holds nothing."""
from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from pipelines.services import Services


class BatchBusy(Exception):
    """Somebody else works on the batch. message: (Vietnamese, English)."""

    code = "batch_busy"

    def __init__(self, batch_id: str) -> None:
        self.message = (f"Quyển {batch_id} đang được một tiến trình khác xử lý; chờ xong rồi chạy lại.",
                        f"Another process works on batch {batch_id}; wait for it and run again.")
        super().__init__(self.message[1])


@contextmanager
def hold_batch(services: Services, batch_id: str) -> Iterator[None]:
    """Hold the batch; raises BatchBusy at once when it is held. A file lock on one machine, an advisory lock of PostgreSQL on a hub."""
    digest = hashlib.sha256(batch_id.encode()).digest()
    if services.database.is_sqlite:
        folder = services.home / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / digest.hex()[:32], "w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BatchBusy(batch_id) from None
            yield
    else:
        number = int.from_bytes(digest[:8], "big", signed=True)
        with services.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(number))):
                raise BatchBusy(batch_id)
            try:
                yield
            finally:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(number)))
