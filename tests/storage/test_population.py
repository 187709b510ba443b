"""Population snapshots: whole or not at all, whatever the file holds and whenever the program is killed."""
from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from matching.population import PersonRecord
from storage.database import Database
from storage.errors import NoPopulation, PopulationFileUnreadable
from storage.models import Person, PopulationRejection, PopulationSnapshot
from storage.population import import_population, load_index
from storage.population_file import HEADER, REASONS, Refused, inspect_file, parse_birth_date, read_people

GOOD = ["044080000001", "LÊ VĂN TÁM", "1980-03-04", "Nam", "Kinh", "Việt Nam", "Xã A, Huyện B, Tỉnh C", "", "", "", "", "", "", "", "",
        "Sống"]


def row(number: int, **cells: str) -> list[str]:
    values = dict(zip(HEADER, GOOD, strict=True)) | {"so_dinh_danh": f"044080{number:06d}"} | cells
    return [values[h] for h in HEADER]


def write(path: Path, rows: list[list[str]], encoding: str = "utf-8", header: tuple[str, ...] = HEADER, delimiter: str = ",") -> Path:
    with path.open("w", encoding=encoding, newline="") as f:
        csv.writer(f, delimiter=delimiter).writerows([header, *rows])
    return path


def people(database: Database) -> list[tuple[str, str]]:
    with database.reading() as session:
        query = sa.select(Person.personal_id, Person.name).join(PopulationSnapshot).where(PopulationSnapshot.state == "current")
        return [tuple(r) for r in session.execute(query.order_by(Person.personal_id))]


def snapshots(database: Database) -> list[tuple[int, str, int, int]]:
    with database.reading() as session:
        return [(s.id, s.state, s.rows, s.rejected) for s in session.scalars(sa.select(PopulationSnapshot).order_by(PopulationSnapshot.id))]


def rejections(database: Database) -> dict[int, str]:
    with database.reading() as session:
        return {r.line: r.reason for r in session.scalars(sa.select(PopulationRejection))}


def test_every_column_is_kept_and_the_index_is_the_file(database: Database, tmp_path: Path) -> None:
    full = [f"v{k}" for k in range(len(HEADER))]
    full[0], full[1], full[2], full[3], full[10], full[12], full[14] = ("044080000001", "LÊ VĂN TÁM", "1980-03", "Nữ", "044050000002",
        "", "")
    snapshot = import_population(database, write(tmp_path / "p.csv", [full, row(2, so_dinh_danh_cha="044080000001")]))
    assert (snapshot.rows, snapshot.rejected, snapshot.state) == (2, 0, "current")
    with database.reading() as session:
        kept = session.scalars(sa.select(Person).order_by(Person.personal_id)).first()
        assert [getattr(kept, f) for f in PersonRecord.__slots__] == full
    index = load_index(database, tmp_path / "cache")
    assert list(index.ids) == ["044080000001", "044080000002"] and index.father[1] == 0 and int(index.month[0]) == 3
    assert (tmp_path / "cache").stat() and all(f.stat().st_mode & 0o077 == 0 for f in (tmp_path / "cache").iterdir())


def test_the_cache_gives_the_same_index_and_does_not_outlive_its_snapshot(database: Database, tmp_path: Path) -> None:
    import_population(database, write(tmp_path / "a.csv", [row(k) for k in range(1, 30)]))
    first = load_index(database, tmp_path / "cache")
    with Database(database.url.render_as_string(hide_password=False)).engine.connect():
        again = load_index(Database(database.url.render_as_string(hide_password=False)), tmp_path / "cache")
    assert list(again.ids) == list(first.ids) and list(again.names.names) == list(first.names.names)
    import_population(database, write(tmp_path / "b.csv", [row(k) for k in range(50, 60)]))
    assert len(load_index(database, tmp_path / "cache")) == 10
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_bad_rows_are_set_aside_with_line_and_reason_and_the_rest_is_taken(database: Database, tmp_path: Path) -> None:
    rows = [
        row(1), row(2, so_dinh_danh=""), row(3, so_dinh_danh="12345"), row(4, ho_ten=" "), row(5, ngay_sinh="1980-02-30"), row(6,
            ngay_sinh="hôm qua"),
        row(7, gioi_tinh="?"), row(1, ho_ten="NGƯỜI KHÁC"), row(8, ho_ten="A" * 600), row(9, ho_ten="A\x07B"), row(10)[:5], [*row(11),
            "thừa"], row(12),
        row(13, ho_ten="12"), row(14, so_dinh_danh="mười hai chữ"),
    ]
    snapshot = import_population(database, write(tmp_path / "p.csv", rows))
    assert (snapshot.rows, snapshot.rejected) == (2, 13)
    assert rejections(database) == {
        3: "no_number", 4: "bad_number", 5: "no_name", 6: "bad_date", 7: "bad_date", 8: "bad_sex", 9: "duplicate_number", 10: "too_long",
        11: "control_characters", 12: "wrong_columns", 13: "wrong_columns", 15: "bad_name",
        16: "bad_number"}
    assert set(rejections(database).values()) <= set(REASONS)
    assert people(database) == [("044080000001", "LÊ VĂN TÁM"), ("044080000012", "LÊ VĂN TÁM")]
    with database.reading() as session:
        assert not any("LÊ" in d or "NGƯỜI" in d or "044" in d for d in session.scalars(sa.select(PopulationRejection.detail)))


