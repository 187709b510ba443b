"""The handwriting recogniser: line images in, lattices out. Which models there are, and what each needs, is read from their cards."""
from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata, resources, util
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ocr.lattice import Lattice


class ModelError(Exception):
    """A handwriting model cannot be used. `code` is stable: unknown_model, broken_card, missing_file, wrong_file, wrong_shape."""

    def __init__(self, code: str, model: str, evidence: str):
        super().__init__(f"{code}: {model}: {evidence}")
        self.code, self.model, self.evidence = code, model, evidence

    def message(self, lang: str = "vi") -> str:
        if lang == "vi":
            return f"Không dùng được mô hình đọc chữ viết “{self.model}”: {self.evidence}. Xem các mô hình: sogoc model list."
        return f"The handwriting model “{self.model}” cannot be used: {self.evidence}. `sogoc model list` shows the models there are."


@dataclass(frozen=True)
class ModelCard:
    """What a model's `card.json` says.

    height: input height in pixels; channels 1 or 3; a pixel p in 0..255 becomes (p / 255 - mean) / std, dark ink on light paper.
    width_multiple, min_width, max_width: the input width after scaling to `height`; a longer line is read in parts, cut at gaps.
    stride: input pixels a frame. layers: what the model looks at, of `cleaned` (the line after `ocr.cleaning`) and `plain` (as it is on
    the paper, the paper evened out); a model with one layer and three channels gets the layer three times.
    stretch: factor on the width. room: paper left above and below the ink as a share of its height, None for the whole crop's height.
    digit_room: the same for lines of figures, which have no ascenders and would come out too large.
    slants: shears the line is read at (0.1: a letter's top 0.1 heights to the left); the readings' probabilities are averaged frame by
    frame.
    preference: the model with the greatest is taken when none is asked for.
    temperatures: field type -> factor on log-likelihoods before candidates become probabilities (measured on held-out pages).
    file, alphabet: absolute paths. sha256: of the file, or "" when the card does not fix it.
    parent: id of the model this one was adapted from; trained_on, figures: what it was adapted on and measured with, numbers only.
    """

    id: str
    title: str
    version: str
    licence: str
    file: Path
    alphabet: str
    sha256: str = ""
    height: int = 32
    channels: int = 3
    mean: float = 0.5
    std: float = 0.5
    width_multiple: int = 4
    min_width: int = 32
    max_width: int = 1024
    stride: int = 4
    layers: tuple[str, ...] = ("cleaned",)
    stretch: float = 1.0
    room: float | None = 0.05
    digit_room: float = 0.2
    slants: tuple[float, ...] = (0.0,)
    preference: int = 0
    temperatures: Mapping[str, float] = field(default_factory=dict)
    notes: str = ""
    parent: str = ""
    trained_on: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)

    def temperature(self, kind: str) -> float:
        """Factor on log-likelihoods of candidates of this field type; `default` of the card, else 0.35."""
        return float(self.temperatures.get(kind, self.temperatures.get("default", 0.35)))


def read_card(folder: Path) -> ModelCard:
    """The card of the model in `folder`. `file` and `alphabet` are names in the folder, or {"package": …, "path": …} inside an
    installed distribution. ModelError broken_card or missing_file."""
    path = folder / "card.json"
    try:
        data: dict[str, Any] = json.loads(path.read_text("utf-8"))
        where = _locate(folder, data.pop("file", "model.onnx"))
        letters = _locate(folder, data.pop("alphabet", "alphabet.txt"))
        if not where.is_file():
            raise ModelError("missing_file", folder.name, str(where))
        return ModelCard(file=where, alphabet=read_alphabet(letters), slants=tuple(data.pop("slants", (0.0,))),
                         layers=tuple(data.pop("layers", ("cleaned",))), **data)
    except ModelError:
        raise
    except FileNotFoundError as e:
        raise ModelError("missing_file", folder.name, str(e.filename)) from e
    except (OSError, ValueError, TypeError, KeyError) as e:
        raise ModelError("broken_card", folder.name, f"{path}: {e}") from e


