"""The face of `sogoc match`."""
from __future__ import annotations

import csv
import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from matching import typed_entries
from matching.index_file import open_index, write_index
from matching.policy import shipped_policy
from matching.typed_entries import OUT_COLUMNS, EntriesUnreadable, link_file
from tests.matching.families import BIRTH, CHILD, FATHER, MOTHER, PEOPLE, index


def write(path: Path, rows: list[dict[str, str]], compress: bool = False) -> Path:
    with open(path, "w", encoding="utf-8", newline="") as f:
        writer = csv.DictWriter(f, ["entry", *BIRTH])
        writer.writeheader()
        writer.writerows(rows)
    if compress:
        path.write_bytes(gzip.compress(path.read_bytes()))
    return path


@pytest.mark.parametrize("compress", [False, True])
def test_one_row_a_role_in_the_agreed_columns(tmp_path: Path, compress: bool) -> None:
    seen: list[tuple[int, int]] = []
    entries = write(tmp_path / "entries.csv", [{"entry": "a1", **BIRTH}], compress)
    report = link_file(entries, tmp_path / "out.csv", index(), lambda done, of: seen.append((done, of)))
    rows = list(csv.DictReader((tmp_path / "out.csv").open(encoding="utf-8")))
    assert tuple(rows[0]) == OUT_COLUMNS == ("entry", "role", "personal_id", "probability", "decision")
    assert {(r["entry"], r["role"], r["personal_id"], r["decision"]) for r in rows} == {
        ("a1", "nks", CHILD.personal_id, "accept"), ("a1", "me", MOTHER.personal_id, "accept"), ("a1", "cha", FATHER.personal_id, "accept")}
    assert all(0 <= float(r["probability"]) <= 1 for r in rows)
    assert (report.entries, report.roles, report.accepted) == (1, 3, 3) and seen[-1] == (1, 1)


@pytest.mark.parametrize(("born", "registered"), [
    ("1980-03-04", "2019-08-04"), ("4/3/1980", "4/8/2019"), ("04.03.1980", "04.08.2019"), ("4/3/1980", ""), ("1980-03-04", ""),
    ("1980", ""),
])
def test_dates_as_people_type_them_and_a_day_of_registration_nobody_wrote(tmp_path: Path, born: str, registered: str) -> None:
    namesake = replace(FATHER, personal_id="044070000009", birth_date="1970-04-03", spouse_name="", spouse_id="")
    (tmp_path / "deaths.csv").write_text(f"entry,ngayDangKy,nktHoTen,nktNgaySinh,nktGioiTinh\n1,{registered},{FATHER.name},{born},Nam\n",
                                         "utf-8")
    link_file(tmp_path / "deaths.csv", tmp_path / "out.csv", index(extra=(namesake,)))
    (row,) = csv.DictReader((tmp_path / "out.csv").open(encoding="utf-8"))
    assert row["personal_id"] == FATHER.personal_id and float(row["probability"]) > 0.9


def test_several_processes_write_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_index(tmp_path / "population-x.index", index().arrays)
    lines = [f"{k},2019-08-04,{p.name},{p.birth_date}" for k, p in enumerate(PEOPLE)]
    (tmp_path / "deaths.csv").write_text("entry,ngayDangKy,nktHoTen,nktNgaySinh\n" + "\n".join(lines) + "\n", "utf-8")
    one = link_file(tmp_path / "deaths.csv", tmp_path / "one.csv", index())
    monkeypatch.setattr(typed_entries, "_MANY", 1)
    opened, seen = open_index(tmp_path / "population-x.index"), list[tuple[int, int]]()
    assert link_file(tmp_path / "deaths.csv", tmp_path / "two.csv", opened, lambda *done: seen.append(done), 2) == one
    assert (tmp_path / "two.csv").read_bytes() == (tmp_path / "one.csv").read_bytes() and seen[-1] == (len(PEOPLE), len(PEOPLE))


def test_nobody_is_named_where_nobody_is_linked(tmp_path: Path) -> None:
    (tmp_path / "deaths.csv").write_text("entry,ngayDangKy,nktHoTen,nktNgaySinh\n1,2019-08-04,Thạch Sa Rây,1931-05-06\n", "utf-8")
    link_file(tmp_path / "deaths.csv", tmp_path / "out.csv", index())
    (row,) = csv.DictReader((tmp_path / "out.csv").open(encoding="utf-8"))
    assert (row["decision"], row["personal_id"]) == ("none", "")


@pytest.mark.parametrize(("content", "code"), [
    (b"", "no_known_columns"), (b"entry,hoTen\n1,A\n", "no_known_columns"), (b"entry,nksHoTen\n", "no_rows"),
    (b"entry,nksHoTen\n1,A\n1,B\n", "entry_twice"), (b"nksHoTen\nA\n", "no_entry_column"), (b"entry,nksHoTen\n1,L\xea\n", "not_utf8"),
    (b"\x1f\x8bgarbage", "not_gzip"),
])
def test_a_bad_file_is_refused_with_its_reason_and_leaves_no_output(tmp_path: Path, content: bytes, code: str) -> None:
    (tmp_path / "entries.csv").write_bytes(content)
    with pytest.raises(EntriesUnreadable) as refused:
        link_file(tmp_path / "entries.csv", tmp_path / "out.csv", index())
    assert refused.value.code == code
    assert not (tmp_path / "out.csv").exists()


def test_links_are_accepted_under_the_policy_in_force(tmp_path: Path) -> None:
    entries = write(tmp_path / "entries.csv", [{"entry": "a1", **BIRTH}])
    stern = replace(shipped_policy(), accept={"": 1.0, "nks": 0.5})
    link_file(entries, tmp_path / "out.csv", index(), policy=stern)
    decided = {r["role"]: r["decision"] for r in csv.DictReader((tmp_path / "out.csv").open(encoding="utf-8"))}
    assert decided == {"nks": "accept", "me": "review", "cha": "review"}
