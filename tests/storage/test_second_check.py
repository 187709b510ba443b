"""The second check: who may do it, what they see, what becomes of agreement and of difference, and that undoing leads back."""
from __future__ import annotations

from datetime import timedelta

import pytest
from checked_entries import BINH, BOSS, DUYET, HAI, HEAD, LAN, MOTHERS, TWICE, check, do, people, policy, seed, verify
from sqlalchemy import select

from storage import differences, entry_versions, events, review, second_check, second_check_queue
from storage.archive import ArchiveOptions, archive_entry
from storage.check_policy import SHIPPED, KindPolicy, draw, history, parse, policy_for, set_policy
from storage.differences import Pick
from storage.errors import NotReadyToArchive
from storage.models import Cursor, Entry, EntryVersion, Event, SecondCheck, utc_now
from storage.policy import Actor
from storage.review_errors import (
    BadCheckPolicy,
    BadReason,
    ChangedMeanwhile,
    DifferencesOpen,
    HadAHand,
    LaterStepStands,
    LeasedByOther,
    LinksUndecided,
    NoDifference,
    NoSecondCheck,
    NoSuchCandidate,
    NoSuchEntry,
    NoSuchField,
    NotAllowed,
    NothingToUndo,
    PageSetAside,
)
from storage.second_check_queue import check_counts, step_for, waiting_checks


def state(database, entry_id):
    with database.reading() as s:
        found = s.get(SecondCheck, entry_id)
        return found and found.state


def due(database, seconds=0):
    with database.reading() as s:
        return list(review.due_for_archive(s, seconds, utc_now() + timedelta(seconds=1)))


def values(database, entry_id):
    with database.reading() as s:
        return entry_versions.values_of(s.get(Entry, entry_id))


def stages(database, entry_id):
    with database.reading() as s:
        return {v.stage: v for v in entry_versions.versions(s, s.get(Entry, entry_id))}


def test_one_check_is_enough_by_default(database):
    entry, = seed(database)
    verify(database, LAN, entry)
    assert state(database, entry) is None and due(database) == [entry]
    assert [v.by for v in stages(database, entry).values()] == ["sogoc", "tp.lan"]      # told by the log


def test_two_who_agree(database):
    entry, = seed(database)
    policy(database, TWICE)
    verify(database, LAN, entry, nksHoTen="Lê Thị Hoà")
    assert state(database, entry) == "open" and due(database) == []
    done = check(database, HAI, entry, nksHoTen="LÊ THỊ HÒA")       # case and the place of the tone mark say nothing else
    assert done.state == "agreed" and set(done.outcome.values()) == {"same"}
    assert values(database, entry).fields["nksHoTen"] == "Lê Thị Hoà"
    assert due(database) == [entry] and due(database, 60) == []      # the time to undo runs from the second check
    said = stages(database, entry)
    assert [(s, said[s].by) for s in said] == [("entry", "sogoc"), ("check1", "tp.lan"), ("check2", "tp.hai")]
    assert said["entry"].values.fields["nksHoTen"] == "Lê Thị Loan" and said["entry"].values.links == {"me": None}


def test_who_had_a_hand_does_not_check(database):
    entry, = seed(database)
    policy(database, TWICE)
    do(database, review.correct_field, BINH, entry, "so", "7")
    do(database, review.release, BINH, entry)
    verify(database, LAN, entry)
    for actor in (LAN, BINH):
        with pytest.raises(HadAHand):
            do(database, second_check.take, actor, entry)
        with database.reading() as s:
            assert second_check_queue.next_check(s, actor, "open") is None
            assert second_check_queue.check_counts(s, actor) == second_check_queue.CheckCounts(0, 0, 1)
    with database.reading() as s:
        assert second_check_queue.next_check(s, HAI, "open") == entry
        assert second_check_queue.check_counts(s, HAI) == second_check_queue.CheckCounts(1, 0, 0)


