"""Who looked at, searched, exported, printed or changed what about a person, and why: one shape of line for the log (docs/rights.md).

Lines carry codes, counts and pseudonyms (entry:12), never names, personal numbers or values. The chain is in storage.events.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from storage import events
from storage.models import Event
from storage.policy import Actor


@dataclass(frozen=True)
class Purpose:
    """What a look is for. code: review, adapt … or the client's own words; dossier: the one-stop dossier; service: the public service;
    officer: who asks behind a program; basis: the article that allows it."""

    code: str = ""
    dossier: str = ""
    service: str = ""
    officer: str = ""
    basis: str = ""


NOBODY = "?"                         # actor of a line about somebody from the network whom nobody knows
REVIEW = Purpose("review")
EXPORT = Purpose("export")           # the records of a book, or all, handed out as a file


def log_access(session: Session, actor: Actor, action: str, subject: str, purpose: Purpose | None = None, *,
               fields: Iterable[str] | None = None, records: Iterable[str] | None = None, count: int | None = None, refused: str = "",
               **more: Any) -> Event:
    """One line, inside the caller's unit of work; particulars as `access_line` has them."""
    line = access_line(actor, action, subject, purpose, fields=fields, records=records, count=count, refused=refused, **more)
    return events.append(session, line.actor, line.action, line.subject, line.detail)


def access_line(actor: Actor, action: str, subject: str, purpose: Purpose | None = None, *, fields: Iterable[str] | None = None,
                records: Iterable[str] | None = None, count: int | None = None, refused: str = "", **more: Any) -> events.Line:
    """The line that is to be logged.

    subject: pseudonym of what it is about (entry:12, records); fields: codes of the fields seen or changed, with `me:population` and the
    like for what is not a field; records: pseudonyms of the records an answer named; count: how many it had; refused: code of the reason
    it was not allowed. more: what else the action says of itself, plain JSON without values of a person.
    """
    detail = {**told(actor), **_purpose(purpose), "fields": None if fields is None else sorted(fields),
              "found": None if records is None else list(records), "count": count, "decision": "refused" if refused else "allowed",
              "reason": refused or None, **more}
    return events.Line(actor.name, action, subject, {k: v for k, v in detail.items() if v is not None and v != ""})


def told(actor: Actor) -> dict[str, Any]:
    """Of the actor, what every line of the log says: roles, commune or agency, way in, address."""
    client = actor.name.removeprefix("client:") if actor.name.startswith("client:") else None
    said: dict[str, Any] = {"roles": list(actor.roles), "commune": actor.commune_code or None, "agency": actor.agency,
                            "channel": actor.channel, "address": actor.address, "client": client}
    return {k: v for k, v in said.items() if v not in (None, "", [])}


def _purpose(purpose: Purpose | None) -> Mapping[str, str]:
    if purpose is None:
        return {}
    return {"purpose": purpose.code, "dossier": purpose.dossier, "service": purpose.service, "officer": purpose.officer,
            "basis": purpose.basis}
