"""Pages of every form can be composed: every blank filled by what fits it, every value where the form has room for it."""
from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

from records.forms import Form, page_forms
from samples.compose import Book, Page, compose_page, draw_clerk
from samples.entries import Entry, entry_of
from samples.hands import draw_hand
from samples.other_pages import PAGES, other_page
from samples.people import World
from samples.press import pixels
from samples.registrations import SIMULATED, draw_events
from samples.wear import draw_wear

FORMS = page_forms()
DPI = 100.0
MAY_BE_EMPTY = {"csndTen", "csndDaiDien", "ghiChu"}


def entries(form: Form, world: World, count: int = 3) -> list[Entry]:
    rng = np.random.default_rng([3, sum(map(ord, form.id))])
    year, commune = form.valid_from.year + 1, world.district.communes[0]
    events = world.of_book(form.kind, year, commune)[:count] or draw_events(world, form, year, commune, count, rng)
    clerk = draw_clerk(rng, ["Phạm Thị Mẫu", "Võ Văn Giả"], draw_hand(rng))
    return [entry_of(e, n + 1, world, form, clerk, f"01/{year}", rng) for n, e in enumerate(events)]


def page(form: Form, entry: Entry) -> Page:
    rng = np.random.default_rng(4)
    book = Book(form, form.valid_from.year + 1, "UBND Xã Mẫu", draw_hand(rng, "patrick-hand", False), draw_wear(rng, 0), 0, DPI)
    return compose_page(entry, book, rng)


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
def test_every_blank_of_a_person_who_is_there_is_filled(form: Form, world: World) -> None:
    for entry in entries(form, world):
        absent = [role for role in form.roles if role not in entry.link]
        assert absent in ([], ["cha"])
        for blank in form.blanks:
            if blank.code is None or blank.code in MAY_BE_EMPTY or any(blank.code.startswith(role) for role in absent): continue
            assert entry.ink(blank.code), blank.code
        assert set(entry.values) <= {b.code for b in form.blanks} | {t.code for t in form.ticks} | {"loaiDangKy", "loai"}


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
def test_ink_stands_in_its_blanks(form: Form, world: World) -> None:
    """Pixels of the flat page: a value's box lies within its blanks, give or take a descender and what overruns the dots."""
    made = page(form, entries(form, world, 1)[0])
    assert np.allclose(made.placement[:2, :2], np.eye(2), atol=0.01)
    for code, (x0, y0, x1, y1) in made.boxes.items():
        own = [b for b in form.blanks if b.code == code]
        left, right = (pixels(v, DPI) for v in (min(b.x0 for b in own), max(b.x1 for b in own)))
        assert x0 > left - 8 and x1 < right + 0.06 * (right - left) + 24, code
        assert y0 > pixels(min(b.y for b in own) - 10, DPI) and y1 < pixels(max(b.y for b in own) + 4, DPI), code


def test_day_month_and_year_stand_each_in_its_blank(world: World) -> None:
    form = next(f for f in FORMS if f.id == "HN2016")
    made, parts = page(form, entries(form, world, 1)[0]), [b for b in form.blanks if b.code == "nxnThoiGianCuTruTu"]
    gray = np.asarray(Image.open(io.BytesIO(made.jpeg)).convert("L"))
    assert len(parts) == 3
    for b in parts:
        x0, x1, y = (round(pixels(v, DPI)) for v in (b.x0 + 0.3, b.x1 - 0.3, b.y))
        assert (gray[y - 10:y - 3, x0:x1] < 200).mean() > 0.08, b


@pytest.mark.parametrize("form", [f for f in FORMS if f.kind not in SIMULATED], ids=lambda f: f.id)
def test_people_of_drawn_registrations_fit_their_roles(form: Form, world: World) -> None:
    events = draw_events(world, form, 2018, world.district.communes[1], 8, np.random.default_rng(9))
    assert [e.registered for e in events] == sorted(e.registered for e in events)
    for event in events:
        people = {role: world.people[i] for role, i in event.roles.items()}
        assert len({event.roles[role] for role in form.roles}) == len(form.roles)
        assert all(p.born < event.registered and (p.died is None or p.died > event.registered) for p in people.values())
        for older, younger in (("cm", "nc"), ("ngh", "ndgh"), ("chaNuoi", "cn"), ("meNuoi", "cn")):
            if older in people and younger in people: assert people[older].born.year <= people[younger].born.year - 8
        for role, sex in (("chaNuoi", "Nam"), ("meNuoi", "Nữ"), ("chaGiao", "Nam"), ("meGiao", "Nữ")):
            if role in people: assert people[role].sex == sex


def test_too_few_people_are_an_error(world: World) -> None:
    form = next(f for f in FORMS if f.id == "CN2016")
    with pytest.raises(ValueError, match="more people are needed"): draw_events(world, form, 1930, "Xã Mẫu", 1, np.random.default_rng(1))


@pytest.mark.parametrize("name", PAGES)
def test_other_pages_are_drawn_from_their_seed(name: str) -> None:
    a, b = (other_page(name, np.random.default_rng(5), 1, DPI) for _ in range(2))
    assert a == b
    dark = (np.asarray(Image.open(io.BytesIO(a)).convert("L")) < 120).mean()
    assert (dark > 0.002) == (name != "empty")
    assert not re.search(rb"\x00{64}", a[-200:])
