"""Work on pages: whatever is turned, marked, moved, replaced and taken back, each page is there once, and undo is exact."""
from __future__ import annotations

import itertools

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import select

from storage import book_way, events, page_work
from storage.database import Database
from storage.desk_errors import BookSent, NoPageChange, NothingToTakeBack, PageDecided
from storage.models import Batch, Entry, Page, PageStep, PageWork, StoredObject
from storage.page_order import book_pages
from storage.policy import Actor
from storage.readings import progress_of
from storage.review_errors import NotAllowed

OFFICER, HEAD, REVIEWER = (Actor(n, r, c) for n, r, c in (("xa.minh", "commune_officer", "21139"), ("xa.truong", "commune_head", "21139"),
                                                          ("tp.lan", "reviewer", None)))
SQUARE = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9))
names = itertools.count()


def make_book(database, pages=4, state="read"):
    batch_id = f"KS.2017.{next(names)}"
    with database.session() as s:
        if s.get(StoredObject, "o") is None:
            s.add(StoredObject(key="o", bucket="archive", sha256="0" * 64, size=1, media_type="image/jpeg", state="stored"))
        s.add(Batch(id=batch_id, folder="", content_hash="0" * 64, kind="KS", declared={}, commune_code="21139"))
        s.flush()
        for n in range(1, pages + 1):
            add_page(s, batch_id, f"scan{n}.jpg", state)
    return batch_id


def add_page(session, batch_id, file, state="read"):
    page = Page(batch_id=batch_id, file=file, sha256=f"{next(names):064d}", size=1, media_type="image/jpeg", original_key="o", state=state,
                draft=[] if state == "read" else None)
    session.add(page)
    session.flush()
    return page


def the_work(session, batch_id):
    """Everything about the book's pages that undo must bring back."""
    columns = [c for c in page_work._COLUMNS if c != "aside"]
    rows = page_work.work_of(session, [p.id for p in book_pages(session, batch_id)])
    blank = dict.fromkeys(columns)
    return {p.id: {c: getattr(rows[p.id], c) for c in columns} if p.id in rows else dict(blank) for p in book_pages(session, batch_id)}


class Desk(RuleBasedStateMachine):
    database: Database

    def __init__(self):
        super().__init__()
        self.batch = make_book(self.database)
        self.before = []                # what was before each step that can be taken back
        with self.database.reading() as s:
            self.pages = {p.id for p in book_pages(s, self.batch)}

    def change(self, deed):
        with self.database.reading() as s:
            was = the_work(s, self.batch)
        try:
            with self.database.session() as s:
                deed(s)
        except NoPageChange:
            return False
        self.before.append(was)
        return True

    def pick(self, session, data, among=lambda p: True):
        pages = [p for p in book_pages(session, self.batch) if among(p)]
        return data.draw(st.sampled_from(pages))

    @rule(data=st.data(), turn=st.sampled_from([0, 90, 180, 270]))
    def turn(self, data, turn):
        self.change(lambda s: page_work.turn_page(s, OFFICER, self.pick(s, data), turn))

    @rule(data=st.data(), corners=st.sampled_from([None, SQUARE]))
    def cut(self, data, corners):
        self.change(lambda s: page_work.cut_page(s, OFFICER, self.pick(s, data), corners))

    @rule(data=st.data(), mark=st.sampled_from([None, "blank", "void"]))
    def mark(self, data, mark):
        self.change(lambda s: page_work.mark_page(s, OFFICER, self.pick(s, data), mark))

    @rule(data=st.data(), part=st.sampled_from([None, "cover", "opening", "closing"]))
    def part(self, data, part):
        self.change(lambda s: page_work.name_part(s, OFFICER, self.pick(s, data), part))

    @rule(data=st.data(), place=st.integers(1, 8))
    def move(self, data, place):
        def deed(s):
            page = self.pick(s, data)
            page_work.move_page(s, OFFICER, page, place)
            order = [p.id for p in book_pages(s, self.batch)]
            assert order.index(page.id) == min(place, len(order)) - 1
        self.change(deed)

    @precondition(lambda self: len(self.pages) < 8)
    @rule(data=st.data())
    def take_again(self, data):
        with self.database.session() as s:
            new = add_page(s, self.batch, f"again{next(names)}.jpg", "stored").id
        self.pages.add(new)

        def deed(s):
            old = self.pick(s, data, lambda p: p.id != new)
            page_work.replace_page(s, OFFICER, old, s.get(Page, new))
            order = [p.id for p in book_pages(s, self.batch)]
            assert order.index(new) == order.index(old.id) + 1
        if self.change(deed):
            self.before[-1][new]["mark"] = "replaced"       # undone, the new picture is the one that is left out

    @rule(data=st.data())
    def read_by_the_machine(self, data):
        with self.database.session() as s:
            page = self.pick(s, data)
            if page.state == "stored":
                page.state = "read"

    @rule()
    def undo(self):
        with self.database.session() as s:
            if not self.before:
                with pytest.raises(NothingToTakeBack):
                    page_work.undo_step(s, OFFICER, self.batch)
                return
            page_work.undo_step(s, OFFICER, self.batch)
        was = self.before.pop()
        with self.database.reading() as s:
            now = the_work(s, self.batch)
        for page_id, work in was.items():
            assert now[page_id] == work, page_id

    @invariant()
    def every_page_is_there_once(self):
        with self.database.reading() as s:
            pages = book_pages(s, self.batch)
            rows = page_work.work_of(s, [p.id for p in pages])
        assert sorted(p.id for p in pages) == sorted(self.pages)
        places = [rows[p.id].place for p in pages if p.id in rows and rows[p.id].place is not None]
        assert len(places) == len(set(places))
        for page in pages:
            mark = rows[page.id].mark if page.id in rows else None
            assert (page.state == "set_aside") == (mark is not None) and page.reason == mark
            assert page.original_key == "o"


