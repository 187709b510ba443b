"""Training lines as features on disk: seeded shards, written once, so that an interrupted run goes on where it stopped."""
from __future__ import annotations

import csv
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ocr.cleaning import clean_line, darkness, plain_line
from train.backbone import HEIGHT, STRIDE, Backbone
from train.ink import FontInk, RealInk, usable_faces
from train.lines import LineComposer, harden
from train.texts import Texts

ALPHABET = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệfghiìíỉĩịjklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvwxyỳýỷỹỵz0123456789 ,.-/'()"
SCALE = 7.87                 # pixels a millimetre at 200 dpi
SHARD = 250                  # lines
LONGEST = 1000               # input pixels; longer lines are squeezed


@dataclass(frozen=True)
class Sources:
    """Where the ink, fonts and texts are, and which writers may be used."""

    data: Path
    fonts: Path
    writers: tuple[str, ...]
    real_lines: bool = True


def writers_of(data: Path) -> list[str]:
    rows = (data / "handwriting" / "labels.tsv").read_text("utf-8").splitlines()
    return sorted({r.split("\t")[1] for r in rows}, key=int)


def split_writers(data: Path, held_out: int = 12, seed: int = 7) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Writers to train on and writers never seen."""
    order = np.random.default_rng(seed).permutation(writers_of(data))
    return tuple(sorted(order[held_out:])), tuple(sorted(order[:held_out]))


def real_lines(data: Path, writers: set[str]) -> list[tuple[Path, str]]:
    rows = csv.reader((data / "handwriting" / "labels.tsv").open(encoding="utf-8"), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [(data / "handwriting" / r[0], r[2]) for r in rows if r[1] in writers]


def as_label(text: str) -> str:
    return "".join(c for c in text.lower().replace("’", "'") if c in ALPHABET)


def tensor_of(line: np.ndarray) -> np.ndarray:
    """A gray line as the recogniser's input: float32 (1, 3, 32, W)."""
    width = min(LONGEST, max(HEIGHT, round(line.shape[1] * HEIGHT / line.shape[0])))
    width = -(-width // STRIDE) * STRIDE
    from PIL import Image
    scaled = np.asarray(Image.fromarray(line).resize((width, HEIGHT), Image.Resampling.BILINEAR), dtype=np.float32)
    return np.repeat(((scaled / 255 - 0.5) / 0.5)[None, None], 3, axis=1)


def as_read(line: np.ndarray, rng: np.random.Generator, cleaned: float = 0.75) -> np.ndarray:
    """The line as the reader prepares it: mostly cleaned and trimmed to its ink, sometimes only evened out."""
    dark = darkness(line, SCALE)
    if rng.random() >= cleaned:
        return plain_line(dark)
    clean = clean_line(dark, SCALE * rng.uniform(0.9, 1.3))
    if clean.box is None:
        return clean.gray
    return trim(clean.gray, clean.box, rng.uniform(0.03, 0.3), int(rng.integers(2, 14)))


def trim(gray: np.ndarray, box: tuple[int, int, int, int], room: float, side: int) -> np.ndarray:
    """The box of the ink with `room` (share of its height) above and below and `side` pixels left and right."""
    x0, y0, x1, y1 = box
    pad = max(2, round(room * (y1 - y0)))
    return gray[max(0, y0 - pad):y1 + pad, max(0, x0 - side):x1 + side]


class Maker:
    """Draws one training line after another from a seed."""

    def __init__(self, sources: Sources):
        real = RealInk(sources.data / "words", set(sources.writers))
        fonts = FontInk(usable_faces(sorted(sources.fonts.rglob("*.ttf"))))
        self.composer = LineComposer(real, fonts, list(sources.writers))
        self.texts = Texts(sources.data / "names" / "tokens.tsv", sources.data / "admin" / "old_wards_2024.csv")
        self.lines = real_lines(sources.data, set(sources.writers)) if sources.real_lines else []

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, str, str]:
        """(line as read, label, kind)."""
        if self.lines and rng.random() < 0.25:
            path, text = self.lines[int(rng.integers(len(self.lines)))]
            line = harden(cv2.imread(str(path), cv2.IMREAD_COLOR)[..., 2], rng)
            return as_read(line, rng, 0.6), as_label(text), "real"
        kind, text = self.texts.draw(rng)
        return as_read(self.composer.compose(text, rng), rng), as_label(text), kind


def _make_shard(args: tuple[Sources, Path, int, int]) -> Path:
    sources, path, seed, number = args
    if path.exists():
        return path
    cv2.setNumThreads(1)
    maker, backbone = _cached(sources)
    rng = np.random.default_rng((seed, number))
    features, labels, kinds = [], [], []
    while len(labels) < SHARD:
        line, label, kind = maker.draw(rng)
        if min(line.shape) < 6 or not label:
            continue
        features.append(backbone.features(tensor_of(line)))
        labels.append(label)
        kinds.append(kind)
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as f:
        np.savez(f, features=np.concatenate(features), lengths=np.array([len(x) for x in features]), labels=np.array(labels),
                 kinds=np.array(kinds))
    part.rename(path)
    return path


_STATE: dict[Sources, tuple[Maker, Backbone]] = {}


def _cached(sources: Sources) -> tuple[Maker, Backbone]:
    if sources not in _STATE:
        _STATE[sources] = Maker(sources), Backbone()
    return _STATE[sources]


def make_shards(sources: Sources, folder: Path, seed: int, shards: range, workers: int) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(sources, folder / f"{seed}-{n:04}.npz", seed, n) for n in shards]
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(_make_shard, jobs))


@dataclass
class Shard:
    features: list[np.ndarray]
    labels: list[str]
    kinds: list[str]


def load_shard(path: Path) -> Shard:
    with np.load(path) as z:
        ends = np.cumsum(z["lengths"])
        return Shard(np.split(z["features"], ends[:-1]), [str(x) for x in z["labels"]], [str(x) for x in z["kinds"]])


def plain_real(data: Path, writers: tuple[str, ...]) -> list[tuple[np.ndarray, str]]:
    """Real lines of these writers as the evaluation reads them: cleaned, trimmed, nothing drawn at random."""
    out = []
    for path, text in real_lines(data, set(writers)):
        clean = clean_line(darkness(cv2.imread(str(path), cv2.IMREAD_COLOR)[..., 2], SCALE), SCALE)
        if clean.box:
            out.append((trim(clean.gray, clean.box, 0.12, 6), as_label(text)))
    return out


__all__ = ["ALPHABET", "Shard", "Sources", "as_label", "load_shard", "make_shards", "plain_real", "split_writers", "tensor_of"]
