"""Database models: one table per noun of the house, one module per subject."""
from __future__ import annotations

from storage.models.accounts import ApiClient, User
from storage.models.archive import ArchivePackage, StoredObject
from storage.models.base import Base, Json, Key, UtcDateTime, utc_now
from storage.models.ledger import Batch, Dossier, Entry, EntryFinding, Field, Page
from storage.models.links import Link, LinkCheck, LinkPolicy, LinkRecheck
from storage.models.log import Cursor, Event
from storage.models.population import Person, PersonHistory, PopulationRejection, PopulationSnapshot
from storage.models.preservation import ArchiveCorrection, BookPackage, FixityFinding, ObjectHold

__all__ = [
    "ApiClient", "ArchiveCorrection", "ArchivePackage", "Base", "Batch", "BookPackage", "Cursor", "Dossier", "Entry", "EntryFinding",
    "Event", "Field", "FixityFinding", "Json", "Key",
    "Link", "LinkCheck", "LinkPolicy", "LinkRecheck", "ObjectHold", "Page",
    "Person", "PersonHistory", "PopulationRejection", "PopulationSnapshot",
    "StoredObject", "User", "UtcDateTime", "utc_now",
]
