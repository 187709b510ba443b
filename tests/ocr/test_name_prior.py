"""How likely words are as parts of names; a run of many pages keeps no more of them than it may."""
from __future__ import annotations

import pytest

from ocr.decoding import name_prior
from ocr.decoding.name_prior import name_log_prior, word_log


def test_kept_words_stay_within_their_bound() -> None:
    bound = word_log.cache_info().maxsize
    assert bound is not None
    before = word_log("nguyễn", "surname")
    for n in range(bound + 1000):
        word_log(f"x{n}", "given")
    assert word_log.cache_info().currsize == bound
    assert word_log("nguyễn", "surname") == before, "what was forgotten is found again"


@pytest.mark.parametrize(("likely", "unlikely"), [
    ("nguyễn văn nam", "nam văn nguyễn"), ("lê thị hoa", "lê hoa thị"), ("trần văn bình", "trần văn văn"), ("lê văn nam", "xqwz văn nam")])
def test_names_as_people_bear_them(likely: str, unlikely: str) -> None:
    assert name_log_prior(likely) > name_log_prior(unlikely)


def test_no_word_is_impossible() -> None:
    assert all(word_log("qwxz", part) > -30 for part in name_prior.PARTS) and name_log_prior("y") > -30
