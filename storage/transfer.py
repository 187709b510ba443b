"""A package handed out: as a folder that any reader of E-ARK CSIP opens, or in a BagIt bag (RFC 8493) for the way."""
from __future__ import annotations

import hashlib
import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from storage.aip.check import check_folder
from storage.aip.description import VIETNAM
from storage.aip.unpack import lay_out
from storage.errors import NoSuchPackage, PackageFlawed, Words
from storage.models import ArchivePackage, BookPackage
from storage.outbox import ObjectLedger


def export_package(ledger: ObjectLedger, package_id: str, into: Path, bag: bool = False) -> Path:
    """Write the package under `into`, check it, return its folder (or the bag's). Every object is checked against its SHA-256 on the way.

    Raises NoSuchPackage, PackageFlawed (of the first format, or something is wrong with it; then nothing is left behind),
    ObjectMissing, ObjectDiffers.
    """
    with ledger.database.reading() as session:
        package = session.get(ArchivePackage, package_id) or session.get(BookPackage, package_id)
    if package is None:
        raise NoSuchPackage(package=package_id)
    manifest: dict[str, Any] = json.loads(ledger.get(package.manifest_key))
    if "objid" not in manifest:
        raise PackageFlawed(package=package_id, cause=Words(
            f"định dạng {manifest.get('format')} không có METS; hãy lấy nguyên các tệp của gói",
            f"format {manifest.get('format')}, which has no METS; take its objects as they are"))
    into.mkdir(parents=True, exist_ok=True)
    base = into / f"bag_{package_id}" / "data" if bag else into
    folder = lay_out(manifest, ledger.get, base)
    flaws = check_folder(folder)
    if flaws:
        shutil.rmtree(folder.parent.parent if bag else folder)
        raise PackageFlawed(package=package_id, cause="; ".join(f"{f.path}: {f.code}" for f in flaws[:5]))
    if not bag:
        return folder
    _bag(base.parent, manifest)
    return base.parent


def _bag(folder: Path, manifest: dict[str, Any]) -> None:
    payload = sorted(p for p in (folder / "data").rglob("*") if p.is_file())
    size = sum(p.stat().st_size for p in payload)
    made = {
        "bagit.txt": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": f"Source-Organization: {manifest['agency']['name'] or manifest['agency']['code']}\n"
                        f"External-Identifier: {manifest['objid']}\nBagging-Date: {datetime.now(VIETNAM).date().isoformat()}\n"
                        f"Payload-Oxum: {size}.{len(payload)}\n",
        "manifest-sha256.txt": "".join(f"{_sha256(p)}  {quote(p.relative_to(folder).as_posix(), safe=_SAFE)}\n" for p in payload),
    }
    for name, text in made.items():
        (folder / name).write_text(text, "utf-8", newline="\n")
    tags = "".join(f"{_sha256(folder / name)}  {name}\n" for name in made)
    (folder / "tagmanifest-sha256.txt").write_text(tags, "utf-8", newline="\n")


_SAFE = "".join(chr(c) for c in range(32, 127) if chr(c) != "%")


def _sha256(path: Path) -> str:
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()
