"""Who signs: runs and changes, one person's readings together, and no certainty from one hand alone."""
from __future__ import annotations

import pytest

from ocr.book_recurring import MOST_SURE
from ocr.book_signers import Written, settle_signers, settle_titles, settle_volumes
from tests.ocr.lattices import clear

T = 0.5
GIANG, HUE = "Lê Quang Giang, Chủ tịch", "Nguyễn Thị Huê, Phó Chủ tịch"


def page(text: str, value: str | None = None, doubts: dict | None = None, known: str | None = None, rest: float = 1e-6) -> Written:
    return Written(clear(text, doubts, rest=rest), text if value is None else value, known)


def said(pages: list[Written]) -> list[str]:
    found = settle_signers(pages, T)
    assert found is not None
    return [b[0] if b else p.value for b, p in zip(found.best, pages, strict=True)]


def test_a_misread_signer_is_mended_by_the_run() -> None:
    pages = [page(GIANG) for _ in range(5)]
    pages[2] = page(GIANG, "Lê Quang Giảng, Chủ tịch", {11: ("ả", 0.7)})
    assert said(pages) == [GIANG] * 5


def test_another_signer_after_a_change() -> None:
    assert said([page(GIANG)] * 4 + [page(HUE)] * 3) == [GIANG] * 4 + [HUE] * 3


def test_a_deputy_who_signs_one_page_is_kept() -> None:
    assert said([page(GIANG)] * 4 + [page(HUE)] + [page(GIANG)] * 4) == [GIANG] * 4 + [HUE] + [GIANG] * 4


def test_one_name_with_two_offices() -> None:
    deputy = "Lê Quang Giang, Phó Chủ tịch"
    assert said([page(deputy)] * 3 + [page(GIANG)] * 4) == [deputy] * 3 + [GIANG] * 4


def test_one_hand_is_no_proof() -> None:
    """Every page of the hand looks a little more like ệ than ê: twenty pages must not make that certain."""
    read = "Nguyễn Thị Huệ, Phó Chủ tịch"
    few = settle_signers([page(HUE, read, {13: ("ệ", 0.55)}) for _ in range(2)], T)
    many = settle_signers([page(HUE, read, {13: ("ệ", 0.55)}) for _ in range(20)], T)
    assert few is not None and many is not None and few.best[0] is not None and many.best[0] is not None
    assert many.best[0][1] < 0.9 and many.best[0][1] - few.best[0][1] < 0.1


def test_never_surer_than_a_spelling_can_be() -> None:
    found = settle_signers([page(GIANG)] * 12, T)
    assert found is not None and all(b is not None and b[1] <= MOST_SURE for b in found.best)


def test_a_persons_word_settles_the_run() -> None:
    read = "Nguyễn Thị Huệ, Phó Chủ tịch"
    pages = [page(HUE, read, {13: ("ệ", 0.9)}) for _ in range(4)]
    assert said(pages) == [read] * 4
    pages[1] = page(HUE, read, {13: ("ệ", 0.9)}, known=HUE)
    found = settle_signers(pages, T)
    assert found is not None and [b[0] for b in found.best if b] == [HUE] * 4
    assert found.best[1] == (HUE, 1.0)


def test_a_page_of_its_own_is_left_alone() -> None:
    stranger = "Trần Đình Khôi, Ủy viên thư ký"
    assert said([page(GIANG)] * 6 + [page(stranger)]) == [GIANG] * 6 + [stranger]


def test_nothing_is_said_of_one_page() -> None:
    assert settle_signers([page(GIANG)], T) is None and settle_signers([page("", ""), page("", "")], T) is None


def test_offices_in_their_own_field() -> None:
    pages = [page("Phó Chủ tịch")] * 3 + [page("Phó Chủ tịch", "Phó Chủ tích", {9: ("í", 0.6)})]
    found = settle_titles(pages, T)
    assert found is not None and [b[0] for b in found.best if b] == ["Phó Chủ tịch"] * 4


@pytest.mark.parametrize("declared", [None, "01/2017"])
def test_the_volume_is_one_number(declared: str | None) -> None:
    pages = [page("01/2017"), page("01/2017", "01/2011", {6: ("1", 0.6)}), page("01/2017"), page("01/2017")]
    found = settle_volumes(pages, {2017: 1.0}, declared, 0.45)
    assert found is not None and [b[0] for b in found.best if b] == ["01/2017"] * 4
    assert all(b is not None and b[1] > 0.9 for b in found.best)


def test_a_second_volume_in_one_batch() -> None:
    found = settle_volumes([page("01/2017")] * 4 + [page("02/2017")] * 4, {2017: 1.0}, None, 0.45)
    assert found is not None and [b[0] for b in found.best if b] == ["01/2017"] * 4 + ["02/2017"] * 4
