"""A very small recogniser of figures for the tests of adapting: what it reads, and how its weights (tiny_base.npz) were made.

    python -m tests.train.tiny_base        # some minutes on one core
"""
from __future__ import annotations

from pathlib import Path

import numpy as np

WEIGHTS = Path(__file__).with_name("tiny_base.npz")
FONTS = ("patrick-hand", "mynerve", "mali-italic", "bad-script")        # the hands it learned


def draw_figures(rng: np.random.Generator) -> str:
    """A date, an entry's number or a year."""
    year, number = int(rng.integers(1960, 2026)), int(rng.integers(1, 400))
    day, month = int(rng.integers(1, 32)), int(rng.integers(1, 13))
    return (f"{day:02d}/{month:02d}/{year}", f"{day}/{month}/{year}", f"{number}/{year}", str(year))[int(rng.integers(4))]


def main() -> None:
    import torch

    import train.adapt_replay as replay
    from train.adapt_tuning import cer_of, scaled
    from train.data import ALPHABET
    from train.export import save_weights
    from train.fit import collate, rate_at
    from train.network import Network, Size
    from train.wear import worn

    torch.set_num_threads(1)
    torch.manual_seed(1)
    replay.draw_value = draw_figures
    lines = scaled(replay.draw_samples(500, 1, FONTS))
    network = Network(len(ALPHABET) + 1, Size((6, 8, 12, 16, 24), (1, 1, 1, 1), 32, 0.05))
    optimiser, loss_of = torch.optim.AdamW(network.parameters(), lr=4e-3), torch.nn.CTCLoss(zero_infinity=True)
    passes, size = 24, 12
    for number in range(passes):
        rng = np.random.default_rng((1, number))
        order = sorted(range(len(lines)), key=lambda i: lines[i][0].shape[1] + rng.normal(0, 8))
        groups = [order[k:k + size] for k in range(0, len(order), size)]
        losses = []
        for done, k in enumerate(rng.permutation(len(groups))):
            for group in optimiser.param_groups:
                group["lr"] = rate_at((number + done / len(groups)) / passes, 4e-3)
            images, frames, targets, sizes = collate([(worn(lines[i][0], rng), lines[i][1]) for i in groups[k]])
            loss = loss_of(network(images).log_softmax(-1).transpose(0, 1), targets, frames, sizes)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            losses.append(loss.item())
        print(number, round(float(np.mean(losses)), 3), flush=True)
    save_weights(network.eval(), WEIGHTS)
    for font in replay.font_names():
        print(font, round(cer_of(network, scaled(replay.draw_samples(60, 2, (font,)))), 3), flush=True)


if __name__ == "__main__":
    main()
