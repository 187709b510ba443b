"""Entry numbers as a sequence: what order tells, what it must not force."""
from __future__ import annotations

import numpy as np

from ocr.book_numbers import GREATEST, index_of, number_weights, written_number
from ocr.book_order import file_order
from ocr.book_sequence import MARKS, Followed, follow
from tests.ocr.lattices import clear


def read(*texts: str | None, doubts: dict[int, dict] | None = None, years: tuple[int, ...] = (2017,)) -> Followed:
    """Numbers of pages that show these texts; doubts: page -> doubts of `clear`."""
    return follow([number_weights(clear(t, (doubts or {}).get(k)), years, 0.45) if t else None for k, t in enumerate(texts)])


def best(found: Followed) -> list[str]:
    places = [np.unravel_index(int(p.argmax()), p.shape) for p in found.posterior]
    return [written_number(int(n), int(m)) for n, m in places]


def sure(found: Followed, entry: int) -> float:
    return float(found.posterior[entry].max())


def test_neighbours_read_what_is_smudged() -> None:
    smudged = {2: {0: ("7", 0.8), 1: ("8", 0.7)}}
    found = read("41", "42", "43", "44", "45", doubts=smudged)
    assert best(found) == ["41", "42", "43", "44", "45"] and sure(found, 2) > 0.95
    alone = number_weights(clear("43", smudged[2]), (2017,), 0.45)
    assert int(alone[:, 0].argmax()) == 77


def test_an_empty_number_between_two_is_the_one_between() -> None:
    assert best(read("7", None, "9", "10")) == ["7", "8", "9", "10"]


def test_a_page_in_a_wrong_place_is_noticed_not_forced() -> None:
    found = read("11", "12", "13", "87", "14", "15", "16")
    assert best(found) == ["11", "12", "13", "87", "14", "15", "16"]
    assert found.astray[3] > 0.9 and max(found.astray[:3]) < 0.05 and max(found.astray[4:]) < 0.05


def test_missing_pages_leave_a_gap() -> None:
    found = read("11", "12", "13", "18", "19", "20")
    assert best(found) == ["11", "12", "13", "18", "19", "20"] and found.astray.max() < 0.5


def test_numbers_begin_again_with_the_year() -> None:
    found = read("208/2016", "209/2016", "01/2017", "02/2017", "03/2017", years=(2016, 2017))
    assert best(found) == ["208", "209", "1", "2", "3"]
    assert found.restarts[2] > 0.9 and found.restarts[[0, 1, 3, 4]].max() < 0.1


def test_a_second_volume_goes_on_where_the_first_ended() -> None:
    assert best(read("198", "199", "200", "201")) == ["198", "199", "200", "201"]


def test_entries_put_between_two_keep_their_mark() -> None:
    assert best(read("11", "12", "12a", "13", "14")) == ["11", "12", "12a", "13", "14"]
    assert best(read("11/2017", "12/2017", "12a/2017", "12b/2017", "13/2017")) == ["11", "12", "12a", "12b", "13"]
    assert best(read("30", "31", "31 bis", "32")) == ["30", "31", "31 bis", "32"]


def test_a_number_may_stand_twice() -> None:
    assert best(read("5", "6", "6", "7", "8")) == ["5", "6", "6", "7", "8"]


def test_pages_in_no_order_keep_their_numbers() -> None:
    texts = ["154", "148", "160", "151", "157", "149", "159", "150"]
    found = read(*texts)
    assert best(found) == texts and found.shuffled > 0.5


def test_in_a_shuffled_book_an_unclear_page_is_not_what_follows_the_one_ahead() -> None:
    found = read("154", "148", "160", "151", "157", "149", "159", "150", "153", doubts={7: {2: ("8", 0.6)}})
    assert best(found)[7] == "158" and sure(found, 7) < 0.95        # never 160, and not sure


def test_what_is_said_is_a_probability() -> None:
    found = read("1", "2", None, "4")
    assert np.allclose(found.posterior.sum(axis=(1, 2)), 1) and ((found.astray >= 0) & (found.astray <= 1 + 1e-9)).all()


def test_places_and_written_numbers_agree() -> None:
    for text in ("1", "24", "12a", "7 bis", "999"):
        place = index_of(text, GREATEST)
        assert place is not None and written_number(*place) == text
    assert index_of("1000", GREATEST) is None and index_of("", GREATEST) is None and index_of("12x", GREATEST) is None
    assert MARKS[0] == ""


def test_files_in_the_order_people_count() -> None:
    names = ["scan10.jpg", "scan2.jpg", "Scan1.jpg", "KS.2017.01.012a.jpg", "KS.2017.01.012.jpg"]
    assert sorted(names, key=file_order) == ["KS.2017.01.012.jpg", "KS.2017.01.012a.jpg", "Scan1.jpg", "scan2.jpg", "scan10.jpg"]
