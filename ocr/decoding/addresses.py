"""Addresses in full: what stands before the commune is read word by word, the commune, district and province after it as they are known.

    "Thôn 4, Ea Kao, TP Buôn Ma Thuột, Đắk Lắk"  =  free words  +  one of the chains of units that existed, each with or without its kind

The line is read from its end: the chains are scored on all frames they may take at once, province, then its districts, then their communes.
"""
from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from ocr.decoding.folding import fold_address
from ocr.decoding.name_prior import PARTS, listed, place_words
from ocr.decoding.near import near_texts
from ocr.lattice import Lattice
from ocr.trie import Trie
from records.places import KINDS, Unit, default_gazetteer, split_kind
from records.text import is_vietnamese_syllable

_WITHOUT = {"Xã": ("x",), "Phường": ("p", "f"), "Thị trấn": ("tt",), "Huyện": ("h",), "Quận": ("q",), "Thị xã": ("tx",),
            "Thành phố": ("tp",), "Tỉnh": ("t",), "Đặc khu": ()}        # how the kind of a unit is shortened
_BARE, _WHOLE, _SHORT = math.log(0.5), math.log(0.4), math.log(0.1)
_ALIASES = {"Hồ Chí Minh": ("hcm",), "Thừa Thiên Huế": ("t t huế", "tt huế"), "Bà Rịa - Vũng Tàu": ("br vt", "brvt"), "Hà Nội": ("hn",)}
_CHAINS = {"cdp": math.log(0.7), "dp": math.log(0.12), "cp": math.log(0.1), "p": math.log(0.08)}
_PROVINCES, _DISTRICTS, _KEPT = 3, 6, 12
_COMMUNES, _DISTRICTS_THERE_ARE = 10000, 700
_LETTER_BONUS = 0.9         # nats a letter of a word, as ocr.decoding.names
_OPEN_LETTER, _OPEN = 2.4, 0.1
_FREE_LETTER = 1.8          # nats a letter before the units (before tempering)
# words of addresses, how usual
_WORDS = {
    "thôn": 60, "xóm": 40, "ấp": 45, "tổ": 40, "khu": 25, "phố": 30, "khóm": 15, "bản": 15, "buôn": 10, "làng": 8, "đội": 12,
    "số": 35, "nhà": 8, "đường": 35, "ngõ": 14, "ngách": 6, "hẻm": 10, "kiệt": 5, "tdp": 4, "kp": 6, "phường": 15, "xã": 20,
    "quận": 12, "huyện": 15, "thị": 12, "trấn": 8, "thành": 12, "tp": 12, "tỉnh": 12, "quốc": 4, "lộ": 4, "ql": 2, "tl": 2,
    "chung": 3, "cư": 5, "lô": 4, "tầng": 2, "dân": 5, "khối": 8, "cụm": 4, "tiểu": 4, "km": 3, "kdc": 2,
}


@dataclass(frozen=True)
class AddressReading:
    """text: as written, first letters capital, commas between the units; unit: the commune (district, province) it ends with, None for
    free text."""

    text: str
    unit: Unit | None
    probability: float


@dataclass(frozen=True)
class _Level:
    """Sibling units and all the ways to write them, backwards; log_form[k] is that of writing units[owner[k]] as texts[k]."""

    units: tuple[Unit, ...]
    texts: tuple[str, ...]
    owner: np.ndarray
    log_form: np.ndarray
    trie: Trie


@dataclass(frozen=True)
class _End:
    """A way the line may end: after[t] is ln P that the last t frames spell it; log_prior without the commune's own share."""

    texts: tuple[str, ...]
    unit: Unit
    chain: str
    after: np.ndarray
    log_prior: float


def _forms(name: str, kind: str) -> dict[str, float]:
    bare = split_kind(name)[1].lower()
    out = {bare: _BARE, f"{kind.lower()} {bare}".strip(): _WHOLE}
    for short in _WITHOUT.get(kind, ()):
        out[f"{short} {bare}"] = _SHORT - math.log(len(_WITHOUT[kind]))
    return out


def _spelled(text: str) -> str:
    """The text as `fold_address` lattices spell it."""
    return " ".join("".join(c if c.isalnum() or c in " /" else " " for c in text).split())


