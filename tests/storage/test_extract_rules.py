"""Rules of extracts over generated cases: deadlines, what is printed and read back, the way of many extracts in many hands."""
from __future__ import annotations

import atexit
import shutil
import tempfile
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import extract_house as house
import pytest
from extract_house import CLERK, COMMUNE, HEAD, NGHIA_KY, OFFICER, SIGNER, Unsigned
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from storage.database import Database
from storage.errors import SigningFailed, StorageError
from storage.extracts import steps
from storage.extracts.deadline import VIETNAM, due_on
from storage.extracts.document import document
from storage.extracts.drawing import width, wrapped
from storage.extracts.errors import DoesNotFit, WrongState
from storage.extracts.form import KINDS, extract_forms, form_in_force
from storage.extracts.printed import read_printed
from storage.extracts.values import digest, hint
from storage.models import Extract, StoredObject
from storage.pdf_font import as_printed
from storage.policy import Actor
from storage.working_days import is_working_day

MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=60) | st.lists(
    st.sampled_from(["Nguyễn", "Thị", "H'Bia", "Y", "Kbuôr", "thôn", "Nghĩa", "Kỳ;", "Ghi", "chú:", "Số:", "(BẢN", "SAO)", "01/2017"]),
    max_size=60).map(" ".join)


@settings(deadline=None)
@given(MOMENTS)
def test_the_deadline_is_the_same_day_or_the_next_working_day(received):
    local, due = received.astimezone(VIETNAM), due_on(received)
    assert is_working_day(due) and due >= local.date()
    if local.time() <= time(15) and is_working_day(local.date()):
        assert due == local.date()
    else:
        assert due > local.date()
        assert not any(is_working_day(local.date() + timedelta(days=n)) for n in range(1, (due - local.date()).days))


@settings(deadline=None)
@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=40)))
def test_who_asks_later_is_not_served_earlier(received, later):
    assert due_on(received) <= due_on(received + later)


@pytest.mark.parametrize(("received", "due"), [
    ((2026, 12, 4, 14, 59), (2026, 12, 4)), ((2026, 12, 4, 15, 0), (2026, 12, 4)), ((2026, 12, 4, 15, 1), (2026, 12, 7)),  # Friday
    ((2026, 12, 5, 9, 0), (2026, 12, 7)), ((2026, 12, 6, 23, 59), (2026, 12, 7)), ((2026, 4, 29, 15, 30), (2026, 5, 4)),
    ((2026, 2, 13, 16, 0), (2026, 2, 23)),                      # before Tết Bính Ngọ: 14 to 22 February off
    ((2026, 8, 22, 9, 0), (2026, 8, 22)),                       # a Saturday worked for the Monday before National Day
])
def test_days_everybody_knows(received, due):
    assert due_on(datetime(*received, tzinfo=VIETNAM)) == date(*due)


def test_the_offices_own_hour():
    assert due_on(datetime(2026, 12, 4, 10, tzinfo=VIETNAM), time(9, 30)) == date(2026, 12, 7)


@settings(deadline=None)
@given(TEXTS, st.floats(30, 400), st.floats(0, 400))
def test_lines_lose_nothing_and_fit(text, rest, first):
    first = min(first, rest)
    lines = wrapped(text, 12, first, rest)
    assert "".join(lines) == " ".join(text.split())
    for n, line in enumerate(lines):
        assert width(line.rstrip(), 12) <= (rest if n else first) + 0.01 or len(line.rstrip()) == 1


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_what_is_printed_is_read_back_to_the_letter(data):
    form = data.draw(st.sampled_from(extract_forms()))
    values = {i.code: as_printed(data.draw(TEXTS)) or "(để trống)" for i in form.items()}
    try:
        pdf, box = document("x", form, values, NGHIA_KY, SIGNER, "AAAAA-BBBBB", datetime(2026, 12, 1, tzinfo=UTC))
    except DoesNotFit:
        assume(False)
    printed = read_printed(pdf)
    assert printed.values == tuple(values.items()) and printed.check_code == "AAAAA-BBBBB" and box[1] > 50
    assert digest(printed.values, printed.check_code) == digest(list(values.items()), "AAAAA-BBBBB")


def test_the_digest_changes_with_every_value_order_and_check_code():
    said = [("a", "1"), ("b", "2")]
    others = [(said[::-1], "K"), ([("a", "1"), ("b", "3")], "K"), ([("a", "12"), ("b", "")], "K"), (said, "L"),
              ([("a", "1b"), ("", "2")], "K")]
    assert len({digest(said, "K"), *(digest(v, k) for v, k in others)}) == 6


def test_the_hint_has_initials_and_year_alone():
    form = form_in_force("KS", date(2026, 12, 1))
    assert hint({"nksHoTen": "Lê Thị Loan", "nksNgaySinh": "01/03/2017"}, form) == "LTL 2017"
    assert hint({"nksHoTen": "(để trống)", "nksNgaySinh": "28T"}, form) == "?"


