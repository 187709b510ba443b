"""Adapting, with a very small model of figures and a hand it never learned: better and switched, not fooled by wrong labels, not lost by a
kill."""
from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_base import FONTS, HAND, WEIGHTS

pytest.importorskip("torch", reason="PyTorch is not installed (pip install 'sogoc[adapt]')")
pytest.importorskip("onnx", reason="onnx is not installed (pip install 'sogoc[adapt]')")

import torch
from tiny_province import OPTIONS, SHORT, figures_alone, province

import train.adapt_replay as replay
from ocr.recogniser import load_model, read_card
from train.adapt import STATE, NotAdaptable, adapt, check_adaptable, compare, key_of
from train.adapt_temperature import MOST_CHANGE, moved
from train.adapt_tuning import Lines, tune
from train.export import load_weights, write_model
from train.sample import Sample

pytestmark = pytest.mark.torch
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small model as a model folder."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    write_model(load_weights(WEIGHTS), folder, {"id": "tiny", "title": "Figures", "version": "1", "licence": "MIT",
                                                    "temperatures": {"default": 0.4, "date": 0.9}})
    return folder


@pytest.fixture(autouse=True)
def figures(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The small model knows no letters: what is rehearsed are figures too, in the hands it learned."""
    threads = torch.get_num_threads()
    for name in ("draw_value", "font_names"):       # put back afterwards
        monkeypatch.setattr(replay, name, getattr(replay, name))
    figures_alone()
    yield
    torch.set_num_threads(threads)


def test_a_hand_it_never_saw_is_learned_and_the_card_tells(base: Path, tmp_path: Path) -> None:
    lines = province()
    told: list[tuple[str, int, int]] = []
    done = adapt(base, lines, tmp_path / "models", tmp_path / "work", OPTIONS, trained_on={"books": 3}, tell=lambda *n: told.append(n))
    assert done.verdict is not None and done.verdict.better and done.model is not None
    h, g = done.verdict.held_out, done.verdict.general
    assert h.new.cer < 0.8 * h.old.cer and 0 < h.bound < h.gain and g.new.cer <= g.old.cer + OPTIONS.allowed_loss
    assert [p.name for p in (tmp_path / "models").iterdir()] == [done.model] and done.model.startswith("tiny-2")
    card = read_card(tmp_path / "models" / done.model)
    assert card.parent == "tiny" and card.trained_on["books"] == 3 and card.trained_on["lines"] == 80 and card.trained_on["seed"] == 1
    assert card.figures == done.verdict.figures()
    assert 1 / MOST_CHANGE <= card.trained_on["temperature_factor"] <= MOST_CHANGE
    assert dict(card.temperatures) == moved(read_card(base).temperatures, card.trained_on["temperature_factor"])
    assert load_model(str(tmp_path / "models" / done.model)).engine["handwriting"].startswith(done.model)
    assert told[0] == ("train", 0, 6) and ("compare", 2, 2) in told

    second = adapt(tmp_path / "models" / done.model, lines, tmp_path / "models", tmp_path / "work2", replace(SHORT, passes=1))
    assert second.model is None or read_card(tmp_path / "models" / second.model).parent == done.model
    assert done.model.count("-") == 2 and (second.model or done.model).count("-") == 2, "an id does not grow from parent to child"


def test_wrong_labels_change_nothing(base: Path, tmp_path: Path) -> None:
    lines = province()

    def shuffled(samples: list[Sample], seed: int) -> list[Sample]:
        texts = [s.text for s in samples]
        random.Random(seed).shuffle(texts)
        return [replace(s, text=t) for s, t in zip(samples, texts, strict=True)]

    wrong = Lines(shuffled(list(lines.train), 1), shuffled(list(lines.check), 2), lines.held_out)
    done = adapt(base, wrong, tmp_path / "models", tmp_path / "work", replace(OPTIONS, passes=2))
    assert done.model is None and (done.verdict is None or not done.verdict.better)
    assert not (tmp_path / "models").exists() or not list((tmp_path / "models").iterdir())


def test_a_model_as_good_as_its_parent_is_not_switched_to(base: Path, tmp_path: Path) -> None:
    """Lines of hands it knows: whatever the tuning finds, held-out lines do not show a sure gain of a model that learned nothing new."""
    same = compare(base, base, replay.draw_samples(30, 5, FONTS), OPTIONS)
    assert same.held_out.gain == 0 and not same.better


def test_a_killed_run_goes_on_and_ends_the_same(tmp_path: Path) -> None:
    """kill -9 once steps of the second pass are kept; the run after it makes the rest and has the weights of an undisturbed run."""
    state = tmp_path / "killed" / STATE
    state.parent.mkdir()
    script = Path(__file__).with_name("tiny_province.py")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, script, state], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for row in process.stdout:
        if row == "train 1\n":
            break
    before = state.stat().st_mtime_ns
    while state.stat().st_mtime_ns == before and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    kept = torch.load(state, weights_only=True)["at"]
    assert kept["passes"] == 1 and kept["step"] > 0 and not kept["over"], "killed within the second pass"

    torch.set_num_threads(1)
    told: list[int] = []
    lines = province(40, 10, 0)
    again = tune(load_weights(WEIGHTS), lines, state, "k", SHORT, lambda stage, done, of: told.append(done))
    whole = tune(load_weights(WEIGHTS), lines, tmp_path / "whole.pt", "k", SHORT)
    assert told == [1, 2, 3] and again[1] == whole[1] == 3
    for at, reference in zip(*(torch.load(p, weights_only=True)["network"].values() for p in (state, tmp_path / "whole.pt")), strict=True):
        assert torch.equal(at, reference)


def test_a_state_of_other_lines_is_not_gone_on_with(base: Path, tmp_path: Path) -> None:
    card, lines = read_card(base), province(8, 4, 0)
    key = key_of(card, lines, OPTIONS)
    assert key == key_of(card, lines, replace(OPTIONS, minutes=1, threads=2)) != key_of(card, lines, replace(OPTIONS, seed=2))
    assert key != key_of(card, Lines(lines.train[1:], lines.check, ()), OPTIONS)
    short, told = replace(SHORT, passes=1), []
    tune(load_weights(WEIGHTS), lines, tmp_path / STATE, key, short)
    tune(load_weights(WEIGHTS), lines, tmp_path / STATE, "another", short, lambda stage, done, of: told.append(done))
    assert told == [0, 1]


def test_the_time_limit_ends_it_within_a_pass(tmp_path: Path) -> None:
    _, passes, minutes = tune(load_weights(WEIGHTS), province(30, 4, 0), tmp_path / STATE, "k", replace(SHORT, minutes=1e-6))
    assert passes == 1 and minutes < 10


@pytest.mark.parametrize(("change", "reason"), [
    ({"alphabet": "abc"}, "other_letters"), ({"layers": ("cleaned",)}, "other_layers"), ({}, "no_weights")])
def test_models_that_cannot_be_adapted(base: Path, tmp_path: Path, change: dict, reason: str) -> None:
    card = read_card(base)
    check_adaptable(card)
    with pytest.raises(NotAdaptable, match=reason):
        check_adaptable(replace(card, **change) if change else replace(card, file=tmp_path / "model.onnx"))


def test_the_committed_base_is_small() -> None:
    assert WEIGHTS.stat().st_size < 450_000 and HAND not in FONTS
