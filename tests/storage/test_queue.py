"""The queue as one index: order, filters and counts against a plain computation, what triggers keep, and taking the next entry."""
from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import product

import pytest
import sqlalchemy as sa
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import review
from storage.database import alembic_config
from storage.models import Batch, Entry, Page, QueueTally, utc_now
from storage.policy import Actor
from storage.queue_check import mend_queue, queue_drift
from storage.queue_counts import add_up, count_by_filter
from storage.review import REASON_CODES, QueueFilter, QueuePlace
from storage.review_errors import NotAllowed, PageSetAside

LAN, HAI = Actor("tp.lan", "reviewer"), Actor("tp.hai", "reviewer")
XA = Actor("xa.minh", "commune_officer", "21139")
BOOKS = {"KS.1": ("KS", "21139"), "KS.2": ("KS", "21140"), "KH.1": ("KH", "21139"), "KT.1": ("KT", None)}


def shelf(database, each=8):
    """Four books in two communes and of none; every reason, both states, ties in risk, one page set aside."""
    with database.session() as s:
        for name, (kind, commune) in BOOKS.items():
            s.add(Batch(id=name, folder="", content_hash="", kind=kind, commune_code=commune, declared={}))
        s.flush()
        for name, n in product(BOOKS, range(each)):
            page = Page(batch_id=name, file=f"{n:03d}.jpg", sha256=f"{name}{n}", size=1, state="set_aside" if n == 7 else "read")
            s.add(page)
            s.flush()
            reasons = [[REASON_CODES[n % len(REASON_CODES)], "so"]] + ([["finding", "demo"]] if n % 4 == 0 else []) if n % 3 else []
            s.add(Entry(page_id=page.id, kind=BOOKS[name][0], form="KS2016", status="review" if n % 3 else "draft", risk=(n // 2) / 10,
                        reasons=reasons, number=str(n)))


def expected(database, actor, filters):
    """What the queue is, from entries, pages and books as they are."""
    with database.reading() as s:
        rows = s.execute(sa.select(Entry.id, Entry.status, Entry.risk, Entry.kind, Entry.reasons, Batch.id, Batch.commune_code).join(
            Page, Entry.page_id == Page.id).join(Batch, Page.batch_id == Batch.id).where(Page.state != "set_aside")).all()
    states = review.OPEN if filters.state == "open" else (filters.state,)
    wanted = [r for r in rows if r.status in states and (actor.commune_code in (None, r.commune_code))
              and filters.kind in (None, r.kind) and filters.batch_id in (None, r[5]) and filters.commune_code in (None, r.commune_code)
              and (filters.reason is None or any(x[0] == filters.reason for x in r.reasons))]
    return [r.id for r in sorted(wanted, key=lambda r: (r.status != "review", -r.risk, r.id))]


ALL = [QueueFilter(*f) for f in product(("open", "review", "draft"), (None, "KS", "KH"), (None, "KS.1"), (None, "21139", "99999"),
                                        (None, "finding", "unknown_form", "link_changed"))][::11]


def test_every_filter_gives_the_same_as_looking_at_each_entry_and_so_do_the_counts(database):
    shelf(database)
    with database.reading() as s:
        for filters, actor in product(ALL, (LAN, XA)):
            wanted = expected(database, actor, filters)
            assert [i.entry_id for i in review.queue(s, actor, filters, 100)] == wanted, filters
            assert review.queue_size(s, actor, filters) == len(wanted) == count_by_filter(s, actor, filters).total, filters
        counts = count_by_filter(s, LAN, QueueFilter("review", kind="KS"))
        assert counts.reasons == {r: len(expected(database, LAN, QueueFilter("review", "KS", reason=r))) for r in REASON_CODES}
        assert counts.communes == {c: len(expected(database, LAN, QueueFilter("review", "KS", commune_code=c))) for c in ("21139", "21140")}
        assert counts.kinds == {k: len(expected(database, LAN, QueueFilter("review", k))) for k in ("KS", "KH", "KT")}
        assert counts.states == {x: len(expected(database, LAN, QueueFilter(x, "KS"))) for x in review.OPEN}


def test_pages_of_any_size_forwards_and_backwards_are_the_queue(database):
    shelf(database)
    whole = expected(database, LAN, QueueFilter())
    with database.reading() as s:
        for size in (1, 3, 7):
            seen, place = [], None
            while items := review.queue(s, LAN, None, size, after=place):
                seen += items
                place = QueuePlace.parse(str(items[-1].place))
            assert [i.entry_id for i in seen] == whole
            back, place = [], seen[-1].place
            while items := review.queue(s, LAN, None, size, before=place):
                back = items + back
                place = items[0].place
            assert [i.entry_id for i in back] == whole[:-1]


@pytest.mark.parametrize("said", ["", "x", "1.0", "1.0_", "_3", "nan_3", "inf_3", "1_-3", "1_99999999999999999999", "1.0_3_4"])
def test_a_place_that_nobody_wrote_is_none(said):
    assert QueuePlace.parse(said) is None


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 2**63 - 1))
def test_a_place_comes_back_as_it_was_written(place, entry):
    assert QueuePlace.parse(str(QueuePlace(place, entry))) == QueuePlace(place, entry)


