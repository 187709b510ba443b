"""A time of day ("5 giờ 30", "17h05", hour and minute in two blanks) from the image. Values as in records.times."""
from __future__ import annotations

import math
from functools import cache

import numpy as np

from ocr.decoding.choice import Choice, Scored, choose, free_text_weight
from ocr.decoding.folding import fold_digits, fold_text, plain
from ocr.lattice import Lattice
from ocr.trie import Trie
from records.times import time_value

_IN_FIGURES, _IN_WORDS = 0.75, 0.25     # shares of 5/30 (any separator: two blanks, a colon) and of 5h30, 5 giờ 30 phút
_WORDS = ("{h}h{m}", "{h}g{m}", "{h} giờ {m}", "{h} giờ {m} phút")
_HOUR_ALONE = 0.1
_PADDED = math.log(0.5)     # 05 where 5 would do
_ANYTHING = 1e-4            # prior of words that are no time, against that of any one time
_LIKELIEST = 60             # ways to write a time, weighed against one another


def _minute_shares() -> dict[int, float]:
    """People round: whole and half hours, then fives."""
    shares = {m: 0.15 / 48 for m in range(60)} | {m: 0.05 for m in range(5, 60, 5)}
    return shares | {0: 0.22, 30: 0.13}


@cache
def _ways(words: bool) -> tuple[Trie, tuple[str, ...], np.ndarray]:
    """Every time as lattices folded to figures or to text spell it, its value, and ln of how usual it is written so."""
    texts: dict[str, tuple[str, float]] = {}
    for hour in range(24):
        for h in dict.fromkeys((str(hour), f"{hour:02d}")):
            lead = -math.log(24) + (_PADDED if h != str(hour) else 0.0)
            alone = [f"{h}h", f"{h} giờ"] if words else [h]
            for text in alone:
                texts.setdefault(text, (time_value(hour, None), lead + math.log(_HOUR_ALONE / len(alone))))
            for minute, share in _minute_shares().items():
                for m in dict.fromkeys((f"{minute:02d}", str(minute))):
                    value, usual = time_value(hour, minute), lead + math.log((1 - _HOUR_ALONE) * share)
                    usual += _PADDED if m != f"{minute:02d}" else 0.0
                    forms = [f.format(h=h, m=m) for f in _WORDS] if words else [f"{h}/{m}"]
                    for text in forms:
                        texts.setdefault(text, (value, usual - math.log(len(forms))))
    share = math.log(_IN_WORDS if words else _IN_FIGURES)
    spelled = [plain(t) if words else t for t in texts]
    return Trie(spelled), tuple(v for v, _ in texts.values()), np.array([w + share for _, w in texts.values()])


def read_time(lattice: Lattice, temperature: float) -> Choice | None:
    """The time; None where something else explains the writing better (words such as "không rõ")."""
    scored: list[Scored] = []
    for words, folded in ((False, fold_digits(lattice)), (True, fold_text(lattice))):
        trie, values, usual = _ways(words)
        scores = trie.scores(folded.log_probs, folded.alphabet)
        for i in np.argsort(-(temperature * scores + usual), kind="stable")[:_LIKELIEST]:
            scored.append(Scored(values[i], trie.texts[i], float(scores[i]), float(usual[i])))
    return choose(scored, temperature, free_text_weight(fold_text(lattice), temperature, math.log(_ANYTHING)))
