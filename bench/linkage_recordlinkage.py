"""The package recordlinkage: its index, its comparisons, its unsupervised classifier (ECM), which needs each comparison as yes or no."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import recordlinkage

VERSION = recordlinkage.__version__
_PERSON = (("name", 0.88), ("born", None), ("sex", None), ("place", 0.85), ("mother", 0.88), ("father", 0.88))
_FEBRL = (("given_name", 0.85), ("surname", 0.85), ("date_of_birth", None), ("soc_sec_id", None), ("postcode", None),
          ("street_number", None), ("address_1", 0.85), ("address_2", 0.85), ("suburb", 0.85), ("state", None))
_HISTORICAL = (("first_name", 0.88), ("surname", 0.88), ("dob", None), ("postcode_fake", None), ("birth_place", 0.85), ("gender", None),
               ("occupation", None))
# wider blocks than these bring so many relatives that its classifier takes families for persons
_ENTRY_BLOCKS = (("name",), ("word", "born"), ("mother", "year"), ("father", "year"), ("word", "mother"), ("word", "father"),
                 ("place", "born"))
_SETS: dict[str, tuple[Sequence[tuple[str, float | None]], Sequence[Sequence[str]]]] = {
    "entries": (_PERSON, _ENTRY_BLOCKS),
    "million": (_PERSON, (("name", "year"), ("born", "mother"), ("born", "father"), ("name", "mother"), ("born", "place", "sex"))),
    "febrl4": (_FEBRL, (("soc_sec_id",), ("given_name", "surname"), ("date_of_birth",), ("surname", "postcode"), ("given_name", "postcode"),
                        ("suburb", "street_number"), ("address_1", "street_number"))),
    "historical": (_HISTORICAL, (("first_name", "surname"), ("surname", "dob"), ("first_name", "dob"), ("postcode_fake", "surname"),
                                 ("postcode_fake", "first_name"), ("dob", "birth_place"))),
}
_SETS["febrl3"] = _SETS["febrl4"]


def pairs(task: str, tables: Sequence[Path]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(left, right, probability) of all pairs compared."""
    comparisons, blocks = _SETS[task]
    frames = [_frame(path) for path in tables]
    index = recordlinkage.Index()
    for block in blocks:
        index.block(left_on=list(block), right_on=list(block))
    links = index.index(*frames)
    compare = recordlinkage.Compare()
    for column, threshold in comparisons:
        if threshold is None:
            compare.exact(column, column, label=column)
        else:
            compare.string(column, column, method="jarowinkler", threshold=threshold, label=column)
    vectors = compare.compute(links, *frames)
    classifier = recordlinkage.ECMClassifier(binarize=0.5)
    classifier.fit(vectors)
    probability = classifier.prob(vectors)
    left = np.asarray(probability.index.get_level_values(0), dtype=np.int64)
    right = np.asarray(probability.index.get_level_values(1), dtype=np.int64)
    p = np.nan_to_num(probability.to_numpy(dtype=np.float64))
    return (left, right, p) if len(frames) == 2 else (np.minimum(left, right), np.maximum(left, right), p)


def _frame(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""]).set_index("unique_id")
    frame.index = frame.index.astype(int)
    if "born" in frame:
        frame["year"], frame["word"] = frame["born"].str[:4], frame["name"].str.split(" ").str[-1]
    return frame
