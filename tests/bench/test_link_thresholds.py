"""Weeks of checks: an honest linker keeps its thresholds, one that is too sure is tightened and the promise is kept afterwards."""
from __future__ import annotations

from bench.link_thresholds import drawn_world, weeks


def wrong_share(found):
    return sum(w.wrong for w in found) / sum(w.accepted for w in found)


def test_an_honest_linker_is_not_tightened():
    found = list(weeks(drawn_world(1.0), 6, 3000, 1))
    assert all(w.policy.threshold("nks") == 0.997 for w in found) and wrong_share(found) <= 0.001
    assert found[0].promise.basis == "model" and found[0].promise.measured.upper == 1.0
    uppers = [w.promise.measured.upper for w in found]
    assert uppers[-1] < uppers[1] < 1 and all(w.checked > 0 for w in found)


def test_a_linker_that_is_much_too_sure_is_tightened_until_the_promise_is_kept():
    found = list(weeks(drawn_world(3.0), 10, 3000, 1))
    assert found[-1].policy.threshold("nks") > 0.997 and found[-1].policy.history
    assert wrong_share(found[-4:]) <= 0.001 < wrong_share(found[:1])
    assert found[-1].reviewed > found[0].reviewed
