"""The image against the text: what the lattice explains wins, though the reader's first guess is nearer another."""
from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.entry import read_entry
from matching.image_evidence import ImageComparison
from matching.image_scores import birth_scores, name_scores, number_scores, reader_temperature
from matching.linker import Linker
from matching.model import load_model
from matching.population import PersonRecord
from ocr.lattice import Lattice
from ocr.trie import Trie
from records.record import DraftRecord, FieldValue
from tests.matching.families import BIRTH, CHILD, HERE, index

ALPHABET = "".join(sorted(set("Lê Thị Loan Hoa LÊ THỊ LOAN HOA Tú văn thi 0123456789/")))
ONE = {"date": 1.0, "year": 1.0, "words": 1.0}


def drawn(text: str, second: str = "", sure: float = 0.9) -> Lattice:
    """A lattice that reads `text`, with `second` (as long) as its next guess."""
    probability = np.full((2 * len(text), len(ALPHABET) + 1), 0.01 / len(ALPHABET))
    for k, c in enumerate(text):
        probability[2 * k, ALPHABET.index(c) + 1] = sure
        if second:
            probability[2 * k, ALPHABET.index(second[k]) + 1] += 1 - sure
        probability[2 * k + 1, 0] = 1.0
    return Lattice(np.log(probability / probability.sum(axis=1, keepdims=True)).astype(np.float16), ALPHABET, "test")


def spelled_by(path: tuple[int, ...], alphabet: str) -> str:
    return "".join(alphabet[s - 1] for s, before in zip(path, (0, *path), strict=False) if s and s != before)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_scores_are_the_sum_over_all_paths(frames: int, seed: int) -> None:
    """Brute force: every path of a tiny lattice, collapsed as CTC does."""
    alphabet = "ab/"
    p = np.random.default_rng(seed).dirichlet(np.ones(len(alphabet) + 1), frames)
    summed: dict[str, float] = {}
    for path in itertools.product(range(len(alphabet) + 1), repeat=frames):
        text = spelled_by(path, alphabet)
        summed[text] = summed.get(text, 0.0) + float(np.prod(p[np.arange(frames), path]))
    texts = ["", "a", "aa", "ab", "aba", "ba/", "abab/", *summed]
    scores = Trie(texts).scores(np.log(p), alphabet)
    assert np.exp(scores) == pytest.approx([summed.get(t, 0.0) for t in texts], abs=1e-12)
    assert sum(summed.values()) == pytest.approx(1.0)


def test_names_are_scored_whatever_their_case() -> None:
    for lattice in (drawn("Lê Thị Loan"), drawn("LÊ THỊ LOAN")):
        right, wrong = name_scores(lattice, ["LÊ THỊ LOAN", "LÊ THỊ HOA"], 1.0)
        assert right > wrong + 5


@pytest.mark.parametrize("written", ["21/7/2007", "21/07/2007", "21/7/07"])
def test_a_birthday_is_scored_in_all_ways_to_write_it(written: str) -> None:
    scores = birth_scores(drawn(written), None, 2000, 2010, ONE)
    year, month, day = np.unravel_index(int(scores.days.argmax()), scores.days.shape)
    assert (scores.first + year, month + 1, day + 1) == (2007, 7, 21)
    assert scores.days[7, 1, 29] == -np.inf and scores.days[8, 1, 28] > -np.inf         # 30 February, 29 February 2008
    assert scores.years.max() < scores.days.max() - 3


def test_a_year_alone_is_a_year() -> None:
    scores = birth_scores(drawn("1982"), None, 1975, 1990, ONE)
    assert scores.first + int(scores.years.argmax()) == 1982
    assert scores.years.max() > scores.days.max() + 3


def test_a_number_is_scored_by_its_image() -> None:
    right, wrong = number_scores(drawn("044307000003"), ["044307000003", "044307000008"], 1.0)
    assert right > wrong + 2


def test_a_reader_without_a_card_is_little_believed() -> None:
    assert reader_temperature("nobody's", "name") == reader_temperature("nobody's", "date") < 0.5


def test_weights_favour_what_the_image_shows_and_never_fall_below_the_floor() -> None:
    found, model = index(), load_model()
    images, people = ImageComparison(found, model), np.arange(len(found))
    by_text = np.zeros((len(model.hands), len(found)))
    own = found.row_of[CHILD.personal_id]
    name = images.name(drawn("Lê Thị Loan"), ("lê", "thị", "loan"), by_text, found.name, 2)
    birth = images.birth(drawn("21/7/2007"), None, "date", "2007-07-21", people, np.full(2200, 1 / 2200))
    number = images.number(drawn(CHILD.personal_id), CHILD.personal_id, people)
    for weights, floor in ((name, model.renamed), (birth, model.redated), (number, model.renumbered)):
        assert weights[own] == weights.max() > 2
        assert weights.min() >= np.log(floor) - 1e-9


