"""The arrays of a population index from its rows, read once, one after another: 3 million people need some hundred bytes each."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from matching.blocking import block_arrays
from matching.families import family_arrays
from matching.places import PlaceTable
from matching.population import ELSEWHERE, FEMALE, MALE, NO_NAME, NOBODY, PERSON_COLUMNS, SEX_CODES, UNKNOWN, date_parts
from matching.texts import TextTable
from matching.vocabulary import GIVEN, MAX_TOKENS, MIDDLE, SURNAME, part_of, tokens_of

_ROWS = 50_000                  # rows taken at once
_YEARS = 2200
_NUMBERS = ("personal_id", "father_id", "mother_id", "spouse_id")
_NAMES = ("name", "father_name", "mother_name", "spouse_name")
_PLACES = ("birth_place", "home_place", "residence")
_KIND = {c: "name" for c in _NAMES} | {c: "place" for c in _PLACES} | {"birth_date": "birth_date", "sex": "sex"}


class _Codes(dict[str, int]):
    """Texts by the order they came in; the empty text is 0."""

    def __init__(self) -> None:
        super().__init__({"": 0})

    def __missing__(self, text: str) -> int:
        code = self[text] = len(self)
        return code

    def of(self, texts: Sequence[str]) -> np.ndarray:
        return np.fromiter(map(self.__getitem__, texts), np.int32, len(texts))

    def ranked(self) -> tuple[list[str], np.ndarray]:
        """The texts in order, and the rank of each code, so that nothing depends on the order in which people came."""
        texts = sorted(self)
        rank = np.empty(len(texts), dtype=np.int32)
        rank[np.fromiter((self[t] for t in texts), np.int64, len(texts))] = np.arange(len(texts), dtype=np.int32)
        return texts, rank


def build_arrays(rows: Iterable[Sequence[str]]) -> dict[str, np.ndarray]:
    """Everything `PopulationIndex` needs, from rows in the order of PERSON_COLUMNS. ValueError if a personal number occurs twice.

    The arrays are read-only, as those are that a file is mapped to.
    """
    columns, codes = _columns(rows)
    order = np.argsort(columns["personal_id"], kind="stable")
    columns = {c: v[order] for c, v in columns.items()}
    numbers = columns.pop("personal_id")
    if (numbers[1:] == numbers[:-1]).any():
        raise ValueError("a personal number occurs twice in one population")
    (names, name_rank), (places, place_rank) = codes["name"].ranked(), codes["place"].ranked()
    people = {c: name_rank[columns[c]] for c in _NAMES} | {c: place_rank[columns[c]] for c in _PLACES}
    people |= _sex_and_birth(columns, codes)
    people |= {relative: _rows_of(columns[f"{relative}_id"], numbers) for relative in ("father", "mother", "spouse")}
    del columns, codes
    arrays = {f"people.{c}": v for c, v in people.items()} | {"numbers": numbers}
    arrays |= _names(names, people) | _places(places, people) | family_arrays(people, NO_NAME) | _facts(people)
    commune = PlaceTable(places, arrays["places.count"]).commune
    arrays |= block_arrays(people, numbers, _given(arrays), len(arrays["vocabulary.ends"]), commune)
    out = {}
    for name, values in arrays.items():
        out[name] = np.ascontiguousarray(values)
        out[name].setflags(write=False)
    return out


def _columns(rows: Iterable[Sequence[str]]) -> tuple[dict[str, np.ndarray], dict[str, _Codes]]:
    codes = {kind: _Codes() for kind in set(_KIND.values())}
    parts: dict[str, list[np.ndarray]] = {c: [] for c in (*_NUMBERS, *_KIND)}
    for chunk in _chunks(rows):
        columns = dict(zip(PERSON_COLUMNS, zip(*chunk, strict=True), strict=True))
        for column in _NUMBERS:
            parts[column].append(np.array([x.encode("utf-8") for x in columns[column]], dtype=np.bytes_))
        for column, kind in _KIND.items():
            parts[column].append(codes[kind].of(columns[column]))
    return {c: np.concatenate(p) if p else np.empty(0, "S1" if c in _NUMBERS else np.int32) for c, p in parts.items()}, codes


def _chunks(rows: Iterable[Sequence[str]]) -> Iterator[list[Sequence[str]]]:
    left = iter(rows)
    while chunk := list(islice(left, _ROWS)):
        yield chunk


def _sex_and_birth(columns: dict[str, np.ndarray], codes: dict[str, _Codes]) -> dict[str, np.ndarray]:
    sexes = np.array([SEX_CODES.get(s.strip().lower(), UNKNOWN) for s in codes["sex"]], dtype=np.int8)
    dates = np.array([date_parts(d) for d in codes["birth_date"]], dtype=np.int16).reshape(-1, 3)
    birth = dates[columns["birth_date"]]
    year, month, day = birth.T
    return {"sex": sexes[columns["sex"]], "year": year, "month": month.astype(np.int8), "day": day.astype(np.int8)}


def _rows_of(wanted: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    out = np.full(len(wanted), NOBODY, dtype=np.int32)
    given = np.flatnonzero(wanted != b"")
    at = np.searchsorted(numbers, wanted[given])
    hit = (at < len(numbers)) & (numbers[np.minimum(at, len(numbers) - 1)] == wanted[given])
    out[given] = np.where(hit, at, ELSEWHERE)
    return out


def _names(names: list[str], people: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of the names and of the vocabulary they are made of."""
    count = np.zeros((3, len(names)), dtype=np.int32)
    for sex in (MALE, FEMALE):
        count[sex] = np.bincount(people["name"][people["sex"] == sex], minlength=len(names))
    count[UNKNOWN] = np.bincount(people["name"], minlength=len(names))
    count[:, NO_NAME] = 0
    codes = _Codes()
    tokens = np.full((len(names), MAX_TOKENS), -1, dtype=np.int32)
    length = np.zeros(len(names), dtype=np.int8)
    for k, name in enumerate(names):
        split = [codes[t] for t in tokens_of(name)]
        tokens[k, :len(split)] = split
        length[k] = len(split)
    vocabulary, rank = codes.ranked()
    tokens = np.where(tokens >= 0, rank[tokens] - 1, -1).astype(np.int32)        # the empty token is none
    counts = np.zeros((3, 3, len(vocabulary) - 1), dtype=np.float64)
    for j in range(MAX_TOKENS):
        for part in (SURNAME, MIDDLE, GIVEN):
            here = (tokens[:, j] >= 0) & np.array([part_of(j, n) == part for n in range(MAX_TOKENS + 1)])[length]
            for sex in (UNKNOWN, MALE, FEMALE):
                counts[sex, part] += np.bincount(tokens[here, j], weights=count[sex, here], minlength=counts.shape[2])
    text, words = TextTable.of(names), TextTable.of(vocabulary[1:])
    return {"names.letters": text.letters, "names.ends": text.ends, "names.tokens": tokens, "names.length": length, "names.count": count,
            "names.total": np.maximum(count.sum(axis=1, dtype=np.int64), 1), "vocabulary.letters": words.letters,
            "vocabulary.ends": words.ends, "vocabulary.counts": counts}


