"""Where rules are registered: a rule is a generator of findings over Facts, with the kinds of books it is for.

To add one: write a function in entry_rules (numbers, dates, places) or family_rules (people), decorate it with `rule`, give the finding a
stable code and both messages in words a clerk uses, and a test in tests/records/test_rules.py.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator

from records.record import Finding
from records.rule_facts import Facts

Rule = Callable[[Facts], Iterator[Finding]]
RULES: list[tuple[frozenset[str], Rule]] = []


def rule(*kinds: str) -> Callable[[Rule], Rule]:
    """Registers a rule for books of these kinds; for all kinds if none is given."""
    def register(function: Rule) -> Rule:
        RULES.append((frozenset(kinds), function))
        return function
    return register
