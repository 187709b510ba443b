"""The list of extracts that no longer hold: what stands in it, that nobody forges it, and what a checker without network says with it."""
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from extract_house import CLERK, HEAD, Clock, Unsigned, archived, ask, at, correct, identity, issued, key_file, on_both

from storage.extracts import steps
from storage.extracts.checking import CodeReport, check_code
from storage.extracts.cose import Forged, NotOurCode, UnknownKey, sign1
from storage.extracts.office import Office
from storage.extracts.proof import decode
from storage.extracts.revocation import CONTENT_TYPE, Published, make, read
from storage.models import Extract

__all__ = ["at", "identity", "on_both"]


def checked(office: Office, extract: Extract, revoked: bytes | None, later: timedelta = timedelta(0), days: int = 7) -> CodeReport:
    return check_code(extract.code_text, key_file(office), revoked=revoked, days=days, now=office.now() + later)


def test_a_cancelled_extract_is_found_out_and_others_are_in_force(on_both):
    office = replace(on_both, signer=Unsigned())
    good, off = (issued(office, archived(office.ledger), f"d-{n}") for n in (1, 2))
    before = make(office)
    steps.cancel(office, CLERK, off.id, "In sai họ tên")
    after = make(office)
    assert checked(office, off, before).exit_code == 0 and checked(office, off, None).exit_code == 0
    found = checked(office, off, after)
    assert found.problems == ("extract_cancelled",) and found.exit_code == 1 and found.lines()[0].startswith("ĐÃ HỦY")
    kept = checked(office, good, after)
    assert kept.exit_code == 0 and kept.lines()[0].startswith("MÃ THẬT") and any(x.startswith("CHƯA BỊ HỦY") for x in kept.lines())
    assert checked(office, off, after, timedelta(days=400)).problems == ("extract_cancelled",)        # what is in it stays so


def test_a_record_corrected_since_is_told(on_both):
    office = replace(on_both, signer=Unsigned())
    entry = archived(office.ledger)
    extract = issued(office, entry)
    assert checked(office, extract, make(office)).problems == ()
    correct(office, entry, "nksGioiTinh", "Nữ", "Nam")
    found = checked(office, extract, make(office))
    assert found.problems == ("record_changed_since",) and found.exit_code == 1 and "KHÔNG CÒN HIỆN HÀNH" in found.lines()[0]
    steps.deliver(office, CLERK, extract.id)
    assert read(make(office), office.keys.public()).says(decode(extract.code_text, office.keys.public())) == "changed"


@pytest.mark.parametrize(("later", "days", "state"), [
    (timedelta(days=6), 7, "fresh"), (timedelta(days=8), 7, "old"), (timedelta(days=8), 10, "fresh"), (timedelta(days=2), 1, "old"),
    (-timedelta(hours=2), 7, "ahead")])
def test_a_list_is_fresh_for_days(at, later, days, state):
    office = replace(at, signer=Unsigned())
    extract = issued(office, archived(office.ledger))
    report = checked(office, extract, make(office), later, days)
    assert report.standing.state == state and report.exit_code == (0 if state == "fresh" else 3)
    said = " ".join(report.lines())
    assert ("CHƯA BỊ HỦY" in said) == (state == "fresh") and f"{report.standing.made_at.year}" in said
    assert (f"trong {days} ngày thì mã chỉ chứng minh nơi cấp" in said) == (state != "fresh")
    assert report.lines("en")[0].startswith("THE CODE") and ("NOT REVOKED" in " ".join(report.lines("en"))) == (state == "fresh")


