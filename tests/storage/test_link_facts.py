"""What reviewers said of links stands through re-runs, other books, new snapshots and new policies, and the log has all of it."""
from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from linked_books import LAN, PEOPLE, answer, book, do, link, links, population
from sqlalchemy import select

from storage import events, review
from storage.database import Database
from storage.link_checks import renew
from storage.links import hear_again
from storage.models import Cursor, Entry, LinkCheck
from storage.review_errors import NoSuchCandidate, NothingToUndo

A, B, C, D = PEOPLE


def reasons(found, entry, role="nks"):
    return [r[0] for r in found[entry, role].reasons]


def test_a_must_link_survives_the_next_run_and_a_population_without_its_person(database):
    old = population(database)
    (entry,) = book(database, "KS.1")
    link(database, "KS.1", {entry: [answer("nks", (A, 0.7), (B, 0.2))]}, old)
    do(database, review.decide_link, LAN, entry, "nks", B, why="cùng địa chỉ với mẹ")
    link(database, "KS.1", {entry: [answer("nks", (A, 0.9999))]}, population(database, (A, C)))
    found = links(database)[entry, "nks"]
    assert (found.personal_id, found.decision, found.decided_by) == (B, "accept", "tp.lan")
    assert found.reasons == [["person_gone"]]
    with database.session() as s:
        s.get_one(Entry, entry)
        (fact,) = review.link_facts(s, entry)
        assert (fact.kind, fact.personal_id, fact.why, fact.who, fact.undone) == ("must", B, "cùng địa chỉ với mẹ", "tp.lan", False)


def test_nobody_of_those_shown_stays_nobody_and_says_when_somebody_new_fits(database):
    old = population(database, (A, B))
    (entry,) = book(database, "KS.1")
    link(database, "KS.1", {entry: [answer("nks", (A, 0.7), (B, 0.2))]}, old)
    do(database, review.decide_link, LAN, entry, "nks", None)
    assert links(database)[entry, "nks"].excluded == [A, B]
    link(database, "KS.1", {entry: [answer("nks", (A, 0.9999))]}, old)
    found = links(database)[entry, "nks"]
    assert (found.personal_id, found.decision, found.reasons) == (None, "none", [])
    link(database, "KS.1", {entry: [answer("nks", (C, 0.9999))]}, population(database))
    found = links(database)[entry, "nks"]
    assert (found.personal_id, found.decision, found.reasons) == (None, "none", [["new_person", C]])


def test_a_ruled_out_person_is_never_linked_again_and_the_next_waits_for_a_person(database):
    old = population(database)
    (entry,) = book(database, "KS.1")
    said = {entry: [answer("nks", (A, 0.9), (B, 0.09))]}
    link(database, "KS.1", said, old)
    do(database, review.rule_out, LAN, entry, "nks", A)
    for _ in range(2):
        found = links(database)[entry, "nks"]
        assert (found.personal_id, found.decision, [c["personal_id"] for c in found.candidates]) == (B, "review", [B])
        assert reasons(links(database), entry) == ["ruled_out"] and found.probability > 0.8
        link(database, "KS.1", said, old)
    with pytest.raises(NoSuchCandidate):
        do(database, review.rule_out, LAN, entry, "nks", A)
    do(database, review.undo, LAN)
    assert (links(database)[entry, "nks"].personal_id, links(database)[entry, "nks"].excluded) == (A, [])
    with database.reading() as s:
        assert [(f.kind, f.personal_id, f.undone) for f in review.link_facts(s, entry)] == [("cannot", A, True)]


