"""Whether the promise on accepted links is kept over weeks of checks: `python -m bench.link_thresholds`.

Every week links come in, the policy accepts some, people decide the rest and check a blind sample of the accepted, and the policy is
revised as in the product (matching.policy). Printed each month: the threshold, what is promised and on what grounds, what is true, and
how many links people had to look at. Links are drawn from a world in which a link of stated log odds z * SURE is right with log odds z
(SURE 1: honest, above: too sure, as links between 0.5 and 0.99 tend to be), or with --linked from the linker's own answers on a
simulated district.
"""
from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from matching.calibration import Checked
from matching.policy import Policy, revised, shipped_policy
from matching.thresholds import Promise

World = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray, np.ndarray]]     # stated probability, role, right


@dataclass(frozen=True)
class Week:
    """What one week brought. promise: before it, by all checks until then; reviewed, checked: links people looked at."""

    number: int
    policy: Policy
    promise: Promise
    accepted: int
    wrong: int
    reviewed: int
    checked: int


def drawn_world(sure: float) -> World:
    """Nine links in ten are clear, the others anything; each role as likely."""
    def draw(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        z = np.where(rng.random(n) < 0.9, rng.normal(11, 2, n), rng.normal(1, 3, n))
        right = rng.random(n) < 1 / (1 + np.exp(-z))
        return 1 / (1 + np.exp(-np.clip(z * sure, -18, 18))), rng.choice(np.array(["nks", "me", "cha"], dtype=object), n), right
    return draw


def linked_world(people: int, entries: int, seed: int) -> World:
    """The linker's answers on a simulated district, drawn again and again; links that something holds are left out."""
    from bench.linkage import simulated_trial
    from matching.linker import Linker
    from matching.population import PopulationIndex

    trial = simulated_trial(people, entries, seed)
    linker = Linker(PopulationIndex.build(trial.people))
    found = [(d.probability, role, d.personal_id == truth[role]) for book, truths in zip(trial.books, trial.truth, strict=True)
             for by_role, truth in zip(linker.link(book), truths, strict=True) for role, d in by_role.items()
             if d.personal_id is not None and not d.held and role in truth]
    p, roles, right = (np.array(x, dtype=kind) for x, kind in zip(zip(*found, strict=True), (float, object, bool), strict=True))

    def draw(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        at = rng.integers(0, len(p), n)
        return p[at], roles[at], right[at]
    return draw


def weeks(world: World, number: int, links: int, seed: int) -> Iterator[Week]:
    """One week after the other under the policy that comes with the program."""
    rng, policy = np.random.default_rng(seed), shipped_policy()
    checked: list[Checked] = []
    for week in range(1, number + 1):
        p, roles, right = world(rng, links)
        promise = policy.promised(p, list(roles), checked)
        accept = p >= np.array([policy.threshold(r) for r in roles])
        news = [Checked(roles[k], float(p[k]), bool(right[k]), 1.0, False) for k in np.flatnonzero(~accept)]
        reviewed = len(news)
        for k in np.flatnonzero(accept):
            rate = policy.sampling.rate(roles[k], float(p[k]))
            if policy.sampling.draws(f"{week}/{k}", roles[k], rate):
                news.append(Checked(roles[k], float(p[k]), bool(right[k]), rate))
        yield Week(week, policy, promise, int(accept.sum()), int((accept & ~right).sum()), reviewed, len(news) - reviewed)
        checked += news
        if any(not x.right and x.blind for x in news):
            policy = revised(policy, p, list(roles), checked, str(week), loosen=False)
        policy = revised(policy, p, list(roles), checked, str(week))


def run(world: World, number: int, links: int, seed: int, every: int = 4) -> list[Week]:
    """Print one week in `every` and the sums; all weeks come back."""
    print("week  version  accept from  promise rests on  expected  at most (95 %)  true   accepted  reviewed  checked   per 1,000 / a week")
    done = []
    for w in weeks(world, number, links, seed):
        done.append(w)
        if w.number % every == 1 or w.number == number:
            true, expected = 1000 * w.wrong / max(1, w.accepted), 1000 * (w.promise.expected or 0)
            print(f"{w.number:4}  {w.policy.version:7}  {w.policy.threshold('nks'):11.6f}  {w.promise.basis:16}  {expected:8.3f}",
                  f" {1000 * w.promise.measured.upper:14.3f}  {true:5.2f}  {100 * w.accepted / links:6.1f} %",
                  f" {w.reviewed:8}  {w.checked:7}")
    accepted, wrong = sum(w.accepted for w in done), sum(w.wrong for w in done)
    bound = [w for w in done if w.promise.measured.checked]
    held = sum(w.promise.measured.upper >= w.wrong / max(1, w.accepted) for w in bound)
    people, checks = sum(w.reviewed + w.checked for w in done) / number, sum(w.checked for w in done) / number
    print(f"{number} weeks of {links} links: {accepted} accepted, {wrong} wrong = {1000 * wrong / max(1, accepted):.3f} per 1,000;",
          f"{people:.0f} links a week for people, {checks:.0f} of them checks;",
          f"the bound lay above the week's true share in {held} of {len(bound)} weeks")
    return done


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--links", type=int, default=5000, help="links a week")
    parser.add_argument("--sure", type=float, nargs="*", default=[1.0, 2.5], help="how much too sure the linker is")
    parser.add_argument("--linked", action="store_true", help="the linker's own answers on a simulated district")
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--entries", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    if options.linked:
        run(linked_world(options.people, options.entries, options.seed), options.weeks, options.links, options.seed)
        return 0
    for sure in options.sure:
        print(f"stated log odds are {sure} times the true ones")
        run(drawn_world(sure), options.weeks, options.links, options.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