def _given(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """The id of the last token of each name, -1 for the empty name."""
    tokens, length = arrays["names.tokens"], arrays["names.length"].astype(np.int64)
    return tokens[np.arange(len(tokens)), np.maximum(length - 1, 0)]


def _places(places: list[str], people: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    text = TextTable.of(places)
    count = np.bincount(people["birth_place"], minlength=len(places)) + np.bincount(people["residence"], minlength=len(places))
    return {"places.letters": text.letters, "places.ends": text.ends, "places.count": count.astype(np.int64)}


def _facts(people: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the linker asks of the whole population; see the properties of `PopulationIndex`."""
    year, month, day, sex = (people[c] for c in ("year", "month", "day", "sex"))
    share = np.zeros((3, _YEARS))
    for k in (UNKNOWN, MALE, FEMALE):
        share[k] = np.bincount(np.clip(year if k == UNKNOWN else year[sex == k], 0, _YEARS - 1), minlength=_YEARS)
    share[:, 0] = 0
    share[:, 1880:2100] += 0.5
    known = month > 0
    first = float(((month == 1) & (day == 1))[known].mean()) if known.any() else 0.0
    unknown_day = float(np.clip(1 - (1 / 365) / first, 0.0, 0.99)) if first else 0.0
    named = np.concatenate((people["mother_name"] != NO_NAME, people["father_name"] != NO_NAME))
    unnumbered = np.concatenate((people["mother"] == NOBODY, people["father"] == NOBODY))
    missing = float(unnumbered[named].mean()) if named.any() else 0.5
    return {"year_share": share / share.sum(axis=1, keepdims=True), "of_sex": np.bincount(sex, minlength=3)[:3].astype(np.int64),
            "facts": np.array([unknown_day, missing])}
