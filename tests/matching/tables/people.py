"""Made-up rows: people and, of some of them, a second row with errors."""
from __future__ import annotations

import numpy as np

from matching.tables import (
    Comparison,
    Key,
    TableModel,
    date_parts,
    date_swapped,
    edits,
    exact,
    jaro_winkler,
    look_alike,
)

_SURNAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô")
_GIVEN = tuple(f"{a} {b}" for a in ("Văn", "Thị", "Minh", "Thu", "Đức") for b in (
    "An", "Bình", "Cường", "Dung", "Giang", "Hạnh", "Khánh", "Lan", "Mai", "Nam", "Oanh", "Phúc", "Quân", "Sơn", "Thảo", "Uyên", "Vinh",
    "Yến"))
Columns = dict[str, list[str | None]]

MODEL = TableModel(
    keys=(Key(("given", "surname"), any_order=True), Key(("born",)), Key(("number|first 6",)), Key(("number|last 6",))),
    comparisons=(
        Comparison("surname", (exact("surname"), jaro_winkler("surname", 0.8)), ("surname",), 1),
        Comparison("given", (exact("given"), jaro_winkler("given", 0.9), jaro_winkler("given", 0.75)), ("given",), 1),
        Comparison("born", (exact("born"), date_swapped("born"), edits("born", 1), date_parts("born", 2))),
        Comparison("number", (exact("number"), look_alike("number", 0.6), edits("number", 1))),
    ), sample=40_000)


def rows(people: int, seed: int) -> Columns:
    rng = np.random.default_rng(seed)
    made: Columns = {"surname": [], "given": [], "born": [], "number": []}
    for _ in range(people):
        made["surname"].append(str(rng.choice(_SURNAMES)))
        made["given"].append(str(rng.choice(_GIVEN)))
        made["born"].append(f"{rng.integers(1940, 2020)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}")
        made["number"].append(f"{rng.integers(0, 10**12):012d}")
    return made


def again(columns: Columns, of: list[int], seed: int, error: float = 0.15) -> Columns:
    """The rows `of` once more, each value misread or missing with the probability `error`."""
    rng = np.random.default_rng([seed, 1])

    def spoilt(value: str | None) -> str | None:
        if value is None or rng.random() > error:
            return value
        if rng.random() < 0.25:
            return None
        place = int(rng.integers(len(value)))
        letter = str(rng.integers(10)) if value[place].isdecimal() else str(rng.choice(list("aeinhu")))
        return value[:place] + letter + value[place + 1:]

    return {name: [spoilt(values[i]) for i in of] for name, values in columns.items()}
