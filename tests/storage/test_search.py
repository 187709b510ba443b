"""Finding entries by number, by name and date, by register number."""
from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic import command

from storage import search
from storage.database import alembic_config
from storage.models import Batch, Entry, Field, Link, Page, PersonKey, RecordKey
from storage.policy import Actor
from storage.search_keys import write_keys


@pytest.fixture
def books(database):
    with database.session() as s:
        for batch, kind, commune, office in (("A", "KS", "21139", "UBND xã Nghĩa Kỳ"), ("B", "KH", "21139", "UBND xã Nghĩa Kỳ"),
            ("C", "KS", "00001", "UBND xã Tịnh Hà")):
            s.add(Batch(id=batch, folder="", content_hash=batch, kind=kind, commune_code=commune, registry_office=office,
                book_number="01/2017"))
            s.flush()
            page = Page(batch_id=batch, file="1.jpg", sha256=batch, size=1, state="read")
            s.add(page)
            s.flush()
            entry = Entry(page_id=page.id, kind=kind, status="archived", number="12", year=2017, archive_id=f"id-{batch}")
            values = {"voHoTen": "Hoà Thị Lý", "voNgaySinh": "1990-05-01", "voSoGiayToTuyThan": "051190000001",
                "chongHoTen": "Lê Văn A"} if kind == "KH" else {
                "nksHoTen": "Phan Thị Hòa", "nksNgaySinh": "2017-03-15" if batch == "A" else "2017", "meHoTen": "Phạm Ngọc Đào",
                "nksSoDinhDanh": "051317086397"}
            entry.fields = [Field(code=c, value=v, confidence=1, source="ocr") for c, v in values.items()]
            if kind == "KS":
                entry.links = [Link(role="me", personal_id="051180000001", decision="accept"),
                    Link(role="cha", personal_id="051180000002", decision="none")]
            s.add(entry)
            s.flush()
            write_keys(s, entry.id)
    return database


def _ids(hits):
    return [h.archive_id for h in hits]


def test_by_personal_number_written_or_linked_as_subject_only_unless_asked(books):
    with books.reading() as s:
        assert _ids(search.by_personal_number(s, "051317086397", ["KS", "KH"])) == ["id-A", "id-C"]
        hit = search.by_personal_number(s, "051190000001", ["KH"])[0]
        assert (hit.archive_id, hit.roles) == ("id-B", ("vo",))
        assert search.by_personal_number(s, "051180000001", ["KS"]) == []
        assert _ids(search.by_personal_number(s, "051180000001", ["KS"], all_roles=True)) == ["id-A", "id-C"]
        assert search.by_personal_number(s, "051180000002", ["KS"], all_roles=True) == []      # a candidate that was not accepted
        assert search.by_personal_number(s, "051317086397", ["KH"]) == []


@pytest.mark.parametrize(("name", "date", "mother", "found"), [
    ("PHAN THỊ HOÀ", "2017-03-15", None, ["id-A", "id-C"]),       # another tone place, capitals; C has only the year
    ("Phan Thị Hòa", "2017-03-16", None, ["id-C"]),
    ("Phan Thị Hòa", "2017", None, ["id-A", "id-C"]),
    ("Phan Thị Hòa", "2017-03-15", "phạm ngọc đào", ["id-A", "id-C"]),
    ("Phan Thị Hòa", "2017-03-15", "Phạm Ngọc Điệp", []),
    ("Phan Thị Hoa", "2017-03-15", None, []),                    # another name
    ("Hòa Thị Lý", "1990-05-01", None, ["id-B"]),
    ("%", "2017-03-15", None, []), ("Phan Thị Hòa", "____-__-__", None, []),
])
def test_by_name_and_date(books, name, date, mother, found):
    with books.reading() as s:
        assert _ids(search.by_name_and_date(s, name, date, ["KS", "KH"], mother=mother)) == found


@pytest.mark.parametrize(("number", "book", "place", "found"), [
    ("12", None, None, ["id-A", "id-C"]), ("012/2017", None, None, ["id-A", "id-C"]), ("12", "1/2017", "21139", ["id-A"]),
    ("12", "02", None, []), ("12", None, "nghĩa kỳ", ["id-A"]), ("1", None, None, []), ("x", None, None, []), ("1%", None, None, []),
])
def test_by_register_number(books, number, book, place, found):
    with books.reading() as s:
        assert _ids(search.by_register_number(s, "KS", number, 2017, book=book, place=place)) == found


def test_the_migration_fills_the_keys_of_what_is_archived_already(books):
    def keys():
        with books.reading() as s:
            return {tuple(row) for table in (RecordKey, PersonKey) for row in s.execute(sa.select(table.__table__))}

    before, config = keys(), alembic_config()
    with books.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0018-1")
        connection.commit()
    books.upgrade()
    assert keys() == before and len(before) == 3 + 6


def test_people_of_one_commune_find_only_what_it_holds(books):
    with books.reading() as s:
        assert _ids(search.by_register_number(s, "KS", "12", 2017, actor=Actor("x", "commune_officer", "00001"))) == ["id-C"]
