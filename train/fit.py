"""Trains the handwriting recogniser: `python -m train.fit --help`.

Resumable: lines are drawn into shards once, the training's state is kept every few minutes; the same command goes on where it stopped.
"""
from __future__ import annotations

import argparse
import json
import queue
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from rapidfuzz.distance import Levenshtein

from train.data import ALPHABET, Line, Sources, load_shard, make_shards, plain_real, split_writers
from train.network import Network
from train.shape import HEIGHT, LAYERS, STRIDE
from train.wear import as_input, worn

BUCKET = 32        # pixels


def batches(lines: list[Line], pixels: int, rng: np.random.Generator) -> Iterator[list[Line]]:
    """Groups of lines of like width, about `pixels` padded columns each, in random order.

    Widths are padded to BUCKET and a width's groups are of one size: convolutions are compiled anew for every shape they meet.
    """
    by_width: dict[int, list[int]] = {}
    for i in rng.permutation(len(lines)):
        by_width.setdefault(-(-lines[i][0].shape[1] // BUCKET) * BUCKET, []).append(int(i))
    groups: list[list[int]] = []
    for width, members in sorted(by_width.items()):
        size = max(4, pixels // width // 4 * 4)
        members += members[:-len(members) % size]      # the last group is filled up
        groups += [members[k:k + size] for k in range(0, len(members) // size * size, size)]
    for g in rng.permutation(len(groups)):
        yield [lines[i] for i in groups[g]]


def collate(group: list[Line], bucket: int = BUCKET) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """(images, frames of each, all targets in a row, their lengths)."""
    width = -(-max(x.shape[1] for x, _ in group) // bucket) * bucket
    images = np.full((len(group), LAYERS, HEIGHT, width), -1, np.float32)
    for i, (x, _) in enumerate(group):
        images[i, :, :, :x.shape[1]] = as_input(x)
    lengths = torch.tensor([-(-x.shape[1] // STRIDE) for x, _ in group])
    targets = [torch.tensor([ALPHABET.index(c) + 1 for c in t]) for _, t in group]
    return torch.from_numpy(images), lengths, torch.cat(targets), torch.tensor([len(t) for t in targets])


def stream(shards: list[Path], pixels: int, seed: int, first: int, longest: int) -> Iterator[tuple[torch.Tensor, ...]]:
    """Endless worn batches, prepared in a thread beside the training. first: the pass to begin with; longest: widest line at first."""
    ready: queue.Queue = queue.Queue(maxsize=12)

    def fill() -> None:
        number = first
        while True:
            rng = np.random.default_rng((seed, number))
            order = rng.permutation(len(shards))
            for at in range(0, len(order), 6):
                lines = [line for k in order[at:at + 6] for line in load_shard(shards[k])]
                if number == 0 and at < 24:
                    lines = [x for x in lines if x[0].shape[1] < longest]
                for group in batches([(worn(x, rng), t) for x, t in lines], pixels, rng):
                    ready.put(collate(group))
            number += 1

    threading.Thread(target=fill, daemon=True).start()
    while True:
        yield ready.get()


def greedy(logits: np.ndarray) -> str:
    best = logits.argmax(-1)
    keep = (best != 0) & (best != np.concatenate(([0], best[:-1])))
    return "".join(ALPHABET[i - 1] for i in best[keep])


def cer(network: Network, lines: list[Line]) -> tuple[float, float]:
    """Character error rate and share of whole lines right; spaces and punctuation as they are, case folded."""
    network.eval()
    wrong = total = whole = 0
    with torch.no_grad():
        for line, text in lines:      # one by one, as they will be read
            images, _, _, _ = collate([(line, text)], STRIDE)
            with torch.autocast("cpu", torch.bfloat16):
                logits = network(images.to(memory_format=torch.channels_last))[0].float().numpy()
            d = Levenshtein.distance(greedy(logits), text)
            wrong, total, whole = wrong + d, total + len(text), whole + (d == 0)
    network.train()
    return wrong / max(1, total), whole / max(1, len(lines))


def rate_at(done: float, peak: float) -> float:
    """The learning rate when this share of the time is gone: a short rise, then a cosine to a hundredth."""
    rise = 0.03
    return peak * done / rise if done < rise else peak * (0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * min(1.0, (done - rise) / (1 - rise)))))


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--data", type=Path, required=True, help="folder with handwriting/ words/ names/ admin/")
    p.add_argument("--fonts", type=Path, required=True, help="folder of handwriting fonts (.ttf)")
    p.add_argument("--unseen-fonts", type=Path, required=True, help="folder of handwriting fonts kept for measuring")
    p.add_argument("--work", type=Path, required=True, help="where lines and states are kept")
    p.add_argument("--shards", type=int, default=64, help="shards of 1,000 training lines")
    p.add_argument("--minutes", type=float, default=90, help="time to train")
    p.add_argument("--rate", type=float, default=2e-3)
    p.add_argument("--pixels", type=int, default=14000, help="padded columns a step")
    p.add_argument("--threads", type=int, default=2)
    o = p.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(o.threads)
    writers, unseen = split_writers(o.data)
    shards = make_shards(Sources(o.data, o.fonts, writers), o.work / "train", 1, range(o.shards), o.threads)
    shards += 2 * sorted((o.work / "train").glob("pages-*.npz"))      # of train.pages, seen twice a pass
    held = make_shards(Sources(o.data, o.unseen_fonts, unseen, 0.0), o.work / "unseen", 2, range(1), 1)
    real, composed = plain_real(o.data, unseen), load_shard(held[0])[:500]
    print(f"{len(shards)} shards; {len(composed)} composed and {len(real)} real lines of {len(unseen)} unseen writers", flush=True)

    network = Network(len(ALPHABET) + 1).to(memory_format=torch.channels_last)
    mean = torch.optim.swa_utils.AveragedModel(network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998), use_buffers=True)
    optimiser = torch.optim.AdamW(network.parameters(), lr=o.rate, weight_decay=0.02)
    loss_of = torch.nn.CTCLoss(zero_infinity=True)
    state = o.work / "fit.pt"
    spent, step = 0.0, 0
    if state.exists():
        saved = torch.load(state)
        network.load_state_dict(saved["network"])
        mean.load_state_dict(saved["mean"])
        optimiser.load_state_dict(saved["optimiser"])
        spent, step = saved["spent"], saved["step"]
    network.train()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())      # asked to end: keep the state first
    losses: list[float] = []
    began = last = time.time()
    budget = o.minutes * 60
    seen = 0
    for images, lengths, targets, sizes in stream(shards, o.pixels, 3, 0 if not step else 1 + step, 260):
        done = (spent + time.time() - began) / budget
        for group in optimiser.param_groups:
            group["lr"] = float(rate_at(done, o.rate))
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(images.to(memory_format=torch.channels_last))
        loss = loss_of(logits.float().log_softmax(-1).transpose(0, 1), targets, lengths, sizes)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        mean.update_parameters(network)
        losses.append(loss.item())
        step, seen = step + 1, seen + len(sizes)
        if step % 50 == 0:
            now = time.time() - began
            print(f"step {step} {spent + now:.0f} s loss {np.mean(losses[-50:]):.3f} {seen / now:.0f} lines/s", flush=True)
        if time.time() - last > 600 or done >= 1 or stop.is_set():
            last = time.time()
            torch.save({"network": network.state_dict(), "mean": mean.state_dict(), "optimiser": optimiser.state_dict(),
                        "spent": spent + time.time() - began, "step": step}, state.with_suffix(".part"))
            state.with_suffix(".part").rename(state)
            names = ("real_cer", "real_whole", "composed_cer", "composed_whole")
            figures = dict(zip(names, (*cer(mean.module, real), *cer(mean.module, composed)), strict=True))
            print(json.dumps({"step": step} | {k: round(v, 4) for k, v in figures.items()}), flush=True)
        if done >= 1 or stop.is_set():
            break


if __name__ == "__main__":
    main()
