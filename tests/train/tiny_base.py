"""A very small recogniser of figures for the tests of adapting: what it reads, and how its weights (tiny_base.npz) were made.

    python -m tests.train.tiny_base        # some minutes on one core
"""
from __future__ import annotations

from pathlib import Path

import numpy as np

WEIGHTS = Path(__file__).with_name("tiny_base.npz")
HAND = "ms-madi"        # a hand it never saw
FONTS = ("patrick-hand", "mynerve")        # the hands it learned


def draw_figures(rng: np.random.Generator) -> str:
    """A date, an entry's number or a year."""
    year, number = int(rng.integers(1960, 2026)), int(rng.integers(1, 400))
    day, month = int(rng.integers(1, 32)), int(rng.integers(1, 13))
    return (f"{day:02d}/{month:02d}/{year}", f"{day}/{month}/{year}", f"{number}/{year}", str(year))[int(rng.integers(4))]


def centres(line: np.ndarray, text: str, frames: int) -> np.ndarray:
    """Where the letters would stand if all were of one width: each frame's letter as an index of `text`, -1 between. A first lesson: CTC
    alone takes long to find out that letters have places."""
    ink = np.flatnonzero((line[..., 0] < 200).any(axis=0))
    at = ink[0] + (np.arange(len(text)) + 0.5) / len(text) * (ink[-1] - ink[0])
    out = np.full(frames, -1)
    out[np.minimum(frames - 1, (at / 4).astype(int))] = np.arange(len(text))
    return out


def main() -> None:
    import torch
    from torch.nn.functional import cross_entropy

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
    network = Network(len(ALPHABET) + 1, Size((8, 12, 20, 32, 48), (1, 1, 1, 1), 48, 0.05))
    optimiser, loss_of = torch.optim.AdamW(network.parameters(), lr=3e-3), torch.nn.CTCLoss(zero_infinity=True)
    passes, lessons, size = 36, 14, 12
    weights = torch.ones(len(ALPHABET) + 1)
    weights[0] = 0.15
    for number in range(passes):
        rng = np.random.default_rng((1, number))
        order = sorted(range(len(lines)), key=lambda i: lines[i][0].shape[1] + rng.normal(0, 8))
        groups = [order[k:k + size] for k in range(0, len(order), size)]
        losses = []
        for done, k in enumerate(rng.permutation(len(groups))):
            for group in optimiser.param_groups:
                group["lr"] = rate_at((number + done / len(groups)) / passes, 3e-3)
            group = [lines[i] if number < lessons else (worn(lines[i][0], rng), lines[i][1]) for i in groups[k]]
            images, frames, targets, sizes = collate(group)
            out = network(images)
            if number < lessons:
                wanted = torch.zeros(out.shape[:2], dtype=torch.long)
                for n, (x, text) in enumerate(group):
                    place = centres(x, text, int(frames[n]))
                    wanted[n, :len(place)] = torch.tensor([ALPHABET.index(text[i]) + 1 if i >= 0 else 0 for i in place])
                loss = cross_entropy(out.flatten(0, 1), wanted.flatten(), weights)
            else:
                loss = loss_of(out.log_softmax(-1).transpose(0, 1), targets, frames, sizes)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            losses.append(loss.item())
        print(number, round(float(np.mean(losses)), 3), flush=True)
        if number >= lessons:
            save_weights(network.eval(), WEIGHTS)
            network.train()
    for font in replay.font_names():
        print(font, round(cer_of(network, scaled(replay.draw_samples(60, 2, (font,)))), 3), flush=True)


if __name__ == "__main__":
    main()