@pytest.mark.parametrize(("filters", "index"), [
    (QueueFilter(), "ix_entry_queue"), (QueueFilter("review"), "ix_entry_queue"),
    (QueueFilter(commune_code="21139"), "ix_entry_queue_commune"),
    (QueueFilter(kind="KS"), "ix_entry_queue_kind"), (QueueFilter(kind="KS", commune_code="21139"), "ix_entry_queue_commune_kind"),
    (QueueFilter(batch_id="KS.1"), "ix_entry_queue_batch"), *((QueueFilter(reason=r), f"ix_entry_queue_{r}") for r in REASON_CODES)])
def test_the_database_walks_an_index_and_sorts_nothing(sqlite_database, filters, index):
    from storage.review_queue import waits_in_queue
    query = sa.select(Entry.id).where(*waits_in_queue(LAN, filters)).order_by(Entry.queue_place, Entry.id).limit(50)
    with sqlite_database.reading() as s:
        text = str(query.compile(s.get_bind(), compile_kwargs={"literal_binds": True}))
        plan = " ".join(row[3] for row in s.execute(sa.text("explain query plan " + text)))
    assert f"INDEX {index} " in plan + " " and "TEMP B-TREE" not in plan


CHANGES = st.lists(st.tuples(
    st.sampled_from(["state", "book", "commune", "status", "risk", "reasons", "kind", "page", "delete", "insert", "bulk", "add_up"]),
    st.integers(0, 31), st.integers(0, 7)), min_size=5, max_size=25)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(CHANGES)
def test_whatever_is_changed_and_however_the_queue_says_the_same(database, changes):
    with database.session() as s:
        for table in (Entry, Page, Batch, QueueTally):
            s.execute(sa.delete(table))
    shelf(database)
    for what, which, value in changes:
        with database.session() as s:
            entries, pages = s.scalars(sa.select(Entry).order_by(Entry.id)).all(), s.scalars(sa.select(Page).order_by(Page.id)).all()
            entry, page = entries[which % len(entries)] if entries else None, pages[which % len(pages)]
            if what == "state":
                page.state = ("read", "set_aside", "stored")[value % 3]
            elif what == "book":
                page.batch_id, page.file = sorted(BOOKS)[value % 4], f"{which}-{value}-{page.id}"
            elif what == "commune":
                s.get_one(Batch, sorted(BOOKS)[which % 4]).commune_code = (None, "21139", "21140")[value % 3]
            elif what == "insert":
                s.add(Entry(page_id=page.id, row=100 + len(entries) + max((e.row for e in entries), default=0), kind="CN", status="review",
                            risk=value, reasons=[]))
            elif what == "bulk":
                s.execute(sa.update(Entry).where(Entry.kind == "KS").values(status=("review", "draft", "verified")[value % 3]))
            elif entry is not None and what == "status":
                entry.status = ("review", "draft", "verified", "archived")[value % 4]
            elif entry is not None and what == "risk":
                entry.risk = value / 3
            elif entry is not None and what == "reasons":
                entry.reasons = [[code, 'x ["finding" y'] for n, code in enumerate((*REASON_CODES, "second_check"))
                                 if (value + which) >> n & 1]
            elif entry is not None and what == "kind":
                entry.kind = ("KS", "KH")[value % 2]
            elif entry is not None and what == "page":
                entry.page_id, entry.row = page.id, 1000 + entry.id
            elif entry is not None and what == "delete":
                s.delete(entry)
        if what == "add_up":
            add_up(database, most=0)
        with database.reading() as s:
            assert queue_drift(s).none, (what, which, value)


