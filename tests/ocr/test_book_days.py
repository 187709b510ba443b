"""Days of registration along a book: monotone but not forced, the book's pace, its Sundays, its years."""
from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from ocr.book_days import DayEvidence, Days, settle_days
from tests.ocr.lattices import clear

T = 0.6


def entry(text: str | None, number: int, doubts: dict | None = None, turn: int = 0) -> DayEvidence:
    return DayEvidence(clear(text, doubts) if text else None, order=(turn, number, 0))


def settled(*entries: DayEvidence, years: dict[int, float] | None = None) -> Days:
    return settle_days(entries, years or {2019: 1.0}, T)


def test_a_smudged_day_lies_between_its_neighbours() -> None:
    days = settled(entry("04/03/2019", 41), entry("06/03/2019", 42, {1: ("8", 0.8), 4: ("8", 0.6)}), entry("07/03/2019", 43))
    assert days.best(1)[0] == date(2019, 3, 6) and days.best(1)[1] > 0.8
    assert int(days.alone[1].argmax()) == (date(2019, 8, 8) - days.first).days


def test_order_is_by_number_not_by_page() -> None:
    entries = [entry("07/03/2019", 43), entry("04/03/2019", 41), entry("06/03/2019", 42, {4: ("8", 0.6)})]
    assert settled(*entries).best(2)[0] == date(2019, 3, 6)


def test_a_clear_day_out_of_line_stays_and_is_told() -> None:
    texts = ["04/03/2019", "05/03/2019", "21/11/2019", "08/03/2019", "09/03/2019"]
    days = settled(*(entry(text, 41 + k) for k, text in enumerate(texts)))
    assert days.best(2)[0] == date(2019, 11, 21)
    assert days.out_of_line[2] > 0.5 and days.out_of_line[[0, 1, 3, 4]].max() < 0.2


def test_the_next_year_follows_a_turn() -> None:
    entries = [entry("20/12/2019", 208), entry("28/12/2019", 209),
               entry("04/01/2020", 1, {9: ("8", 0.55)}, turn=1), entry("09/01/2020", 2, turn=1)]
    days = settled(*entries, years={2019: 1.0, 2020: 0.5})
    assert [days.best(k)[0] for k in range(4)] == [date(2019, 12, 20), date(2019, 12, 28), date(2020, 1, 4), date(2020, 1, 9)]


def test_a_lone_other_year_in_a_book_of_one_is_doubted() -> None:
    entries = [entry(f"{d:02d}/03/2019", d) for d in range(1, 9)]
    entries[4] = entry("05/03/2019", 5, {9: ("8", 0.7)})
    days = settled(*entries, years={2018: 0.2, 2019: 1.0})
    assert days.best(4)[0] == date(2019, 3, 5)


def test_sundays_are_rare_unless_the_book_has_them() -> None:
    def unclear(day: date) -> DayEvidence:     # its last figure of the day may be that of the day before
        before = day - timedelta(1)
        return DayEvidence(clear(f"{day:%d/%m/%Y}", {1: (f"{before:%d}"[1], 0.5)}))

    sunday = date(2019, 3, 3)
    weekdays = [DayEvidence(clear(f"{date(2019, 4, 1) + timedelta(7 * k + k % 5):%d/%m/%Y}")) for k in range(20)]
    sundays = [DayEvidence(clear(f"{date(2019, 4, 7) + timedelta(7 * k):%d/%m/%Y}")) for k in range(20)]

    def believed(others: list[DayEvidence]) -> float:
        days = settled(unclear(sunday), *others)
        return float(days.posterior[0, (sunday - days.first).days])

    assert believed(weekdays) < 0.2 < 0.7 < believed(sundays)


def test_what_a_person_settled_is_certain_and_tells_the_others() -> None:
    unsure = entry("06/03/2019", 42, {4: ("8", 0.9)})
    alone = settled(unsure)
    assert alone.best(0)[0] == date(2019, 8, 6)
    known = [DayEvidence(None, date(2019, 3, 4), order=(0, 41, 0)), unsure, DayEvidence(None, date(2019, 3, 7), order=(0, 43, 0))]
    days = settled(*known)
    assert [days.best(k)[0] for k in range(3)] == [date(2019, 3, 4), date(2019, 3, 6), date(2019, 3, 7)]
    assert days.best(0)[1] > 0.999


def test_the_event_comes_before_its_registration() -> None:
    born = date(2019, 3, 5).toordinal()
    gap = DayEvidence(clear("06/03/2019", {4: ("1", 0.6)}), gap=lambda d: np.where(d < born, -20.0, -3.0))
    assert settled(gap).best(0)[0] == date(2019, 3, 6)


def test_posteriors_sum_to_one() -> None:
    days = settled(entry("04/03/2019", 41), entry(None, 42), entry("07/03/2019", 43))
    assert np.allclose(days.posterior.sum(axis=1), 1)
    between = days.posterior[1, 62:66].sum()
    assert between > 0.8            # 4..7 March: the neighbours' days and those between