def read_alphabet(path: Path) -> str:
    """The symbols in the order of the model's outputs, the blank (output 0) left out. A JSON list (or {"chars": list}), or a text
    file of one line with nothing between the symbols."""
    text = path.read_text("utf-8")
    if path.suffix == ".json":
        chars = json.loads(text)
        chars = chars["chars"] if isinstance(chars, dict) else chars
        chars = chars[1:] if len(chars[0]) != 1 else chars
    else:
        chars = list(text.rstrip("\r\n"))
    if len(set(chars)) != len(chars) or any(len(c) != 1 for c in chars):
        raise ValueError(f"{path.name}: symbols must be single characters, each once")
    return "".join(chars)


def _locate(folder: Path, place: str | Mapping[str, str]) -> Path:
    if isinstance(place, str):
        return folder / place
    spec = util.find_spec(place["package"])     # finds the package without running its code
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(2, "package not installed", place["package"])
    return Path(next(iter(spec.submodule_search_locations))) / place["path"]


_own_folder: Path | None = None


def use_models(folder: Path | None) -> None:
    """List the model folders in `folder` too from now on, looking anew: those adapted to a province's own hands. None: only the
    package's."""
    global _own_folder
    _own_folder = folder
    list_models.cache_clear()


@cache
def list_models() -> tuple[ModelCard, ...]:
    """Every usable model, the preferred one first: those of `ocr/models/`, and after them those of `use_models`, which are never preferred
    but asked for by id. A folder whose card is broken raises ModelError."""
    root = Path(str(resources.files("ocr") / "models"))
    return (*cards_in(root), *(cards_in(_own_folder) if _own_folder is not None and _own_folder.is_dir() else ()))


def cards_in(root: Path) -> list[ModelCard]:
    """The models whose folders are in `root`, the preferred one first; folders that begin with a dot are being made and are left out."""
    cards = [read_card(f) for f in root.iterdir() if f.name[0] != "." and (f / "card.json").is_file()]
    return sorted(cards, key=lambda c: (-c.preference, c.id))


