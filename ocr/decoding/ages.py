"""An age at registration as clerks write it ("28T", "28 tuổi", "28"), or a year of birth in its place."""
from __future__ import annotations

import math

from ocr.decoding.choice import Choice, Scored, choose, free_text_weight
from ocr.decoding.folding import fold_digits, fold_text, plain
from ocr.lattice import Lattice

_FORMS = (("{}T", 0.55), ("{} tuổi", 0.2), ("{}", 0.25))
_YEAR = 0.2                 # share of such fields where a year stands instead


def read_age(lattice: Lattice, least: int, usual: int, greatest: int, registered: int | None, temperature: float) -> Choice | None:
    """The value "28T", or a year "1973". least, usual, greatest: years of age on the day of registration, most about `usual`;
    registered: the year of registration, without which any year of a century may stand there."""
    ages = {a: _share(a, least, usual, greatest) for a in range(max(1, least - 1), greatest + 1)}
    total = sum(ages.values())
    years = {registered - a: w / total for a, w in ages.items()} if registered else {y: 0.01 for y in range(1890, 1990)}
    texts, digits = fold_text(lattice), fold_digits(lattice)
    candidates: list[Scored] = []
    for form, share in _FORMS:
        spelled = [plain(form.format(a)) for a in ages]
        scores = (digits if form == "{}" else texts).scores(spelled)
        candidates += [Scored(f"{a}T", t, float(s), math.log(share * (1 - _YEAR) * w / total))
                       for (a, w), t, s in zip(ages.items(), spelled, scores, strict=True)]
    scores = digits.scores([str(y) for y in years])
    candidates += [Scored(str(y), str(y), float(s), math.log(_YEAR * w)) for (y, w), s in zip(years.items(), scores, strict=True)]
    return choose(candidates, temperature, free_text_weight(texts, temperature, math.log(0.01)))


def _share(age: int, least: int, usual: int, greatest: int) -> float:
    side = (age - least + 1) / (usual - least + 1) if age <= usual else (greatest - age + 1) / (greatest - usual + 1)
    return max(side, 0.02)
