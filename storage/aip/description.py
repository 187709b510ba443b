"""What a package says of itself: its identifier, the book it belongs to, the entry it holds, the decision a correction rests on."""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7))
_FONDS = re.compile(r"^[A-Za-z0-9][A-Za-z0-9.-]{0,39}$")
_XML_FORBIDS = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class LegalBasis:
    """The decision that a later version rests on. kind: a code of storage.corrections.KINDS; date: ISO 8601."""

    kind: str
    title: str                  # the kind in words: Cải chính hộ tịch
    number: str                 # of the decision, as written
    date: str
    agency: str                 # who decided
    note: str = ""


@dataclass(frozen=True)
class Description:
    """Descriptive metadata of one package. A dossier of the archive (hồ sơ) is a book; a document (văn bản) is an entry of it.

    file_code: arcFileCode of the book. document_code: docCode of the entry (file code and seven digits). stem: the file name by
    Công văn 1437. dates: ISO 8601, empty if unknown. sheets: paper sheets, pages: pages in this package.
    """

    package_id: str
    fonds: str
    kind: str
    stem: str
    title: str
    book_title: str
    file_code: str
    document_code: str
    paper_code: str
    agency: str
    agency_code: str
    date: str
    start_date: str
    end_date: str
    pages: int
    documents: int
    created: datetime
    version: int = 1
    previous: str | None = None
    basis: LegalBasis | None = None
    keywords: Sequence[str] = field(default=())

    @property
    def objid(self) -> str:
        return objid(self.fonds, self.package_id)


def valid_fonds(code: str) -> bool:
    """Whether the text can be a fonds code in an identifier and in a folder's name."""
    return bool(_FONDS.match(code))


def objid(fonds: str, package_id: str) -> str:
    """mets/@OBJID: urn:<mã phông>:uuid:<UUID>."""
    return f"urn:{fonds}:uuid:{package_id}"


def folder_name(identifier: str) -> str:
    """The package's root folder: its OBJID with `_` for `:`."""
    return identifier.replace(":", "_")


def local_time(at: datetime) -> str:
    """ISO 8601 in Vietnam's time, whole seconds: 2026-03-04T12:06:07+07:00."""
    return at.astimezone(VIETNAM).replace(microsecond=0).isoformat()


def xml_text(text: object) -> str:
    """Text without the characters that XML 1.0 forbids."""
    return _XML_FORBIDS.sub("", str(text))
