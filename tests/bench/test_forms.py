"""Every form is known among all others from a composed page, its blanks are found; pages of no form are taken for none."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.forms import WITHIN, composed, distances
from ocr.form_search import find_pages
from ocr.images import open_page
from records.forms import Form, page_forms
from samples.districts import LE_THUY
from samples.other_pages import PAGES, other_page
from samples.people import World, simulate

FORMS = page_forms()


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(replace(LE_THUY, settled=2), 1500, 21)


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
def test_a_page_is_known_among_all_forms_and_its_blanks_are_found(form: Form, world: World) -> None:
    page = composed(form, 1, 2, 21, world)[0]
    found = find_pages(open_page(page.jpeg, "image/jpeg"), FORMS)
    assert len(found) == 1 and found[0].fit is not None and found[0].fit.form.id == form.id
    away = distances(found[0].fit, page)
    assert len(away) == len(form.blanks)
    assert [(code, mm) for code, mm in away if mm > WITHIN] == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_no_form_is_taken_for_none(name: str) -> None:
    for n in (0, 1):
        found = find_pages(open_page(other_page(name, np.random.default_rng([21, n]), 1 + n, 200.0), "image/jpeg"), FORMS)
        assert [f.fit.form.id for f in found if f.fit is not None] == []
