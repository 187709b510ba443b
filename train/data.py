"""Training lines on disk: drawn from seeds into shards, written once, so that an interrupted run goes on where it stopped."""
from __future__ import annotations

import csv
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ocr.cleaning import clean_line, darkness, layers
from train.ink import FontInk, RealInk, usable_faces
from train.lines import LineComposer, harden
from train.shape import HEIGHT, STRIDE
from train.split import HELD_OUT, SEED, held_out_writers
from train.texts import Texts

ALPHABET = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệfghiìíỉĩịjklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvwxyỳýỷỹỵz0123456789 ,.-/'()"
SCALE = 7.87                 # pixels a millimetre at 200 dpi
SHARD = 1000                 # lines
STRETCH = 0.8                # of the width after scaling to the network's height
ROOM = 0.08                  # paper left above and below the ink, share of its height


@dataclass(frozen=True)
class Sources:
    """Where the ink, fonts and texts are, and which writers may be used. real_share: of whole real lines among the drawn."""

    data: Path
    fonts: Path
    writers: tuple[str, ...]
    real_share: float = 0.22


def writers_of(data: Path) -> list[str]:
    rows = (data / "handwriting" / "labels.tsv").read_text("utf-8").splitlines()
    return sorted({r.split("\t")[1] for r in rows}, key=int)


def split_writers(data: Path, held_out: int = HELD_OUT, seed: int = SEED) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Writers to train on and writers never seen."""
    writers = writers_of(data)
    unseen = held_out_writers(writers, held_out, seed)
    return tuple(sorted(set(writers) - set(unseen))), unseen


def real_lines(data: Path, writers: set[str]) -> list[tuple[Path, str]]:
    rows = csv.reader((data / "handwriting" / "labels.tsv").open(encoding="utf-8"), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [(data / "handwriting" / r[0], r[2]) for r in rows if r[1] in writers]


def as_label(text: str) -> str:
    return "".join(c for c in text.lower().replace("’", "'") if c in ALPHABET)


def layers_of(gray: np.ndarray, room: float, scale: float = SCALE) -> np.ndarray | None:
    """A gray line as the reader hands it to the network: uint8 (height, width, 2), cleaned and plain, cut close around the ink."""
    dark = darkness(gray, SCALE)
    clean = clean_line(dark, scale)
    return None if clean.box is None else layers(dark, clean, ("cleaned", "plain"), SCALE, room)


def to_height(line: np.ndarray) -> np.ndarray:
    """The line scaled to the network's height; the recogniser does the same when it reads."""
    width = max(STRIDE * 4, round(line.shape[1] * HEIGHT / line.shape[0] * STRETCH))
    return cv2.resize(line, (width, HEIGHT), interpolation=cv2.INTER_AREA if line.shape[0] > HEIGHT else cv2.INTER_LINEAR)


class Maker:
    """Draws one training line after another from a seed."""

    def __init__(self, sources: Sources):
        real = RealInk(sources.data / "words", set(sources.writers))
        fonts = FontInk(usable_faces(sorted(sources.fonts.rglob("*.ttf"))))
        self.composer = LineComposer(real, fonts, list(sources.writers))
        self.texts = Texts(sources.data / "names" / "tokens.tsv", sources.data / "admin" / "old_wards_2024.csv")
        self.lines = real_lines(sources.data, set(sources.writers)) if sources.real_share else []
        self.real_share = sources.real_share

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, str, str] | None:
        """(line of two layers at the network's height, label, kind); None where cleaning left no ink."""
        if self.lines and rng.random() < self.real_share:
            path, text = self.lines[int(rng.integers(len(self.lines)))]
            line, kind = harden(cv2.imread(str(path), cv2.IMREAD_COLOR)[..., 2], rng), "real"
        else:
            kind, text = self.texts.draw(rng)
            line = self.composer.compose(text, rng)
        shown = layers_of(line, rng.uniform(0.0, 0.3), SCALE * rng.uniform(0.9, 1.3))
        label = as_label(text)
        if shown is None or min(shown.shape[:2]) < 6 or not label:
            return None
        if rng.random() < 0.06:      # cleaning gone wrong
            shown[..., 0] = shown[..., 1]
        return to_height(shown), label, kind


def _make_shard(args: tuple[Sources, Path, int, int]) -> Path:
    sources, path, seed, number = args
    if path.exists():
        return path
    cv2.setNumThreads(1)
    if sources not in _MAKERS:
        _MAKERS[sources] = Maker(sources)
    rng = np.random.default_rng((seed, number))
    lines, labels, kinds = [], [], []
    while len(labels) < SHARD:
        drawn = _MAKERS[sources].draw(rng)
        if drawn is not None and drawn[0].shape[1] > 5 * len(drawn[1]):
            for group, item in zip((lines, labels, kinds), drawn, strict=True):
                group.append(item)
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as f:
        np.savez(f, pixels=np.concatenate(lines, axis=1), widths=np.array([x.shape[1] for x in lines]), labels=np.array(labels),
                 kinds=np.array(kinds))
    part.rename(path)
    return path


_MAKERS: dict[Sources, Maker] = {}


def make_shards(sources: Sources, folder: Path, seed: int, shards: range, workers: int) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(sources, folder / f"{seed}-{n:04}.npz", seed, n) for n in shards]
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(_make_shard, jobs))


Line = tuple[np.ndarray, str]        # uint8 (48, width, 2) and its label


def load_shard(path: Path) -> list[Line]:
    with np.load(path) as z:
        ends = np.cumsum(z["widths"])
        return list(zip(np.split(z["pixels"], ends[:-1], axis=1), (str(x) for x in z["labels"]), strict=True))


def plain_real(data: Path, writers: tuple[str, ...]) -> list[Line]:
    """Real lines of these writers as the evaluation reads them: cleaned, cut to the ink, nothing drawn at random."""
    out = []
    for path, text in real_lines(data, set(writers)):
        shown = layers_of(cv2.imread(str(path), cv2.IMREAD_COLOR)[..., 2], ROOM)
        if shown is not None:
            out.append((to_height(shown), as_label(text)))
    return out


__all__ = ["ALPHABET", "Line", "Sources", "as_label", "load_shard", "make_shards", "plain_real", "split_writers"]
