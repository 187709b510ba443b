"""Bounds, calibration and policies: known values, promises kept in simulated weeks, tightening at once, loosening only when proven."""
from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.calibration import ENOUGH, Calibration, Checked, fit
from matching.decision import Candidate, LinkDecision
from matching.link_facts import RULED_OUT, without
from matching.policy import parse_policy, revised, shipped_policy
from matching.thresholds import estimate, lower_bound, upper_bound

NOW = "2026-01-05T00:00:00+00:00"


def test_bounds_are_those_of_the_tables():
    assert upper_bound(0, 100) == pytest.approx(1 - 0.05 ** (1 / 100), rel=1e-9)       # the rule of three, exactly
    assert upper_bound(0, 2995) == pytest.approx(0.001, rel=1e-3)                       # what it takes to prove 1 in 1,000
    assert (lower_bound(2, 10, 0.975), upper_bound(2, 10, 0.975)) == pytest.approx((0.02521, 0.55610), abs=1e-5)
    assert (upper_bound(0, 0), lower_bound(0, 50), upper_bound(5, 5)) == (1.0, 0.0, 1.0)
    with pytest.raises(ValueError):
        upper_bound(3, 2)


@settings(deadline=None)
@given(st.integers(0, 30), st.integers(1, 3000), st.floats(0.8, 0.99))
def test_a_bound_rises_with_wrong_links_and_falls_with_checks(wrong, more, confidence):
    n = wrong + more
    here = upper_bound(wrong, n, confidence)
    assert lower_bound(wrong, n, confidence) <= wrong / n <= here
    assert upper_bound(wrong + 1, n + 1, confidence) >= here >= upper_bound(wrong, n + 100, confidence)


def test_bounds_of_unequal_samples_hold_as_often_as_they_say():
    """Links of three strata checked at 10, 4 and 2 %, wrong at different rates: the upper bound covers the true share 95 times in 100."""
    rng, covered = np.random.default_rng(5), 0
    strata = ((1500, 0.1, 0.01), (4000, 0.04, 0.003), (20000, 0.02, 0.0005))
    truth = sum(n * wrong for n, _, wrong in strata) / sum(n for n, _, _ in strata)
    for _ in range(400):
        found = [Checked("nks", 0.999, bool(rng.random() > wrong), rate) for n, rate, wrong in strata
                 for _ in range(rng.binomial(n, rate))]
        covered += estimate(found).upper >= truth
    assert covered >= 0.93 * 400


def sample(rng, n, true_log_odds, role="nks"):
    p = 1 / (1 + np.exp(-rng.normal(2, 3, n)))
    true = 1 / (1 + np.exp(-true_log_odds(np.log(p / (1 - p)))))
    return [Checked(role, float(a), bool(rng.random() < b)) for a, b in zip(p, true, strict=True)]


def test_a_calibration_recovers_how_sure_the_linker_really_was():
    rng = np.random.default_rng(2)
    found = fit([*sample(rng, 6000, lambda z: 0.6 * z - 0.5), *sample(rng, 3000, lambda z: 0.6 * z + 0.5, "cha")])
    for p in (0.3, 0.7, 0.95, 0.999):
        z = np.log(p / (1 - p))
        assert found(p, "nks") == pytest.approx(1 / (1 + np.exp(-(0.6 * z - 0.5))), abs=0.03)
        assert found(p, "cha") == pytest.approx(1 / (1 + np.exp(-(0.6 * z + 0.5))), abs=0.03)


def test_few_checks_change_nothing_and_honest_ones_hardly():
    rng = np.random.default_rng(3)
    assert fit(sample(rng, ENOUGH - 1, lambda z: -z)) == Calibration(links=ENOUGH - 1)
    found = fit(sample(rng, 6000, lambda z: z))
    assert all(abs(found(p) - p) < 0.04 for p in (0.05, 0.5, 0.9, 0.99, 0.999))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.sampled_from(["nks", "me"])), min_size=ENOUGH, max_size=200), st.randoms())
def test_a_calibration_rises_and_does_not_depend_on_order(rows, random):
    checked = [Checked(role, p, right) for p, right, role in rows]
    found = fit(checked)
    ladder = [found(p, "me") for p in np.linspace(0, 1, 30)]
    assert all(a <= b for a, b in pairwise(ladder)) and ladder[0] == 0 and ladder[-1] == 1
    random.shuffle(checked)
    assert fit(checked) == found
    if found(1e-8, "me") < 0.9 < found(1 - 1e-8, "me"):
        assert found(found.inverse(0.9, "me"), "me") == pytest.approx(0.9, abs=1e-6)


def links(n, p=0.9999):
    return np.full(n, p), ["nks"] * n


def test_found_wrong_tightens_at_once_and_only_as_far_as_needed():
    policy = shipped_policy()
    low, high = Checked("nks", 0.9975, True, 0.1), Checked("nks", 0.99999, True, 0.02)
    checked = [replace(low, right=False)] * 6 + [low] * 100 + [high] * 300
    p = np.concatenate((np.full(1000, 0.9975), np.full(9000, 0.99999)))
    after = revised(policy, p, ["nks"] * len(p), checked, NOW, loosen=False)
    assert (after.version, after.why, after.at) == (2, "found_wrong", NOW)
    assert 0.9975 < after.threshold("nks") <= 0.99999 and after.threshold("other") > 0.9975
    assert after.history[-1]["version"] == 1 and after.history[-1]["accept"] == dict(policy.accept)
    again = revised(after, p, ["nks"] * len(p), checked, NOW, loosen=False)
    assert again is after


