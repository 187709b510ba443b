"""Who of a new population snapshot is whom of the one before: by number, else by name, birthday and parents; and what changed about him.

Both are walked in the order of personal numbers, a stretch at a time, so that memory does not grow with the population.
"""
from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import sqlalchemy as sa

from matching.population import PERSON_COLUMNS
from storage.database import Database
from storage.models import Person, PersonHistory, PopulationSnapshot
from storage.population_sort import SortedLines

CHANGED, RELATIVES, RENUMBERED, WENT, RETURNED = "changed", "relatives", "renumbered", "went", "returned"
SEPARATOR = "\x1f"                      # between values of a line; no value holds it
_RELATIVES = frozenset(("father_id", "mother_id", "spouse_id"))
_PAGE, _ASKED = 20_000, 500             # people of the snapshot before read at once; numbers named in one question
_VALUES = tuple(getattr(Person, c) for c in PERSON_COLUMNS)
_NAME, _BIRTH_DATE, _FATHER, _MOTHER = (PERSON_COLUMNS.index(c) for c in ("name", "birth_date", "father_name", "mother_name"))

_Change = tuple[str, int, str, str | None, dict[str, str]]      # kind, key, number before, number now, values before


def digest_of(values: Sequence[str]) -> int:
    """64 bits of BLAKE2b over all values of a person, signed as databases keep them."""
    return int.from_bytes(hashlib.blake2b(SEPARATOR.join(values).encode(), digest_size=8).digest(), "big", signed=True)


@dataclass
class Differences:
    """How many people came, changed (what is said of them), only have another number, and went."""

    came: int = 0
    changed: int = 0
    renumbered: int = 0
    went: int = 0


