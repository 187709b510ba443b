"""Programs that may ask the API, and what their scopes let them do (as grants of `storage.policy`)."""
from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.client_secrets import check_secret, new_secret
from storage.errors import Words
from storage.extracts.form import KINDS as EXTRACT_KINDS
from storage.field_groups import field_groups
from storage.models import ApiClient
from storage.policy import KINDS, Actor, Grant
from storage.review_errors import AccountExists, BadAccount, BadName, UnknownAccount

WHOLE_SCOPES: Mapping[str, str] = {             # scopes of no kind, and the role in storage.policy that each gives
    "person:vault": "program.vault", "person:report": "program.report", "feed:read": "program.feed",
    "push:status": "program.push",
}
SCOPES = frozenset({
    *(f"{kind}:{right}" for kind in KINDS for right in ("read", "copy")), *(f"{kind}:extract" for kind in EXTRACT_KINDS),
    *(f"{kind}:read.{group}" for kind in KINDS for group in field_groups()), *WHOLE_SCOPES,
})
MEASURES = ("searches", "records", "copies")    # what is counted of a program's asking (storage.rates)
SPANS = ("day", "month")
SYNC = "sync:"                          # sync:21139: may bring in books of that commune (docs/sync.md)
_SYNC_SCOPE = re.compile(r"^sync:[0-9]{2,8}$")
_ID = re.compile(r"^[a-z0-9][a-z0-9._-]{1,79}$")


def unknown_scopes(scopes: Collection[str]) -> list[str]:
    """Those that are no scope."""
    return sorted(s for s in set(scopes) - SCOPES if not _SYNC_SCOPE.match(s))


def within(scope: str, held: Collection[str]) -> bool:
    """Whether one of the scopes held is this one or a wider one: KS:read holds KS:read.nhanthan."""
    return scope in held or scope.partition(".")[0] in held


def narrowed(asked: Collection[str], held: Collection[str]) -> frozenset[str]:
    """What both collections of scopes give: the narrower of each two that meet."""
    return frozenset({*(s for s in asked if within(s, held)), *(s for s in held if within(s, asked))})


def read_groups(scopes: Iterable[str], kind: str) -> frozenset[str] | None:
    """The groups of fields that the scopes let be read of that kind; None: all."""
    found = [s.partition(":")[2] for s in scopes if s.startswith(f"{kind}:read")]
    return None if "read" in found else frozenset(f.partition(".")[2] for f in found)


def client_grants(scopes: Iterable[str]) -> tuple[Grant, ...]:
    """What the scopes give: KS:read (whole or a group), KS:copy and KS:extract in every commune, sync:21139 the books of one."""
    found: dict[str, set[str]] = {"read": set(), "copy": set(), "extract": set(), "sync": set()}
    whole = []
    for scope in sorted(scopes):
        left, _, right = scope.partition(":")
        if scope in WHOLE_SCOPES:
            whole.append(Grant(WHOLE_SCOPES[scope]))
        elif scope in SCOPES:
            found[right.partition(".")[0]].add(left)
        elif _SYNC_SCOPE.match(scope):
            found["sync"].add(right)
    by_kind = [Grant(f"program.{right}", None, frozenset(found[right])) for right in ("read", "copy", "extract") if found[right]]
    return (*by_kind, *whole, *([Grant("program.sync", frozenset(found["sync"]))] if found["sync"] else []))


def client_actor(client_id: str, scopes: Iterable[str], agency: str = "", address: str = "") -> Actor:
    """The program as one who acts."""
    return Actor(f"client:{client_id}", "", "", grants=client_grants(scopes), channel="api", address=address, agency=agency)


def add_client(session: Session, client_id: str, scopes: Collection[str], name: str = "", agency_code: str = "") -> str:
    """A program that may ask the API; returns its secret, shown once and kept only as a hash. Raises BadName, BadAccount, AccountExists."""
    if not _ID.match(client_id):
        raise BadName(what=Words(f"mã phần mềm {client_id!r}", f"program id {client_id!r}"))
    unknown = unknown_scopes(scopes)
    if unknown or not scopes:
        raise BadAccount(what=Words(f"phạm vi {unknown or 'trống'}", f"scope {unknown or '(empty)'}"))
    if session.get(ApiClient, client_id) is not None:
        raise AccountExists(name=client_id)
    session.add(ApiClient(id=client_id, name=name, scopes=sorted(scopes), agency_code=agency_code))
    session.flush()
    return new_secret(session, client_id)


def client_named(session: Session, client_id: str) -> ApiClient:
    """Raises UnknownAccount."""
    client = session.get(ApiClient, client_id)
    if client is None:
        raise UnknownAccount(name=client_id)
    return client


def set_client_active(session: Session, client_id: str, active: bool) -> None:
    """Switch a program off, at once, or on again. Raises UnknownAccount."""
    client_named(session, client_id).active = active


def set_scopes(session: Session, client_id: str, scopes: Collection[str]) -> None:
    """What the program may do from now on, with tokens that are out as well. Raises UnknownAccount, BadAccount."""
    unknown = unknown_scopes(scopes)
    if unknown or not scopes:
        raise BadAccount(what=Words(f"phạm vi {unknown or 'trống'}", f"scope {unknown or '(empty)'}"))
    client_named(session, client_id).scopes = sorted(scopes)


def set_quota(session: Session, client_id: str, measure: str, span: str, most: int | None) -> None:
    """How much the program may ask in a day or a month; 0: without limit; None: what the settings say for everybody.

    Raises UnknownAccount, BadAccount.
    """
    if measure not in MEASURES or span not in SPANS or (most is not None and most < 0):
        raise BadAccount(what=Words(f"hạn mức {measure} {span} {most}", f"quota {measure} {span} {most}"))
    client = client_named(session, client_id)
    quotas = {m: dict(spans) for m, spans in client.quotas.items()}
    spans = quotas.setdefault(measure, {})
    spans.pop(span, None) if most is None else spans.update({span: most})
    client.quotas = {m: spans for m, spans in quotas.items() if spans}


def check_client(session: Session, client_id: str, secret: str) -> ApiClient | None:
    """The client whose secret this is, if it is switched on."""
    good = check_secret(session, client_id, secret)
    client = session.get(ApiClient, client_id)
    return client if client is not None and good and client.active else None


def clients(session: Session) -> list[ApiClient]:
    return list(session.scalars(select(ApiClient).order_by(ApiClient.id)))
