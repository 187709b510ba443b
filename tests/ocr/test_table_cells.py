"""Inside a cell: lines of writing, ditto marks, struck-out lines, several values parted."""
from __future__ import annotations

import cv2
import numpy as np
import pytest

from ocr.decoding.ages import read_age
from ocr.lattice import Lattice
from ocr.table_cells import Cell, cut_cell
from ocr.table_columns import PlacedColumn
from ocr.table_ditto import ditto_value, says_ditto, settle_dittos
from ocr.table_entries import EntryStrip
from ocr.table_fields import part_cell
from ocr.table_rules import Rule
from records.forms import Column, load_forms
from records.record import DraftRecord, FieldValue
from samples.hands import draw_hand
from samples.ink import write

SCALE = 200 / 25.4
LETTERS = "aáàảãạăắằẳẵặâấầẩẫậbcdđeéèẻẽẹêếềểễệfghiíìỉĩịjklmnoóòỏõọôốồổỗộơớờởỡợpqrstuúùủũụưứừửữựvwxyýỳỷỹỵz"
ALPHABET = LETTERS + "0123456789 ,.-/'\""


def lattice_of(text: str, noise: float = 0.02) -> Lattice:
    """What a good recogniser gives for the text: two frames a letter, the blank between."""
    frames = []
    for symbol in text.lower():
        for best in (ALPHABET.index(symbol) + 1, 0):
            p = np.full(len(ALPHABET) + 1, noise / len(ALPHABET))
            p[best] = 1 - noise
            frames.append(np.log(p))
    return Lattice(np.array(frames, np.float16), ALPHABET, "test")


def cell_with(lines: list[str], struck: int | None = None, marks: int = 0, width: float = 60.0, height: float = 32.0) -> Cell:
    rng = np.random.default_rng(3)
    hand = draw_hand(rng, font="patrick-hand", capitals=False)
    page = np.zeros((round((height + 20) * SCALE), round((width + 20) * SCALE)), np.float32)
    for n, text in enumerate(lines):
        line = write(text, hand, rng)
        top, left = round((18 + 7.4 * n) * SCALE) - line.baseline, round(12 * SCALE)
        part = page[top:top + line.mask.shape[0], left:left + line.mask.shape[1]]
        np.maximum(part, line.mask[:part.shape[0], :part.shape[1]] / 255 * 0.7, out=part)
        if n == struck:
            y = round((17.2 + 7.4 * n) * SCALE)
            cv2.line(page, (left + line.box[0] - 4, y + 2), (left + line.box[2] + 4, y - 2), 0.7, 3)
    for n in range(marks):
        x = round((35 + 1.6 * n) * SCALE)
        cv2.line(page, (x, round(20 * SCALE)), (x - 3, round(22.2 * SCALE)), 0.8, 3)
    rule = [Rule(np.array([0.0, 2000.0]), np.full(2, v * SCALE), 1.0, 100.0) for v in (10, 10 + width, 10, 10 + height)]
    column = PlacedColumn(Column("x", width), 0, rule[0], rule[1], 1.0)
    return cut_cell(page, column, EntryStrip(rule[2], rule[3]), SCALE)


@pytest.mark.parametrize("lines", [["Nguyễn Thị Hạnh"], ["Lê Văn Sáng", "28T, Kinh, LR"],
                                   ["Phạm Quý Đạt", "41T, Kinh, CN", "Xã Phong Thủy, Huyện", "Lệ Thủy, Quảng Bình"]])
def test_lines_of_a_cell(lines: list[str]) -> None:
    cell = cell_with(lines)
    assert len(cell.lines) == len(lines) and not any(x.struck for x in cell.lines) and not cell.ditto
    tops = [x.top for x in cell.lines]
    assert tops == sorted(tops)


def test_a_struck_out_line_is_known() -> None:
    assert [x.struck for x in cell_with(["Xã Phú Thủy cũ", "Xã An Thủy mới"], struck=0).lines] == [True, False]


def test_two_short_strokes_are_a_ditto_mark_and_writing_is_none() -> None:
    assert cell_with([], marks=2).ditto
    for other in (cell_with(["Nữ"]), cell_with(["nt"]), cell_with([], marks=3), cell_with([], marks=1)):
        assert not other.ditto


def test_an_empty_cell_has_no_lines() -> None:
    cell = cell_with([])
    assert cell.lines == () and not cell.ditto


