"""What entries without labels tell: how far a reader's images are to be believed, how many people a population lacks."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.linkage import Trial
from matching.entry import Entry, RoleReading
from matching.image_training import LEAST, Seen, best_factor, estimate_images, estimate_present, present_shares
from matching.linker import Linker
from matching.population import PopulationIndex
from ocr.lattice import Lattice
from tests.matching.families import CHILD, index

LETTERS = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ -"


def hand(text: str, shown: str) -> Lattice:
    """A line on which `shown` is read for `text`, as long, which is the second guess throughout."""
    p = np.full((2 * len(text), len(LETTERS) + 1), 1e-4)
    p[1::2, 0] = 1.0
    for k, (c, seen) in enumerate(zip(text, shown, strict=True)):
        p[2 * k, LETTERS.index(c) + 1] += 0.001
        p[2 * k, LETTERS.index(seen) + 1] += 1.0
    return Lattice(np.log(p / p.sum(axis=1, keepdims=True)).astype(np.float16), LETTERS, "test")


def with_images(trial: Trial, linker: Linker) -> list[Entry]:
    """Entries with a clear image of each name of the population."""
    out = []
    for entries, truth in zip(trial.books, trial.truth, strict=True):
        for entry, links in zip(entries, truth, strict=True):
            roles = []
            for r in entry.roles:
                row = linker.index.row_of.get(links.get(r.role, "")) if links.get(r.role) else None
                text = linker.index.names.names[linker.index.name[row]].lower() if row is not None else ""
                roles.append(replace(r, images={"name": hand(text, text)}) if text and set(text) <= set(LETTERS) else r)
            out.append(replace(entry, roles=tuple(roles)))
    return [e for e in out if any(r.images for r in e.roles)][:20]


@pytest.mark.parametrize(("wrong", "least", "most"), [(0, 1.0, 1.25), (3, 0.45, 0.8), (6, 0.3, 0.45)])
def test_images_are_believed_as_far_as_they_are_right(wrong: int, least: float, most: float) -> None:
    """Of ten images of one name, `wrong` show another person's as surely as can be: the more, the less an image is believed."""
    other = replace(CHILD, personal_id="044307000009", name="LÊ THỊ HOAN")
    linker = Linker(index(extra=(other,)))
    rows = np.arange(len(linker.index))
    meant = (rows == linker.index.row_of[CHILD.personal_id]).astype(float)
    seen = []
    for k in range(10):
        shown = hand("lê thị loan", "lê thị hoan" if k < wrong else "lê thị loan")
        seen.append(Seen(RoleReading("nks", ("lê", "thị", "loan"), images={"name": shown}), 2007, rows, meant))
    assert least <= best_factor(linker, "name", seen) <= most


def test_clear_images_are_believed(trial: Trial, linker: Linker) -> None:
    assert estimate_images(linker, with_images(trial, linker), ["name"]).image["name"] >= 1.0


def test_few_images_change_nothing(trial: Trial, linker: Linker) -> None:
    few = with_images(trial, linker)[: LEAST // 5]
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
