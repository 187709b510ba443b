"""Where a form's millimetres fall on a page's pixels: a robust first placement from label sightings, then one that bends with the paper."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ocr.label_search import Sighting, letters
from records.forms import Form

_MOST_TURN = 0.09                       # radians: the page is level already, a phone's picture nearly so
_SCALE_RANGE = 0.5, 1.7                 # of the scale that the dpi promises
_FIRST_REACH, _LAST_REACH = 6.0, 2.5    # mm a label may lie from its place, before and after fitting
_SEEDS = 70                             # sightings that may propose a placement
_STIFFNESS = np.array([0.0, 0.0, 0.0, 0.3, 0.3, 0.3])   # penalty on bending, in units of one label's weight (u, v of ±1)
_OUTLIER = 1.0                          # mm: farther off than this counts less and less (Huber)
_NEAR = 22.0, 35.0                      # mm across and down over which what is left after the fit is alike (a sheet bends along its fold)
_DOUBT = 0.7                            # in units of one label: how much nearness it takes to be believed


@dataclass(frozen=True)
class Placement:
    """Maps the form's millimetres to pixels: each coordinate a quadratic polynomial, coefficients (6, 2) of `_terms`, and what labels
    and leaders near the point are off it (a sheet that dips into the fold follows no polynomial).

    left: (n, 4) of millimetres x, y, pixels off, weight, for the x coordinate first, then for y.
    found: the sighting of each label, by its number, that agrees. scale: pixels a millimetre. score: 0..1, share of the
    form's label letters found in place. error: median mm between found labels and their places.
    """

    form: Form
    coefficients: np.ndarray
    found: Mapping[int, Sighting]
    score: float
    scale: float
    error: float = 0.0
    left: tuple[np.ndarray, ...] = ()

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Pixel of a point given in mm."""
        u, v = 2 * x / self.form.width - 1, 2 * y / self.form.height - 1
        out = np.array((1.0, u, v, u * u, u * v, v * v)) @ self.coefficients
        for axis, left in enumerate(self.left):
            near = np.exp(-0.5 * (((x - left[:, 0]) / _NEAR[0]) ** 2 + ((y - left[:, 1]) / _NEAR[1]) ** 2)) * left[:, 3]
            out[axis] += near @ left[:, 2] / (near.sum() + _DOUBT)
        return float(out[0]), float(out[1])

    def all_at(self, places: np.ndarray) -> np.ndarray:
        """Pixels (n, 2) of points (n, 2) given in mm."""
        out = _terms(self.form, places) @ self.coefficients
        for axis, left in enumerate(self.left):
            away = (places[:, None, :] - left[None, :, :2]) / _NEAR
            near = np.exp(-0.5 * np.square(away).sum(axis=2)) * left[:, 3]
            out[:, axis] += near @ left[:, 2] / (near.sum(axis=1) + _DOUBT)
        return out

    def bent_to(self, heights: Sequence[tuple[float, float, float]]) -> Placement:
        """Fitted anew with heights (mm x, mm y, pixel y) seen along leaders as well."""
        return _fitted(self, heights)


def best_placement(form: Form, sightings: Sequence[Sighting], scale: float) -> Placement | None:
    """The placement of the form that agrees with most label text; None if fewer than three labels agree. scale: expected pixels a mm."""
    usable = [s for s in sightings if not form.labels[s.label].centred]
    if len(usable) < 3:
        return None
    places = np.array([[form.labels[s.label].x, form.labels[s.label].y] for s in usable])
    pixels = np.array([[s.left, s.baseline] for s in usable])
    weights = np.array([s.likeness * len(letters(form.labels[s.label].text)) for s in usable])
    numbers = np.array([s.label for s in usable])
    seed = _best_seed(places, pixels, weights, numbers, scale)
    if seed is None:
        return None
    turn, shift = seed
    predicted = _similar(places, turn, shift)
    placement = _agreeing(form, usable, predicted, pixels, weights, abs(turn), _FIRST_REACH)
    for reach in (4.0, _LAST_REACH, _LAST_REACH):
        if len(placement.found) < 3:
            return None
        fitted = _fitted(placement, ())
        predicted = fitted.all_at(places)
        placement = _agreeing(form, usable, predicted, pixels, weights, fitted.scale, reach)
    return _fitted(placement, ()) if len(placement.found) >= 3 else None