def test_blind_means_blind(database):
    entry, = seed(database)
    policy(database, TWICE)
    verify(database, LAN, entry, mother=MOTHERS[1], nksHoTen="Lê Thị Lan", nksNgaySinh="2017-03-01")
    seen = do(database, second_check.take, HAI, entry).seen
    shown = {f.code: (f.value, f.source) for f in seen.fields}
    assert shown["nksHoTen"] == ("Lê Thị Loan", "ocr") and "nksNgaySinh" not in shown
    assert (seen.links[0].decision, seen.links[0].decided_by, seen.verified_by) == ("review", None, None)
    with database.reading() as s:
        assert second_check_queue.kept_blind(s, HAI, s.get(Entry, entry)) == "open"
        assert second_check_queue.kept_blind(s, LAN, s.get(Entry, entry)) is None
    with database.session() as s:                                    # whoever looks at the entry elsewhere is blind no more
        review.log_view(s, BINH, s.get(Entry, entry), ["nksHoTen"], "review")
        second_check.log_view(s, HAI, s.get(Entry, entry), ["nksHoTen"])
    do(database, review.release, HAI, entry)
    with pytest.raises(HadAHand):
        do(database, second_check.take, BINH, entry)
    with database.reading() as s:
        assert [second_check_queue.next_check(s, a, "open") for a in (BINH, HAI)] == [None, entry]


def test_an_open_check_starts_from_the_first_version(database):
    entry, = seed(database)
    policy(database, KindPolicy(checks=2, blind=False))
    verify(database, LAN, entry, nksHoTen="Lê Thị Lan")
    seen = do(database, second_check.take, HAI, entry).seen
    assert {f.code: f.value for f in seen.fields}["nksHoTen"] == "Lê Thị Lan"
    assert do(database, second_check.answer, HAI, entry).state == "agreed"


def test_an_unfinished_draft_is_its_writers_own(database):
    entry, = seed(database)
    policy(database, TWICE)
    verify(database, LAN, entry)
    do(database, second_check.enter_field, HAI, entry, "nksHoTen", "Lê Thị Lan")
    with pytest.raises(LeasedByOther):
        do(database, second_check.take, BINH, entry)
    do(database, review.release, HAI, entry)

    def name_for(actor):
        seen = do(database, second_check.take, actor, entry).seen
        do(database, review.release, actor, entry)
        return next(f.value for f in seen.fields if f.code == "nksHoTen")

    assert name_for(HAI) == "Lê Thị Lan" and name_for(BINH) == "Lê Thị Loan"
    with pytest.raises(LinksUndecided):
        do(database, second_check.answer, BINH, entry)
    with pytest.raises(NoSuchField):
        do(database, second_check.enter_field, BINH, entry, "khongCo", "x")
    with pytest.raises(NoSuchField):
        do(database, second_check.enter_person, BINH, entry, "cha", None)
    with pytest.raises(NoSuchCandidate):
        do(database, second_check.enter_person, BINH, entry, "me", "051999999999")
    with pytest.raises(ChangedMeanwhile):
        do(database, second_check.answer, BINH, entry, revision=0)


def differing(database):
    entry, = seed(database)
    policy(database, TWICE)
    verify(database, LAN, entry, nksHoTen="Lê Thị Lan")
    done = check(database, HAI, entry, mother=MOTHERS[1], nksHoTen="Lê Thị Loan")
    assert sorted(k for k, v in done.outcome.items() if v == "open") == ["field:nksHoTen", "link:me"]
    return entry


