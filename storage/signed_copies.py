"""The signed copy of an archived record that is to be handed out: which object it is, found in one question."""
from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.models import ArchivePackage, CopySignature, Entry, StoredObject


@dataclass(frozen=True)
class SignedCopy:
    """package_id: the version of the record; key, version_id: the newest copy of it, whose SHA-256 and size follow."""

    package_id: str
    entry_id: int
    kind: str
    number: str | None
    year: int | None
    key: str
    version_id: str | None
    sha256: str
    size: int


_COPY = (sa.select(ArchivePackage.id, Entry.id, Entry.kind, Entry.number, Entry.year, StoredObject.key, StoredObject.version_id,
                   StoredObject.sha256, StoredObject.size)
         .join(Entry, sa.and_(Entry.archive_id == ArchivePackage.id, Entry.status == "archived"))
         .join(CopySignature, CopySignature.package_id == ArchivePackage.id, isouter=True)
         .join(StoredObject, StoredObject.key == sa.func.coalesce(CopySignature.pdf_key, ArchivePackage.pdf_key))
         .where(ArchivePackage.id == sa.bindparam("record")))


def signed_copy(session: Session, record_id: str) -> SignedCopy | None:
    """The copy of the record with this id; None unless that is the version in force of an archived entry."""
    row = session.connection().execute(_COPY, {"record": record_id[:64]}).first()
    return SignedCopy(*row) if row is not None else None
