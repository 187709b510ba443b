"""How `matching.tables` compares each set of the side-by-side benchmark: written down from what the columns are, learnt without labels."""
from __future__ import annotations

from matching.tables import (
    Comparison,
    Key,
    TableModel,
    crossed,
    date_partial,
    date_parts,
    date_swapped,
    edits,
    every,
    exact,
    jaro_winkler,
)
from matching.tables.model import Level


def _name(column: str) -> Comparison:
    """A Vietnamese full name in one column."""
    plain = f"{column}|unmarked"
    near = (jaro_winkler(column, 0.92), jaro_winkler(plain, 0.92), jaro_winkler(plain, 0.8))
    return Comparison(column, (exact(column), exact(plain), *near), (column,), 4)


def _date(column: str, digits: str | None = None) -> tuple[Level, ...]:
    text = digits or column
    return (exact(column), date_swapped(column), edits(text, 1), date_partial(column), date_parts(column, 2), edits(text, 2),
            exact(f"{column}|year"))


def _like_the_peers(column: str, place: bool) -> Comparison:
    """The levels that Splink is given, for the timing."""
    bounds = (0.95, 0.85) if place else (0.95, 0.88, 0.8)
    return Comparison(column, (exact(column), *(jaro_winkler(column, b) for b in bounds)), (column,), 1)


_PERSON = (
    _name("name"), Comparison("born", _date("born"), ("born",), 1), Comparison("sex", (exact("sex"),)),
    Comparison("place", (exact("place"), jaro_winkler("place|unmarked", 0.95), jaro_winkler("place|unmarked", 0.85)), ("place",), 1),
    _name("mother"), _name("father"),
)
ENTRIES = TableModel(
    keys=(Key(("name",)), Key(("born",)), Key(("name|last word", "born|year")), Key(("mother",)), Key(("father",)),
          Key(("place", "born|year")), Key(("name|last word", "place")), Key(("name|last word", "born|last 5"))),
    comparisons=_PERSON)
MILLION = TableModel(
    keys=(Key(("name", "born|year")), Key(("born", "mother")), Key(("born", "father")), Key(("name", "mother")),
          Key(("born", "place", "sex"))),
    comparisons=(*(_like_the_peers(c, c == "place") for c in ("name", "place", "mother", "father")),
                 Comparison("born", (exact("born"), edits("born", 1), edits("born", 2), exact("born|year")), ("born",), 1),
                 Comparison("sex", (exact("sex"),))), hands=1)

_ADDRESS = tuple(
    Comparison(c, (exact(f"{c}|letters"), jaro_winkler(f"{c}|letters", 0.9), jaro_winkler(f"{c}|letters", 0.75)), (c,), 1)
    for c in ("address_2", "suburb"))
FEBRL = TableModel(
    keys=(
        Key(("soc_sec_id",)), Key(("given_name", "surname"), any_order=True), Key(("date_of_birth",)), Key(("surname|first 4", "postcode")),
        Key(("given_name|first 3", "postcode")), Key(("suburb", "street_number")), Key(("address_1|first 6", "street_number")),
        Key(("surname|first 3", "suburb|first 4")), Key(("given_name", "address_1|first 4")), Key(("address_2", "postcode")),
        Key(("soc_sec_id|first 4", "postcode|first 2", "date_of_birth|year")),
    ),
    comparisons=(
        Comparison("name", (
            exact("given_name", "surname"), crossed("given_name", "surname"),
            every((jaro_winkler("given_name", 0.88), jaro_winkler("surname", 0.88))), exact("surname"), exact("given_name"),
            jaro_winkler("surname", 0.85), jaro_winkler("given_name", 0.85), crossed("given_name", "surname", 0.85),
        ), ("given_name", "surname"), 3),
        Comparison("date_of_birth", (exact("date_of_birth"), edits("date_of_birth", 1), date_swapped("date_of_birth"),
                                     date_parts("date_of_birth", 2), exact("date_of_birth|year"), edits("date_of_birth", 2))),
        Comparison("soc_sec_id", (exact("soc_sec_id"), edits("soc_sec_id", 1), edits("soc_sec_id", 2))),
        Comparison("postcode", (exact("postcode"), edits("postcode", 1), edits("postcode", 2)), ("postcode",), 1),
        Comparison("street_number", (exact("street_number"), edits("street_number", 1)), ("street_number",), 1),
        Comparison("address_1", (exact("address_1|letters"), jaro_winkler("address_1|letters", 0.9), crossed("address_1", "address_2", 0.9),
                                 jaro_winkler("address_1|letters", 0.75)), ("address_1",), 1),
        *_ADDRESS, Comparison("state", (exact("state"),)),
    ))
HISTORICAL = TableModel(
    keys=(
        Key(("first_name", "surname", "dob|year")), Key(("surname", "dob")), Key(("first_name", "dob")), Key(("postcode_fake", "surname")),
        Key(("postcode_fake", "first_name")), Key(("postcode_fake", "dob|year")), Key(("dob", "birth_place")),
        Key(("dob", "postcode_fake|first 3")), Key(("first_name", "surname", "birth_place")),
        Key(("first_name", "surname", "postcode_fake|first 3")), Key(("full_name|letters",)), Key(("first_name", "surname", "occupation")),
        Key(("surname|first 4", "birth_place", "dob|year")), Key(("full_name|sorted words",)), Key(("surname", "birth_place")),
        Key(("surname", "postcode_fake|first 4")), Key(("first_name", "birth_place", "dob|year")),
        Key(("first_name", "postcode_fake|first 4")), Key(("surname", "dob|year")), Key(("postcode_fake",)), Key(("dob",)),
        Key(("full_name|first 8", "dob|year")), Key(("full_name|last word", "birth_place")), Key(("full_name|last word", "dob|year")),
        Key(("birth_place", "occupation", "dob|year")),
    ),
    comparisons=(
        Comparison("name", (
            exact("full_name"), exact("first_name", "surname"), crossed("first_name", "surname"),
            every((jaro_winkler("first_name", 0.88), jaro_winkler("surname", 0.88))), exact("surname"), jaro_winkler("surname", 0.88),
            exact("first_name"), jaro_winkler("full_name", 0.8), jaro_winkler("first_name", 0.88),
        ), ("first_name", "surname"), 4),
        Comparison("dob", (exact("dob"), edits("dob", 1), date_swapped("dob"), date_parts("dob", 2), edits("dob", 2), exact("dob|year")),
                   ("dob",), 1),
        Comparison("postcode", (exact("postcode_fake"), edits("postcode_fake", 1), edits("postcode_fake", 2),
                                exact("postcode_fake|first 4"), exact("postcode_fake|first 2")), ("postcode_fake",), 1),
        Comparison("birth_place", (exact("birth_place"), jaro_winkler("birth_place", 0.85)), ("birth_place",), 1),
        Comparison("gender", (exact("gender"),)), Comparison("occupation", (exact("occupation"),), ("occupation",)),
    ))
MODELS = {"entries": ENTRIES, "febrl4": FEBRL, "febrl3": FEBRL, "historical": HISTORICAL, "million": MILLION}
