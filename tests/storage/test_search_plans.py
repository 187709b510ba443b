"""No search reads a whole table: what the database says it would do (EXPLAIN), on both kinds."""
from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from storage import search
from storage.models import Base, PersonKey
from storage.search_near import by_near_name

ASKED = {
    "personal number": lambda s: search.by_personal_number(s, "051317000001", ["KS", "KH", "KT"]),
    "name and date": lambda s: search.by_name_and_date(s, "Lê Thị Loan", "2017-03-01", ["KS", "KH", "KT"], mother="Trần Thị Mận"),
    "name and year": lambda s: search.by_name_and_date(s, "Lê Thị Loan", "2017", ["KS"]),
    "near name and date": lambda s: by_near_name(s, "Lê Thị Loan", "2017-03-01", ["KS", "KH", "KT"], mother="Trần Thị Mận"),
    "register number": lambda s: search.by_register_number(s, "KS", "12", 2017, book="1/2017"),
    "register number and an old place": lambda s: search.by_register_number(s, "KS", "12", 2017, place="Xã Nghĩa Kỳ, Quảng Ngãi"),
}
_BIG = ("entry", "person_key", "record_key", "link", "field", "page", "batch")


def whole_tables(database, ask) -> list[str]:
    """The plan's lines that read a large table from end to end. PostgreSQL is told that tables are large by forbidding what it would else
    prefer on empty ones."""
    said: list[str] = []
    word = "explain query plan " if database.is_sqlite else "explain "

    def explain(connection, cursor, statement, parameters, context, executemany):
        if statement.lstrip().lower().startswith("select"):
            cursor.execute(word + statement, parameters)
            said.extend(str(row[-1]) for row in cursor.fetchall())

    with database.reading() as session:
        if not database.is_sqlite:
            session.execute(sa.text("set local enable_seqscan = off"))
        sa.event.listen(database.engine, "before_cursor_execute", explain)
        try:
            ask(session)
        finally:
            sa.event.remove(database.engine, "before_cursor_execute", explain)
    assert said
    return [line for line in said if re.search(r"Seq Scan on|^SCAN ", line) and any(re.search(rf"\b{t}\b", line) for t in _BIG)]


@pytest.mark.parametrize("what", ASKED)
def test_no_search_reads_a_whole_table(database, what):
    assert whole_tables(database, ASKED[what]) == []


def test_a_search_that_does_is_found(database):
    assert set(_BIG) <= set(Base.metadata.tables)
    assert whole_tables(database, lambda s: s.execute(sa.select(PersonKey.role).where(PersonKey.mother_key == "x")))
