"""Writes a trained network as a model folder: ONNX file, alphabet, card, and the weights for later adapting.

    python -m train.export --work WORK --out ocr/models/sogoc-tay-3
"""
from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from train.data import ALPHABET, ROOM
from train.network import Network, Size
from train.shape import HEIGHT, LAYERS, STRIDE

READING_STRETCH = 1.0      # wider than in training: more frames a digit; on unseen writers' pages names 4.7 -> 4.1 %, numbers 5.3 -> 2.2 %
MODEL, ALPHABET_FILE, CARD, WEIGHTS = "model.onnx", "alphabet.txt", "card.json", "weights.npz"


def halve(model: onnx.ModelProto) -> onnx.ModelProto:
    """Stores large float32 weights as float16 and casts them back at load: half the size, the same arithmetic."""
    casts = []
    for tensor in list(model.graph.initializer):
        array = numpy_helper.to_array(tensor)
        if array.dtype == np.float32 and array.size > 4096:
            small = numpy_helper.from_array(array.astype(np.float16), tensor.name + "_half")
            casts.append(helper.make_node("Cast", [small.name], [tensor.name], to=TensorProto.FLOAT))
            model.graph.initializer.remove(tensor)
            model.graph.initializer.append(small)
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(casts + nodes)
    return model


def as_onnx(network: Network) -> onnx.ModelProto:
    """images (1, 2, 48, width) to logits (1, width / 4, symbols), width open."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        example = torch.zeros(1, LAYERS, HEIGHT, 240)
        torch.onnx.export(network.eval(), (example,), str(path), input_names=["images"], output_names=["logits"],
                          dynamic_axes={"images": {3: "width"}, "logits": {1: "time"}}, opset_version=17, dynamo=False)
        return halve(onnx.load(str(path)))


def check_same(network: Network, model: onnx.ModelProto) -> float:
    """Greatest difference of probabilities between the file and the network, lines of several lengths; ValueError above 0.05."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    worst = 0.0
    for width in (32, 92, 240, 1000):
        image = np.random.default_rng(width).uniform(-1, 1, (1, LAYERS, HEIGHT, width)).astype(np.float32)
        with torch.no_grad():
            wanted = network(torch.from_numpy(image)).softmax(-1).numpy()
        found = torch.from_numpy(session.run(None, {"images": image})[0]).softmax(-1).numpy()
        worst = max(worst, float(np.abs(found - wanted).max()))
    if worst > 0.05:
        raise ValueError(f"the exported model differs from the trained one by {worst:.3f}")
    return worst


def save_weights(network: Network, path: Path) -> None:
    """The network's state in half precision, what `load_weights` reads."""
    state = {k: v.numpy().astype(np.float16) if v.dtype == torch.float32 else v.numpy() for k, v in network.state_dict().items()}
    np.savez(path, **state)


def load_weights(path: Path) -> Network:
    """The network that `save_weights` kept, of the size its weights have, ready to be trained on."""
    with np.load(path) as z:
        state = {k: torch.from_numpy(z[k].astype(np.float32) if z[k].dtype == np.float16 else z[k]) for k in z.files}
    network = Network(len(state["classifier.bias"]), size_of(state))
    network.load_state_dict(state)
    return network


def size_of(state: Mapping[str, torch.Tensor]) -> Size:
    """The size of the network whose state this is."""
    blocks = [state[f"stages.{k}.first.weight"] for k in range(len(state)) if f"stages.{k}.first.weight" in state]
    channels = [len(state["stem.0.weight"])]
    counts: list[int] = []
    for k, first in enumerate(blocks):
        if f"stages.{k}.shortcut.0.weight" in state or not counts:      # a stage begins with a block that has a shortcut of its own
            channels.append(len(first))
            counts.append(0)
        counts[-1] += 1
    return Size(tuple(channels), tuple(counts), state["lstm.weight_hh_l0"].shape[1])      # type: ignore[arg-type]


def write_model(network: Network, folder: Path, card: dict[str, object]) -> None:
    """A model folder as `ocr.recogniser` loads it. card: what is said of the model beyond its shape; id, title and version at least."""
    folder.mkdir(parents=True, exist_ok=True)
    network = network.eval()
    save_weights(network, folder / WEIGHTS)
    network = load_weights(folder / WEIGHTS).eval()      # what is shipped is what is checked
    model = as_onnx(network)
    check_same(network, model)
    onnx.save(model, str(folder / MODEL))
    (folder / ALPHABET_FILE).write_text(ALPHABET + "\n", "utf-8")
    shape = {
        "sha256": hashlib.sha256((folder / MODEL).read_bytes()).hexdigest(), "height": HEIGHT, "channels": LAYERS,
        "layers": ["cleaned", "plain"], "mean": 0.5, "std": -0.5, "width_multiple": STRIDE, "min_width": 4 * STRIDE, "max_width": 1400,
        "stride": STRIDE, "stretch": READING_STRETCH, "room": ROOM, "digit_room": ROOM,
    }
    (folder / CARD).write_text(json.dumps(card | shape, ensure_ascii=False, indent=1) + "\n", "utf-8")


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--work", type=Path, required=True, help="where train.fit kept its state")
    p.add_argument("--out", type=Path, required=True, help="model folder to write; its name is the model's id")
    p.add_argument("--version", default="1")
    o = p.parse_args()
    network = torch.optim.swa_utils.AveragedModel(Network(len(ALPHABET) + 1), use_buffers=True)
    network.load_state_dict(torch.load(o.work / "fit.pt")["mean"])
    old = json.loads((o.out / CARD).read_text("utf-8")) if (o.out / CARD).exists() else {}
    said = {"id": o.out.name, "title": "Sổ Gốc chữ tay: Vietnamese registers", "version": o.version, "licence": "MIT (see README.md)",
            "preference": 20, "temperatures": old.get("temperatures", {"default": 0.5}),
            "notes": old.get("notes", "A small convolution and LSTM network. README.md tells on what it was trained and its limits.")}
    write_model(network.module, o.out, said)


if __name__ == "__main__":
    main()
