"""Evidence from the image itself: how well a person's name, birthday or number explains the lattice, against all it might have been.

weight(v) = s(v) - ln sum over v' of share(v') exp s(v'), where s is the tempered CTC log-likelihood (`image_scores`). What may stand on the
page for a person is the person's own value as registers spell it: another spelling of the same sound, a part of a name more or less, one
part of a date other. The last term, Else, is that of the text: quite another value, or an image that shows nothing of it. The image stands
for the text where there is one: the same ink must not be counted twice.
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from matching.entry import RoleReading
from matching.image_scores import BirthScores, birth_scores, name_scores, number_scores, reader_temperature, year_scores
from matching.model import LinkModel
from matching.population import NO_NAME, UNKNOWN, PopulationIndex
from matching.vocabulary import MIDDLE, part_of, tokens_of
from ocr.decoding.folding import fold_digits
from ocr.lattice import Lattice

IMAGES = 40                 # values scored on an image: those that its text makes likeliest
_ANYBODY = 48               # names that stand for all that are not scored
_NAMESAKE = 0.05            # people of the population that a name nobody there bears stands for
_SPELLED = 12               # of them, the names whose other spellings are scored too
_ALIKE = 6                  # spellings by ear tried for one token, the commonest
_RARE = 1e-4                # share of a middle name that the population does not know
_YEAR_ALONE = {"date": 0.08, "year": 0.95}      # P(only the year is written), by what the form asks for
_DAYS, _MONTH = 365.25, 30.44
_LONGEST = 130              # years of birth weighed on one image


class ImageComparison:
    """NameOnImage, BirthOnImage, NumberOnImage for one population under one model; weights are float64 (people,), the same in every
    hand: the lattice itself says how badly it was read."""

    def __init__(self, index: PopulationIndex, model: LinkModel) -> None:
        self.index, self.model = index, model
        self._drawn: dict[int, list[str]] = {}

    def instead_of(self, name: np.ndarray, birth: np.ndarray, number: np.ndarray, reading: RoleReading, rows: np.ndarray,
                   year_prior: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The weights (hands, people) of the text, those of the image in their place for every part that has one."""
        images, shape = reading.images, name.shape
        if "name" in images:
            name = np.broadcast_to(self.name(images["name"], reading.tokens, name, self.index.name[rows], reading.sex), shape)
        for asked in ("date", "year"):
            if asked in images:
                birth = np.broadcast_to(self.birth(images[asked], images.get("words"), asked, reading.date, rows, year_prior), shape)
        if "number" in images:
            number = np.broadcast_to(self.number(images["number"], reading.number, rows), shape)
        return name, birth, number

    def temperature(self, lattice: Lattice, part: str) -> float:
        """Factor on the lattice's log-likelihoods. part: name, year, date, words or number."""
        return self.model.image.get(part, 1.0) * reader_temperature(lattice.model, part)

    # ---- names ------------------------------------------------------------------------------------------------------------------

    def name(self, lattice: Lattice, read: Sequence[str], by_text: np.ndarray, name_ids: np.ndarray, sex: int) -> np.ndarray:
        """Match weights (people,) of the names. read: the tokens as the reader has them, for a name that no candidate bears; by_text:
        (hands, people), to choose which names are scored."""
        names, floor = self.index.names, np.log(self.model.renamed)
        distinct, back = np.unique(name_ids, return_inverse=True)
        best = np.full(len(distinct), -np.inf)
        np.maximum.at(best, back, by_text.max(axis=0))
        chosen = np.array([k for k in np.lexsort((distinct, -best))[:IMAGES] if distinct[k] != NO_NAME], dtype=np.int64)
        weight = np.full(len(distinct), floor)
        if len(chosen):
            t = self.temperature(lattice, "name")
            ids = distinct[chosen]
            candidates = [names.names[i] for i in ids]
            everybody = self._everybody(sex)
            scores = name_scores(lattice, [*candidates, *everybody, " ".join(read)], t)
            of_names, of_others = scores[:len(ids)], scores[len(ids):-1]
            beside = 0.0 if list(read) in [tokens_of(n) for n in candidates] else self._share_of(read, sex)
            beside = max(beside, _NAMESAKE / float(names.total[sex]))
            shares = names.share(ids, sex)
            of_others = of_others[[n not in candidates for n in everybody]]
            rest = np.logaddexp.reduce(of_others) - np.log(max(1, len(everybody)))
            total = np.logaddexp.reduce([*(np.log(shares) + of_names), scores.max() + np.log(beside), rest])
            if total == -np.inf:                    # the image can be none of them, nor what was read: it says nothing
                return np.zeros(len(name_ids))
            spelled = self._other_spellings(lattice, read, ids, of_names, sex, t)
            weight[chosen] = np.logaddexp(spelled - total + np.log1p(-self.model.renamed), floor)
        weight[distinct == NO_NAME] = 0.0
        return weight[back]

    def _everybody(self, sex: int) -> list[str]:
        """Names drawn as often as people bear them: what the image is worth to anybody whose name was not scored."""
        if sex not in self._drawn:
            count = self.index.names.count[sex].astype(np.float64)
            if not count.any():
                return []
            at = (np.arange(_ANYBODY) + 0.5) / _ANYBODY * count.sum()
            self._drawn[sex] = [self.index.names.names[int(k)] for k in np.searchsorted(np.cumsum(count), at)]
        return self._drawn[sex]

    def _share_of(self, tokens: Sequence[str], sex: int) -> float:
        """The share of people of a name that is not among those scored, as its tokens tell."""
        vocabulary = self.index.names.vocabulary
        share = 1.0 if tokens else 0.0
        for k, token in enumerate(tokens):
            same = vocabulary.distances(token) == 0
            share *= float(vocabulary.frequency[sex, part_of(k, len(tokens)), same].sum())
        return share

    def _other_spellings(self, lattice: Lattice, read: Sequence[str], ids: np.ndarray, scores: np.ndarray, sex: int, temperature: float
                         ) -> np.ndarray:
        """ln P(image | person of that name), the ways a register may spell the name of the likeliest ones added: (ids,)."""
        out = scores + np.log1p(-self.model.ear - self.model.token_lost - self.model.token_added)
        likeliest = np.argsort(-scores, kind="stable")[:_SPELLED]
        texts, shares, owners = [], [], []
        for k in likeliest:
            for text, share in self._spellings(int(ids[k]), read, sex):
                texts.append(text)
                shares.append(share)
                owners.append(k)
        if texts:
            with np.errstate(divide="ignore"):
                np.logaddexp.at(out, np.array(owners), name_scores(lattice, texts, temperature) + np.log(shares))
        return out

    def _spellings(self, name: int, read: Sequence[str], sex: int) -> list[tuple[str, float]]:
        """Other ways a register may have the name, with P of each: by ear, a middle name left out, one of those read put in."""
        vocabulary, model = self.index.names.vocabulary, self.model
        tokens = [int(t) for t in self.index.names.tokens[name] if t >= 0]
        words = [vocabulary.tokens[t] for t in tokens]
        out: list[tuple[str, float]] = []
        by_ear = [(k, vocabulary.tokens[other]) for k, t in enumerate(tokens) for other in self._commonest_alike(t)]
        out += [(" ".join([*words[:k], word, *words[k + 1:]]), model.ear / len(by_ear)) for k, word in by_ear]
        middles = range(1, len(words) - 1)
        out += [(" ".join([*words[:k], *words[k + 1:]]), model.token_lost / len(middles)) for k in middles]
        for k, token in enumerate(read[1:-1], start=1):
            if len(words) > 1 and token not in words:
                share = float(vocabulary.frequency[sex, MIDDLE, vocabulary.distances(token) == 0].sum())
                out.append((" ".join([*words[:k], token, *words[k:]]), model.token_added * max(share, _RARE)))
        return out

    def _commonest_alike(self, token: int) -> list[int]:
        vocabulary = self.index.names.vocabulary
        alike = [int(x) for x in vocabulary.ear_alike(vocabulary.tokens[token]) if int(x) != token]
        return sorted(alike, key=lambda x: (-float(vocabulary.frequency[UNKNOWN, :, x].sum()), x))[:_ALIKE]

    # ---- birthdays --------------------------------------------------------------------------------------------------------------

    def birth(self, figures: Lattice, words: Lattice | None, asked: str, read: str, rows: np.ndarray, year_prior: np.ndarray) -> np.ndarray:
        """Match weights (people,) of the birthdays. words: the image of the date in words, if there is one. asked: what the form asks for,
        "date" or "year". read: the date as the reader has it, YYYY[-MM[-DD]]. year_prior: float64 (2200,), P(year) of anybody in the role.
        """
        year, month, day = (c[rows].astype(np.int64) for c in (self.index.year, self.index.month, self.index.day))
        known = year > 0
        if not known.any():
            return np.zeros(len(rows))
        own = int(read[:4]) if read[:4].isdecimal() and 1880 <= int(read[:4]) <= 2099 else int(year[known].max())
        last = min(max(own, int(year[known].max())) + 1, 2099)
        first = max(min(own, int(year[known].min())) - 1, last - _LONGEST)
        t = {part: self.temperature(figures, part) for part in ("date", "year", "words")}
        full = asked == "date" or fold_digits(figures).best_text().count("/") >= 2
        scores = birth_scores(figures, words, first, last, t) if full else year_scores(figures, first, last, t)
        levels = _Levels(scores, _YEAR_ALONE[asked], year_prior)
        y = np.clip(year, first, last) - first
        weight = self._as_registered(levels, y, month, day)
        outside = (year < first) | (year > last)
        return np.where(known, np.where(outside, np.log(self.model.redated), weight), 0.0)

    def _as_registered(self, levels: _Levels, y: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray:
        """The weights of people born in these years, months and days, 0 for a part the population does not know."""
        floor, part = self.model.redated, self.model.part_redated
        m, d = np.maximum(month, 1) - 1, np.maximum(day, 1) - 1
        vague = np.where((month == 1) & (day == 1), self.index.first_of_january_unknown, 0.0)
        exact = _mixed((1 - vague, levels.exact[y, m, d]), (vague, levels.year[y]))
        right = np.where(month == 0, levels.year[y], np.where(day == 0, levels.month[y, m], exact))
        beside = np.stack([levels.exact[np.clip(y + k, 0, len(levels.year) - 1), m, d] for k in (-1, 1)])
        swapped = np.where(d < 12, levels.exact[y, np.minimum(d, 11), m], levels.month[y, m])
        others = np.stack([levels.month[y, m], levels.day[y, d], np.logaddexp(*beside) - np.log(2), swapped])
        other = np.where(month == 0, np.logaddexp(*(levels.year[np.clip(y + k, 0, len(levels.year) - 1)] for k in (-1, 1))) - np.log(2),
                         np.logaddexp.reduce(others) - np.log(len(others)))
        return _mixed((1 - floor - part, right), (part, other), (floor, np.zeros(len(y))))

    # ---- personal numbers -------------------------------------------------------------------------------------------------------

    def number(self, lattice: Lattice, read: str, rows: np.ndarray) -> np.ndarray:
        """Match weights (people,) of the personal numbers. read: the digits as the reader has them; an old number says nothing."""
        if not 11 <= len(read) <= 13 or not len(rows):
            return np.zeros(len(rows))
        floor, people = np.log(self.model.renumbered), np.log(max(len(self.index), 2))
        ids = [self.index.ids[r] for r in rows]
        near = np.argsort(process.cdist([read], ids, scorer=Levenshtein.distance)[0], kind="stable")[:IMAGES]
        scores = number_scores(lattice, [*(ids[k] for k in near), read], self.temperature(lattice, "number"))
        of_people, as_read = scores[:-1], float(scores.max())
        weight = np.full(len(rows), floor)
        if as_read > -np.inf:
            total = np.logaddexp(np.logaddexp.reduce(of_people), as_read) - people
            weight[near] = np.logaddexp(of_people - total + np.log1p(-self.model.renumbered), floor)
        return weight


class _Levels:
    """Match weights of a birthday at every level of agreement, arrays by year from `first`: exact (years, 12, 31); month (years, 12), day
    (years, 31) and year (years,): only that part beside the year, the rest any."""

    def __init__(self, scores: BirthScores, alone: float, year_prior: np.ndarray) -> None:
        years = len(scores.years)
        written_year = scores.years + np.log(alone)
        full = scores.days + np.log1p(-alone)
        of_year = np.logaddexp.reduce(full.reshape(years, -1), axis=1) - np.log(_DAYS)
        of_year = np.logaddexp(of_year, written_year)
        with np.errstate(divide="ignore"):
            prior = np.log(year_prior[scores.first:scores.first + years] / year_prior.sum())
        total = np.logaddexp.reduce(prior + of_year)
        best = max(float(full.max()), float(written_year.max()))
        total = float(np.logaddexp(total, best + np.log(1e-9)))         # a date of a year in which no candidate was born
        self.year = of_year - total
        self.exact = np.logaddexp(full, written_year[:, None, None]) - total
        self.month = np.logaddexp(np.logaddexp.reduce(full, axis=2) - np.log(_MONTH), written_year[:, None]) - total
        self.day = np.logaddexp(np.logaddexp.reduce(full, axis=1) - np.log(12), written_year[:, None]) - total


def _mixed(*parts: tuple[float | np.ndarray, np.ndarray]) -> np.ndarray:
    """ln of the mixture of exp(weights)."""
    out = np.full_like(parts[0][1], -np.inf)
    with np.errstate(divide="ignore"):
        for share, weight in parts:
            out = np.logaddexp(out, np.log(share) + weight)
    return out
