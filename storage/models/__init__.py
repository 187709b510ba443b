"""Database models: one table per noun of the house, one module per subject."""
from __future__ import annotations

from storage.models.accounts import ApiClient, User
from storage.models.api_access import ClientPace, ClientSecret, ClientUse, GatewayKey, TokenKey
from storage.models.archive import ArchivePackage, StoredObject
from storage.models.base import Base, Json, Key, UtcDateTime, utc_now
from storage.models.copy_links import CopyLink
from storage.models.desk import BookStep, BookWork, HoleReason, PageLook, PageStep, PageWork
from storage.models.double_check import CheckHand, CheckPolicy, EntryVersion, SecondCheck
from storage.models.exchange import MinistryPush, PopulationQuestion, RecordChange
from storage.models.extracts import Extract, ExtractNumber
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
from storage.models.search_keys import PersonKey, RecordKey
from storage.models.signatures import CopySignature, ExtractSignature
from storage.models.watch import AccessAlert, WatchState

__all__ = [
    "AccessAlert", "ApiClient", "ArchiveCorrection", "ArchivePackage", "Base", "Batch", "BookPackage", "BookStep", "BookWork",
    "CheckHand", "CheckPolicy", "ClientPace", "ClientSecret", "ClientUse", "CopyLink", "CopySignature", "Cursor", "Dossier", "Entry",
    "EntryComment", "EntryFinding", "EntryUnsure", "EntryVersion", "Event", "EventSubject", "Extract", "ExtractNumber", "ExtractSignature",
    "Field", "FileCheck", "FixityFinding", "GatewayKey", "HoleReason", "Json", "Key", "Link", "LinkCheck", "LinkPolicy", "LinkRecheck",
    "LogSegment", "MinistryPush", "ObjectHold", "Page", "PageLook", "PageStep", "PageWork", "PastPassword", "Person", "PersonHistory",
    "PersonKey", "PopulationQuestion", "PopulationRejection", "PopulationSnapshot", "QueueTally", "RecordChange", "RecordKey",
    "RecoveryCode", "ReportFigure", "ReportPlan", "ReviewDecision", "SecondCheck", "SecondFactor", "SignInTries", "StoredObject",
    "TokenKey", "User", "UserGrant", "UserSession", "UtcDateTime", "WatchState", "utc_now",
]
