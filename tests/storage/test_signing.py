from __future__ import annotations

import io
import subprocess
from datetime import UTC, datetime, timedelta

import pikepdf
import pytest
from registers import page_image

from storage.errors import SigningFailed
from storage.pdfa import DocumentInfo, PdfPage, build, check_pdfa
from storage.signing import Signer, create_demo_identity, verify_pdf

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def signer(tmp_path_factory) -> Signer:
    return Signer(create_demo_identity(tmp_path_factory.mktemp("identity"), "UBND xã Mẫu"), "UBND xã Mẫu", clock=lambda: NOW)


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return build([PdfPage(page_image(), 827, 1169, 100, [("Nguyễn", (100, 200, 200, 230))])], DocumentInfo("x", "y", NOW))


@pytest.fixture(scope="module")
def signed(signer, pdf) -> bytes:
    return signer.sign(pdf)


def test_a_signed_copy_is_valid_and_still_pdfa(signer, pdf, signed):
    report = verify_pdf(signed, signer.roots())
    assert report.valid and report.intact and report.covers_all and report.trusted and report.demo and report.when == NOW
    assert report.problems == () and report.organisation == "UBND xã Mẫu"
    assert any("không có gì thay đổi" in line for line in report.lines("vi"))
    assert any(f"lúc {NOW + timedelta(hours=7):%d/%m/%Y %H:%M}, theo" in line for line in report.lines("vi"))
    assert any("nothing has changed" in line for line in report.lines("en"))
    assert check_pdfa(signed) == [] and signed.startswith(pdf)


def test_it_is_pades_and_pdfa_for_others_too(signed, tmp_path):
    """pyhanko's own reading of it, poppler's, and pikepdf's PDF/A validator, which knows no forms and finds nothing else."""
    from pikepdf import pdfa as judge
    from pyhanko.pdf_utils.reader import PdfFileReader

    embedded = PdfFileReader(io.BytesIO(signed)).embedded_signatures[0]
    assert embedded.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert "signing_time" not in [a["type"].native for a in embedded.signer_info["signed_attrs"]]      # PAdES B-B: not allowed
    path = tmp_path / "a.pdf"
    path.write_bytes(signed)
    told = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, timeout=60).stdout
    assert "Signature is Valid" in told and "Total document signed" in told
    assert {f.rule for f in judge.validate_written(path, "2b").findings} <= {"pikepdf:schema-Catalog"}


def test_its_place_is_the_top_right_of_page_1_with_agency_and_iso_time(signer, signed, tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(signed)
    with pikepdf.open(io.BytesIO(signed)) as opened:
        box, media = [float(v) for v in opened.pages[0].Annots[0].Rect], [float(v) for v in opened.pages[0].MediaBox]
    assert box[0] > media[2] / 2 and box[1] > media[3] * 0.9 and box[2] <= media[2] and box[3] <= media[3]
    text = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True, timeout=30).stdout
    local = (NOW + timedelta(hours=7)).replace(tzinfo=None).isoformat() + "+07:00"
    assert "Sao y" in text and "UBND xã Mẫu" in text and local in text


def test_an_invisible_signature_shows_nothing(signer, pdf):
    signed = signer.sign(pdf, visible=False)
    with pikepdf.open(io.BytesIO(signed)) as opened:
        assert [float(v) for v in opened.pages[0].Annots[0].Rect] == [0, 0, 0, 0]
    assert verify_pdf(signed, signer.roots()).valid and check_pdfa(signed) == []


def test_any_changed_byte_is_told(signer, pdf, signed):
    for at in range(50, len(pdf), len(pdf) // 25):
        broken = bytearray(signed)
        broken[at] ^= 0x01
        assert not verify_pdf(bytes(broken), signer.roots()).valid, at


def test_what_was_added_afterwards_is_told(signer, signed):
    assert verify_pdf(signed + b"\n% more\n", signer.roots()).problems == ("added_after_signing",)


def test_a_stranger_is_not_trusted(signed, tmp_path):
    other = Signer(create_demo_identity(tmp_path / "other"))
    assert verify_pdf(signed, other.roots()).problems == ("not_trusted",)
    assert verify_pdf(signed, []).problems == ("not_trusted",)


def test_an_expired_certificate_is_told(signer, signed):
    assert verify_pdf(signed, signer.roots(), at=NOW + timedelta(days=4000)).problems == ("expired",)


def test_unsigned_and_unreadable_files_are_told(pdf):
    assert verify_pdf(pdf).problems == ("not_signed",)
    assert verify_pdf(b"hello").problems == ("not_pdf",)
    assert verify_pdf(b"").problems == ("not_pdf",)
    assert verify_pdf(pdf[:400]).problems == ("not_readable",)


def test_keys_are_private_encrypted_and_made_once(tmp_path):
    folder = create_demo_identity(tmp_path / "i", "X")
    for name in ("signer-key.pem", "root-key.pem", "passphrase.txt"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600
    assert b"ENCRYPTED" in (folder / "signer-key.pem").read_bytes()
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    create_demo_identity(folder, "Y")
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_a_wrong_passphrase_is_an_error_without_secrets(pdf, tmp_path):
    folder = create_demo_identity(tmp_path / "i")
    (folder / "passphrase.txt").write_text("wrong\n")
    with pytest.raises(SigningFailed) as e:
        Signer(folder).sign(pdf)
    assert "wrong" not in str(e.value)


def test_a_missing_key_and_a_foreign_file(pdf, signer, tmp_path):
    with pytest.raises(SigningFailed):
        Signer(tmp_path).sign(pdf)
    with pytest.raises(SigningFailed):
        signer.sign(b"not a pdf")
