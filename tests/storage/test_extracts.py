"""Copies of extracts, from the request to a document that another machine checks with a key file alone."""
from __future__ import annotations

import io
import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import extract_house as house
import pikepdf
import pytest
import sqlalchemy as sa
from extract_house import CLERK, HEAD, OFFICER, PURPOSE, Clock, Unsigned, archived, ask, issued, package_id

from storage import events
from storage.errors import SigningFailed
from storage.extracts import listing, requests, steps
from storage.extracts.checking import check_code, code_texts
from storage.extracts.errors import (
    NoFormInForce,
    NoSuchExtract,
    NoSuchRecord,
    NotASigner,
    ReasonNeeded,
    RecordChanged,
    RequestDiffers,
    WrongState,
)
from storage.extracts.keys import export, read_key_file
from storage.extracts.office import Office
from storage.extracts.printed import read_printed
from storage.extracts.proof import PREFIX, Forged, NotOurCode, UnknownKey, decode
from storage.extracts.requests import Registration, Request
from storage.models import ArchiveCorrection, ArchivePackage, Entry, Event, Extract, ExtractNumber
from storage.pdfa import check_pdfa
from storage.policy import Actor
from storage.review_errors import NotAllowed
from storage.signing import Signer, create_demo_identity, verify_pdf

STRANGER = Actor("xa.la", "archivist", "00001", channel="portal")


@pytest.fixture(scope="module")
def identity(tmp_path_factory):
    return create_demo_identity(tmp_path_factory.mktemp("identity"), "UBND xã Nghĩa Kỳ")


@pytest.fixture
def at(sqlite_ledger, tmp_path, identity) -> Office:
    return house.office(sqlite_ledger, tmp_path / "keys", identity)[0]


@pytest.fixture
def on_both(ledger, tmp_path, identity) -> Office:
    return house.office(ledger, tmp_path / "keys", identity)[0]


def key_file(at: Office):
    """As another machine has it: from the file's text alone."""
    roots = [p.read_text() for p in at.signer.roots()] if isinstance(at.signer, Signer) else []
    return read_key_file(export(at.keys.public(), roots, "UBND xã Nghĩa Kỳ"))


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


def correct(at: Office, entry_id: int, code: str, before: str, after: str) -> None:
    """A later version of the entry's package, as storage.corrections leaves it."""
    with at.database.session() as s:
        entry = s.get_one(Entry, entry_id)
        old = s.get_one(ArchivePackage, entry.archive_id)
        new = package_id(entry_id, 2)
        s.add(ArchivePackage(id=new, subject=old.subject, version=2, manifest_key=old.manifest_key, pdf_key=old.pdf_key,
                             original_key=old.original_key))
        s.flush()
        s.add(ArchiveCorrection(package_id=new, previous_id=old.id, entry_id=entry_id, version=2, kind="cai_chinh", number="15/QĐ-UBND",
                                decided_on=date(2025, 2, 5), agency="UBND xã Nghĩa Kỳ", made_by="x",
                                fields={code: {"before": before, "after": after}}))
        entry.archive_id = new


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


# What others may try


def test_a_code_on_another_paper_is_found_out(at, tmp_path):
    mine, other = (issued(at, archived(at.ledger), f"H21.129-261130-000{n}") for n in (1, 2))
    file = tmp_path / "other.pdf"
    file.write_bytes(at.ledger.get(other.pdf_key))
    report = check_code(mine.code_text, key_file(at), file)
    assert set(report.problems) == {"values_differ", "number_differs"} and report.exit_code == 1       # same values, another check code


def test_a_document_that_was_changed_or_not_signed_is_found_out(at, tmp_path):
    extract = issued(at, archived(at.ledger))
    file = tmp_path / "x.pdf"
    pdf = at.ledger.get(extract.pdf_key)
    file.write_bytes(steps.draft(at, HEAD, extract.id))
    assert "not_signed" in check_code(extract.code_text, key_file(at), file).problems
    file.write_bytes(at.ledger.get(extract.signed_key))
    assert {"not_both_signatures", "number_differs"} <= set(check_code(extract.code_text, key_file(at), file).problems)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        content = opened.pages[0].Contents.read_bytes()
        name = house.VALUES["KS"]["nksHoTen"]
        from storage.pdf_font import font_facts

        changed = content.replace(font_facts().encode(name).hex().encode(), font_facts().encode("Lê Thị Loạn").hex().encode())
        assert changed != content
        opened.pages[0].Contents.write(changed)
        opened.save(file)
    assert "values_differ" in (found := check_code(extract.code_text, key_file(at), file)).problems
    assert found.exit_code == 1 and found.lines()[0] != "" and len(found.problems) > 1       # and a signature no longer fits
    file.write_bytes(b"%PDF-1.7 nothing")
    assert "not_an_extract" in check_code(extract.code_text, key_file(at), file).problems


