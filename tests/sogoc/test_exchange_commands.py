"""The commands that tell and ask other systems, over a database and simulated systems; `services` is all that is put in their place."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipelines.services import ArchiveOptions, IntakeOptions, MatchingOptions, ReadingOptions, Services
from samples.simulators.faults import Server
from samples.simulators.ministry import Ministry
from samples.simulators.population import Population
from sogoc import app as sogoc_app
from sogoc.commands import population, push
from storage.ministry_push import MinistryOptions
from storage.models import Batch, Entry, Field, Page
from storage.population_query import Officer, PopulationQueryOptions

PEOPLE = [{"so_dinh_danh": "051317000001", "ho_ten": "LÊ THỊ LOAN", "ngay_sinh": "2017-03-01", "gioi_tinh": "Nữ", "dan_toc": "Kinh",
           "quoc_tich": "Việt Nam", "que_quan": "", "noi_thuong_tru": "", "ho_ten_cha": "", "so_dinh_danh_cha": "",
           "ho_ten_me": "TRẦN THỊ MẬN", "so_dinh_danh_me": "", "ho_ten_vo_chong": "", "so_dinh_danh_vo_chong": ""}]
ASK = ["population", "ask", "1", "nks", "--service", "2.000635", "--officer", "cb.hoa", "--dossier", "H21-2"]


@pytest.fixture
def systems() -> Iterator[tuple[Server, Server]]:
    with Server(Ministry()) as ministry, Server(Population(people=PEOPLE)) as people:
        yield ministry, people


@pytest.fixture
def run(sqlite_database: Any, tmp_path: Path, systems: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command line; (exit code, what it said)."""
    ministry, people = systems
    with sqlite_database.session() as s:
        s.add(Batch(id="b", folder="", content_hash="0" * 64, kind="KS", commune_code="21250", book_number="01/2017", declared={}))
        s.flush()
        page = Page(batch_id="b", file="1.jpg", sha256="1" * 64, size=1, state="read")
        s.add(page)
        s.flush()
        said = {"so": "1", "ngayDangKy": "2017-03-18", "nksHoTen": "Lê Thị Loan", "nksNgaySinh": "2017-03-01", "meHoTen": "Trần Thị Mẫn"}
        s.add(Entry(page_id=page.id, kind="KS", number="1", year=2017, status="archived",
                    fields=[Field(code=c, value=v, raw=v, confidence=1, source="reviewer") for c, v in said.items()]))
    services = Services(
        home=tmp_path, database=sqlite_database, objects=None, ledger=None, signer=None, intake=IntakeOptions(),    # type: ignore[arg-type]
        reading=ReadingOptions(), matching=MatchingOptions(tmp_path), archive=ArchiveOptions(),
        ministry=MinistryOptions(ministry.url, "user", "sogoc", "bi-mat", agency="H21", seconds=3),
        population_query=PopulationQueryOptions(f"{people.url}/soap", officers={"cb.hoa": Officer("CB001", "khoa-hoa", "mat-khau-hoa")}))

    @contextmanager
    def opened() -> Iterator[Services]:
        yield services

    monkeypatch.setenv("SOGOC_LANG", "en")
    monkeypatch.setattr(push, "services", opened)
    monkeypatch.setattr(population, "services", opened)

    def command(*arguments: str) -> tuple[int, str]:
        code = sogoc_app.run(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return command


def test_a_dossier_from_the_decision_to_the_other_side(run: Any, systems: Any) -> None:
    assert run("push", "add", "1", "--dossier", "H21-1") == (0, "H21-1  LTKS  Waits\n")
    systems[0].system.faults.append("503")
    code, said = run("push", "run")
    assert code == 1 and "1 wait for another try" in said
    assert "unreachable" in run("push", "list")[1]
    assert run("push", "hold", "H21-1", "--reason", "hold_papers") == (0, "H21-1  LTKS  Held back  waits for papers\n")
    assert run("push", "hold", "H21-1")[0] == 1 and run("push", "run")[1].startswith("0 sent")
    assert run("push", "retry", "H21-1", "--corrected") == (0, "H21-1  LTKS  Waits\n") and run("push", "retry", "H21-1")[0] == 0
    code, said = run("push", "run")
    assert code == 0 and said.startswith("1 sent") and list(systems[0].system.dossiers) == ["H21-1"]
    assert run("push", "list") == (0, "H21-1  LTKS  Taken by the Ministry  v2\n")


def test_what_is_wrong_with_a_dossier_is_told_in_one_line(run: Any) -> None:
    for arguments, word in ((["1", "--dossier", "x"], "malformed"), (["1", "--dossier", "H21-1", "--module", "BS"], "requester"),
                            (["9", "--dossier", "H21-1"], "9")):
        code, said = run("push", "add", *arguments)
        assert code == 1 and word in said and said.count("\n") == 1
    assert run("push", "retry", "H21-9")[0] == 1 and run("push", "list") == (0, "There are no dossiers.\n")


def test_the_population_is_asked_and_what_differs_is_marked(run: Any, systems: Any) -> None:
    code, said = run(*ASK)
    assert code == 0 and "1 people." in said and "= nksHoTen: LÊ THỊ LOAN  |  Lê Thị Loan" in said and "≠ meHoTen" in said
    systems[1].system.faults.append("503")
    code, said = run(*ASK[:-1], "H21-3")
    assert code == 1 and "asked again by itself" in said
    assert run("population", "send") == (0, "0 questions answered.\n")           # not due yet
    assert run(*ASK[:-3], "cb.la", "--dossier", "H21-4")[0] == 1
