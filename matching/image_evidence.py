"""Evidence from the image itself: how well a person's name explains the lattice, against all the names it might have been.

weight(n) = tau s(n) - ln sum over names n' of share(n') exp(tau s(n')), where s is the lattice's CTC log-likelihood and tau (the
model's `image`)
makes up for frames that are not independent. The sum runs over the likeliest names and the reader's own text, which stands for a name that
nobody in the population bears. Text and image are two accounts of one reading; either may have gone astray, so the weight is that of
their mean.
"""
from __future__ import annotations

import numpy as np

from matching.model import LinkModel
from matching.population import NameTable
from ocr.lattice import Lattice
from records.names import written_case


def image_weights(lattice: Lattice, by_text: np.ndarray, name_ids: np.ndarray, names: NameTable, sex: int, model: LinkModel,
                  limit: int) -> np.ndarray:
    """Match weights (hands, people): by_text, the weights of the text, mixed with the lattice's for the `limit` names that the text makes
    likeliest; for the rest the lattice gives the floor."""
    distinct, back = np.unique(name_ids, return_inverse=True)
    best_of_text = np.full(len(distinct), -np.inf)
    np.maximum.at(best_of_text, back, by_text.max(axis=0))
    order = np.lexsort((distinct, -best_of_text))[:limit]
    floor = np.log(model.renamed)
    weight = np.full(len(distinct), floor)
    chosen = [k for k in order if names.length[distinct[k]]]
    if chosen:
        scores = model.image * lattice_scores(lattice, [names.names[distinct[k]] for k in chosen])
        own = model.image * max(lattice.score(lattice.best_text()), float(scores.max()) / model.image)
        share = np.log(names.share(distinct[chosen], sex))
        unseen = own - np.log(20 * names.total[sex])
        total = np.logaddexp(np.logaddexp.reduce(share + scores), unseen)
        weight[chosen] = np.logaddexp(scores - total + np.log1p(-model.renamed), floor)
    weight[names.length[distinct] == 0] = 0.0
    return np.logaddexp(weight[back][None, :], by_text) - np.log(2)


def lattice_scores(lattice: Lattice, names: list[str]) -> np.ndarray:
    """float64 (names,): ln P(the name is written | image), the better of capitals and ordinary writing."""
    written = [written_case(n) for n in names]
    return np.maximum(lattice.scores(written), lattice.scores([n.upper() for n in names]))
