"""Letters, tokens, names, dates, numbers: what must hold of every comparison."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.comparisons import DateComparison, NumberComparison, digit_edits
from matching.letters import LetterCodes, edit_distances, letter_cost
from matching.model import load_model
from matching.name_comparison import NameComparison
from matching.name_likeness import ALTERED, ANOTHER, SAME, likeness, word_letters
from matching.population import PersonRecord, PopulationIndex
from matching.vocabulary import ear_key, tokens_of
from tests.matching.families import CHILD, FATHER, index

letters = st.sampled_from("aáàảãạăâbcdđeêghiklmnoôơpqrstuưvxy")
tokens = st.text(letters, min_size=1, max_size=8)


def distance(a: str, b: str) -> float:
    codes = LetterCodes()
    return float(edit_distances(codes, [a], codes.encode([b], 8), np.array([len(b)]))[0, 0]) / 10


@given(letters, letters)
def test_letter_cost_is_symmetric_and_zero_for_the_same(a: str, b: str) -> None:
    assert letter_cost(a, b) == letter_cost(b, a)
    assert (letter_cost(a, b) == 0) == (a == b)


@settings(max_examples=60, deadline=None)
@given(tokens, tokens)
def test_token_distance_is_symmetric_and_bounded_by_the_longer(a: str, b: str) -> None:
    assert distance(a, b) == pytest.approx(distance(b, a), abs=0.11)
    assert 0 <= distance(a, b) <= max(len(a), len(b))
    assert (distance(a, b) == 0) == (a == b)


@settings(max_examples=60, deadline=None)
@given(tokens, st.lists(tokens, min_size=1, max_size=12))
def test_distances_to_many_words_are_those_to_each(a: str, words: list[str]) -> None:
    """The words share the rows of the table that their starts share."""
    codes = LetterCodes()
    many = edit_distances(codes, [a], codes.encode(words, 8), np.array([len(w) for w in words]))[0] / 10
    assert many.tolist() == [_plain_distance(a, w) for w in words]


def _plain_distance(a: str, b: str) -> float:
    """Optimal string alignment as it is defined."""
    d = [[float(i + j) if not i * j else 0.0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            d[i][j] = min(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + letter_cost(a[i - 1], b[j - 1]))
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                d[i][j] = min(d[i][j], d[i - 2][j - 2] + 1)
    return round(d[-1][-1], 1)


def test_a_likely_slip_costs_less_than_an_unlikely_one() -> None:
    assert distance("tbị", "thị") < distance("txị", "thị") <= 1.0        # h looks like b
    assert distance("thi", "thị") == 0.5                                 # a lost mark
    assert distance("hnìg", "hnìg") < distance("hnìg", "hìng") == 1.0    # two letters changed places


def test_ear_keys_join_what_one_ear_may_write_either_way() -> None:
    for a, b in (("huỳnh", "hoàng"), ("vũ", "võ"), ("sang", "xang"), ("lý", "lí"), ("nghĩa", "nghỉa"), ("lan", "lang"), ("trang", "chang")):
        assert ear_key(a) == ear_key(b), (a, b)
    assert ear_key("hoa") != ear_key("mai")


def test_a_rare_name_weighs_more_than_a_common_one() -> None:
    found = index()
    names = NameComparison(found.names, load_model())
    ids = {n: k for k, n in enumerate(found.names.names)}
    rare = names.weights(tokens_of("Trần Thị Bưởi"), np.array([ids["TRẦN THỊ BƯỞI"]]))
    common = names.weights(tokens_of("Trần Thị Hà"), np.array([ids["TRẦN THỊ HÀ"]]))
    assert (rare > common).all() and (common > 0).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2), st.integers(0, 5), st.sampled_from("xzw"))
def test_another_misread_letter_never_makes_the_name_likelier(token: int, place: int, letter: str) -> None:
    found = index()
    names = NameComparison(found.names, load_model())
    own = np.array([found.names.names.index("TRẦN THỊ BƯỞI")])
    read = tokens_of("Trần Thị Bưởi")
    place = min(place, len(read[token]) - 1)
    worse = [*read]
    worse[token] = read[token][:place] + letter + read[token][place + 1:]
    clean, = load_model().hands[:1]
    assert clean.name == "clean"
    assert names.weights(worse, own)[0, 0] <= names.weights(read, own)[0, 0] + 1e-9


def test_the_mean_of_a_name_weight_over_the_population_is_at_most_one() -> None:
    """Otherwise a name by itself would make strangers of its bearer likely."""
    found = index()
    names = NameComparison(found.names, load_model())
    for name in ("Trần Thị Hà", "Lê Văn Tám", "Xyz Qwe"):
        weights = names.weights(tokens_of(name), found.name)
        assert (np.exp(weights).mean(axis=1) <= 1.02).all()


def test_the_empty_name_says_nothing() -> None:
    found = index()
    names = NameComparison(found.names, load_model())
    assert (names.weights([], found.name) == 0).all()
    assert (names.weights(["lê"], np.array([0])) == 0).all()


def date_weight(read: str, birth_date: str) -> np.ndarray:
    people = [PersonRecord("044000000001", "A B", birth_date), *(PersonRecord(f"04400000{k:04d}", "C D",
        f"{1950 + k % 60}-0{1 + k % 9}-17") for k in range(2, 500))]
    found = PopulationIndex.build(people)
    return DateComparison(found, load_model()).weights(read, np.array([found.row_of["044000000001"]]), found.year_share[0])[:, 0]


def test_dates_nearer_what_was_read_weigh_more() -> None:
    same, digit, month, other = (date_weight("1984-05-21", d)[0] for d in ("1984-05-21", "1984-05-27", "1984-11-21", "1991-02-03"))
    assert same > digit > other and same > month > other and other < 0 < same


def test_the_first_of_january_may_only_mean_the_year() -> None:
    people = [PersonRecord(f"04400000{k:04d}", "C D", f"{1950 + k % 60}-01-01" if k % 2 else f"{1950 + k % 60}-06-17") for k in range(1,
        400)]
    found = PopulationIndex.build([*people, PersonRecord("044999999999", "A B", "1984-01-01")])
    assert found.first_of_january_unknown > 0.9
    weight = DateComparison(found, load_model()).weights("1984-05-21", np.array([found.row_of["044999999999"]]), found.year_share[0])
    assert (weight > 0).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["LÊ", "LE", "LÊN", "THỊ", "THI", "VĂN", "LOAN", "LOAM", "LAN"]), min_size=1, max_size=4),
       st.lists(st.sampled_from(["LÊ", "LE", "LÊN", "THỊ", "THI", "VĂN", "LOAN", "LOAM", "LAN"]), min_size=1, max_size=4))
def test_two_names_are_one_by_their_edits(a: list[str], b: list[str]) -> None:
    found = PopulationIndex.build([PersonRecord("044000000001", " ".join(a)), PersonRecord("044000000002", " ".join(b))])
    one, other = (int(found.name[k]) for k in (0, 1))
    edits = NameComparison(found.names, load_model()).edits(found.names.words(one), other)
    expected = SAME if edits == 0 else ALTERED if edits <= 1 else ANOTHER
    assert likeness(one, other, found.names.columns, word_letters(found.names.vocabulary)) == expected


def test_digits_that_look_alike_are_nearer() -> None:
    costs = dict(zip(range(1900, 2000), digit_edits("1971", 4, 1900, 1999), strict=True))
    assert costs[1971] == 0 and 0 < costs[1977] < costs[1978] and costs[1911] < costs[1951]


def test_personal_numbers_with_one_misread_digit_still_speak_for_their_bearer() -> None:
    found = index()
    numbers = NumberComparison(found, load_model())
    row, other = np.array([found.row_of[FATHER.personal_id]]), np.array([found.row_of[CHILD.personal_id]])
    assert (numbers.weights("044080000001", row) > numbers.weights("044080000007", row)).all()
    assert (numbers.weights("044080000007", row)[1:] > 0).all() and (numbers.weights("044080000001", other) < 0).all()
    assert (numbers.weights("012345678", row) == 0).all()               # a CMND cannot be compared with a 12-digit number