@pytest.mark.parametrize("text", ["nt", "-nt-", "như trên", "nt.", "\"", "nhu trên", "mt", "nh trôm", "nl"])
def test_ditto_words(text: str) -> None:
    assert says_ditto(lattice_of(text)) > 0.5


@pytest.mark.parametrize("text", ["nam", "nữ", "kinh", "5/8/1999", "xã an thủy", "1", "-", "tày", "nguyễn văn trên", "lr",
                                  "nhà trẻ em", "mường", "hà trung", "nha trang"])
def test_other_words_are_no_ditto(text: str) -> None:
    assert says_ditto(lattice_of(text)) < 0.5


def test_two_strokes_are_a_ditto_only_where_no_number_stands() -> None:
    assert says_ditto(lattice_of("11")) > 0.5 > says_ditto(lattice_of("11"), figures=True)


def parted(*lines: str) -> list[str]:
    fields = next(c for c in load_forms()["KS1999"].table.columns if "của cha" in c.heading).fields      # type: ignore[union-attr]
    lattices = [lattice_of(x) for x in lines]
    return [" ".join(Lattice(lattices[n].log_probs[a:b], ALPHABET, "test").best_text().strip(" ,") for n, a, b in pieces)
            for pieces in part_cell(fields, lattices)]


@pytest.mark.parametrize(("lines", "values"), [
    (("nguyễn văn sáng", "28t, kinh, lr", "xã an thủy"), ["nguyễn văn sáng", "28t", "kinh", "lr", "xã an thủy"]),
    (("trần văn đạt, 41t, tày, làm ruộng", "xã hoa thủy, huyện lệ", "thủy, quảng bình"),
     ["trần văn đạt", "41t", "tày", "làm ruộng", "xã hoa thủy, huyện lệ thủy, quảng bình"]),
    (("lê văn bốn 33 tuổi", "mường, giáo viên, nt"), ["lê văn bốn", "33 tuổi", "mường", "giáo viên", "nt"]),
    (("hồ văn lợi", "kinh", "thị trấn kiến giang"), ["hồ văn lợi", "", "kinh", "", "thị trấn kiến giang"]),
    (("võ văn nam", "1968, kinh, bđ", "thôn 3, xã sen thủy"), ["võ văn nam", "1968", "kinh", "bđ", "thôn 3, xã sen thủy"]),
])
def test_a_cell_of_several_values_is_parted(lines: tuple[str, ...], values: list[str]) -> None:
    assert parted(*lines) == values


@pytest.mark.parametrize(("text", "value"), [("28t", "28T"), ("28 tuổi", "28T"), ("35", "35T"), ("1973", "1973")])
def test_ages(text: str, value: str) -> None:
    choice = read_age(lattice_of(text), 14, 30, 75, 2001, 0.5)
    assert choice is not None and choice.value == value and choice.probability > 0.5


def test_a_ditto_takes_the_value_above_with_the_doubt_of_both() -> None:
    above = FieldValue("Xã An Thủy", "xa an thuy", 0.9, "ocr", (1, 2, 3, 4), ("lattice", "gazetteer"), "19234")
    own = ditto_value(above, FieldValue("", "nt", 0.8, "ocr", (5, 6, 7, 8), ("ditto",)))
    assert (own.value, own.raw, own.unit_code, own.box) == ("Xã An Thủy", "nt", "19234", (5, 6, 7, 8))
    assert own.confidence == pytest.approx(0.72) and own.evidence == ("ditto", "lattice", "gazetteer")
    alone = ditto_value(None, FieldValue("", "nt", 0.8, "ocr", None, ("ditto",)))
    assert alone.value == "" and alone.confidence < 0.3


def test_dittos_follow_the_row_above_over_pages_and_people_have_the_last_word() -> None:
    def record(row: int, value: str, evidence: tuple[str, ...], source: str = "ocr", form: str = "KT1999") -> DraftRecord:
        return DraftRecord("KT", form, row, {"nktDanToc": FieldValue(value, value, 0.9, source, None, evidence)})      # type: ignore[arg-type]

    rows = [record(7, "Tày", ("lattice",)), record(1, "", ("ditto",)), record(2, "Kinh", ("ditto", "list")),
            record(3, "Mường", ("ditto",), "reviewer"), record(4, "", ("ditto",)), record(1, "", ("ditto",), form="KT1956")]
    assert [r.fields["nktDanToc"].value for r in settle_dittos(rows)] == ["Tày", "Tày", "Tày", "Mường", "Mường", ""]
