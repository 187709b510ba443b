"""Programs that may ask the API: their secrets, and what their scopes let them do (as grants of `storage.policy`)."""
from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.models import ApiClient
from storage.passwords import hasher, matches, nobodys_hash
from storage.policy import KINDS, Actor, Grant
from storage.review_errors import AccountExists, BadAccount, UnknownAccount

SCOPES = frozenset(f"{kind}:{right}" for kind in KINDS for right in ("read", "copy"))
REPORT = "person:report"                # may ask who looked at a person's records (docs/access_log.md)
SYNC = "sync:"                          # sync:21139: may bring in books of that commune (docs/sync.md)
_SYNC_SCOPE = re.compile(r"^sync:[0-9]{2,8}$")
_ID = re.compile(r"^[a-z0-9][a-z0-9._-]{1,79}$")


def unknown_scopes(scopes: Collection[str]) -> list[str]:
    """Those that are no scope."""
    return sorted(s for s in set(scopes) - SCOPES - {REPORT} if not _SYNC_SCOPE.match(s))


def client_grants(scopes: Iterable[str]) -> tuple[Grant, ...]:
    """What the scopes give: KS:read and KS:copy in every commune, sync:21139 the books of one, person:report the looks at anybody."""
    scopes = set(scopes)
    found: dict[str, set[str]] = {"read": set(), "copy": set(), "sync": set()}
    for scope in scopes:
        left, _, right = scope.partition(":")
        if scope in SCOPES:
            found[right].add(left)
        elif _SYNC_SCOPE.match(scope):
            found["sync"].add(right)
    by_kind = [Grant(f"program.{right}", None, frozenset(found[right])) for right in ("read", "copy") if found[right]]
    if REPORT in scopes:
        by_kind.append(Grant("program.report"))
    return (*by_kind, *([Grant("program.sync", frozenset(found["sync"]))] if found["sync"] else []))


def client_actor(client_id: str, scopes: Iterable[str], agency: str = "", address: str = "") -> Actor:
    """The program as one who acts."""
    return Actor(f"client:{client_id}", "", "", grants=client_grants(scopes), channel="api", address=address, agency=agency)


def add_client(session: Session, client_id: str, scopes: Collection[str], name: str = "", agency_code: str = "") -> str:
    """A program that may ask the API; returns its secret, shown once and kept only as a hash. Raises BadAccount, AccountExists."""
    if not _ID.match(client_id):
        raise BadAccount(what=f"mã ứng dụng {client_id!r}")
    unknown = unknown_scopes(scopes)
    if unknown or not scopes:
        raise BadAccount(what=f"phạm vi {unknown or 'trống'}")
    if session.get(ApiClient, client_id) is not None:
        raise AccountExists(name=client_id)
    secret = secrets.token_urlsafe(32)
    session.add(ApiClient(id=client_id, name=name, secret_hash=hasher().hash(secret), scopes=sorted(scopes), agency_code=agency_code))
    session.flush()
    return secret


def set_client_active(session: Session, client_id: str, active: bool) -> None:
    """Switch a program off, at once, or on again. Raises UnknownAccount."""
    client = session.get(ApiClient, client_id)
    if client is None:
        raise UnknownAccount(name=client_id)
    client.active = active


def check_client(session: Session, client_id: str, secret: str) -> ApiClient | None:
    """The client whose secret this is, if it is switched on."""
    client = session.get(ApiClient, client_id)
    good = matches(client.secret_hash if client is not None else nobodys_hash(), secret)
    return client if client is not None and good and client.active else None


def clients(session: Session) -> list[ApiClient]:
    return list(session.scalars(select(ApiClient).order_by(ApiClient.id)))
