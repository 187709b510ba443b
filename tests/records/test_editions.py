"""A form issued anew with the same page: its own id and dates, the same blanks; mistakes in the file are told."""
from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from records.editions import editions_of, layout_of
from records.form_file import FormFileError, look_alikes, read_form, read_forms
from records.forms import load_forms, page_forms, use_folder

LATER = [f for f in load_forms().values() if f.layout is not None]
FORM = (Path(__file__).parents[2] / "records" / "form_data" / "GH2016.toml").read_text("utf-8")
EDITION = FORM[FORM.index("[[edition]]"):]


def test_books_under_the_circular_of_2020_have_forms() -> None:
    assert {f.kind for f in LATER if f.generation == "G5"} == {"KS", "KH", "KT", "NCM", "GH", "CC", "HN"}
    assert all(f.valid_from == date(2020, 7, 16) and f.printed_code == "TP/HT-2020" for f in LATER if f.generation == "G5")


@pytest.mark.parametrize("form", LATER, ids=lambda f: f.id)
def test_an_edition_has_the_page_of_its_layout_and_follows_it_in_time(form) -> None:
    layout = load_forms()[form.layout or ""]
    assert (form.blanks, form.ticks, form.roles, form.known_by) == (layout.blanks, layout.ticks, layout.roles, layout.known_by)
    assert form.labels[:-1] == layout.labels and form.labels[-1].text == form.printed_code
    assert layout.valid_to is not None and layout.valid_to + timedelta(1) == form.valid_from
    assert [e.id for e in editions_of(form)] == [layout.id, form.id] == [e.id for e in editions_of(layout)]
    assert layout_of(form.id) == layout.id == layout_of(layout.id) and form not in page_forms()
    assert not look_alikes(form), "an edition is no other form that looks alike"


def test_what_is_no_form_stays_what_was_said() -> None:
    assert layout_of(None) is None and layout_of("KS1850") == "KS1850"


@pytest.mark.parametrize(("pattern", "by", "said"), [
    ('id = "GH2020"', 'id = "GH2016"', "no other's"), ('id = "GH2020"', 'id = "gh"', "first a capital"),
    ("valid_from = 2020-07-16", "valid_from = 2012-01-01", "after the edition before"),
    ('printed_code = "TP/HT-2020"', 'printed_code = "T-20"', "needs 6 letters"),
    ('generation = "G5"', 'generaton = "G5"', "“generation” is missing"), ("valid_from = 2020-07-16", 'valid_from = ""', "must be date")])
def test_each_mistake_is_told(pattern: str, by: str, said: str, tmp_path: Path) -> None:
    assert pattern in EDITION
    (tmp_path / "x.toml").write_text(FORM.replace(EDITION, EDITION.replace(pattern, by)), "utf-8")
    with pytest.raises(FormFileError) as error: read_form(tmp_path / "x.toml")
    assert any(said in p.en and p.where.startswith("edition") and p.vi != p.en for p in error.value.problems), error.value.problems


def test_a_form_of_ones_own_may_have_editions(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(FORM.replace('id = "GH2016"', 'id = "GHX1"').replace('id = "GH2020"', 'id = "GHX2"'), "utf-8")
    assert [f.id for f in read_forms(tmp_path / "x.toml")] == ["GHX1", "GHX2"]
    try:
        use_folder(tmp_path)
        assert layout_of("GHX2") == "GHX1" and load_forms()["GHX2"].labels[-1].text == "TP/HT-2020"
    finally:
        use_folder(None)
