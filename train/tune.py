"""Tunes the recogniser's head on composed and real lines and writes the model: `python -m train.tune --help`.

Resumable: features are written shard by shard, the head's state after every pass; the same command goes on where it stopped.
"""
from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from rapidfuzz.distance import Levenshtein

from train.backbone import Backbone, asternet_file
from train.data import ALPHABET, Sources, load_shard, make_shards, plain_real, split_writers, tensor_of
from train.export import write_model
from train.head import Head, load_asternet


def old_columns() -> list[list[int]]:
    """For each new symbol (blank first) AsterNet's outputs of either case."""
    from ocr.recogniser import list_models
    old = next(c for c in list_models() if c.id == "asternet").alphabet
    return [[0], *([i + 1 for i, o in enumerate(old) if o.lower() == c] for c in ALPHABET)]


def batches(lines: list[tuple[np.ndarray, str]], frames: int, rng: np.random.Generator):
    """Groups of lines of like length, at most `frames` padded frames each, in random order."""
    order = sorted(range(len(lines)), key=lambda i: len(lines[i][0]) + rng.uniform(0, 6))
    groups, group = [], []
    for i in order:
        if group and len(lines[i][0]) * (len(group) + 1) > frames:
            groups.append(group)
            group = []
        group.append(i)
    groups.append(group)
    for g in rng.permutation(len(groups)):
        yield [lines[i] for i in groups[g]]


def collate(group: list[tuple[np.ndarray, str]]):
    lengths = torch.tensor([len(f) for f, _ in group])
    x = torch.zeros(len(group), int(lengths.max()), group[0][0].shape[1])
    for i, (f, _) in enumerate(group):
        x[i, :len(f)] = torch.from_numpy(f.astype(np.float32))
    absent = torch.arange(x.shape[1])[None] >= lengths[:, None]
    targets = [torch.tensor([ALPHABET.index(c) + 1 for c in t]) for _, t in group]
    return x, lengths, absent, torch.cat(targets), torch.tensor([len(t) for t in targets])


def greedy(log_probs: np.ndarray) -> str:
    best = log_probs.argmax(-1)
    keep = (best != 0) & (best != np.concatenate(([0], best[:-1])))
    return "".join(ALPHABET[i - 1] for i in best[keep])


def cer(head: Head, lines: list[tuple[np.ndarray, str]]) -> tuple[float, float]:
    """Character error rate and share of whole lines right; spaces and punctuation as they are, case folded."""
    head.eval()
    wrong = total = whole = 0
    with torch.no_grad():
        for features, text in lines:
            read = greedy(head(torch.from_numpy(features.astype(np.float32))[None])[0].numpy())
            d = Levenshtein.distance(read, text)
            wrong, total, whole = wrong + d, total + len(text), whole + (d == 0)
    return wrong / max(1, total), whole / max(1, len(lines))


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--data", type=Path, required=True, help="folder with handwriting/ words/ names/ admin/")
    p.add_argument("--fonts", type=Path, required=True, help="folder of handwriting fonts (.ttf)")
    p.add_argument("--work", type=Path, required=True, help="where features and states are kept")
    p.add_argument("--out", type=Path, required=True, help="model folder to write")
    p.add_argument("--id", default="sogoc-tay-1")
    p.add_argument("--shards", type=int, default=80, help="shards of 250 training lines")
    p.add_argument("--passes", type=int, default=3)
    p.add_argument("--rate", type=float, default=4e-4)
    p.add_argument("--frames", type=int, default=1600, help="padded frames a step")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--minutes", type=float, default=1e9, help="stop tuning after so long and write what there is")
    o = p.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(o.threads)
    train_writers, unseen = split_writers(o.data)
    shards = make_shards(Sources(o.data, o.fonts, train_writers), o.work / "train", 1, range(o.shards), o.threads)
    held = make_shards(Sources(o.data, o.fonts, unseen, real_lines=False), o.work / "unseen", 2, range(3), o.threads)
    backbone = Backbone()
    real = [(backbone.features(tensor_of(line)), text) for line, text in plain_real(o.data, unseen)]
    composed = [(f, t) for s in map(load_shard, held) for f, t in zip(s.features, s.labels, strict=True)]
    lines = [(f, t) for s in map(load_shard, shards) for f, t in zip(s.features, s.labels, strict=True) if len(f) > 2 * len(t) ** 0.9]
    print(f"{len(lines)} lines to tune on, {len(composed)} composed and {len(real)} real lines of {len(unseen)} unseen writers", flush=True)

    head = Head(len(ALPHABET) + 1)
    load_asternet(head, asternet_file(), old_columns())
    steps = sum(1 for _ in batches(lines, o.frames, np.random.default_rng(0))) * o.passes
    optimiser = torch.optim.AdamW([w for w in head.parameters() if w.requires_grad], lr=o.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, o.rate, total_steps=int(steps * 1.02) + 10, pct_start=0.08)
    loss_of = torch.nn.CTCLoss(zero_infinity=True)
    state = o.work / "state.pt"
    start = 0
    figures: dict[str, float] = {}
    if state.exists():
        saved = torch.load(state)
        head.load_state_dict(saved["head"])
        optimiser.load_state_dict(saved["optimiser"])
        schedule.load_state_dict(saved["schedule"])
        start = saved["passes"]
    else:
        (real_cer, _), (composed_cer, _) = cer(head, real[:100]), cer(head, composed[:150])
        print(f"before: real_cer {real_cer:.3f}, composed_cer {composed_cer:.3f}", flush=True)
    began = time.time()
    for number in range(start, o.passes):
        rng = np.random.default_rng((3, number))
        head.train()
        losses = []
        for step, group in enumerate(batches(lines, o.frames, rng)):
            x, lengths, absent, targets, sizes = collate(group)
            if rng.random() < 0.5:      # features hidden for a few frames: the reader must not lean on one stroke
                for i in range(len(group)):
                    at = int(rng.integers(0, max(1, int(lengths[i]) - 3)))
                    x[i, at:at + int(rng.integers(1, 4))] = 0
            loss = loss_of(head(x, absent).transpose(0, 1), targets, lengths, sizes)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(head.parameters(), 5.0)
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
            if step % 20 == 0:
                print(f"pass {number} step {step} loss {np.mean(losses[-100:]):.3f} {time.time() - began:.0f} s", flush=True)
            if time.time() - began > o.minutes * 60:
                break
        names = ("real_cer", "real_whole", "composed_cer", "composed_whole")
        figures = dict(zip(names, (*cer(head, real), *cer(head, composed)), strict=True))
        print(f"pass {number}: " + ", ".join(f"{k} {v:.4f}" for k, v in figures.items()), flush=True)
        torch.save({"head": head.state_dict(), "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict(),
                    "passes": number + 1}, state)
        if time.time() - began > o.minutes * 60:
            break
    counts = {"writers": len(train_writers), "unseen_writers": len(unseen), "lines": len(lines), "passes": o.passes}
    write_model(head, o.out, o.id, figures | counts)
    print(json.dumps(figures | counts))


if __name__ == "__main__":
    main()
