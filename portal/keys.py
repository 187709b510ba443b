"""The portal's own keys: made once, kept in the home's secrets folder, readable by its owner alone."""
from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

_LENGTH = 48


def portal_key(folder: Path, name: str) -> bytes:
    """The key `name` in `folder` (48 random bytes), made at first use: written to a temporary file, then linked, so two processes agree."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}.key"
    if not path.exists():
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}.")     # mkstemp makes it 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(_LENGTH))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(temporary, path)
        finally:
            os.unlink(temporary)
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return path.read_bytes()
