"""What was done to a signed PDF is named: which pages, what kind of thing; what may rightly be added is no change."""
from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from registers import page_image

from storage.pdfa import DocumentInfo, PdfPage, build
from storage.signature_facts import Change
from storage.signature_words import _CHANGES, PROBLEMS
from storage.signing import Signer, create_demo_identity, verify_pdf

name = generic.pdf_name


@pytest.fixture(scope="module")
def signer(tmp_path_factory) -> Signer:
    return Signer(create_demo_identity(tmp_path_factory.mktemp("identity"), "UBND xã Mẫu"), "UBND xã Mẫu")


@pytest.fixture(scope="module")
def pdf() -> bytes:
    page = PdfPage(page_image(), 827, 1169, 100, [("Nguyễn", (100, 200, 200, 230))])
    return build([page, page], DocumentInfo("x", "y", datetime.now(UTC).replace(microsecond=0)))


@pytest.fixture(scope="module")
def signed(signer, pdf) -> bytes:
    return signer.sign(pdf)


def edited(pdf: bytes, change) -> bytes:
    """An incremental update, as an editing program appends it. change(writer, pages)."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    change(writer, [kid.get_object() for kid in writer.root["/Pages"]["/Kids"]])
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def other_content(writer, pages):
    pages[1][name("/Contents")] = writer.add_object(generic.StreamObject(stream_data=b"0 0 100 100 re f"))
    writer.update_container(pages[1])


def a_note(writer, pages):
    note = generic.DictionaryObject({name("/Type"): name("/Annot"), name("/Subtype"): name("/FreeText"),
                                     name("/DA"): generic.TextStringObject(""),
                                     name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 90, 90))),
                                     name("/Contents"): generic.TextStringObject("khác")})
    pages[1][name("/Annots")] = generic.ArrayObject([writer.add_object(note)])
    writer.update_container(pages[1])


def another_page(writer, pages):
    tree = writer.root["/Pages"]
    page = generic.DictionaryObject({name("/Type"): name("/Page"), name("/MediaBox"): pages[0]["/MediaBox"]})
    tree["/Kids"].append(writer.add_object(page))
    tree[name("/Count")] = generic.NumberObject(3)
    writer.update_container(tree)
    writer.update_container(tree["/Kids"])


def a_page_less(writer, pages):
    tree = writer.root["/Pages"]
    del tree["/Kids"][1]
    tree[name("/Count")] = generic.NumberObject(1)
    writer.update_container(tree)
    writer.update_container(tree["/Kids"])


def a_file_in_it(writer, pages):
    writer.root[name("/Names")] = generic.DictionaryObject({name("/EmbeddedFiles"): generic.DictionaryObject()})
    writer.update_root()


@pytest.mark.parametrize(("change", "found"), [
    (other_content, Change("page_content", 2)), (a_note, Change("page_marks", 2)), (another_page, Change("page_added", 3)),
    (a_page_less, Change("page_removed", 2)), (a_file_in_it, Change("attachment")),
])
def test_a_change_after_signing_is_named(signer, signed, change, found):
    report = verify_pdf(edited(signed, change), signer.roots())
    assert report.problems == ("changed_after_signing",) and found in report.signatures[0].changes and report.exit_code == 1
    assert report.intact and not report.covers_all
    if found.page:
        assert any(f"trang {found.page}" in line for line in report.lines("vi"))
        assert any(f"page {found.page}" in line for line in report.lines("en"))


def test_bytes_flipped_in_the_signed_part(signer, pdf, signed):
    at = pdf.index(b"stream", 2000) + 200
    broken = signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1:]
    report = verify_pdf(broken, signer.roots())
    assert report.problems == ("content_changed",) and report.exit_code == 1 and "đừng dùng" in report.lines("vi")[0]


def test_bytes_flipped_in_the_signature_itself(signer, signed):
    for more in (40, 400, 2000, 20000):       # the last one in the zeros that fill its place up
        at = signed.rindex(b"/Contents <") + more
        broken = signed[:at] + (b"1" if signed[at:at + 1] != b"1" else b"2") + signed[at + 1:]
        assert not verify_pdf(broken, signer.roots()).valid and verify_pdf(broken, signer.roots()).exit_code in (1, 4), more


def test_a_removed_signature(signer, pdf, signed):
    def taken_off(writer, pages):
        writer.root["/AcroForm"][name("/Fields")] = generic.ArrayObject()
        writer.update_container(writer.root["/AcroForm"])

    def emptied(writer, pages):
        field = writer.root["/AcroForm"]["/Fields"][0]
        del field["/V"]
        writer.update_container(field)

    for removed in (edited(signed, taken_off), edited(signed, emptied)):
        report = verify_pdf(removed, signer.roots())
        assert report.problems == ("signature_removed",) and report.exit_code == 1 and "gỡ bỏ" in report.lines("vi")[0]
    cut = verify_pdf(signed[:len(pdf)], signer.roots())      # cut back to before it was signed: nothing of it is left to be seen
    assert cut.problems == ("not_signed",) and cut.exit_code == 3 and "đã bị gỡ" in cut.lines("vi")[0]


def test_two_signatures_are_both_told(signer, signed, tmp_path):
    from pyhanko.sign import PdfSignatureMetadata, signers
    from pyhanko.sign.fields import SigSeedSubFilter

    second = Signer(create_demo_identity(tmp_path / "second", "Sở Tư pháp"))
    out = io.BytesIO()
    with second.key.in_use() as key:
        signers.PdfSigner(PdfSignatureMetadata(field_name="Hai", subfilter=SigSeedSubFilter.PADES), key).sign_pdf(
            IncrementalPdfFileWriter(io.BytesIO(signed)), output=out)
    both = verify_pdf(out.getvalue(), [*signer.roots(), *second.roots()])
    assert both.problems == () and [s.organisation for s in both.signatures] == ["UBND xã Mẫu", "Sở Tư pháp"]
    assert "Chữ ký 1 trên 2:" in both.lines("vi") and "Signature 2 of 2:" in both.lines("en")
    assert verify_pdf(out.getvalue(), signer.roots()).problems == ("not_trusted",)
    assert verify_pdf(edited(out.getvalue(), other_content), [*signer.roots(), *second.roots()]).problems == ("changed_after_signing",)


@pytest.mark.parametrize(("data", "problem", "code"), [
    (b"", "not_pdf", 4), (b"\x89PNG\r\n", "not_pdf", 4), (b"%PDF-1.7\nnothing here", "not_readable", 4)])
def test_what_is_no_pdf(data, problem, code):
    report = verify_pdf(data)
    assert report.problems == (problem,) and report.exit_code == code and len(report.lines("vi")) == 1


def test_a_truncated_file_is_never_good(signer, signed):
    for part in range(1, 12):
        assert not verify_pdf(signed[:len(signed) * part // 12], signer.roots()).valid


def test_every_word_is_in_both_languages():
    for vi, en in [*PROBLEMS.values(), *_CHANGES.values()]:
        assert vi and en and vi != en
