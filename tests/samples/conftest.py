"""Small simulated worlds, made once."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from records.forms import load_forms
from samples.__main__ import DEFAULT_BOOKS
from samples.compose import draw_clerk
from samples.districts import LE_THUY
from samples.entries import Entry, entry_of
from samples.hands import draw_hand
from samples.people import World, simulate

YEARS = {form: int(year) for form, year in (book.split(":") for book in DEFAULT_BOOKS)}


@pytest.fixture(scope="session")
def world() -> World:
    return simulate(replace(LE_THUY, settled=3), 4000, 5)


@pytest.fixture(scope="session")
def entries(world: World) -> dict[str, list[Entry]]:
    """Some entries for each form."""
    out = {}
    for form, year in YEARS.items():
        shape = load_forms()[form]
        rng = np.random.default_rng([5, year])
        clerk = draw_clerk(rng, ["Phạm Thị Mẫu", "Võ Văn Giả"], draw_hand(rng))
        commune = max(world.district.communes[:3], key=lambda c: len(world.of_book(shape.kind, year, c)))
        events = world.of_book(shape.kind, year, commune)
        out[form] = [entry_of(e, i + 1, world, shape, clerk, f"01/{year}", rng, notes=0.5) for i, e in enumerate(events)]
    return out