def test_a_weight_is_a_true_likelihood_ratio() -> None:
    """The mean of exp(weight) over people who are not meant cannot exceed 1: else evidence would come from nothing."""
    found, model = index(), load_model()
    images = ImageComparison(found, model)
    by_text = np.zeros((len(model.hands), len(found)))
    for read in ("Lê Thị Loan", "Lê Tú", "Hoa", "Thị"):
        weights = images.name(drawn(read), tuple(read.lower().split()), by_text, found.name, 0)
        assert np.exp(weights).mean() <= 1.0 + 1e-6
    prior = np.bincount(found.year, minlength=2200) / len(found)
    birth = images.birth(drawn("1/1/1960", "7/4/1980", 0.6), None, "date", "1960-01-01", np.arange(len(found)), prior)
    assert np.exp(birth).mean() <= 1.5             # the prior knows years, the population has days as well


def test_a_name_spelled_by_ear_is_worth_more_than_quite_another() -> None:
    found, model = index(), load_model()
    images = ImageComparison(found, model)
    with_other = replace(model, ear=1e-9, token_lost=1e-9, token_added=1e-9)
    by_text, own = np.zeros((len(model.hands), len(found))), found.row_of[CHILD.personal_id]
    shown, read = drawn("Lê Loan"), ("lê", "loan")
    allowed = images.name(shown, read, by_text, found.name, 2)[own]
    strict = ImageComparison(found, with_other).name(shown, read, by_text, found.name, 2)[own]
    assert allowed > strict + 1                    # Thị left out by the register
    shown, read = drawn("Lê văn Thị Loan"), ("lê", "văn", "thị", "loan")
    allowed = images.name(shown, read, by_text, found.name, 0)[own]
    strict = ImageComparison(found, with_other).name(shown, read, by_text, found.name, 0)[own]
    assert allowed > strict + 0.5                  # Văn put in


def test_the_image_decides_between_names_the_text_cannot_tell_apart() -> None:
    """The reader's text is misread; the lattice's second guess is the name."""
    values = {k: FieldValue(v) for k, v in BIRTH.items() if k.startswith("nks") or k in ("ngayDangKy", "noiDangKy")}
    values["nksHoTen"] = FieldValue("Lê Thị Hoan")
    twin = PersonRecord(**{**{f: getattr(CHILD, f) for f in CHILD.__slots__}, "personal_id": "044307000009", "name": "LÊ THỊ HOA"})
    linker = Linker(index(extra=(twin,)))
    record = DraftRecord("KS", None, fields=values)
    shown = linker.link_entry(record, {"nksHoTen": drawn("Lê Thị Hoan", "Lê Thị Loan", 0.6)})["nks"]
    assert shown.candidates[0].personal_id == CHILD.personal_id
    assert HERE in values["nksNoiSinh"].value


def test_the_image_of_a_birthday_decides_between_days_the_text_has_neither_of() -> None:
    values = {k: FieldValue(v) for k, v in BIRTH.items() if k.startswith("nks") or k in ("ngayDangKy", "noiDangKy")}
    values["nksNgaySinh"] = FieldValue("2007-07-27")
    twin = PersonRecord(**{**{f: getattr(CHILD, f) for f in CHILD.__slots__}, "personal_id": "044307000009", "birth_date": "2007-07-29"})
    linker = Linker(index(extra=(twin,)))
    record = DraftRecord("KS", None, fields=values)
    for second, who in (("21/7/2007", CHILD.personal_id), ("29/7/2007", twin.personal_id)):
        found = linker.link_entry(record, {"nksNgaySinh": drawn("27/7/2007", second, 0.7)})["nks"]
        assert found.candidates[0].personal_id == who


def test_a_reviewers_value_stands_against_the_image() -> None:
    values = {k: FieldValue(v) for k, v in BIRTH.items()} | {"nksHoTen": FieldValue("Lê Thị Loan", source="reviewer")}
    linker = Linker(index())
    record = DraftRecord("KS", None, fields=values)
    assert linker.link_entry(record, {"nksHoTen": drawn("Lê Thị Hoa")}) == linker.link_entry(record)


def test_what_was_taken_from_the_row_above_is_not_looked_for_in_the_image() -> None:
    fields = {"nksHoTen": FieldValue("Lê Thị Loan"), "nksNgaySinh": FieldValue("2007-07-21", evidence=("ditto",)),
              "nksQueQuan": FieldValue("")}
    seen = read_entry(DraftRecord("KS", None, fields=fields), {c: drawn("Lê") for c in fields}).role("nks")
    assert set(seen.images) == {"name"}


def test_the_part_an_image_shows_is_told_by_the_form() -> None:
    fields = {c: FieldValue("1982") for c in ("meHoTen", "meNgaySinh", "nksNgaySinh", "nksNgaySinhBangChu", "nksSoDinhDanh")}
    lattices = {c: drawn("1982") for c in fields}
    seen = read_entry(DraftRecord("KS", "KS2016", fields=fields), lattices)
    assert set(seen.role("me").images) == {"name", "year"}
    assert set(seen.role("nks").images) == {"date", "words", "number"}
    aged = read_entry(DraftRecord("KS", "KS1956", fields=fields), lattices)
    assert set(aged.role("me").images) == {"name"}
