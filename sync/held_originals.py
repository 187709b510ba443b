"""Files that need not be sent again: originals in the archive which the same owner brought in before."""
from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from storage.database import Database
from storage.errors import ObjectMissing
from storage.intake import original_key
from storage.models import Batch, Page
from storage.objects import ObjectStore

_AT_ONCE = 500


class HeldOriginals:
    """`receiver.Held` over the page ledger. Only the owner's own: knowing a hash proves nothing about having the file."""

    def __init__(self, database: Database, objects: ObjectStore) -> None:
        self._database, self._objects = database, objects

    def which(self, owner: str, hashes: Collection[str]) -> set[str]:
        found: set[str] = set()
        wanted = sorted(hashes)
        with self._database.reading() as session:
            for start in range(0, len(wanted), _AT_ONCE):
                part = wanted[start:start + _AT_ONCE]
                found |= set(session.scalars(sa.select(Page.sha256).join(Batch, Batch.id == Page.batch_id).where(
                    Page.sha256.in_(part), Page.original_key.is_not(None), Batch.created_by == owner)))
        return found

    def read(self, sha256: str) -> bytes | None:
        try:
            return self._objects.get("archive", original_key(sha256))
        except ObjectMissing:
            return None
