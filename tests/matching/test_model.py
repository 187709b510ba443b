"""The parameters: they are checked when read, and hands can be estimated from entries without labels."""
from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from bench.linkage import Trial
from matching.linker import Linker
from matching.model import Hand, load_model, parse_model
from matching.training import estimate_hands, observed_edits


def test_the_model_survives_its_own_json() -> None:
    assert parse_model(load_model().as_json()) == load_model()


@pytest.mark.parametrize(("key", "value"), [
    ("hands", [{"name": "clean", "share": 0.4, "error": 0.01}]), ("delays", [0.5]), ("accept", 0.01), ("surprise", 1), ("hands",
        [{"name": "clean"}]),
])
def test_a_wrong_model_is_refused(key: str, value: object) -> None:
    with pytest.raises(ValueError, match="link model"):
        parse_model(json.dumps(json.loads(load_model().as_json()) | {key: value}))


def test_estimation_recovers_the_hands_the_entries_were_made_with() -> None:
    truth = (Hand("clean", 0.5, 0.01), Hand("fair", 0.3, 0.08), Hand("bad", 0.2, 0.35))
    rng = np.random.default_rng(5)
    which = rng.choice(3, p=[h.share for h in truth], size=6000)
    letters = rng.integers(30, 45, size=6000).astype(float)
    edits = rng.binomial(letters.astype(int), np.array([h.error for h in truth])[which]).astype(float)
    start = replace(load_model(), hands=tuple(Hand(h.name, 1 / 3, e) for h, e in zip(truth, (0.003, 0.05, 0.2), strict=True)))
    found = estimate_hands(letters, edits, start)
    for hand, true in zip(found.hands, truth, strict=True):
        assert hand.share == pytest.approx(true.share, abs=0.03) and hand.error == pytest.approx(true.error, rel=0.2)
    assert sum(h.share for h in found.hands) == pytest.approx(1)


def test_estimation_never_lowers_the_likelihood_and_stays_where_it_ended() -> None:
    rng = np.random.default_rng(6)
    letters, model = np.full(500, 36.0), load_model()
    edits = rng.binomial(36, rng.choice([0.02, 0.2], size=500)).astype(float)

    def likelihood(m: object) -> float:
        return float(np.logaddexp.reduce(m.channel(letters, edits) + m.log_shares[:, None], axis=0).sum())

    found = estimate_hands(letters, edits, model)
    assert likelihood(found) > likelihood(model)
    assert likelihood(estimate_hands(letters, edits, found)) == pytest.approx(likelihood(found), rel=1e-4)
    with pytest.raises(ValueError, match="no entries"):
        estimate_hands(np.empty(0), np.empty(0), model)


def test_misread_entries_show_worse_hands_than_clear_ones(trial: Trial, linker: Linker) -> None:
    letters, edits = (np.concatenate(x) for x in zip(*(observed_edits(linker, b, linker.link(b)) for b in trial.books), strict=True))
    hands = estimate_hands(letters, edits, linker.model).hands
    assert min(h.error for h in hands) < 0.02 and max(h.error for h in hands) > 0.1
