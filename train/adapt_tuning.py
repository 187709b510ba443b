"""The tuning of an adapted recogniser: small steps over verified and composed lines, stopped in time, gone on with after a kill."""
from __future__ import annotations

import copy
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rapidfuzz.distance import Levenshtein

from train.adapt_replay import draw_samples
from train.adapt_verdict import ALLOWED_LOSS
from train.data import ALPHABET, Line, to_height
from train.fit import collate, greedy, rate_at
from train.network import Network
from train.sample import Sample
from train.shape import STRIDE
from train.wear import worn

SAVE_SECONDS = 60.0
WIDEST = 1400               # pixels of a line at the network's height; a longer one is read in parts and is not learned from
Tell = Callable[[str, int, int], None]      # stage, done, of


@dataclass(frozen=True)
class Options:
    """How to adapt. passes: over the verified lines, at most; patience: passes without a gain that end it; rate: the greatest learning
    rate; pixels: padded columns a step; rehearsed: composed lines at hand; rehearsal: how many of them a pass takes for each verified line
    (64 at least); known: composed lines that each pass is checked with; general: composed lines for the comparison;
    allowed_loss: how much worse composed lines may be read (CER)."""

    minutes: float = 360.0
    seed: int = 1
    threads: int = 1
    passes: int = 40
    patience: int = 6
    rate: float = 4e-4
    pixels: int = 6000
    rehearsed: int = 2000
    rehearsal: float = 0.6
    known: int = 100
    general: int = 400
    allowed_loss: float = ALLOWED_LOSS


@dataclass(frozen=True)
class Lines:
    """What there is to learn from, to stop by and to compare with; no page is in two of them."""

    train: Sequence[Sample]
    check: Sequence[Sample]
    held_out: Sequence[Sample]


def tune(network: Network, lines: Lines, state: Path, key: str, options: Options,
         tell: Tell = lambda stage, done, of: None) -> tuple[Network | None, int, float]:
    """(the network of the best pass, or None if none was better than it came; passes made; minutes spent, earlier runs included)."""
    torch.set_num_threads(options.threads)
    own, check = scaled(lines.train), scaled(lines.check)
    rehearsed = scaled(draw_samples(options.rehearsed, options.seed))
    known = scaled(draw_samples(options.known, options.seed + 500_009))
    mean = torch.optim.swa_utils.AveragedModel(network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.98))
    optimiser = torch.optim.AdamW(network.parameters(), lr=options.rate, weight_decay=0.01)
    at = _resume(state, key, network, mean, optimiser)
    if at.first is None:
        at.first = (cer_of(network, check), cer_of(network, known))
        at.best_cer = at.first[0]
    loss_of = torch.nn.CTCLoss(zero_infinity=True)
    began = last = time.monotonic()
    limit = options.minutes * 60
    tell("train", at.passes, options.passes)
    while not at.over:
        groups = batches_of(own, rehearsed, options, at.passes)
        training(network)
        for number in range(at.step, len(groups)):
            for group in optimiser.param_groups:
                done = (at.passes + number / len(groups)) / options.passes
                group["lr"] = float(rate_at(done, options.rate))        # a number of numpy's could not be loaded again
            rng = np.random.default_rng((options.seed, at.passes, number))
            torch.manual_seed(int(rng.integers(2**31)))
            images, frames, targets, sizes = collate([(worn(x, rng), t) for x, t in groups[number]])
            loss = loss_of(network(images).log_softmax(-1).transpose(0, 1), targets, frames, sizes)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            mean.update_parameters(network)
            at.step = number + 1
            if at.spent + time.monotonic() - began > limit:
                break
            if time.monotonic() - last > SAVE_SECONDS:
                last = time.monotonic()
                _keep(state, key, at, last - began, network, mean, optimiser)
        at.passes, at.step = at.passes + 1, 0
        reached, general = cer_of(mean.module, check), cer_of(mean.module, known)
        at.stale += 1
        if reached < at.best_cer and general <= at.first[1] + options.allowed_loss:
            at.best_cer, at.stale, at.best = reached, 0, copy.deepcopy(mean.module.state_dict())
        at.over = at.passes >= options.passes or at.stale >= options.patience or at.spent + time.monotonic() - began > limit
        last = time.monotonic()
        _keep(state, key, at, last - began, network, mean, optimiser)
        tell("train", at.passes, options.passes)
    minutes = (at.spent + time.monotonic() - began) / 60
    if at.best is None:
        return None, at.passes, minutes
    network.load_state_dict(at.best)
    return network.eval(), at.passes, minutes


