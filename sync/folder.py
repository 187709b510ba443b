"""A scanned folder as something to send."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from storage.scan_folder import scan
from sync.sender import Source, source_of

_ABOUT = ("loai", "nam", "quyenSo", "noiDangKy", "mau")


def scanned(path: Path, progress: Callable[[int, int], None] | None = None) -> tuple[Source, list[tuple[str, str]]]:
    """What is sent, and what is not: (name, code of storage.set_aside). batch.json goes along as `about`.

    Raises scan_folder.FolderError, SourceChanged.
    """
    folder = scan(path)
    files = {s.name: s.path for s in folder.sources if s.path is not None}
    about = {k: folder.declared[k] for k in _ABOUT if folder.declared.get(k)}
    return source_of(folder.name, files, about, progress=progress), [(s.name, s.code or "") for s in folder.sources if s.path is None]
