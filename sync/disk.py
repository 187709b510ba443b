"""Writing so that it is there after the plug is pulled: temporary file, fsync, rename, fsync of the folder."""
from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sync.errors import DiskFull

PART = ".part"          # suffix of what is being written


def write_durably(path: Path, data: bytes | Iterable[bytes]) -> None:
    """All of it under `path`, or nothing. Raises DiskFull; whatever `data` raises while it is read leaves nothing behind."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PART}")
    try:
        make_folder(path.parent)
        with open(part, "xb", opener=lambda p, flags: os.open(p, flags, 0o600)) as file:
            for block in (data,) if isinstance(data, bytes) else data:
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        settle(path.parent)
    except OSError as e:
        if e.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull() from e
        raise
    finally:
        part.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """The folder with all above it, their names on the disk."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        settle(folder.parent)


def settle(folder: Path) -> None:
    """fsync a folder: its names are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[bool]:
    """Hold the file's lock, among threads and processes; with wait=False yields False where another holds it. Ends with its holder."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
