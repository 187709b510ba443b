"""The committed samples are what the composer makes; `python -m samples --out samples` makes them anew."""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from samples.__main__ import DEFAULT_BOOKS, main

FOLDER = Path(__file__).parents[2] / "samples"


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_truth_and_population_are_what_the_default_seed_makes(tmp_path: Path) -> None:
    """Pages are not compared byte for byte: another version of the image libraries may encode them otherwise."""
    assert main(["--out", str(tmp_path), "--dpi", "100"]) == 0
    for name in ("truth.jsonl", "population.csv"): assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name
    made, kept = ({f.relative_to(d) for f in (d / "books").rglob("*") if f.is_file()} for d in (tmp_path, FOLDER))
    assert made == kept


def test_they_are_whole_and_small() -> None:
    files = list((FOLDER / "books").rglob("*.jpg"))
    assert {t["file"] for t in _lines(FOLDER / "truth.jsonl")} == {f"{f.parent.name}/{f.name}" for f in files}
    assert {t["form"] for t in _lines(FOLDER / "truth.jsonl")} == {book.split(":")[0] for book in DEFAULT_BOOKS}
    assert sum(f.stat().st_size for f in files) < 3_000_000
    for f in files: Image.open(f).verify()


def test_everybody_linked_is_in_the_population_and_some_are_not() -> None:
    numbers = {line.split(",")[0] for line in (FOLDER / "population.csv").read_text("utf-8").splitlines()[1:]}
    links = [n for t in _lines(FOLDER / "truth.jsonl") for n in t["link"].values()]
    assert {n for n in links if n} <= numbers
    assert 0 < sum(n is None for n in links) < len(links) / 4


@pytest.mark.parametrize("font", sorted((FOLDER / "fonts").rglob("*.ttf")), ids=lambda f: f.stem)
def test_each_font_has_its_licence_beside_it(font: Path) -> None:
    licence = font.with_name(font.stem.split("-")[0] + ".OFL.txt") if font.parent.name == "print" else font.with_suffix(".OFL.txt")
    text = licence.read_text("utf-8")
    assert text.startswith("Copyright") and "SIL OPEN FONT LICENSE Version 1.1" in text
    assert font.stat().st_size < 100_000


@pytest.mark.parametrize("wrong", [
    ["--book", "KS1850:2000"], ["--book", "KS2016:2009"], ["--pages", "0"], ["--dpi", "20"], ["--wear", "7"],
])
def test_wrong_use_ends_with_2(wrong: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end: main(["--out", str(tmp_path), *wrong])
    assert end.value.code == 2 and wrong[0].lstrip("-").split()[0] in capsys.readouterr().err


def test_help_gives_examples() -> None:
    out = subprocess.run([sys.executable, "-m", "samples", "--help"], capture_output=True, text=True, check=True, cwd=FOLDER.parent).stdout
    assert "--book FORM:YEAR" in out and "examples:" in out and "KS2016" in out