def _level(units: Iterable[Unit], last: bool) -> _Level:
    """last: the level that ends a line; the others have a space behind them."""
    kept: list[Unit] = []
    texts: list[str] = []
    owner: list[int] = []
    log_form: list[float] = []
    for unit in units:
        forms = _forms(unit.name, split_kind(unit.name)[0] or ("Tỉnh" if unit.level == "province" else ""))
        for alias in _ALIASES.get(split_kind(unit.name)[1], ()):
            forms[alias] = _SHORT
            forms["tp " + alias] = _SHORT
        for text, weight in forms.items():
            texts.append((" " if not last else "") + _spelled(text)[::-1])
            owner.append(len(kept))
            log_form.append(weight)
        kept.append(unit)
    return _Level(tuple(kept), tuple(texts), np.array(owner, dtype=np.int64), np.array(log_form), Trie(texts))


@cache
def _tree() -> tuple[_Level, Mapping[str, _Level], Mapping[tuple[str, str], _Level]]:
    """Provinces; the districts of each (of lists without districts, the communes) by province; communes by province and district."""
    provinces: dict[str, Unit] = {}
    below: dict[str, dict[str, Unit]] = defaultdict(dict)
    communes: dict[tuple[str, str], dict[str, Unit]] = defaultdict(dict)
    gazetteer = default_gazetteer()
    for unit in gazetteer.provinces:
        provinces.setdefault(split_kind(unit.name)[1], unit)
    for unit in gazetteer.districts:
        below[split_kind(unit.province)[1]].setdefault(unit.name, unit)
    for unit in gazetteer.communes:
        province = split_kind(unit.province)[1]
        if unit.district:
            communes[province, unit.district].setdefault(unit.name, unit)
        else:
            below[province].setdefault(unit.name, unit)
    return (_level(provinces.values(), True), {p: _level(units.values(), False) for p, units in below.items()},
            {key: _level(units.values(), False) for key, units in communes.items()})


def _ends(words: Lattice, free: np.ndarray, temperature: float) -> list[_End]:
    """The likely ways the line ends. free: tempered weight of free text in all but the last t frames."""
    provinces, below, communes = _tree()
    lp, alphabet = words.log_probs[::-1], words.alphabet
    first = _best(provinces, provinces.trie.after(lp, alphabet)[0], free, temperature, _PROVINCES)
    out: list[_End] = []
    kept: list[tuple[_End, float]] = []
    for province, text, after, form in first:
        out.append(_End((text,), province, "p", after, form - math.log(63)))
        inner = below.get(split_kind(province.name)[1])
        if inner is None:
            continue
        for unit, more, further, own in _best(inner, inner.trie.after(lp, alphabet, after)[0], free, temperature, _DISTRICTS):
            chain, among = ("cp", _COMMUNES) if unit.level == "commune" else ("dp", _DISTRICTS_THERE_ARE)
            end = _End((text, more), unit, chain, further, form + own - math.log(among))
            out.append(end)
            if chain == "dp":
                kept.append((end, form + own))
    kept.sort(key=lambda e: -float((temperature * e[0].after + free).max()) - e[1])
    for end, form in kept[:_DISTRICTS]:
        last = communes.get((split_kind(end.unit.province)[1], end.unit.name))
        if last is not None:
            for unit, text, after, own in _best(last, last.trie.after(lp, alphabet, end.after)[0], free, temperature, _KEPT):
                out.append(_End((*end.texts, text), unit, "cdp", after, form + own - math.log(_COMMUNES)))
    return out


def _best(level: _Level, after: np.ndarray, free: np.ndarray, temperature: float, most: int) -> list[tuple[Unit, str, np.ndarray, float]]:
    """The likeliest texts of a level: (unit, text, its ln P over the last t frames, ln of its form)."""
    if not level.texts:
        return []
    weight = (temperature * after + free[:, None]).max(axis=0) + level.log_form
    order = [int(k) for k in np.argsort(-weight, kind="stable")[:most] if weight[k] > -np.inf]
    return [(level.units[level.owner[k]], level.texts[k], after[:, k], float(level.log_form[k])) for k in order]


