"""The people of every register are linked: recognition, guardianship, change, marital status, adoption, and the older births, weddings and
deaths."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.linkage import read_population
from bench.misreading import misread
from matching.bonds import PARENTS
from matching.entry import ROLES, SEX_OF_ROLE, Entry, entry_of
from matching.linker import Linker
from matching.model import load_model
from matching.population import PopulationIndex
from records.forms import Form, load_forms
from samples.compose import draw_clerk
from samples.districts import LE_THUY
from samples.entries import entry_of as written_entry
from samples.hands import draw_hand
from samples.people import World, simulate
from samples.population_file import write_population
from samples.registrations import draw_events
from tests.matching.families import CHILD, FATHER, HERE, MOTHER, NEIGHBOURS, index

FORMS = [f for f in load_forms().values() if f.kind in ROLES]
READ = ("HoTen", "NgaySinh", "SoGiayToTuyThan", "SoDinhDanh", "NoiCuTru", "NoiSinh")


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, set[str], Linker]:
    world, path = simulate(LE_THUY, 1200, 5), tmp_path_factory.mktemp("people") / "population.csv"
    listed = write_population(world, path, 5)
    return world, listed, Linker(PopulationIndex.build(read_population(Path(path))))


def drawn(form: Form, world: World, count: int) -> list[tuple[Entry, dict[str, str]]]:
    """Entries as a fair hand is read, with who each role is."""
    rng = np.random.default_rng([8, sum(map(ord, form.id))])
    held = [e for e in world.events if e.kind == form.kind and e.registered.year >= 1996]
    events = held[::max(1, len(held) // count)][:count]
    for k in range(0 if events else count):
        events += draw_events(world, form, form.valid_from.year + 1 + k % 3, world.district.communes[k % 4], 1, rng)
    out = []
    for k, event in enumerate(events):
        entry = written_entry(event, k + 1, world, form, draw_clerk(rng, ("Lê Văn A", "Lê Thị B"), draw_hand(rng)), "01", rng)
        values = {c: misread(str(v), 0.04, rng) if c.endswith(READ) else str(v) for c, v in entry.values.items()}
        out.append((entry_of(form.kind, {"noiDangKy": "UBND " + event.commune} | values), entry.link))
    return out


def test_every_role_of_every_form_is_linked() -> None:
    model = load_model()
    for form in load_forms().values():
        assert set(form.roles) == set(ROLES[form.kind]), form.id
        assert all(role in model.present for role in form.roles)
    assert {p for child in ("nc", "cn") for p in PARENTS[child]} == set(model.bonds)


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
def test_people_are_found_and_nobody_else_is_accepted(form: Form, district: tuple[World, set[str], Linker]) -> None:
    world, listed, linker = district
    found = right = 0
    for entry, link in drawn(form, world, 12):
        decisions = linker.link([entry])[0]
        assert set(decisions) == {r.role for r in entry.roles}
        for role, decision in decisions.items():
            if decision.decision == "accept":
                assert decision.personal_id == link[role]
                assert decision.candidates[0].evidence                  # and says why
            if link.get(role) in listed:
                found += 1
                right += bool(decision.candidates) and decision.candidates[0].personal_id == link[role]
    assert found >= 8 and right >= 0.9 * found


ADOPTION = {"ngayDangKy": "2012-05-05", "noiDangKy": "UBND " + HERE, "cnHoTen": "Lê Thị Loan", "cnNgaySinh": "2007-07-21",
            "cnGioiTinh": "Nữ", "meNuoiHoTen": "Trần Thị Bưởi", "meNuoiNgaySinh": "1982-07-01"}


def test_a_role_of_which_nothing_is_written_is_none() -> None:
    assert [r.role for r in entry_of("CN", ADOPTION).roles] == ["cn", "meNuoi"]
    assert [r.role for r in entry_of("KS", {"nksHoTen": "Lê Thị Loan"}).roles] == ["nks", "me", "cha"]


def test_a_child_and_its_parent_speak_for_one_another() -> None:
    """With the mother in the population and its row naming her, a child read badly is surer than alone, and the mother too."""
    linker = Linker(index())
    blurred = ADOPTION | {"cnHoTen": "Lê Thị Lan", "cnNgaySinh": "2007", "meNuoiHoTen": "Trần Thị Bười", "meNuoiNgaySinh": "1982"}
    both = linker.link([entry_of("CN", blurred)])[0]
    child = linker.link([entry_of("CN", {k: v for k, v in blurred.items() if not k.startswith("meNuoi")})])[0]["cn"]
    mother = linker.link([entry_of("CN", {k: v for k, v in blurred.items() if not k.startswith("cn")})])[0]["meNuoi"]
    assert both["cn"].candidates[0].personal_id == CHILD.personal_id
    assert both["meNuoi"].candidates[0].personal_id == MOTHER.personal_id
    assert both["cn"].probability > child.probability
    assert both["meNuoi"].probability > mother.probability


def test_who_recognises_a_child_may_be_either_parent() -> None:
    linker = Linker(index())
    for parent, sex in ((FATHER, "Nam"), (MOTHER, "Nữ"), (FATHER, "")):
        values = {"ngayDangKy": "2009-01-09", "noiDangKy": "UBND " + HERE, "cmHoTen": parent.name.title(), "cmGioiTinh": sex,
                  "cmNgaySinh": parent.birth_date[:4], "ncHoTen": "Lê Thị Loan", "ncNgaySinh": "2007-07-21", "ncGioiTinh": "Nữ"}
        found = linker.link([entry_of("NCM", {k: v for k, v in values.items() if v})])[0]
        assert found["cm"].candidates[0].personal_id == parent.personal_id
        assert found["nc"].decision == "accept" and found["nc"].personal_id == CHILD.personal_id


def test_a_stranger_who_recognises_a_child_is_not_taken_for_its_parent() -> None:
    """A bond need not stand in the population: the child's row names another father."""
    other = NEIGHBOURS[0]
    values = {"ngayDangKy": "2009-01-09", "noiDangKy": "UBND " + HERE, "cmHoTen": other.name.title(), "cmNgaySinh": other.birth_date,
              "cmGioiTinh": other.sex, "cmSoGiayToTuyThan": other.personal_id, "ncHoTen": "Lê Thị Loan", "ncNgaySinh": "2007-07-21"}
    found = Linker(index()).link([entry_of("NCM", values)])[0]
    assert found["cm"].candidates[0].personal_id == other.personal_id
    assert found["nc"].candidates[0].personal_id == CHILD.personal_id


@pytest.mark.parametrize("age", ["25T", "26 tuổi", "24t"])
def test_an_age_is_the_year_it_means_or_one_beside(age: str) -> None:
    values = {"ngayDangKy": "2007-08-05", "noiDangKy": "UBND " + HERE, "nksHoTen": "Lê Thị Loan", "nksNgaySinh": "2007-07-21",
              "meHoTen": "Trần Thị Bưởi", "meNgaySinh": age}
    entry = entry_of("KS", values)
    assert entry.role("me").by_age and not entry.role("nks").by_age
    assert Linker(index()).link([entry])[0]["me"].personal_id == MOTHER.personal_id


def test_partners_of_every_register_have_their_sex() -> None:
    assert {SEX_OF_ROLE[r] for r in ("meNuoi", "meGiao", "vo", "me")} == {2} and SEX_OF_ROLE["chaNuoi"] == 1
