"""A form file's mistakes are told in words; a folder of one's own adds forms."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from records.form_file import FormFileError, look_alikes, read_form
from records.forms import load_forms, parse_form, use_folder

PACKAGED = sorted((Path(__file__).parents[2] / "records" / "form_data").glob("*.toml"))
GUARDIANSHIP = next(p for p in PACKAGED if p.stem == "GH2016").read_text("utf-8").partition("[[edition]]")[0]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    use_folder(None)


def changed(pattern: str, by: str) -> str:
    text, count = re.subn(pattern, by, GUARDIANSHIP, count=1)
    assert count == 1, pattern
    return text


@pytest.mark.parametrize("path", PACKAGED, ids=lambda p: p.stem)
def test_the_packages_own_files_have_no_mistake(path: Path) -> None:
    assert read_form(path).id == path.stem


@pytest.mark.parametrize(("text", "where", "said"), [
    (changed('id = "GH2016"', 'id = "gh"'), "id", "3 to 16 letters"),
    (changed('kind = "GH"', 'kind = "XX"'), "kind", "one of KS"),
    (changed("roles = .*", 'roles = ["ngh", "ndgh", "ai"]'), "roles", "aiHoTen"),
    (changed('x = 52.0', 'xx = 52.0'), "Dân tộc", "“x” is missing"),
    (changed('type = "sex"', 'type = "gender"'), "Giới tính", "no type “gender”"),
    (changed('region = "side"', 'region = "right"'), "label", "region must be one of"),
    (changed('bold = true', 'bold = "yes"'), "label", "“bold” must be bool"),
    (changed("valid_to = .*", "valid_to = 2011-01-01"), "valid_to", "before"),
    (changed('"Giám hộ cử"', '"Giám hộ khác"'), "known_by", "none of the labels"),
    (changed('code = "ngayDangKy"', 'code = "ngayVaoSo"'), "blank", "ngayDangKy"),
    (changed('code = "nycHoTen"', 'code = "nyc Ho Ten"'), "code", "letters only"),
    (changed("width = 210.0", "width = 120.0"), "label", "off the page"),
    (changed(r'(code = "nghDanToc", type = "ethnicity", x0 = )[\d.]+', r"\g<1>40.0"), "blank", "on each other"),
    (changed("page = .*", ""), "page", "“page” is missing"),
    ("id = ", "TOML", "not valid TOML"),
])
def test_each_mistake_is_named_where_it_is(text: str, where: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "GH.toml").write_text(text, "utf-8")
    with pytest.raises(FormFileError) as error: read_form(tmp_path / "GH.toml")
    found = error.value.problems
    assert any(where in p.where and said in p.en for p in found), found
    assert all(p.vi and p.vi != p.en for p in found)
    assert str(tmp_path / "GH.toml") in error.value.message[0] and "sogoc form check" in error.value.message[1]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "GH.toml").write_text(changed('id = "GH2016"', 'id = "gh"').replace('kind = "GH"', 'kind = "XX"'), "utf-8")
    with pytest.raises(FormFileError) as error: read_form(tmp_path / "GH.toml")
    assert [p.where for p in error.value.problems][:2] == ["id", "kind"]


def test_a_folder_of_ones_own_adds_forms(own: Path) -> None:
    before = set(load_forms())
    (own / "phuong.toml").write_text(changed('id = "GH2016"', 'id = "GH2016B"'), "utf-8")
    use_folder(own)
    assert set(load_forms()) == before | {"GH2016B"}
    assert ("Giám hộ cử", "GH2016") in look_alikes(load_forms()["GH2016B"])
    use_folder(None)
    assert set(load_forms()) == before


def test_a_form_that_is_there_already_is_refused(own: Path) -> None:
    (own / "again.toml").write_text(GUARDIANSHIP, "utf-8")
    use_folder(own)
    with pytest.raises(FormFileError, match="GH2016 already"): load_forms()


def test_a_folder_that_is_not_there_holds_no_form(own: Path) -> None:
    before = load_forms()
    use_folder(own / "none")
    assert load_forms().keys() == before.keys()


def test_a_labels_blank_and_square_may_stand_with_it() -> None:
    page: Callable[..., dict] = lambda **more: {  # noqa: E731
        "id": "AB1", "kind": "KS", "generation": "G9", "title": "t", "legal_basis": "l", "valid_from": None, "roles": [], "known_by": [],
        "page": {"width": 100.0, "height": 100.0}, **more}
    label = {"text": "Số:", "x": 1.0, "y": 9.0}
    blank, tick = {"code": "so", "type": "entry_number", "x0": 8.0, "x1": 20.0}, {"code": "loaiDangKy", "value": 1, "x": 30.0, "y": 6.0}
    apart = parse_form(page(label=[label], blank=[{**blank, "y": 9.0, "label": 0}], tick=[{**tick, "label": "Số:"}]))
    assert parse_form(page(label=[{**label, "blank": blank, "tick": tick}])) == apart
    lower = {"type": "text", "x0": 8.0, "x1": 20.0, "y": 5.0}
    both = parse_form(page(label=[{**label, "blank": blank}], blank=[lower]))
    assert [b.y for b in both.blanks] == [5.0, 9.0], "from the top"
