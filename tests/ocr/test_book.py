"""A book settles its entries: sequence, days that do not run backwards, officers and communes; whatever the order of the readings."""
from __future__ import annotations

from ocr.book import BookItem, settle_book
from ocr.extraction import Expectation
from records.record import DraftRecord, FieldValue
from tests.ocr.lattices import clear

EXPECTED = Expectation("KT", "KT2016", 2019, "01/2019", "UBND Xã Nghĩa Thuận, Huyện Tư Nghĩa, Quảng Ngãi")


def item(file: str, texts: dict, values: dict | None = None) -> BookItem:
    fields = {c: FieldValue((values or {}).get(c, "?"), "raw", 0.5, "ocr", (1, 2, 3, 4), ("lattice",)) for c in texts}
    lattices = {c: t if not isinstance(t, str) else clear(t) for c, t in texts.items()}
    return BookItem(file, DraftRecord("KT", "KT2016", 1, fields), lattices)


def book(names: bool = True) -> list[BookItem]:
    """Five entries; of the third the day of registration and the signer are smudged."""
    days = ["04/03/2019", "05/03/2019", "06/03/2019", "07/03/2019", "08/03/2019"]
    items = []
    for k, day in enumerate(days):
        registered = clear(day, {1: ("9", 0.7), 4: ("8", 0.7)}) if k == 2 else clear(day)
        signer = clear("Lê Quong Giáng, Chủ tịch", rest=1e-3) if k == 2 else clear("Lê Quang Giang, Chủ tịch")
        so = clear(f"{41 + k}/2019", {1: ("9", 0.6)}) if k == 2 else clear(f"{41 + k}/2019")
        file = f"KT.2019.01.0{41 + k}.jpg" if names else f"scan{k}.jpg"
        items.append(item(file, {"so": so, "ngayDangKy": registered, "nguoiKy": signer, "nktHoTen": "Trần Văn Nam"},
                          {"so": str(41 + k), "ngayDangKy": f"2019-03-0{4 + k}", "nguoiKy": "Lê Quang Giang, Chủ tịch"}))
    return items


def test_neighbours_mend_what_is_smudged() -> None:
    third = settle_book(book(), EXPECTED)[2].fields
    assert third["ngayDangKy"].value == "2019-03-06"
    assert third["so"].value == "43"
    assert third["nguoiKy"].value == "Lê Quang Giang, Chủ tịch" and "book" in third["nguoiKy"].evidence


def test_the_sequence_gives_numbers_where_files_have_none() -> None:
    settled = settle_book(book(names=False), EXPECTED)
    assert [r.fields["so"].value for r in settled] == ["41", "42", "43", "44", "45"]


def test_boxes_and_raw_text_stay() -> None:
    for record in settle_book(book(), EXPECTED):
        assert all(f.box == (1, 2, 3, 4) and f.raw == "raw" for f in record.fields.values())


def test_the_result_is_the_same_every_time_and_does_not_hang_on_the_order_of_files_with_names() -> None:
    items = book()
    settled = settle_book(items, EXPECTED)
    assert settle_book(book(), EXPECTED) == settled
    turned = settle_book(items[::-1], EXPECTED)[::-1]
    assert [{c: f.value for c, f in r.fields.items()} for r in turned] == [{c: f.value for c, f in r.fields.items()} for r in settled]


def test_what_cannot_be_settled_comes_back_untouched() -> None:
    empty = BookItem("KT.2019.01.046.jpg", DraftRecord("KT", None), {})
    settled = settle_book([*book(), empty], EXPECTED)
    assert settled[-1] is empty.record and len(settled) == 6
    assert settle_book([empty], EXPECTED) == [empty.record] and settle_book([], EXPECTED) == []