def test_a_third_person_settles(database):
    entry = differing(database)
    assert due(database) == []
    for actor in (HAI, Actor("tp.lan", "approver")):
        with pytest.raises((NotAllowed, HadAHand)):
            do(database, differences.take, actor, entry)
    _, found = do(database, differences.take, DUYET, entry)
    sides = {d.key: (d.left, d.right) for d in found}
    assert set(sides["field:nksHoTen"]) == {"Lê Thị Lan", "Lê Thị Loan"} and set(sides["link:me"]) == set(MOTHERS)
    with pytest.raises(DifferencesOpen):
        do(database, differences.settle, DUYET, entry, {"link:me": Pick("left")})
    with pytest.raises(NoSuchField):
        do(database, differences.settle, DUYET, entry, {"field:so": Pick("left")})
    picks = {"field:nksHoTen": Pick("other", "Lê Thị Lam"), "link:me": Pick("left" if sides["link:me"][0] == MOTHERS[1] else "right")}
    before = values(database, entry)
    do(database, differences.settle, DUYET, entry, picks)
    after = values(database, entry)
    assert after.fields["nksHoTen"] == "Lê Thị Lam" and after.links == {"me": MOTHERS[1]} and due(database) == [entry]
    with database.reading() as s:
        outcome = s.get(SecondCheck, entry).outcome
        assert (outcome["field:nksHoTen"], outcome["link:me"]) == ("other", "second")
        assert [f.personal_id for f in review.link_facts(s, entry)] == list(MOTHERS)
        events.verify_chain(s)
    with pytest.raises(NoDifference):
        do(database, differences.take, DUYET, entry)

    for actor in (LAN, HAI):                                        # in the order of the steps, the last one first
        with pytest.raises(LaterStepStands):
            do(database, review.undo, actor)
    do(database, review.undo, DUYET)
    assert values(database, entry) == before and state(database, entry) == "differs" and due(database) == []
    do(database, review.release, DUYET, entry)
    do(database, review.undo, HAI)
    assert state(database, entry) == "open"
    do(database, review.release, HAI, entry)
    do(database, review.undo, LAN)
    assert state(database, entry) is None
    with database.reading() as s:
        assert s.get(Entry, entry).status == "review"
        assert {v.withdrawn for v in s.scalars(select(EntryVersion))} == {True}
        events.verify_chain(s)
    do(database, review.undo, LAN)                                  # and the choice of the mother before it
    assert values(database, entry).links == {"me": None}


def test_an_earlier_correction_is_not_taken_back_under_a_check(database):
    entry, = seed(database)
    policy(database, TWICE)
    do(database, review.correct_field, BINH, entry, "so", "7")
    do(database, review.release, BINH, entry)
    verify(database, LAN, entry)
    with pytest.raises(LaterStepStands):
        do(database, review.undo, BINH)


def test_fields_the_policy_does_not_name_are_noted_only(database):
    entry, = seed(database)
    policy(database, KindPolicy(checks=2, fields=("nksHoTen",), links=False))
    verify(database, LAN, entry, nksQueQuan="xã A")
    done = check(database, HAI, entry, mother=None, nksQueQuan="xã B")
    assert done.state == "agreed" and {k for k, v in done.outcome.items() if v == "noted"} == {"field:nksQueQuan", "link:me"}


def test_another_commune_and_another_right(database):
    entry, = seed(database)
    policy(database, KindPolicy(checks=2, second="approve"), "KS")
    verify(database, LAN, entry)
    with pytest.raises(NotAllowed):
        do(database, second_check.take, HAI, entry)
    with pytest.raises(NoSuchEntry):
        do(database, second_check.take, Actor("xa.khac", "commune_head", "00001"), entry)
    assert do(database, second_check.take, HEAD, entry).check.needs == "approve"
    with database.reading() as s:
        assert second_check_queue.next_check(s, HAI, "open") is None and second_check_queue.next_check(s, HEAD, "open") == entry
        assert second_check_queue.waiting_checks(s, Actor("x", "auditor"), "differs") == []


def test_who_checks_second_sends_the_page_back(database):
    people(database, LAN, HAI, BINH)
    policy(database, TWICE)
    one, two = seed(database, 2)
    for entry in (one, two):
        verify(database, LAN, entry)
    with pytest.raises(BadReason):
        do(database, second_check.send_back, HAI, one, "vì thích")
    with pytest.raises(HadAHand):
        do(database, second_check.send_back, LAN, one, "unreadable")
    do(database, second_check.send_back, HAI, one, "unreadable", "mờ nửa dưới")
    with database.reading() as s:
        assert [w.entry_id for w in waiting_checks(s, BINH, "open")] == [two]
        assert check_counts(s, BINH).open == 1 and step_for(s, BINH, s.get_one(Entry, one)) is None
    assert due(database) == [] and state(database, one) == "open"
    with pytest.raises(PageSetAside):
        do(database, second_check.answer, BINH, one)
    with pytest.raises(NothingToUndo):
        do(database, review.undo, LAN, one)         # not the first person's to take back
    assert do(database, review.undo, HAI).id == one
    do(database, review.release, HAI, one)
    check(database, BINH, one)
    with database.reading() as s:
        assert [w.entry_id for w in waiting_checks(s, BINH, "open")] == [two]
    assert state(database, one) == "agreed"


