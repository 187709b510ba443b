"""Lines of a province's hand for the very small recogniser, and a tuning of it to be killed: `python tiny_province.py STATE`."""
from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch
from tiny_base import FONTS, HAND, WEIGHTS, draw_figures

import train.adapt_replay as replay
from train import adapt_tuning
from train.adapt_tuning import Lines, Options
from train.export import load_weights

OPTIONS = Options(minutes=20, passes=6, patience=6, rate=4e-3, pixels=2500, rehearsed=80, rehearsal=0.9, known=30, general=60,
                  allowed_loss=0.03)      # so small a model learns nothing without losing a little
SHORT = replace(OPTIONS, passes=3, rehearsed=20, known=4)


def figures_alone() -> None:
    """What is rehearsed are figures in the hands the small model learned: it knows no letters."""
    replay.draw_value, replay.font_names = draw_figures, lambda: FONTS      # type: ignore[assignment]


def province(train: int = 80, check: int = 20, held_out: int = 60) -> Lines:
    """Lines of the province's hand, ten to a page."""
    drawn = replay.draw_samples(train + check + held_out, 77, (HAND,))
    paged = [replace(s, group=f"page {n // 10}") for n, s in enumerate(drawn)]
    return Lines(paged[:train], paged[train:train + check], paged[train + check:])


def main() -> None:
    figures_alone()
    torch.set_num_threads(1)
    adapt_tuning.SAVE_SECONDS = 0.0         # a state after every step
    adapt_tuning.tune(load_weights(WEIGHTS), province(40, 10, 0), Path(sys.argv[1]), "k", SHORT,
                      lambda stage, done, of: print(stage, done, flush=True))


if __name__ == "__main__":
    main()