def test_forms_are_dated():
    assert {form_in_force(k, date(2026, 12, 1)).kind for k in KINDS} == set(KINDS)
    assert form_in_force("KT", date(2027, 2, 28)).title == "TRÍCH LỤC KHAI TỬ"
    assert form_in_force("KT", date(2027, 3, 1)).title == "GIẤY CHỨNG TỬ"


class _Shelf:
    """Stands for the object ledger: documents in memory, their rows in the database."""

    def __init__(self, database):
        self.database, self.kept = database, {}

    def put(self, bucket, key, data, media_type, *_):
        self.kept[key] = data
        with self.database.session() as s:
            if s.get(StoredObject, key) is None:
                s.add(StoredObject(key=key, bucket=bucket, sha256="0" * 64, size=len(data), media_type=media_type, state="stored"))
        return key

    def get(self, key):
        return self.kept[key]


@cache
def _empty() -> Path:
    """An upgraded database without a row, to be copied."""
    place = Path(tempfile.mkdtemp()) / "empty.db"
    database = Database(place)
    database.upgrade()
    with database.engine.connect() as connection:
        connection.exec_driver_sql("rollback")
        connection.exec_driver_sql("pragma wal_checkpoint(truncate)")
    database.dispose()
    atexit.register(shutil.rmtree, place.parent, ignore_errors=True)
    return place


class Offices(RuleBasedStateMachine):
    """Requests, steps of everybody at any time, signers that fail, days that pass. Beside them a model of what may be."""

    @initialize()
    def open(self):
        self.folder = Path(tempfile.mkdtemp())
        self.database = Database(shutil.copy(_empty(), self.folder / "s.db"))
        shelf = _Shelf(self.database)
        at, self.clock = house.office(shelf, self.folder / "keys", self.folder)
        self.at = replace(at, signer=Unsigned())
        self.entries = [house.archived(shelf, k, commune=c) for k, c in (("KS", COMMUNE), ("KT", COMMUNE), ("KS", "00001"))]
        self.model: dict[str, SimpleNamespace] = {}

    def teardown(self):
        if hasattr(self, "database"):
            self.database.dispose()
            shutil.rmtree(self.folder)

    @rule(entry=st.integers(0, 2), dossier=st.sampled_from("ab"), actor=st.sampled_from([OFFICER, CLERK, Actor("so.thu", "archivist")]))
    def ask(self, entry, dossier, actor):
        if entry == 2 and actor.commune_code:
            return
        live = [x for x, m in self.model.items() if (m.by, m.dossier, m.entry) == (actor.name, dossier, entry)
                and m.state not in ("refused", "cancelled")]
        made = house.ask(self.at, self.entries[entry], dossier, actor)
        assert [made.id] == live or (not live and made.id not in self.model)
        self.model.setdefault(made.id, SimpleNamespace(by=actor.name, dossier=dossier, entry=entry, state="requested", number=None))

    @rule(data=st.data(), step=st.sampled_from(["sign", "number", "issue", "deliver", "refuse", "cancel"]),
          actor=st.sampled_from([HEAD, CLERK, OFFICER, Actor("so.son", "approver"), Actor("so.thu", "archivist")]), away=st.booleans())
    def step(self, data, step, actor, away):
        if not self.model:
            return
        x = data.draw(st.sampled_from(sorted(self.model)))
        said, before = self.model[x], self.model[x].state
        at = replace(self.at, signer=Unsigned(away))
        more = ("vì một lý do",) if step in ("refuse", "cancel") else ()
        allowed = step in steps.steps_open(actor, self._row(x)) and (actor.commune_code in (None, self._row(x).commune_code))
        try:
            after = getattr(steps, step)(at, actor, x, *more)
        except SigningFailed:
            assert away and step in ("sign", "number")
            if step == "number":
                said.number = said.number or self._row(x).number        # kept for it
            return
        except StorageError as e:
            assert not allowed or (step == "deliver" and isinstance(e, WrongState))
            return
        assert allowed or (step == "deliver" and before == "delivered")
        said.state = {"sign": "signed", "number": "numbered", "issue": "issued", "deliver": "delivered", "refuse": "refused",
                      "cancel": "cancelled"}[step]
        said.number = after.number

    @rule(days=st.integers(1, 200))
    def time_passes(self, days):
        self.clock.at += timedelta(days=days)

    def _row(self, x: str) -> Extract:
        with self.database.reading() as s:
            return s.get_one(Extract, x)

    @invariant()
    def numbers_have_no_gap_and_no_double_and_states_are_the_models(self):
        if not hasattr(self, "model"):
            return
        numbers = defaultdict(list)
        for x, said in self.model.items():
            row = self._row(x)
            assert (row.state, row.number) == (said.state, said.number)
            assert (row.pdf_key is not None) or row.state not in ("numbered", "issued", "delivered")
            if row.number is not None:
                numbers[row.agency_code, row.number_year].append(row.number)
        for given_ in numbers.values():
            assert sorted(given_) == list(range(1, len(given_) + 1))


Offices.TestCase.settings = settings(max_examples=8, stateful_step_count=18, deadline=None, suppress_health_check=list(HealthCheck))
TestOffices = Offices.TestCase
