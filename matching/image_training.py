"""How much a reader's images are to be believed, and how many people a population lacks, from entries nobody labelled.

The text alone says who each role probably is (the E step); the factor of a kind of image is then the one under which the images speak most
for these people, in the mean (the M step): too small a factor leaves evidence unused, too great a one punishes what was misread. The shares
of people present are the mean of what the linker believes, asked again until they settle.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from matching.decision import LinkDecision
from matching.entry import Entry, RoleReading
from matching.image_evidence import ImageComparison
from matching.linker import Linker
from matching.model import LinkModel

PARTS = ("name", "date", "year", "number")
GRID = (0.3, 0.45, 0.6, 0.8, 1.0, 1.25)
LEAST = 30              # images of a kind below which its factor is left alone
_AS_SURE_AS = 20        # roles that the model's own share of people present counts for
_ROUNDS = 4


@dataclass(frozen=True)
class Seen:
    """One image with the people it may show: rows, P(they are meant) by the text."""

    reading: RoleReading
    year: int
    rows: np.ndarray
    meant: np.ndarray


def estimate_images(linker: Linker, entries: Sequence[Entry], parts: Sequence[str] = PARTS) -> LinkModel:
    """The linker's model with the factors of these parts fitted to the entries' images; a part with few images keeps its own."""
    seen, model = _images(linker, entries), linker.model
    found = {part: best_factor(linker, part, seen[part]) for part in parts if len(seen[part]) >= LEAST}
    return replace(model, image=model.image | found)


def best_factor(linker: Linker, part: str, seen: Sequence[Seen]) -> float:
    """The factor of the grid under which these images speak most for whom they are meant to show; the smallest of equals."""
    worth = [(mean_weight(linker, replace(linker.model, image=linker.model.image | {part: f}), part, seen), -f) for f in GRID]
    return -max(worth)[1]


def mean_weight(linker: Linker, model: LinkModel, part: str, seen: Sequence[Seen]) -> float:
    """The mean match weight (nats) that the images of a part have under the model for whom the text means."""
    images, comparer, total = ImageComparison(linker.index, model), linker.comparer, 0.0
    for s in seen:
        by_text = comparer.names.weights(list(s.reading.tokens), linker.index.name[s.rows], s.reading.sex)
        only = replace(s.reading, images={k: x for k, x in s.reading.images.items() if k in (part, "words")})
        none = np.zeros_like(by_text)
        name, birth, number = images.instead_of(by_text, none, none, only, s.rows, comparer.year_prior(s.reading.role, s.year))
        weights = {"name": name, "number": number}.get(part, birth)[0]
        total += float(s.meant @ weights)
    return total / max(1, len(seen))


def _images(linker: Linker, entries: Sequence[Entry]) -> dict[str, list[Seen]]:
    """By part, the images of roles of which the text knows somebody."""
    plain = [replace(e, roles=tuple(replace(r, images={}) for r in e.roles)) for e in entries]
    out: defaultdict[str, list[Seen]] = defaultdict(list)
    for entry, bare, decisions in zip(entries, plain, linker.link(plain), strict=True):
        if not any(r.images for r in entry.roles):
            continue
        blocked = linker.candidates(bare)
        for reading in entry.roles:
            probability = {linker.index.row_of[c.personal_id]: c.probability for c in decisions[reading.role].candidates}
            rows = np.union1d(blocked[reading.role], np.array(list(probability), dtype=np.int64)).astype(np.int64)
            meant = np.array([probability.get(int(r), 0.0) for r in rows])
            if meant.sum() > 0.5:
                for part in reading.images:
                    out[part].append(Seen(reading, entry.year, rows, meant))
    return out


def estimate_present(linker: Linker, entries: Sequence[Entry]) -> LinkModel:
    """The linker's model with P(the role's person is in the population) by role as the entries tell, from the population's own gaps."""
    model = linker.model
    for _ in range(_ROUNDS):
        found = present_shares(Linker(linker.index, model).link(entries), model.present)
        settled = all(abs(found[r] - model.present[r]) < 0.005 for r in found)
        model = replace(model, present=model.present | found)
        if settled:
            break
    return model


def present_shares(decisions: Sequence[Mapping[str, LinkDecision]], before: Mapping[str, float]) -> dict[str, float]:
    """By role the mean probability that the person is in the population, drawn towards what was thought before."""
    sums: defaultdict[str, list[float]] = defaultdict(list)
    for by_role in decisions:
        for role, decision in by_role.items():
            sums[role].append(min(sum(c.probability for c in decision.candidates), 1.0))
    return {role: (sum(p) + _AS_SURE_AS * before[role]) / (len(p) + _AS_SURE_AS) for role, p in sums.items()}
