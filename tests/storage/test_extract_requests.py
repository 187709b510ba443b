"""Requests for extracts: one record or none, once and not twice, by whom."""
from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import extract_house as house
import pytest
import sqlalchemy as sa
from extract_house import (
    CLERK,
    HEAD,
    PURPOSE,
    STRANGER,
    Unsigned,
    archived,
    ask,
    at,
    identity,
    on_both,
)

from storage.extracts import listing, requests, steps
from storage.extracts.errors import (
    NoFormInForce,
    NoSuchExtract,
    NoSuchRecord,
    RequestDiffers,
)
from storage.extracts.requests import Registration, Request
from storage.models import Entry, Event
from storage.review_errors import NotAllowed

__all__ = ["at", "identity", "on_both"]


def test_a_registration_names_one_record_or_none(at):
    entry = archived(at.ledger)
    archived(at.ledger, more={"so": "2"})
    named = Registration("KS", "01", date(2017, 3, 18), "01/2017", house.COMMUNE, "LÊ THỊ LOAN", "2017-03-01")
    with at.database.reading() as s:
        assert requests.find_entry(s, named) == entry
        assert requests.find_entry(s, Registration("KS", "1", date(2017, 3, 18))) == entry
        for wrong in (replace(named, name="Lê Thị Lan"), replace(named, born="2017-03-02"), replace(named, day=date(2017, 3, 19)),
                      replace(named, kind="KT"), replace(named, number="3"), replace(named, place="00001")):
            with pytest.raises(NoSuchRecord):
                requests.find_entry(s, wrong)
    with at.database.session() as s:
        next(f for f in s.get_one(Entry, entry).fields if f.code == "ngayDangKy").value = "2017"        # the book has the year alone
    with at.database.reading() as s:
        assert requests.find_entry(s, replace(named, day=date(2017, 3, 19))) == entry
    archived(at.ledger)             # the same once more, as of a second copy of the book: nobody guesses
    with at.database.reading() as s, pytest.raises(NoSuchRecord) as refused:
        requests.find_entry(s, named)
    assert refused.value.evidence == {"found": 2}


def test_the_same_request_is_one_extract(on_both):
    entry, other = archived(on_both.ledger), archived(on_both.ledger, "KT")
    first = ask(on_both, entry, key="k1")
    assert ask(on_both, entry, key="k1").id == first.id == ask(on_both, entry).id == ask(on_both, entry, key="k2").id
    with pytest.raises(RequestDiffers):
        ask(on_both, other, key="k1")
    with pytest.raises(RequestDiffers):
        ask(on_both, entry, key="k1", copies=2)
    assert ask(on_both, other).id != first.id                   # another record of the same dossier
    with ThreadPoolExecutor(6) as pool:
        made = set(pool.map(lambda n: ask(on_both, entry, "d-2", key=("", "k9")[n % 2]).id, range(12)))
    assert len(made) == 1
    steps.refuse(on_both, CLERK, first.id, "Không đủ giấy tờ")
    assert ask(on_both, entry).id not in {first.id, *made}
    with on_both.database.reading() as s:
        asked = s.scalars(sa.select(Event).where(Event.action == "extract.request")).all()
        assert len(asked) == 4 and all(e.detail["service"] == "2.000635" and e.detail["dossier"] for e in asked)
        assert not any(v in json.dumps(e.detail, ensure_ascii=False) for e in asked for v in ("Loan", "2017-03-01"))


def test_only_archived_records_of_the_four_kinds_and_only_where_one_may(at):
    entry = archived(at.ledger)
    with pytest.raises(NotAllowed):
        ask(at, entry, actor=STRANGER)
    with pytest.raises(NotAllowed):
        ask(at, entry, actor=HEAD)
    with at.database.session() as s:
        s.get_one(Entry, entry).kind = "GH"
    with pytest.raises(NoFormInForce):
        ask(at, entry)
    with at.database.session() as s:
        s.get_one(Entry, entry).status = "verified"
    with pytest.raises(NoSuchRecord):
        ask(at, entry)


def test_a_program_sees_its_own_and_says_only_that_it_has_them(at):
    from storage.clients import client_actor

    at = replace(at, signer=Unsigned())
    mine, theirs = (client_actor(name, ["KS:extract"]) for name in ("motcua", "khac"))
    extract, new = requests.take(at, mine, Request(archived(at.ledger), PURPOSE.dossier), PURPOSE)
    again, newer = requests.take(at, mine, Request(extract.entry_id, PURPOSE.dossier), PURPOSE)
    assert new and not newer and again.id == extract.id
    with at.database.reading() as s:
        assert listing.visible_extract(s, mine, extract.id).id == extract.id
        with pytest.raises(NoSuchExtract):
            listing.visible_extract(s, theirs, extract.id)
    with pytest.raises(NotAllowed):
        steps.sign(at, mine, extract.id)
    with pytest.raises(NotAllowed):
        requests.take(at, client_actor("motcua", ["KS:read"]), Request(extract.entry_id, "x"), PURPOSE)
    for step, actor in ((steps.sign, HEAD), (steps.number, CLERK), (steps.issue, CLERK)):
        step(at, actor, extract.id)
    with pytest.raises(NoSuchExtract):
        steps.deliver(at, theirs, extract.id)
    assert steps.deliver(at, mine, extract.id, PURPOSE).delivered_by == "client:motcua"
