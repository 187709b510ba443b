"""The document of an extract: what it says, that it verifies on another machine, what a correction does to it."""
from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace

import extract_house as house
import pikepdf
import pytest
from extract_house import (
    CLERK,
    HEAD,
    Unsigned,
    archived,
    ask,
    at,
    correct,
    identity,
    issued,
    key_file,
    package_id,
)

from storage.extracts import steps
from storage.extracts.checking import check_code, code_texts
from storage.extracts.errors import (
    RecordChanged,
)
from storage.extracts.printed import read_printed
from storage.pdfa import check_pdfa
from storage.signing import verify_pdf

__all__ = ["at", "identity"]


@pytest.mark.parametrize("kind", ["KS", "KH", "KT", "NCM"])
def test_an_extract_of_every_kind_says_what_the_record_says_and_verifies_elsewhere(at, kind, tmp_path):
    extract = issued(at, archived(at.ledger, kind))
    pdf = at.ledger.get(extract.pdf_key)
    file = tmp_path / "x.pdf"
    file.write_bytes(pdf)
    assert check_pdfa(pdf) == []
    report = verify_pdf(pdf, at.signer.roots())
    assert report.valid and [s.field for s in report.signatures] == ["NguoiKyTrichLuc", "CoQuanCapSo"]
    assert all(s.intact and s.whole for s in report.signatures)
    text = " ".join(subprocess.run(["pdftotext", "-raw", str(file), "-"], capture_output=True, text=True, check=True).stdout.split())
    for code, value in house.VALUES[kind].items():
        if code.endswith("HoTen"):
            assert value in text
    assert f"Số: 1/{extract.suffix}" in text and "(BẢN SAO)" in text and "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in text
    assert "UBND XÃ NGHĨA KỲ" in text and "KT. CHỦ TỊCH PHÓ CHỦ TỊCH" in text and "Nguyễn Thị Hòa" in text
    assert code_texts(file) == (extract.code_text,)                     # read off the rendered page by another's decoder
    checked = check_code(file, key_file(at), file)
    assert checked.problems == () and checked.exit_code == 0 and checked.lines()[0].startswith("THẬT")
    assert checked.said.number == f"1/{extract.suffix}" and checked.said.record == extract.package_id
    assert not any(v in extract.code_text or v in str(checked.said) for c, v in house.VALUES[kind].items() if c.endswith("HoTen"))


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="no pdfsig")
def test_poppler_finds_both_signatures_good(at, tmp_path):
    file = tmp_path / "x.pdf"
    file.write_bytes(at.ledger.get(issued(at, archived(at.ledger)).pdf_key))
    said = subprocess.run(["pdfsig", "-nocert", str(file)], capture_output=True, text=True, check=False).stdout
    assert said.count("Signature is Valid") == 2 and said.count("Total document signed") == 1


def test_values_are_of_today_and_the_correction_stands_in_the_notes(at):
    at = replace(at, signer=Unsigned())
    entry = archived(at.ledger, more={"ghiChu": "Cấp lại năm 2020."})
    correct(at, entry, "nksNgaySinh", "2017-03-01", "2017-03-02")
    printed = dict(read_printed(at.ledger.get(issued(at, entry).pdf_key)).values)
    assert printed["nksNgaySinh"] == "02/03/2017" and printed["nksNgaySinhBangChu"].startswith("Ngày mồng hai tháng ba")
    assert printed["ghiChu"].startswith("Cấp lại năm 2020; Cải chính hộ tịch: ") and "từ 01/03/2017 thành 02/03/2017" in printed["ghiChu"]
    assert "15/QĐ-UBND" in printed["ghiChu"] and "05/02/2025" in printed["ghiChu"]
    assert printed["nksQueQuan"] == "xã Nghĩa Kỳ, huyện Tư Nghĩa" and printed["chaNgaySinh"] == "28T"       # as written
    assert printed["meNoiCuTru"] == "(để trống)"


def test_a_correction_after_signing_stops_the_extract(at):
    at = replace(at, signer=Unsigned())
    entry = archived(at.ledger)
    extract = ask(at, entry)
    steps.sign(at, HEAD, extract.id)
    correct(at, entry, "nksGioiTinh", "Nữ", "Nam")
    with pytest.raises(RecordChanged):
        steps.number(at, CLERK, extract.id)
    steps.cancel(at, CLERK, extract.id, "Đã có cải chính mới")
    again = issued(at, entry)
    assert again.id != extract.id and again.number == 1 and again.package_id == package_id(entry, 2)


def test_same_record_and_time_give_the_same_page(at):
    extract = ask(at, archived(at.ledger))
    first, second = (steps.draft(at, HEAD, extract.id) for _ in range(2))
    assert first == second and "BẢN NHÁP" in "".join(text_pieces(first))


def text_pieces(pdf: bytes) -> list[str]:
    from storage.pdf_font import font_facts

    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return [font_facts().decode(bytes(i.operands[0])) for i in pikepdf.parse_content_stream(opened.pages[0]) if str(i.operator) == "Tj"]