def read_address(lattice: Lattice, temperature: float, shares: Mapping[str, float] | None = None) -> AddressReading | None:
    """The address in a line; None for a line without ink. shares: code of a commune -> its share of this book's
    places, where known."""
    words = fold_address(lattice)
    greedy, starts = _greedy(words)
    if not greedy.strip():
        return None
    frames = len(words.log_probs)
    peaks = np.concatenate(([0.0], np.cumsum(words.log_probs.max(axis=1).astype(np.float64))))
    letters = np.searchsorted(np.array(starts), np.arange(frames + 1), side="left")
    free = (temperature * (peaks - _FREE_LETTER * letters))[::-1]        # by frames left to the end
    found: list[tuple[float, _End | None, int]] = [(float(free[0]), None, 0)]
    for way in _ends(words, free, temperature):
        by_frame = temperature * way.after + free
        t = int(by_frame.argmax())
        prior = _CHAINS[way.chain] + way.log_prior
        if shares and shares.get(way.unit.code):
            prior = float(np.logaddexp(prior, math.log(shares[way.unit.code])))
        found.append((float(by_frame[t]) + prior, way, t))
    total = float(np.logaddexp.reduce([w for w, _, _ in found]))
    weight, end, taken = max(found, key=lambda f: f[0])
    head, sure = _head(words, frames - taken, temperature)
    units = [] if end is None else [_capital(t[::-1].strip()) for t in reversed(end.texts)]
    text = ", ".join(p for p in (_capital(head), *units) if p)
    return AddressReading(text, end.unit if end else None, math.exp(weight - total) * sure) if text else None


def _greedy(words: Lattice) -> tuple[str, list[int]]:
    """The first guess, and the frame in which each of its letters begins."""
    best = words.log_probs.argmax(axis=1)
    first = (best != 0) & (best != np.concatenate(([0], best[:-1])))
    at = np.flatnonzero(first)
    return "".join(words.alphabet[best[t] - 1] for t in at), [int(t) for t in at]


def _head(words: Lattice, frames: int, temperature: float) -> tuple[str, float]:
    """What stands in the first frames, word by word, with the probability of all of them."""
    space = words.alphabet.index(" ") + 1
    best = words.log_probs[:frames].argmax(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate(([1], (best == space).astype(np.int8), [1]))))
    out, sure = [], 1.0
    for a, b in zip(edges[::2], edges[1::2], strict=False):
        window = Lattice(words.log_probs[a:b], words.alphabet, words.model)
        options = [t for t, _ in near_texts(window.log_probs, window.alphabet, 40) if t and " " not in t]
        if not options:
            continue
        weights = temperature * window.scores(options) + np.array([_word_log(t) + _LETTER_BONUS * len(t) for t in options])
        if not np.isfinite(weights).any():
            continue
        k = int(weights.argmax())
        out.append(options[k])
        sure *= float(np.exp(weights[k] - np.logaddexp.reduce(weights)))
    return " ".join(out), sure


@lru_cache(maxsize=65536)
def _word_log(word: str) -> float:
    """ln of how likely a word of an address is: usual words, words of places and of people (streets bear their names), numbers, others."""
    if any(c.isdigit() for c in word):
        return math.log(0.12) - _LETTER_BONUS * len(word)
    share = 0.3 * _WORDS.get(word, 0) / sum(_WORDS.values()) + 0.35 * place_words().get(word, 0.0)
    share += 0.2 * sum(listed(p, None).get(word, 0.0) for p in PARTS) / len(PARTS)
    easier = 1.0 if is_vietnamese_syllable(word) else 0.1
    return math.log(share + _OPEN * easier * math.exp(-_OPEN_LETTER * len(word)))


def _capital(text: str) -> str:
    """First letters capital; "Thành phố", "Thị xã", "Thị trấn" as they are printed; abbreviations wholly."""
    words = [w.upper() if w in _ABBREVIATIONS else w[:1].upper() + w[1:] for w in text.split()]
    if tuple(w.lower() for w in words[:2]) in _TWO_WORDS and len(words) > 2:
        words[1] = words[1].lower()
    return " ".join(words)


_ABBREVIATIONS = frozenset(("tp", "tt", "tx", "hcm", "hn", "br", "vt", "brvt", "tdp", "kdc", "ql", "tl"))
_TWO_WORDS = frozenset(tuple(kind.lower().split()) for kind in KINDS if " " in kind)
