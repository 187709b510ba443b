"""Texts that return from page to page in one book: who signs, of which office, which volume it is. Few texts, written by few hands.

Two questions are kept apart. *Which* of the book's texts a page holds: pages are good evidence, their differences being large; the texts
of neighbouring pages are mostly the same (a run, then a change). *How* that text is spelled: the same hand makes the same letter look
wrong on every page, so many pages say little more than two.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ONE_HAND = 0.15             # at least so much of a letter's doubt is the hand's own, the same on every page
MOST_SURE = 0.985           # of a spelling that no person has seen
_SWITCH = (1.0, 12.0)       # prior counts: pages with another text than the page before, and with the same
_NEW = 0.02                 # share of pages with a text that no other page has
_MOST_TEXTS = 8


@dataclass(frozen=True)
class Spelling:
    """A way to write one text. group: spellings with the same number are the same text, written so or so; log_prior: how usual that is."""

    text: str
    group: int
    log_prior: float


@dataclass(frozen=True)
class Recurrence:
    """best: for each page (text, probability), None where its own reading explains it better than any text of the book. weights: the
    book's texts by their groups' best spelling, with shares."""

    best: tuple[tuple[str, float] | None, ...]
    weights: dict[str, float]


def recur(scores: np.ndarray, spellings: Sequence[Spelling], own: Sequence[str], known: Sequence[str | None],
          most_sure: float = MOST_SURE, spelling_matters: bool = True) -> Recurrence:
    """What recurs on pages in the order of the book.

    scores: tempered ln P(image | spelling), (pages, spellings); own: each page's text as read from it alone; known: texts that a person has
    settled, each among the spellings; most_sure: the greatest probability of a text. spelling_matters: False where any spelling of the
    right text is right.
    """
    groups = sorted({s.group for s in spellings})
    column = {g: k for k, g in enumerate(groups)}
    owner = np.array([column[s.group] for s in spellings])
    prior = np.array([s.log_prior for s in spellings])
    scores = scores.copy()
    for i, text in enumerate(known):
        if text is not None:
            scores[i] = [0.0 if s.text == text else -1e4 for s in spellings]
    best = np.full((len(scores), len(groups)), -1e6)
    for j, g in enumerate(owner):
        best[:, g] = np.maximum(best[:, g], scores[:, j])
    cost = np.array([prior[owner == g].max() for g in range(len(groups))])
    index = {s.text: j for j, s in enumerate(spellings)}
    other, own_group = np.full(len(scores), -1e6), np.full(len(scores), -1)
    for i, text in enumerate(own):
        if known[i] is None and text in index:
            own_group[i] = owner[index[text]]
            other[i] = scores[i, index[text]] + prior[index[text]] + math.log(_NEW)
    settled = {text for text in known if text is not None}
    for j, s in enumerate(spellings):
        if s.text in settled:           # a person's text belongs to the book, whatever it costs
            cost[owner[j]] = 0.0
    chosen = _choose_texts(best, cost, other)
    shares = _runs(best[:, chosen], np.where(np.isin(own_group, chosen), -1e6, other))
    spelled = {}
    for n, g in enumerate(chosen):
        mine = np.flatnonzero(owner == g)
        word, p = _spelling(scores[:, mine], prior[mine], shares[:, n], [spellings[int(j)].text for j in mine], known)
        spelled[g] = word, min(most_sure, p if spelling_matters else 1.0)
    out: list[tuple[str, float] | None] = []
    for i, text in enumerate(known):
        if text is not None:
            out.append((text, 1.0))
            continue
        k = int(shares[i].argmax())
        if k == len(chosen):
            out.append(None)
        else:
            word, p = spelled[chosen[k]]
            out.append((word, float(shares[i, k]) * p))
    weights = {spelled[g][0]: float(shares[:, n].mean()) for n, g in enumerate(chosen)}
    return Recurrence(tuple(out), weights)


def _choose_texts(best: np.ndarray, cost: np.ndarray, other: np.ndarray) -> list[int]:
    """The fewest texts that explain the pages: added one by one while the pages gain more than a further text costs."""
    chosen: list[int] = []
    reached = -np.inf
    while len(chosen) < min(_MOST_TEXTS, best.shape[1]):
        rest = [g for g in range(best.shape[1]) if g not in chosen]
        gains = [(float(_log_runs(best[:, [*chosen, g]], other) + cost[[*chosen, g]].sum()), -g) for g in rest]
        value, minus = max(gains)
        if value <= reached + 1e-9 and chosen:
            break
        reached = value
        chosen.append(-minus)
    return chosen


def _switching(states: int, switch: float) -> np.ndarray:
    move = np.full((states, states), switch / max(1, states - 1))
    np.fill_diagonal(move, 1 - switch if states > 1 else 1.0)
    return move


def _log_runs(best: np.ndarray, other: np.ndarray) -> float:
    """ln P(pages) of runs of the given texts; pages in no run by their own reading."""
    switch = _SWITCH[0] / sum(_SWITCH)
    move = _switching(best.shape[1], switch)
    f = np.full(best.shape[1], 1 / best.shape[1])
    total = 0.0
    for row, alone in zip(best, other, strict=True):
        top = max(float(row.max()), float(alone))
        f = f * (np.exp(np.maximum(row - top, -700)) * (1 - _NEW) + math.exp(max(alone - top, -700)))
        norm = f.sum()
        total += top + math.log(norm) if norm > 0 else -1e4
        f = (f / norm if norm > 0 else np.full(len(f), 1 / len(f))) @ move
    return total


def _runs(best: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Which text stands on each page, (pages, texts + 1), the last being its own reading; how often texts change is learned."""
    n, states = best.shape
    switch = _SWITCH[0] / sum(_SWITCH)
    out = np.zeros((n, states + 1))
    top = np.maximum(best.max(axis=1), other)
    fits = np.exp(np.maximum(best - top[:, None], -700)) * (1 - _NEW)
    alone = np.exp(np.maximum(other - top, -700))
    emit = fits + alone[:, None]
    for _ in range(5):
        move = _switching(states, switch)
        forward, backward = np.empty_like(emit), np.ones_like(emit)
        f = np.full(states, 1 / states)
        for i in range(n):
            f = (f @ move if i else f) * emit[i]
            f = f / f.sum() if f.sum() > 0 else np.full(states, 1 / states)
            forward[i] = f
        for i in range(n - 2, -1, -1):
            b = move @ (emit[i + 1] * backward[i + 1])
            backward[i] = b / b.max() if b.max() > 0 else 1.0
        state = forward * backward
        state /= state.sum(axis=1, keepdims=True)
        changes = 0.0
        for i in range(1, n):
            pair = forward[i - 1][:, None] * move * (emit[i] * backward[i])[None, :]
            if pair.sum() > 0:
                changes += 1 - float(np.trace(pair)) / float(pair.sum())
        switch = (_SWITCH[0] + changes) / (sum(_SWITCH) + n - 1)
    out[:, :states] = state * fits / emit
    out[:, states] = (state * alone[:, None] / emit).sum(axis=1)
    return out


