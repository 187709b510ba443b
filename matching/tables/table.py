"""A table read once and kept as integers: each distinct value one code, each blocking key one 64-bit hash. DuckDB reads and encodes."""
from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from matching.tables.errors import ColumnMissing, ModelMalformed, TableUnreadable
from matching.tables.model import TAKES, Key, TableModel

Source = Path | str | Mapping[str, Sequence[str | None]]
MISSING = -1


@dataclass(frozen=True)
class Table:
    """codes: by expression, int32 (rows,), MISSING where there is no value; keys: uint64 (rows,) each, 0 where a part is missing."""

    rows: int
    codes: Mapping[str, np.ndarray]
    keys: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Encoded:
    """One or two tables over one vocabulary. values: object (codes,), the distinct values as compared (trimmed, NFC, small letters)."""

    tables: tuple[Table, ...]
    values: np.ndarray


def read(sources: Sequence[Source], model: TableModel) -> Encoded:
    """Each source a CSV (also gzipped) or Parquet file, or columns of strings. Empty cells and None are missing values.

    Raises TableUnreadable, ColumnMissing, and ModelMalformed for an expression that is none.
    """
    with duckdb.connect(config={"threads": len(os.sched_getaffinity(0))}) as connection:
        connection.execute("SET enable_progress_bar = false")
        for k, source in enumerate(sources):
            _load(connection, k, source, model)
        distinct = " UNION ".join(f"SELECT DISTINCT e{i} v FROM t{k}" for k in range(len(sources)) for i in range(len(model.expressions)))
        connection.execute(f"CREATE TEMP TABLE vocabulary AS SELECT v, (row_number() OVER (ORDER BY v) - 1)::INT code FROM ({distinct}) "
                           "WHERE v IS NOT NULL")
        values = connection.execute("SELECT v FROM vocabulary ORDER BY code").fetchnumpy()["v"]
        return Encoded(tuple(_encode(connection, k, model) for k in range(len(sources))), np.asarray(values, dtype=object))


def _load(connection: duckdb.DuckDBPyConnection, k: int, source: Source, model: TableModel) -> None:
    name, relation = _open(connection, k, source)
    found = relation.columns
    expressions = [_sql(e, found, name) for e in model.expressions]
    keys = [_key_sql(key, found, name) for key in model.keys]
    selected = [f"{x} AS e{i}" for i, x in enumerate(expressions)] + [f"{x} AS k{i}" for i, x in enumerate(keys)]
    used = dict.fromkeys(x.split("|")[0].strip() for x in (*model.expressions, *(p for key in model.keys for p in key.parts)))
    plain = ", ".join(f"nullif(trim(lower({_composed(_quoted(c) + '::VARCHAR')})), '') AS {_quoted(c)}" for c in used)
    relation.create_view(f"source{k}")
    try:
        connection.execute(f"CREATE TEMP TABLE plain{k} AS SELECT (row_number() OVER () - 1)::INT AS i, {plain} FROM source{k}")
        connection.execute(f"CREATE TEMP TABLE t{k} AS SELECT i, {', '.join(selected)} FROM plain{k}")
        connection.execute(f"DROP TABLE plain{k}")
    except duckdb.Error as error:
        raise TableUnreadable(table=name, cause=type(error).__name__) from error


def _open(connection: duckdb.DuckDBPyConnection, k: int, source: Source) -> tuple[str, duckdb.DuckDBPyRelation]:
    if isinstance(source, Mapping):
        lengths = {len(v) for v in source.values()}
        if len(lengths) != 1:
            raise TableUnreadable(table=k + 1, cause="its columns are of different lengths")
        columns = {c: np.array(v, dtype=object) for c, v in source.items()}
        connection.register(f"columns{k}", columns)
        return f"{k + 1}", connection.table(f"columns{k}")
    path = Path(source)
    try:
        if path.suffix == ".parquet":
            return path.name, connection.read_parquet(str(path))
        return path.name, connection.read_csv(str(path), header=True, all_varchar=True)
    except duckdb.Error as error:
        raise TableUnreadable(table=path.name, cause=type(error).__name__) from error


def _encode(connection: duckdb.DuckDBPyConnection, k: int, model: TableModel) -> Table:
    codes = {}
    for i, expression in enumerate(model.expressions):
        joined = f"SELECT i, coalesce(code, {MISSING})::INT AS code FROM t{k} LEFT JOIN vocabulary ON e{i} = v"
        found = connection.execute(joined).fetchnumpy()
        codes[expression] = np.empty(len(found["i"]), dtype=np.int32)
        codes[expression][found["i"]] = found["code"]
    hashes = ", ".join(f"coalesce(k{i}, 0)::UBIGINT AS k{i}" for i in range(len(model.keys)))
    keys = connection.execute(f"SELECT {hashes} FROM t{k} ORDER BY i").fetchnumpy()
    return Table(len(keys["k0"]), codes, tuple(np.asarray(keys[f"k{i}"], dtype=np.uint64) for i in range(len(model.keys))))


def _composed(sql: str) -> str:
    """NFC, asked for only where a combining mark stands: composing costs ten times as much as looking."""
    return f"CASE WHEN regexp_matches({sql}, '[\\x{{0300}}-\\x{{036F}}]') THEN nfc_normalize({sql}) ELSE {sql} END"


def _key_sql(key: Key, found: Sequence[str], table: str) -> str:
    parts = [_sql(p, found, table) for p in key.parts]
    present = " AND ".join(f"{p} IS NOT NULL" for p in parts)
    if key.any_order:
        parts = [f"least({parts[0]}, {parts[1]})", f"greatest({parts[0]}, {parts[1]})"]
    return f"CASE WHEN {present} THEN hash({', '.join(parts)}) END"


def _sql(expression: str, found: Sequence[str], table: str) -> str:
    column, *takes = (x.strip() for x in expression.split("|"))
    if column not in found:
        raise ColumnMissing(table=table, column=column, found=", ".join(found))
    sql = _quoted(column)
    for take in takes:
        sql = _taken(sql, take, expression)
    return f"nullif({sql}, '')" if takes else sql


def _taken(sql: str, take: str, expression: str) -> str:
    if end := re.fullmatch(r"(first|last) (\d+)", take):
        return f"{'left' if end[1] == 'first' else 'right'}({sql}, {int(end[2])})"
    forms = {
        "year": f"regexp_extract({sql}, '\\d{{4}}')",
        "unmarked": f"replace(strip_accents({sql}), 'đ', 'd')",
        "first word": f"split_part({sql}, ' ', 1)",
        "last word": f"split_part({sql}, ' ', -1)",
        "sorted words": f"array_to_string(list_sort(string_split({sql}, ' ')), ' ')",
        "digits": f"regexp_replace({sql}, '\\D', '', 'g')",
        "letters": f"regexp_replace({sql}, '[^\\p{{L}}\\p{{N}}]', '', 'g')",
    }
    if take not in forms:
        raise ModelMalformed(cause=f"“{take}” in “{expression}” is none of: {', '.join(TAKES)}")
    return forms[take]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
