"""Whole entries: who is found, who is refused, and that order and chunking change nothing."""
from __future__ import annotations

from dataclasses import replace

import pytest

import matching.linker as linker_module
from bench.linkage import Trial, blocking_recall, measure
from matching.book_rule import one_entry_each
from matching.entry import entry_of
from matching.linker import Linker
from matching.population import PersonRecord, PopulationIndex
from records.record import DraftRecord, FieldValue
from tests.matching.families import BIRTH, CHILD, FATHER, HERE, MOTHER, index


def record(values: dict[str, str], kind: str = "KS") -> DraftRecord:
    return DraftRecord(kind, None, fields={k: FieldValue(v, confidence=0.9) for k, v in values.items()})


def test_a_family_is_found_with_its_evidence() -> None:
    found = Linker(index()).link_entry(record(BIRTH))
    assert {r: (d.personal_id, d.decision) for r, d in found.items()} == {
        "nks": (CHILD.personal_id, "accept"), "me": (MOTHER.personal_id, "accept"), "cha": (FATHER.personal_id, "accept")}
    best = found["nks"].candidates[0]
    assert best.personal_id == CHILD.personal_id and best.probability == found["nks"].probability
    assert {c for c, _, _ in best.evidence} >= {"name", "birth", "sex", "place"}
    assert dict((c, level) for c, level, _ in best.evidence)["name"] == "same"


@pytest.mark.parametrize("absent", [CHILD, MOTHER, FATHER])
def test_nobody_is_accepted_for_a_person_who_is_not_in_the_population(absent: PersonRecord) -> None:
    found = Linker(index(absent)).link_entry(record(BIRTH))
    role = {CHILD: "nks", MOTHER: "me", FATHER: "cha"}[absent]
    assert found[role].decision != "accept"
    assert all(d.decision == "accept" for r, d in found.items() if r != role and absent is not CHILD)


def test_a_sibling_is_not_taken_for_an_absent_newborn() -> None:
    sister = replace(CHILD, personal_id="044304000009", name="LÊ THỊ HOA", birth_date="2004-01-30")
    found = Linker(index(CHILD, extra=(sister,))).link_entry(record(BIRTH))
    assert found["nks"].decision != "accept"
    assert (found["me"].personal_id, found["cha"].personal_id) == (MOTHER.personal_id, FATHER.personal_id)


def test_a_twin_is_not_taken_for_an_absent_newborn_and_the_right_twin_is_found() -> None:
    twin = replace(CHILD, personal_id="044307000009", name="LÊ THỊ HOA")
    assert Linker(index(CHILD, extra=(twin,))).link_entry(record(BIRTH))["nks"].decision != "accept"
    both = Linker(index(extra=(twin,))).link_entry(record(BIRTH))["nks"]
    assert (both.personal_id, both.decision) == (CHILD.personal_id, "accept")


def test_a_badly_read_entry_is_found_through_its_family() -> None:
    bad = BIRTH | {"nksHoTen": "Lé Lhị Loau", "nksNgaySinh": "2067-07-27", "meHoTen": "Tnần Thi Bươi", "chaHoTen": "Lê Vău Tám"}
    found = Linker(index()).link_entry(record(bad))
    assert [found[r].personal_id for r in ("nks", "me", "cha")] == [CHILD.personal_id, MOTHER.personal_id, FATHER.personal_id]


def test_a_role_of_which_nothing_was_read_is_never_accepted() -> None:
    values = {k: v for k, v in BIRTH.items() if not k.startswith("cha")}
    assert Linker(index()).link_entry(record(values))["cha"].decision != "accept"


