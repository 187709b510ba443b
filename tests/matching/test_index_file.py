"""The kept index: mapped it answers as built, damaged it is made again, however people came it is the same."""
from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.linkage import Trial
from matching.index_build import build_arrays
from matching.index_file import IndexDamaged, kept_index, open_index, write_index
from matching.linker import Linker
from matching.population import PopulationIndex
from tests.matching.families import CHILD, FATHER, MOTHER, PEOPLE

ROWS = [astuple(p) for p in PEOPLE]


def never() -> list[tuple[str, ...]]:
    raise AssertionError("the index was there, nothing had to be read")


def test_a_mapped_index_answers_as_the_one_that_was_built(trial: Trial, linker: Linker, tmp_path: Path) -> None:
    write_index(tmp_path / "population-x.index", linker.index.arrays)
    book = max(trial.books, key=len)
    assert Linker(open_index(tmp_path / "population-x.index")).link(book) == linker.link(book)


def test_people_and_their_families_are_found_by_number(tmp_path: Path) -> None:
    index = kept_index(tmp_path, "a" * 64, lambda: ROWS)
    child, mother, father = (index.row_of[p.personal_id] for p in (CHILD, MOTHER, FATHER))
    assert index.ids[child] == CHILD.personal_id and index.names.names[index.name[child]] == CHILD.name
    assert (index.mother[child], index.father[child]) == (mother, father)
    assert index.families.children.of(mother).tolist() == [child] and index.families.partners.of(mother).tolist() == [father]
    assert index.places.texts[index.birth_place[child]] == CHILD.birth_place
    assert "044000000000" not in index.row_of and "" not in index.row_of
    assert list(index.ids) == sorted(p.personal_id for p in PEOPLE)


def test_a_kept_index_is_read_no_second_time_and_replaces_the_one_before(tmp_path: Path) -> None:
    first = kept_index(tmp_path, "a" * 64, lambda: ROWS)
    assert first.path is not None and os.stat(first.path).st_mode & 0o777 == 0o600
    assert kept_index(tmp_path, "a" * 64, never).path == first.path
    (tmp_path / f"{first.path.name}.4194305.part").write_bytes(b"left by a process that was killed")
    second = kept_index(tmp_path, "b" * 64, lambda: ROWS[:10])
    assert [p.name for p in tmp_path.iterdir()] == [second.path.name if second.path else ""]
    assert len(first.ids) == len(PEOPLE) and first.ids[0] == min(p.personal_id for p in PEOPLE)       # still open, still whole


def cut(content: bytes) -> bytes:
    return content[:-70]


def flipped(content: bytes) -> bytes:
    return content[:-3000] + bytes([content[-3000] ^ 1]) + content[-2999:]


def older(content: bytes) -> bytes:
    return content[:8] + np.int64(0).tobytes() + content[16:]


def headless(content: bytes) -> bytes:
    return content[:30] + b"?" * 40 + content[70:]


@pytest.mark.parametrize(("damage", "reason"), [(cut, "cut"), (flipped, "checksum"), (older, "version"), (headless, "head"),
                                                (lambda c: b"", "cut"), (lambda c: b"x" * len(c), "magic")])
def test_a_damaged_index_is_refused_and_made_again(damage: Callable[[bytes], bytes], reason: str, tmp_path: Path) -> None:
    path = kept_index(tmp_path, "a" * 64, lambda: ROWS).path
    assert path is not None
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(damage(whole))
    with pytest.raises(IndexDamaged) as refused:
        open_index(path)
    assert refused.value.reason == reason
    assert len(kept_index(tmp_path, "a" * 64, lambda: ROWS)) == len(PEOPLE)
    assert path.read_bytes() == whole


@settings(max_examples=10, deadline=None)
@given(st.permutations(ROWS))
def test_the_order_of_people_changes_no_byte(rows: list[tuple[str, ...]]) -> None:
    found, expected = build_arrays(rows), build_arrays(ROWS)
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[k], expected[k]) and found[k].dtype == expected[k].dtype for k in expected)


def test_an_empty_population_and_a_number_that_occurs_twice() -> None:
    empty = PopulationIndex(build_arrays([]))
    assert len(empty) == 0 and len(empty.names.names) == 1
    with pytest.raises(ValueError, match="twice"):
        build_arrays([ROWS[0], ROWS[0]])
