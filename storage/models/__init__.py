"""Database models: one table per noun of the house, one module per subject."""
from __future__ import annotations

from storage.models.accounts import ApiClient, User
from storage.models.archive import ArchivePackage, StoredObject
from storage.models.base import Base, Json, Key, UtcDateTime, utc_now
from storage.models.desk import BookStep, BookWork, HoleReason, PageLook, PageStep, PageWork
from storage.models.double_check import CheckHand, CheckPolicy, EntryVersion, SecondCheck
from storage.models.file_checks import FileCheck
from storage.models.ledger import Batch, Dossier, Entry, EntryFinding, Field, Page
from storage.models.links import Link, LinkCheck, LinkPolicy, LinkRecheck
from storage.models.log import Cursor, Event
from storage.models.log_keeping import EventSubject, LogSegment
from storage.models.population import Person, PersonHistory, PopulationRejection, PopulationSnapshot
from storage.models.preservation import ArchiveCorrection, BookPackage, FixityFinding, ObjectHold
from storage.models.queue import QueueTally
from storage.models.reports import ReportFigure, ReportPlan
from storage.models.review import EntryComment, EntryUnsure, ReviewDecision
from storage.models.rights import PastPassword, RecoveryCode, SecondFactor, SignInTries, UserGrant, UserSession
from storage.models.signatures import CopySignature

__all__ = [
    "ApiClient", "ArchiveCorrection", "ArchivePackage", "Base", "Batch", "BookPackage", "BookStep", "BookWork", "CheckHand",
    "CheckPolicy", "CopySignature", "Cursor", "Dossier", "Entry", "EntryComment", "EntryFinding", "EntryUnsure", "EntryVersion",
    "Event", "EventSubject", "Field", "FileCheck", "FixityFinding", "HoleReason", "Json", "Key", "Link", "LinkCheck", "LinkPolicy",
    "LinkRecheck", "LogSegment", "ObjectHold", "Page", "PageLook", "PageStep", "PageWork", "PastPassword", "Person", "PersonHistory",
    "PopulationRejection", "PopulationSnapshot", "QueueTally", "RecoveryCode", "ReportFigure", "ReportPlan", "ReviewDecision",
    "SecondCheck", "SecondFactor", "SignInTries", "StoredObject", "User", "UserGrant", "UserSession", "UtcDateTime", "utc_now",
]
