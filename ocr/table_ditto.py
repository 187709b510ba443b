"""Ditto: a cell that says "as in the row above", by a word (nt, như trên) or a mark (〃); its value is that row's."""
from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from rapidfuzz import fuzz

from ocr.decoding.folding import fold_text, plain
from ocr.lattice import Lattice
from records.record import DraftRecord, FieldValue
from records.text import strip_marks

DITTO = "ditto"             # the evidence of a value taken from the row above
WORDS = ("nt", "như trên", "nhu trên", "như trén")
STROKES = frozenset("1lIi\\")
_SCRAWL = re.compile("[nm][nmtlr]{0,2}|n?[hm][um]?tr.{1,3}")    # nt has no vowel, as no Vietnamese word is; như trên written fast
MARKS = frozenset("〃″“”\"'’‘`´,.=:;|!/-_ ")
_LIKE = 0.75                # that two strokes are one where no number may stand, that what reads nearly như trên is that
_NEARLY = 78                # likeness, of 100
_NEAR = 0.7, 0.9            # nats, and more for each letter read, that a ditto may explain the image worse than the reader's own text
_SHAPE = 0.97               # that two short strokes alone in a cell are a ditto mark
_UNKNOWN = 0.3              # confidence of the empty value where there is no row above


def says_ditto(lattice: Lattice, figures: bool = False) -> float:
    """Probability 0..1 that the writing is a ditto; 0 where it clearly is not. figures: a number may stand there."""
    text = lattice.best_text().strip()
    if not text:
        return 0.0
    if all(c in (MARKS if figures else MARKS | STROKES) for c in text):      # a lone dash or stroke says that there is nothing
        return _LIKE if len(text) <= 4 and (text in "〃″“”\"" or len(text.replace(" ", "")) >= 2) else 0.0
    letters = plain(text)
    if _SCRAWL.fullmatch(strip_marks(letters)) or (len(letters) >= 6 and fuzz.ratio(strip_marks(letters), "nhutren") >= _NEARLY):
        return _LIKE
    if len(letters) > 10:
        return 0.0
    folded = fold_text(lattice)
    best = folded.best_log_prob()
    behind = best - float(folded.scores([plain(w) for w in WORDS]).max())
    near = _NEAR[0] + _NEAR[1] * len(letters)
    return _SHAPE * math.exp(-0.6 * max(0.0, behind) / near) if behind <= near else 0.0


def shape_says_ditto() -> float:
    """Probability that the mark ocr.table_cells knows by its shape is a ditto."""
    return _SHAPE


def ditto_value(above: FieldValue | None, own: FieldValue) -> FieldValue:
    """`own`, the reading of the ditto itself (confidence: that it is one), with the value of the row above."""
    if above is None:
        return replace(own, value="", confidence=_UNKNOWN * own.confidence, evidence=(DITTO,), unit_code=None)
    return replace(own, value=above.value, confidence=round(own.confidence * above.confidence, 4), unit_code=above.unit_code,
                   evidence=(DITTO, *(e for e in above.evidence if e != DITTO)))


def settle_dittos(records: Sequence[DraftRecord], certainty: float = _SHAPE) -> list[DraftRecord]:
    """The records of consecutive entries, each ditto given the value its row above has now: for after a book was settled, whose first row
    of a page may refer to the last of the page before. certainty: that a field marked as ditto is one."""
    out: list[DraftRecord] = []
    for record in records:
        above = out[-1].fields if out and out[-1].form == record.form else {}
        fields = dict(record.fields)
        for code, value in record.fields.items():
            if DITTO in value.evidence and value.source == "ocr" and code in above:
                fields[code] = ditto_value(above[code], replace(value, confidence=certainty))
        out.append(replace(record, fields=fields))
    return out
