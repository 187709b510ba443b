"""Which district the simulated people live in: the default one, or any that existed before July 2025, by its name."""
from __future__ import annotations

import difflib
from datetime import date

from records.places import default_gazetteer, written
from records.text import fold
from samples.people import District

BOOKS_OF = date(2019, 6, 1)       # the list of communes the books' places are taken from
_MOST = 8
# a people that lives in the province beside the Kinh, by the province's code (general knowledge; Tày elsewhere)
_MINORITY = {
    "44": "Bru - Vân Kiều", "45": "Bru - Vân Kiều", "46": "Cơ Tu", "48": "Cơ Tu", "49": "Cơ Tu", "51": "Hrê", "64": "Gia Rai",
    "62": "Gia Rai", "66": "Ê Đê", "68": "Cơ Ho", "17": "Mường", "38": "Mường", "40": "Thái", "14": "Thái", "11": "Mông", "10": "Mông",
    "94": "Khmer", "84": "Khmer",
}

# A district as it was before July 2025, with some of its communes; the people in it are invented.
_COMMUNES = ("Thị trấn Kiến Giang", "Xã Phong Thủy", "Xã An Thủy", "Xã Hoa Thủy", "Xã Kim Thủy", "Xã Sen Thủy")
LE_THUY = District(
    communes=tuple(f"{c}, Huyện Lệ Thủy, Quảng Bình" for c in _COMMUNES), code="044", minority="Bru - Vân Kiều", minority_share=0.06,
)


def find_district(name: str) -> District:
    """A district as of 2019 by its name with the province, "Huyện Tư Nghĩa, Quảng Ngãi"; eight of its communes at most, its towns first.

    ValueError names the nearest districts if there is none of that name.
    """
    if fold(name) == fold(LE_THUY.name): return LE_THUY
    gazetteer = default_gazetteer()
    by_name: dict[str, list[str]] = {}
    codes: dict[str, str] = {}
    for unit in gazetteer.communes_on(BOOKS_OF):
        commune, _, district = written(unit).partition(", ")
        if not district: continue
        by_name.setdefault(district, []).append(commune)
        codes[district] = unit.province_code
    wanted = {fold(d): d for d in by_name}.get(fold(name))
    if wanted is None:
        near = difflib.get_close_matches(name, by_name, 3, 0.5)
        raise ValueError(f"there is no district {name!r}" + (f"; near it: {'; '.join(near)}" if near else ""))
    communes = sorted(by_name[wanted], key=lambda c: (not c.startswith("Thị trấn"), c))[:_MOST]
    code = codes[wanted]
    return District(tuple(f"{c}, {wanted}" for c in communes), f"{int(code):03d}", minority=_MINORITY.get(code, "Tày"))
