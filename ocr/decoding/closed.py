"""Fields with a short list of values: sex, ethnicity, nationality, relation, titles."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from ocr.decoding.choice import Choice, Scored, choose, free_text_weight
from ocr.decoding.folding import fold_text, plain
from ocr.lattice import Lattice
from ocr.trie import Trie
from records.codes import DEATH_CAUSES, ETHNICITY

SEX: Mapping[str, float] = {"Nam": 0.5, "Nữ": 0.5}
ETHNICITIES: Mapping[str, float] = {name: 0.85 if name == "Kinh" else 0.15 / 54 for name in ETHNICITY.words.values()}
DEATH_CAUSE: Mapping[str, float] = {c: 1.0 / (3 + i) for i, c in enumerate(DEATH_CAUSES)}
RELATIONS: Mapping[str, float] = {
    "Cha": 0.4, "Mẹ": 0.4, "Bố": 0.05, "Ông": 0.005, "Bà": 0.005, "Ông nội": 0.02, "Bà nội": 0.02, "Ông ngoại": 0.02, "Bà ngoại": 0.02,
    "Cha đẻ": 0.01, "Mẹ đẻ": 0.01,
    "Bác": 0.01, "Chú": 0.01, "Cô": 0.01, "Dì": 0.01, "Cậu": 0.01, "Anh": 0.01, "Chị": 0.01, "Con": 0.02, "Vợ": 0.02, "Chồng": 0.02,
    "Bản thân": 0.02,
    "Cháu": 0.01, "Em": 0.005,
}
TITLES: Mapping[str, float] = {
    "Chủ tịch": 0.5, "Phó Chủ tịch": 0.3, "KT. Chủ tịch - Phó Chủ tịch": 0.03, "Trưởng phòng Tư pháp": 0.02, "Giám đốc Sở Tư pháp": 0.01,
    "Công chức Tư pháp - Hộ tịch": 0.02, "Cán bộ Tư pháp hộ tịch": 0.02, "Ủy viên thư ký": 0.01, "Quyền Chủ tịch": 0.01,
}
NATIONALITIES: Mapping[str, float] = {"Việt Nam": 0.97} | dict.fromkeys(
    ("Trung Quốc", "Đài Loan", "Hàn Quốc", "Nhật Bản", "Hoa Kỳ", "Mỹ", "Pháp", "Đức", "Anh", "Úc", "Canada", "Lào", "Campuchia",
    "Thái Lan", "Nga", "Malaysia", "Singapore", "Ấn Độ", "Không quốc tịch"), 0.0015)


@lru_cache(maxsize=64)
def _trie(values: tuple[str, ...]) -> Trie:
    return Trie([plain(v) for v in values])


def read_closed(lattice: Lattice, values: Mapping[str, float], temperature: float, may_be_other: bool = True) -> Choice | None:
    """The value of the list that explains the image best; `values` with their prior weights. None: it is something else."""
    folded = fold_text(lattice)
    names: Sequence[str] = tuple(values)
    scores = _trie(tuple(names)).scores(folded.log_probs, folded.alphabet)
    total = sum(values.values())
    candidates = [Scored(v, v, float(s), math.log(values[v] / total)) for v, s in zip(names, scores, strict=True)]
    return choose(candidates, temperature, free_text_weight(folded, temperature, math.log(0.02)) if may_be_other else -math.inf)


def score_texts(lattice: Lattice, texts: Sequence[str]) -> np.ndarray:
    """ln P(text | image) of each text, case, spaces and punctuation aside."""
    folded = fold_text(lattice)
    return folded.scores([plain(t) for t in texts])
