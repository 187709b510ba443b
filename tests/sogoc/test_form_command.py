"""sogoc form check says what is wrong, and draws what it found on a page."""
from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from records.forms import load_forms, use_folder
from samples.other_pages import other_page
from sogoc.app import run

ROOT = Path(__file__).resolve().parents[2]
KS2016 = ROOT / "records" / "form_data" / "KS2016.toml"


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOGOC_LANG", "en")


def test_a_good_file_and_a_page_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "a.jpg").write_bytes((ROOT / "samples" / "books" / "KS.2017.01" / "KS.2017.01.002.jpg").read_bytes())
    assert run(["form", "check", str(KS2016), "--pages", str(pages), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "no mistake found" in said and "a.jpg: recognised, score 0.9" in said
    drawn = np.asarray(Image.open(io.BytesIO((tmp_path / "out" / "a.KS2016.png").read_bytes())).convert("RGB")).astype(int)
    green = (drawn[..., 1] > 100) & (drawn[..., 0] < 60) & (drawn[..., 2] < 60)
    blue = (drawn[..., 2] > 180) & (drawn[..., 0] < 60)
    assert green.sum() > 5000 and blue.sum() > 20000


def test_a_page_that_is_no_register_page_is_not_recognised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bia.jpg").write_bytes(other_page("cover", np.random.default_rng(3), 1, 150.0))
    (tmp_path / "hong.jpg").write_bytes(b"")
    assert run(["form", "check", str(KS2016), "--pages", str(tmp_path), "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[1].startswith("bia.jpg: not recognised (score 0.0") and said[2].startswith("hong.jpg: ")
    assert not list(tmp_path.glob("*.png"))


def test_mistakes_are_told_in_both_languages(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = tmp_path / "x.toml"
    wrong.write_text(KS2016.read_text("utf-8").replace('type = "sex"', 'type = "gender"'), "utf-8")
    assert run(["form", "check", str(wrong)]) == 1
    assert "there is no type “gender”" in capsys.readouterr().out
    monkeypatch.setenv("SOGOC_LANG", "vi")
    assert run(["form", "check", str(wrong)]) == 1
    assert "type «gender» không có" in capsys.readouterr().out


def test_the_homes_own_forms_are_listed_and_a_bad_one_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOGOC_HOME", str(tmp_path))
    (tmp_path / "forms").mkdir()
    own = tmp_path / "forms" / "own.toml"
    try:
        own.write_text(KS2016.read_text("utf-8").replace('id = "KS2016"', 'id = "KS2016B"').replace('"KS2020"', '"KS2020B"'), "utf-8")
        assert run(["form", "list"]) == 0
        said = capsys.readouterr().out
        assert "KS2016B" in said and "HN2016" in said and str(tmp_path / "forms") in said
        use_folder(None)
        own.write_text(KS2016.read_text("utf-8"), "utf-8")
        assert run(["form", "list"]) == 1
        assert f"{own}: id: there is a form KS2016 already" in capsys.readouterr().err
    finally:
        use_folder(None)
    assert "KS2016B" not in load_forms()