def _best_seed(places: np.ndarray, pixels: np.ndarray, weights: np.ndarray, numbers: np.ndarray,
               scale: float) -> tuple[complex, complex] | None:
    """The similarity (pixel = turn * mm + shift, as complex numbers) through two sightings that most weight agrees with."""
    seeds = np.argsort(-weights, kind="stable")[:_SEEDS]
    mm, px = places @ (1, 1j), pixels @ (1, 1j)
    i, j = (seeds[k] for k in np.triu_indices(len(seeds), k=1))
    apart = np.abs(mm[j] - mm[i])
    i, j = i[apart > 35], j[apart > 35]
    if not len(i):
        return None
    turn = (px[j] - px[i]) / (mm[j] - mm[i])
    likely = (np.abs(np.angle(turn)) < _MOST_TURN) & (np.abs(turn) > _SCALE_RANGE[0] * scale) & (np.abs(turn) < _SCALE_RANGE[1] * scale)
    i, turn = i[likely], turn[likely]
    if not len(i):
        return None
    shift = px[i] - turn * mm[i]
    away = np.abs(turn[:, None] * mm[None, :] + shift[:, None] - px[None, :]) / np.abs(turn)[:, None]
    agree = np.where(away < _FIRST_REACH, weights[None, :] * (1 - 0.3 * away / _FIRST_REACH), 0.0)
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    value = np.maximum.reduceat(agree[:, order], starts, axis=1).sum(axis=1)
    best = int(np.argmax(value))
    return complex(turn[best]), complex(shift[best])


def _similar(places: np.ndarray, turn: complex, shift: complex) -> np.ndarray:
    out = turn * (places @ (1, 1j)) + shift
    return np.stack((out.real, out.imag), axis=1)


def _agreeing(form: Form, sightings: Sequence[Sighting], predicted: np.ndarray, pixels: np.ndarray, weights: np.ndarray, scale: float,
              reach: float) -> Placement:
    """For each label its best sighting within `reach` mm of the predicted place; a word serves one label only."""
    away = np.linalg.norm(predicted - pixels, axis=1) / scale
    found: dict[int, Sighting] = {}
    taken: set[tuple[float, float]] = set()
    for k in np.lexsort((away, -(weights * (1 - 0.5 * away / reach)))):
        s = sightings[k]
        spot = (s.left, s.baseline)
        if away[k] < reach and s.label not in found and spot not in taken:
            found[s.label] = s
            taken.add(spot)
    lengths = [len(letters(label.text)) for label in form.labels]
    score = sum(lengths[n] * s.likeness for n, s in found.items()) / max(1, sum(lengths))
    return Placement(form, np.zeros((6, 2)), found, float(score), float(scale))


def _terms(form: Form, mm: np.ndarray) -> np.ndarray:
    """1, u, v, u², uv, v² of points (n, 2) in mm, u and v running from -1 to 1 over the page."""
    u, v = 2 * mm[:, 0] / form.width - 1, 2 * mm[:, 1] / form.height - 1
    return np.stack((np.ones_like(u), u, v, u * u, u * v, v * v), axis=1)


def _fitted(placement: Placement, heights: Sequence[tuple[float, float, float]]) -> Placement:
    """Weighted ridge fit of both coordinates, outliers weighted down (Huber, four rounds)."""
    form, found, scale = placement.form, placement.found, placement.scale
    numbers = sorted(found)
    mm = np.array([[form.labels[n].x, form.labels[n].y] for n in numbers])
    lefts = np.array([found[n].left for n in numbers])
    bases = np.array([found[n].baseline for n in numbers])
    points = np.concatenate((mm, np.array(heights).reshape(-1, 3)[:, :2]))
    rows = np.concatenate((bases, np.array(heights).reshape(-1, 3)[:, 2]))
    coefficients = np.zeros((6, 2))
    coefficients[:, 0], off_x, weight_x = _ridge(_terms(form, mm), lefts, scale)
    coefficients[:, 1], off_y, weight_y = _ridge(_terms(form, points), rows, scale)
    left = np.column_stack((mm, off_x, weight_x)), np.column_stack((points, off_y, weight_y))
    error = float(np.median(np.hypot(off_x, off_y[:len(numbers)]))) / scale
    across = np.hypot(*(coefficients[1] * 2 / form.width))
    return replace(placement, coefficients=coefficients, scale=float(across), error=error, left=left)


def _ridge(terms: np.ndarray, values: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(coefficients, what is left of each value, its weight in the end)."""
    weights = np.ones(len(values))
    solution = np.zeros(terms.shape[1])
    off = values
    for _ in range(4):
        weighted = terms * weights[:, None]
        solution = np.linalg.lstsq(weighted.T @ terms + np.diag(_STIFFNESS) + 1e-9 * np.eye(6), weighted.T @ values, rcond=None)[0]
        off = values - terms @ solution
        weights = np.minimum(1.0, _OUTLIER * scale / np.maximum(np.abs(off), 1e-6))
    return solution, off, weights