def test_one_wrong_link_in_many_checks_is_chance():
    checked = [Checked("nks", 0.9999, k != 0, 0.02) for k in range(900)]
    assert revised(shipped_policy(), *links(1000), checked, NOW, loosen=False).version == 1


def test_more_wrong_expected_than_promised_tightens_before_any_check():
    p = np.concatenate((np.full(500, 0.9972), np.full(200, 0.99995)))
    after = revised(shipped_policy(), p, ["me"] * 700, [], NOW)
    assert after.why == "expected_wrong" and after.threshold("me") > 0.9972
    assert after.promise["basis"] == "model" and after.promise["expected"] <= 0.001 and after.promise["upper"] == 1.0


def test_checks_of_sure_links_correct_what_a_curve_fitted_to_doubtful_ones_expects_of_them():
    p, roles = links(2000, 0.9985)
    policy = replace(shipped_policy(), accept={"": 0.997})
    sure = [Checked("nks", 0.9985, True, 0.1)]
    assert not policy.promised(p, roles, sure * 100).kept and policy.promised(p, roles, sure * 500).kept
    assert policy.promised(p, roles, sure * 500).likely == pytest.approx(1 / (1 / 0.0015 + 500), rel=1e-3)


def test_thresholds_fall_only_when_checks_prove_that_the_promise_is_kept():
    """Right in every check: with 1,000 of them nothing moves, with 6,000 and a decided review band that is right too they do."""
    rng = np.random.default_rng(4)
    p = np.concatenate((rng.uniform(0.98, 0.997, 600), np.full(30_000, 0.99999)))
    band = [Checked("nks", float(x), True, 1.0, False) for x in p[:600]]
    few = band + [Checked("nks", 0.99999, True, 0.02)] * 1000
    many = band + [Checked("nks", 0.99999, True, 0.02)] * 6000
    assert dict(revised(shipped_policy(), p, ["nks"] * len(p), few, NOW).accept) == dict(shipped_policy().accept)
    after = revised(shipped_policy(), p, ["nks"] * len(p), many, NOW)
    assert after.why == "proven" and after.threshold("nks") < 0.997
    assert after.promise["basis"] == "checks" and after.promise["upper"] <= 0.001
    assert revised(shipped_policy(), p, ["nks"] * len(p), many, NOW, loosen=False).version == 1


def test_a_policy_survives_its_json_and_refuses_nonsense():
    rng = np.random.default_rng(7)
    policy = revised(shipped_policy(), *links(100), sample(rng, 300, lambda z: 0.7 * z), NOW)
    assert policy.version == 2 and parse_policy(json.loads(policy.as_json())) == policy
    data = shipped_policy().as_dict()
    for wrong in ({"accept": {"nks": 0.99}}, {"target": 0}, {"sampling": {**data["sampling"], "bands": [[1.0, 0.0]]}}, {"nonsense": 1},
                  {"sampling": {**data["sampling"], "bands": [[0.9, 0.5]]}}):
        with pytest.raises(ValueError, match="link policy"):
            parse_policy({**data, **wrong})


def test_the_same_links_are_drawn_in_every_run_at_about_the_rate_and_more_at_a_higher_one():
    sampling = shipped_policy().sampling
    at = {rate: {k for k in range(20_000) if sampling.draws(f"{k}/1", "nks", rate)} for rate in (0.02, 0.1)}
    assert at[0.02] < at[0.1] and len(at[0.02]) == pytest.approx(400, rel=0.2) and len(at[0.1]) == pytest.approx(2000, rel=0.1)
    assert at[0.02] != {k for k in range(20_000) if replace(sampling, seed="x").draws(f"{k}/1", "nks", 0.02)}
    assert sampling.rate("nks", 0.998) > sampling.rate("nks", 0.9995) > sampling.rate("nks", 0.99999) > 0


def decision(*probabilities, verdict="accept"):
    people = tuple(Candidate(f"05{k}", p) for k, p in enumerate(probabilities))
    return LinkDecision("nks", people[0].personal_id, people[0].probability, verdict, people)


def test_a_policy_decides_by_the_linkers_probability_and_shows_the_calibrated_one():
    policy = replace(shipped_policy(), calibration=Calibration(c=-1.0))
    found = policy.decide(decision(0.998, 0.001))
    assert found.decision == "accept" and found.probability < 0.998 and found.candidates[0].probability == found.probability
    assert found.candidates[1].probability > 0.001 and sum(c.probability for c in found.candidates) <= 1
    assert policy.decide(replace(decision(0.998), held=("nothing_read",))).decision == "review"
    assert policy.decide(decision(0.99)).decision == "review" and policy.decide(decision(0.5, verdict="none")).decision == "none"


@settings(deadline=None)
@given(st.lists(st.floats(0.01, 0.3), min_size=1, max_size=3), st.sets(st.integers(0, 2)))
def test_who_was_ruled_out_is_never_linked_and_the_rest_shares_their_probability(weights, out):
    total = sum(weights) + 0.1
    before = decision(*sorted((w / total for w in weights), reverse=True), verdict="review")
    excluded = {f"05{k}" for k in out}
    after = without(before, excluded, 0.02)
    assert not excluded & {c.personal_id for c in after.candidates} and after.personal_id not in excluded
    assert sum(c.probability for c in after.candidates) <= 1 + 1e-9 and without(after, excluded, 0.02) == after
    if before.personal_id in excluded:
        assert after.decision == "none" or (after.decision == "review" and RULED_OUT in after.held)
    else:
        assert after.personal_id == before.personal_id and after.probability >= before.probability - 1e-12