def test_two_books_claim_one_newborn_and_both_wait_until_a_person_decides(database):
    now = population(database)
    (one,), (two,) = book(database, "KS.1"), book(database, "KS.2", nksHoTen="Lê Thị Lan", ngayDangKy="2017-06-18")
    link(database, "KS.1", {one: [answer("nks", (A, 0.9999))]}, now)
    assert links(database)[one, "nks"].decision == "accept"
    link(database, "KS.2", {two: [answer("nks", (A, 0.9999))]}, now)
    found = links(database)
    assert {found[e, "nks"].decision for e in (one, two)} == {"review"}
    assert found[one, "nks"].reasons == [["claimed_twice", str(two)]] and found[two, "nks"].reasons == [["claimed_twice", str(one)]]
    with database.reading() as s:
        assert s.get_one(Entry, one).status == "review" and ["link_review", "nks"] in s.get_one(Entry, one).reasons
    do(database, review.decide_link, LAN, two, "nks", None)
    found = links(database)
    assert found[one, "nks"].decision == "accept" and found[one, "nks"].reasons == []
    do(database, review.undo, LAN)
    assert links(database)[one, "nks"].decision == "review"
    link(database, "KS.2", {two: [answer("nks", (B, 0.9999))]}, now)            # linked elsewhere: the first is free again
    assert links(database)[one, "nks"].decision == "accept"


def test_the_second_copy_of_a_book_does_not_compete(database):
    now = population(database)
    (one,), (two,) = book(database, "KS.1"), book(database, "KS.1-kep", nksHoTen="Lê Thị Loann")
    for name, entry in (("KS.1", one), ("KS.1-kep", two)):
        link(database, name, {entry: [answer("nks", (A, 0.9999))]}, now)
    found = links(database)
    assert {found[e, "nks"].decision for e in (one, two)} == {"accept"} and reasons(found, one) == ["same_event"]


def test_books_come_in_any_order_with_the_same_outcome(tmp_path):
    outcomes = []
    said = {"KS.1": [answer("nks", (A, 0.9999)), answer("me", (C, 0.9999))], "KS.2": [answer("nks", (A, 0.9)), answer("me", (C, 0.9))],
            "KS.3": [answer("nks", (B, 0.998)), answer("me", (C, 0.999))]}
    for order in (("KS.1", "KS.2", "KS.3"), ("KS.3", "KS.2", "KS.1"), ("KS.2", "KS.3", "KS.1")):
        database = Database(tmp_path / f"{order[0]}.db")
        database.upgrade()
        now = population(database)
        entries = {name: book(database, name, nksHoTen=name, nksNgaySinh=f"2017-0{n}-01", ngayDangKy=f"2017-0{n + 1}-01")[0]
                   for n, name in enumerate(sorted(said), 1)}
        for name in order:
            link(database, name, {entries[name]: said[name]}, now)
        outcomes.append({(e, r): (x.personal_id, x.decision, x.joint_probability, x.reasons) for (e, r), x in links(database).items()})
        database.dispose()
    assert outcomes[0] == outcomes[1] == outcomes[2]


PEOPLE_OF = st.sets(st.sampled_from(PEOPLE), min_size=2)
SAID = st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from([0.01, 0.3, 0.9, 0.998, 0.99999])), max_size=3, unique_by=lambda c: c[0])


def ordered(candidates):
    """Candidates as a linker gives them: likeliest first, no more than 1 in all."""
    total = max(1.0, sum(p for _, p in candidates))
    return sorted(((who, p / total) for who, p in candidates), key=lambda c: -c[1])