def test_the_same_file_twice_is_one_snapshot_and_another_file_replaces_it(database: Database, tmp_path: Path) -> None:
    first = import_population(database, write(tmp_path / "a.csv", [row(1), row(2)]))
    again = import_population(database, write(tmp_path / "copy.csv", [row(1), row(2)]))
    assert again.id == first.id and len(snapshots(database)) == 1
    import_population(database, write(tmp_path / "b.csv", [row(3)]))
    assert people(database) == [("044080000003", "LÊ VĂN TÁM")]
    assert [s[1] for s in snapshots(database)] == ["old", "current"]
    back = import_population(database, tmp_path / "a.csv")                  # an older file again: the same snapshot, current once more
    assert back.id == first.id and [s[1] for s in snapshots(database)] == ["current", "old"] and len(people(database)) == 2


def test_another_column_map_makes_another_snapshot(database: Database, tmp_path: Path) -> None:
    header = ("Số ĐDCN", "Họ và tên", "Tên khác", "ngay_sinh")
    path = write(tmp_path / "p.csv", [["044080000001", "LÊ VĂN TÁM", "LÊ TÁM", "04/03/1980"]], header=header, delimiter=";")
    one = import_population(database, path, {"so_dinh_danh": "Số ĐDCN", "ho_ten": "Họ và tên"})
    assert people(database) == [("044080000001", "LÊ VĂN TÁM")]
    two = import_population(database, path, {"so_dinh_danh": "Số ĐDCN", "ho_ten": "Tên khác"})
    assert people(database) == [("044080000001", "LÊ TÁM")] and one.id != two.id


@pytest.mark.parametrize(("content", "cause"), [
    (b"", "empty"), (b"\x00\x01\x02binary", "CSV"), (b"ten,tuoi\nA,3\n", "so_dinh_danh"), (b"so_dinh_danh,ho_ten\n", "(0)"),
    (b"so_dinh_danh,ho_ten\n1,A\n", "(1)"), (b"PK\x03\x04broken", "BadZipFile"),
])
def test_an_unusable_file_leaves_the_population_in_use(database: Database, tmp_path: Path, content: bytes, cause: str) -> None:
    import_population(database, write(tmp_path / "a.csv", [row(1)]))
    (tmp_path / "bad.csv").write_bytes(content)
    with pytest.raises(PopulationFileUnreadable) as refused:
        import_population(database, tmp_path / "bad.csv")
    assert cause in refused.value.message("en") and "bad.csv" in refused.value.message("vi")
    assert people(database) == [("044080000001", "LÊ VĂN TÁM")]


def test_without_a_population_there_is_no_index(database: Database) -> None:
    with pytest.raises(NoPopulation):
        load_index(database)


def _tcvn3(text: str) -> bytes:
    from records.legacy_text import _TCVN3
    back = {v: k for k, v in _TCVN3.items()}
    return "".join(back.get(c, c) for c in text).encode("latin-1")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "tcvn3", "vni"])
