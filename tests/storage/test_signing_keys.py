"""Keys from PEM files, PKCS#12 and a PKCS#11 token (SoftHSM)."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import signing_token_store
from certificate_authority import PASSPHRASE, authority
from registers import page_image

from storage.errors import SigningFailed
from storage.pdfa import DocumentInfo, PdfPage, build, check_pdfa
from storage.signing import Signer, verify_pdf
from storage.signing_errors import ALL_SIGNING_ERRORS, TokenPinWrong, TokenUnavailable
from storage.signing_keys import Pkcs11Token, Pkcs12File, Secret

needs_token = pytest.mark.skipif(signing_token_store.module() is None, reason="SoftHSM is not installed (apt-get install softhsm2)")


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    with authority(tmp_path_factory.mktemp("ca")) as found:
        yield found


@pytest.fixture(scope="module")
def token(ca, tmp_path_factory):
    certificate = ca.architecture.get_cert("signer").dump()
    with signing_token_store.token(tmp_path_factory.mktemp("token"), ca.folder / "signer.pem", certificate) as t:
        yield t


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return build([PdfPage(page_image(), 827, 1169, 100, [("Nguyễn", (100, 200, 200, 230))])],
                 DocumentInfo("x", "y", datetime.now(UTC).replace(microsecond=0)))


def with_token(ca, token, pin: Secret | None = None, **more) -> Signer:
    key = Pkcs11Token(token.module, more.pop("label", token.label), more.pop("certificate", "ky"), pin or Secret(signing_token_store.PIN))
    return Signer(ca.folder, "UBND xã Mẫu", key=key, roots=[ca.pem("root"), ca.pem("intermediate")], **more)


def test_pkcs12_signs_and_its_passphrase_may_lie_in_a_file(ca, pdf, tmp_path):
    (tmp_path / "p").write_text(PASSPHRASE + "\n")
    signer = Signer(tmp_path, "UBND xã Mẫu", key=Pkcs12File(ca.pkcs12(), Secret(file=tmp_path / "p")), roots=[ca.pem("root")])
    signed = signer.sign(pdf)
    assert verify_pdf(signed, signer.roots()).problems == () and check_pdfa(signed) == []
    facts = signer.certificate()
    assert facts["key"] == "pkcs12" and "Thử nghiệm signer" in facts["subject"] and not facts["demo"]


@pytest.mark.parametrize("passphrase", ["wrong", ""])
def test_a_wrong_passphrase_or_file_is_an_error_without_secrets(ca, pdf, tmp_path, passphrase):
    with pytest.raises(SigningFailed) as e:
        Signer(tmp_path, key=Pkcs12File(ca.pkcs12(), Secret(passphrase))).sign(pdf)
    assert "wrong" not in str(e.value) and PASSPHRASE not in repr(Secret(PASSPHRASE))
    with pytest.raises(SigningFailed):
        Signer(tmp_path, key=Pkcs12File(tmp_path / "none.p12", Secret("x"))).sign(pdf)
    with pytest.raises(SigningFailed):
        Signer(tmp_path, key=Pkcs12File(ca.pkcs12(), Secret(file=tmp_path / "none"))).sign(pdf)


@needs_token
def test_a_token_signs_also_from_threads(ca, token, pdf):
    signer = with_token(ca, token)
    with ThreadPoolExecutor(4) as pool:
        signed = list(pool.map(lambda _: signer.sign(pdf), range(8)))
    assert all(verify_pdf(s, signer.roots()).problems == () for s in signed)
    assert signer.certificate()["key"] == "pkcs11" and "Thử nghiệm signer" in signer.certificate()["subject"]


@needs_token
def test_a_token_that_is_gone_is_said_and_used_again_when_back(ca, token, pdf):
    signer = with_token(ca, token)
    signer.sign(pdf)
    token.take_out()
    try:
        with pytest.raises(TokenUnavailable) as e:
            for _ in range(3):          # what is open may live until its next look at the token
                signer.sign(pdf)
        assert "sogoc" in e.value.message("vi")
    finally:
        token.put_in()
    assert verify_pdf(signer.sign(pdf), signer.roots()).problems == ()


@needs_token
def test_no_such_token_or_certificate(ca, token, pdf, tmp_path):
    for more in ({"label": "other"}, {"certificate": "other"}):
        with pytest.raises(TokenUnavailable):
            with_token(ca, token, **more).sign(pdf)
    with pytest.raises(TokenUnavailable):
        Signer(tmp_path, key=Pkcs11Token(tmp_path / "none.so", "sogoc", "ky", Secret("1"))).sign(pdf)


@needs_token
def test_a_wrong_pin_is_tried_once_only(ca, token, pdf, tmp_path):
    (tmp_path / "pin").write_text("9999\n")
    signer = with_token(ca, token, Secret(file=tmp_path / "pin"), certificate="ky2")
    for _ in range(6):
        with pytest.raises(TokenPinWrong) as e:
            signer.sign(pdf)
        assert "9999" not in str(e.value)
    (tmp_path / "pin").write_text(signing_token_store.PIN)      # put right: no restart is needed
    with pytest.raises(TokenUnavailable):                       # and only then it is seen that there is no such certificate
        signer.sign(pdf)


def test_every_signing_error_has_both_languages():
    codes = {e.code for e in ALL_SIGNING_ERRORS}
    assert len(codes) == len(ALL_SIGNING_ERRORS)
    for error in ALL_SIGNING_ERRORS:
        told = error(token="t", url="u", cause="c")
        assert told.message("vi") != told.message("en") and "?" not in told.message("vi")
