"""Several people at one queue while the clock goes: no entry is decided by two, none is lost, the database says what a plain model says."""
from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from storage import events, review
from storage.database import Database
from storage.models import Batch, Entry, Page
from storage.policy import Actor
from storage.queue_check import queue_drift
from storage.queue_counts import add_up
from storage.review_errors import AlreadyDecided, LeasedByOther, NothingToUndo, PageSetAside

PEOPLE = {name: Actor(name, "reviewer") for name in ("tp.an", "tp.ba", "tp.cu")}
WHO = st.sampled_from(sorted(PEOPLE))
WHICH = st.integers(0, 4)
LEASE = 300         # seconds


class QueueMachine(RuleBasedStateMachine):
    """Time passes by making every lease older: to the program it is the same."""

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database(Path(self.folder.name) / "m.db")
        self.database.upgrade()
        with self.database.session() as s:
            s.add(Batch(id="b", folder="", content_hash="", kind="KS", commune_code="21139", declared={}))
            s.flush()
            for n in range(5):
                page = Page(batch_id="b", file=f"{n}.jpg", sha256=str(n), size=1, state="read")
                s.add(page)
                s.flush()
                s.add(Entry(page_id=page.id, kind="KS", form="KS2016", status="review" if n else "draft", risk=n / 10, reasons=[]))
        with self.database.reading() as s:
            self.ids = list(s.scalars(select(Entry.id).order_by(Entry.id)))
        self.state = dict.fromkeys(self.ids, "open")            # open | verified | rejected
        self.lease: dict[int, tuple[str, int]] = {}             # entry -> holder, seconds left
        self.done: dict[str, list[tuple[int, str]]] = {name: [] for name in PEOPLE}     # each person's decisions that stand
        self.by: dict[int, list[str]] = {i: [] for i in self.ids}                       # who decided the entry, in order, undone ones gone

    def teardown(self):
        if hasattr(self, "database"):
            self.database.dispose()
            self.folder.cleanup()

    def free_for(self, who, entry):
        return entry not in self.lease or self.lease[entry][0] == who

    def queue(self):
        drafts = {self.ids[0]}
        waiting = [i for i in self.ids if self.state[i] == "open"]
        return sorted(waiting, key=lambda i: (i in drafts, -i))         # risk grows with the id

    @rule(who=WHO)
    def take(self, who):
        with self.database.session() as s:
            found = review.take_next(s, PEOPLE[who], duration=timedelta(seconds=LEASE))
        wanted = next((i for i in self.queue() if self.free_for(who, i)), None)
        assert found == wanted
        if found is not None:
            self.lease[found] = who, LEASE

    @rule(who=WHO, which=WHICH, what=st.sampled_from(["verify", "reject"]))
    def decide(self, who, which, what):
        entry = self.ids[which]
        call = (lambda s: review.verify_entry(s, PEOPLE[who], entry)) if what == "verify" else \
            (lambda s: review.reject_page(s, PEOPLE[who], entry, "unreadable"))
        refusal = {"verified": AlreadyDecided, "rejected": PageSetAside}.get(self.state[entry])
        if not self.free_for(who, entry):
            refusal = LeasedByOther
        if refusal is not None:
            with pytest.raises(refusal), self.database.session() as s:
                call(s)
            return
        with self.database.session() as s:
            call(s)
        self.state[entry] = "verified" if what == "verify" else "rejected"
        self.lease.pop(entry, None)
        self.done[who].append((entry, what))
        self.by[entry].append(who)

    @rule(who=WHO)
    def undo(self, who):
        last = self.done[who][-1] if self.done[who] else None
        if last is None or not self.free_for(who, last[0]):
            with pytest.raises(NothingToUndo), self.database.session() as s:
                review.undo(s, PEOPLE[who])
            return
        with self.database.session() as s:
            review.undo(s, PEOPLE[who])
        self.done[who].pop()
        self.by[last[0]].remove(who)
        self.state[last[0]] = "open"
        self.lease[last[0]] = who, LEASE

    @rule(who=WHO, which=WHICH)
    def let_go(self, who, which):
        with self.database.session() as s:
            review.release(s, PEOPLE[who], self.ids[which])
        if self.lease.get(self.ids[which], ("",))[0] == who:
            del self.lease[self.ids[which]]

    @rule(seconds=st.sampled_from([60, 200, LEASE]))
    def time_passes(self, seconds):
        with self.database.session() as s:
            for entry in s.scalars(select(Entry).where(Entry.lease_until.is_not(None))):
                entry.lease_until -= timedelta(seconds=seconds)
        self.lease = {i: (who, left - seconds) for i, (who, left) in self.lease.items() if left > seconds}

    @rule()
    def sums(self):
        add_up(self.database, most=0)

    @invariant()
    def nothing_is_lost_and_nothing_decided_twice(self):
        if not hasattr(self, "database"):
            return
        assert all(len(people) == (self.state[i] != "open") for i, people in self.by.items())
        with self.database.reading() as s:
            assert [i.entry_id for i in review.queue(s, PEOPLE["tp.an"])] == self.queue()
            assert sum(review.queue_counts(s, PEOPLE["tp.an"]).values()) == len(self.queue())
            assert {i.entry_id: i.lease_by for i in review.queue(s, PEOPLE["tp.an"]) if i.lease_by} == {
                i: who for i, (who, _) in self.lease.items() if self.state[i] == "open"}
            assert queue_drift(s).none
            events.verify_chain(s)


QueueMachine.TestCase.settings = settings(max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))
TestQueueMachine = QueueMachine.TestCase
