"""The list of extracts that no longer hold, signed like the codes: whoever checks codes offline carries it along.

A COSE_Sign1 message with a content type of its own; payload: 1 made at, 2 next at (seconds since 1970), 3 and 4 agency -> year -> numbers:
those cancelled, and those whose record got a later version after they were made. Every agency that issues here is in 3, also without a
number: of others the list says nothing. About three bytes a number, no personal data.
"""
from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.extracts.cose import NotOurCode, UnknownKey, open1, sign1
from storage.extracts.keys import PublicKey
from storage.extracts.office import Office
from storage.extracts.proof import Statement
from storage.models import Entry, Extract, ExtractNumber

CONTENT_TYPE = "application/vnd.sogoc.revoked+cbor"
MEDIA_TYPE = "application/cose"
FILE_NAME = "trich-luc-da-huy.cose"
_EVERY = timedelta(days=1)
_SKEW = timedelta(minutes=10)

Numbers = Mapping[str, Mapping[int, Iterable[int]]]


@dataclass(frozen=True)
class RevocationList:
    """made_at, next_at: when the list was made, and by when there is another. cancelled, changed: agency code -> year -> numbers."""

    made_at: datetime
    next_at: datetime
    cancelled: Numbers
    changed: Numbers

    def covers(self, said: Statement) -> bool:
        """Whether it speaks of that agency's extracts."""
        return said.agency in self.cancelled

    def says(self, said: Statement) -> str:
        """`cancelled`, `changed`, or empty: not in the list."""
        year, number = said.day.year, said.number.partition("/")[0]
        for word, numbers in (("cancelled", self.cancelled), ("changed", self.changed)):
            if number in {str(n) for n in numbers.get(said.agency, {}).get(year, ())}:
                return word
        return ""


def make(office: Office) -> bytes:
    """The list of now. Signed with the key that signs codes now."""
    now = office.now().replace(microsecond=0)
    with office.database.reading() as session:
        agencies = {a.code for a in (office.options.agency, *office.options.agencies.values()) if a.code}
        agencies |= set(session.scalars(sa.select(ExtractNumber.agency_code).distinct()))
        cancelled = _numbers(session, Extract.state == "cancelled")
        changed = _numbers(session, Extract.state.in_(("numbered", "issued", "delivered")), Entry.archive_id != Extract.package_id)
    payload = {1: int(now.timestamp()), 2: int((now + _EVERY).timestamp()), 3: {a: {} for a in agencies} | cancelled, 4: changed}
    return sign1(payload, *office.keys.signing(), CONTENT_TYPE)


def read(data: bytes, keys: Iterable[PublicKey]) -> RevocationList:
    """What a list says, once its signature was found good. Raises cose.NotOurCode, UnknownKey, Forged."""
    payload, key = open1(data, keys, CONTENT_TYPE)
    try:
        found = RevocationList(datetime.fromtimestamp(payload[1], UTC), datetime.fromtimestamp(payload[2], UTC), _checked(payload[3]),
                               _checked(payload[4]))
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError, OSError) as e:
        raise NotOurCode("fields") from e
    if found.made_at < key.since - _SKEW or (key.until is not None and found.made_at > key.until):
        raise UnknownKey("not in use then")
    return found


class Published:
    """The list as it is handed out to everybody: made anew when it is asked for and older than `seconds`."""

    def __init__(self, office: Callable[[], Office], seconds: int = 300) -> None:
        self._office, self._for, self._lock = office, timedelta(seconds=seconds), threading.Lock()
        self._made: tuple[datetime, bytes] | None = None

    def current(self) -> bytes:
        with self._lock:
            office = self._office()
            now = office.now()
            if self._made is None or not timedelta(0) <= now - self._made[0] < self._for:
                self._made = now, make(office)
            return self._made[1]


def _numbers(session: Session, *which: sa.ColumnElement[bool]) -> dict[str, dict[int, list[int]]]:
    found: dict[str, dict[int, list[int]]] = {}
    for agency, year, number in session.execute(
            sa.select(Extract.agency_code, Extract.number_year, Extract.number).join(Entry, Entry.id == Extract.entry_id)
            .where(Extract.number.is_not(None), *which).order_by(Extract.agency_code, Extract.number_year, Extract.number)):
        assert year is not None and number is not None          # numbers are given together with their year
        found.setdefault(agency, {}).setdefault(year, []).append(number)
    return found


def _checked(said: Any) -> dict[str, dict[int, list[int]]]:
    if not all(isinstance(a, str) and isinstance(n, int) for a, years in said.items() for y in years for n in (y, *years[y])):
        raise ValueError("numbers")
    return {a: {y: list(numbers) for y, numbers in years.items()} for a, years in said.items()}