def test_any_work_on_pages_keeps_each_once_and_undo_is_exact(sqlite_database):
    from hypothesis.stateful import run_state_machine_as_test

    Desk.database = sqlite_database
    run_state_machine_as_test(Desk, settings=settings(max_examples=8, stateful_step_count=10, deadline=None))
    with sqlite_database.reading() as s:
        events.verify_chain(s)


def add_entry(session, page_id, **more):
    entry = Entry(page_id=page_id, kind="KS", number="7", reasons=[], **more)
    session.add(entry)
    session.flush()
    return entry


def test_a_page_on_which_a_person_has_decided_is_not_read_anew(database):
    batch = make_book(database)
    with database.session() as s:
        page = book_pages(s, batch)[0]
        add_entry(s, page.id, status="verified")
        for deed in (lambda: page_work.turn_page(s, OFFICER, page, 90), lambda: page_work.mark_page(s, OFFICER, page, "void"),
                     lambda: page_work.cut_page(s, OFFICER, page, SQUARE), lambda: page_work.name_part(s, OFFICER, page, "cover")):
            with pytest.raises(PageDecided) as e:
                deed()
            assert "số 7" in e.value.message("vi")
        page_work.move_page(s, OFFICER, page, 3)             # its place is not what is read of it
        assert book_pages(s, batch)[2].id == page.id


def test_turning_has_the_page_read_anew_and_the_book_settled(database):
    batch = make_book(database)
    with database.session() as s:
        first, second, *_ = book_pages(s, batch)
        add_entry(s, first.id)
        page_work.turn_page(s, OFFICER, first, 180)
        assert (first.state, first.rotation, second.state) == ("stored", 180, "read")
        page_work.name_part(s, OFFICER, second, "opening")
        assert page_work.pages_without_entries(s, batch) == {second.id}
        assert progress_of(s, batch)["changes"] == "2"


def test_a_sent_book_is_locked_but_for_what_was_given_back(database):
    batch = make_book(database)
    with database.session() as s:
        row, page = s.get(Batch, batch), book_pages(s, batch)[0]
        book_way.send(s, HEAD, row)
        with pytest.raises(BookSent):
            page_work.turn_page(s, OFFICER, page, 90)
        with pytest.raises(NotAllowed):
            book_way.give_back(s, HEAD, row, "chụp lại")
        book_way.give_page_back(s, REVIEWER, page, "Chụp lại trang này")
        again = add_page(s, batch, "again.jpg", "stored")
        page_work.replace_page(s, OFFICER, page, again)
        assert (page.reason, s.get(PageWork, page.id).replaced_by) == ("replaced", again.id)
        book_way.receive(s, REVIEWER, row)
        book_way.give_back(s, REVIEWER, row, "Thiếu trang 5")
        page_work.turn_page(s, OFFICER, again, 90)
        assert [b.id for b, step in book_way.returned_books(s, select(Batch).where(Batch.id == batch))] == [batch]
        assert [m.what for m in book_way.milestones(s, row)][:3] == ["taken_in", "read", "returned"]


def test_who_may_not_edit_changes_nothing(database):
    batch = make_book(database)
    with database.session() as s:
        page = book_pages(s, batch)[0]
        with pytest.raises(NotAllowed):
            page_work.move_page(s, HEAD, page, 2)
        assert s.query(PageStep).filter_by(batch_id=batch).count() == 0