def test_old_encodings_are_read_as_they_were_meant(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "p.csv"
    if encoding == "tcvn3":
        path.write_bytes(b"so_dinh_danh,ho_ten,noi_sinh\n" + b"".join(
            b"04408000000%d," % k + _tcvn3("Nguyễn Thị Hạnh") + b"," + _tcvn3("xã Đức Phổ") + b"\n" for k in range(1, 5)))
    elif encoding == "vni":
        path.write_bytes("so_dinh_danh,ho_ten,noi_sinh\n044080000001,Nguyeãn Thò Haïnh,xaõ Ñöùc Phoå\n".encode("latin-1"))
    else:
        path.write_text("so_dinh_danh,ho_ten,noi_sinh\n044080000001,Nguyễn Thị Hạnh,xã Đức Phổ\n", encoding=encoding)
    found = list(read_people(path, inspect_file(path), {}))
    assert found and not any(isinstance(p, Refused) for p in found)
    assert {p[1] for p in found} == {"Nguyễn Thị Hạnh"} and {p[6] for p in found} == {"xã Đức Phổ"}


def test_a_workbook_gives_dates_and_dropped_zeros_back(database: Database, tmp_path: Path) -> None:
    import datetime

    book = openpyxl.Workbook()
    book.active.append(list(HEADER))
    book.active.append([44080000001, "LÊ VĂN TÁM", datetime.datetime(1980, 3, 4), "Nam"])
    book.active.append(["001080000002", "LÊ THỊ BA", 1980, "Nữ", *([None] * 12)])
    book.save(tmp_path / "p.xlsx")
    assert import_population(database, tmp_path / "p.xlsx").rows == 2
    with database.reading() as session:
        found = session.execute(sa.select(Person.personal_id, Person.birth_date).order_by(Person.personal_id)).all()
    assert [tuple(r) for r in found] == [("001080000002", "1980"), ("044080000001", "1980-03-04")]


def test_sheets_with_the_same_header_are_one_file_and_others_are_no_people(database: Database, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheets = (("1", HEADER, [row(1), row(2)]), ("notes", ("ghi chú",), [["x"]]), ("2", HEADER, [row(3), row(1)[:4], row(2)]))
    for title, header, rows in sheets:
        sheet = book.create_sheet(title) if title != "1" else book.active
        for cells in (header, *rows):
            sheet.append(list(cells))
    book.save(tmp_path / "p.xlsx")
    assert import_population(database, tmp_path / "p.xlsx").rows == 3
    assert set(rejections(database).values()) == {"duplicate_number"} and len(rejections(database)) == 2


def test_a_workbook_that_unpacks_to_too_much_is_refused(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = openpyxl.Workbook()
    for cells in (HEADER, *(row(k) for k in range(50))):
        book.active.append(list(cells))
    book.save(tmp_path / "p.xlsx")
    monkeypatch.setattr("storage.population_file._SMALL_PART", 1)
    monkeypatch.setattr("storage.population_file._MOST_RATIO", 2)
    with pytest.raises(PopulationFileUnreadable):
        import_population(database, tmp_path / "p.xlsx")


@pytest.mark.parametrize(("text", "date"), [
    ("1980-03-04", "1980-03-04"), ("1980-03", "1980-03"), ("1980", "1980"), ("", ""), ("4/3/1980", "1980-03-04"), ("04.03.1980",
        "1980-03-04"),
    ("3/1980", "1980-03"), ("1980-13", None), ("31/02/1980", None), ("80", None), ("1980-3-4x", None), ("0000", None),
])
def test_dates_of_birth(text: str, date: str | None) -> None:
    assert parse_birth_date(text) == date


def test_a_kill_at_any_moment_leaves_the_old_population_and_the_next_run_finishes(database: Database, tmp_path: Path) -> None:
    import_population(database, write(tmp_path / "old.csv", [row(1)]))
    new = write(tmp_path / "new.csv", [row(k) for k in range(2, 60_002)])
    url = database.url.render_as_string(hide_password=False)
    code = ("from storage.database import Database; from storage.population import import_population; "
            f"import_population(Database({url!r}), {str(new)!r})")
    for wait in (0.05, 0.4, 0.8):                                           # of chunks written, after the program has begun the snapshot
        process = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONPATH": "."})
        deadline = time.monotonic() + 60
        while len(snapshots(database)) < 2 and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.02)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert len(people(database)) in (1, 60_000)
    assert import_population(database, new).rows == 60_000
    assert [s[1] for s in snapshots(database)] == ["old", "current"]
    with database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Person)) == 60_000


def test_two_imports_at_once_make_one_snapshot(database: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", [row(k) for k in range(1, 3000)])
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(import_population(database, path).id)) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(found) == 3 and len(set(found)) == 1 and len(snapshots(database)) == 1 and len(people(database)) == 2999


def test_progress_reaches_the_end(database: Database, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    import_population(database, write(tmp_path / "p.csv", [row(k) for k in range(1, 2001)]), progress=lambda done, of: seen.append((done,
        of)))
    assert seen[-1][0] == 2000 and all(done <= of for done, of in seen)
