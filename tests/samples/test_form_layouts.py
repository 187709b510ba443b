"""The forms' data hang together: what is printed where, what is filled in, what is ticked."""
from __future__ import annotations

from itertools import combinations

import pytest

from records.codes import REGISTER_KINDS
from records.forms import Form, page_forms
from samples.hands import load_font

FORMS = page_forms()
KINDS = {"KS": {"nks", "me", "cha"}, "KH": {"vo", "chong"}, "KT": {"nkt"}, "NCM": {"cm", "nc"}, "GH": {"ngh", "ndgh"}, "CC": {"ntd"},
         "HN": {"nxn"}, "CN": {"cn", "chaNuoi", "meNuoi", "chaGiao", "meGiao"}}


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
def test_everything_lies_on_the_page(form: Form) -> None:
    for label in form.labels: assert 0 < label.x < form.width and 0 < label.y < form.height, label
    for b in form.blanks: assert 0 < b.x0 < b.x1 < form.width and 0 < b.y < form.height, b
    for t in form.ticks: assert 0 < t.x < t.x + t.size < form.width and 0 < t.y < t.y + t.size < form.height, t


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
def test_a_blank_follows_its_label_on_the_same_line(form: Form) -> None:
    for b in form.blanks:
        if b.label is None: continue
        label = form.labels[b.label]
        face = load_font("print/tinos-bold" if label.bold else "print/tinos-regular", 100)
        end = label.x + face.getlength(label.text) / 100 * label.size / 72 * 25.4
        assert b.y == label.y, (b, label)
        assert -2.0 < b.x0 - end < 6.0, (b, label, end)


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
def test_blanks_do_not_overlap(form: Form) -> None:
    for a, b in combinations(form.blanks, 2):
        assert abs(a.y - b.y) >= 6 or a.x1 < b.x0 or b.x1 < a.x0, (a, b)


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
def test_codes(form: Form) -> None:
    codes = [b.code for b in form.blanks if b.code]
    for code in set(codes): assert len({b.type for b in form.blanks if b.code == code}) == 1, code
    assert {"so", "ngayDangKy", "nguoiKy"} <= set(codes)
    assert ("quyenSo" in codes) == (form.kind != "HN")
    assert set(form.roles) == KINDS[form.kind] and form.kind in REGISTER_KINDS
    assert all(f"{role}HoTen" in codes and f"{role}NgaySinh" in codes for role in form.roles)
    assert any(b.code is None for b in form.blanks), "the signatures"


@pytest.mark.parametrize("form", [f for f in FORMS if f.ticks], ids=lambda f: f.id)
def test_each_square_stands_on_the_line_of_its_label(form: Form) -> None:
    printed = {label.text: label for label in form.labels if label.region == "side"}
    for tick in form.ticks:
        beside = [label for label in printed.values() if tick.y < label.y < tick.y + tick.size + 1]
        assert beside and tick.label.startswith(beside[0].text.split(":")[0]), tick
    assert len({(t.code, t.value) for t in form.ticks}) == len(form.ticks)


def test_what_a_form_is_known_by_is_printed_on_it_and_on_no_other() -> None:
    for form in FORMS:
        texts = {label.text for label in form.labels}
        assert set(form.known_by) <= texts
        others = {label.text for f in FORMS if f is not form for label in f.labels}
        assert not set(form.known_by) & others


def test_generations_of_a_kind_do_not_overlap_in_time() -> None:
    for a, b in combinations(FORMS, 2):
        if a.title == b.title: assert a.valid_to is not None and a.valid_to < b.valid_from
