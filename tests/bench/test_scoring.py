"""What counts as right, and that nothing which was not read is left out of the count."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench import process_memory, rivals
from bench.handwritten_lines import LineSet, load_lines, measure
from bench.pooled_run import PooledRun
from bench.reading import entries_for_rivals, read_boxes, score_ours
from bench.scoring import Tally, comparable, group_of, wanted
from records.record import DraftRecord, FieldValue
from train.split import held_out_writers

HELD_OUT = ("11", "15", "23", "27", "3", "41", "57", "69", "73", "81", "83", "87")     # of the odd numbers from 3 to 89


@pytest.mark.parametrize(("code", "group"), [
    ("nksHoTen", "name"), ("chaNgaySinh", "date"), ("ngayDangKy", "date"), ("nktNgayChet", "date"), ("so", "number"), ("quyenSo", "number"),
    ("voSoGiayToTuyThan", "number"), ("nksSoDinhDanh", "number"), ("nksNoiSinh", "place"), ("meNoiCuTru", "place"),
    ("loaiDangKy", "category"), ("nksGioiTinh", "category"), ("nycQuanHe", "category")])
def test_fields_are_counted_in_their_group(code: str, group: str) -> None:
    assert group_of(code) == group


@pytest.mark.parametrize(("code", "a", "b"), [
    ("nksHoTen", "NGUYỄN THÚY HÒA", "nguyễn thuý hoà"), ("meNoiCuTru", "Xã Nghĩa Sơn, Huyện Tư Nghĩa", "xã nghĩa sơn  huyện tư nghĩa."),
    ("so", "007", "7"), ("quyenSo", "1/2017", "01 / 2017"), ("nksSoDinhDanh", "051 313 666764", "051313666764")])
def test_writings_of_one_value(code: str, a: str, b: str) -> None:
    assert comparable(code, a) == comparable(code, b)


@pytest.mark.parametrize(("code", "a", "b"), [
    ("nksHoTen", "Lê Thị Hoa", "Lê Thị Hoà"), ("nksNgaySinh", "2013-01-07", "2013-1-7"), ("quyenSo", "01/2017", "01"), ("so", "7", "70")])
def test_other_values(code: str, a: str, b: str) -> None:
    assert comparable(code, a) != comparable(code, b)


def test_a_page_that_was_not_read_is_wrong_everywhere() -> None:
    values = {"so": "1", "nksHoTen": "Lê Văn Ba", "nksNoiSinh": "", "ghiChu": "x"}
    truth = [{"file": "B/a.jpg", "values": values}, {"file": "B/b.jpg", "values": values}]
    read = DraftRecord("KS", "KS2016", 1, {"so": FieldValue("01", "01", 0.999), "nksHoTen": FieldValue("Lê Văn Bá", "lê văn bá", 0.995)})
    _, settled = score_ours(truth, PooledRun(pages=1, alone={("B/a.jpg", 1): read}, settled={("B/a.jpg", 1): read}))
    assert wanted(values) == [("so", "1"), ("nksHoTen", "Lê Văn Ba")]
    assert (settled.exact("number"), settled.exact("name"), settled.exact("place")) == (0.5, 0.0, None)
    assert settled.cer("name") == (1 + 9) / 18
    assert settled.wrong_though_sure() == (2, 1), "what was not read was not given with confidence"
    assert [band for band, *_ in settled.calibration()] == ["0.00–0.50", "0.99–1.00"]


def test_every_row_of_a_page_is_scored(tmp_path: Path) -> None:
    truth = [{"file": "B/a.jpg", "row": n, "form": "KT1999", "values": {"nktHoTen": name}} for n, name in ((1, "Lê Ba"), (2, "Lê Tư"))]
    names = (1, "Lê Ba"), (2, "Lê Tý")
    read = {("B/a.jpg", n): DraftRecord("KT", "KT1999", n, {"nktHoTen": FieldValue(name, name, 0.9)}) for n, name in names}
    _, settled = score_ours(truth, PooledRun(pages=1, alone=read, settled=read))
    assert (settled.right["name"], settled.all["name"]) == (1, 2)
    lines = [{"file": "B/a.jpg", "row": n, "boxes": {"nktHoTen": [1, 10 * n, 50, 10 * n + 8]}} for n in (1, 2)]
    (tmp_path / "boxes.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    boxes = read_boxes(tmp_path)
    assert [boxes["B/a.jpg", n]["nktHoTen"][1] for n in (1, 2)] == [10, 20], "each row has its own boxes"
    assert entries_for_rivals(truth, boxes) == truth, "the others are shown every row too"
    assert entries_for_rivals(truth, {}) == [], "no registration tells a line reader where a table's cells are"
    page = {"file": "B/b.jpg", "form": "KT2016", "values": {"nktHoTen": "Lê Ba"}}
    assert entries_for_rivals([page], {}) == [page]


def test_raw_text_is_scored_apart_from_the_value() -> None:
    tally = Tally()
    assert tally.add("nksHoTen", "Lê Văn Ba", "Lê Văn Ba", "le van ba")
    assert tally.report() == {"name exact": 1.0, "name raw CER": round(2 / 9, 4)}


def test_rivals_are_helped_with_figures_only() -> None:
    assert rivals.as_value("nksNgaySinh", "07/01/2013") == "2013-01-07" and rivals.as_value("so", "Số 12/2013") == "12"
    assert rivals.as_value("quyenSo", "01/2013 .") == "01/2013" and rivals.as_value("nksDanToc", "kinh") == "kinh"


def test_lines_are_scored_without_case_and_timed_one_by_one() -> None:
    lines = LineSet((np.zeros((16, 80, 3), np.uint8), np.zeros((32, 64, 3), np.uint8)), ("Xã Tịnh Trà", "Hà"), 1)
    figures = measure(lines, rivals.as_gray, lambda line: "xã tịnh trà" if line.shape[0] == 16 else "ha")
    assert figures.cer == 1 / 13 and figures.exact == 0.5 and figures.widths == (160, 64) and len(figures.milliseconds) == 2


def test_writers_held_out_are_those_of_training(tmp_path: Path) -> None:
    data = pytest.importorskip("train.data", exc_type=ImportError)
    writers = [str(n) for n in range(3, 90, 2)]
    (tmp_path / "handwriting").mkdir()
    for w in writers: Image.new("RGB", (8, 8)).save(tmp_path / "handwriting" / f"{w}.png")
    labels = tmp_path / "handwriting" / "labels.tsv"
    labels.write_text("".join(f"{w}.png\t{w}\twriter {w}\n" for w in writers), "utf-8")
    trained, unseen = data.split_writers(tmp_path)
    assert len(unseen) == 12 and set(trained) | set(unseen) == set(writers) and not set(trained) & set(unseen)
    assert sorted(load_lines(labels).texts) == sorted(f"writer {w}" for w in unseen)
    assert len(load_lines(labels, every_writer=True).texts) == len(writers)
    assert held_out_writers(reversed(writers)) == unseen == HELD_OUT, "the draw that the shipped models were trained with"


def test_memory_of_what_was_started_is_seen() -> None:
    import subprocess
    import sys

    with process_memory.MemoryWatch(every=0.05) as memory:
        subprocess.run([sys.executable, "-c", "import time; x = bytearray(150_000_000); time.sleep(0.5)"], check=True)
    assert memory.peak > 150_000_000 and memory.peak_together > memory.peak
