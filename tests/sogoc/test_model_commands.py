"""sogoc model list, use, adapt: which model reads, the switch and the way back, and why a model cannot be adapted."""
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from ocr.recogniser import ModelError, list_models, load_model, use_models
from sogoc import app as sogoc_app
from sogoc import model_adapting
from sogoc.home import model_that_reads, model_to_load
from sogoc.settings import FILE_NAME, load
from storage.database import Database
from storage.models import Event

OWN = "asternet-20260101-abcdef"
PREFERRED = "sogoc-tay-3"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with a database and a model of its own: AsterNet's files under another card."""
    for name in ("SOGOC_LANG", "SOGOC_READING__MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SOGOC_HOME", str(tmp_path))
    (tmp_path / FILE_NAME).write_text("")
    database = Database(f"sqlite:///{tmp_path / 'sogoc.db'}")
    database.upgrade()
    database.dispose()
    package = next(c for c in list_models() if c.id == "asternet")
    card = json.loads((Path(model_adapting.__file__).parents[1] / "ocr" / "models" / "asternet" / "card.json").read_text("utf-8"))
    own = tmp_path / "models" / OWN
    own.mkdir(parents=True)
    figures = {"held_out_cer": 0.08, "held_out_cer_parent": 0.2, "held_out_lines": 410}
    (own / "card.json").write_text(json.dumps({**card, "id": OWN, "preference": 99, "parent": package.id, "trained_on": {"lines": 1800},
                                               "figures": figures}), "utf-8")
    (tmp_path / "models" / ".half").mkdir()
    (tmp_path / "models" / ".half" / "card.json").write_text("{")
    yield tmp_path
    use_models(None)


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert sogoc_app.run(["model", *arguments]) == code
    out, err = capsys.readouterr()
    return out if code == 0 else out + err


def log(home: Path) -> list[tuple[str, str, dict]]:
    with Database(f"sqlite:///{home / 'sogoc.db'}").reading() as session:
        return [(e.action, e.subject, e.detail) for e in session.scalars(sa.select(Event).order_by(Event.seq))]


def marked(listing: str) -> list[str]:
    return [row.split()[1] for row in listing.splitlines() if row.startswith("*")]


def test_a_switch_and_the_way_back(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = said(capsys, "list")
    assert marked(first) == [PREFERRED], "a model of the home's own reads only when it was chosen"
    assert OWN in first and "từ asternet; học 1800 dòng; CER 0.2 -> 0.08 trên 410 dòng" in first and ".half" not in first
    database = Database(f"sqlite:///{home / 'sogoc.db'}")
    assert model_to_load(load(), database) is None

    assert OWN in said(capsys, "use", OWN)
    assert marked(said(capsys, "list")) == [OWN]
    assert model_to_load(load(), database) == str(home / "models" / OWN)
    said(capsys, "use", OWN)
    assert log(home) == [("model.use", f"model:{OWN}", {"before": PREFERRED})], "choosing what reads already is no change"

    said(capsys, "use", PREFERRED)
    assert marked(said(capsys, "list")) == [PREFERRED] and model_to_load(load(), database) is None
    assert log(home)[1:] == [("model.use", f"model:{PREFERRED}", {"before": OWN})]


def test_a_reading_names_the_model_of_the_folder_it_was_told(home: Path) -> None:
    loaded = load_model(str(home / "models" / OWN))
    assert loaded.engine["handwriting"].startswith(OWN)
    with pytest.raises(ModelError, match="missing_file"):
        load_model(str(home / "models" / "gone"))


def test_an_unknown_model_and_a_fixed_one(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "sogoc model list" in said(capsys, "use", "khong-co", code=2)
    assert "sogoc model list" in said(capsys, "adapt", "--model", "khong-co", code=2)
    (home / FILE_NAME).write_text('[reading]\nmodel = "asternet"\n')
    assert marked(said(capsys, "list")) == ["asternet"] and model_that_reads(load()) == "asternet"
    assert "reading.model" in said(capsys, "use", OWN, code=1)
    assert log(home) == []


def test_a_model_without_weights_cannot_be_adapted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = said(capsys, "adapt", "--model", "asternet", code=1)
    assert "asternet" in error and "weights.npz" in error and "sogoc model list" in error and error.count("\n") == 1
    assert not (home / "models" / ".adapting").exists()


def test_without_pytorch_the_message_says_what_to_install(home: Path, capsys: pytest.CaptureFixture[str],
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "models" / OWN / "weights.npz").write_bytes(b"")
    card = home / "models" / OWN / "card.json"
    card.write_text(json.dumps(json.loads(card.read_text("utf-8")) | {"file": "model.onnx", "sha256": ""}), "utf-8")
    (home / "models" / OWN / "model.onnx").write_bytes(b"")
    monkeypatch.setattr(model_adapting, "find_spec", lambda name: None if name in ("torch", "onnx") else name)
    counted = said(capsys, "adapt", "--dry-run", "--model", OWN, code=1)
    assert counted.startswith("0 trang đã duyệt") and "pip install torch onnx" in counted and "Traceback" not in counted
    assert not (home / "models" / ".adapting").exists() and log(home) == []
