"""Legal holds: a package's objects may not be removed, however long their locks last, while a court or an inspection needs them."""
from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage import events
from storage.errors import HoldRefused, NoSuchPackage, Words
from storage.models import ArchivePackage, BookPackage, ObjectHold, StoredObject, utc_now
from storage.outbox import ObjectLedger


def place_hold(ledger: ObjectLedger, package_id: str, reason: str, actor: str) -> Sequence[str]:
    """Hold every object of a package (schemas apart, which all packages share); the keys held. Safe to repeat: what is held stays held.

    The store's own hold is placed first and the row written after it, so that nothing is called held which is not. Raises HoldRefused,
    NoSuchPackage.
    """
    if not reason.strip():
        raise HoldRefused(package=package_id, cause=Words("cần ghi lý do (--reason)", "a reason is needed"))
    rows = _objects(ledger, package_id)
    for row in rows:
        ledger.store.hold("archive", row.key, True, row.version_id)
    with ledger.database.session() as session:
        held = set(session.scalars(_open(package_id)))
        new = [r.key for r in rows if r.key not in held]
        for key in new:
            session.add(ObjectHold(package_id=package_id, key=key, reason=reason.strip(), placed_by=actor))
        if new:
            events.append(session, actor, "archive.hold", f"package:{package_id}", {"objects": len(new), "reason": reason.strip()[:200]})
    return [r.key for r in rows]


def release_hold(ledger: ObjectLedger, package_id: str, reason: str, actor: str) -> Sequence[str]:
    """Lift a package's hold; an object that another package's hold covers too stays held. The keys released. Raises HoldRefused."""
    if not reason.strip():
        raise HoldRefused(package=package_id, cause=Words("cần ghi lý do (--reason)", "a reason is needed"))
    with ledger.database.session() as session:
        mine = session.scalars(sa.select(ObjectHold).where(ObjectHold.package_id == package_id, ObjectHold.released_at.is_(None))).all()
        if not mine:
            raise HoldRefused(package=package_id, cause=Words("gói không bị giữ", "there is no hold on it"))
        for hold in mine:
            hold.released_at, hold.released_by = utc_now(), actor
        events.append(session, actor, "archive.release", f"package:{package_id}", {"objects": len(mine), "reason": reason.strip()[:200]})
        session.flush()
        still = set(session.scalars(sa.select(ObjectHold.key).where(ObjectHold.key.in_([h.key for h in mine]),
                                                                    ObjectHold.released_at.is_(None))))
        free = session.scalars(sa.select(StoredObject).where(StoredObject.key.in_([h.key for h in mine if h.key not in still]))).all()
    for row in free:                                        # the row first: a kill here leaves an object held too long, never too short
        ledger.store.hold("archive", row.key, False, row.version_id)
    return [r.key for r in free]


def holds(session: Session) -> Sequence[tuple[str, str, str, datetime]]:
    """(package id, reason, by whom, since when) of every hold that is on."""
    rows = session.execute(sa.select(ObjectHold.package_id, ObjectHold.reason, ObjectHold.placed_by, sa.func.min(ObjectHold.placed_at))
                           .where(ObjectHold.released_at.is_(None)).group_by(ObjectHold.package_id, ObjectHold.reason, ObjectHold.placed_by)
                           .order_by(sa.func.min(ObjectHold.placed_at)))
    return [(package, reason, by, at) for package, reason, by, at in rows]


def _open(package_id: str) -> Any:
    return sa.select(ObjectHold.key).where(ObjectHold.package_id == package_id, ObjectHold.released_at.is_(None))


def _objects(ledger: ObjectLedger, package_id: str) -> list[StoredObject]:
    with ledger.database.reading() as session:
        package = session.get(ArchivePackage, package_id) or session.get(BookPackage, package_id)
    if package is None:
        raise NoSuchPackage(package=package_id)
    listed = json.loads(ledger.get(package.manifest_key))["objects"]
    keys = [package.manifest_key, *dict.fromkeys(o["key"] for o in listed if o["role"] != "schema")]
    found = ledger.rows(keys)
    return [found[k] for k in keys if k in found]
