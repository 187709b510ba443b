"""The lattice against the text: a name the image explains wins, though the reader's first guess is nearer another."""
from __future__ import annotations

import numpy as np

from matching.image_evidence import image_weights, lattice_scores
from matching.linker import Linker
from matching.model import load_model
from ocr.lattice import Lattice
from records.record import DraftRecord, FieldValue
from tests.matching.families import BIRTH, CHILD, HERE, index

ALPHABET = "".join(sorted(set("Lê Thị Loan Hoa LÊ THỊ LOAN HOA Tú")))


def drawn(text: str, second: str = "", sure: float = 0.9) -> Lattice:
    """A lattice that reads `text`, with `second` (as long) as its next guess."""
    probability = np.full((2 * len(text), len(ALPHABET) + 1), 0.01 / len(ALPHABET))
    for k, c in enumerate(text):
        probability[2 * k, ALPHABET.index(c) + 1] = sure
        if second:
            probability[2 * k, ALPHABET.index(second[k]) + 1] += 1 - sure
        probability[2 * k + 1, 0] = 1.0
    return Lattice(np.log(probability / probability.sum(axis=1, keepdims=True)).astype(np.float16), ALPHABET, "test")


def test_scores_take_capitals_and_ordinary_writing() -> None:
    small, large = drawn("Lê Thị Loan"), drawn("LÊ THỊ LOAN")
    for lattice in (small, large):
        scores = lattice_scores(lattice, ["LÊ THỊ LOAN", "LÊ THỊ HOA"])
        assert scores[0] > scores[1] + 5


def test_weights_favour_what_the_image_shows_and_never_fall_below_the_floor() -> None:
    found, model = index(), load_model()
    by_text = np.zeros((len(model.hands), len(found)))
    weights = image_weights(drawn("Lê Thị Loan"), by_text, found.name, found.names, 2, model, limit=200)
    own = found.row_of[CHILD.personal_id]
    assert weights[0, own] == weights[0].max() > 2
    assert weights.min() >= np.log(model.renamed) - 1e-9


def test_the_image_decides_between_names_the_text_cannot_tell_apart() -> None:
    """The reader's text is misread; the lattice's second guess is the name."""
    values = {k: FieldValue(v) for k, v in BIRTH.items() if k.startswith("nks") or k in ("ngayDangKy", "noiDangKy")}
    values["nksHoTen"] = FieldValue("Lê Thị Hoan")
    twin = type(CHILD)(**{**{f: getattr(CHILD, f) for f in CHILD.__slots__}, "personal_id": "044307000009", "name": "LÊ THỊ HOA"})
    linker = Linker(index(extra=(twin,)))
    record = DraftRecord("KS", None, fields=values)
    shown = linker.link_entry(record, {"nksHoTen": drawn("Lê Thị Hoan", "Lê Thị Loan", 0.6)})["nks"]
    assert shown.personal_id == CHILD.personal_id
    assert HERE in values["nksNoiSinh"].value


def test_a_reviewers_value_stands_against_the_image() -> None:
    values = {k: FieldValue(v) for k, v in BIRTH.items()} | {"nksHoTen": FieldValue("Lê Thị Loan", source="reviewer")}
    linker = Linker(index())
    record = DraftRecord("KS", None, fields=values)
    assert linker.link_entry(record, {"nksHoTen": drawn("Lê Thị Hoa")}) == linker.link_entry(record)
