"""The names of one entry together: a child bears a parent's surname, the one who declares a birth is most often a parent."""
from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ocr.decoding.choice import Choice
from ocr.decoding.folding import plain
from ocr.decoding.name_prior import name_log_prior, word_log
from ocr.decoding.names import LETTER_BONUS, MISSED, STRAY, NameCandidates, is_stray
from records.names import written_case

CHILD, MOTHER, FATHER, DECLARANT = "nks", "me", "cha", "nyc"
FATHERS_NAME, MOTHERS_NAME = 0.88, 0.07     # share of children with the father's surname, the mother's, where both are written
ONLY_PARENTS_NAME = 0.92                    # where one is
PARENT_DECLARES = 0.9                       # how often the one who declares a birth is a parent
SECOND_LOOK = 0.75                          # how much of two fields' likelihoods counts where both hold one name
_KEPT = 14                                  # names of each that are weighed together

Sexes = Mapping[str, float]


@dataclass(frozen=True)
class People:
    """names: by owner, what is written. declarant: probability that it is the mother (me), the father (cha), somebody else ("")."""

    names: Mapping[str, Choice]
    declarant: Mapping[str, float]


class Weighed:
    """The names one field may hold: values as written, ln of tempered likelihood and of prior."""

    def __init__(self, field: NameCandidates, texts: Iterable[str], temperature: float, sexes: Sexes):
        spelled = list(dict.fromkeys(texts))
        self.field, self.temperature = field, temperature
        self.text_of: dict[str, str] = {}
        likelihood: dict[str, float] = {}
        for text, score in zip(spelled, field.folded.scores(spelled), strict=True):
            if score == -math.inf:
                continue
            w = temperature * float(score) + LETTER_BONUS * len(plain(text))
            stray = [(text.partition(" ")[2], w + STRAY)] if is_stray(text) else []
            for value, v in [(text, w), *stray]:
                if v > likelihood.get(value, -math.inf):
                    likelihood[value], self.text_of[value] = v, text
        self.values = sorted(likelihood)
        self.likelihood = np.array([likelihood[v] for v in self.values])
        self.prior = np.array([_prior(v, sexes) for v in self.values])
        self.surnames = [v.split()[0] for v in self.values]

    @property
    def weights(self) -> np.ndarray:
        return self.likelihood + self.prior

    def of(self, values: Iterable[str]) -> np.ndarray:
        """Likelihoods of these values, -inf for those that are not among its own."""
        place = {v: k for k, v in enumerate(self.values)}
        return np.array([self.likelihood[place[v]] if v in place else -np.inf for v in values])

    def choice(self, share: np.ndarray, values: list[str] | None = None) -> Choice | None:
        """The best of the values with its share, lowered where the image holds much that it does not explain."""
        values = self.values if values is None else values
        order = [int(k) for k in np.argsort(-share, kind="stable")[:10]]
        if not order or not share[order[0]] > 0:
            return None
        best = values[order[0]]
        gap = self.field.folded.best_log_prob() - self.field.folded.score(self.text_of.get(best, best))
        found = math.exp(-MISSED * self.temperature * max(0.0, gap))
        ranking = tuple((written_case(values[k]), float(share[k]) * found) for k in order)
        return Choice(ranking[0][0], best, ranking[0][1], ranking)


def _prior(name: str, sexes: Sexes) -> float:
    if not sexes:
        return name_log_prior(name)
    return float(np.logaddexp.reduce([math.log(max(p, 1e-6)) + name_log_prior(name, s) for s, p in sexes.items()]))


def read_alone(field: NameCandidates, temperature: float, sexes: Sexes) -> Choice | None:
    """One name by itself."""
    own = Weighed(field, field.texts, temperature, sexes)
    return own.choice(_share(own.weights)) if own.values else None


