"""Database models: one table per noun of the house, one module per subject."""
from __future__ import annotations

from storage.models.accounts import ApiClient, User
from storage.models.archive import ArchivePackage, StoredObject
from storage.models.base import Base, Json, Key, UtcDateTime, utc_now
from storage.models.desk import BookStep, BookWork, HoleReason, PageLook, PageStep, PageWork
from storage.models.ledger import Batch, Dossier, Entry, EntryFinding, Field, Page
from storage.models.links import Link, LinkCheck, LinkPolicy, LinkRecheck
from storage.models.log import Cursor, Event
from storage.models.population import Person, PersonHistory, PopulationRejection, PopulationSnapshot

__all__ = [
    "ApiClient", "ArchivePackage", "Base", "Batch", "BookStep", "BookWork", "Cursor", "Dossier", "Entry", "EntryFinding", "Event", "Field",
    "HoleReason", "Json", "Key", "Link", "LinkCheck", "LinkPolicy", "LinkRecheck", "Page", "PageLook", "PageStep", "PageWork", "Person",
    "PersonHistory", "PopulationRejection", "PopulationSnapshot", "StoredObject", "User", "UtcDateTime", "utc_now",
]
