"""Linkage and de-duplication of plain tables, whatever their columns: duplicates in a population file, one typed table against another.

    found = link(left, right, model); found.one_to_one(0.9)          found = deduplicate(table, model); found.clusters(0.5)

`model.py` declares how rows are compared, `table.py` reads, `blocking.py` says what is compared at all, `levels.py` how alike a pair is,
`estimation.py` learns without labels, `grouping.py` settles one to one or groups, `linkage.py` does it all.
"""
from matching.tables.errors import ColumnMissing, ModelMalformed, NothingToCompare, TablesError, TableUnreadable
from matching.tables.linkage import Bar, Linkage, deduplicate, link
from matching.tables.model import (
    Comparison,
    Key,
    Learnt,
    Level,
    TableModel,
    Test,
    crossed,
    date_partial,
    date_parts,
    date_swapped,
    edits,
    every,
    exact,
    jaro_winkler,
    load_table_model,
    look_alike,
    parse_table_model,
)

__all__ = [
    "Bar", "ColumnMissing", "Comparison", "Key", "Learnt", "Level", "Linkage", "ModelMalformed", "NothingToCompare", "TableModel",
    "TableUnreadable", "TablesError", "Test", "crossed", "date_partial", "date_parts", "date_swapped", "deduplicate", "edits", "every",
    "exact", "jaro_winkler", "link", "load_table_model", "look_alike", "parse_table_model",
]
