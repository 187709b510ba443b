"""sogoc report: the list, a file marked and logged, the plan, figures counted; scope and refusals in one line."""
from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from pipelines.schedules import report_figures
from pipelines.services import ArchiveOptions, IntakeOptions, MatchingOptions, ReadingOptions, Services
from sogoc.app import run
from storage import accounts
from storage.models import Event, ReportFigure
from tests.storage.report_books import TRA_SON, TRA_THUY, add_book


@pytest.fixture
def home(sqlite_database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An opened home of a database alone: reports touch nothing else."""
    services = Services(home=tmp_path, database=sqlite_database, objects=None, ledger=None, signer=None, intake=IntakeOptions(),  # type: ignore[arg-type]
                        reading=ReadingOptions(), matching=MatchingOptions(tmp_path), archive=ArchiveOptions())
    monkeypatch.setattr("sogoc.commands.report.services", lambda: contextlib.nullcontext(services))
    monkeypatch.setenv("SOGOC_LANG", "vi")
    with sqlite_database.session() as s:
        add_book(s, "KS.1", TRA_SON, entries=3, verified=2)
        add_book(s, "KS.2", TRA_THUY, entries=5, verified=5)
        accounts.add_user(s, "xa.dau", "cầu-vồng-7-sắc", "commune_head", TRA_SON)
        accounts.add_user(s, "xa.minh", "cầu-vồng-7-sắc", "commune_officer", TRA_SON)
    return services


def test_list_write_plan_renew(home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "list"]) == 0 and "bao-cao-ky" in capsys.readouterr().out
    plan, out = tmp_path / "k.csv", tmp_path / "o.xlsx"
    plan.write_text(f"{TRA_SON},KS,2026-08,1,9\n", "utf-8")
    assert run(["report", "plan", str(plan)]) == 0 and "1 dòng" in capsys.readouterr().out
    asked = ["report", "write", "tien-do", str(out), "--from", "2026-08-01", "--to", "2026-08-31"]
    assert run([*asked, "--as", "xa.dau"]) == 0
    assert "2 trường hợp" in capsys.readouterr().out
    sheet = load_workbook(out).worksheets[0]
    assert sheet["A1"].value.startswith("Xuất bởi xa.dau") and "Xã Trà Sơn" in sheet["A3"].value
    assert run(asked) == 0 and "7 trường hợp" in capsys.readouterr().out
    with home.database.reading() as s:
        assert [e.actor.partition(".")[0] for e in s.scalars(select(Event).where(Event.action == "report.export"))] == ["xa", "cli"]
    assert run(["report", "renew"]) == 0 and "số liệu" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "code", "word"), [
    (["khong-co", "o.xlsx"], 2, "Không có báo cáo khong-co"), (["tien-do", "o.xlsx", "--from", "hôm qua"], 2, "--from"),
    (["tien-do", "o.xlsx", "--from", "2026-05-06", "--to", "2026-05-01"], 2, "khoảng thời gian"),
    (["tien-do", "o.xlsx", "--as", "xa.minh"], 1, "không có quyền")])
def test_refusals(home, tmp_path: Path, arguments: list[str], code: int, word: str, capsys: pytest.CaptureFixture[str],
                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["report", "write", *arguments]) == code
    said = capsys.readouterr().err
    assert word in said and said.count("\n") == 1 and not (tmp_path / "o.xlsx").exists()


def test_the_nightly_job_counts(home) -> None:
    assert report_figures.execute_in_process(resources={"services": home}).success
    with home.database.reading() as s:
        assert s.scalars(select(ReportFigure).where(ReportFigure.measure == "entries_verified")).all()
