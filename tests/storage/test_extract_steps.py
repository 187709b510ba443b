"""The way of an extract: its people and places, its numbers, the list of what is due."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import extract_house as house
import pytest
import sqlalchemy as sa
from extract_house import (
    CLERK,
    HEAD,
    OFFICER,
    STRANGER,
    Clock,
    Unsigned,
    archived,
    ask,
    at,
    identity,
    issued,
    on_both,
)

from storage import events
from storage.errors import SigningFailed
from storage.extracts import listing, steps
from storage.extracts.errors import (
    NoSuchExtract,
    NotASigner,
    ReasonNeeded,
    WrongState,
)
from storage.models import Event, Extract, ExtractNumber
from storage.policy import Actor
from storage.review_errors import NotAllowed

__all__ = ["at", "identity", "on_both"]


def test_each_step_has_its_people_and_its_place(at):
    at = replace(at, signer=Unsigned())
    extract = ask(at, archived(at.ledger))
    for step in (steps.number, steps.issue, steps.deliver):
        with pytest.raises(WrongState):
            step(at, CLERK, extract.id)
    for actor in (OFFICER, CLERK, Actor("quan.tri")):
        with pytest.raises(NotAllowed):
            steps.sign(at, actor, extract.id)
    with pytest.raises(NotASigner):
        steps.sign(at, Actor("xa.khac", "commune_head", house.COMMUNE), extract.id)
    for step in (steps.sign, steps.number):
        with pytest.raises(NoSuchExtract):
            step(at, STRANGER, extract.id)
    steps.sign(at, HEAD, extract.id)
    with pytest.raises(WrongState):
        steps.sign(at, HEAD, extract.id)
    with pytest.raises(NotAllowed):
        steps.number(at, HEAD, extract.id)                      # who signs gives no number
    steps.number(at, CLERK, extract.id)
    steps.issue(at, OFFICER, extract.id)
    assert steps.steps_open(OFFICER, extract) == [] and steps.deliver(at, OFFICER, extract.id).state == "delivered"
    assert steps.deliver(at, OFFICER, extract.id).delivered_by == "xa.minh"
    with pytest.raises(WrongState):
        steps.cancel(at, CLERK, extract.id, "quá muộn rồi")
    with at.database.reading() as s:
        events.verify_chain(s)
        said = [e.action for e in s.scalars(sa.select(Event).where(Event.action.startswith("extract.")).order_by(Event.seq))]
    assert said == [f"extract.{step}" for step in ("request", "sign", "reserve", "number", "issue", "deliver")]


def test_an_end_needs_a_reason_and_keeps_its_number(at):
    at = replace(at, signer=Unsigned())
    extract = ask(at, archived(at.ledger))
    steps.sign(at, HEAD, extract.id)
    steps.number(at, CLERK, extract.id)
    with pytest.raises(ReasonNeeded):
        steps.cancel(at, CLERK, extract.id, "  x ")
    assert steps.cancel(at, CLERK, extract.id, "In sai họ tên").number == 1
    assert issued(at, archived(at.ledger, "KT")).number == 2


def test_numbers_given_at_once_are_one_after_another(on_both):
    at = replace(on_both, signer=Unsigned())
    ids = [ask(at, archived(at.ledger), f"d-{n}").id for n in range(6)]
    for x in ids:
        steps.sign(at, HEAD, x)
    with ThreadPoolExecutor(6) as pool:
        numbers = list(pool.map(lambda x: steps.number(at, CLERK, x).number, ids))
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]


def test_a_signature_that_fails_costs_no_number(at):
    at = replace(at, signer=Unsigned())
    first, second = (ask(at, archived(at.ledger), f"d-{n}").id for n in (1, 2))
    for x in (first, second):
        steps.sign(at, HEAD, x)
    with pytest.raises(SigningFailed):              # between keeping the number and signing it
        steps.number(replace(at, signer=Unsigned(away=True)), CLERK, first)
    with at.database.reading() as s:
        assert s.get_one(Extract, first).state == "signed" and s.get_one(Extract, first).number == 1
    assert steps.number(at, CLERK, second).number == 2 and steps.number(at, CLERK, first).number == 1
    with at.database.reading() as s:
        assert s.scalars(sa.select(ExtractNumber.last)).all() == [2]


def test_numbers_begin_anew_each_year_and_run_by_agency(at):
    at = replace(at, signer=Unsigned())
    clock: Clock = at.clock
    clock.at = datetime(2026, 12, 31, 16, 59, tzinfo=UTC)           # 23:59 in Vietnam
    assert issued(at, archived(at.ledger), "a").number == 1
    clock.at += timedelta(minutes=2)
    assert (new_year := issued(at, archived(at.ledger), "b")).number == 1 and new_year.issue_day == date(2027, 1, 1)
    elsewhere = ask(at, archived(at.ledger, commune="00001"), "c", Actor("so.nhan", "archivist"))
    assert elsewhere.agency_code == "H21.01"
    steps.sign(at, Actor("so.son", "approver"), elsewhere.id)
    assert steps.number(at, Actor("so.thu", "archivist"), elsewhere.id).number == 1


def test_the_list_has_what_is_due_first_and_what_is_late(at):
    clock: Clock = at.clock
    clock.at = datetime(2026, 12, 4, 9, 0, tzinfo=UTC)              # Friday 16:00: due on Monday
    late = ask(at, archived(at.ledger), "late")
    clock.at = datetime(2026, 12, 7, 2, 0, tzinfo=UTC)
    today = ask(at, archived(at.ledger), "today")
    assert late.due_on == today.due_on == date(2026, 12, 7)
    with at.database.reading() as s:
        assert [x.extract.id for x in listing.extracts(s, CLERK, date(2026, 12, 7))] == [late.id, today.id]
        assert listing.extracts(s, CLERK, date(2026, 12, 7), late=True) == []
        assert len(listing.extracts(s, CLERK, date(2026, 12, 8), late=True)) == 2
        assert listing.counts(s, CLERK, date(2026, 12, 8))["late"] == 2 and listing.extracts(s, STRANGER, date(2026, 12, 8)) == []
        assert listing.is_late(late, date(2026, 12, 8)) and not listing.is_late(late, date(2026, 12, 7))
