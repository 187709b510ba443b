"""Entry numbers that follow one another: what a page's neighbours say of its number.

Numbers run from 01 to the end of the year and restart with the next; a second book of the year goes on where the first ended (Điều 68
NĐ 158/2005); an entry put between two others is 12a or 12 bis. Pages may be missing, repeated, out of order: all of that costs something
and none is impossible. How orderly a book is, is learned from the book itself.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MARKS = ("", "a", "b", "c", "bis")
_AFTER = {"": ("a", "bis"), "a": ("b",), "b": ("c",)}      # marks that may follow on the same number
# how one entry follows another: prior counts (as of some fifty entries seen elsewhere)
_STEPS = {"next": 47.0, "gap": 1.0, "mark": 0.25, "repeat": 0.2, "restart": 0.1, "jump": 0.35}
_LONGEST_GAP, _GAP_DECAY = 40, 0.6
_ASTRAY = (0.2, 30.0)           # prior counts of single pages that stand in a wrong place, and of those that do not
_SHUFFLED = 0.01                # share of books whose pages come in no order at all
_WRONG = 1e-6                   # how much of its best explanation's likelihood any number keeps: a blot may hide everything
_ROUNDS = 6


@dataclass(frozen=True)
class Followed:
    """posterior: float32 (entries, numbers, marks), what each entry's number is, by its image, its file's name and the others; number k
    stands at index k - 1. astray: probability that the entry does not stand where its number belongs. restarts: probability that a new
    year's numbers begin here. shuffled: that the pages come in no order."""

    posterior: np.ndarray
    astray: np.ndarray
    restarts: np.ndarray
    shuffled: float


def follow(weights: Sequence[np.ndarray | None]) -> Followed:
    """Numbers of entries in the order in which they lie. weights: tempered ln P(image | number, mark), (numbers, marks), None where nothing
    is written."""
    size = next((w.shape for w in weights if w is not None), (1, len(MARKS)))
    emit = np.ones((len(weights), *size), np.float32)       # a batch may hold thousands of entries
    for k, w in enumerate(weights):
        if w is not None:
            emit[k] = np.exp(np.maximum(w - w.max(), -600.0)) + _WRONG
    prior = np.full(size, 0.003 / size[0], np.float32)
    prior[:, 0] = 1.0 / size[0]
    own = _normed(emit * prior)
    ordered, astray, restarts, log_ordered = _in_order(emit, prior, _anywhere(own, prior, 0.5))
    mixed, log_mixed = _in_no_order(emit, own, prior)
    odds = np.log(_SHUFFLED / (1 - _SHUFFLED)) + log_mixed - log_ordered if len(weights) > 3 else -50.0
    shuffled = float(1 / (1 + np.exp(-np.clip(odds, -50, 50))))
    kept = 1 - shuffled
    return Followed(np.float32(kept) * ordered + np.float32(shuffled) * mixed, kept * astray + shuffled, kept * restarts, shuffled)


def _normed(p: np.ndarray) -> np.ndarray:
    return p / p.sum(axis=(1, 2), keepdims=True)


def _steps(f: np.ndarray) -> dict[str, np.ndarray]:
    """Where a following entry's number may be, by kind of step, from weights f (numbers, marks) of this one's."""
    out = {name: np.zeros_like(f) for name in _STEPS}
    bare = f.sum(axis=1)
    out["next"][1:, 0] = bare[:-1]
    share = (1 - _GAP_DECAY) * _GAP_DECAY ** np.arange(_LONGEST_GAP)
    out["gap"][2:, 0] = np.convolve(bare, share)[: max(0, len(bare) - 2)]
    for mark, following in _AFTER.items():
        for nxt in following:
            out["mark"][:, MARKS.index(nxt)] += f[:, MARKS.index(mark)] / len(following)
    out["repeat"] = f
    out["restart"][0, 0] = f.sum()
    out["jump"][:, 0] = f.sum() / len(bare)
    return out


