"""Decisions on entries: leases, revisions, corrections, links, rejection, verification, undo, and what the log says of them."""
from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from storage import events, review
from storage.changes import change_of
from storage.database import Database
from storage.models import Batch, Cursor, Entry, EntryFinding, Event, Field, Link, Page, Person, PopulationSnapshot, utc_now
from storage.policy import Actor
from storage.review_errors import (
    AlreadyDecided,
    BadReason,
    ChangedMeanwhile,
    FindingsOpen,
    LeasedByOther,
    LinksUndecided,
    NoSuchCandidate,
    NoSuchEntry,
    NoSuchField,
    NotAllowed,
    NothingToUndo,
)

LAN, HAI = Actor("tp.lan", "reviewer"), Actor("tp.hai", "reviewer")
XA = Actor("xa.minh", "commune_officer", "21139")


def seed(database, *, entries=3, commune="21139"):
    """A book with `entries` birth entries of rising risk; the mother's link of each waits for a decision. Returns the entries' ids."""
    with database.session() as s:
        snapshot = PopulationSnapshot(source="p.csv", sha256="0" * 64, state="current")
        s.add_all([snapshot, Batch(id=f"KS.2017.01-{commune}", folder="", content_hash="0" * 64, kind="KS", commune_code=commune)])
        s.flush()
        s.add(Person(snapshot_id=snapshot.id, personal_id="051185000001", name="TRẦN THỊ MẬN"))
        ids = []
        for n in range(1, entries + 1):
            page = Page(batch_id=f"KS.2017.01-{commune}", file=f"{n:03d}.jpg", sha256=f"{n:064d}", size=1, state="read")
            s.add(page)
            s.flush()
            entry = Entry(page_id=page.id, kind="KS", form="KS2016", status="review", risk=n / 10, number=str(n), year=2017)
            for code, value, confidence in (("so", str(n), 0.99), ("nksHoTen", "Lê Thị Loan", 0.6), ("ngayDangKy", "2017-03-18", 0.99)):
                entry.fields.append(Field(code=code, value=value, raw=value, confidence=confidence, source="ocr", evidence=["lattice"]))
            entry.links.append(Link(role="me", decision="review", probability=0.7, candidates=[
                {"personal_id": "051185000001", "probability": 0.7, "evidence": []},
                {"personal_id": "051185000002", "probability": 0.2, "evidence": []}]))
            s.add(entry)
            s.flush()
            ids.append(entry.id)
    return ids


def do(database, function, *args, **named):
    with database.session() as s:
        return function(s, *args, **named)


def field(database, entry_id, code):
    with database.reading() as s:
        return s.scalar(select(Field).where(Field.entry_id == entry_id, Field.code == code))


def actions(database):
    with database.reading() as s:
        return list(s.scalars(select(Event.action).order_by(Event.seq)))


def test_queue_has_the_riskiest_first_and_only_ones_own_commune(database):
    ids, other = seed(database), seed(database, commune="00001")
    with database.reading() as s:
        assert [i.entry_id for i in review.queue(s, XA)] == ids[::-1]
        everything = [i.entry_id for i in review.queue(s, LAN)]
        assert set(everything) == {*ids, *other} and [i.risk for i in review.queue(s,
            LAN)] == sorted((i.risk for i in review.queue(s, LAN)), reverse=True)
        first = review.queue(s, XA)[0]
        assert (first.doubtful_fields, first.undecided_links, first.findings) == (1, 1, 0)
        assert review.queue_counts(s, XA) == {"review": 3, "draft": 0} and review.queue_size(s, LAN) == 6
    with pytest.raises(NoSuchEntry):
        do(database, review.correct_field, XA, other[0], "so", "9")


def test_of_two_people_one_gets_the_entry_until_the_lease_is_over(database):
    entry_id = seed(database)[0]
    now = utc_now()
    do(database, review.lease, LAN, entry_id, timedelta(minutes=5), now)
    with pytest.raises(LeasedByOther) as refused:
        do(database, review.lease, HAI, entry_id, timedelta(minutes=5), now)
    assert "tp.lan" in refused.value.message("vi")
    with database.reading() as s:
        assert review.next_entry(s, LAN) and entry_id not in {review.next_entry(s, HAI), review.next_entry(s, HAI, after=entry_id)}
    do(database, review.lease, HAI, entry_id, timedelta(minutes=5), now + timedelta(minutes=6))
    with pytest.raises(LeasedByOther):
        do(database, review.correct_field, LAN, entry_id, "so", "5")


def test_those_without_the_right_cannot_take_an_entry(database):
    entry_id = seed(database)[0]
    with pytest.raises(NotAllowed):
        do(database, review.verify_entry, Actor("kiem.toan", "auditor"), entry_id)


