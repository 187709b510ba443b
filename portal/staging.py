"""Files on their way in: an upload is a folder under the home's scratch; files in it are named by number, never by their sender."""
from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.scan_folder import Source, escapes, safe_name, unique

MOST_FILES = 3000
_TOKEN = re.compile(r"^[A-Za-z0-9_-]{20,40}$")
_KEEP_SECONDS = 24 * 3600


class UploadRefused(Exception):
    """code: unknown_upload | too_many_files | upload_too_big | file_too_big | disk_full."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Upload:
    """An upload under way. about: what its sender said of the book (batch.json's keys)."""

    token: str
    folder: Path
    owner: str
    name: str
    about: Mapping[str, Any]


class Staging:
    """All uploads of one home. max_bytes: of one upload; max_file_bytes: of one file in it."""

    def __init__(self, root: Path, max_bytes: int, max_file_bytes: int) -> None:
        self.root, self.max_bytes, self.max_file_bytes = root, max_bytes, max_file_bytes

    def begin(self, owner: str, name: str, about: Mapping[str, Any]) -> Upload:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()
        token = secrets.token_urlsafe(20)
        folder = self.root / token
        folder.mkdir(mode=0o700)
        upload = Upload(token, folder, owner, safe_name(name)[:100], dict(about))
        (folder / "upload.json").write_text(json.dumps({"owner": owner, "name": upload.name, "about": dict(about)}), "utf-8")
        return upload

    def open(self, token: str, owner: str) -> Upload:
        """The upload of that person; raises UploadRefused for any other."""
        folder = self.root / token
        if not _TOKEN.match(token) or not (folder / "upload.json").is_file():
            raise UploadRefused("unknown_upload")
        said = json.loads((folder / "upload.json").read_text("utf-8"))
        if said["owner"] != owner:
            raise UploadRefused("unknown_upload")
        return Upload(token, folder, owner, said["name"], said["about"])

    @contextmanager
    def receive(self, upload: Upload, raw_name: str) -> Iterator[FileInFlight]:
        """Write one file; it counts only when the block ends well, and replaces one of the same name sent before."""
        number = self._number(upload, raw_name)
        taken = sum(f.stat().st_size for f in upload.folder.glob("*.data") if f.name != f"{number:05d}.data")
        part = upload.folder / f"{number:05d}.{secrets.token_hex(4)}.part"
        try:
            with part.open("xb") as file:
                yield FileInFlight(file, min(self.max_file_bytes, self.max_bytes - taken), self.max_file_bytes, part)
            os.replace(part, upload.folder / f"{number:05d}.data")
        except OSError as e:
            raise UploadRefused("disk_full") from e
        finally:
            part.unlink(missing_ok=True)

    def _number(self, upload: Upload, raw_name: str) -> int:
        with (upload.folder / "names.jsonl").open("a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)        # two files sent at once must not get one number
            names = self._names(upload)
            if raw_name in names:
                return names.index(raw_name)
            if len(names) >= MOST_FILES:
                raise UploadRefused("too_many_files")
            file.write(json.dumps(raw_name) + "\n")
        return len(names)

    def _names(self, upload: Upload) -> list[str]:
        path = upload.folder / "names.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def sources(self, upload: Upload) -> list[Source]:
        """The files as intake takes them: safe unique names; a name that points out of its folder is refused there, with its reason."""
        claimed: set[str] = set()
        found = []
        for number, raw in enumerate(self._names(upload)):
            path = upload.folder / f"{number:05d}.data"
            if path.exists():
                bad = escapes(raw)
                found.append(Source(unique(safe_name(raw), claimed), None if bad else path, "unsafe_name" if bad else None))
        return found

    def close(self, upload: Upload) -> None:
        shutil.rmtree(upload.folder, ignore_errors=True)

    def _sweep(self) -> None:
        for folder in self.root.iterdir():
            if folder.is_dir() and _TOKEN.match(folder.name) and folder.stat().st_mtime < time.time() - _KEEP_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


class FileInFlight:
    """Counts what is written and stops at the limit."""

    def __init__(self, file: Any, limit: int, file_limit: int, path: Path) -> None:
        self._file, self._limit, self._file_limit, self._size, self.path = file, limit, file_limit, 0, path

    def write(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._limit:
            raise UploadRefused("file_too_big" if self._size > self._file_limit else "upload_too_big")
        self._file.write(chunk)

    def flush(self) -> None:
        self._file.flush()
