"""AsterNet's convolutional part, cut from its ONNX file: images to features, once; only what follows it is tuned."""
from __future__ import annotations

from importlib import util
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx.utils import Extractor

HEIGHT, STRIDE, FEATURES = 32, 4, 512


def asternet_file() -> Path:
    spec = util.find_spec("asterocr")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("asterocr is not installed")
    return Path(next(iter(spec.submodule_search_locations))) / "assets" / "asternet.onnx"


def feature_tensor(model: onnx.ModelProto) -> str:
    """Name of the (time, batch, 512) tensor that the first LSTM reads."""
    return next(n.input[0] for n in model.graph.node if n.op_type == "LSTM")


def cut(path: Path) -> onnx.ModelProto:
    """The graph from the images to the features."""
    model = onnx.shape_inference.infer_shapes(onnx.load(str(path)))
    return Extractor(model).extract_model(["images"], [feature_tensor(model)])


class Backbone:
    def __init__(self, threads: int = 1):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(cut(asternet_file()).SerializeToString(), options, providers=["CPUExecutionProvider"])

    def features(self, tensor: np.ndarray) -> np.ndarray:
        """tensor: float32 (1, 3, 32, W), W a multiple of 4. float16 (W / 4, 512)."""
        return self.session.run(None, {"images": tensor})[0][:, 0].astype(np.float16)