def test_what_goes_wrong_without_the_triggers_is_found_and_mended(database):
    shelf(database)
    with database.session() as s:
        if database.is_sqlite:
            s.execute(sa.text("drop trigger page_queue"))
            s.execute(sa.text("drop trigger queue_tally_delete"))
        else:
            s.execute(sa.text("set local session_replication_role = replica"))
        s.execute(sa.update(Page).where(Page.file == "001.jpg").values(state="set_aside"))
        s.execute(sa.delete(Entry).where(Entry.number == "2"))
    with database.reading() as s:
        drift = queue_drift(s)
        assert len(drift.entries) == 4 and drift.sums
    with database.session() as s:
        mend_queue(s)
    with database.reading() as s:
        assert queue_drift(s).none
        assert [i.entry_id for i in review.queue(s, LAN, None, 100)] == expected(database, LAN, QueueFilter())


def test_adding_up_changes_no_count_and_loses_none_that_comes_meanwhile(database):
    shelf(database)
    with database.reading() as s:
        ids = list(s.scalars(sa.select(Entry.id).where(Entry.status == "review")))
    stop = threading.Event()

    def sums():
        while not stop.is_set():
            add_up(database, most=0)

    def flip(mine):
        for entry_id in mine:
            for status in ("verified", "review", "draft"):
                with database.session() as s:
                    s.get_one(Entry, entry_id).status = status

    adder = threading.Thread(target=sums)
    adder.start()
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(flip, (ids[::3], ids[1::3], ids[2::3])))
    stop.set()
    adder.join()
    add_up(database, most=0)
    with database.reading() as s:
        assert queue_drift(s).none and review.queue_counts(s, LAN) == {"review": 0, "draft": len(expected(database, LAN, QueueFilter()))}
        assert s.scalar(sa.select(sa.func.count()).select_from(QueueTally)) <= 40


def test_many_who_ask_at_once_get_different_entries_and_everyone_gets_one(database):
    shelf(database)
    whole = expected(database, LAN, QueueFilter())
    start = threading.Barrier(8)

    def take(n):
        start.wait()
        found = []
        for _ in range(3):
            with database.session() as s:
                found.append(review.take_next(s, Actor(f"tp.{n}", "reviewer"), after=found[-1] if found else None))
        return found

    with ThreadPoolExecutor(8) as pool:
        taken = [x for found in pool.map(take, range(8)) for x in found]
    assert len(set(taken)) == 24 and None not in taken and set(taken) <= set(whole)


def test_who_takes_the_next_does_not_wait_for_one_who_is_deciding(database):
    if database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    shelf(database)
    whole = expected(database, LAN, QueueFilter())
    with database.session() as busy:
        busy.execute(sa.select(Entry).where(Entry.id == whole[0]).with_for_update())
        with database.session() as s:
            s.execute(sa.text("set local lock_timeout = '1s'"))
            assert review.take_next(s, HAI) == whole[1]


def test_a_lease_taken_with_the_next_entry_runs_out_and_only_reviewers_take_one(database):
    shelf(database)
    first, second, *_ = expected(database, LAN, QueueFilter())
    now = utc_now()
    with database.session() as s:
        assert review.take_next(s, LAN, duration=timedelta(minutes=5), now=now) == first
        assert review.take_next(s, LAN, now=now) == first                       # one's own
        assert review.take_next(s, HAI, now=now + timedelta(minutes=1)) == second
        assert review.take_next(s, HAI, after=second, now=now + timedelta(minutes=1)) not in (first, second)
        assert review.take_next(s, Actor("tp.ba", "reviewer"), now=now + timedelta(minutes=6, seconds=1)) in (first, second)
        with pytest.raises(NotAllowed):
            review.take_next(s, Actor("kiem.toan", "auditor"))


def test_an_entry_whose_page_was_set_aside_can_be_decided_by_nobody_until_that_is_undone(database):
    shelf(database)
    first = expected(database, LAN, QueueFilter())[0]
    with database.session() as s:
        review.reject_page(s, LAN, first, "unreadable")
    with pytest.raises(PageSetAside), database.session() as s:
        review.verify_entry(s, HAI, first)
    with database.session() as s:
        review.undo(s, LAN)
        review.release(s, LAN, first)
    with database.session() as s:
        assert review.verify_entry(s, HAI, first).status == "verified"


def test_a_database_of_the_version_before_comes_up_with_its_queue_and_goes_down_again(database):
    config = alembic_config()

    def move(to):
        with database.engine.connect() as connection:
            config.attributes["connection"] = connection
            (command.downgrade if to != "head" else command.upgrade)(config, to)
            connection.commit()

    shelf(database)
    move("0003")
    with database.engine.connect() as connection:
        assert "queue_place" not in {c["name"] for c in sa.inspect(connection).get_columns("entry")}
    move("head")
    with database.reading() as s:
        assert queue_drift(s).none
        assert [i.entry_id for i in review.queue(s, LAN, None, 100)] == expected(database, LAN, QueueFilter())
