"""Levels B-B to B-LTA against an authority, OCSP, CRL and time-stamp services that answer over HTTP."""
from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from certificate_authority import PASSPHRASE, Authority, authority
from registers import page_image

from storage.pdfa import DocumentInfo, PdfPage, build, check_pdfa
from storage.signature_levels import LEVELS, reached
from storage.signing import Signer, verify_pdf
from storage.signing_errors import CertificateRevoked, RevocationUnknown, TimeStampUnavailable
from storage.signing_keys import Pkcs12File, Secret

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    with authority(tmp_path_factory.mktemp("ca"), tsa_days=700) as found:
        yield found


@pytest.fixture
def up(ca):
    ca.up = True
    yield ca
    ca.up = True


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return build([PdfPage(page_image(), 827, 1169, 100, [("Nguyễn", (100, 200, 200, 230))])], DocumentInfo("x", "y", NOW))


def signer_of(ca: Authority, level, label: str = "signer", tsa: str = "tsa", **more) -> Signer:
    return Signer(ca.folder, "UBND xã Mẫu", tsa_url=ca.tsa(tsa), level=level, roots=ca.roots,
                  key=Pkcs12File(ca.pkcs12(label), Secret(PASSPHRASE)), **more)


@pytest.mark.parametrize("level", LEVELS)
def test_each_level_is_reached_and_found_again(up, pdf, level, tmp_path):
    signer = signer_of(up, level)
    signed = signer.sign(pdf)
    report = verify_pdf(signed, up.roots)
    assert report.problems == () and report.level == level == reached(signed)[0] and report.exit_code == 0
    assert report.time_stamped == (level != "B-B")
    last = report.last
    assert last.revocation == ("good" if level in ("B-LT", "B-LTA") else "unknown")
    assert last.chain == ("Thử nghiệm signer", "Thử nghiệm intermediate", "Thử nghiệm root")
    assert bool(last.stamps) == (level == "B-LTA")
    assert check_pdfa(signed) == [] and signed.startswith(pdf)
    assert any(f"mức {level}" in line for line in report.lines("vi")) and any(f"level {level}" in line for line in report.lines("en"))
    path = tmp_path / "a.pdf"
    path.write_bytes(signed)
    told = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, timeout=60).stdout
    assert told.count("Signature is Valid") == 1, told        # poppler does not judge document time stamps


def test_long_kept_ones_outlive_the_signers_certificate(up, pdf):
    """After the signer's certificate is over: B-B and B-T prove nothing any more; with proofs and a time stamp over them all is well."""
    later = NOW + timedelta(days=500)
    lta = signer_of(up, "B-LTA").sign(pdf)
    assert verify_pdf(lta, up.roots, at=later).problems == () and verify_pdf(lta, up.roots, at=later).last.over
    lt = signer_of(up, "B-LT").sign(pdf)
    assert verify_pdf(lt, up.roots, at=later).problems == () and verify_pdf(lt, up.roots, at=NOW + timedelta(days=100)).level == "B-LT"
    assert verify_pdf(signer_of(up, "B-T").sign(pdf), up.roots, at=later).problems == ("expired",)
    assert verify_pdf(signer_of(up, "B-B").sign(pdf), up.roots, at=later).problems == ("expired",)


def test_a_time_stamp_is_renewed_before_its_certificate_ends(up, pdf):
    after_tsa, lta = NOW + timedelta(days=800), signer_of(up, "B-LTA").sign(pdf)
    assert verify_pdf(lta, up.roots, at=after_tsa).problems == ("expired",)
    renewed = signer_of(up, "B-LTA", tsa="tsa-next").evidence().renew(lta)
    assert renewed.startswith(lta) and check_pdfa(renewed) == []
    assert reached(renewed)[1] > after_tsa > reached(lta)[1]
    report = verify_pdf(renewed, up.roots, at=after_tsa)
    assert report.problems == () and len(report.last.stamps) == 2


@pytest.mark.parametrize("level", ["B-T", "B-LT", "B-LTA"])
def test_no_service_waits_or_is_made_good_later(up, pdf, level):
    waiting, upgrading = signer_of(up, level), signer_of(up, level, when_unreachable="upgrade")
    up.up = False
    with pytest.raises(TimeStampUnavailable if level == "B-T" else (TimeStampUnavailable, RevocationUnknown)):
        waiting.sign(pdf)
    low = upgrading.sign(pdf)
    assert reached(low)[0] == "B-B" and verify_pdf(low, up.roots).level == "B-B"
    up.up = True
    raised = upgrading.evidence().raise_level(low, level)
    report = verify_pdf(raised, up.roots)
    assert report.problems == () and raised.startswith(low) and check_pdfa(raised) == []
    assert LEVELS.index(report.level) >= LEVELS.index(level), report


def test_a_service_that_refuses_connections(up, pdf):
    signer = Signer(up.folder, tsa_url="http://127.0.0.1:9/", level="B-T", roots=up.roots, key=Pkcs12File(up.pkcs12(), Secret(PASSPHRASE)))
    with pytest.raises(TimeStampUnavailable) as e:
        signer.sign(pdf)
    assert "127.0.0.1:9" in e.value.message("vi")


def test_a_revoked_certificate_does_not_sign_from_b_lt_on(up, pdf):
    with pytest.raises(CertificateRevoked):
        signer_of(up, "B-LT", label="revoked").sign(pdf)


def test_a_chain_nobody_trusts_is_said(up, pdf):
    signer = Signer(up.folder, tsa_url=up.tsa(), level="B-LT", roots=[up.pem("tsa-root")], key=Pkcs12File(up.pkcs12(), Secret(PASSPHRASE)))
    with pytest.raises(RevocationUnknown):
        signer.sign(pdf)
    assert verify_pdf(signer_of(up, "B-T").sign(pdf), [up.pem("tsa-root")]).problems == ("not_trusted",)


def test_b_b_asks_nobody(up, pdf):
    up.asked.clear()
    signer_of(up, "B-B").sign(pdf)
    assert up.asked == []


def test_a_certificate_revoked_before_or_after_it_signed(up, pdf):
    """A level B-T signature by a revoked certificate: the file alone cannot know; with an answer in the file it is named."""
    signed = signer_of(up, "B-T", label="revoked").sign(pdf)
    assert verify_pdf(signed, up.roots).problems == () and verify_pdf(signed, up.roots).last.revocation == "unknown"
    with pytest.raises(CertificateRevoked):
        signer_of(up, "B-LT").evidence().raise_level(signed, "B-LT")
