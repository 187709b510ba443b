"""What lies in a scanned folder: its page files by safe name, and what is refused before it is opened. Nothing is written."""
from __future__ import annotations

import errno
import json
import os
import stat
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ocr.errors import UnreadableFile
from ocr.images import Limits
from records.codes import KIND_ALIASES

DECLARATION = "batch.json"
KINDS = ("KS", "KH", "KT", "NCM", "GH", "CN", "CC", "HN", "HS")
_IGNORED = {"thumbs.db", "desktop.ini", "ehthumbs.db"}          # left by Windows in every folder of pictures
_SLASHES = str.maketrans({c: "/" for c in "\\∕⁄／＼⧵⧸"})           # what some program takes for a path separator
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}           # Unicode categories: control, format, unassigned, line ends
_LONGEST_NAME = 180


@dataclass(frozen=True)
class Source:
    """One file offered as a page. name: safe, NFC, unique in its folder; path: None where it may not be opened, then `code` says why."""

    name: str
    path: Path | None
    code: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Folder:
    name: str
    path: Path
    sources: tuple[Source, ...]             # sorted by name
    declared: Mapping[str, Any]             # batch.json, checked


class FolderError(Exception):
    """The folder itself cannot be taken. code: missing_folder | not_a_folder | no_permission | no_pages_in_folder | only_subfolders."""

    def __init__(self, code: str, path: Path) -> None:
        super().__init__(f"{code}: {path}")
        self.code, self.path = code, path


def scan(path: Path) -> Folder:
    """The folder's files, sorted by name. A link to a folder is followed once, links inside it are refused.

    Raises FolderError; a wrong batch.json becomes a refused source, not an error.
    """
    try:
        found = sorted(os.scandir(path), key=lambda e: os.fsencode(e.name))
    except FileNotFoundError:
        raise FolderError("missing_folder", path) from None
    except NotADirectoryError:
        raise FolderError("not_a_folder", path) from None
    except PermissionError:
        raise FolderError("no_permission", path) from None
    sources: list[Source] = []
    claimed: set[str] = set()
    declared: dict[str, Any] = {}
    folders = 0
    for entry in found:
        if entry.name.lower() in _IGNORED or (entry.name.startswith(".") and not escapes(entry.name)):
            continue
        name = unique(safe_name(entry.name), claimed)
        if entry.name == DECLARATION and entry.is_file(follow_symlinks=False):
            try:
                declared = read_declaration(Path(entry.path))
            except ValueError as e:
                sources.append(Source(name, None, "bad_batch_json", {"problem": str(e)}))
            continue
        source = look(entry, name)
        folders += source.code == "subfolder"
        sources.append(source)
    if not sources:
        raise FolderError("no_pages_in_folder", path)
    if folders == len(sources):
        raise FolderError("only_subfolders", path)
    return Folder(safe_name(path.resolve().name)[:100], path.absolute(), tuple(sorted(sources, key=lambda s: s.name)), declared)


def look(entry: os.DirEntry[str], name: str) -> Source:
    """The directory entry as a source, refused by its kind or name where it must be."""
    if entry.is_symlink():
        return Source(name, None, "symlink")
    if escapes(entry.name):
        return Source(name, None, "unsafe_name")
    if entry.is_dir(follow_symlinks=False):
        try:
            files = sum(1 for e in os.scandir(entry.path) if e.is_file(follow_symlinks=False))
        except OSError:
            files = 0
        return Source(name, None, "subfolder", {"files": files})
    if not entry.is_file(follow_symlinks=False):
        return Source(name, None, "not_a_file")
    return Source(name, Path(entry.path))


def read_source(path: Path, limits: Limits) -> bytes:
    """The file's bytes. A link put in its place meanwhile is not followed, a FIFO does not hang.

    Raises UnreadableFile: missing_file not_a_file no_permission file_too_big damaged.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as e:
        codes = {errno.ENOENT: "missing_file", errno.EACCES: "no_permission", errno.EPERM: "no_permission"}
        raise UnreadableFile(codes.get(e.errno or 0, "not_a_file"), detail=e.strerror) from None
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise UnreadableFile("not_a_file")
        if facts.st_size > limits.bytes:
            raise UnreadableFile("file_too_big", size=facts.st_size, limit=limits.bytes)
        try:
            data = file.read(limits.bytes + 1)
        except OSError as e:
            raise UnreadableFile("damaged", detail=e.strerror) from None
    if len(data) > limits.bytes:
        raise UnreadableFile("file_too_big", size=len(data), limit=limits.bytes)
    return data


def escapes(raw: str) -> bool:
    """Whether some program would take the name as a path out of its folder: `..` beside anything like a slash, percent-coded too."""
    for text in (raw, unquote(raw), unquote(unquote(raw))):
        parts = unicodedata.normalize("NFC", text).translate(_SLASHES).split("/")
        if len(parts) > 1 and (".." in (p.strip() for p in parts) or not parts[0]):
            return True
    return raw.strip() in (".", "..")


def safe_name(raw: str) -> str:
    """The name as it is kept: NFC, bytes that are no UTF-8 spelled out, separators and invisible characters `_`, at most 180 characters."""
    text = unicodedata.normalize("NFC", os.fsencode(raw).decode("utf-8", "backslashreplace"))
    text = "".join("_" if c == "/" or c.translate(_SLASHES) == "/" or unicodedata.category(c) in _INVISIBLE else c for c in text)
    text = text.strip() or "_"
    while "..." in text:                    # dagster refuses it in a partition's name
        text = text.replace("...", "..")
    if len(text) > _LONGEST_NAME:
        stem, dot, suffix = text.rpartition(".")
        text = stem[:_LONGEST_NAME - len(suffix) - 1] + dot + suffix if dot and len(suffix) <= 8 else text[:_LONGEST_NAME]
    return text


def unique(name: str, claimed: set[str]) -> str:
    """`name`, or with ~2, ~3 … before its suffix if it is claimed; the answer is claimed."""
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > 8:
        stem, dot, suffix = name, "", ""
    answer, n = name, 1
    while answer in claimed:
        n += 1
        answer = f"{stem}~{n}{dot}{suffix}"
    claimed.add(answer)
    return answer


def read_declaration(path: Path) -> dict[str, Any]:
    """batch.json: loai, nam, quyenSo, noiDangKy, mau, all optional. ValueError says what is wrong."""
    try:
        if path.stat().st_size > 100_000:
            raise ValueError("quá lớn / too big")
        data = json.loads(path.read_text("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as e:
        raise ValueError(f"không phải JSON / not JSON ({type(e).__name__})") from None
    except OSError as e:
        raise ValueError(e.strerror or "?") from None
    return check_declared(data)


def check_declared(data: object) -> dict[str, Any]:
    """What a person declares of a book, checked; unknown keys are kept as they came. ValueError names the wrong key."""
    if not isinstance(data, dict):
        raise ValueError("phải là một đối tượng / must be an object")
    for key in ("quyenSo", "noiDangKy", "mau", "loai"):
        if data.get(key) is not None and not isinstance(data[key], str):
            raise ValueError(f"{key}: phải là chữ / must be text")
    if data.get("loai"):
        data = data | {"loai": KIND_ALIASES.get(data["loai"], data["loai"])}
    if data.get("loai") not in (None, "", *KINDS):
        raise ValueError("loai: KS KH KT NCM GH CN CC HN HS")
    year = data.get("nam")
    if year is not None and (isinstance(year, bool) or not isinstance(year, int) or not 1850 <= year <= 2200):
        raise ValueError("nam: phải là năm / must be a year")
    return {k: v for k, v in data.items() if isinstance(k, str)}
