"""What entries without labels tell: how far a reader's images are to be believed, how many people a population lacks."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rapidfuzz.distance import Hamming

from bench.linkage import Trial
from matching.entry import Entry
from matching.image_training import GRID, LEAST, estimate_images, estimate_present, present_shares
from matching.linker import Linker
from matching.population import PopulationIndex
from ocr.lattice import Lattice

LETTERS = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ -"


def hand(text: str, shown: str) -> Lattice:
    """A line on which `shown` is read for `text`, as long, which is the second guess throughout."""
    p = np.full((2 * len(text), len(LETTERS) + 1), 1e-4)
    p[1::2, 0] = 1.0
    for k, (c, seen) in enumerate(zip(text, shown, strict=True)):
        p[2 * k, LETTERS.index(c) + 1] += 0.02
        p[2 * k, LETTERS.index(seen) + 1] += 1.0
    return Lattice(np.log(p / p.sum(axis=1, keepdims=True)).astype(np.float16), LETTERS, "test")


def with_images(trial: Trial, linker: Linker, error: float) -> list[Entry]:
    """Entries with an image of each name of the population; in `error` of them the reader takes it for the nearest other name as long."""
    rng, out = np.random.default_rng(3), []
    names = sorted({t for n in linker.index.names.names if (t := n.lower()) and set(t) <= set(LETTERS)})
    for entries, truth in zip(trial.books, trial.truth, strict=True):
        for entry, links in zip(entries, truth, strict=True):
            roles = []
            for r in entry.roles:
                row = linker.index.row_of.get(links.get(r.role, "")) if links.get(r.role) else None
                text = linker.index.names.names[linker.index.name[row]].lower() if row is not None else ""
                if text in names:
                    others = [n for n in names if len(n) == len(text) and n != text]
                    near = min(others, key=lambda n: (Hamming.distance(n, text), n)) if rng.random() < error and others else text
                    r = replace(r, images={"name": hand(text, near)})
                roles.append(r)
            out.append(replace(entry, roles=tuple(roles)))
    return [e for e in out if any(r.images for r in e.roles)][:20]


def test_images_that_err_are_believed_less(trial: Trial, linker: Linker) -> None:
    clear, wild = (estimate_images(linker, with_images(trial, linker, e), ["name"]).image["name"] for e in (0.0, 0.5))
    assert wild < clear
    assert {clear, wild} <= set(GRID)


def test_few_images_change_nothing(trial: Trial, linker: Linker) -> None:
    few = with_images(trial, linker, 0.0)[: LEAST // 5]
    assert estimate_images(linker, few) == linker.model


def test_the_share_of_people_a_population_has_is_found(trial: Trial) -> None:
    rng = np.random.default_rng(11)
    people = [p for p in trial.people if rng.random() < 0.6]
    kept = {p.personal_id for p in people}
    pairs = [(e, t) for book in zip(trial.books, trial.truth, strict=True) for e, t in zip(*book, strict=True) if e.kind == "KH"]
    truth = [t[r.role] in kept for e, t in pairs for r in e.roles if r.role in t]
    found = estimate_present(Linker(PopulationIndex.build(people)), [e for e, _ in pairs]).present
    assert np.mean([found["vo"], found["chong"]]) == pytest.approx(np.mean(truth), abs=0.1)
    assert found["nks"] == 0.92                    # no births were asked about


def test_few_roles_hardly_move_the_share() -> None:
    assert present_shares([], {"vo": 0.9}) == {}
    assert present_shares([{}], {"vo": 0.9}) == {}
