"""People across snapshots: known again by number, else by name, birthday and parents; what changed about them is kept."""
from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import population_identity, population_sort
from storage.database import Database
from storage.models import Person, PersonHistory, PopulationSnapshot
from storage.population import import_population
from storage.population_rows import HEADER, people_of, person_of
from storage.population_sort import SortedLines
from tests.storage.test_population import row, write


def keys(database: Database) -> dict[str, int]:
    """Number -> key of the people in use; every key once."""
    with database.reading() as session:
        query = sa.select(Person.personal_id, Person.key).join(PopulationSnapshot).where(PopulationSnapshot.state == "current")
        found = dict(session.execute(query).all())
    assert len(set(found.values())) == len(found)
    return found


def differences(database: Database) -> tuple[int, int, int, int]:
    with database.reading() as session:
        s = session.scalars(sa.select(PopulationSnapshot).where(PopulationSnapshot.state == "current")).one()
        return s.came, s.changed, s.renumbered, s.went


def history(database: Database) -> list[tuple[int, str, str, str | None, dict[str, str]]]:
    with database.reading() as session:
        rows = session.scalars(sa.select(PersonHistory).order_by(PersonHistory.version, PersonHistory.personal_id))
        return [(r.version, r.kind, r.personal_id, r.now, r.before) for r in rows]


def child(number: int, name: str, **cells: str) -> list[str]:
    return row(number, ho_ten=name, ho_ten_cha="CHA ÔNG", ho_ten_me="MẸ BÀ", **cells)


def number(n: int) -> str:
    return f"044080{n:06d}"


def test_the_same_people_keep_their_keys_and_nothing_is_written(database: Database, tmp_path: Path) -> None:
    import_population(database, write(tmp_path / "a.csv", [row(k) for k in range(1, 40)]))
    before = keys(database)
    import_population(database, write(tmp_path / "b.csv", [row(k) for k in range(39, 0, -1)]))
    assert keys(database) == before and history(database) == [] and differences(database) == (0, 0, 0, 0)


def test_changed_gone_and_new_people_are_told_apart_and_what_was_said_is_kept(database: Database, tmp_path: Path) -> None:
    import_population(database, write(tmp_path / "a.csv", [row(1), row(2), row(3)]))
    before = keys(database)
    import_population(database, write(tmp_path / "b.csv", [row(1), row(2, ho_ten="LÊ VĂN TÀM", gioi_tinh="Nữ"), row(4)]))
    after = keys(database)
    assert after[number(1)] == before[number(1)] and after[number(2)] == before[number(2)]
    assert after[number(4)] not in before.values() and differences(database) == (1, 1, 0, 1)
    told = history(database)
    assert told[0] == (2, "changed", number(2), number(2), {"name": "LÊ VĂN TÁM", "sex": "Nam"})
    assert told[1][:4] == (2, "went", number(3), None) and told[1][4]["name"] == "LÊ VĂN TÁM" and len(told[1][4]) == len(HEADER)


def test_one_who_comes_back_is_the_same_but_a_later_bearer_of_his_number_is_not(database: Database, tmp_path: Path) -> None:
    first = [row(1), child(2, "LÊ AN")]
    import_population(database, write(tmp_path / "a.csv", first))
    mine = keys(database)[number(2)]
    import_population(database, write(tmp_path / "b.csv", [row(1)]))
    import_population(database, tmp_path / "a.csv")
    assert keys(database)[number(2)] == mine and differences(database) == (1, 0, 0, 0)
    import_population(database, write(tmp_path / "c.csv", [row(1), child(7, "LÊ AN")]))
    assert keys(database)[number(7)] == mine and differences(database) == (0, 0, 1, 0)
    import_population(database, write(tmp_path / "d.csv", [row(1), child(7, "LÊ AN"), row(2, ho_ten="NGƯỜI KHÁC")]))
    assert keys(database)[number(7)] == mine != keys(database)[number(2)]
    assert [(version, kind) for version, kind, *_ in history(database)] == [(2, "went"), (3, "returned"), (4, "renumbered")]


