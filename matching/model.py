"""The parameters of the linkage as a versioned JSON file: how hands err, how the two sources differ, how families are, where to decide."""
from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from importlib import resources
from pathlib import Path

import numpy as np

DEFAULT_MODEL = "link_model_2.json"


@dataclass(frozen=True)
class Hand:
    """How a page was read: the share of pages like it, and the edits expected per letter (0 … 1) on it."""

    name: str
    share: float
    error: float


@dataclass(frozen=True)
class LinkModel:
    """m-probabilities and priors; u-probabilities come from the population itself, by the frequency of each value.

    hands: the latent quality of reading, shares summing to 1.
    spread: how many ways a letter can be misread; the chance of one given misreading is error / spread.
    ear: P(register and population spell a token differently though it sounds alike). token_lost, token_added: a token of the name only
    in one of the two.
    part_redated: P(one of year, month, day differs). renamed, redated, resexed, renumbered: floors, P(the value is quite another
    although the person is the same).
    present: P(the role's person is in the population).
    number_kept: P(the population's number of a parent is that of the parent). name_kept: the same for a parent's or partner's name.
    surname_kept: P(a child bears the father's surname). twins: P(a birth is one of two).
    couple: P(the parents of a child are partners in the population, where it names a partner).
    born_here, living_here: P(the entry's commune is that of the person's birth, of residence), and P(only the district is).
    delays: P(registered 0, 1, 2 … years after birth), the last spread over the years beyond. ages: by role the mean and deviation of the
    age at registration; a role without is of any age. bonds: by parent's role P(the population shows the parent with the child).
    accept, refuse: thresholds of probability.
    image: by part (name, date, year, words, number) the factor on the log-likelihoods of a lattice, above that of the recogniser's card.
    """

    version: str
    hands: tuple[Hand, ...]
    spread: float
    ear: float
    token_lost: float
    token_added: float
    renamed: float
    redated: float
    part_redated: float
    resexed: float
    renumbered: float
    surname_kept: float
    twins: float
    present: dict[str, float]
    number_kept: float
    name_kept: float
    name_altered: float
    couple: float
    born_here: tuple[float, float]
    living_here: tuple[float, float]
    delays: tuple[float, ...]
    ages: dict[str, tuple[float, float]]
    bonds: dict[str, float]
    image: dict[str, float]
    accept: float
    refuse: float
    candidates_kept: int = 12
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def errors(self) -> np.ndarray:
        """float64 (hands,)."""
        return np.array([h.error for h in self.hands])

    @property
    def log_shares(self) -> np.ndarray:
        """float64 (hands,): the log prior of each hand."""
        return np.log(np.array([h.share for h in self.hands]))

    def channel(self, length: np.ndarray, edits: np.ndarray) -> np.ndarray:
        """ln P(read | written) for values of `length` letters read with `edits` edits, by hand: (hands, *shape). A geometric channel:
        each letter right with 1 - error, each edit a given one of `spread`."""
        shape = (-1,) + (1,) * np.ndim(edits)
        right, wrong = np.log1p(-self.errors).reshape(shape), np.log(self.errors / self.spread).reshape(shape)
        return np.maximum(np.asarray(length) - np.asarray(edits), 0) * right + np.asarray(edits) * wrong

    def as_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def parse_model(text: str) -> LinkModel:
    """A model from its JSON; ValueError names what is wrong with it."""
    data = json.loads(text)
    try:
        model = LinkModel(**{
            **data, "hands": tuple(Hand(**h) for h in data["hands"]),
            **{k: tuple(data[k]) for k in ("delays", "born_here", "living_here")},
            "ages": {role: (float(mean), float(deviation)) for role, (mean, deviation) in data["ages"].items()},
        })
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"link model: {error}") from error
    if abs(sum(h.share for h in model.hands) - 1) > 1e-6 or abs(sum(model.delays) - 1) > 1e-6:
        raise ValueError("link model: shares must sum to 1")
    if not 0 <= model.refuse < model.accept <= 1:
        raise ValueError("link model: thresholds must be 0 <= refuse < accept <= 1")
    return model


def load_model(path: Path | None = None) -> LinkModel:
    """The model in `path`, or the one that comes with the program."""
    text = path.read_text("utf-8") if path else (resources.files("matching") / "model_data" / DEFAULT_MODEL).read_text("utf-8")
    return parse_model(text)
