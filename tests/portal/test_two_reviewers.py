"""Two reviewers in two browsers at one queue: every entry decided exactly once, none left (500 of them: python -m bench.two_reviewers)."""
from __future__ import annotations

import pytest
from portal_browser import NEEDS_CHROMIUM

from bench.two_reviewers import PEOPLE, two_reviewers

pytestmark = [*NEEDS_CHROMIUM, pytest.mark.slow]
ITEMS = 60


def test_two_browsers_at_one_queue_decide_every_entry_once(sqlite_database, sqlite_ledger, tmp_path):
    pytest.importorskip("playwright.async_api")
    told = two_reviewers(sqlite_database, sqlite_ledger, tmp_path, ITEMS)
    assert told.once_each and told.undone == 0, told
    assert set(told.by) == set(PEOPLE) and min(told.by.values()) > ITEMS / 6, told
    assert told.presses < 6, told