def test_wedding_and_death_are_linked_by_number_name_and_partner() -> None:
    linker = Linker(index())
    wedding = {"ngayDangKy": "2003-05-01", "noiDangKy": HERE, "voHoTen": "Trần Thị Bưởi", "voNgaySinh": "1982-07-01", "voNoiCuTru": HERE,
               "chongHoTen": "Lê Văn Tám", "chongNgaySinh": "1980-03-04", "chongSoGiayToTuyThan": "044 080 000 001"}
    found = linker.link_entry(record(wedding, "KH"))
    assert {r: (d.personal_id, d.decision) for r, d in found.items()} == {
        "vo": (MOTHER.personal_id, "accept"), "chong": (FATHER.personal_id, "accept")}
    death = {"ngayDangKy": "2019-05-01", "nktHoTen": "Lê Văn Tám", "nktNgaySinh": "1980", "nktGioiTinh": "Nam",
             "nktSoGiayToTuyThan": "044080000001"}
    found = linker.link_entry(record(death, "KT"))
    assert (found["nkt"].personal_id, found["nkt"].decision) == (FATHER.personal_id, "accept")


def test_a_kind_without_roles_links_nobody() -> None:
    assert Linker(index()).link_entry(record({"so": "1"}, "HN")) == {}


def test_one_book_does_not_register_one_newborn_twice() -> None:
    worse = BIRTH | {"nksHoTen": "Lê Thi Loan", "nksNgaySinh": "2007-07-27"}
    twice = Linker(index()).link_book([record(worse), record(BIRTH)])
    assert [d["nks"].decision for d in twice] == ["review", "accept"]
    assert all(d["me"].decision == "accept" for d in twice)


def test_ages_and_joined_names_are_understood() -> None:
    entry = entry_of("KS", BIRTH | {"chaNgaySinh": "27T", "nksHoTen": "LêThịLoan"})
    assert entry.role("cha").date == "1980" and entry.role("nks").tokens == ("lê", "thị", "loan")
    assert entry_of("KS", {"nksHoTen": "K'Brơi"}).role("nks").tokens == entry_of("KS", {"nksHoTen": "K’BRƠI"}).role("nks").tokens


def test_order_of_people_and_chunks_change_nothing(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    book = max(trial.books, key=len)
    first = Linker(PopulationIndex.build(trial.people)).link(book)
    monkeypatch.setattr(linker_module, "CHUNK", 3)
    again = Linker(PopulationIndex.build(reversed(trial.people)))
    again.link(trial.books[0])                                              # caches filled by other entries
    assert again.link(book) == first
    assert again.link(book[::-1])[::-1] == first
    assert one_entry_each(first) == first


def test_the_simulated_district_is_linked_within_the_stated_error(trial: Trial, linker: Linker) -> None:
    recall = blocking_recall(linker, trial)
    assert all(share > 0.97 for share, _ in recall.values()), recall
    pairs = [(linker.index.row_of[t[role]] in linker.compared(e)[role]) for entries, truths in zip(trial.books, trial.truth, strict=True)
             for e, t in zip(entries, truths, strict=True) for role in t if t[role]]
    assert sum(pairs) / len(pairs) > 0.99
    results = [(d[role], t[role]) for entries, truths in zip(trial.books, trial.truth, strict=True)
               for d, t in zip(linker.link(entries), truths, strict=True) for role in d if role in t]
    figures = measure(results)
    assert figures["roles"] > 800 and figures["absent"] > 40
    assert figures["top1_pct"] > 97 and figures["accept_of_present_pct"] > 88
    assert figures["wrong"] <= 1 and figures["absent_accepted"] <= 1


def test_a_birthday_that_is_only_near_is_not_said_to_agree() -> None:
    death = {"nktHoTen": "Lê Văn Tám", "nktNgaySinh": "1980-03-04", "ngayDangKy": "2019-08-04"}
    levels = {}
    for born in ("1980-03-04", "1980-08-04", "1986-03-09"):
        (best, *_) = Linker(index(FATHER, extra=(replace(FATHER, birth_date=born),))).link_entry(record(death, "KT"))["nkt"].candidates
        levels[born] = next(level for comparison, level, _ in best.evidence if comparison == "birth")
    assert levels["1980-03-04"] == "agrees" and levels["1980-08-04"] == "same year" and levels["1986-03-09"] != "agrees"
