"""The policy: for generated people, places, records and actions, Python and SQL give one answer, and it is the least that was granted."""
from __future__ import annotations

import itertools

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from portal.batch_view import visible_batches, visible_page
from storage import dossier_review, search
from storage.clients import client_actor, client_grants
from storage.database import Database
from storage.models import Batch, Dossier, Entry, Link, Page
from storage.policy import KINDS, RIGHTS, ROLES, WHOLE, Actor, Grant, allowed, allows, communes_of, kinds_of, may_approve
from storage.review_errors import NoSuchDossier, NoSuchEntry
from storage.review_queue import queue, visible_entries
from storage.search_keys import write_keys

COMMUNES = ("21139", "21140", "00001")
PLACES = list(itertools.product((*COMMUNES, None), ("KS", "KH", "HS", None)))

grants = st.builds(
    Grant, st.sampled_from([*ROLES, "king", "program.read", "program.sync"]),
    st.none() | st.frozensets(st.sampled_from((*COMMUNES, "99999")), max_size=3),
    st.none() | st.frozensets(st.sampled_from(KINDS), max_size=3))
actors = st.builds(Actor, st.sampled_from(["an", "binh"]), grants=st.lists(grants, max_size=4).map(tuple))


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """A book for every place, each with a page, an entry of its kind and, where it is one, a dossier."""
    database = Database(tmp_path_factory.mktemp("policy") / "sogoc.db")
    database.upgrade()
    engine = database.engine
    with Session(engine) as session:
        for n, (commune, kind) in enumerate(PLACES, 1):
            session.add(Batch(id=f"b{n}", folder="", content_hash=str(n), kind=kind, commune_code=commune, declared={}))
            session.flush()
            session.add(Page(id=n, batch_id=f"b{n}", file="1.jpg", sha256=str(n), size=1, state="read"))
            session.add(Entry(id=n, page_id=n, kind=kind or "KS", status="review", number="7", year=2017))
            session.flush()
            session.add(Link(entry_id=n, role="nks", personal_id="051217000001", decision="accept", probability=1.0))
            if kind == "HS":
                session.add(Dossier(id=n, batch_id=f"b{n}", fields={"canXacNhan": ["soKyHieu"]}))
            write_keys(session, n)
        session.commit()
        yield session


@settings(max_examples=120, deadline=None)
@given(actor=actors, right=st.sampled_from(sorted(RIGHTS)))
def test_python_and_sql_answer_alike(ledger, actor, right):
    condition = allowed(actor, right, Batch.commune_code, Batch.kind)
    by_sql = set(ledger.scalars(sa.select(Batch.id).where(condition)))
    by_python = {f"b{n}" for n, (commune, kind) in enumerate(PLACES, 1) if allows(actor, right, commune, kind)}
    assert by_sql == by_python
    if by_python:
        assert actor.may(right)


@settings(max_examples=40, deadline=None)
@given(actor=actors)
def test_every_way_to_a_record_gives_what_the_policy_says_and_nothing_else(ledger, actor):
    """visible_entries, the queue, pages, dossiers, searches: each against `allows`, record by record."""
    kinds = {n: kind or "KS" for n, (_, kind) in enumerate(PLACES, 1)}

    def may(right):
        return {n for n, (commune, _) in enumerate(PLACES, 1) if allows(actor, right, commune, kinds[n])}

    for right in ("batch.see", "review", "record.see", "approve"):
        assert set(ledger.scalars(visible_entries(actor, right).with_only_columns(Entry.id))) == may(right)
    assert {i.entry_id for i in queue(ledger, actor)} == may("review")
    known = may("record.see") | may("review") | may("approve")
    hits = search.by_personal_number(ledger, "051217000001", ["KS"], actor=actor, statuses=("review",))
    assert {h.entry_id for h in hits} == {n for n in known if kinds[n] == "KS"}
    hits = search.by_register_number(ledger, "KH", "7", 2017, actor=actor, statuses=("review",))
    assert {h.entry_id for h in hits} == {n for n in known if kinds[n] == "KH"}
    assert set(ledger.scalars(visible_batches(actor).with_only_columns(Batch.id))) == {
        f"b{n}" for n, place in enumerate(PLACES, 1) if allows(actor, "batch.see", *place)}
    for n, place in enumerate(PLACES, 1):
        seen = [True, True]
        try:
            visible_page(ledger, actor, n, "review", "record.see")
        except NoSuchEntry:
            seen[0] = False
        try:
            dossier_review.visible_dossier(ledger, actor, n)
        except NoSuchDossier:
            seen[1] = False
        assert seen == [allows(actor, "review", *place) or allows(actor, "record.see", *place),
                        place[1] == "HS" and allows(actor, "review", *place)]


