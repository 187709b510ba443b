"""Writes the tuned model as one ONNX file (backbone and head joined, weights in half precision) with alphabet and card."""
from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, compose, helper, numpy_helper

from train.backbone import STRIDE, asternet_file, cut, feature_tensor
from train.data import ALPHABET
from train.head import Head


class _TimeFirst(torch.nn.Module):
    """The head on the backbone's own layout: (time, batch, 512) in, (time, batch, symbols) out."""

    def __init__(self, head: Head):
        super().__init__()
        self.head = head

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.head(features.transpose(0, 1)).transpose(0, 1)


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


def joined(head: Head) -> onnx.ModelProto:
    head.eval()
    path = Path(tempfile.mkdtemp()) / "head.onnx"
    axes = {0: "time", 1: "batch"}
    torch.onnx.export(_TimeFirst(head).eval(), (torch.zeros(60, 1, 512),), str(path), input_names=["features"],
                      output_names=["log_probs"], dynamic_axes={"features": axes, "log_probs": axes}, opset_version=17, dynamo=False)
    upper = onnx.load(str(path))
    path.unlink()
    lower = cut(asternet_file())
    upper.ir_version = lower.ir_version = 9
    upper = compose.add_prefix(upper, "head/")
    name = feature_tensor(onnx.load(str(asternet_file())))
    return compose.merge_models(lower, upper, io_map=[(name, "head/features")])


def check_same(head: Head, model: onnx.ModelProto) -> float:
    """Greatest difference of probabilities between the file and the torch head, lines of several lengths; ValueError above 0.05."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    lower = onnxruntime.InferenceSession(cut(asternet_file()).SerializeToString(), providers=["CPUExecutionProvider"])
    worst = 0.0
    for width in (32, 92, 240, 1000):
        image = np.random.default_rng(width).uniform(-1, 1, (1, 3, 32, width)).astype(np.float32)
        features = torch.from_numpy(lower.run(None, {"images": image})[0][:, 0][None])
        with torch.no_grad():
            wanted = head(features)[0].numpy()
        worst = max(worst, float(np.abs(np.exp(session.run(None, {"images": image})[0][:, 0]) - np.exp(wanted)).max()))
    if worst > 0.05:
        raise ValueError(f"the exported model differs from the trained one by {worst:.3f}")
    return worst


def write_model(head: Head, folder: Path, model_id: str, figures: dict[str, float]) -> None:
    """`model.onnx`, `alphabet.txt`, `card.json` in `folder`; see ocr.recogniser.ModelCard for the card."""
    folder.mkdir(parents=True, exist_ok=True)
    model = halve(joined(head))
    print(f"the file's probabilities differ by at most {check_same(head, model):.5f}")
    onnx.save(model, str(folder / "model.onnx"))
    (folder / "alphabet.txt").write_text(ALPHABET + "\n", "utf-8")
    card = {
        "id": model_id, "title": "Sổ Gốc handwriting recogniser, Vietnamese registers", "version": "1", "licence": "MIT (see README.md)",
        "sha256": hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest(), "height": 32, "channels": 3, "mean": 0.5, "std": 0.5,
        "width_multiple": STRIDE, "min_width": 32, "max_width": 1000, "stride": STRIDE, "cleaned": True, "room": 0.08, "digit_room": 0.2,
        "preference": 10,
        "temperatures": {"default": 0.35}, "notes": json.dumps({k: round(float(v), 4) for k, v in figures.items()}),
    }
    (folder / "card.json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", "utf-8")