def test_next_goes_through_the_queue_and_begins_again_at_its_end(database):
    ids = seed(database)
    with database.reading() as s:
        assert review.next_entry(s, LAN) == ids[2] and review.next_entry(s, LAN, after=ids[2]) == ids[1]
        assert review.next_entry(s, LAN, after=ids[0]) == ids[2]


def test_a_correction_keeps_what_was_read_and_can_be_undone(database):
    entry_id = seed(database)[0]
    entry = do(database, review.correct_field, LAN, entry_id, "so", "12", revision=0)
    assert (entry.number, entry.revision) == ("12", 1)
    row = field(database, entry_id, "so")
    assert (row.value, row.raw, row.source, row.confidence) == ("12", "1", "reviewer", 1.0)
    with pytest.raises(ChangedMeanwhile):
        do(database, review.correct_field, LAN, entry_id, "so", "13", revision=0)
    entry = do(database, review.undo, LAN)
    row = field(database, entry_id, "so")
    assert (row.value, row.source, row.evidence, entry.number) == ("1", "ocr", ["lattice"], "1")
    with pytest.raises(NothingToUndo):
        do(database, review.undo, LAN)


def test_an_unread_blank_of_the_form_can_be_written_and_only_such(database):
    entry_id = seed(database)[0]
    do(database, review.correct_field, LAN, entry_id, "meHoTen", "Trần Thị Mận")
    assert field(database, entry_id, "meHoTen").source == "reviewer"
    do(database, review.undo, LAN, entry_id)
    assert field(database, entry_id, "meHoTen") is None
    for code in ("voHoTen", "x'; drop table entry; --", "constructor"):
        with pytest.raises(NoSuchField):
            do(database, review.correct_field, LAN, entry_id, code, "x")


def test_a_corrected_contradiction_goes_away_and_a_new_one_is_found(database):
    entry_id = seed(database)[0]
    do(database, review.correct_field, LAN, entry_id, "nksNgaySinh", "2018-05-01")      # after the registration
    with database.reading() as s:
        broken = [f.rule for f in s.get(Entry, entry_id).findings if f.severity == "hard"]
    assert broken
    do(database, review.correct_field, LAN, entry_id, "nksNgaySinh", "2017-03-01")
    with database.reading() as s:
        assert not set(broken) & {f.rule for f in s.get(Entry, entry_id).findings}


def test_a_link_is_chosen_from_the_candidates_or_the_population_and_never_invented(database):
    entry_id = seed(database)[0]
    do(database, review.decide_link, LAN, entry_id, "me", "051185000002")
    with database.reading() as s:
        link = s.scalar(select(Link).where(Link.entry_id == entry_id))
        assert (link.personal_id, link.decision, link.decided_by, link.probability) == ("051185000002", "accept", "tp.lan", 0.2)
    do(database, review.decide_link, LAN, entry_id, "me", None)
    with database.reading() as s:
        link = s.scalar(select(Link).where(Link.entry_id == entry_id))
        assert (link.personal_id, link.decision, link.decided_by) == (None, "none", "tp.lan")
    with pytest.raises(NoSuchCandidate):
        do(database, review.decide_link, LAN, entry_id, "me", "999999999999")
    do(database, review.decide_link, LAN, entry_id, "nks", "051185000001")      # a role the linker said nothing of


def test_verifying_asks_for_open_links_and_contradictions_first(database):
    entry_id = seed(database)[0]
    with database.session() as s:
        s.add(EntryFinding(entry_id=entry_id, rule="r", severity="hard", fields=[], message_vi="sai", message_en="wrong"))
    with pytest.raises(LinksUndecided):
        do(database, review.verify_entry, LAN, entry_id)
    do(database, review.decide_link, LAN, entry_id, "me", None)
    with pytest.raises(FindingsOpen):
        do(database, review.verify_entry, LAN, entry_id)
    entry = do(database, review.verify_entry, LAN, entry_id, acknowledge=True)
    assert (entry.status, entry.verified_by) == ("verified", "tp.lan")
    with pytest.raises(AlreadyDecided):
        do(database, review.correct_field, LAN, entry_id, "so", "7")


def test_archiving_is_due_when_the_time_to_undo_is_over_and_then_undo_is_over_too(database):
    entry_id = seed(database)[0]
    do(database, review.decide_link, LAN, entry_id, "me", None)
    now = utc_now()
    do(database, review.verify_entry, LAN, entry_id, now=now)
    with database.reading() as s:
        assert review.due_for_archive(s, 60, now + timedelta(seconds=59)) == []
        assert review.due_for_archive(s, 60, now + timedelta(seconds=61)) == [entry_id]
    assert do(database, review.undo, LAN).status == "review"
    do(database, review.verify_entry, LAN, entry_id)
    with database.session() as s:
        s.get(Entry, entry_id).status = "archived"
    with pytest.raises(NothingToUndo):
        do(database, review.undo, LAN)


