"""Which edition of a form a page is: what was said, the code printed on it, the year."""
from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from ocr.editions import choose_edition
from ocr.reading import PageImage, PrintedWord
from ocr.straighten import StraightPage, level
from records.forms import load_forms
from samples.press import print_mask

KS2016 = load_forms()["KS2016"]


@cache
def page(form: str) -> StraightPage:
    """The printed form, nothing written, level as it is."""
    gray = 245 - (print_mask(form, 200) * 0.75).astype(np.uint8)
    return level(PageImage(np.dstack([gray] * 3), 200), 0)


@pytest.mark.parametrize(("printed", "year", "edition"), [
    ("KS2020", None, "KS2020"), ("KS2020", 2020, "KS2020"), ("KS2020", 2023, "KS2020"), ("KS2020", 2018, "KS2016"),
    ("KS2016", None, "KS2016"), ("KS2016", 2018, "KS2016"), ("KS2016", 2020, "KS2016"), ("KS2016", 2021, "KS2020")])
def test_the_code_on_the_page_tells_and_then_the_year(printed: str, year: int | None, edition: str) -> None:
    assert choose_edition(KS2016, None, year, page(printed), ()).id == edition


@pytest.mark.parametrize(("said", "edition"), [("KS2016", "KS2016"), ("KS2020", "KS2020"), ("KH2016", "KS2020"), (None, "KS2020")])
def test_what_a_person_said_of_this_form_holds(said: str | None, edition: str) -> None:
    assert choose_edition(KS2016, said, 2022, page("KS2020"), ()).id == edition


@pytest.mark.parametrize(("line", "edition"), [
    ("TP/HT-2020-KS", "KS2020"), ("TP/ HT - 2020", "KS2020"), ("TF/HT-2020", "KS2020"), ("TP/HT-2010-KS", "KS2016"),
    ("Ngày đăng ký: 05/08/2020", "KS2016"), ("Quyển 01/2020", "KS2016"), ("2020", "KS2016")])
def test_a_code_in_the_print_that_was_read(line: str, edition: str) -> None:
    words = [PrintedWord(t, (60 * n, 0, 60 * n + 50, 20), 0.9, 3) for n, t in enumerate(line.split())]
    assert choose_edition(KS2016, None, 2020, page("KS2016"), words).id == edition


def test_a_form_without_later_editions_is_itself() -> None:
    form = load_forms()["CN2016"]
    assert choose_edition(form, None, 2023, page("KS2020"), ()) is form
