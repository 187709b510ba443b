"""What an archive package is: its options, its name and keys, its record and its manifest. No database writes, no object store."""
from __future__ import annotations

import json
import re
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from storage.aip.build import PackageFile
from storage.models import StoredObject
from storage.objects import RetentionMode

MANIFEST_FORMAT = "sogoc-package/2"     # 1: record.json beside the PDF, no METS; still read and verified
_NAMES = uuid.UUID("5d1d4bc4-2f0a-5d3c-9c7b-8f5f0e6a7b11")       # name space of package ids (UUID version 5)


class RetentionOptions(Protocol):
    """The part of the archive's settings that storage needs; `ArchiveOptions` here or any object with the same attributes."""

    @property
    def agency_name(self) -> str: ...
    @property
    def agency_code(self) -> str: ...
    @property
    def retain_years(self) -> int: ...


@dataclass(frozen=True)
class ArchiveOptions:
    """undo_seconds: a verified entry can be undone that long. retain_years: object lock on what is archived; retain_days, if given,
    counts instead (demo, tests). retention_mode: COMPLIANCE cannot be lifted by anybody, GOVERNANCE by an administrator.

    agency_name, agency_code: who archives, written into the manifest. tsa_url: a time-stamp service, None for none.
    fonds_code: mã phông, part of every package's identifier; nothing is archived without it. retention_mode is that of originals, records
    and manifests; the PDF made from them is locked under GOVERNANCE. renew_days: a time stamp is renewed that many days before it ends.
    """

    undo_seconds: int = 60
    retain_years: int = 1
    agency_name: str = ""
    agency_code: str = ""
    tsa_url: str | None = None
    retention_mode: RetentionMode = "COMPLIANCE"
    retain_days: int | None = None
    fonds_code: str = ""
    renew_days: int = 90


def retention(options: RetentionOptions, now: datetime) -> tuple[datetime, RetentionMode]:
    """Until when objects are locked (whole seconds, UTC), and how."""
    days = getattr(options, "retain_days", None)
    until = now.astimezone(UTC).replace(microsecond=0) + timedelta(days=days if days is not None else 365.25 * options.retain_years)
    return until, "COMPLIANCE" if getattr(options, "retention_mode", "COMPLIANCE") == "COMPLIANCE" else "GOVERNANCE"


@dataclass(frozen=True)
class PackageName:
    """Names of one package. stem: the file name that Công văn 1437 gives its PDF; folder: the key its objects lie under."""

    id: str
    stem: str
    folder: str

    @property
    def pdf(self) -> str:
        return f"{self.folder}/{self.stem}.pdf"

    @property
    def package(self) -> str:
        """The ZIP of METS, EAD, PREMIS, record and catalogue."""
        return f"{self.folder}/package.zip"

    @property
    def manifest(self) -> str:
        return f"{self.folder}/manifest.json"


def package_name(kind: str, year: int | None, book: str | None, number: str | None, *identity: object) -> PackageName:
    """The package of what `identity` tells apart: the same identity is the same package, so work that was cut off goes on where it was."""
    package_id = str(uuid.uuid5(_NAMES, json.dumps([str(i) for i in identity], ensure_ascii=False)))
    parts = [safe(kind) or "HS", str(year or "0000"), safe(_book(book)) or "00", safe((number or "").split("/")[0].zfill(3)) or "000"]
    return PackageName(package_id, ".".join(parts), "/".join(["archive", *parts, package_id]))


def safe(text: str) -> str:
    """Text as one segment of a key: ASCII letters, digits and - _, at most 40 characters."""
    plain = unicodedata.normalize("NFKD", text.replace("đ", "d").replace("Đ", "D")).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_-]+", "-", plain).strip("-")[:40]


def manifest(package_id: str, subject: str, about: Mapping[str, Any], objects: Sequence[tuple[str, str, StoredObject]], *,
             files: Sequence[PackageFile], objid: str, version: int, event_seq: int, event_hash: str, made: datetime, until: datetime,
             mode: str, options: RetentionOptions) -> bytes:
    """manifest.json, the root of trust: every object of the package with SHA-256 and size, every file inside its ZIP, and the head of the
    event log at that moment.

    objects: (role, path in the package, object); the ZIP itself has no path.
    """
    listed = [{"role": role, "path": path, "key": o.key, "sha256": o.sha256, "size": o.size, "media_type": o.media_type}
              for role, path, o in objects]
    return to_json({
        "format": MANIFEST_FORMAT, "package": package_id, "objid": objid, "version": version, "subject": subject, **about,
        "created": made.isoformat(), "agency": {"name": options.agency_name, "code": options.agency_code},
        "retention": {"mode": mode, "until": until.isoformat()},
        "events": {"seq": event_seq, "hash": event_hash}, "objects": listed,
        "files": [{"path": f.path, "sha256": f.sha256, "size": f.size} for f in files],
    })


def to_json(data: Mapping[str, Any]) -> bytes:
    """Readable JSON, UTF-8, keys as given."""
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode()


def _book(book: str | None) -> str:
    """`01/2017` -> `01`: the year has its own place in the name."""
    return re.sub(r"/(18|19|20)\d\d$", "", book or "")