def _spelling(scores: np.ndarray, prior: np.ndarray, share: np.ndarray, texts: Sequence[str],
              known: Sequence[str | None]) -> tuple[str, float]:
    """The best spelling of one text and its probability, the pages' evidence discounted for the hand they share."""
    settled = [t for t in known if t is not None and t in texts]
    if settled:
        word = max(sorted(set(settled)), key=settled.count)
        return word, 1.0
    pages = float(share.sum())
    if pages <= 0:
        return texts[int(prior.argmax())], 0.0
    scores = np.maximum(scores, -1e3)
    mean = share @ scores / pages
    top = int((1.5 * mean + prior).argmax())
    ahead = mean[top] - mean
    spread = share @ (scores[:, [top]] - scores - ahead) ** 2 / pages
    weight = prior - prior[top] - _worth(ahead, spread, pages) * ahead
    p = np.exp(weight - weight.max())
    k = int(p.argmax())
    return texts[k], float(p[k] / p.sum())


def _worth(ahead: np.ndarray, spread: np.ndarray, pages: float) -> np.ndarray:
    """How many independent pages the pages are worth, where their log-odds have this mean and variance.

    Honest log-odds of one page with mean m have variance 2 m. What of that the pages do not show among themselves they have in common:
    the hand. Pages of one book count the more the more they differ.
    """
    if pages <= 1:
        return np.ones_like(ahead)
    whole = 2 * np.abs(ahead) + 1e-9
    own = np.minimum(spread * pages / (pages - 1), (1 - ONE_HAND) * whole)
    return whole / (whole - own + own / pages)

