"""sogoc extract, and sogoc verify of a code: at home, and on a machine that has nothing but the key file."""
from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from ocr.images import Limits
from ocr.pdf_pages import render_pdf_page
from pipelines.services import IntakeOptions, MatchingOptions, ReadingOptions, Services
from sogoc.app import run
from sogoc.settings import load
from storage.extracts import steps
from storage.extracts.drawing import A4
from storage.signing import create_demo_identity
from tests.storage import extract_house as house


@pytest.fixture
def office(sqlite_ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An issuing home in tmp_path/home, an issued extract, one under way; SOGOC_HOME is another folder, which is empty."""
    place = tmp_path / "home"
    identity = create_demo_identity(place / "secrets" / "signing", "UBND xã Nghĩa Kỳ")
    at, clock = house.office(sqlite_ledger, place / "secrets" / "extract-keys", identity)
    at = replace(at, archive=replace(at.archive, retain_days=30))      # the clock goes back below; a lock must end after today
    services = Services(home=place, database=at.database, objects=sqlite_ledger.store, ledger=sqlite_ledger, signer=at.signer,
                        intake=IntakeOptions(), reading=ReadingOptions(), matching=MatchingOptions(place), archive=at.archive,  # type: ignore[arg-type]
                        extracts=house.OPTIONS)
    monkeypatch.setattr("sogoc.commands.extract.services", lambda: contextlib.nullcontext(services))
    monkeypatch.setenv("SOGOC_LANG", "vi")
    monkeypatch.setenv("SOGOC_HOME", str(tmp_path / "elsewhere"))
    extract = house.issued(at, house.archived(at.ledger))
    (tmp_path / "x.pdf").write_bytes(at.ledger.get(extract.pdf_key))
    clock.at -= timedelta(days=10)
    house.ask(at, house.archived(at.ledger, "KT"), "d-2")
    return extract


def test_keys_for_another_machine_and_what_it_finds(office, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys, pdf, photo = tmp_path / "k.json", tmp_path / "x.pdf", tmp_path / "photo.jpg"
    assert run(["verify", "--qr", str(pdf)]) == 2 and "--keys" in capsys.readouterr().err           # this machine has no keys
    assert run(["extract", "keys", str(keys)]) == 0 and "Dấu vân tay" in capsys.readouterr().out
    pixels, _ = render_pdf_page(pdf.read_bytes(), 0, A4, 150, Limits().pixels, 30)
    Image.fromarray(pixels).rotate(3, fillcolor="white").save(photo, quality=70)                     # as a telephone takes it
    assert zxingcpp.read_barcodes(Image.open(photo))
    assert run(["verify", "--qr", str(photo), "--keys", str(keys)]) == 0
    assert (said := capsys.readouterr().out).startswith("MÃ THẬT") and "LTL 2017" in said and "1/TLKS-BS" in said and "Loan" not in said
    assert run(["verify", "--qr", str(pdf), "--pdf", str(pdf), "--keys", str(keys)]) == 0
    assert (said := capsys.readouterr().out).startswith("THẬT") and "của người có thẩm quyền ký trích lục" in said and "của cơ quan" in said
    assert run(["verify", "--qr", office.code_text[:-9] + "AAAAAAAAA", "--keys", str(keys)]) in (1, 4)
    assert not capsys.readouterr().out.startswith("MÃ THẬT")
    assert run(["extract", "new-key"]) == 0
    assert run(["verify", "--qr", office.code_text, "--keys", str(keys)]) == 0                        # the old file knows the old key
    keys.write_text("{}")
    assert run(["verify", "--qr", office.code_text, "--keys", str(keys)]) == 1
    assert not (tmp_path / "elsewhere").exists()


def test_a_cancelled_extract_is_told_where_the_list_is_at_hand(office, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from sogoc.commands.extract import services  # as the fixture has it

    keys, revoked = tmp_path / "k.json", tmp_path / "list.cose"
    assert run(["extract", "keys", str(keys)]) == 0
    verify = ["verify", "--qr", office.code_text, "--keys", str(keys)]
    capsys.readouterr()
    assert run(verify) == 0 and "CHƯA RÕ CÒN GIÁ TRỊ KHÔNG: không có danh sách hủy" in capsys.readouterr().out
    revoked.write_bytes(b"x")
    assert run([*verify, "--revoked", str(revoked)]) == 3 and "hỏng" in capsys.readouterr().out
    with services() as s:
        at = replace(s.extract_office, archive=replace(s.archive, retain_days=30))
        assert run(["extract", "revoked", str(revoked)]) == 0 and "0 trích lục đã hủy" in capsys.readouterr().out
        assert run([*verify, "--revoked", str(revoked)]) == 0 and "CHƯA BỊ HỦY" in capsys.readouterr().out
        steps.cancel(at, house.CLERK, office.id, "In sai họ tên")
    assert run(["extract", "revoked", str(revoked)]) == 0 and "1 trích lục đã hủy" in capsys.readouterr().out
    assert run([*verify, "--revoked", str(revoked), "--days", "1"]) == 1 and capsys.readouterr().out.startswith("ĐÃ HỦY")
    assert run(["verify", str(tmp_path / "x.pdf"), "--revoked", str(revoked)]) == 2


def test_the_list_and_wrong_use(office, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["extract", "list"]) == 0
    assert len(said := capsys.readouterr().out.splitlines()) == 2 and "QUÁ HẠN" in said[0] and "d-2" in said[0]
    assert run(["extract", "list", "--late"]) == 0 and len(capsys.readouterr().out.splitlines()) == 1
    for wrong in ([], ["--pdf", str(tmp_path / "x.pdf")], [str(tmp_path / "x.pdf"), "--qr", "SG1:A"], ["--qr", "nowhere.png"]):
        assert run(["verify", *wrong]) == 2
    assert "SG1:" in capsys.readouterr().err


def test_settings_become_agencies_and_signers(tmp_path: Path) -> None:
    from sogoc.home import extract_options

    (tmp_path / "sogoc.toml").write_text('[archive]\nagency_code = "H21.01"\nagency_name = "Sở Tư pháp"\n[extracts]\ncutoff = "14:30"\n'
                                         'place = "Quảng Ngãi"\n[extracts.agencies.21139]\ncode = "H21.129"\nname = "UBND xã Nghĩa Kỳ"\n'
                                         '[extracts.signers."xa.hoa"]\nname = "Nguyễn Thị Hòa"\ncapacity = ["CHỦ TỊCH"]\n'
                                         'file = "hoa.p12"\n', "utf-8")
    options = extract_options(load(tmp_path))
    assert options.cutoff.isoformat() == "14:30:00" and options.agency_of("00001").code == "H21.01"
    assert options.agency_of("21139") == options.agency_named("H21.129") and options.agency_of("21139").place == "Quảng Ngãi"
    key = options.signer("xa.hoa").key
    assert key is not None and key.kind == "pkcs12"
