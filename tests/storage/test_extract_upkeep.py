"""Signatures of extracts are raised and renewed as those of archived copies, and what is handed out is the newest."""
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from certificate_authority import PASSPHRASE, authority
from extract_house import OPTIONS, SIGNER, at, identity, on_both
from test_extract_restore import NUMBERS, entry_in_the_archive, moved
from test_restore import empty_like

from storage.event_segments import write_segments
from storage.extracts import steps
from storage.extracts.checking import check_code
from storage.extracts.keys import export, read_key_file
from storage.extracts.office import Office
from storage.models import Event, Extract, ExtractSignature
from storage.outbox import ObjectLedger
from storage.restore import restore_catalogue
from storage.signature_upkeep import below_level, current_extract, upkeep
from storage.signing import Signer, verify_pdf
from storage.signing_keys import Pkcs12File, Secret

__all__ = ["at", "identity", "on_both"]


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    with authority(tmp_path_factory.mktemp("ca"), tsa_days=60) as found:
        yield found


def signed_by(office: Office, ca, tsa: str = "tsa") -> Office:
    """The office with two people's keys of one authority, and its time stamps."""
    signer = Signer(ca.folder, "UBND xã Nghĩa Kỳ", tsa_url=ca.tsa(tsa), level="B-LTA", roots=ca.roots, when_unreachable="upgrade",
                    key=Pkcs12File(ca.pkcs12("signer"), Secret(PASSPHRASE)))
    person = replace(SIGNER, key=Pkcs12File(ca.pkcs12("person"), Secret(PASSPHRASE)))
    return replace(office, signer=signer, options=replace(OPTIONS, signers={"so.son": person}))


def run(office: Office, renew_days: int = 30):
    return upkeep(office.database, office.ledger, office.signer, office.archive, "sogoc", renew_days=renew_days)


def handed_out(office: Office, extract: Extract) -> bytes:
    with office.database.reading() as session:
        return office.ledger.get(current_extract(session, session.get_one(Extract, extract.id)).key)


def test_both_signatures_are_raised_and_renewed_and_the_code_stays_good(on_both, ca, tmp_path):
    office, ca.up = signed_by(on_both, ca), False
    entry = entry_in_the_archive(office)
    extract, off = moved(office, entry, "d-1", 3), moved(office, entry, "d-2", 3)
    steps.cancel(office, NUMBERS, off.id, "In sai họ tên")
    ca.up = True
    before = handed_out(office, extract)
    assert [s.level for s in verify_pdf(before, ca.roots).signatures] == ["B-B", "B-B"]
    assert run(office).raised == 2                              # the record's copy and the extract
    raised = handed_out(office, extract)
    report = verify_pdf(raised, ca.roots)
    assert report.problems == () and [s.level for s in report.signatures] == ["B-LTA", "B-LTA"] and raised.startswith(before)
    assert run(office).raised == 0 and run(office).renewed == 0
    later = signed_by(on_both, ca, "tsa-next")
    assert run(later, renew_days=90).renewed == 2 and run(later, renew_days=90).renewed == 0
    (tmp_path / "x.pdf").write_bytes(renewed := handed_out(office, extract))
    assert renewed.startswith(raised) and len(verify_pdf(renewed, ca.roots).last.stamps) == 2
    keys = read_key_file(export(office.keys.public(), [p.read_text() for p in ca.roots], ""))
    checked = check_code(tmp_path / "x.pdf", keys, tmp_path / "x.pdf")
    assert checked.problems == () and checked.said.number == "1/TLKS-BS"
    with office.database.reading() as session:
        told = [e for e in session.scalars(sa.select(Event).where(Event.action.startswith("signature.")).order_by(Event.seq))
                if "extract" in e.detail]
        assert [(e.action, e.subject, e.detail["extract"]) for e in told] == [
            ("signature.raise", f"entry:{entry}", extract.id), ("signature.renew", f"entry:{entry}", extract.id)]
        newest = current_extract(session, session.get_one(Extract, extract.id))
        assert newest.key == extract.pdf_key.replace(".pdf", ".ky3.pdf") and newest.retain_until > datetime.now(UTC)
        assert session.get(ExtractSignature, off.id) is None            # a cancelled one is kept as it is


def test_one_not_yet_numbered_is_left_alone_and_a_demo_home_too(at, ca):
    office = signed_by(at, ca)
    extract = moved(office, entry_in_the_archive(office), "d-1", 1)
    with office.database.reading() as session:
        assert current_extract(session, session.get_one(Extract, extract.id)) is None
    assert run(office).looked == 1                              # the record's copy
    moved(at, extract.entry_id, "d-2", 3)
    assert (done := run(at)).looked == 1 and done.raised == 0
    with office.database.reading() as session:
        assert session.scalars(sa.select(ExtractSignature.level)).all() == ["B-B"] and below_level(session, "B-LTA") == 1


def test_after_a_restore_the_raised_one_is_handed_out(at, ca, tmp_path):
    office = at
    extract = moved(office, entry_in_the_archive(office), "d-1", 3)
    raised = at.ledger.get(extract.pdf_key) + b"\n% raised"
    at.ledger.put("archive", extract.pdf_key.replace(".pdf", ".ky2.pdf"), raised, "application/pdf")
    write_segments(office.ledger, office.archive)
    fresh = empty_like(office.ledger, tmp_path)
    assert restore_catalogue(fresh, office.ledger.store, "cli").problems == []
    assert handed_out(replace(office, database=fresh, ledger=ObjectLedger(fresh, office.ledger.store)), extract) == raised
    fresh.dispose()