def test_without_a_usable_list_the_code_proves_origin_alone(at):
    office, clock = replace(at, signer=Unsigned()), at.clock
    early = make(office)
    assert isinstance(clock, Clock)
    clock.at += timedelta(days=1)
    extract = issued(office, archived(office.ledger))
    stranger = Ed25519PrivateKey.generate()
    now = int(office.now().timestamp())
    elsewhere = sign1({1: now, 2: now, 3: {"H99": {}}, 4: {}}, *office.keys.signing(), CONTENT_TYPE)
    foreign = sign1({1: now, 2: now, 3: {"H21.129": {}}, 4: {}}, b"8 bytes.", stranger, CONTENT_TYPE)
    for revoked, state, code in ((None, "none", 0), (early, "before", 3), (elsewhere, "elsewhere", 3), (foreign, "unusable", 3),
                                 (b"rubbish", "unusable", 3), (b"", "unusable", 3)):
        report = checked(office, extract, revoked)
        assert (report.standing.state, report.exit_code, report.problems) == (state, code, ())
        assert report.lines()[0].startswith("MÃ THẬT") and any(x.startswith("CHƯA RÕ CÒN GIÁ TRỊ KHÔNG") for x in report.lines())


def test_a_list_is_forged_by_nobody(at):
    office = replace(at, signer=Unsigned())
    off = issued(office, archived(office.ledger))
    steps.cancel(office, CLERK, off.id, "In sai họ tên")
    genuine, keys = make(office), office.keys.public()
    parts = cbor2.loads(genuine).value
    payload = cbor2.loads(parts[2])
    empty = cbor2.dumps(cbor2.CBORTag(18, [parts[0], {}, cbor2.dumps({**payload, 3: {"H21.129": {}}}), parts[3]]))
    with pytest.raises(Forged):
        read(empty, keys)
    with pytest.raises(Forged):
        read(sign1(payload, keys[0].id, Ed25519PrivateKey.generate(), CONTENT_TYPE), keys)
    key_id, private = office.keys.signing()
    with pytest.raises(NotOurCode):                 # a code is no list, whoever signed it
        read(sign1(payload, key_id, private), keys)
    with pytest.raises(UnknownKey):                 # of a time before the key was made
        read(sign1({**payload, 1: payload[1] - 86400 * 400}, key_id, private, CONTENT_TYPE), keys)
    for wrong in ({}, [], {1: "x", 2: 0, 3: {}, 4: {}}, {1: 10**30, 2: 0, 3: {}, 4: {}}, {**payload, 3: []},
                  {**payload, 3: {"a": {2026: "x"}}}):
        with pytest.raises(NotOurCode):
            read(sign1(wrong, key_id, private, CONTENT_TYPE), keys)
    office.keys.rotate()
    assert read(genuine, office.keys.public()).cancelled                                # made before the key was changed
    with pytest.raises(UnknownKey):                 # with the old key, after it was changed
        read(sign1({**payload, 1: payload[1] + 86400}, key_id, private, CONTENT_TYPE), office.keys.public())


def test_it_is_small_and_names_nobody(at):
    office = replace(at, signer=Unsigned())
    for n in range(20):
        steps.cancel(office, CLERK, issued(office, archived(office.ledger), f"d-{n}").id, "In sai họ tên")
    kept = ask(office, archived(office.ledger), "d-kept")
    steps.sign(office, HEAD, kept.id)
    data = make(office)
    told = read(data, office.keys.public())
    assert told.cancelled == {"H21.129": {office.now().year: list(range(1, 21))}, "H21.01": {}} and told.changed == {}
    assert len(data) < 300 and b"Loan" not in data and b"LTL" not in data and told.next_at - told.made_at == timedelta(days=1)


def test_the_published_list_is_made_anew_after_minutes(at):
    office, clock = replace(at, signer=Unsigned()), at.clock
    extract = issued(office, archived(office.ledger))
    published = Published(lambda: office, seconds=300)
    first: bytes = published.current()
    steps.cancel(office, CLERK, extract.id, "In sai họ tên")
    assert published.current() == first
    clock.at += timedelta(minutes=5)
    assert checked(office, extract, published.current()).problems == ("extract_cancelled",)
    clock.at = datetime.fromtimestamp(clock.at.timestamp() - 60, clock.at.tzinfo)
    assert published.current() != first
