"""Policy, people, decisions and undoing in any order: an entry reaches the archive only when its policy's checks are done by different
people, and what it says is what a plain model of the book of steps says."""
from __future__ import annotations

import tempfile
from pathlib import Path

from checked_entries import BINH, BOSS, DUYET, HAI, LAN, do, people, policy, seed
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from storage import differences, entry_versions, events, review, second_check
from storage.check_policy import KindPolicy
from storage.database import Database
from storage.differences import Pick
from storage.errors import StorageError
from storage.models import Entry, SecondCheck, utc_now

PEOPLE = (LAN, HAI, BINH, DUYET, BOSS)
SETTLERS = (DUYET, BOSS)
NAMES = ("Lê Thị Loan", "Lê Thị Lan", "Lê Thị Lam")
FIELD = "field:nksHoTen"
POLICIES = (KindPolicy(sample=0), KindPolicy(sample=1), KindPolicy(checks=2), KindPolicy(checks=2, blind=False))


class SecondCheckMachine(RuleBasedStateMachine):
    """The model: a stack of steps (what, who, name the entry had before), and whether a check was asked."""

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database(Path(self.folder.name) / "m.db")
        self.database.upgrade()
        people(self.database, *PEOPLE)
        self.entries = seed(self.database, 1, link=False)
        self.chosen = POLICIES[0]
        policy(self.database, self.chosen)
        self.steps = {e: [] for e in self.entries}
        self.name = dict.fromkeys(self.entries, NAMES[0])
        self.asked = dict.fromkeys(self.entries)        # the policy when it was verified, None: not asked
        self.drafted = {}                               # (entry, who) -> name
        self.archived = {}

    def teardown(self):
        if hasattr(self, "database"):
            self.database.dispose()
            self.folder.cleanup()

    def kinds(self, entry):
        return [what for what, _, _ in self.steps[entry]]

    def attempt(self, function, actor, entry, *args, **named):
        """Whether it was done; a lease that is left is given back, so that people do not wait for each other here."""
        try:
            do(self.database, function, actor, entry, *args, **named)
            return True
        except StorageError:
            return False
        finally:
            do(self.database, review.release, actor, entry)

    @rule(chosen=st.sampled_from(POLICIES))
    def change_policy(self, chosen):
        self.chosen = chosen
        policy(self.database, chosen)

    @rule(who=st.sampled_from(PEOPLE), name=st.sampled_from(NAMES))
    def correct(self, who, name):
        entry = self.entries[0]
        allowed = entry not in self.archived and "verify" not in self.kinds(entry)
        assert self.attempt(review.correct_field, who, entry, "nksHoTen", name) == allowed
        if allowed:
            self.steps[entry].append(("correct", who, self.name[entry]))
            self.name[entry] = name

    @rule(who=st.sampled_from(PEOPLE))
    def verify(self, who):
        entry = self.entries[0]
        allowed = entry not in self.archived and "verify" not in self.kinds(entry)
        assert self.attempt(review.verify_entry, who, entry, acknowledge=True) == allowed
        if allowed:
            self.steps[entry].append(("verify", who, self.name[entry]))
            asks = self.chosen.checks == 2 or (self.chosen.sample == 1 and any(p not in self.hands(entry) for p in PEOPLE))
            self.asked[entry] = self.chosen if asks else None
            self.drafted = {k: v for k, v in self.drafted.items() if k[0] != entry}

    def hands(self, entry):
        """Whoever ever changed or verified it, taken back or not."""
        return self.ever.get(entry, set()) | {who for what, who, _ in self.steps[entry] if what in ("correct", "verify")}

    @property
    def ever(self):
        return self.__dict__.setdefault("_ever", {})

    def may_check(self, entry, who):
        return self.kinds(entry)[-1:] == ["verify"] and self.asked[entry] is not None and entry not in self.archived \
            and who not in self.hands(entry)

    @rule(who=st.sampled_from(PEOPLE), name=st.sampled_from(NAMES))
    def enter(self, who, name):
        entry = self.entries[0]
        assert self.attempt(second_check.enter_field, who, entry, "nksHoTen", name) == self.may_check(entry, who)
        if self.may_check(entry, who):
            self.drafted = {k: v for k, v in self.drafted.items() if k[0] != entry} | {(entry, who): name}

    @rule(who=st.sampled_from(PEOPLE))
    def answer(self, who):
        entry = self.entries[0]
        allowed = self.may_check(entry, who)
        assert self.attempt(second_check.answer, who, entry) == allowed
        if allowed:
            blind = self.asked[entry].blind or self.asked[entry].checks == 1
            theirs = self.drafted.get((entry, who), NAMES[0] if blind else self.name[entry])
            self.steps[entry].append(("agree" if theirs == self.name[entry] else "differ", who, self.name[entry]))
            self.second = {**getattr(self, "second", {}), entry: theirs}

    @rule(who=st.sampled_from(PEOPLE), side=st.sampled_from(["left", "right", "other"]), typed=st.sampled_from(NAMES))
    def settle(self, who, side, typed):
        entry = self.entries[0]
        before = {who for _, who, _ in self.steps[entry]} | self.hands(entry)
        allowed = self.kinds(entry)[-1:] == ["differ"] and entry not in self.archived and who in SETTLERS and who not in before
        sides = None
        if allowed:
            _, (found,) = do(self.database, differences.take, who, entry)
            sides = {"left": found.left, "right": found.right, "other": typed}
            assert {found.left, found.right} == {self.name[entry], self.second[entry]}
        assert self.attempt(differences.settle, who, entry, {FIELD: Pick(side, typed)}) == allowed
        if allowed:
            self.steps[entry].append(("settle", who, self.name[entry]))
            self.name[entry] = sides[side]

    @rule(who=st.sampled_from(PEOPLE))
    def undo(self, who):
        entry = self.entries[0]
        steps = self.steps[entry]
        allowed = bool(steps) and entry not in self.archived and steps[-1][1] == who
        try:
            do(self.database, review.undo, who, entry)
            done = True
        except StorageError:
            done = False
        do(self.database, review.release, who, entry)
        assert done == allowed
        if allowed:
            what, by, before = steps.pop()
            self.name[entry] = before
            if what in ("correct", "verify"):
                self.ever.setdefault(entry, set()).add(by)
            if what == "verify":
                self.asked[entry] = None

    @rule(name=st.sampled_from(NAMES), side=st.sampled_from(["left", "right", "other"]), n=st.integers(0, 4))
    def go_on(self, name, side, n):
        """The step that comes next, by somebody who may: else most runs would only hear refusals."""
        entry, last = self.entries[0], (self.kinds(self.entries[0]) or ["correct"])[-1]
        turns = PEOPLE[n:] + PEOPLE[:n]
        if last == "correct":
            self.correct(turns[0], name)
            self.verify(turns[0])
        elif last == "verify" and self.asked[entry] is not None:
            for who in [p for p in turns if self.may_check(entry, p)][:1]:
                self.enter(who, name)
                self.answer(who)
        elif last == "differ":
            for who in [p for p in turns if p in SETTLERS][:2]:
                if self.kinds(entry)[-1] == "differ":
                    self.settle(who, side, name)
        else:
            self.archive()

    @rule()
    def archive(self):
        with self.database.session() as s:
            for entry_id in review.due_for_archive(s, 0, utc_now()):
                entry = s.get(Entry, entry_id)
                entry.status = "archived"
                self.archived[entry_id] = list(self.steps[entry_id])

    @invariant()
    def archived_only_when_checked_by_different_people(self):
        for entry, steps in getattr(self, "archived", {}).items():
            by = {what: who for what, who, _ in steps}
            assert "verify" in by
            if self.asked[entry] is not None:
                last = steps[-1][0]
                assert last in ("agree", "settle")
                stages = [{w for k, w, _ in steps if k in ("correct", "verify")},
                          *({w} for k, w, _ in steps if k in ("agree", "differ", "settle"))]
                assert sum(map(len, stages)) == len(set().union(*stages))

    @invariant()
    def says_what_the_steps_say(self):
        if not hasattr(self, "database"):
            return
        with self.database.reading() as s:
            for entry in self.entries:
                row = s.get(Entry, entry)
                assert entry_versions.values_of(row).fields["nksHoTen"] == self.name[entry]
                assert (row.status in ("verified", "archived")) == ("verify" in self.kinds(entry))
                check = s.get(SecondCheck, entry)
                state = {"verify": "open", "agree": "agreed", "differ": "differs", "settle": "settled"}.get((self.kinds(entry) or [""])[-1])
                assert (check and check.state) == (state if self.asked[entry] is not None else None)
                if check is not None:
                    assert s.scalars(select(SecondCheck).where(SecondCheck.entry_id == entry)).one().first_by in {
                        w.name for k, w, _ in self.steps[entry] if k == "verify"}
            events.verify_chain(s)


SecondCheckMachine.TestCase.settings = settings(max_examples=20, stateful_step_count=30, deadline=None,
                                                suppress_health_check=list(HealthCheck))
TestSecondCheckMachine = SecondCheckMachine.TestCase
