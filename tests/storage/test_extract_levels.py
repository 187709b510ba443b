"""Both signatures of an extract, by different keys, at the levels with time stamps and proofs: each verifies after the other was added."""
from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from certificate_authority import PASSPHRASE, authority
from extract_house import NGHIA_KY, SIGNER

from storage.extracts.document import document
from storage.extracts.form import form_in_force
from storage.extracts.office import agency_place, person_place
from storage.extracts.printed import read_printed
from storage.extracts.proof import matrix
from storage.pdfa import check_pdfa
from storage.signing import Signer, verify_pdf
from storage.signing_keys import Pkcs12File, Secret


@pytest.mark.parametrize("level", ["B-T", "B-LTA"])
def test_two_signatures_at_a_level(level, tmp_path):
    with authority(tmp_path, tsa_days=700) as ca:
        agency = Signer(ca.folder, "UBND xã Nghĩa Kỳ", tsa_url=ca.tsa("tsa"), level=level, roots=ca.roots,
                        key=Pkcs12File(ca.pkcs12("signer"), Secret(PASSPHRASE)))
        person = agency.with_key(Pkcs12File(ca.pkcs12("person"), Secret(PASSPHRASE)))
        form = form_in_force("KS", date(2026, 12, 1))
        values = {i.code: "Lê" for i in form.items()}
        pdf, box = document("x", form, values, NGHIA_KY, SIGNER, "AAAAA", datetime(2026, 12, 1, tzinfo=UTC))
        signed = person.sign(pdf, place=person_place(SIGNER, box, "2026-12-01T09:00:00+07:00"))
        both = agency.sign(signed, place=agency_place(NGHIA_KY, "1/TLKS-BS", date(2026, 12, 1), matrix("SG1:TEST")))
        report = verify_pdf(both, ca.roots)
    assert report.problems == () and [s.level for s in report.signatures] == [level, level]
    assert [s.signer for s in report.signatures] == ["Thử nghiệm person", "Thử nghiệm signer"] and both.startswith(signed)
    assert check_pdfa(both) == [] and dict(read_printed(both).values) == values and read_printed(both).number == "1/TLKS-BS"
