"""Short-lived addresses of signed copies: given to one client for one version of one record, good once or some times, and counted."""
from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.access_log import NOBODY, Purpose, log_access
from storage.clients import client_actor
from storage.models import ApiClient, CopyLink, StoredObject, utc_now
from storage.policy import Actor, allows
from storage.signed_copies import SignedCopy, signed_copy

_FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class LinkUse:
    """One use of an address. copy: as it was when the address was given; gone: why it is refused (expired, used_up, superseded,
    client_off), None if it may go on."""

    link: str
    actor: Actor
    purpose: Purpose
    copy: SignedCopy | None
    subject: str
    gone: str | None


def give_link(session: Session, client_id: str, copy: SignedCopy, purpose: Purpose, seconds: int, uses: int) -> tuple[str, CopyLink]:
    """(the secret that opens it, its row). Rows whose time has long passed are removed."""
    now, secret = utc_now(), secrets.token_urlsafe(24)
    session.execute(sa.delete(CopyLink).where(CopyLink.expires_at < now - _FORGOTTEN_AFTER))
    link = CopyLink(id=_id(secret), client_id=client_id, package_id=copy.package_id, pdf_key=copy.key, dossier=purpose.dossier,
                    service=purpose.service, officer=purpose.officer, purpose=purpose.code, created_at=now,
                    expires_at=now + timedelta(seconds=seconds), uses_left=uses)
    session.add(link)
    session.flush()
    return secret, link


def use_link(session: Session, secret: str, address: str, now: datetime | None = None) -> LinkUse | None:
    """Count one use, in the caller's unit of work; None if there is no such address. A version that a correction has replaced, and a client
    that was switched off or lost its right, open nothing any more."""
    now = now or utc_now()
    link = session.get(CopyLink, _id(secret))
    client = session.get(ApiClient, link.client_id) if link is not None else None
    if link is None or client is None:
        return None
    actor = client_actor(client.id, client.scopes, client.agency_code, address)
    copy = signed_copy(session, link.package_id)
    given = session.get(StoredObject, link.pdf_key)
    gone = None
    if not client.active or (copy is not None and not allows(actor, "api.copy", None, copy.kind)):
        gone = "client_off"
    elif now >= link.expires_at:
        gone = "expired"
    elif copy is None or given is None:
        gone = "superseded"
    else:
        counted = session.execute(sa.update(CopyLink).where(CopyLink.id == link.id, CopyLink.uses_left > 0)
                                  .values(uses_left=CopyLink.uses_left - 1), execution_options={"synchronize_session": False})
        gone = None if counted.rowcount == 1 else "used_up"     # type: ignore[attr-defined]
    subject = f"entry:{copy.entry_id}" if copy is not None else "records"
    purpose = Purpose(link.purpose, link.dossier, link.service, link.officer)
    if copy is not None and given is not None:      # a copy whose signature was raised since is another object: the one that was promised
        copy = SignedCopy(copy.package_id, copy.entry_id, copy.kind, copy.number, copy.year, given.key, given.version_id, given.sha256,
                          given.size)
    return LinkUse(link.id[:12], actor, purpose, copy, subject, gone)


def log_dead_link(session: Session, secret: str, address: str, reason: str) -> None:
    """Write down that an address of a copy opened nothing, for somebody nobody knows: from where, why, and which one it was if that can
    be told. secret: empty where none can be read in it."""
    link = session.get(CopyLink, _id(secret)) if secret else None
    copy = signed_copy(session, link.package_id) if link is not None else None
    nobody = Actor(NOBODY, "", "", grants=(), channel="api", address=address)
    log_access(session, nobody, "access.refused", f"entry:{copy.entry_id}" if copy is not None else "records", refused=reason,
               link=_id(secret)[:12] if secret else None)


def _id(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