def test_another_number_is_followed_where_name_birthday_and_parents_say_so_and_nobody_else_fits(database: Database, tmp_path: Path) -> None:
    old = [child(1, "LÊ AN", so_dinh_danh="212345678"), child(2, "LÊ BA"), child(3, "LÊ CA"), child(4, "LÊ CA", gioi_tinh="Nữ"),
           row(5, ho_ten="KHÔNG CHA MẸ"), child(6, "LÊ DƯ", ngay_sinh="1980"), child(7, "LÊ EM", so_dinh_danh_me="212345678")]
    import_population(database, write(tmp_path / "a.csv", old))
    before = keys(database)
    new = [child(11, "Lê An"), child(12, "LÊ BA", ngay_sinh="1980-03-05"), child(13, "LÊ CA"), child(14, "LÊ CA", gioi_tinh="Nữ"),
           row(15, ho_ten="KHÔNG CHA MẸ"), child(16, "LÊ DƯ", ngay_sinh="1980"), child(7, "LÊ EM", so_dinh_danh_me=number(11))]
    import_population(database, write(tmp_path / "b.csv", new))
    after = keys(database)
    assert after[number(11)] == before["212345678"] and after[number(7)] == before[number(7)]
    assert {k for n, k in after.items() if n not in (number(11), number(7))}.isdisjoint(before.values())
    assert differences(database) == (5, 0, 1, 5)
    assert {(kind, was, now) for _, kind, was, now, _ in history(database)} >= {
        ("renumbered", "212345678", number(11)), ("relatives", number(7), number(7))}


def test_a_relative_who_is_somebody_else_is_a_change(database: Database, tmp_path: Path) -> None:
    import_population(database, write(tmp_path / "a.csv", [row(1), row(2), row(3, so_dinh_danh_me=number(1))]))
    import_population(database, write(tmp_path / "b.csv", [row(1), row(2), row(3, so_dinh_danh_me=number(2))]))
    assert [(k, w, b) for _, k, w, _, b in history(database)] == [("changed", number(3), {"mother_id": number(1)})]
    assert differences(database) == (0, 1, 0, 0)


def test_many_small_steps_give_what_one_gives(database: Database, tmp_path: Path, monkeypatch) -> None:
    """The walk in stretches of a few people, the sort in many runs: the same keys, history and refusals as in one."""
    first = [child(k, f"LÊ {chr(65 + k % 26)}{k}") for k in range(60)] + [row(3)]
    second = [child(k + 100 * (k % 4 == 0), f"LÊ {chr(65 + k % 26)}{k}", tinh_trang="Sống" if k % 5 else "Đã chết") for k in range(5, 70)]
    plain = Database(tmp_path / "plain.db")
    plain.upgrade()
    for name, rows in (("a.csv", first), ("b.csv", second)):
        import_population(plain, write(tmp_path / name, rows))
    monkeypatch.setattr(population_identity, "_PAGE", 7)
    monkeypatch.setattr(population_identity, "_ASKED", 3)
    monkeypatch.setattr(population_sort, "_RUN", 10)
    monkeypatch.setattr("storage.population._CHUNK", 11)
    monkeypatch.setattr("storage.population_file._BLOCK", 4)
    for name in ("a.csv", "b.csv"):
        import_population(database, tmp_path / name)
    assert history(database) == history(plain) and differences(database) == differences(plain) == (10, 9, 13, 5)
    same = {v: k for k, v in keys(plain).items()}
    assert len(same) == len(keys(database)) and keys(database).keys() == keys(plain).keys()
    plain.dispose()


CELLS = st.one_of(
    st.sampled_from(["", " ", "Nguyễn Thị Hạnh", "Nguye\u0302\u0303n", "NguyÔn V¨n", "Nguyeãn Vaên", "H’Bia Niê", "K`Pă", "a\u200b",
                     "A\x07B", "044080000001", "212345678", "44080000001", "044 080.000001", "12345", "abcdefghi", "1980-03-04", "4/3/1980",
                     "1980-02-30", "Nam", "nữ", "?", "x" * 61, "y" * 501, "é", "·", "Lê  An", " Lê", "Lê\n", "Lê\tAn", "Xã A, Huyện B"]),
    st.text(max_size=6))
GOOD = dict(zip(HEADER, row(1), strict=True))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(st.tuples(st.integers(0, len(HEADER)), CELLS), max_size=3), max_size=8), st.integers(0, 3))
def test_a_block_of_rows_gives_what_each_row_gives(edits: list[list[tuple[int, str]]], missing: int) -> None:
    order = [k if k < 2 or k % 4 != missing else -1 for k in range(len(HEADER))]
    rows = []
    for changes in edits:
        cells = list(GOOD.values())
        for place, text in changes:
            if place < len(cells):
                cells[place] = text
            elif text:
                cells = cells[: len(text)] if len(text) < 4 else [*cells, text]
        rows.append(cells)
    rows.append([""] * len(HEADER))
    wanted = [(n, person_of(n, cells, order, len(HEADER))) for n, cells in enumerate(rows) if any(cells)]
    assert people_of(range(len(rows)), rows, order, len(HEADER)) == wanted


@given(st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=5)), st.integers(1, 5))
def test_lines_come_back_sorted(lines: list[str], run: int) -> None:
    kept, population_sort._RUN = population_sort._RUN, run
    try:
        with SortedLines() as found:
            for line in lines:
                found.add([line])
            assert list(found) == sorted(lines) and len(found) == len(lines)
    finally:
        population_sort._RUN = kept
