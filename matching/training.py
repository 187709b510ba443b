"""Estimate how hands err from entries nobody labelled: expectation maximisation over the latent hand of each entry.

Accepted links are right but for one in a thousand, so the edits between the names read and the names of the linked people are a sample
of the
reading itself. Each entry gives (letters, edits); the mixture of geometric channels of `LinkModel.channel` is fitted to them.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from matching.decision import LinkDecision
from matching.entry import Entry
from matching.linker import Linker
from matching.model import Hand, LinkModel

_ROUNDS, _ENOUGH = 1000, 1e-8
_LEAST_ERROR, _MOST_ERROR = 1e-4, 0.8


def estimate_hands(letters: np.ndarray, edits: np.ndarray, model: LinkModel) -> LinkModel:
    """The model with the shares and errors of its hands fitted to entries of `letters` letters read with `edits` edits, both (entries,).

    Starts from the model's own hands and keeps their number and order; never lowers the likelihood of the data. ValueError for no entries.
    """
    if not len(letters):
        raise ValueError("no entries to estimate hands from")
    before = -np.inf
    for _ in range(_ROUNDS):
        log_p = model.channel(letters, edits) + model.log_shares[:, None]
        total = np.logaddexp.reduce(log_p, axis=0)
        posterior = np.exp(log_p - total)
        shares = posterior.sum(axis=1) + 1e-3                       # a hand nobody wrote does not vanish
        errors = np.clip((posterior * edits).sum(axis=1) / np.maximum((posterior * letters).sum(axis=1), 1e-12), _LEAST_ERROR, _MOST_ERROR)
        model = replace(model, hands=tuple(Hand(h.name, float(s), float(e)) for h, s, e in zip(model.hands, shares / shares.sum(),
            errors, strict=True)))
        after = float(total.mean())
        if after - before < _ENOUGH:
            return model
        before = after
    return model


def observed_edits(linker: Linker, entries: Sequence[Entry], decisions: Sequence[Mapping[str, LinkDecision]]) -> tuple[np.ndarray,
    np.ndarray]:
    """(letters, edits) of the names of accepted links, one pair an entry that has any, for `estimate_hands`."""
    found = []
    for entry, by_role in zip(entries, decisions, strict=True):
        letters = edits = 0.0
        for reading in entry.roles:
            decision = by_role.get(reading.role)
            if decision is not None and decision.decision == "accept" and decision.personal_id and reading.tokens:
                letters += sum(len(t) for t in reading.tokens)
                edits += linker.name_edits(reading, decision.personal_id)
        if letters:
            found.append((letters, edits))
    pairs = np.array(found, dtype=np.float64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]