def read_family(found: Mapping[str, NameCandidates], temperature: float, sexes: Mapping[str, Sexes], says: str | None) -> People:
    """The names of an entry of birth. sexes: by owner, as far as known; says: the relation of the declarant as written, "me" or "cha",
    "" somebody else, None unknown."""
    names: dict[str, Choice | None] = {}
    texts = {owner: list(c.texts) for owner, c in found.items()}
    parents = [p for p in (MOTHER, FATHER) if p in found]
    for p in parents if DECLARANT in found else []:
        texts[p] += found[DECLARANT].texts
        texts[DECLARANT] += found[p].texts
    read = {owner: Weighed(c, texts[owner], temperature, sexes.get(owner, {})) for owner, c in found.items()}
    read = {owner: w for owner, w in read.items() if w.values}
    parents = [p for p in parents if p in read]
    members = [o for o in (CHILD, FATHER, MOTHER) if o in read]
    for owner, w in read.items():
        if owner not in (*members, DECLARANT):
            names[owner] = w.choice(_share(w.weights))
    other = read.get(DECLARANT)
    ways: dict[str, float] = {"": 0.0}
    if other is not None:
        ways = {"": 1 - PARENT_DECLARES} | {p: PARENT_DECLARES / max(1, len(parents)) for p in parents}
        if says is not None:
            ways = {w: 0.97 if w == says else 0.03 for w in ways}
        ways = {w: math.log(p) for w, p in ways.items()}
    evidence: dict[str, float] = {}
    shares: dict[str, dict[str, np.ndarray]] = {}
    for way in ways:
        weights = {m: read[m].weights for m in members}
        extra = float(np.logaddexp.reduce(other.weights)) if other is not None and not way else 0.0
        if way and other is not None:
            weights[way] = weights[way] + other.of(read[way].values)
        surnames = {m: read[m].surnames for m in members}
        total, shares[way] = _together(members, surnames, weights)
        if way and other is not None:       # one pen and one reader: the second look is not wholly a new one
            softened = read[way].prior + SECOND_LOOK * (read[way].likelihood + other.of(read[way].values))
            shares[way] = _together(members, surnames, weights | {way: softened})[1]
        evidence[way] = ways[way] + total + extra
    norm = float(np.logaddexp.reduce(list(evidence.values())))
    chance = {w: math.exp(v - norm) if norm > -math.inf else 1.0 / len(evidence) for w, v in evidence.items()}
    for m in members:
        names[m] = read[m].choice(sum((chance[w] * shares[w][m] for w in ways), np.zeros(len(read[m].values))))
    if other is not None:
        mixed: dict[str, float] = {}
        for way, sure in chance.items():
            values, share = (read[way].values, shares[way][way]) if way else (other.values, _share(other.weights))
            for k, value in enumerate(values):
                mixed[value] = mixed.get(value, 0.0) + sure * float(share[k])
        names[DECLARANT] = other.choice(np.array(list(mixed.values())), list(mixed))
    return People({o: c for o, c in names.items() if c is not None}, chance if other is not None else {})


def _together(members: list[str], surnames: Mapping[str, list[str]],
              weights: Mapping[str, np.ndarray]) -> tuple[float, dict[str, np.ndarray]]:
    """ln of the evidence for child and parents, and the share of each one's names, given how surnames go from parents to children."""
    if CHILD not in members or len(members) == 1:
        return (sum(float(np.logaddexp.reduce(weights[m])) for m in members), {m: _share(weights[m]) for m in members})
    top = {m: np.argsort(-weights[m], kind="stable")[:_KEPT] for m in members}
    axes = {m: k for k, m in enumerate(members)}
    own = np.array([surnames[CHILD][k] for k in top[CHILD]])
    usual = np.exp([word_log(str(name), "surname") for name in own])
    passed = {FATHER: FATHERS_NAME, MOTHER: MOTHERS_NAME} if len(members) == 3 else {members[1]: ONLY_PARENTS_NAME}
    shape = [1] * len(members)
    factor = np.full(shape, 1 - sum(passed.values()))
    joint = np.zeros(shape)
    for m in members:
        along = [len(top[m]) if k == axes[m] else 1 for k in range(len(members))]
        joint = joint + weights[m][top[m]].reshape(along)
        if m in passed:
            same = (own[:, None] == np.array([surnames[m][k] for k in top[m]])[None, :]) / usual[:, None]
            factor = factor + passed[m] * same.reshape([len(own) if k == 0 else along[k] for k in range(len(members))])
    joint = joint + np.log(factor)
    total = float(np.logaddexp.reduce(joint, axis=None))
    share = np.exp(joint - total) if total > -math.inf else np.zeros_like(joint)
    out = {}
    for m in members:
        out[m] = np.zeros(len(weights[m]))
        out[m][top[m]] = share.sum(axis=tuple(k for k in range(len(members)) if k != axes[m]))
    return total, out


def _share(weights: np.ndarray) -> np.ndarray:
    norm = np.logaddexp.reduce(weights) if len(weights) else -math.inf
    return np.exp(weights - norm) if norm > -math.inf else np.zeros(len(weights))