def test_codes_are_forged_by_nobody(at, tmp_path):
    import base45
    import cbor2
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from storage.extracts.proof import encode

    extract = issued(replace(at, signer=Unsigned()), archived(at.ledger))
    keys = at.keys.public()
    said = decode(extract.code_text, keys)
    parts = cbor2.loads(base45.b45decode(extract.code_text.removeprefix(PREFIX))).value

    def text(*values):
        return PREFIX + base45.b45encode(cbor2.dumps(cbor2.CBORTag(18, list(values)))).decode()

    other = cbor2.dumps({**cbor2.loads(parts[2]), 1: "99/TLKS-BS"})
    with pytest.raises(Forged):
        decode(text(parts[0], parts[1], other, parts[3]), keys)
    with pytest.raises(Forged):
        decode(encode(replace(said, number="99/TLKS-BS"), keys[0].id, Ed25519PrivateKey.generate()), keys)
    with pytest.raises(UnknownKey):
        decode(encode(said, b"8 bytes.", Ed25519PrivateKey.generate()), keys)
    with pytest.raises(UnknownKey):         # said of a day before the key was made
        decode(encode(replace(said, day=said.day - timedelta(days=400)), *at.keys.signing()), keys)
    for algorithm in ({1: -7, 4: keys[0].id}, {1: -8, 4: [1]}, {}, []):
        with pytest.raises((NotOurCode, UnknownKey)):
            decode(text(cbor2.dumps(algorithm), {}, parts[2], parts[3]), keys)
    for rubbish in ("", "SG1:", "SG1:%%%", "SG1:" + "A" * 5000, "https://example.vn", text(1, 2, 3, 4), extract.code_text[:-6]):
        with pytest.raises((NotOurCode, Forged)):
            decode(rubbish, keys)
    assert check_code(tmp_path / "none.png", key_file(at)).exit_code == 4


def test_a_new_key_leaves_earlier_codes_good_and_its_private_half_nowhere(at, tmp_path):
    at = replace(at, signer=Unsigned())
    first = issued(at, archived(at.ledger), "a-1")
    before = at.keys.signing()[0]
    at.keys.rotate()
    second = issued(at, archived(at.ledger), "a-2")
    assert at.keys.signing()[0] != before and len(at.keys.public()) == 2
    for extract in (first, second):
        assert check_code(extract.code_text, key_file(at)).problems == ()
    assert oct((tmp_path / "keys" / "current.pem").stat().st_mode)[-3:] == "600"
    assert "d" not in json.loads((tmp_path / "keys" / "public.json").read_text())["keys"][0]
    with pytest.raises(ValueError, match="key file"):
        read_key_file("{}")


# Requests


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


# Steps


def test_each_step_has_its_people_and_its_place(at):
    at = replace(at, signer=Unsigned())
    extract = ask(at, archived(at.ledger))
    for step in (steps.number, steps.issue, steps.deliver):
        with pytest.raises(WrongState):
            step(at, CLERK, extract.id)
    for actor in (OFFICER, CLERK, Actor("quan.tri")):
        with pytest.raises(NotAllowed):
            steps.sign(at, actor, extract.id)
    with pytest.raises(NotASigner):
        steps.sign(at, Actor("xa.khac", "commune_head", house.COMMUNE), extract.id)
    for step in (steps.sign, steps.number):
        with pytest.raises(NoSuchExtract):
            step(at, STRANGER, extract.id)
    steps.sign(at, HEAD, extract.id)
    with pytest.raises(WrongState):
        steps.sign(at, HEAD, extract.id)
    with pytest.raises(NotAllowed):
        steps.number(at, HEAD, extract.id)                      # who signs gives no number
    steps.number(at, CLERK, extract.id)
    steps.issue(at, OFFICER, extract.id)
    assert steps.steps_open(OFFICER, extract) == [] and steps.deliver(at, OFFICER, extract.id).state == "delivered"
    assert steps.deliver(at, OFFICER, extract.id).delivered_by == "xa.minh"
    with pytest.raises(WrongState):
        steps.cancel(at, CLERK, extract.id, "quá muộn rồi")
    with at.database.reading() as s:
        events.verify_chain(s)
        said = [e.action for e in s.scalars(sa.select(Event).where(Event.action.startswith("extract.")).order_by(Event.seq))]
    assert said == [f"extract.{step}" for step in ("request", "sign", "reserve", "number", "issue", "deliver")]