@dataclass
class Arrivals:
    """Gives each person of the snapshot that is being loaded his key, and writes what changed under the version it will be.

    before: the id of the snapshot in use, None if there is none; next_key: a key nobody ever had. Call `keys_of` with all people in the
    order of their numbers, then `finish`.
    """

    database: Database
    before: int | None
    loading: int
    version: int
    next_key: int
    folder: Path | None = None
    differences: Differences = field(default_factory=Differences)

    def __post_init__(self) -> None:
        self._reached = ""
        self._went, self._came = SortedLines(self.folder), SortedLines(self.folder)

    def keys_of(self, people: Sequence[tuple[str, ...]], digests: Sequence[int]) -> list[int]:
        """The key of each, old where he is known, else new."""
        known: dict[str, int] = {}
        if people and self.before is not None:
            known = self._compare({p[0]: k for k, p in enumerate(people)}, people, digests, people[-1][0])
            missing = [p[0] for p in people if p[0] not in known]
            known.update(self._returned(missing))
            self._reached = people[-1][0]
        keys = []
        for person in people:
            key = known.get(person[0])
            if key is None:
                key, self.next_key = self.next_key, self.next_key + 1
                self.differences.came += self.before is not None
                if self.before is not None and (identity := _identity(person)):
                    self._came.add([SEPARATOR.join((identity, person[0]))])
            keys.append(key)
        return keys

    def finish(self) -> None:
        """Once every person is in: those left over went, or have another number now."""
        if self.before is not None:
            self._compare({}, (), (), None)
            if not self.database.is_sqlite and self.differences.went:       # tables just filled, of which PostgreSQL knows nothing yet
                with self.database.session() as session:
                    session.execute(sa.text("analyze person, person_history"))
            with self._went, self._came:
                self._pair()
            self._settle_relatives()

    # ---- the walk -------------------------------------------------------------------------------------------------------------------

    def _compare(self, place: dict[str, int], people: Sequence[tuple[str, ...]], digests: Sequence[int], last: str | None
                 ) -> dict[str, int]:
        """Walk the people before whose numbers lie after the last stretch, up to `last`; number -> key of those still here."""
        known: dict[str, int] = {}
        for page in self._pages(last):
            known.update((number, key) for number, key, _ in page if number in place)
            odd = [number for number, _, digest in page if number not in place or digest != digests[place[number]]]
            if not odd:
                continue
            rows: list[_Change] = []
            for key, values in self._values(odd):
                k = place.get(values[0])
                if k is None:
                    rows.append((WENT, key, values[0], None, dict(zip(PERSON_COLUMNS, values, strict=True))))
                    self.differences.went += 1
                    if identity := _identity(values):
                        self._went.add([SEPARATOR.join((identity, str(key)))])
                    continue
                changed = {c: a for c, a, b in zip(PERSON_COLUMNS, values, people[k], strict=True) if a != b}
                if changed:
                    rows.append((RELATIVES if changed.keys() <= _RELATIVES else CHANGED, key, values[0], values[0], changed))
                    self.differences.changed += 1
            self._write(rows)
        return known

    def _pages(self, last: str | None) -> Iterator[Sequence[tuple[str, int, int | None]]]:
        """(number, key, digest) of the people before, in the order of numbers."""
        reached = self._reached
        query = sa.select(Person.personal_id, Person.key, Person.digest).where(Person.snapshot_id == self.before)
        query = query.order_by(Person.personal_id).limit(_PAGE)
        if last is not None:
            query = query.where(Person.personal_id <= last)
        while True:
            with self.database.reading() as session:
                page = session.execute(query.where(Person.personal_id > reached)).all()
            if page:
                yield page
                reached = page[-1][0]
            if len(page) < _PAGE:
                return

    def _values(self, numbers: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
        """(key, values) of these people before; numbers in order."""
        query = sa.select(Person.key, *_VALUES).where(Person.snapshot_id == self.before)
        with self.database.reading() as session:
            if len(numbers) > 4 * _ASKED:
                wanted = set(numbers)
                rows = session.execute(query.where(Person.personal_id.between(numbers[0], numbers[-1])))
                found = [(row[0], tuple(row[1:])) for row in rows if row[1] in wanted]
            else:
                found = [(row[0], tuple(row[1:])) for start in range(0, len(numbers), _ASKED)
                         for row in session.execute(query.where(Person.personal_id.in_(numbers[start:start + _ASKED])))]
        yield from sorted(found, key=lambda f: f[1][0])

    def _returned(self, numbers: Sequence[str]) -> dict[str, int]:
        """Number -> key of those who went with an earlier snapshot and are here again."""
        found: dict[str, int] = {}
        query = sa.select(PersonHistory.personal_id, PersonHistory.key)
        query = query.where(PersonHistory.kind == WENT, PersonHistory.version < self.version)
        latest = sa.select(PersonHistory.key, PersonHistory.kind).order_by(PersonHistory.id)
        with self.database.reading() as session:
            if not numbers or not session.scalar(sa.select(sa.exists(query))):
                return found
            for start in range(0, len(numbers), _ASKED):
                asked = query.where(PersonHistory.personal_id.in_(numbers[start:start + _ASKED])).order_by(PersonHistory.id)
                went = dict(session.execute(asked).all())
                last = dict(session.execute(latest.where(PersonHistory.key.in_(sorted(went.values())))).all())
                found.update({number: key for number, key in went.items() if last[key] == WENT})
        self._write([(RETURNED, key, number, number, {}) for number, key in sorted(found.items())])
        self.differences.came += len(found)
        return found

    # ---- afterwards -----------------------------------------------------------------------------------------------------------------

    def _pair(self) -> None:
        """One who went and one who came with the same name, birthday and parents, and nobody else with them, are one person."""
        waiting: list[tuple[int, str]] = []
        came = groupby(self._came, key=lambda line: line.rpartition(SEPARATOR)[0])
        now: tuple[str, list[str]] | None = None

        def ends(group: Iterator[str]) -> list[str]:
            return [line.rpartition(SEPARATOR)[2] for line in group]

        for identity, group in groupby(self._went, key=lambda line: line.rpartition(SEPARATOR)[0]):
            before = ends(group)
            while now is None or now[0] < identity:
                following = next(came, None)
                if following is None:
                    break
                now = (following[0], ends(following[1]))
            if now is not None and now[0] == identity and len(before) == len(now[1]) == 1:
                waiting.append((int(before[0]), now[1][0]))
            if len(waiting) >= _PAGE:
                self._renumber(waiting)
                waiting = []
        self._renumber(waiting)

    def _renumber(self, pairs: list[tuple[int, str]]) -> None:
        if not pairs:
            return
        people = sa.update(Person).where(Person.snapshot_id == self.loading, Person.personal_id == sa.bindparam("n"))
        history = sa.update(PersonHistory).where(PersonHistory.version == self.version, PersonHistory.key == sa.bindparam("k"))
        with self.database.session() as session:
            rows = [{"n": n, "k": k} for k, n in pairs]
            session.connection().execute(people.values(key=sa.bindparam("k")), rows)        # of a session it would want primary keys
            session.connection().execute(history.values(kind=RENUMBERED, now=sa.bindparam("n")), rows)
        self.differences.renumbered += len(pairs)
        self.differences.went -= len(pairs)
        self.differences.came -= len(pairs)

    def _settle_relatives(self) -> None:
        """One whose relatives' numbers changed only because those relatives got new numbers did not change himself; else he did."""
        if not self.differences.changed:
            return
        reached = 0
        query = sa.select(PersonHistory).where(PersonHistory.version == self.version, PersonHistory.kind == RELATIVES)
        while True:
            with self.database.session() as session:
                rows = session.scalars(query.where(PersonHistory.id > reached).order_by(PersonHistory.id).limit(_ASKED)).all()
                if not rows:
                    return
                reached = rows[-1].id
                numbers = sorted({n for r in rows for n in r.before.values() if n})
                asked = sa.select(PersonHistory.personal_id, PersonHistory.now).where(
                    PersonHistory.version == self.version, PersonHistory.kind == RENUMBERED, PersonHistory.personal_id.in_(numbers))
                after = dict(session.execute(asked).all())
                people = sa.select(Person).where(Person.snapshot_id == self.loading, Person.personal_id.in_([r.personal_id for r in rows]))
                now = {p.personal_id: p for p in session.scalars(people)}
                for row in rows:
                    if any(after.get(n) != getattr(now[row.personal_id], column) for column, n in row.before.items()):
                        row.kind = CHANGED
                    else:
                        self.differences.changed -= 1

    def _write(self, rows: list[_Change]) -> None:
        if rows:
            with self.database.session() as session:
                session.execute(sa.insert(PersonHistory), [
                    {"version": self.version, "kind": kind, "key": key, "personal_id": number, "now": now, "before": before}
                    for kind, key, number, now, before in rows])


def forget_unfinished(session: sa.orm.Session) -> None:
    """Delete what an import that was cut off wrote of changes."""
    reached = sa.select(sa.func.coalesce(sa.func.max(PopulationSnapshot.version), 0)).where(PopulationSnapshot.state != "loading")
    session.execute(sa.delete(PersonHistory).where(PersonHistory.version > reached.scalar_subquery()))


def _identity(values: Sequence[str]) -> str:
    """Name, full birthday and parents' names as one line, whatever their case; empty where that is too little to know somebody by."""
    birth, parents = values[_BIRTH_DATE], (values[_FATHER], values[_MOTHER])
    if len(birth) != 10 or not any(parents):
        return ""
    return json.dumps([birth, values[_NAME].casefold(), *(p.casefold() for p in parents)], ensure_ascii=False)