def test_policies_are_dated_and_only_added(database):
    first, second = seed(database, 2)
    verify(database, LAN, first)
    policy(database, TWICE, "KS")
    assert state(database, first) is None                           # verified before: as it was then
    verify(database, LAN, second)
    later = utc_now() + timedelta(days=3)
    do(database, set_policy, BOSS, "KS", KindPolicy(), later)
    with database.reading() as s:
        assert [p.version for p in history(s)] == [2, 1, 0] and history(s)[-1] is SHIPPED
        assert [policy_for(s, *at).policy.checks for at in (("KS",), ("KS", later), ("KT",))] == [2, 1, 1]
        assert [e.detail["kind"] for e in s.scalars(select(Event).where(Event.action == "check_policy.set"))] == ["KS", "KS"]
    do(database, set_policy, BOSS, "", KindPolicy(sample=0.5))      # what is announced for KS still begins on its day
    do(database, set_policy, BOSS, "KS", KindPolicy(checks=2, blind=False), later)                  # and can be announced anew
    with database.reading() as s:
        assert (policy_for(s, "KT").version, policy_for(s, "KS").version, policy_for(s, "KS", later).version) == (3, 1, 4)
    with pytest.raises(BadCheckPolicy):
        do(database, set_policy, BOSS, "KS", KindPolicy(), utc_now() - timedelta(days=1))
    with pytest.raises(NotAllowed):
        do(database, set_policy, LAN, "KS", TWICE)


@pytest.mark.parametrize("wrong", [{"checks": 3}, {"sample": 1.5}, {"second": "x"}, {"settle": "review"}, {"fields": ["a b"]}, {"moi": 1}])
def test_a_policy_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(BadCheckPolicy):
        parse(wrong)


def test_the_sample_is_drawn_by_the_secret_alone(database):
    ids = seed(database, 60, link=False)
    people(database, HAI)
    policy(database, KindPolicy(sample=0.3))
    with database.session() as s:
        s.get(Cursor, "second-check:secret").blob = b"another secret"
    for entry in ids:
        verify(database, LAN, entry)
    with database.session() as s:
        drawn = {c.entry_id for c in s.scalars(select(SecondCheck))}
        assert drawn == {i for i in ids if draw(s, f"sample:{i}") < 0.3} and 6 <= len(drawn) <= 32
        assert all(c.blind and c.drawn == "sample" for c in s.scalars(select(SecondCheck)))
        here = next(iter(sorted(drawn)))
    do(database, review.undo, LAN, here)                            # taking back and verifying again draws the same
    verify(database, LAN, here)
    assert state(database, here) == "open"
    assert set(due(database)) == set(ids) - drawn


def test_nobody_is_asked_where_there_is_nobody(database):
    entry, = seed(database, link=False)
    people(database, LAN, Actor("xa.khac", "commune_officer", "00001"), Actor("kiem.toan", "auditor"))
    policy(database, KindPolicy(sample=1.0))
    verify(database, LAN, entry)
    assert state(database, entry) is None and due(database) == [entry]


def test_only_what_waits(database):
    first, _ = seed(database, 2)
    policy(database, TWICE)
    with pytest.raises(NoSecondCheck):
        do(database, second_check.take, HAI, first)
    verify(database, LAN, first)
    do(database, second_check.take, HAI, first)
    with pytest.raises(NothingToUndo):                              # somebody is at it
        do(database, review.undo, LAN)


def test_the_archive_refuses_what_is_not_checked(database):
    entry, = seed(database, link=False)
    policy(database, TWICE)
    verify(database, LAN, entry)
    with pytest.raises(NotReadyToArchive, match="second check"):
        archive_entry(database, None, None, ArchiveOptions(), entry, "sogoc")