def test_an_end_needs_a_reason_and_keeps_its_number(at):
    at = replace(at, signer=Unsigned())
    extract = ask(at, archived(at.ledger))
    steps.sign(at, HEAD, extract.id)
    steps.number(at, CLERK, extract.id)
    with pytest.raises(ReasonNeeded):
        steps.cancel(at, CLERK, extract.id, "  x ")
    assert steps.cancel(at, CLERK, extract.id, "In sai họ tên").number == 1
    assert issued(at, archived(at.ledger, "KT")).number == 2


def test_numbers_given_at_once_are_one_after_another(on_both):
    at = replace(on_both, signer=Unsigned())
    ids = [ask(at, archived(at.ledger), f"d-{n}").id for n in range(6)]
    for x in ids:
        steps.sign(at, HEAD, x)
    with ThreadPoolExecutor(6) as pool:
        numbers = list(pool.map(lambda x: steps.number(at, CLERK, x).number, ids))
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]


def test_a_signature_that_fails_costs_no_number(at):
    at = replace(at, signer=Unsigned())
    first, second = (ask(at, archived(at.ledger), f"d-{n}").id for n in (1, 2))
    for x in (first, second):
        steps.sign(at, HEAD, x)
    with pytest.raises(SigningFailed):              # between keeping the number and signing it
        steps.number(replace(at, signer=Unsigned(away=True)), CLERK, first)
    with at.database.reading() as s:
        assert s.get_one(Extract, first).state == "signed" and s.get_one(Extract, first).number == 1
    assert steps.number(at, CLERK, second).number == 2 and steps.number(at, CLERK, first).number == 1
    with at.database.reading() as s:
        assert s.scalars(sa.select(ExtractNumber.last)).all() == [2]


def test_numbers_begin_anew_each_year_and_run_by_agency(at):
    at = replace(at, signer=Unsigned())
    clock: Clock = at.clock
    clock.at = datetime(2026, 12, 31, 16, 59, tzinfo=UTC)           # 23:59 in Vietnam
    assert issued(at, archived(at.ledger), "a").number == 1
    clock.at += timedelta(minutes=2)
    assert (new_year := issued(at, archived(at.ledger), "b")).number == 1 and new_year.issue_day == date(2027, 1, 1)
    elsewhere = ask(at, archived(at.ledger, commune="00001"), "c", Actor("so.nhan", "archivist"))
    assert elsewhere.agency_code == "H21.01"
    steps.sign(at, Actor("so.son", "approver"), elsewhere.id)
    assert steps.number(at, Actor("so.thu", "archivist"), elsewhere.id).number == 1


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


def test_the_list_has_what_is_due_first_and_what_is_late(at):
    clock: Clock = at.clock
    clock.at = datetime(2026, 12, 4, 9, 0, tzinfo=UTC)              # Friday 16:00: due on Monday
    late = ask(at, archived(at.ledger), "late")
    clock.at = datetime(2026, 12, 7, 2, 0, tzinfo=UTC)
    today = ask(at, archived(at.ledger), "today")
    assert late.due_on == today.due_on == date(2026, 12, 7)
    with at.database.reading() as s:
        assert [x.extract.id for x in listing.extracts(s, CLERK, date(2026, 12, 7))] == [late.id, today.id]
        assert listing.extracts(s, CLERK, date(2026, 12, 7), late=True) == []
        assert len(listing.extracts(s, CLERK, date(2026, 12, 8), late=True)) == 2
        assert listing.counts(s, CLERK, date(2026, 12, 8))["late"] == 2 and listing.extracts(s, STRANGER, date(2026, 12, 8)) == []
        assert listing.is_late(late, date(2026, 12, 8)) and not listing.is_late(late, date(2026, 12, 7))
