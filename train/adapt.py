"""Adapts a recogniser to a province's own hands: tunes all its weights on lines that people verified, tells whether it got better.

Verified lines are mixed with composed ones, so that nothing else is forgotten; normalisation stays as it was learned, for a batch of one
office's hands is no sample of the world. Training stops when lines set apart no longer get better. Killed at any moment, the same call
goes on from the last state and ends with the same weights; only the time limit makes a difference.
"""
from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ocr.recogniser import ModelCard, Recogniser, read_card
from train.adapt_replay import draw_samples
from train.adapt_temperature import moved, temperature_factor
from train.adapt_tuning import Lines, Options, Tell, tune
from train.adapt_verdict import Verdict, measure_gain, read_samples
from train.data import ALPHABET
from train.export import CARD, WEIGHTS, load_weights, write_model
from train.sample import Sample

STATE = "state.pt"
USUAL = Options()


@dataclass(frozen=True)
class Adapted:
    """What came of it. model: id of the new model, None where nothing was learned or the verdict is against it; verdict: None where no pass
    made the lines set apart read better."""

    model: str | None
    verdict: Verdict | None
    passes: int
    minutes: float


class NotAdaptable(Exception):
    """The model cannot be adapted. `reason` is stable: no_weights, other_letters, other_layers."""

    def __init__(self, reason: str, model: str):
        super().__init__(f"{reason}: {model}")
        self.reason, self.model = reason, model


def check_adaptable(card: ModelCard) -> None:
    """Raises NotAdaptable for a model without its weights, or of another network than this program trains."""
    if not card.file.with_name(WEIGHTS).is_file():
        raise NotAdaptable("no_weights", card.id)
    if card.alphabet != ALPHABET:
        raise NotAdaptable("other_letters", card.id)
    if card.layers != ("cleaned", "plain"):
        raise NotAdaptable("other_layers", card.id)


def adapt(parent: Path, lines: Lines, models: Path, work: Path, options: Options = USUAL, today: date | None = None,
          trained_on: Mapping[str, Any] | None = None, tell: Tell = lambda stage, done, of: None) -> Adapted:
    """Adapt the model in folder `parent`; a better one is put into `models` under a new id. work: a folder for the state, to be removed
    when all is done. trained_on: numbers for the new model's card.

    Raises NotAdaptable.
    """
    card = read_card(parent)
    check_adaptable(card)
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    network = load_weights(parent / WEIGHTS)
    tuned, passes, minutes = tune(network, lines, work / STATE, key_of(card, lines, options), options, tell)
    if tuned is None:
        return Adapted(None, None, passes, minutes)
    digest = hashlib.sha256(b"".join(t.numpy().tobytes() for t in tuned.state_dict().values())).hexdigest()[:6]
    base = re.sub(r"-\d{8}-[0-9a-f]{6}$", "", card.id)
    model = f"{base}-{today or date.today():%Y%m%d}-{digest}"
    new = models / f".{model}"
    said: dict[str, Any] = {
        "id": model, "title": card.title, "version": card.version, "licence": card.licence, "preference": 0,
        "temperatures": dict(card.temperatures), "notes": f"Adapted from {card.id} to the hands of one province.", "parent": card.id,
        "trained_on": {**(trained_on or {}), "lines": len(lines.train), "passes": passes, "seed": options.seed},
    }
    write_model(tuned, new, said)
    verdict = compare(parent, new, lines.held_out, options, tell)
    if not verdict.better:
        shutil.rmtree(new)
        return Adapted(None, verdict, passes, minutes)
    factor = temperature_factor(Recogniser(card), Recogniser(read_card(new)), lines.held_out)
    said["trained_on"]["temperature_factor"] = factor
    text = json.loads((new / CARD).read_text("utf-8")) | {
        "figures": verdict.figures(), "temperatures": moved(card.temperatures, factor), "trained_on": said["trained_on"]}
    (new / CARD).write_text(json.dumps(text, ensure_ascii=False, indent=1) + "\n", "utf-8")
    if (models / model).exists():
        shutil.rmtree(new)      # finished before, killed after: the same weights are there
    else:
        new.rename(models / model)
    return Adapted(model, verdict, passes, minutes)


def compare(old: Path, new: Path, held_out: Sequence[Sample], options: Options = USUAL,
            tell: Tell = lambda stage, done, of: None) -> Verdict:
    """Both models, as the reader would load them, on the held-out lines and on composed ones that no adapting has seen."""
    general = draw_samples(options.general, options.seed + 1_000_003)
    readers = [Recogniser(read_card(f)) for f in (old, new)]
    gains = []
    for samples in (held_out, general):
        a, b = (read_samples(r, samples) for r in readers)
        gains.append(measure_gain(a, b, [s.group for s in samples], options.seed))
        tell("compare", len(gains), 2)
    return Verdict(*gains, options.allowed_loss)


def key_of(card: ModelCard, lines: Lines, options: Options) -> str:
    """What a state belongs to: the model, the lines, and all options but the time and the threads."""
    digest = hashlib.sha256(repr((card.id, card.sha256, sorted(asdict(options).items() - {("minutes", options.minutes),
                                                                                         ("threads", options.threads)}))).encode())
    for s in (*lines.train, *lines.check):
        digest.update(s.text.encode() + s.line.tobytes())
    return digest.hexdigest()
