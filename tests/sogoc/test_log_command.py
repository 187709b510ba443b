"""sogoc log: a person's report without the number on the command line, export of what lies here and in the store, seal and verify."""
from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook

from pipelines.services import ArchiveOptions, IntakeOptions, LogOptions, MatchingOptions, ReadingOptions, Services
from sogoc.app import run
from storage import accounts, events
from storage.models import Event, EventSubject, Link
from storage.signing import Signer, create_demo_identity
from tests.storage.registers import add_entry, add_page, page_image

NUMBER = "051317000001"
BASIS = "Điều 14 Luật 91/2025/QH15"


@pytest.fixture
def home(sqlite_ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    """A home with an entry of NUMBER, looked at once a month for a year."""
    signer = Signer(create_demo_identity(tmp_path / "identity", "UBND xã Mẫu"), "UBND xã Mẫu")
    services = Services(home=tmp_path, database=sqlite_ledger.database, objects=sqlite_ledger.store, ledger=sqlite_ledger, signer=signer,
                        intake=IntakeOptions(), reading=ReadingOptions(), matching=MatchingOptions(tmp_path),
                        archive=ArchiveOptions(retain_days=1, retention_mode="GOVERNANCE"), log=LogOptions(keep_months=6))
    entry = add_entry(sqlite_ledger, add_page(sqlite_ledger, "KS.2017.01", "1.jpg", page_image("1")))
    with sqlite_ledger.database.session() as s:
        for table in (Link, Event, EventSubject):
            s.execute(sa.delete(table))
        s.add(Link(entry_id=entry, role="nks", decision="accept", personal_id=NUMBER, probability=0.99))
        for n in range(360, 0, -30):
            events.append(s, "tp.lan", "record.view", f"entry:{entry}", {"roles": ["reviewer"]}, datetime.now(UTC) - timedelta(days=n))
        accounts.add_user(s, "tp.lan", "cầu-vồng-7-sắc", "reviewer")
    monkeypatch.setattr("sogoc.commands.log.services", lambda: contextlib.nullcontext(services))
    monkeypatch.setenv("SOGOC_LANG", "vi")
    return services


def test_seal_verify_export_and_a_persons_report(home: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["log", "seal", "--keep-lines"]) == 0 and "; 0 dòng" in capsys.readouterr().out
    assert run(["log", "seal"]) == 0 and "0 đoạn" in capsys.readouterr().out
    assert run(["log", "verify"]) == 0
    said = capsys.readouterr().out
    assert "14 dòng" in said and "chỉ còn ở đó" in said and " 0 dòng chỉ" not in said
    assert run(["log", "export", "--format", "jsonl"]) == 0
    lines = [json.loads(x) for x in capsys.readouterr().out.splitlines()]
    assert [x["seq"] for x in lines] == list(range(1, 15)) and all(x["hash"] for x in lines)
    cef = tmp_path / "out.cef"
    assert run(["log", "export", "--after", "3", "--out", str(cef), "--until", str(datetime.now(UTC).date() - timedelta(days=2))]) == 0
    assert [x.count("|") for x in cef.read_text("utf-8").splitlines()] == [7] * 9 and "đến dòng 12" in capsys.readouterr().err
    number, out = tmp_path / "n.txt", tmp_path / "o.xlsx"
    number.write_text(f"{NUMBER}\n", "utf-8")
    assert run(["log", "person", str(out), "--number-file", str(number), "--basis", BASIS, "--request", "12/ĐN"]) == 0
    assert "1 bản ghi, 12 lượt" in capsys.readouterr().out
    sheet = load_workbook(out).active
    assert "12/ĐN" in str(sheet.oddFooter.left.text) and NUMBER not in str(list(sheet.values))
    paper = tmp_path / "o.pdf"
    assert run(["log", "person", str(paper), "--number-file", str(number), "--basis", BASIS, "--request", "12/ĐN"]) == 0
    assert paper.read_bytes().startswith(b"%PDF-") and NUMBER.encode() not in paper.read_bytes()
    with home.database.reading() as s:
        newest = s.scalars(sa.select(Event).order_by(Event.seq.desc()).limit(4)).all()
    assert [e.action for e in newest] == ["log.person", "log.person", "log.export", "log.export"]
    assert [e.detail.get("format") for e in newest[:2]] == ["pdf", "xlsx"]


@pytest.mark.parametrize(("arguments", "code", "word"), [
    (["log", "export", "--since", "hôm qua"], 2, "2026-08-01"), (["log", "export", "--as", "tp.lan"], 1, "quyền"),
    (["log", "person", "o.docx", "--entry", "1", "--basis", "x"], 2, ".pdf"),
    (["log", "person", "o.xlsx", "--entry", "999", "--basis", "x"], 1, "mục"),
    (["log", "person", "o.xlsx", "--entry", "1", "--role", "zzz", "--basis", "x"], 2, "cha, me, nks, nyc"),
    (["log", "person", "o.xlsx", "--entry", "1", "--role", "vo", "--basis", "x"], 2, "“vo”"),
    (["log", "person", "o.xlsx", "--entry", "1", "--number-file", "n", "--basis", "x"], 2, "một trong hai"),
    (["log", "person", "o.xlsx", "--number-file", "n", "--role", "nks", "--basis", "x"], 2, "--entry"),
    (["log", "person", "o.xlsx", "--entry", "1", "--basis", "x", "--as", "tp.lan"], 1, "quyền"),
    (["log", "person", "o.xlsx", "--number-file", "khong-co", "--basis", "x"], 1, "khong-co")])
def test_refusals_end_with_one_line(home: Services, tmp_path: Path, arguments: list[str], code: int, word: str,
                                    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == code
    said = capsys.readouterr()
    assert word in said.err and said.err.count("\n") == 1 and not said.out and not (tmp_path / "o.xlsx").exists()


def test_a_tampered_log_ends_1(home: Services, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["log", "seal"]) == 0
    with home.database.session() as s:
        s.execute(sa.text("update log_segment set last_hash = prev_hash where first_seq = 1"))
    capsys.readouterr()
    assert run(["log", "verify"]) == 1 and "Nhật ký bị sửa" in capsys.readouterr().err
