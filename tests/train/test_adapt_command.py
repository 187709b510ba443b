"""The whole of sogoc model adapt but for cutting the lines: parts, tuning, the switch and its events, nothing personal left behind."""
from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

pytest.importorskip("torch", reason="PyTorch is not installed (pip install 'sogoc[adapt]')")
pytest.importorskip("onnx", reason="onnx is not installed (pip install 'sogoc[adapt]')")

from tiny_base import HAND, WEIGHTS
from tiny_province import OPTIONS, figures_alone

import train.adapt_replay as replay
from ocr.recogniser import list_models, read_card, use_models
from sogoc.commands.shared import Bars
from sogoc.model_adapting import WORK, CannotAdapt, adapt_model, alone
from storage import verified_crops
from storage.database import Database
from storage.model_choice import chosen_model
from storage.models import Event
from storage.policy import Actor
from storage.verified_crops import Crop
from train import adapt_tuning
from train.export import load_weights, write_model

pytestmark = pytest.mark.torch
ACTOR = Actor("cli.an")


@pytest.fixture
def house(tmp_path: Path, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch):
    """A home that reads with the small model; crops come from `house.crops`, and are cut into the work folder as they would be."""
    for name in ("draw_value", "font_names"):
        monkeypatch.setattr(replay, name, getattr(replay, name))
    figures_alone()
    folder = tmp_path / "home" / "models" / "tiny"
    write_model(load_weights(WEIGHTS), folder, {"id": "tiny", "title": "Figures", "version": "1", "licence": "MIT"})
    services = SimpleNamespace(home=tmp_path / "home", database=sqlite_database, objects=None, reading=SimpleNamespace(dpi=200), crops=[])

    def gather(database, objects, reader, into: Path, actor, dpi, progress):
        assert reader.recogniser.card.id == "tiny" and actor is ACTOR
        into.mkdir(parents=True, exist_ok=True)
        (into / "1-x.npz").write_bytes(b"personal")
        return services.crops

    monkeypatch.setattr(verified_crops, "gather", gather)
    few = {k: v for k, v in asdict(OPTIONS).items() if k not in ("minutes", "threads", "seed")}
    monkeypatch.setattr(adapt_tuning, "Options", partial(adapt_tuning.Options, **few))
    yield services
    use_models(None)


def crops(count: int) -> list[Crop]:
    """Lines of pages of one book in the province's hand, two to a page."""
    drawn = replay.draw_samples(count, 99, (HAND,))
    return [Crop("KS.2017.01", n // 2, "so", "date", s.text, n % 3 == 0, s.line) for n, s in enumerate(drawn)]


def run(house, least: int = 100):
    with Bars() as bars:
        return adapt_model(house, ACTOR, read_card(house.home / "models" / "tiny"), "tiny", 20, least, 1, 1, bars)


def events(house) -> list[Event]:
    with house.database.reading() as session:
        return list(session.scalars(sa.select(Event).order_by(Event.seq)))


def test_a_better_model_is_chosen_and_said_so(house) -> None:
    house.crops = crops(120)
    done = run(house)
    assert done.model is not None and done.verdict is not None and done.verdict.better
    with house.database.reading() as session:
        assert chosen_model(session) == done.model
    adapted, used = events(house)
    assert (adapted.action, adapted.subject, adapted.detail["outcome"], adapted.actor) == ("model.adapt", "model:tiny", "better", "cli.an")
    assert adapted.detail["held_out_cer"] < adapted.detail["held_out_cer_parent"]
    assert (used.action, used.subject, used.detail) == ("model.use", f"model:{done.model}", {"before": "tiny"})
    card = next(c for c in list_models() if c.id == done.model)
    assert card.trained_on["verified_lines"] == 120 and card.trained_on["corrected_lines"] == 40 and card.trained_on["books"] == 1
    assert not (house.home / "models" / WORK).exists(), "no line of anybody is left"


@pytest.mark.parametrize(("count", "least", "words"), [(90, 100, "Mới có 90 dòng"), (16, 10, "quá ít trang")])
def test_too_little_is_said_and_nothing_is_left(house, count: int, least: int, words: str) -> None:
    house.crops = crops(count)
    with pytest.raises(CannotAdapt) as raised:
        run(house, least)
    assert raised.value.exit_code == 1 and words in raised.value.message("vi") != raised.value.message("en")
    assert not (house.home / "models" / WORK).exists() and events(house) == []


def test_what_is_no_better_is_logged_and_not_chosen(house) -> None:
    """Texts of other lines, as if somebody had verified without looking."""
    drawn = crops(120)
    house.crops = [replace(c, text=drawn[(n * 37 + 5) % 120].text) for n, c in enumerate(drawn)]
    done = run(house)
    assert done.model is None
    with house.database.reading() as session:
        assert chosen_model(session) is None
    assert [(e.action, e.detail["outcome"] in ("not_better", "nothing_learned")) for e in events(house)] == [("model.adapt", True)]


def test_two_at_a_time_are_not_let_in(house) -> None:
    with alone(house), pytest.raises(CannotAdapt, match="Another"), alone(house):
        raise AssertionError("never reached")
