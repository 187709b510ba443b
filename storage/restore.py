"""The catalogue rebuilt from the object store alone, on an empty machine: every book, page, entry, value, link, package, version, extract.

What was never archived cannot come back this way (drafts, accounts, the population): for those there is the database's own backup.
"""
from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage import change_feed, events
from storage.database import Database
from storage.errors import ChainBroken, RestoreRefused, StorageError
from storage.event_segments import read_segments
from storage.event_subjects import index_rows
from storage.extracts.keys import PublicKey
from storage.extracts.restoring import Told, restore_extracts
from storage.models import ArchivePackage, Batch, Cursor, Entry, Event, EventSubject
from storage.objects import ObjectStore
from storage.outbox import ObjectLedger
from storage.restore_rows import add_others, add_package, first_version
from storage.signature_upkeep import look

_CURSOR = "restore"
_COMMIT_EVERY = 50          # packages in one unit of work


@dataclass
class Restored:
    """What came back. code_keys: public keys of codes on extracts; adopted: how many of them the home did not have. problems: (where, why)
    of what could not be trusted or read, and so was left out."""

    packages: int = 0
    entries: int = 0
    dossiers: int = 0
    books: int = 0
    batches: int = 0
    events: int = 0
    objects: int = 0
    extracts: int = 0
    adopted: int = 0
    code_keys: list[PublicKey] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)


def restore_catalogue(database: Database, store: ObjectStore, actor: str, progress: Callable[[int, int], None] | None = None,
                      adopt: Callable[[Sequence[PublicKey]], int] = lambda _: 0) -> Restored:
    """Rebuild the database from the archive bucket; killed anywhere and run again, it goes on.

    adopt: `CodeKeys.adopt` of the home that is to check codes with the keys that came back.
    Manifests are the roots: each must agree with the log where the log tells of it, and each ZIP with its manifest. Originals and copies
    are taken by name and size and proven by the next fixity pass. Raises RestoreRefused unless the database is empty,
    ObjectStoreUnavailable.
    """
    out = Restored()
    with database.session() as session:
        _must_be_empty(session)
    told = Told()
    logged = _restore_log(database, store, told, out)
    keys = sorted(o.key for o in store.list("archive", "archive/") if o.key.endswith("/manifest.json"))
    manifests = _manifests(store, keys, logged, out)
    done = 0
    for start in range(0, len(manifests), _COMMIT_EVERY):
        with database.session() as session:
            for key, manifest in manifests[start:start + _COMMIT_EVERY]:
                try:
                    with session.begin_nested():
                        add_package(session, store, key, manifest, out)
                except (StorageError, KeyError, ValueError, TypeError) as e:
                    out.problems.append((key, f"{type(e).__name__}: {str(e)[:120]}"))
                done += 1
                if progress:
                    progress(done, len(manifests))
    with database.session() as session:
        _set_sequences(session)
        add_others(session)
        _set_sequences(session)
    extracts = restore_extracts(database, store, told)
    out.extracts, out.code_keys = extracts.extracts, extracts.keys
    out.problems += extracts.problems
    out.adopted = adopt(out.code_keys)
    ledger = ObjectLedger(database, store)
    out.objects = len(ledger.recover(scan=True).adopted)
    look(database, ledger, raised_only=True)
    with database.session() as session:         # the last thing: what is killed before goes on when it is run again
        session.merge(Cursor(name=_CURSOR, value={"state": "done"}))
        out.batches = session.scalar(sa.select(sa.func.count()).select_from(Batch)) or 0
        change_feed.rebuild(session, actor)
        noted = max((int(m["events"]["seq"]) for _, m in manifests), default=0)
        events.append(session, actor, "archive.restore", "archive", {
            "packages": out.packages, "extracts": out.extracts, "problems": len(out.problems), "log_to": out.events, "log_noted": noted})
    return out


def _must_be_empty(session: Session) -> None:
    begun = session.get(Cursor, _CURSOR)
    if begun is not None and begun.value.get("state") == "running":
        return
    for table, words in ((Batch, "books"), (Entry, "entries"), (ArchivePackage, "packages"), (Event, "events")):
        if session.scalar(sa.select(sa.func.count()).select_from(table)):
            raise RestoreRefused(cause=f"the database has {words}")
    session.merge(Cursor(name=_CURSOR, value={"state": "running"}))


def _restore_log(database: Database, store: ObjectStore, told: Told, out: Restored) -> dict[str, str]:
    """Package id -> SHA-256 of its manifest as the log has it; what it tells of extracts goes to `told`."""
    logged: dict[str, str] = {}
    with database.session() as session:
        have = events.head(session).seq
        try:
            for event in read_segments(store):
                if event.seq > have:
                    session.add(event)
                    session.add_all(EventSubject(**row) for row in index_rows(event))
                out.events = event.seq
                told.hear(event)
                if "manifest_sha256" in event.detail:
                    logged[str(event.detail["package"])] = str(event.detail["manifest_sha256"])
        except ChainBroken as e:
            out.problems.append((f"event:{e.evidence['seq']}", str(e.evidence["cause"])))
    return logged


def _manifests(store: ObjectStore, keys: list[str], logged: Mapping[str, str], out: Restored) -> list[tuple[str, dict[str, Any]]]:
    """Every manifest that can be read and that the log does not contradict, first versions first. The oldest version of each object: what
    lies over it came later and is not what was archived."""
    found = []
    for key in keys:
        try:
            version = first_version(store, key)
            data = store.get("archive", key, version)
            manifest = json.loads(data)
            said = logged.get(manifest["package"])
            if said is not None and said != hashlib.sha256(data).hexdigest():
                out.problems.append((key, f"manifest_differs: the log says {said}"))
                continue
            found.append((key, manifest))
        except (StorageError, KeyError, ValueError) as e:
            out.problems.append((key, f"{type(e).__name__}: {str(e)[:120]}"))
    return sorted(found, key=lambda m: (int(m[1].get("version", 1)), m[1]["created"], m[0]))


def _set_sequences(session: Session) -> None:
    """Rows came with their own numbers; the next new one must not take one of them (PostgreSQL)."""
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        for table in ("page", "entry", "dossier"):
            session.execute(sa.text(f"select setval(pg_get_serial_sequence('{table}', 'id'), greatest((select max(id) from {table}), 1))"))