def _back(g: np.ndarray) -> dict[str, np.ndarray]:
    """The transpose of `_steps`: how well each number explains what follows, g (numbers, marks)."""
    out = {name: np.zeros_like(g) for name in _STEPS}
    out["next"][:-1] = g[1:, :1]
    share = (1 - _GAP_DECAY) * _GAP_DECAY ** np.arange(_LONGEST_GAP)
    ahead = np.convolve(g[::-1, 0], share)[: len(g)][::-1]
    out["gap"][:-2] = ahead[2:, None]
    for mark, following in _AFTER.items():
        for nxt in following:
            out["mark"][:, MARKS.index(mark)] += g[:, MARKS.index(nxt)] / len(following)
    out["repeat"] = g
    out["restart"][:] = g[0, 0]
    out["jump"][:] = g[:, 0].mean()
    return out


def _anywhere(posterior: np.ndarray, prior: np.ndarray, near: float) -> np.ndarray:
    """What the number of each entry may be, out of any order: near the others' for a share, else any at all. Sums to 1 for each entry."""
    n, size, _ = posterior.shape
    reach = np.exp(-np.abs(np.arange(1 - size, size)) / n)
    around = np.array([np.convolve(row, reach)[size - 1: 2 * size - 1] for row in posterior.sum(axis=2)], np.float32)
    around /= around.sum(axis=1, keepdims=True)
    others = (around.sum(axis=0) - around) / (n - 1) if n > 1 else np.full_like(around, 1 / size)
    weight = prior * (near * others * size + (1 - near))[:, :, None]
    return weight / weight.sum(axis=(1, 2), keepdims=True)


def _in_order(emit: np.ndarray, prior: np.ndarray, stray_prior: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Posterior numbers, astray, restarts and ln P(images) of entries that follow one another; the shares of steps are learned.
    stray_prior: what the numbers of entries may be that stand in a wrong place."""
    total = sum(_STEPS.values())
    shares = {name: w / total for name, w in _STEPS.items()}
    stray = _ASTRAY[0] / sum(_ASTRAY)
    n = len(emit)
    anywhere = (emit * stray_prior).sum(axis=(1, 2))
    for _ in range(_ROUNDS):
        came, log_p = [(prior / prior.sum()).astype(np.float32)], 0.0
        for k in range(n):
            f = came[k]
            here = sum(shares[name] * m for name, m in _steps(f).items()) if k else f
            f = (1 - stray) * emit[k] * here + stray * anywhere[k] * f
            scale = f.sum()
            log_p += float(np.log(scale))
            came.append((f / scale).astype(np.float32))
        posterior, astray, restarts = np.empty_like(emit), np.empty(n), np.zeros(n)
        counts, lost_count = dict(_STEPS), _ASTRAY[0]
        b = np.ones_like(prior)
        for k in range(n - 1, -1, -1):
            before = came[k]
            moves = _steps(before)
            here = sum(shares[name] * m for name, m in moves.items()) if k else before
            stays = (1 - stray) * emit[k] * here * b
            gone = stray * float((before * b).sum()) * emit[k] * stray_prior[k]
            norm = stays.sum() + gone.sum()
            posterior[k], astray[k] = (stays + gone) / norm, gone.sum() / norm
            lost_count += astray[k]
            if k:
                seen = (1 - stray) * emit[k] * b
                for name, m in moves.items():
                    p = shares[name] * float((m * seen).sum()) / norm
                    counts[name] += p
                    if name == "restart":
                        restarts[k] = p
                    elif name == "jump":
                        astray[k] += p
                steps = _back(seen)
                b = sum(shares[name] * m for name, m in steps.items()) + stray * anywhere[k] * b
                b = b / b.max()
        total = sum(counts.values())
        shares = {name: w / total for name, w in counts.items()}
        stray = lost_count / (sum(_ASTRAY) + n)
    return posterior, astray, restarts, log_p


def _in_no_order(emit: np.ndarray, own: np.ndarray, prior: np.ndarray) -> tuple[np.ndarray, float]:
    """Posterior numbers and ln P(images) of entries in any order: numbers near one another, each given once."""
    posterior = own
    log_p = 0.0
    for _ in range(3):
        free = np.log1p(-0.97 * np.minimum(posterior, 1.0))
        weight = _anywhere(posterior, prior, 0.9) * np.exp(free.sum(axis=0) - free)
        weight /= weight.sum(axis=(1, 2), keepdims=True)
        explained = (emit * weight).sum(axis=(1, 2))
        log_p = float(np.log(explained).sum())
        posterior = _normed(emit * weight)
    return posterior, log_p