@dataclass
class _At:
    """Where the work is. first: error rates before it, on the lines set apart and on composed ones; step: within the pass."""

    passes: int = 0
    step: int = 0
    spent: float = 0.0
    stale: int = 0
    over: bool = False
    first: tuple[float, float] | None = None
    best_cer: float = 1.0
    best: dict[str, torch.Tensor] | None = None


def _resume(state: Path, key: str, network: Network, mean: torch.nn.Module, optimiser: torch.optim.Optimizer) -> _At:
    if not state.exists():
        return _At()
    saved = torch.load(state, weights_only=True)
    if saved["key"] != key:
        return _At()
    network.load_state_dict(saved["network"])
    mean.load_state_dict(saved["mean"])
    optimiser.load_state_dict(saved["optimiser"])
    return _At(**saved["at"])


def _keep(state: Path, key: str, at: _At, seconds: float, network: Network, mean: torch.nn.Module,
          optimiser: torch.optim.Optimizer) -> None:
    """Write the state in one step: whoever is killed meanwhile finds the one before."""
    now = {f: getattr(at, f) for f in at.__dataclass_fields__} | {"spent": at.spent + seconds}
    part = state.with_suffix(".part")
    with part.open("wb") as f:
        torch.save({"key": key, "at": now, "network": network.state_dict(), "mean": mean.state_dict(),
                    "optimiser": optimiser.state_dict()}, f)
        f.flush()
        os.fsync(f.fileno())
    part.replace(state)


def scaled(samples: Sequence[Sample]) -> list[Line]:
    """The lines at the network's height; those too long for one reading and those too short for their text are left out."""
    out = [(to_height(s.line), s.text) for s in samples if s.text and set(s.text) <= set(ALPHABET)]
    return [(x, t) for x, t in out if x.shape[1] <= WIDEST and x.shape[1] * 0.7 / STRIDE > len(t) + 1]


def batches_of(own: Sequence[Line], rehearsed: Sequence[Line], options: Options, number: int) -> list[list[Line]]:
    """The steps of a pass: every verified line once and composed ones among them, lines of like width together, in an order by chance."""
    rng = np.random.default_rng((options.seed, number))
    picks = rng.permutation(len(rehearsed))[:max(64, round(options.rehearsal * len(own)))]
    lines = [*own, *(rehearsed[i] for i in picks)]
    widths = np.array([x.shape[1] for x, _ in lines]) * np.exp(rng.normal(0, 0.1, len(lines)))
    groups: list[list[Line]] = [[]]
    for i in np.argsort(widths, kind="stable"):
        if groups[-1] and (len(groups[-1]) + 1) * lines[i][0].shape[1] > options.pixels:
            groups.append([])
        groups[-1].append(lines[i])
    return [groups[i] for i in rng.permutation(len(groups))]


def training(network: Network) -> None:
    """Training mode, but with the normalisation's statistics as they were learned."""
    network.train()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()


def cer_of(network: Network, lines: Sequence[Line]) -> float:
    """Character error rate, first guess, line by line as they will be read."""
    network.eval()
    wrong = 0
    with torch.no_grad():
        for line, text in lines:
            wrong += Levenshtein.distance(greedy(network(collate([(line, text)], STRIDE)[0])[0].numpy()), text)
    return wrong / max(1, sum(len(t) for _, t in lines))
