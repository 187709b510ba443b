"""Noting object by object what a fixity pass found, at once, so that a killed pass goes on with the next object."""
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from storage.database import Database
from storage.fixity_words import Difference
from storage.models import FixityFinding, StoredObject

_PROVEN = sa.update(StoredObject).where(StoredObject.key == sa.bindparam("object")).values(proven_at=sa.bindparam("now"))


class Marker:
    """A connection of its own, each statement by itself, that does not wait for the disk: a killed process loses nothing, a power cut at
    most the last seconds, which are then read again. One thread at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> Marker:
        self._connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._connection.exec_driver_sql("pragma synchronous = normal" if self._database.is_sqlite else "set synchronous_commit = off")
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.detach()                                           # nobody else is to get a connection so careless
        self._connection.close()

    def mark(self, key: str, now: datetime, differences: Sequence[Difference], proven: bool) -> None:
        """now: the moment that what was found is of. What differs first, all of it or
        nothing: a pass killed in between reads the object again."""
        if differences:
            with self._database.session() as session:
                for d in differences:
                    note(session.connection(), d, now)
        if proven:
            self._connection.execute(_PROVEN, {"object": key, "now": now})


def note(connection: sa.Connection, d: Difference, now: datetime) -> None:
    """Keep a finding, or say that it was seen again."""
    place = d.where[:340]
    changed = connection.execute(sa.update(FixityFinding).where(FixityFinding.code == d.code, FixityFinding.place == place)
                                 .values(expected=d.expected, found=d.found, last_at=now))
    if not changed.rowcount:
        connection.execute(sa.insert(FixityFinding).values(code=d.code, place=place, expected=d.expected, found=d.found, first_at=now,
                                                           last_at=now))