class LinkMachine(RuleBasedStateMachine):
    """Books are linked again and again, snapshots come, a person decides, rules out and undoes: what they said is never violated."""

    ROLES = ("nks", "me")

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database(Path(self.folder.name) / "m.db")
        self.database.upgrade()
        self.people = set(PEOPLE)
        self.snapshot = population(self.database)
        self.books = {"KS.1": book(self.database, "KS.1", 2), "KS.2": book(self.database, "KS.2", nksNgaySinh="2017-08-01")}
        self.places = [(e, r) for ids in self.books.values() for e in ids for r in self.ROLES]
        self.fact, self.cannot, self.stack, self.said = {}, {place: set() for place in self.places}, [], 0
        for name, ids in self.books.items():
            link(self.database, name, {e: [answer(r, (A, 0.9)) for r in self.ROLES] for e in ids}, self.snapshot)

    def teardown(self):
        if hasattr(self, "database"):
            self.database.dispose()
            self.folder.cleanup()

    @rule(data=st.data(), name=st.sampled_from(["KS.1", "KS.2"]))
    def link_again(self, data, name):
        link(self.database, name, {e: [answer(r, *ordered(data.draw(SAID))) for r in self.ROLES] for e in self.books[name]}, self.snapshot)

    @rule(people=PEOPLE_OF)
    def new_snapshot(self, people):
        self.people, self.snapshot = people, population(self.database, sorted(people))

    @rule(data=st.data(), who=st.sampled_from([*PEOPLE, None]))
    def decide(self, data, who):
        place = data.draw(st.sampled_from(self.places))
        shown = {c["personal_id"] for c in links(self.database)[place].candidates}
        if who is not None and who not in self.people | shown:
            with pytest.raises(NoSuchCandidate):
                do(self.database, review.decide_link, LAN, *place, who)
            return
        do(self.database, review.decide_link, LAN, *place, who)
        self.stack.append((place, self.fact.get(place), set(self.cannot[place])))
        self.cannot[place] = (self.cannot[place] | shown if who is None else self.cannot[place]) - {who}
        self.fact[place], self.said = (who,), self.said + 1

    @rule(data=st.data())
    def rule_out(self, data):
        place = data.draw(st.sampled_from(self.places))
        now = links(self.database)[place]
        who = data.draw(st.sampled_from([*(c["personal_id"] for c in now.candidates), D]))
        if who not in {c["personal_id"] for c in now.candidates}:
            with pytest.raises(NoSuchCandidate):
                do(self.database, review.rule_out, LAN, *place, who)
            return
        do(self.database, review.rule_out, LAN, *place, who)
        self.stack.append((place, self.fact.get(place), set(self.cannot[place])))
        self.cannot[place], self.said = self.cannot[place] | {who}, self.said + 1
        if now.personal_id == who:
            self.fact.pop(place, None)

    @rule()
    def undo(self):
        if not self.stack:
            with pytest.raises(NothingToUndo):
                do(self.database, review.undo, LAN)
            return
        do(self.database, review.undo, LAN)
        place, fact, cannot = self.stack.pop()
        self.cannot[place] = cannot
        self.fact.pop(place, None)
        if fact is not None:
            self.fact[place] = fact

    @rule()
    def new_policy(self):
        renew(self.database)

    @invariant()
    def facts_hold_and_nothing_is_double(self):
        if not hasattr(self, "places"):
            return
        found = links(self.database)
        assert sorted(found) == sorted(self.places)
        for place, row in found.items():
            assert set(row.excluded) == self.cannot[place]
            if place in self.fact:
                assert row.decided_by == "tp.lan" and row.personal_id == self.fact[place][0]
            else:
                assert row.decided_by is None and row.personal_id not in self.cannot[place]
        sure = [x.personal_id for (_, role), x in found.items() if role == "nks" and x.decision == "accept" and x.decided_by is None]
        fixed = {x.personal_id for (_, role), x in found.items() if role == "nks" and x.decided_by is not None}
        copies = {x.personal_id for x in found.values() if any(r[0] == "same_event" for r in x.reasons)}
        assert all(sure.count(p) == 1 and p not in fixed for p in sure if p not in copies)
        with self.database.session() as s:
            facts = [f for ids in self.books.values() for e in ids for f in review.link_facts(s, e)]
            assert len(facts) == self.said and sum(not f.undone for f in facts) == len(self.stack)
            standing = list(s.execute(select(LinkCheck.entry_id, LinkCheck.role).where(~LinkCheck.withdrawn)))
            assert len(standing) == len(set(standing)) and {tuple(p) for p in standing} <= set(self.fact)
            assert len(s.scalars(select(Cursor).where(Cursor.name.like("change:%"))).all()) == self.said
            events.verify_chain(s)
            hear_again(s, [e for ids in self.books.values() for e in ids])
        again = links(self.database)
        assert all((again[p].personal_id, again[p].decision, again[p].joint_probability, again[p].reasons, again[p].blind) ==
                   (x.personal_id, x.decision, x.joint_probability, x.reasons, x.blind) for p, x in found.items())


LinkMachine.TestCase.settings = settings(max_examples=10, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck))
TestLinkMachine = LinkMachine.TestCase
