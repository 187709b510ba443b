"""A package out of its pieces again: what its ZIP holds, and the whole folder as any reader of E-ARK CSIP expects it."""
from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from storage.aip.build import PackageFile
from storage.aip.description import folder_name

_LARGEST = 64 << 20         # bytes of one file inside a package's ZIP; ours are thousands of times smaller


def inner_files(data: bytes) -> tuple[PackageFile, ...]:
    """The files of a package's ZIP, paths relative to its root folder. Raises zipfile.BadZipFile, ValueError."""
    out = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            path = info.filename.split("/", 1)[-1]
            if info.file_size > _LARGEST or ".." in PurePosixPath(path).parts or path.startswith("/"):
                raise ValueError(f"not a file of a package: {info.filename}")
            body = archive.read(info)
            when = datetime(*info.date_time, tzinfo=UTC)
            out.append(PackageFile(path, hashlib.sha256(body).hexdigest(), len(body), "", when, body))
    return tuple(out)


def readable_files(data: bytes) -> dict[str, str]:
    """Path -> SHA-256 of the files of a damaged ZIP that can still be read; empty if its directory cannot."""
    out = {}
    with suppress(Exception), zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            with suppress(Exception):
                out[info.filename.split("/", 1)[-1]] = hashlib.sha256(archive.read(info)).hexdigest()
    return out


def lay_out(manifest: Mapping[str, Any], fetch: Callable[[str], bytes], into: Path) -> Path:
    """Write the whole package as a folder under `into` and return it. fetch: an object's bytes by its key, already checked."""
    root = into / folder_name(str(manifest["objid"]))
    root.mkdir(parents=True)
    for listed in manifest["objects"]:
        data = fetch(listed["key"])
        if listed["role"] == "package":
            for f in inner_files(data):
                _write(root, f.path, f.data or b"")
        else:
            _write(root, listed["path"], data)
    return root


def _write(root: Path, path: str, data: bytes) -> None:
    target = (root / path).resolve()
    if not target.is_relative_to(root.resolve()):
        raise ValueError(f"not inside the package: {path}")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