class Recogniser:
    """A loaded model. One thread and one line at a time: batching gains nothing on a CPU (measured), and padding to a common width would
    let a line's neighbours change its reading."""

    def __init__(self, card: ModelCard):
        import onnxruntime

        self.card = card
        if card.sha256 and (found := hashlib.sha256(card.file.read_bytes()).hexdigest()) != card.sha256:
            raise ModelError("wrong_file", card.id, f"SHA-256 {found[:16]}… instead of {card.sha256[:16]}…")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.use_deterministic_compute = True
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(card.file), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    @property
    def engine(self) -> dict[str, str]:
        """Name and version of what reads, for the record."""
        return {"handwriting": f"{self.card.id} {self.card.version}", "onnxruntime": metadata.version("onnxruntime")}

    def read(self, lines: Sequence[np.ndarray]) -> list[Lattice]:
        """One lattice a line. lines: uint8 (height, width, layers) as the card names them, or one grey layer (height, width) for all;
        dark ink on light paper, any size. Equal images are read once."""
        done: dict[bytes, np.ndarray] = {}
        out = []
        for line in lines:
            if line.ndim not in (2, 3) or min(line.shape) == 0 or (line.ndim == 3 and line.shape[2] != len(self.card.layers)):
                raise ValueError(f"a line must be a grey image of {len(self.card.layers)} layers that is not empty, not {line.shape}")
            key = hashlib.sha256(line.tobytes() + str(line.shape).encode()).digest()
            if key not in done:
                done[key] = self._join([self._read_part(part) for part in self._parts(line)])
            out.append(Lattice(done[key], self.card.alphabet, self.card.id))
        return out

    def _parts(self, line: np.ndarray) -> list[np.ndarray]:
        """The line, or pieces of it that fit the model, cut in the widest gap of the middle third."""
        if round(line.shape[1] * self.card.height / line.shape[0] * self.card.stretch) <= self.card.max_width:
            return [line]
        third = line.shape[1] // 3
        first = line if line.ndim == 2 else line[..., 0]
        empty = (first[:, third:2 * third] > 200).all(axis=0).astype(np.int64)
        ends = np.flatnonzero(np.diff(np.concatenate(([0], empty, [0]))))
        gaps = [(b - a, -abs((a + b) // 2 - third // 2), (a + b) // 2) for a, b in zip(ends[::2], ends[1::2], strict=True)]
        cut = third + (max(gaps)[2] if gaps else third // 2)
        return self._parts(line[:, :cut]) + self._parts(line[:, cut:])

    def join(self, lattices: Sequence[Lattice], between: str = " ") -> Lattice:
        """Lattices of lines that follow one another as one lattice; between: the sign that stands between them, a space where the model
        does not know it."""
        if len(lattices) == 1:
            return lattices[0]
        between = between if between in self.card.alphabet else " "
        return Lattice(self._join([x.log_probs for x in lattices], between), self.card.alphabet, self.card.id)

    def _join(self, parts: list[np.ndarray], between: str = " ") -> np.ndarray:
        """Parts end to end, with a frame between them that says space, since they were cut in a gap, or another sign."""
        space = np.full((1, len(self.card.alphabet) + 1), -16.0, dtype=np.float16)
        space[0, self.card.alphabet.find(between) + 1] = -0.1
        space[0, 0] = -2.4 if between in self.card.alphabet else 0.0
        out = parts[:1]
        for part in parts[1:]:
            out += [space, part]
        return np.concatenate(out)

    def _read_part(self, part: np.ndarray) -> np.ndarray:
        """Log-probabilities of one part, averaged over the card's slants (frames stay aligned, the width being the same)."""
        scaled = self._scale(part)
        each = []
        for slant in self.card.slants:
            turned = scaled if not slant else cv2.warpAffine(
                scaled, np.array([[1, slant, -slant * scaled.shape[0] / 2], [0, 1, 0]], np.float32), scaled.shape[1::-1],
                borderValue=(255,) * 4)
            x = (turned.reshape(*scaled.shape[:2], -1).transpose(2, 0, 1)[None].astype(np.float32) / 255.0 - self.card.mean) / self.card.std
            each.append(self._infer(np.repeat(x, self.card.channels // x.shape[1], axis=1)))
        if len(each) == 1:
            return np.maximum(each[0], -60000.0).astype(np.float16)
        mean = np.logaddexp.reduce(np.stack(each), axis=0) - np.log(len(each))
        return np.maximum(mean, -60000.0).astype(np.float16)

    def _scale(self, line: np.ndarray) -> np.ndarray:
        card = self.card
        width = max(card.min_width, min(card.max_width, round(line.shape[1] * card.height / line.shape[0] * card.stretch)))
        width = min(-(-width // card.width_multiple) * card.width_multiple, card.max_width)
        return cv2.resize(line, (width, card.height), interpolation=cv2.INTER_AREA if card.height < line.shape[0] else cv2.INTER_LINEAR)

    def _infer(self, tensor: np.ndarray) -> np.ndarray:
        y = self._session.run(None, {self._input: tensor})[0]
        y = y[:, 0] if y.shape[1] == 1 else y[0]      # (time, 1, symbols) or (1, time, symbols)
        if y.shape[1] != len(self.card.alphabet) + 1:
            raise ModelError("wrong_shape", self.card.id, f"{y.shape[1]} outputs for {len(self.card.alphabet)} symbols and the blank")
        y = y.astype(np.float64)
        y -= np.logaddexp.reduce(y, axis=1, keepdims=True)      # models that give logits are welcome
        return y


def load_model(model: str | None = None) -> Recogniser:
    """The model of that id, the model in that folder (an absolute path: reading processes are given one), or the preferred one. ModelError
    unknown_model."""
    if model is not None and Path(model).is_absolute():
        return _load_folder(Path(model))
    cards = list_models()
    for card in cards:
        if model is None or card.id == model:
            return _load(card.id)
    raise ModelError("unknown_model", str(model), "known: " + ", ".join(c.id for c in cards))


@cache
def _load(model_id: str) -> Recogniser:
    return Recogniser(next(c for c in list_models() if c.id == model_id))


@cache
def _load_folder(folder: Path) -> Recogniser:
    return Recogniser(read_card(folder))
