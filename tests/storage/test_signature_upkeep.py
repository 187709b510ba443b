"""Archived copies are raised and renewed beside the first one, which stays as it was."""
from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from certificate_authority import PASSPHRASE, authority
from registers import add_entry, add_page, page_image

from storage.archive import ArchiveOptions, archive_entry, verify_archive
from storage.models import CopySignature, Event
from storage.signature_upkeep import below_level, current_copy, look, upkeep
from storage.signing import Signer, verify_pdf
from storage.signing_errors import SigningWaits
from storage.signing_keys import Pkcs12File, Secret

OPTIONS = ArchiveOptions(undo_seconds=0, fonds_code="THU", retain_days=1, retention_mode="GOVERNANCE", agency_name="UBND xã Mẫu")


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    with authority(tmp_path_factory.mktemp("ca"), tsa_days=60) as found:
        yield found


def test_b_b_copies_are_raised_and_time_stamps_renewed(ledger, ca):
    database = ledger.database

    def signer(tsa: str = "tsa") -> Signer:
        return Signer(ca.folder, "UBND xã Mẫu", tsa_url=ca.tsa(tsa), level="B-LTA", roots=ca.roots, when_unreachable="upgrade",
                      key=Pkcs12File(ca.pkcs12(), Secret(PASSPHRASE)))

    def run(tsa: str = "tsa", renew_days: int = 30):
        return upkeep(database, ledger, signer(tsa), OPTIONS, "sogoc", renew_days=renew_days)

    ca.up = False
    package = archive_entry(database, ledger, signer(), OPTIONS, add_entry(ledger, add_page(ledger, "KS.2017.01", "KS.2017.01.001.jpg",
                                                                                            page_image())), "sogoc")
    waiting = run()
    assert waiting.looked == 1 and isinstance(waiting.waiting, SigningWaits) and waiting.raised == 0
    with database.reading() as session:
        assert below_level(session, "B-LTA") == 1 and current_copy(session, package).key == package.pdf_key
    ca.up = True
    first = run()
    assert (first.raised, first.renewed, first.failed, first.waiting) == (1, 0, [], None)
    assert (run().raised, run().renewed) == (0, 0)                      # nothing more to do
    second = run("tsa-next", renew_days=90)                            # the service's certificate ends in 60 days
    assert (second.raised, second.renewed, second.failed) == (0, 1, [])
    assert run("tsa-next", renew_days=90).renewed == 0
    with database.session() as session:
        newest = current_copy(session, package)
        assert newest.key == package.pdf_key.replace(".pdf", ".ky3.pdf") and newest.retain_until > datetime.now(UTC)
        assert session.scalars(sa.select(Event.action).where(Event.action.startswith("signature."))).all() == ["signature.raise",
                                                                                                               "signature.renew"]
        session.execute(sa.delete(CopySignature))                       # the rows are made again from what is stored
    assert run("tsa-next", renew_days=90).looked == 1
    with database.reading() as session:
        assert current_copy(session, package).key == newest.key
    before, after = ledger.get(package.pdf_key), ledger.get(newest.key)
    assert after.startswith(before) and verify_pdf(after, ca.roots).level == "B-LTA" and len(verify_pdf(after, ca.roots).last.stamps) == 2
    assert [d for d in verify_archive(database, ledger.store) if d.code != "object_unfinished"] == []
    a_strangers_file_is_no_copy(ledger, package, newest.key)


def a_strangers_file_is_no_copy(ledger, package, newest):
    """Also on a machine where the catalogue was rebuilt: the raised copy is handed out, a file laid beside it is not."""
    ledger.put("archive", package.pdf_key.replace(".pdf", ".ky9.pdf"), b"%PDF-1.7 another paper", "application/pdf")
    with ledger.database.session() as session:
        session.execute(sa.delete(CopySignature))
    assert look(ledger.database, ledger, raised_only=True) == 1
    with ledger.database.reading() as session:
        assert current_copy(session, package).key == newest


def test_b_b_is_left_alone(sqlite_ledger, ca):
    signer = Signer(ca.folder, key=Pkcs12File(ca.pkcs12(), Secret(PASSPHRASE)), roots=ca.roots)
    archive_entry(sqlite_ledger.database, sqlite_ledger, signer, OPTIONS,
                  add_entry(sqlite_ledger, add_page(sqlite_ledger, "KS.2017.01", "KS.2017.01.001.jpg", page_image())), "sogoc")
    ca.asked.clear()
    done = upkeep(sqlite_ledger.database, sqlite_ledger, signer, OPTIONS, "sogoc")
    assert (done.looked, done.raised, done.renewed) == (1, 0, 0) and ca.asked == []
