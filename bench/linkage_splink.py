"""Splink on DuckDB, set up with care for each set: several blocks, levels as its own library offers them, term frequencies, u from random
pairs, m by expectation maximisation over several blocks."""
from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import splink
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

VERSION = splink.__version__
_KEPT = 0.01


@dataclass(frozen=True)
class _SetUp:
    """blocks: for prediction; sure: rules of which nearly every pair is right, for the prior, and the share of matches they find;
    training: blocks of the EM sessions."""

    comparisons: Sequence[object]
    blocks: Sequence[Sequence[str]]
    sure: Sequence[Sequence[str]]
    recall: float
    training: Sequence[Sequence[str]]


def _frequent(comparison: object) -> object:
    return comparison.configure(term_frequency_adjustments=True)                 # type: ignore[attr-defined]


def _date(column: str) -> object:
    """Splink's own comparison of birthdays wants real dates; misread ones are text."""
    return cl.CustomComparison(output_column_name=column, comparison_levels=[
        cll.NullLevel(column), cll.ExactMatchLevel(column, term_frequency_adjustments=True), cll.DamerauLevenshteinLevel(column, 1),
        cll.DamerauLevenshteinLevel(column, 2), cll.CustomLevel(f"substr({column}_l, 1, 4) = substr({column}_r, 1, 4)", "year"),
        cll.ElseLevel(),
    ])


_WORD, _YEAR = "split_part(name, ' ', -1)", "substr(born, 1, 4)"
_PERSON = (
    _frequent(cl.JaroWinklerAtThresholds("name", [0.95, 0.88, 0.8])), _date("born"), cl.ExactMatch("sex"),
    _frequent(cl.JaroWinklerAtThresholds("place", [0.95, 0.85])), _frequent(cl.JaroWinklerAtThresholds("mother", [0.95, 0.88, 0.8])),
    _frequent(cl.JaroWinklerAtThresholds("father", [0.95, 0.88, 0.8])),
)
_ENTRIES = _SetUp(
    _PERSON,
    (("name",), ("born",), (_WORD, _YEAR), ("mother",), ("father",), ("place", _YEAR), (_WORD, "place"), (_WORD, "substr(born, 6)")),
    (("name", "born"), ("name", "mother", "father")), 0.6, (("name", "born"), ("mother", "father", _YEAR), ("born", "mother")))
_MILLION = _SetUp(
    _PERSON, (("name", _YEAR), ("born", "mother"), ("born", "father"), ("name", "mother"), ("born", "place", "sex")),
    (("name", "born", "mother"), ("name", "born", "father")), 0.8, (("name", "born"), ("mother", "father", _YEAR)))
_FEBRL_COMPARISONS = (
    cl.ForenameSurnameComparison("given_name", "surname"), _date("date_of_birth"), cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
    _frequent(cl.DamerauLevenshteinAtThresholds("postcode", [1, 2])), _frequent(cl.DamerauLevenshteinAtThresholds("street_number", [1])),
    _frequent(cl.JaroWinklerAtThresholds("address_1", [0.9, 0.75])), _frequent(cl.JaroWinklerAtThresholds("address_2", [0.9, 0.75])),
    _frequent(cl.JaroWinklerAtThresholds("suburb", [0.9, 0.75])), cl.ExactMatch("state"),
)
_FEBRL = _SetUp(
    _FEBRL_COMPARISONS,
    (("soc_sec_id",), ("given_name", "surname"), ("date_of_birth",), ("substr(surname, 1, 4)", "postcode"),
     ("substr(given_name, 1, 3)", "postcode"), ("suburb", "street_number"), ("substr(address_1, 1, 6)", "street_number"),
     ("substr(surname, 1, 3)", "substr(suburb, 1, 4)"), ("given_name", "substr(address_1, 1, 4)"), ("address_2", "postcode")),
    (("soc_sec_id",),), 0.8, (("date_of_birth",), ("soc_sec_id",), ("given_name", "surname")))
_HISTORICAL = _SetUp(
    (cl.ForenameSurnameComparison("first_name", "surname", forename_surname_concat_col_name="first_and_surname"), _date("dob"),
     cl.PostcodeComparison("postcode_fake"), _frequent(cl.JaroWinklerAtThresholds("birth_place", [0.85])), cl.ExactMatch("gender"),
     _frequent(cl.ExactMatch("occupation"))),
    (("first_name", "surname", "substr(dob, 1, 4)"), ("surname", "dob"), ("first_name", "dob"), ("postcode_fake", "surname"),
     ("postcode_fake", "first_name"), ("postcode_fake", "substr(dob, 1, 4)"), ("dob", "birth_place"),
     ("dob", "substr(postcode_fake, 1, 3)"), ("first_name", "surname", "birth_place"),
     ("first_name", "surname", "substr(postcode_fake, 1, 3)"), ("full_name",),
     ("first_name", "surname", "occupation"), ("substr(surname, 1, 4)", "birth_place", "substr(dob, 1, 4)"), ("surname", "birth_place"),
     ("surname", "substr(postcode_fake, 1, 4)"), ("first_name", "birth_place", "substr(dob, 1, 4)"),
     ("first_name", "substr(postcode_fake, 1, 4)"), ("surname", "substr(dob, 1, 4)"), ("postcode_fake",), ("dob",),
     ("substr(full_name, 1, 8)", "substr(dob, 1, 4)"), ("birth_place", "occupation", "substr(dob, 1, 4)")),
    (("full_name", "dob"), ("first_name", "surname", "postcode_fake")), 0.6,
    (("first_name", "surname"), ("dob", "substr(postcode_fake, 1, 3)")))
_SETS = {"entries": _ENTRIES, "febrl4": _FEBRL, "febrl3": _FEBRL, "historical": _HISTORICAL, "million": _MILLION}


def pairs(task: str, tables: Sequence[Path], threads: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(left, right, probability) of all pairs of a probability of at least 0.01."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    setup = _SETS[task]
    connection = duckdb.connect(config={"threads": threads})
    connection.execute("SET enable_progress_bar = false")
    database = DuckDBAPI(connection)
    frames = []
    for k, path in enumerate(tables):
        connection.execute(f"CREATE TABLE source{k} AS SELECT * REPLACE (unique_id::INT AS unique_id) "
                           f"FROM read_csv('{path}', header = true, all_varchar = true)")
        frames.append(database.register(f"source{k}"))
    settings = SettingsCreator(
        link_type="link_only" if len(tables) == 2 else "dedupe_only", comparisons=list(setup.comparisons),       # type: ignore[arg-type]
        blocking_rules_to_generate_predictions=[block_on(*b) for b in setup.blocks], retain_matching_columns=False)
    linker = Linker(frames if len(frames) == 2 else frames[0], settings, log_level=logging.ERROR)
    linker.training.estimate_probability_two_random_records_match([block_on(*b) for b in setup.sure], recall=setup.recall)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for block in setup.training:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*block))
    found = linker.inference.predict(threshold_match_probability=_KEPT).as_duckdbpyrelation()
    columns = connection.sql(f"SELECT unique_id_l AS l, unique_id_r AS r, match_probability AS p FROM ({found.sql_query()})").fetchnumpy()
    left, right = np.asarray(columns["l"], dtype=np.int64), np.asarray(columns["r"], dtype=np.int64)
    return left, right, np.asarray(columns["p"], dtype=np.float64)