def test_a_rejected_page_leaves_the_queue_with_its_reason_and_comes_back_when_undone(database):
    ids = seed(database)
    with pytest.raises(BadReason):
        do(database, review.reject_page, LAN, ids[2], "because")
    entry = do(database, review.reject_page, LAN, ids[2], "unreadable", "Quét lại đậm hơn")
    with database.reading() as s:
        page = s.get(Page, entry.page_id)
        assert (page.state, page.reason) == ("set_aside", "rejected") and "Quét lại đậm hơn" in json.loads(page.detail)["note"]
        assert ids[2] not in {i.entry_id for i in review.queue(s, LAN)}
    do(database, review.undo, LAN)
    with database.reading() as s:
        assert s.get(Page, entry.page_id).state == "read" and review.next_entry(s, LAN) == ids[2]


def test_nobody_undoes_another_persons_decision(database):
    entry_id = seed(database)[0]
    do(database, review.correct_field, LAN, entry_id, "so", "12")
    do(database, review.release, LAN, entry_id)
    for which in (None, entry_id):
        with pytest.raises(NothingToUndo):
            do(database, review.undo, HAI, which)


def test_the_log_tells_what_was_done_without_any_personal_value_and_its_chain_holds(database):
    entry_id = seed(database)[0]
    do(database, review.correct_field, LAN, entry_id, "nksHoTen", "Lê Thị Loan Anh")
    do(database, review.decide_link, LAN, entry_id, "me", "051185000001")
    with database.session() as s:
        review.log_view(s, LAN, s.get(Entry, entry_id), ["nksHoTen", "meHoTen"], "review")
    do(database, review.undo, LAN)
    assert actions(database) == ["field.correct", "link.decide", "record.view", "decision.undo"]
    with database.reading() as s:
        text = json.dumps([e.detail for e in s.scalars(select(Event))], ensure_ascii=False)
        assert "Loan" not in text and "051185" not in text
        assert events.verify_chain(s).seq == 4
        change = change_of(s, s.get(Event, 1))
        assert (change["before"]["value"], change["after"]["value"]) == ("Lê Thị Loan", "Lê Thị Loan Anh")


def test_a_change_that_was_altered_afterwards_is_not_believed(database):
    entry_id = seed(database)[0]
    do(database, review.correct_field, LAN, entry_id, "so", "12")
    with database.session() as s:
        row = s.get(Cursor, "change:1")
        row.value = {**row.value, "before": {"value": "forged"}}
    with pytest.raises(ValueError, match="event 1"):
        do(database, review.undo, LAN)


class ReviewMachine(RuleBasedStateMachine):
    """Two people work on one entry in any order; what they see must always be what a plain model says, and undo must lead back."""

    @initialize()
    def begin(self):
        import tempfile
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database(__import__("pathlib").Path(self.folder.name) / "m.db")
        self.database.upgrade()
        self.entry = seed(self.database, entries=1)[0]
        self.value, self.link, self.status, self.stack = "1", ("review", None), "review", []

    def teardown(self):
        if hasattr(self, "database"):
            self.database.dispose()
            self.folder.cleanup()

    @precondition(lambda self: self.status == "review")
    @rule(number=st.integers(1, 99))
    def correct(self, number):
        do(self.database, review.correct_field, LAN, self.entry, "so", str(number))
        self.stack.append(("value", self.value))
        self.value = str(number)

    @precondition(lambda self: self.status == "review")
    @rule(who=st.sampled_from(["051185000001", "051185000002", None]))
    def choose(self, who):
        do(self.database, review.decide_link, LAN, self.entry, "me", who)
        self.stack.append(("link", self.link))
        self.link = ("accept" if who else "none", who)

    @rule()
    def verify(self):
        if self.status == "review" and self.link[0] != "review":
            do(self.database, review.verify_entry, LAN, self.entry, acknowledge=True)
            self.stack.append(("status", self.status))
            self.status = "verified"
        else:
            with pytest.raises((LinksUndecided, AlreadyDecided)):
                do(self.database, review.verify_entry, LAN, self.entry, acknowledge=True)

    @rule()
    def undo(self):
        if not self.stack:
            with pytest.raises(NothingToUndo):
                do(self.database, review.undo, LAN)
            return
        do(self.database, review.undo, LAN)
        name, before = self.stack.pop()
        setattr(self, name, before)

    @invariant()
    def agrees(self):
        if not hasattr(self, "database"):
            return
        with self.database.reading() as s:
            entry = s.get(Entry, self.entry)
            link = entry.links[0]
            assert (entry.number, entry.status, (link.decision, link.personal_id)) == (self.value, self.status, self.link)
            events.verify_chain(s)


ReviewMachine.TestCase.settings = settings(max_examples=12, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck))
TestReviewMachine = ReviewMachine.TestCase