@given(actor=actors, right=st.sampled_from(sorted(RIGHTS)), place=st.sampled_from(PLACES), more=grants)
def test_what_no_grant_gives_is_refused_and_a_grant_more_takes_nothing_away(actor, right, place, more):
    """An independent statement of the rule: some one grant has role, commune and kind; parts of two grants do not add up."""
    def gives(g):
        rights = {**ROLES, "program.read": {"api.read"}, "program.sync": {"batch.upload"}}.get(g.role, set())
        whole = g.communes is None and g.kinds is None
        return (right in rights and (g.communes is None or place[0] in g.communes) and (g.kinds is None or place[1] in g.kinds)
                and (whole or right not in WHOLE))

    assert allows(actor, right, *place) == any(gives(g) for g in actor.grants)
    both = Actor(actor.name, grants=(*actor.grants, more))
    assert allows(both, right, *place) >= allows(actor, right, *place)
    assert not allows(Actor("x", grants=()), right, *place)


@given(actor=actors, right=st.sampled_from(sorted(RIGHTS - WHOLE)), place=st.sampled_from(PLACES))
def test_communes_and_kinds_of_a_right_agree_with_it(actor, right, place):
    commune, kind = place
    communes, kinds = communes_of(actor, right), kinds_of(actor, right, commune)
    if allows(actor, right, commune, kind):
        assert (communes is None or commune in communes) and (kinds is None or kind in kinds)
    elif communes is not None and commune not in communes:
        assert kinds == frozenset()
    if kinds is None:
        assert allows(actor, right, commune, kind)


def test_two_roles_in_two_communes_do_not_mix():
    actor = Actor("an", grants=(Grant("reviewer", frozenset({"21139"})), Grant("auditor", frozenset({"21140"}), frozenset({"KS"}))))
    assert actor.may("review") and actor.may("review", commune="21139", kind="KH") and not actor.may("review", commune="21140", kind="KS")
    assert actor.may("batch.see", commune="21140", kind="KS") and not actor.may("batch.see", commune="21140", kind="KH")
    assert not actor.may("log.see") and not actor.everywhere("batch.see")
    with pytest.raises(TypeError):
        actor.may("review", commune="21139")


def test_nobody_approves_their_own_work_whatever_their_roles():
    an = Actor("an", grants=(Grant("administrator"), Grant("approver")))
    assert may_approve(an, ["binh"], "21139", "KS") and not may_approve(an, ["binh", "an"], "21139", "KS")
    assert not may_approve(Actor("chi", "reviewer"), ["binh"], "21139", "KS")


def test_scopes_of_a_program_are_grants():
    assert client_grants(["KS:read", "KH:read", "KS:copy", "sync:21139", "nonsense", "XX:read"]) == (
        Grant("program.read", None, frozenset({"KS", "KH"})), Grant("program.copy", None, frozenset({"KS"})),
        Grant("program.sync", frozenset({"21139"})))
    program = client_actor("motcua", ["KS:read", "sync:21139"])
    assert program.may("api.read", commune="21140", kind="KS") and not program.may("api.copy", commune="21140", kind="KS")
    assert communes_of(program, "batch.upload") == {"21139"} and not program.may("review") and not program.may("batch.see")
